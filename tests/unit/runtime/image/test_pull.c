/* SPDX-License-Identifier: Apache-2.0 */
/* Pulling from Debian's docker-registry on the loopback, with the real skopeo. */
#include "tests/unit/runtime/image/registry.h"

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
