/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of pulling share: two of Debian's docker-registry on the loopback, filled, and a store.
 */
#ifndef TESTS_UNIT_RUNTIME_IMAGE_REGISTRY_H
#define TESTS_UNIT_RUNTIME_IMAGE_REGISTRY_H

#include "tests/unit/runtime/image/images.h"
#include "tests/unit/runtime/image/port.h"

#include <signal.h>

struct registry {
	struct child child;
	char address[32]; /* 127.0.0.1:PORT */
};

struct fixture {
	struct scratch dir;
	struct registry open, guarded; /* the second wants user "berth", password "ahoy" */
	char *unpack, *registries_conf, *other_conf;
	struct image_options options;
	struct image_store *store;
};

/* bcrypt of "ahoy", cost 4. */
static const char htpasswd[] =
	"berth:$2y$04$abcdefghijklmnopqrstuujCUVddhcH1ZZnJZcizJ0heUWeHeLLDS\n";

BUILDS void registry_start(
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

BUILDS void push(const struct fixture *f, const struct registry *r, const char *layout,
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
BUILDS void make_images(struct fixture *f)
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

BUILDS void open_store(struct fixture *f)
{
	struct err e = {0};

	if (image_store_open(f->dir.fd, &f->options, &f->store, &e) < 0)
		fail_msg("%s", err_text(&e));
}

BUILDS int set_up(void **state)
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

BUILDS int tear_down(void **state)
{
	struct fixture *f = *state;

	child_kill(&f->open.child);
	child_kill(&f->guarded.child);
	scratch_close(&f->dir);
	free(f->unpack);
	free(f->registries_conf);
	free(f->other_conf);
	free(f);
	return 0;
}

BUILDS int fresh_store(void **state)
{
	open_store(*state);
	return 0;
}

BUILDS int drop_store(void **state)
{
	struct fixture *f = *state;

	image_store_close(take(f->store));
	assert_int_equal(fs_remove_tree(f->dir.fd, "images"), 0);
	return 0;
}

BUILDS int pull(struct fixture *f, const struct registry *r, const char *name, const char *auth,
	struct err *e)
{
	cleanup_free char *ref = xasprintf("%s/%s", r->address, name);
	struct image_job *job = NULL;
	int result = image_pull_start(f->store, ref, auth, &job, e);

	return result < 0 ? result : run_job(job, e);
}

BUILDS void must_pull(struct fixture *f, const char *name)
{
	struct err e = {0};

	if (pull(f, &f->open, name, NULL, &e) != 1)
		fail_msg("%s: %s", name, err_text(&e));
}

BUILDS const struct image *find(struct fixture *f, const char *name)
{
	cleanup_free char *ref = xasprintf("%s/%s", f->open.address, name);
	const struct image *i = NULL;

	assert_int_equal(image_find(f->store, ref, &i, NULL), 0);
	return i;
}

#endif
