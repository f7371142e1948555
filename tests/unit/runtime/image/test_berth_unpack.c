/* SPDX-License-Identifier: Apache-2.0 */
/* The program berth-unpack, from outside: its result, its refusals, the hostile corpus through the jail (T17-T19). */
#include "tests/unit/runtime/image/hostile.h"

#include "runtime/base/clock.h"
#include "runtime/image/digest.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

struct fixture {
	struct ground g;
	char *program;
};

struct outcome {
	int status; /* exit status */
	json_t *result;
};

static int blob_fd(const void *bytes, size_t n)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, bytes, n), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static struct child start(
	const struct fixture *f, int in_fd, int dir_fd, const char *const *options, int *ret_out)
{
	const char *argv[16] = {f->program};
	struct spawn s = {.argv = argv};
	struct child c;
	struct err e = {0};
	int ends[2];

	for (size_t i = 0; options && options[i]; i++)
		argv[i + 1] = options[i];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	s.fds[s.n_fds++] = (struct spawn_fd){in_fd, 0};
	s.fds[s.n_fds++] = (struct spawn_fd){ends[1], 1};
	s.fds[s.n_fds++] = (struct spawn_fd){dir_fd, 3};
	if (spawn(&s, &c, &e) < 0)
		fail_msg("%s", err_text(&e));
	(void)close(ends[1]);
	*ret_out = ends[0];
	return c;
}

static struct outcome finish(struct child *c, int own_out)
{
	cleanup_free char *text = NULL;
	struct outcome o = {0};
	size_t n;
	int status;

	assert_int_equal(fs_read_fd(own_out, 1 << 16, &text, &n), 0);
	(void)close(own_out);
	assert_int_equal(child_wait(c, 60000, &status), 0);
	assert_true(WIFEXITED(status));
	o.status = WEXITSTATUS(status);
	if (n)
		assert_int_equal(json_parse((struct sv){text, n}, &o.result, NULL), 0);
	return o;
}

static struct outcome unpack(
	const struct fixture *f, const struct str *blob, int dir_fd, const char *const *options)
{
	cleanup_close int in = blob_fd(blob->p, blob->n);
	int out;
	struct child c = start(f, in, dir_fd, options, &out);

	return finish(&c, out);
}

static void must_fail(const struct fixture *f, const struct str *blob, const char *const *options,
	const char *word)
{
	struct ground g = f->g;
	cleanup_close int root = ground_root(&g);
	struct outcome o = unpack(f, blob, root, options);

	assert_case(o.status == 1, word);
	assert_case(json_int(o.result, "code", 0) < 0, word);
	if (!strstr(json_str(o.result, "error"), word))
		fail_msg("\"%s\" is not in \"%s\"", word, json_str(o.result, "error"));
	/* Without layer.json it is no layer. */
	assert_int_equal(faccessat(root, "layer.json", F_OK, 0), -1);
	json_decref(o.result);
	ground_check(&g, word);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);

	ground_open(&f->g);
	f->program = unpack_program();
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	ground_close(&f->g);
	free(f->program);
	free(f);
	return 0;
}

static const struct member honest[] = {
	{'5', "d", .mode = 0711, .uid = 7},
	{'0', "d/f", .text = "text", .mode = 04755, .uid = 1000, .gid = 1000},
	{'0', "o/.wh..wh..opq"},
	{'0', "o/.wh.gone"},
	{'0', ".wh.first"},
	{'5', "first"},
	{'2', "l", "/etc"},
	{'1', "o/hard", "d/f"},
};

static void unpacks_and_reports(void **state)
{
	struct fixture *f = *state;
	cleanup_str struct str layer = {0}, gzip = {0}, zstd = {0};
	const struct str *const packed[] = {&gzip, &zstd, &layer};
	char opaque;

	tar_of(&layer, honest, ARRAY_SIZE(honest));
	gzip_add(&gzip, layer.p, layer.n);
	zstd_add(&zstd, layer.p, layer.n);
	for (size_t i = 0; i < ARRAY_SIZE(packed); i++) {
		struct digest digest = digest_of(packed[i]->p, packed[i]->n);
		struct digest diff_id = digest_of(layer.p, layer.n);
		char size[24];
		const char *const options[] = {
			"--digest", digest.text, "--size", size, "--diff-id", diff_id.text, NULL};
		cleanup_close int root = ground_root(&f->g);
		cleanup_close int d = -EBADF, first = -EBADF;
		cleanup_free char *record = NULL;
		struct outcome o;
		struct stat st;

		(void)snprintf(size, sizeof size, "%zu", packed[i]->n);
		o = unpack(f, packed[i], root, options);
		if (o.status)
			fail_msg("%s", json_str(o.result, "error"));
		assert_string_equal(json_str(o.result, "digest"), digest.text);
		assert_string_equal(json_str(o.result, "diff_id"), diff_id.text);
		assert_int_equal(json_int(o.result, "bytes", -1), 4);
		assert_int_equal(json_int(o.result, "entries", -1), ARRAY_SIZE(honest));
		json_decref(o.result);
		assert_int_equal(fs_read(root, "layer.json", 4096, &record, NULL), 0);
		assert_non_null(strstr(record, diff_id.text));
		assert_int_equal(fstatat(root, "fs/d/f", &st, 0), 0);
		assert_int_equal(st.st_mode, S_IFREG | 04755);
		assert_int_equal(st.st_uid, 1000);
		assert_int_equal(st.st_nlink, 2);
		d = openat(root, "fs/o", O_RDONLY | O_CLOEXEC);
		assert_int_equal(fgetxattr(d, "trusted.overlay.opaque", &opaque, 1), 1);
		first = openat(root, "fs/first", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(fgetxattr(first, "trusted.overlay.opaque", &opaque, 1), 1);
		check_harmless(f->g.s.fd, "root", "honest");
	}
}

static void verifies(void **state)
{
	struct fixture *f = *state;
	cleanup_str struct str layer = {0};
	cleanup_free char *zeros = xasprintf("sha256:%064d", 0);
	char more[24], less[24];
	const char *const digest[] = {"--digest", zeros, NULL};
	const char *const diff_id[] = {"--diff-id", zeros, NULL};
	const char *const longer[] = {"--size", less, NULL};
	const char *const shorter[] = {"--size", more, NULL};

	tar_of(&layer, honest, ARRAY_SIZE(honest));
	(void)snprintf(more, sizeof more, "%zu", layer.n + 1);
	(void)snprintf(less, sizeof less, "%zu", layer.n - 1);
	must_fail(f, &layer, digest, "its digest is sha256:");
	must_fail(f, &layer, diff_id, "its diffID is sha256:");
	must_fail(f, &layer, longer, "longer than the");
	must_fail(f, &layer, shorter, "were announced");
}

static void notices_truncation(void **state)
{
	struct fixture *f = *state;
	cleanup_str struct str layer = {0}, packed = {0}, text = {0};

	for (int i = 0; i < 4000; i++)
		str_addf(&text, "line %d\n", i * 7919);
	tar_put(&layer, &(struct member){'0', "f", .text = text.p});
	tar_end(&layer);
	gzip_add(&packed, layer.p, layer.n);
	must_fail(f, &(struct str){packed.p, packed.n / 2, 0}, NULL, "ends in the middle");
	must_fail(f, &(struct str){packed.p, packed.n - 1, 0}, NULL, "ends in the middle");
	must_fail(f, &(struct str){layer.p, 4096, 0}, NULL, "ends in the middle");
	must_fail(f, &(struct str){(char[]){"this is no tar archive at all, and never was"}, 40, 0},
		NULL, "in the middle");
	packed.p[packed.n / 2] ^= 1;
	must_fail(f, &packed, NULL, "gzip");
	text.p[3] = '\xff'; /* names in messages may be any bytes */
	str_clear(&layer);
	tar_put(&layer, &(struct member){'3', "\xff\"\\\n", .major = 1});
	must_fail(f, &layer, NULL, "device nodes");
}

static void bombs_do_no_harm(void **state)
{
	static const char *const packers[] = {
		"head -c 300000000 /dev/zero | gzip -6 >\"$0\"",
		"head -c 300000000 /dev/zero | zstd -q -o \"$0\"",
		/* A frame header that asks for a window of 2 GiB. */
		"printf '\\x28\\xb5\\x2f\\xfd\\x00\\xa8\\0\\0\\0\\0' >\"$0\"",
	};
	struct fixture *f = *state;
	cleanup_free char *path = xasprintf("%s/root/bomb", f->g.s.path);

	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
		const char *const argv[] = {"/bin/bash", "-c", packers[i], path, NULL};
		cleanup_close int root = ground_root(&f->g), in = -EBADF, dir = -EBADF;
		struct rusage after;
		struct outcome o;
		struct child c;
		uint64_t start_ns;
		int out;

		assert_int_equal(run_program(argv), 0);
		in = openat(root, "bomb", O_RDONLY | O_CLOEXEC);
		dir = fs_open_dir(root, "layer", 0700);
		start_ns = clock_now_ns(&clock_kernel);
		c = start(f, in, dir, NULL, &out);
		o = finish(&c, out);
		assert_int_equal(o.status, 1);
		assert_true(clock_now_ns(&clock_kernel) - start_ns < 2 * NS_PER_SEC);
		assert_int_equal(getrusage(RUSAGE_CHILDREN, &after), 0);
#ifndef __SANITIZE_ADDRESS__
		/* KiB, of the largest child so far, the packers included. */
		assert_true(after.ru_maxrss < 64 << 10);
#endif
		json_decref(o.result);
	}
}

static void hostile_layers_stay_inside(void **state)
{
	struct fixture *f = *state;

	/* Every fifth: the corpus runs whole without the jail (test_extract). */
	for (size_t i = 0;; i += 5) {
		cleanup_close int root = ground_root(&f->g);
		cleanup_str struct str layer = {0};
		struct outcome o;
		char name[256];

		if (!hostile_layer(&f->g, i, &layer, name, sizeof name))
			break;
		o = unpack(f, &layer, root, NULL);
		assert_case(o.status == 0 || o.status == 1, name);
		assert_case(o.status == 0 || json_str(o.result, "error")[0], name);
		if (o.status && strstr(json_str(o.result, "error"), "died"))
			fail_msg("%s: %s", name, json_str(o.result, "error"));
		json_decref(o.result);
		ground_check(&f->g, name);
		check_harmless(f->g.s.fd, "root", name);
	}
}

/* The jail gives what the rules alone give, also when many run at once (T18). */
static void parallel_is_the_same(void **state)
{
	enum { MANY = 12 };
	struct fixture *f = *state;
	cleanup_close int root = ground_root(&f->g);
	cleanup_str struct str layer = {0}, first = {0};
	struct child children[MANY];
	int outs[MANY];

	tar_of(&layer, honest, ARRAY_SIZE(honest));
	for (int i = 0; i < MANY; i++) {
		cleanup_free char *name = xasprintf("n%d", i);
		cleanup_close int dir = fs_open_dir(root, name, 0700);
		cleanup_close int in = blob_fd(layer.p, layer.n);

		children[i] = start(f, in, dir, NULL, &outs[i]);
	}
	for (int i = 0; i < MANY; i++) {
		cleanup_free char *name = xasprintf("n%d", i);
		cleanup_close int dir = fs_open_dir(root, name, 0700);
		cleanup_str struct str text = {0};
		struct outcome o = finish(&children[i], outs[i]);

		assert_int_equal(o.status, 0);
		json_decref(o.result);
		/* Directories that no entry names get the time of day. */
		assert_int_equal(unlinkat(dir, "fs/o/hard", 0), 0);
		describe_tree(dir, "fs/d", &text);
		describe_tree(dir, "fs/first", &text);
		if (i == 0)
			str_addn(&first, text.p, text.n);
		assert_string_equal(text.p, first.p);
	}
}

/* Killing the outer process kills the one in the jail: nothing is written after that. */
static void dies_as_a_whole(void **state)
{
	struct fixture *f = *state;
	cleanup_close int root = ground_root(&f->g), pipe_in = -EBADF;
	cleanup_str struct str layer = {0};
	struct child c;
	int ends[2], out;
	char byte;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pipe_in = ends[0];
	tar_put(&layer, &(struct member){'0', "f", .text = "x"});
	c = start(f, pipe_in, root, NULL, &out);
	assert_int_equal(fs_write_all(ends[1], layer.p, layer.n), 0);
	for (int tries = 0; faccessat(root, "fs/f", F_OK, 0) < 0; tries++) {
		assert_true(tries < 500);
		(void)poll(NULL, 0, 10);
	}
	child_kill(&c);
	/* The reader of the pipe is gone once the jailed child is: the writer is told. */
	(void)close(own_take_fd(&pipe_in));
	(void)signal(SIGPIPE, SIG_IGN);
	for (int tries = 0; write(ends[1], "", 1) == 1; tries++) {
		assert_true(tries < 500);
		(void)poll(NULL, 0, 10);
	}
	assert_int_equal(errno, EPIPE);
	assert_int_equal(read(out, &byte, 1), 0);
	(void)close(ends[1]);
	(void)close(out);
}

static void discards(void **state)
{
	struct fixture *f = *state;
	const char *const options[] = {"--discard", "one", "missing", "two", NULL};
	cleanup_close int root = ground_root(&f->g);
	struct outcome o;
	struct child c;
	int out;

	assert_int_equal(fs_mkdir_p(root, "one/deep/er", 0700), 0);
	assert_int_equal(fs_mkdir_p(root, "two", 0), 0);
	assert_int_equal(fs_mkdir_p(root, "three", 0700), 0);
	assert_int_equal(symlinkat(f->g.s.path, root, "one/link"), 0);
	c = start(f, root, root, options, &out);
	o = finish(&c, out);
	assert_int_equal(o.status, 0);
	assert_int_equal(faccessat(root, "one", F_OK, 0), -1);
	assert_int_equal(faccessat(root, "two", F_OK, 0), -1);
	assert_int_equal(faccessat(root, "three", F_OK, 0), 0);
	ground_check(&f->g, "discard");
}

static void syncs(void **state)
{
	struct fixture *f = *state;
	const char *const good[] = {"--sync", "one", "one/file", NULL};
	const char *const bad[] = {"--sync", "one", "missing", NULL};
	const char *const link[] = {"--sync", "link", NULL};
	const char *const *const cases[] = {good, bad, link};
	cleanup_close int root = ground_root(&f->g), one = fs_open_dir(root, "one", 0700);

	assert_int_equal(fs_write_atomic(one, "file", "x", 1, 0600, FS_NO_SYNC), 0);
	assert_int_equal(symlinkat("one", root, "link"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int out;
		struct child c = start(f, root, root, cases[i], &out);

		assert_int_equal(finish(&c, out).status, i == 0 ? 0 : 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unpacks_and_reports),
		cmocka_unit_test(verifies),
		cmocka_unit_test(notices_truncation),
		cmocka_unit_test(bombs_do_no_harm),
		cmocka_unit_test(hostile_layers_stay_inside),
		cmocka_unit_test(parallel_is_the_same),
		cmocka_unit_test(dies_as_a_whole),
		cmocka_unit_test(discards),
		cmocka_unit_test(syncs),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
