/* SPDX-License-Identifier: Apache-2.0 */
/* Pulling from Debian's docker-registry on the loopback, with the real skopeo. */
#include "tests/unit/runtime/image/images.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

struct registry {
	struct child child;
	char address[32]; /* 127.0.0.1:PORT */
};

struct fixture {
	struct scratch dir;
	struct registry open, guarded; /* the second wants user "berth", password "ahoy" */
	char *unpack, *registries_conf;
	struct image_options options;
	struct image_store *store;
};

/* bcrypt of "ahoy", cost 4. */
static const char htpasswd[] =
	"berth:$2y$04$abcdefghijklmnopqrstuujCUVddhcH1ZZnJZcizJ0heUWeHeLLDS\n";

static int free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	(void)close(fd);
	return ntohs(a.sin_port);
}

static void wait_for_port(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)port)};

	for (int tries = 0; tries < 200; tries++) {
		cleanup_close int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
			return;
		(void)poll(NULL, 0, 50);
	}
	fail_msg("docker-registry does not listen");
}

static void registry_start(
	const struct fixture *f, struct registry *r, const char *name, bool guarded)
{
	int port = free_port();
	cleanup_free char *config = xasprintf("%s/%s.yml", f->dir.path, name);
	cleanup_free char *auth =
		guarded ? xasprintf("auth: {htpasswd: {realm: berth, path: %s/htpasswd}}\n",
				  f->dir.path)
			: xstrdup("");
	cleanup_free char *text = xasprintf("version: 0.1\nlog: {level: error}\n"
					    "storage: {filesystem: {rootdirectory: %s/%s}}\n"
					    "http: {addr: \"127.0.0.1:%d\"}\n%s",
		f->dir.path, name, port, auth);
	const char *const argv[] = {"/usr/bin/docker-registry", "serve", config, NULL};
	struct spawn s = {.argv = argv};
	struct err e = {0};

	assert_int_equal(fs_write_atomic(f->dir.fd, strrchr(config, '/') + 1, text, strlen(text),
				 0644, FS_NO_SYNC),
		0);
	if (spawn(&s, &r->child, &e) < 0)
		fail_msg("%s", err_text(&e));
	(void)snprintf(r->address, sizeof r->address, "127.0.0.1:%d", port);
	wait_for_port(port);
}

static void push(const struct fixture *f, const struct registry *r, const char *layout,
	const char *tag, const char *repository, const char *credentials)
{
	cleanup_free char *from = xasprintf("oci:%s/%s:%s", f->dir.path, layout, tag);
	cleanup_free char *to = xasprintf("docker://%s/%s", r->address, repository);
	const char *const argv[] = {"/usr/bin/skopeo", "--insecure-policy", "copy", "--quiet",
		"--dest-tls-verify=false", from, to, credentials ? "--dest-creds" : NULL,
		credentials, NULL};

	assert_int_equal(run_program(argv), 0);
}

/* base (2 layers) and app (the same 2 and one more). */
static void make_images(struct fixture *f)
{
	struct layer_blob layers[3];
	struct layout l;

	one_file_layer(&layers[0], "base/a", "alpha");
	one_file_layer(&layers[1], "base/b", "beta");
	one_file_layer(&layers[2], "app/c", "gamma");
	layout_open(&l, f->dir.fd, "layout");
	layout_image(&l, "base", layers, 2, "{\"Cmd\":[\"/bin/sh\"]}");
	layout_image(&l, "app", layers, 3, "{\"Entrypoint\":[\"/app/c\"],\"User\":\"1000\"}");
	layout_close(&l);
	for (size_t i = 0; i < ARRAY_SIZE(layers); i++)
		layer_blob_done(&layers[i]);
}

static void open_store(struct fixture *f)
{
	struct err e = {0};

	if (image_store_open(f->dir.fd, &f->options, &f->store, &e) < 0)
		fail_msg("%s", err_text(&e));
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);
	cleanup_free char *conf = NULL;

	scratch_open(&f->dir);
	assert_int_equal(fs_write_atomic(f->dir.fd, "htpasswd", htpasswd, sizeof htpasswd - 1, 0644,
				 FS_NO_SYNC),
		0);
	make_images(f);
	registry_start(f, &f->open, "open", false);
	registry_start(f, &f->guarded, "guarded", true);
	push(f, &f->open, "layout", "base", "shop/base:1", NULL);
	push(f, &f->open, "layout", "app", "shop/app:1", NULL);
	push(f, &f->guarded, "layout", "base", "shop/base:1", "berth:ahoy");
	conf = xasprintf("[[registry]]\nlocation = \"%s\"\ninsecure = true\n"
			 "[[registry]]\nlocation = \"%s\"\ninsecure = true\n"
			 "[[registry]]\nlocation = \"127.0.0.1:9\"\ninsecure = true\n",
		f->open.address, f->guarded.address);
	assert_int_equal(
		fs_write_atomic(f->dir.fd, "registries.conf", conf, strlen(conf), 0600, FS_NO_SYNC),
		0);
	f->registries_conf = xasprintf("%s/registries.conf", f->dir.path);
	f->unpack = unpack_program();
	f->options = (struct image_options){
		.unpack_path = f->unpack,
		.registries_conf = f->registries_conf,
	};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	child_kill(&f->open.child);
	child_kill(&f->guarded.child);
	scratch_close(&f->dir);
	free(f->unpack);
	free(f->registries_conf);
	free(f);
	return 0;
}

static int fresh_store(void **state)
{
	open_store(*state);
	return 0;
}

static int drop_store(void **state)
{
	struct fixture *f = *state;

	image_store_close(take(f->store));
	assert_int_equal(fs_remove_tree(f->dir.fd, "images"), 0);
	return 0;
}

static int pull(struct fixture *f, const struct registry *r, const char *name, const char *auth,
	struct err *e)
{
	cleanup_free char *ref = xasprintf("%s/%s", r->address, name);
	struct image_job *job = NULL;
	int result = image_pull_start(f->store, ref, auth, &job, e);

	return result < 0 ? result : run_job(job, e);
}

static void must_pull(struct fixture *f, const char *name)
{
	struct err e = {0};

	if (pull(f, &f->open, name, NULL, &e) != 1)
		fail_msg("%s: %s", name, err_text(&e));
}

static const struct image *find(struct fixture *f, const char *name)
{
	cleanup_free char *ref = xasprintf("%s/%s", f->open.address, name);
	const struct image *i = NULL;

	assert_int_equal(image_find(f->store, ref, &i, NULL), 0);
	return i;
}

static void pulls_and_shares_layers(void **state)
{
	struct fixture *f = *state;
	const struct image *app, *base;
	cleanup_free char *text = NULL, *path = NULL;

	must_pull(f, "shop/app:1");
	app = find(f, "shop/app:1");
	assert_int_equal(app->n_layers, 3);
	assert_string_equal(app->config.entrypoint[0], "/app/c");
	assert_string_equal(app->config.user, "1000");
	assert_int_equal(app->size_bytes, strlen("alpha") + strlen("beta") + strlen("gamma"));
	path = xasprintf("%s/app/c", app->layers[0]);
	assert_int_equal(fs_read(image_store_fd(f->store), path, 100, &text, NULL), 0);
	assert_string_equal(text, "gamma");
	assert_int_equal(count_entries(image_store_fd(f->store), "l"), 3);
	/* The base is there already: its layers are neither fetched nor unpacked again. */
	must_pull(f, "shop/base:1");
	app = find(f, "shop/app:1");
	base = find(f, "shop/base:1");
	assert_int_equal(base->n_layers, 2);
	assert_string_equal(base->layers[0], app->layers[1]);
	assert_string_equal(base->layers[1], app->layers[2]);
	assert_int_equal(count_entries(image_store_fd(f->store), "l"), 3);
	assert_int_equal(count_entries(image_store_fd(f->store), "tmp"), 0);
	must_pull(f, "shop/app:1");
}

static void pulls_by_digest(void **state)
{
	struct fixture *f = *state;
	cleanup_free char *name = NULL, *wrong = NULL;
	const struct image *app;
	struct err e = {0};

	must_pull(f, "shop/app:1");
	app = find(f, "shop/app:1");
	name = xasprintf("shop/app@%s", app->digest);
	assert_ptr_equal(find(f, name), app);
	must_pull(f, name);
	assert_string_equal(find(f, name)->id, find(f, "shop/app:1")->id);
	wrong = xasprintf("shop/app@sha256:%064d", 0);
	assert_int_equal(pull(f, &f->open, wrong, NULL, &e), -ENOENT);
}

static void registry_has_its_say(void **state)
{
	static const char wrong[] =
		"{\"auths\":{\"%s\":{\"username\":\"berth\",\"password\":\"x\"}}}";
	static const char right[] = "{\"auths\":{\"%s\":{\"auth\":\"YmVydGg6YWhveQ==\"}}}";
	struct fixture *f = *state;
	struct registry nobody = {.address = "127.0.0.1:9"};
	struct err e = {0};
	char auth[256];

	assert_int_equal(pull(f, &f->open, "shop/nothing:1", NULL, &e), -ENOENT);
	assert_non_null(strstr(err_text(&e), "manifest unknown"));
	assert_string_equal(err_api_reason(&e), "NotFound");
	assert_null(strstr(err_text(&e), "level="));
	assert_int_equal(pull(f, &nobody, "shop/base:1", NULL, &e), -EHOSTUNREACH);
	assert_non_null(strstr(err_text(&e), "connection refused"));
	assert_int_equal(pull(f, &f->guarded, "shop/base:1", NULL, &e), -EACCES);
	(void)snprintf(auth, sizeof auth, wrong, f->guarded.address);
	assert_int_equal(pull(f, &f->guarded, "shop/base:1", auth, &e), -EACCES);
	/* The right password, but for somebody else. */
	(void)snprintf(auth, sizeof auth, right, f->open.address);
	assert_int_equal(pull(f, &f->guarded, "shop/base:1", auth, &e), -EACCES);
	(void)snprintf(auth, sizeof auth, right, f->guarded.address);
	if (pull(f, &f->guarded, "shop/base:1", auth, &e) != 1)
		fail_msg("%s", err_text(&e));
	assert_int_equal(count_entries(image_store_fd(f->store), "tmp"), 0);
	assert_int_equal(image_pull_start(f->store, "No:Such:Ref", NULL, NULL, &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pulls_and_shares_layers, fresh_store, drop_store),
		cmocka_unit_test_setup_teardown(pulls_by_digest, fresh_store, drop_store),
		cmocka_unit_test_setup_teardown(registry_has_its_say, fresh_store, drop_store),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
