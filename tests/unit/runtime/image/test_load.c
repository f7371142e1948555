/* SPDX-License-Identifier: Apache-2.0 */
/* Loading archives: OCI and docker save, plain and packed, and archives that lie. */
#include "tests/unit/runtime/image/images.h"

struct fixture {
	struct scratch dir;
	char *unpack;
	struct image_options options;
	struct image_store *store;
};

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);
	struct err e = {0};

	scratch_open(&f->dir);
	f->unpack = unpack_program();
	f->options = (struct image_options){.unpack_path = f->unpack, .arch = "amd64"};
	if (image_store_open(f->dir.fd, &f->options, &f->store, &e) < 0)
		fail_msg("%s", err_text(&e));
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

static int load_file(struct fixture *f, const char *name, struct err *e)
{
	cleanup_close int fd = openat(f->dir.fd, name, O_RDONLY | O_CLOEXEC);
	struct image_job *job = NULL;
	int r = image_load_start(f->store, fd, &job, e);

	return r < 0 ? r : run_job(job, e);
}

static int load_bytes(struct fixture *f, const struct str *bytes, struct err *e)
{
	assert_int_equal(
		fs_write_atomic(f->dir.fd, "archive", bytes->p, bytes->n, 0600, FS_NO_SYNC), 0);
	return load_file(f, "archive", e);
}

static void must_fail(struct fixture *f, const struct str *bytes, const char *word)
{
	struct err e = {0};

	assert_case(load_bytes(f, bytes, &e) < 0, word);
	if (!strstr(e.msg, word))
		fail_msg("\"%s\" is not in \"%s\"", word, e.msg);
	assert_int_equal(count_entries(image_store_fd(f->store), "i"), 0);
	assert_int_equal(count_entries(image_store_fd(f->store), "tmp"), 0);
}

static void add_file(struct str *tar, const char *path, const char *text)
{
	tar_put_raw(tar, '0', path, text, strlen(text));
}

/* A small docker save archive. @layer_path is where its manifest says that the layer is. */
static void docker_archive(struct str *out, const char *layer_path, const char *refs)
{
	struct layer_blob layer;
	struct digest diff_id;
	cleanup_free char *config = NULL, *manifest = NULL;

	one_file_layer(&layer, "file", "contents");
	diff_id = digest_of(layer.tar.p, layer.tar.n);
	config = xasprintf(
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[\"%s\"]}}",
		diff_id.text);
	manifest = xasprintf("[{\"Config\":\"config.json\",\"RepoTags\":%s,\"Layers\":[\"%s\"]}]",
		refs, layer_path);
	add_file(out, "manifest.json", manifest);
	add_file(out, "config.json", config);
	tar_put_raw(out, '0', "abc/layer.tar", layer.tar.p, layer.tar.n);
	tar_put(out, &(struct member){'2', "def/layer.tar", "../abc/layer.tar"});
	tar_put(out, &(struct member){'2', "evil", "/etc/hostname"});
	tar_put(out, &(struct member){'6', "fifo"});
	tar_end(out);
	layer_blob_done(&layer);
}

static void loads_docker_archives(void **state)
{
	static const char *const paths[] = {
		"abc/layer.tar", "def/layer.tar", "/def/../abc/layer.tar"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		cleanup_str struct str plain = {0}, packed = {0};
		const struct image *one = NULL, *two = NULL;
		struct err e = {0};

		docker_archive(&plain, paths[i], "[\"one:1\",\"h.io/two:2\"]");
		gzip_add(&packed, plain.p, plain.n);
		if (load_bytes(f, i ? &packed : &plain, &e) != 1)
			fail_msg("%s: %s", paths[i], err_text(&e));
		assert_int_equal(image_find(f->store, "one:1", &one, NULL), 0);
		assert_int_equal(image_find(f->store, "h.io/two:2", &two, NULL), 0);
		assert_string_equal(one->id, two->id);
		assert_string_equal(one->layers[0], two->layers[0]);
	}
}

static void nameless_images_have_an_id(void **state)
{
	struct fixture *f = *state;
	cleanup_str struct str archive = {0};
	const struct image *image = NULL;
	cleanup_free const struct image **list = NULL;
	struct err e = {0};

	docker_archive(&archive, "abc/layer.tar", "null");
	assert_int_equal(load_bytes(f, &archive, &e), 1);
	assert_int_equal(image_list(f->store, &list), 1);
	assert_string_equal(list[0]->ref, list[0]->id);
	assert_int_equal(image_find(f->store, list[0]->id, &image, NULL), 0);
	assert_int_equal(image_remove(f->store, image->id, NULL), 0);
}

static void loads_what_skopeo_and_tar_wrote(void **state)
{
	struct fixture *f = *state;
	struct layer_blob layers[2];
	struct layout l;
	cleanup_free char *source = xasprintf("oci:%s/layout:web", f->dir.path);
	cleanup_free char *oci = xasprintf("oci-archive:%s/oci.tar:h.io/web:3", f->dir.path);
	cleanup_free char *docker =
		xasprintf("docker-archive:%s/docker.tar:h.io/web:4", f->dir.path);
	const char *const to_oci[] = {
		"/usr/bin/skopeo", "--insecure-policy", "copy", "-q", source, oci, NULL};
	const char *const to_docker[] = {
		"/usr/bin/skopeo", "--insecure-policy", "copy", "-q", source, docker, NULL};
	static const char *const refs[] = {"h.io/web:3", "h.io/web:4"};
	struct err e = {0};

	one_file_layer(&layers[0], "a", "alpha");
	one_file_layer(&layers[1], "b", "beta");
	layout_open(&l, f->dir.fd, "layout");
	layout_image(&l, "web", layers, 2, "{\"Cmd\":[\"/b\"]}");
	layout_close(&l);
	assert_int_equal(run_program(to_oci), 0);
	assert_int_equal(run_program(to_docker), 0);
	if (load_file(f, "oci.tar", &e) != 1 || load_file(f, "docker.tar", &e) != 1)
		fail_msg("%s", err_text(&e));
	for (size_t i = 0; i < ARRAY_SIZE(refs); i++) {
		const struct image *image = NULL;

		assert_int_equal(image_find(f->store, refs[i], &image, &e), 0);
		assert_int_equal(image->n_layers, 2);
		assert_string_equal(image->config.cmd[0], "/b");
	}
	/* The same layers, packed or not. */
	assert_int_equal(count_entries(image_store_fd(f->store), "l"), 2);
	layer_blob_done(&layers[0]);
	layer_blob_done(&layers[1]);
}

static void refuses_archives_that_lie(void **state)
{
	static const struct {
		const char *layer_path, *word;
	} cases[] = {
		{"evil", "evil"},
		{"fifo", "is no file"},
		{"abc", "is no file"},
		{"nothing", "No such file"},
		{"../../../etc/passwd", "etc/passwd"},
		{"config.json", "layer sha256:"},
	};
	struct fixture *f = *state;
	cleanup_str struct str none = {0}, junk = {0}, bad_name = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_str struct str archive = {0};

		docker_archive(&archive, cases[i].layer_path, "[\"x:1\"]");
		must_fail(f, &archive, cases[i].word);
	}
	add_file(&none, "readme", "hello");
	tar_end(&none);
	must_fail(f, &none, "neither index.json (OCI) nor manifest.json");
	str_add(&junk, "this is not an archive");
	must_fail(f, &junk, "reading the archive");
	docker_archive(&bad_name, "abc/layer.tar", "[\"No:Such:Name\"]");
	must_fail(f, &bad_name, "image reference");
	assert_int_equal(image_load_start(f->store, -1, &(struct image_job *){NULL}, NULL), -EBADF);
}

static void refuses_layouts_that_lie(void **state)
{
	struct fixture *f = *state;
	struct layer_blob layer;
	struct layout l;
	const char *hex;
	struct err e = {0};

	one_file_layer(&layer, "a", "alpha");
	layout_open(&l, f->dir.fd, "layout");
	layout_image(&l, "web", &layer, 1, NULL);
	hex = strchr(json_str(json_array_get(l.manifests, 0), "digest"), ':') + 1;
	{
		cleanup_close int blobs = fs_open_dir(l.fd, "blobs/sha256", 0755);
		struct digest blob = digest_of(layer.blob.p, layer.blob.n);
		cleanup_free char *manifest = NULL;
		size_t n;

		/* The layer's file has other bytes than its name. */
		layer.blob.p[layer.blob.n / 2] ^= 1;
		assert_int_equal(fs_write_atomic(blobs, digest_hex(&blob), layer.blob.p,
					 layer.blob.n, 0644, FS_NO_SYNC),
			0);
		assert_true(load_layout(f->store, f->dir.fd, "layout", &e) < 0);
		assert_non_null(strstr(e.msg, "layer sha256:"));
		/* The manifest has. */
		assert_int_equal(fs_read(blobs, hex, 1 << 20, &manifest, &n), 0);
		manifest[n - 2] = ' ';
		assert_int_equal(fs_write_atomic(blobs, hex, manifest, n, 0644, FS_NO_SYNC), 0);
		assert_int_equal(load_layout(f->store, f->dir.fd, "layout", &e), -EBADMSG);
		assert_non_null(strstr(e.msg, "other contents than its name says"));
		/* A link to outside stands in its place. */
		assert_int_equal(unlinkat(blobs, hex, 0), 0);
		assert_int_equal(symlinkat("/etc/hostname", blobs, hex), 0);
		assert_true(load_layout(f->store, f->dir.fd, "layout", &e) < 0);
	}
	assert_int_equal(count_entries(image_store_fd(f->store), "i"), 0);
	assert_int_equal(count_entries(image_store_fd(f->store), "l"), 0);
	layout_close(&l);
	layer_blob_done(&layer);
}

static void other_machines_are_refused(void **state)
{
	struct fixture *f = *state;
	struct layer_blob layer;
	struct layout l;
	struct err e = {0};

	one_file_layer(&layer, "a", "alpha");
	layout_open(&l, f->dir.fd, "layout");
	layout_image(&l, "web", &layer, 1, NULL);
	f->options.arch = "arm64";
	image_store_close(take(f->store));
	assert_int_equal(image_store_open(f->dir.fd, &f->options, &f->store, &e), 0);
	assert_int_equal(load_layout(f->store, f->dir.fd, "layout", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "made for linux/amd64, this machine is linux/arm64"));
	layout_close(&l);
	layer_blob_done(&layer);
}

int main(void)
{
#define LOAD_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		LOAD_TEST(loads_docker_archives),
		LOAD_TEST(nameless_images_have_an_id),
		LOAD_TEST(loads_what_skopeo_and_tar_wrote),
		LOAD_TEST(refuses_archives_that_lie),
		LOAD_TEST(refuses_layouts_that_lie),
		LOAD_TEST(other_machines_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
