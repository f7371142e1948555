/* SPDX-License-Identifier: Apache-2.0 */
/* Registries that lie, fall silent or ask for other people's passwords; and crashes in the middle (T20, P24). */
#include "tests/unit/runtime/image/registry.h"

#include <sys/wait.h>

/* Where docker-registry keeps a blob's bytes. */
static char *blob_path(const struct fixture *f, const char *digest)
{
	const char *hex = strchr(digest, ':') + 1;

	return xasprintf(
		"%s/open/docker/registry/v2/blobs/sha256/%.2s/%s/data", f->dir.path, hex, hex);
}

/* Puts other bytes of the same length into the registry's file; returns the right ones. */
static char *tamper(const char *path, size_t *ret_n)
{
	char *good = NULL;
	cleanup_free char *bad = NULL;
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(fs_read(AT_FDCWD, path, 1 << 20, &good, ret_n), 0);
	bad = xmalloc(*ret_n);
	memcpy(bad, good, *ret_n);
	bad[*ret_n / 2] ^= 1;
	assert_int_equal(pwrite(fd, bad, *ret_n, 0), (ssize_t)*ret_n);
	return good;
}

static void restore(const char *path, const char *good, size_t n)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, good, n, 0), (ssize_t)n);
}

static void lies_are_noticed(void **state)
{
	struct fixture *f = *state;
	cleanup_free char *digest = NULL, *text = NULL, *path = NULL;
	cleanup_json json_t *manifest = NULL;
	const char *wrong[3];
	struct err e = {0};

	/* Once in earnest, to learn the digests. */
	must_pull(f, "shop/app:1");
	digest = xstrdup(find(f, "shop/app:1")->digest);
	path = blob_path(f, digest);
	assert_int_equal(fs_read(AT_FDCWD, path, 1 << 20, &text, NULL), 0);
	assert_int_equal(json_parse(sv(text), &manifest, NULL), 0);
	wrong[0] = json_str(json_array_get(json_list(manifest, "layers"), 2), "digest");
	wrong[1] = json_str(json_map(manifest, "config"), "digest");
	wrong[2] = digest;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		cleanup_free char *file = blob_path(f, wrong[i]), *good = NULL;
		size_t n;

		image_store_close(take(f->store));
		assert_int_equal(fs_remove_tree(f->dir.fd, "images"), 0);
		open_store(f);
		good = tamper(file, &n);
		assert_case(pull(f, &f->open, "shop/app:1", NULL, &e) < 0, wrong[i]);
		assert_case(e.msg[0], wrong[i]);
		assert_int_equal(count_entries(image_store_fd(f->store), "i"), 0);
		/* The layers that were right may stay; nothing half is among them. */
		assert_int_equal(count_entries(image_store_fd(f->store), "tmp"), 0);
		restore(file, good, n);
	}
	must_pull(f, "shop/app:1");
}

/* ---- a registry of our own ------------------------------------------------------------------------ */

struct listener {
	int fd;
	char address[32];
	struct str heard;
};

static void listener_open(struct listener *l)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;

	*l = (struct listener){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	assert_int_equal(bind(l->fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(l->fd, 8), 0);
	assert_int_equal(getsockname(l->fd, (struct sockaddr *)&a, &n), 0);
	(void)snprintf(l->address, sizeof l->address, "127.0.0.1:%d", ntohs(a.sin_port));
}

/* Takes one connection if there is one, hears its request, answers. */
static void listener_serve(struct listener *l, const char *answer)
{
	struct pollfd p = {.fd = l->fd, .events = POLLIN};
	char request[8192];
	ssize_t n;

	while (poll(&p, 1, 0) > 0) {
		cleanup_close int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
		struct timeval patience = {.tv_sec = 2};

		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
		n = read(fd, request, sizeof request);
		if (n > 0)
			str_addn(&l->heard, request, (size_t)n);
		(void)!write(fd, answer, strlen(answer));
	}
}

/* Skopeo tries TLS first, so there are NULs in it. */
static bool was_heard(const struct listener *l, const char *text)
{
	return l->heard.n && memmem(l->heard.p, l->heard.n, text, strlen(text));
}

/* Makes skopeo take @address for a registry without TLS. */
static void use_registry(struct fixture *f, const char *address)
{
	cleanup_free char *conf =
		xasprintf("[[registry]]\nlocation = \"%s\"\ninsecure = true\n", address);

	free(f->other_conf);
	f->other_conf = xasprintf("%s/other.conf", f->dir.path);
	assert_int_equal(
		fs_write_atomic(f->dir.fd, "other.conf", conf, strlen(conf), 0600, FS_NO_SYNC), 0);
	image_store_close(take(f->store));
	f->options.registries_conf = f->other_conf;
	open_store(f);
	f->options.registries_conf = f->registries_conf;
}

static int pull_serving(
	struct fixture *f, struct listener *l, const char *auth, const char *answer, struct err *e)
{
	cleanup_free char *ref = xasprintf("%s/shop/web:1", l->address);
	CLEANUP(image_job_free) struct image_job *job = NULL;
	int r = 0;

	assert_int_equal(image_pull_start(f->store, ref, auth, &job, e), 0);
	for (int turns = 0; r == 0; turns++) {
		struct pollfd p[] = {{.fd = image_job_fd(job), .events = POLLIN},
			{.fd = answer ? l->fd : -1, .events = POLLIN}};

		assert_true(turns < 500);
		assert_true(poll(p, 2, 20000) > 0);
		if (answer)
			listener_serve(l, answer);
		if (p[0].revents)
			r = image_job_step(job, e);
	}
	return r;
}

/* The registry asks for a password; only its own, if there is one, is ever sent to it. */
static void passwords_stay_home(void **state)
{
	static const char answer[] =
		"HTTP/1.1 401 Unauthorized\r\nWww-Authenticate: Basic realm=\"x\"\r\n"
		"Docker-Distribution-Api-Version: registry/2.0\r\n"
		"Content-Length: 0\r\nConnection: close\r\n\r\n";
	struct fixture *f = *state;
	cleanup_free char *auth = NULL;
	struct listener l;
	struct err e = {0};

	listener_open(&l);
	use_registry(f, l.address);
	auth = xasprintf("{\"auths\":{\"%s\":{\"auth\":\"bWluZTptaW5l\"},\"127.0.0.1\":{\"auth\":"
			 "\"b3RoZXI6b3RoZXI=\"},\"docker.io\":{\"auth\":\"b3RoZXI6b3RoZXI=\"}}}",
		l.address);
	assert_int_equal(pull_serving(f, &l, auth, answer, &e), -EACCES);
	assert_true(was_heard(&l, "Basic bWluZTptaW5l"));
	assert_false(was_heard(&l, "b3RoZXI6"));
	str_clear(&l.heard);
	assert_int_equal(
		pull_serving(f, &l, "{\"auths\":{\"127.0.0.1\":{\"auth\":\"b3RoZXI6b3RoZXI=\"}}}",
			answer, &e),
		-EACCES);
	assert_true(was_heard(&l, "GET /v2/"));
	assert_false(was_heard(&l, "b3RoZXI6"));
	str_done(&l.heard);
	(void)close(l.fd);
}

static void silence_is_given_up(void **state)
{
	struct fixture *f = *state;
	struct listener l;
	struct err e = {0};

	listener_open(&l);
	f->options.stall_ns = 400 * NS_PER_MS;
	use_registry(f, l.address);
	f->options.stall_ns = 0;
	assert_int_equal(pull_serving(f, &l, NULL, NULL, &e), -ETIMEDOUT);
	assert_non_null(strstr(e.msg, "has sent nothing for"));
	(void)close(l.fd);
}

static void nonsense_is_refused(void **state)
{
	static const char *const bodies[] = {
		"{}",
		"{\"schemaVersion\":1,\"fsLayers\":[],\"history\":[],\"name\":\"a\",\"tag\":\"1\"}",
		"{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}",
		"not json at all",
	};
	struct fixture *f = *state;
	struct listener l;

	listener_open(&l);
	use_registry(f, l.address);
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		cleanup_free char *answer =
			xasprintf("HTTP/1.1 200 OK\r\nContent-Type: "
				  "application/vnd.oci.image.manifest.v1+json\r\n"
				  "Docker-Distribution-Api-Version: registry/2.0\r\n"
				  "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
				strlen(bodies[i]), bodies[i]);
		struct err e = {0};

		assert_case(pull_serving(f, &l, NULL, answer, &e) < 0, bodies[i]);
		assert_case(e.msg[0], bodies[i]);
	}
	assert_int_equal(count_entries(image_store_fd(f->store), "i"), 0);
	str_done(&l.heard);
	(void)close(l.fd);
}

/* ---- crashes -------------------------------------------------------------------------------------- */

/* A process that pulls, and is killed after so many steps. */
static void pull_and_die(struct fixture *f, unsigned delay_us)
{
	cleanup_free char *ref = xasprintf("%s/shop/app:1", f->open.address);
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct image_store *store = NULL;
		struct image_job *job = NULL;

		if (image_store_open(f->dir.fd, &f->options, &store, NULL) < 0 ||
			image_pull_start(store, ref, NULL, &job, NULL) < 0)
			_exit(1);
		for (;;) {
			struct pollfd p = {.fd = image_job_fd(job), .events = POLLIN};

			(void)poll(&p, 1, -1);
			if (image_job_step(job, NULL) != 0)
				_exit(0);
		}
	}
	(void)usleep(delay_us);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void killed_pulls_leave_whole_layers(void **state)
{
	struct fixture *f = *state;
	unsigned seed = (unsigned)clock_now_ns(&clock_kernel);

	print_message("seed %u\n", seed);
	image_store_close(take(f->store));
	for (int round = 0; round < 25; round++) {
		struct dirent **entries = NULL;
		cleanup_close int l = -EBADF;
		int n;

		pull_and_die(f, (unsigned)rand_r(&seed) % 250000);
		open_store(f);
		l = fs_open_dir(image_store_fd(f->store), "l", 0700);
		n = scandirat(l, ".", &entries, NULL, NULL);
		/* Whatever is in the store is whole: one file with its text. */
		for (int i = 0; i < n; i++) {
			if (entries[i]->d_name[0] != '.') {
				cleanup_free char *fs = xasprintf("%s/fs", entries[i]->d_name);

				assert_int_equal(count_entries(l, fs), 1);
			}
			free(entries[i]);
		}
		free(entries);
		/* Closing waits for the sweeper; what a dying child wrote behind its back goes next time. */
		for (int tries = 0; count_entries(image_store_fd(f->store), "tmp"); tries++) {
			assert_true(tries < 20);
			image_store_close(take(f->store));
			open_store(f);
			(void)poll(NULL, 0, 50);
		}
		image_store_close(take(f->store));
	}
	open_store(f);
	must_pull(f, "shop/app:1");
}

int main(void)
{
#define PULL_TEST(f) cmocka_unit_test_setup_teardown(f, fresh_store, drop_store)
	const struct CMUnitTest tests[] = {
		PULL_TEST(lies_are_noticed),
		PULL_TEST(passwords_stay_home),
		PULL_TEST(silence_is_given_up),
		PULL_TEST(nonsense_is_refused),
		PULL_TEST(killed_pulls_leave_whole_layers),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
