/* SPDX-License-Identifier: Apache-2.0 */
/* The store: what is on disk survives, what is broken does not, nothing that is needed is removed (P24, T21). */
#include "tests/unit/runtime/image/images.h"

#include <sys/wait.h>

struct fixture {
	struct scratch dir;
	char *unpack;
	struct image_options options;
	struct image_store *store;
};

static void open_store(struct fixture *f)
{
	struct err e = {0};

	if (image_store_open(f->dir.fd, &f->options, &f->store, &e) < 0)
		fail_msg("%s", err_text(&e));
}

static void reopen(struct fixture *f)
{
	image_store_close(take(f->store));
	open_store(f);
}

/* web has layers A B, api has A C, twice has A B A. */
static void make_layout(struct fixture *f)
{
	struct layer_blob layers[3], pair[3];
	struct layout l;

	one_file_layer(&layers[0], "a", "alpha");
	one_file_layer(&layers[1], "b", "beta");
	one_file_layer(&layers[2], "c", "gamma");
	layout_open(&l, f->dir.fd, "layout");
	layout_image(&l, "web", layers, 2, "{\"Cmd\":[\"/b\"],\"Env\":[\"A=1\"]}");
	pair[0] = layers[0];
	pair[1] = layers[2];
	layout_image(&l, "registry.example/api:2", pair, 2, NULL);
	pair[1] = layers[1];
	pair[2] = layers[0];
	layout_image(&l, "twice", pair, 3, NULL);
	layout_close(&l);
	for (size_t i = 0; i < ARRAY_SIZE(layers); i++)
		layer_blob_done(&layers[i]);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);

	scratch_open(&f->dir);
	f->unpack = unpack_program();
	f->options = (struct image_options){.unpack_path = f->unpack, .arch = "amd64"};
	make_layout(f);
	open_store(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	image_store_close(f->store);
	scratch_close(&f->dir);
	free(f->unpack);
	free(f);
	return 0;
}

static void load(struct fixture *f)
{
	struct err e = {0};

	if (load_layout(f->store, f->dir.fd, "layout", &e) != 1)
		fail_msg("%s", err_text(&e));
}

static const struct image *find(struct fixture *f, const char *ref)
{
	const struct image *i = NULL;
	struct err e = {0};

	if (image_find(f->store, ref, &i, &e) < 0)
		fail_msg("%s", err_text(&e));
	return i;
}

static void survives_reopening(void **state)
{
	struct fixture *f = *state;
	cleanup_free const struct image **list = NULL;
	cleanup_free char *id = NULL;
	const struct image *web;

	load(f);
	id = xstrdup(find(f, "web")->id);
	reopen(f);
	web = find(f, "web");
	assert_string_equal(web->ref, "docker.io/library/web:latest");
	assert_string_equal(web->id, id);
	assert_string_equal(web->config.cmd[0], "/b");
	assert_string_equal(web->config.env[0], "A=1");
	assert_int_equal(web->size_bytes, strlen("alpha") + strlen("beta"));
	assert_true(web->loaded_wall_ns > 0);
	assert_int_equal(image_list(f->store, &list), 3);
	assert_string_equal(list[0]->ref, "docker.io/library/twice:latest");
	assert_string_equal(list[2]->ref, "registry.example/api:2");
	assert_ptr_equal(find(f, "registry.example/api:2"), list[2]);
	assert_ptr_equal(find(f, web->id), web);
	assert_int_equal(image_find(f->store, "nothing", &web, NULL), -ENOENT);
	assert_int_equal(image_find(f->store, "No Such", &web, NULL), -EINVAL);
}

static void layers_are_once_on_disk(void **state)
{
	struct fixture *f = *state;
	const struct image *web, *api, *twice;

	load(f);
	web = find(f, "web");
	api = find(f, "registry.example/api:2");
	twice = find(f, "twice");
	assert_int_equal(count_entries(image_store_fd(f->store), "l"), 3);
	assert_string_equal(web->layers[1], api->layers[1]);
	assert_string_not_equal(web->layers[0], api->layers[0]);
	/* A B A is A over B: overlayfs takes no directory twice. */
	assert_int_equal(twice->n_layers, 2);
	assert_string_equal(twice->layers[0], web->layers[1]);
	assert_string_equal(twice->layers[1], web->layers[0]);
	/* A second time everything is there. */
	load(f);
	assert_int_equal(count_entries(image_store_fd(f->store), "l"), 3);
	assert_int_equal(count_entries(image_store_fd(f->store), "i"), 3);
	assert_int_equal(count_entries(image_store_fd(f->store), "tmp"), 0);
}

static size_t collect(struct fixture *f, const char *const *in_use, size_t n)
{
	struct image_job *job = NULL;
	struct err e = {0};

	assert_int_equal(image_gc_start(f->store, in_use, n, &job, &e), 0);
	assert_int_equal(run_job(job, &e), 1);
	return count_entries(image_store_fd(f->store), "l");
}

static void removes_what_nothing_needs(void **state)
{
	struct fixture *f = *state;
	cleanup_free char *used = NULL, *id = NULL;
	const char *in_use[1];

	load(f);
	assert_int_equal(collect(f, NULL, 0), 3);
	id = xstrdup(find(f, "registry.example/api:2")->id);
	used = xstrdup(find(f, "registry.example/api:2")->layers[0]);
	in_use[0] = used;
	assert_int_equal(image_remove(f->store, id, NULL), 0);
	assert_int_equal(image_remove(f->store, "registry.example/api:2", NULL), -ENOENT);
	/* A pod still runs on it. */
	assert_int_equal(collect(f, in_use, 1), 3);
	assert_int_equal(collect(f, NULL, 0), 2);
	assert_int_equal(image_remove(f->store, "web", NULL), 0);
	assert_int_equal(collect(f, NULL, 0), 2);
	assert_int_equal(image_remove(f->store, "twice", NULL), 0);
	assert_int_equal(collect(f, NULL, 0), 0);
	reopen(f);
	assert_int_equal(image_find(f->store, "web", &(const struct image *){NULL}, NULL), -ENOENT);
}

/* A job that is under way keeps the layers it counts on. */
static void running_jobs_pin_layers(void **state)
{
	struct fixture *f = *state;
	cleanup_close int fd = openat(f->dir.fd, "layout", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct image_job *job = NULL;
	struct err e = {0};

	load(f);
	assert_int_equal(image_remove(f->store, "web", NULL), 0);
	assert_int_equal(image_remove(f->store, "twice", NULL), 0);
	assert_int_equal(image_remove(f->store, "registry.example/api:2", NULL), 0);
	assert_int_equal(image_load_start(f->store, fd, &job, &e), 0);
	assert_int_equal(image_job_step(job, &e), 0); /* it has read the index */
	assert_int_equal(collect(f, NULL, 0), 3);
	assert_int_equal(run_job(job, &e), 1);
	(void)find(f, "web");
}

static void breaks_are_dropped(void **state)
{
	struct fixture *f = *state;
	int images = image_store_fd(f->store);
	cleanup_free char *layer = NULL;
	cleanup_close int l = -EBADF, i = -EBADF;
	const struct image *found;

	load(f);
	l = fs_open_dir(images, "l", 0700);
	i = fs_open_dir(images, "i", 0700);
	/* A record cut short by a power loss; a record of another name; a layer without layer.json. */
	assert_int_equal(fs_write_atomic(i, "0000.json", "", 0, 0600, FS_NO_SYNC), 0);
	assert_int_equal(fs_write_atomic(i, "0001.json", "{\"ref\":", 7, 0600, FS_NO_SYNC), 0);
	assert_int_equal(fs_mkdir_p(l, "half/fs", 0700), 0);
	assert_int_equal(fs_mkdir_p(images, "tmp/job-1/layer-0/fs", 0700), 0);
	layer = xstrdup(find(f, "web")->layers[0]);
	*strrchr(layer, '/') = '\0';
	{
		cleanup_close int dir = fs_open_dir(images, layer, 0700);

		assert_int_equal(unlinkat(dir, "layer.json", 0), 0);
	}
	reopen(f);
	/* web and twice need B, which is gone; api does not. */
	assert_int_equal(image_find(f->store, "web", &found, NULL), -ENOENT);
	assert_int_equal(image_find(f->store, "twice", &found, NULL), -ENOENT);
	(void)find(f, "registry.example/api:2");
	assert_int_equal(count_entries(image_store_fd(f->store), "i"), 1);
	assert_int_equal(count_entries(image_store_fd(f->store), "l"), 2);
	load(f);
	(void)find(f, "web");
	image_store_close(take(f->store));
	open_store(f);
	assert_int_equal(count_entries(image_store_fd(f->store), "tmp"), 0);
}

static void nobody_else_gets_in(void **state)
{
	struct fixture *f = *state;
	cleanup_free char *path = NULL;
	struct err e = {0};
	int status;
	pid_t pid;

	load(f);
	path = xasprintf("%s/images/%s", f->dir.path, find(f, "web")->layers[0]);
	assert_int_equal(fchmod(f->dir.fd, 0755), 0);
	pid = fork();
	if (pid == 0) {
		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(2);
		_exit(access(path, F_OK) == 0 || errno != EACCES);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* A store that somebody has opened up is not used. */
	image_store_close(take(f->store));
	assert_int_equal(fchmodat(f->dir.fd, "images/l", 0755, 0), 0);
	assert_int_equal(image_store_open(f->dir.fd, &f->options, &f->store, &e), -EPERM);
	assert_non_null(strstr(e.msg, "images/l must be owned"));
	assert_int_equal(fchmodat(f->dir.fd, "images/l", 0700, 0), 0);
	open_store(f);
}

/* Cancelled at any step, a job leaves whole layers and nothing else (P24). */
static void cancelled_jobs_leave_nothing(void **state)
{
	struct fixture *f = *state;

	for (int steps = 0; steps < 12; steps++) {
		cleanup_close int fd =
			openat(f->dir.fd, "layout", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct image_job *job = NULL;
		struct err e = {0};
		int r = 0;

		assert_int_equal(image_load_start(f->store, fd, &job, &e), 0);
		for (int i = 0; i < steps && r == 0; i++) {
			struct pollfd p = {.fd = image_job_fd(job), .events = POLLIN};

			assert_true(poll(&p, 1, 10000) > 0);
			r = image_job_step(job, &e);
		}
		image_job_free(job);
		reopen(f);
		image_store_close(take(f->store));
		open_store(f);
		assert_int_equal(count_entries(image_store_fd(f->store), "tmp"), 0);
		if (r == 1)
			return;
		assert_int_equal(r, 0);
	}
	/* That many steps were not enough to finish: fine, too. */
}

int main(void)
{
#define STORE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		STORE_TEST(survives_reopening),
		STORE_TEST(layers_are_once_on_disk),
		STORE_TEST(removes_what_nothing_needs),
		STORE_TEST(running_jobs_pin_layers),
		STORE_TEST(breaks_are_dropped),
		STORE_TEST(nobody_else_gets_in),
		STORE_TEST(cancelled_jobs_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
