/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of pods follows the store, and says what the whole pod says. */
#include "tests/unit/unit.h"

#include "agent/control/briefs.h"
#include "agent/spec/spec.h"
#include "agent/status/pod_status.h"

struct fixture {
	struct scratch dir;
	struct store *store;
	struct briefs *briefs;
};

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);

	scratch_open(&f->dir);
	cleanup_free char *path = xasprintf("%s/store.db", f->dir.path);
	assert_int_equal(store_open(path, &clock_kernel, &f->store, NULL), 0);
	f->briefs = briefs_new();
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	briefs_free(f->briefs);
	store_close(f->store);
	scratch_close(&f->dir);
	free(f);
	return 0;
}

static const struct kind *pods(void)
{
	return kind_by_name("v1", "Pod");
}

static void create(struct fixture *f, const char *ns, const char *name)
{
	cleanup_json json_t *pod = json_pack("{s:{s:s,s:s,s:{s:s}},s:{s:s,s:s},s:{s:s}}",
		"metadata", "namespace", ns, "name", name, "labels", "app", "web", "spec",
		"nodeName", "here", "restartPolicy", "Always", "status", "phase", "Pending");

	assert_int_equal(store_create(f->store, pods(), pod, STORE_NORMAL, NULL), 0);
}

static void make_ready(struct fixture *f, const char *ns, const char *name)
{
	cleanup_json json_t *pod = NULL;

	assert_int_equal(store_get(f->store, pods(), ns, name, &pod, NULL), 0);
	json_put(pod, "status",
		json_pack("{s:s,s:[{s:s,s:s}],s:[{s:s,s:i}]}", "phase", "Running", "conditions",
			"type", "Ready", "status", "True", "containerStatuses", "name", "c",
			"restartCount", 4));
	assert_int_equal(store_update(f->store, pods(), pod, STORE_NORMAL, NULL), 0);
}

static json_t *list(struct fixture *f, const char *ns)
{
	json_t *all = NULL;

	assert_int_equal(briefs_list(f->briefs, f->store, ns, &all, NULL), 0);
	return all;
}

static void follows_the_store(void **state)
{
	struct fixture *f = *state;

	create(f, "shop", "a");
	create(f, "shop", "b");
	create(f, "other", "a");
	cleanup_json json_t *first = list(f, "shop");
	assert_int_equal(json_array_size(first), 2);
	assert_false(pod_is_ready(json_array_get(first, 0)));
	make_ready(f, "shop", "a");
	cleanup_json json_t *second = list(f, "shop");
	const json_t *a = json_array_get(second, 0), *b = json_array_get(second, 1);
	assert_true(pod_is_ready(a));
	assert_string_equal(json_str(json_map(a, "spec"), "nodeName"), "here");
	assert_string_equal(json_str(json_at(a, "metadata", "labels", NULL), "app"), "web");
	assert_int_equal(
		json_int(json_array_get(json_at(a, "status", "containerStatuses", NULL), 0),
			"restartCount", -1),
		4);
	/* What did not change is not read again. */
	assert_ptr_equal(b, json_array_get(first, 1));
	assert_null(json_object_get(json_map(a, "spec"), "restartPolicy"));
	assert_int_equal(store_delete(f->store, pods(), "shop", "a", NULL, NULL, NULL), 0);
	create(f, "shop", "a"); /* another one of the same name */
	cleanup_json json_t *third = list(f, "shop"), *other = list(f, "other");
	assert_int_equal(json_array_size(third), 2);
	assert_false(pod_is_ready(json_array_get(third, 0)));
	assert_int_equal(json_array_size(other), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(follows_the_store, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
