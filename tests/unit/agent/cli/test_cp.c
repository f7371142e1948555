/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both halves of cp: what goes up comes down again; and what a stranger's stream must not do (T31): nothing is written
 * outside of the destination, whatever it says and whatever stands there.
 */
#include "tests/unit/unit.h"

#include "agent/cli/cp.h"
#include "runtime/tar/tar_write.h"

#include <signal.h>
#include <sys/wait.h>

struct place {
	struct scratch dir;
	char *out; /* the destination */
};

static int up(void **state)
{
	struct place *p = xcalloc(1, sizeof *p);

	scratch_open(&p->dir);
	assert_int_equal(fs_mkdir_p(p->dir.fd, "out", 0755) | fs_mkdir_p(p->dir.fd, "in", 0755) |
				 fs_mkdir_p(p->dir.fd, "secret", 0755),
		0);
	assert_int_equal(fs_write_atomic(p->dir.fd, "canary", "canary", 6, 0644, FS_NO_SYNC), 0);
	p->out = xasprintf("%s/out", p->dir.path);
	*state = p;
	return 0;
}

static int down(void **state)
{
	struct place *p = *state;
	cleanup_free char *text = NULL;
	cleanup_close int secret = openat(p->dir.fd, "secret", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* Whatever the test did: outside of out/ nothing has changed. */
	assert_int_equal(fs_read(p->dir.fd, "canary", 100, &text, NULL), 0);
	assert_string_equal(text, "canary");
	assert_int_equal(unlinkat(p->dir.fd, "secret", AT_REMOVEDIR), 0);
	scratch_close(&p->dir);
	free(p->out);
	free(p);
	return 0;
}

static void add(
	struct str *tar, enum tar_type type, const char *path, const char *link, const char *text)
{
	static const char zeros[512];
	struct tar_entry e = {.type = type,
		.path = path,
		.link = link ? link : "",
		.mode = type == TAR_DIR ? 0755 : 04755,
		.size_bytes = text ? strlen(text) : 0};

	tar_put(tar, &e);
	if (text)
		str_addn(tar, text, strlen(text));
	str_addn(tar, zeros, tar_pad_bytes(e.size_bytes));
}

/* Feeds @tar in pieces of @step. Returns what the first that fails does; @ret_said: the warnings. */
static int unpack(
	const char *remote, const char *local, const struct str *tar, size_t step, char **ret_said)
{
	CLEANUP(cp_down_free) struct cp_down *d = NULL;
	size_t n_said = 0;
	FILE *said = open_memstream(ret_said, &n_said);
	struct err e = {0};
	int r = cp_down_new(remote, local, said, &d, &e);

	for (size_t at = 0; r == 0 && at < tar->n; at += step)
		r = cp_down_feed(
			d, (struct sv){tar->p + at, tar->n - at < step ? tar->n - at : step}, &e);
	if (r == 0)
		r = cp_down_finish(d, &e);
	assert_true(r == 0 || e.msg[0]);
	(void)fclose(said);
	return r;
}

static char *content(const struct place *p, const char *path)
{
	char *text = NULL;

	return fs_read(p->dir.fd, path, 1 << 20, &text, NULL) == 0 ? text : NULL;
}

static void expect(const struct place *p, const char *path, const char *wanted)
{
	cleanup_free char *text = content(p, path);

	if (!wanted ? text != NULL : !text || !streq(text, wanted))
		fail_msg("%s has \"%s\"", path, text ? text : "(is not there)");
}

static void where_it_goes(void **state)
{
	static const struct {
		const char *remote, *entry, *local, *file;
	} cases[] = {
		{"/etc/a", "etc/a", "out", "out/a"},
		{"/etc/a", "etc/a", "out/b", "out/b"},
		{"/etc/a", "/etc/a", "out/", "out/a"},
		{"/etc", "etc/x/y", "out", "out/x/y"},
		{"/etc", "etc/x/y", "out/new", "out/new/x/y"},
		{"/etc/", "etc/x", "out/new/", "out/new/x"},
		{"./d", "./d/x", "out", "out/x"},
		{"d", "d/x", "out", "out/x"},
		{".", "./x", "out", "out/x"},
		{"/", "etc/x", "out", "out/etc/x"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		void *fresh;
		cleanup_str struct str tar = {0};
		cleanup_free char *said = NULL, *local = NULL;
		struct place *p;
		struct stat st;

		assert_int_equal(up(&fresh), 0);
		p = fresh;
		local = xasprintf("%s/%s", p->dir.path, cases[i].local);
		add(&tar, TAR_FILE, cases[i].entry, NULL, "bytes");
		tar_put_end(&tar);
		assert_int_equal(unpack(cases[i].remote, local, &tar, 7, &said), 0);
		expect(p, cases[i].file, "bytes");
		assert_string_equal(said, "");
		/* Without the set-id bit. */
		assert_int_equal(fstatat(p->dir.fd, cases[i].file, &st, 0), 0);
		assert_int_equal(st.st_mode & 06111, 0111);
		assert_int_equal(down(&fresh), 0);
	}
	(void)state;
}

/* Names and links that lead elsewhere. */
static void nothing_leaves(void **state)
{
	static const struct {
		const char *name;
		enum tar_type type;
		const char *path, *link;
		int r;
		const char *said;
	} cases[] = {
		{"up", TAR_FILE, "d/../../canary", NULL, 0, "outside target destination"},
		{"up at once", TAR_FILE, "../canary", NULL, 0, "outside target destination"},
		{"what was not asked for", TAR_FILE, "canary", NULL, -EBADMSG, ""},
		{"a longer name", TAR_FILE, "dd/x", NULL, -EBADMSG, ""},
		{"a link", TAR_SYMLINK, "d/link", "../../secret", 0, "skipping symlink"},
		{"a hard link", TAR_HARDLINK, "d/link", "../canary", 0, "skipping hard link"},
		{"a pipe", TAR_FIFO, "d/pipe", NULL, 0, "skipping special file"},
		{"the destination itself a link", TAR_SYMLINK, "d", "../secret", 0,
			"skipping symlink"},
	};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_str struct str tar = {0};
		cleanup_free char *said = NULL;

		add(&tar, TAR_DIR, "d", NULL, NULL);
		add(&tar, cases[i].type, cases[i].path, cases[i].link,
			cases[i].type == TAR_FILE ? "evil" : NULL);
		add(&tar, TAR_FILE, "d/link/x", NULL, "evil");
		tar_put_end(&tar);
		assert_case(unpack("d", p->out, &tar, 512, &said) == cases[i].r, cases[i].name);
		assert_case(strstr(said, cases[i].said) != NULL, cases[i].name);
	}
	/* The file behind the link that was not made has a directory of its own. */
	expect(p, "out/link/x", "evil");
}

/* Links that stand in the destination: in the way of a directory they end the copy, a file takes their place. */
static void what_stands_there(void **state)
{
	struct place *p = *state;
	cleanup_str struct str tar = {0}, through = {0};
	cleanup_free char *said = NULL, *more = NULL;

	assert_int_equal(symlinkat("../secret", p->dir.fd, "out/sub"), 0);
	assert_int_equal(symlinkat("../canary", p->dir.fd, "out/file"), 0);
	add(&tar, TAR_FILE, "d/file", NULL, "new");
	tar_put_end(&tar);
	assert_int_equal(unpack("d", p->out, &tar, 512, &said), 0);
	expect(p, "out/file", "new");
	add(&through, TAR_FILE, "d/sub/x", NULL, "evil");
	tar_put_end(&through);
	assert_true(unpack("d", p->out, &through, 512, &more) < 0);
	expect(p, "secret/x", NULL);
}

/* Somebody swaps a directory of the destination for a link, as fast as can be. */
static void a_race(void **state)
{
	struct place *p = *state;
	pid_t racer;

	assert_int_equal(symlinkat("../secret", p->dir.fd, "out/evil"), 0);
	assert_int_equal(fs_mkdir_p(p->dir.fd, "out/sub", 0755), 0);
	racer = fork();
	if (racer == 0)
		for (;;)
			(void)renameat2(
				p->dir.fd, "out/sub", p->dir.fd, "out/evil", RENAME_EXCHANGE);
	for (unsigned i = 0; i < 3000; i++) {
		cleanup_str struct str tar = {0};
		cleanup_free char *said = NULL, *name = xasprintf("d/sub/x%u", i);

		add(&tar, TAR_FILE, name, NULL, "evil");
		tar_put_end(&tar);
		(void)unpack("d", p->out, &tar, 4096, &said);
	}
	(void)kill(racer, SIGKILL);
	(void)waitpid(racer, NULL, 0);
}

static void broken_streams(void **state)
{
	struct place *p = *state;
	cleanup_str struct str tar = {0}, empty = {0};
	cleanup_free char *said = NULL;

	add(&tar, TAR_FILE, "d", NULL, "some bytes");
	tar.n -= 513;
	assert_int_equal(unpack("d", p->out, &tar, 100, &said), -EBADMSG);
	free(said);
	assert_int_equal(unpack("d", p->out, &empty, 100, &said), -EBADMSG);
	free(said);
	memset(tar.p, 'x', 512);
	assert_int_equal(unpack("d", p->out, &tar, 100, &said), -EBADMSG);
	free(said);
	assert_int_equal(unpack("../d", p->out, &tar, 100, &said), -EINVAL);
}

static void put_file(const struct place *p, const char *path, const char *text)
{
	cleanup_close int fd = openat(p->dir.fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
}

/* A tree with long names, up and down again in pieces of any size. */
static void there_and_back(void **state)
{
	struct place *p = *state;
	cleanup_free char *in = xasprintf("%s/in", p->dir.path), *long_name = NULL, *big = NULL;
	cleanup_free char *path = NULL, *back = NULL, *said = NULL;
	CLEANUP(cp_up_free) struct cp_up *u = NULL;
	cleanup_str struct str tar = {0};
	char deep[240], buf[1000];
	struct err e = {0};
	ssize_t n;

	memset(deep, 'n', sizeof deep);
	deep[sizeof deep - 1] = '\0';
	path = xasprintf("in/a/%s", deep);
	long_name = xasprintf("out/a/%s", deep);
	big = xcalloc(1, 200001);
	memset(big, 'b', 200000);
	assert_int_equal(fs_mkdir_p(p->dir.fd, "in/a/empty", 0755), 0);
	put_file(p, "in/small", "s");
	assert_int_equal(symlinkat("small", p->dir.fd, "in/link"), 0);
	put_file(p, path, big);
	assert_int_equal(cp_up_new(in, "name", &u, &e), 0);
	while ((n = cp_up_read(u, buf, 1 + tar.n % sizeof buf, &e)) > 0)
		str_addn(&tar, buf, (size_t)n);
	assert_int_equal(n, 0);
	assert_int_equal(tar.n % 512, 0);
	assert_int_equal(unpack("name", p->out, &tar, 777, &said), 0);
	expect(p, "out/small", "s");
	back = content(p, long_name);
	assert_string_equal(back, big);
	assert_int_equal(faccessat(p->dir.fd, "out/a/empty", F_OK, 0), 0);
	assert_non_null(strstr(said, "skipping symlink: \"name/link\" -> \"small\""));
}

#define PLACE_TEST(test) cmocka_unit_test_setup_teardown(test, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_it_goes),
		PLACE_TEST(nothing_leaves),
		PLACE_TEST(what_stands_there),
		PLACE_TEST(a_race),
		PLACE_TEST(broken_streams),
		PLACE_TEST(there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
