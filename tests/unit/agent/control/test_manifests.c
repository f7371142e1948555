/* SPDX-License-Identifier: Apache-2.0 */
/* Files become objects, changed files change them, removed files remove them; mistakes lose nothing. */
#include "tests/unit/unit.h"

#include "agent/control/deletion.h"
#include "agent/control/manifests.h"
#include "agent/spec/spec.h"
#include "agent/store/store.h"

struct fixture {
	struct scratch dir;
	int files;
	sd_event *loop;
	struct store *store;
	struct manifests *m;
	char said[1024];
	int n_said;
};

static void note(void *data, const char *file, const char *message)
{
	struct fixture *f = data;

	f->n_said++;
	(void)snprintf(f->said, sizeof f->said, "%s: %s", file, message);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);
	cleanup_free char *db = NULL, *path = NULL;
	cleanup_json json_t *ns = NULL;
	struct err e = {0};

	scratch_open(&f->dir);
	db = xasprintf("%s/store.db", f->dir.path);
	path = xasprintf("%s/manifests", f->dir.path);
	f->files = fs_open_dir(f->dir.fd, "manifests", 0700);
	ns = json_pack("{s:s,s:s,s:{s:s}}", "apiVersion", "v1", "kind", "Namespace", "metadata",
		"name", "default");
	assert_true(sd_event_new(&f->loop) >= 0);
	if (store_open(db, &clock_kernel, &f->store, &e) < 0 ||
		store_create(f->store, kind_by_name("v1", "Namespace"), ns, STORE_NORMAL, &e) < 0 ||
		manifests_open(
			f->loop, f->store, &clock_kernel, f->files, path, note, f, &f->m, &e) < 0)
		fail_msg("%s", err_text(&e));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	manifests_close(f->m);
	store_close(f->store);
	sd_event_unref(f->loop);
	(void)close(f->files);
	scratch_close(&f->dir);
	free(f);
	return 0;
}

static void put(struct fixture *f, const char *name, const char *text)
{
	assert_int_equal(fs_write_atomic(f->files, name, text, strlen(text), 0600, FS_NO_SYNC), 0);
}

/* Lets the loop do what is due. */
static void turn(struct fixture *f)
{
	for (int i = 0; i < 20 && sd_event_run(f->loop, 10000) > 0; i++)
		;
}

static json_t *get(struct fixture *f, const char *word, const char *name)
{
	json_t *object = NULL;

	(void)store_get(f->store, kind_by_word(word), "default", name, &object, NULL);
	return object;
}

#define CONFIG(value)                                                                              \
	"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  key: " value "\n"
#define POD(image)                                                                                 \
	"apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: c\n"     \
	"    image: " image "\n"

static void files_are_followed(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *first = NULL, *second = NULL;

	put(f, "c.yaml", CONFIG("one"));
	put(f, "ignored.txt", "nonsense: [");
	turn(f);
	first = get(f, "configmap", "c");
	assert_string_equal(json_str(json_map(first, "data"), "key"), "one");
	assert_string_equal(
		json_str(json_at(first, "metadata", "annotations", NULL), MANIFEST_ANNOTATION),
		"c.yaml");
	put(f, "c.yaml", CONFIG("two"));
	turn(f);
	second = get(f, "configmap", "c");
	assert_string_equal(json_str(json_map(second, "data"), "key"), "two");
	assert_int_equal(manifests_sync(f->m), 0);
	assert_int_equal(unlinkat(f->files, "c.yaml", 0), 0);
	turn(f);
	assert_null(get(f, "configmap", "c"));
	assert_int_equal(f->n_said, 0);
}

static void what_is_deleted_comes_back(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *again = NULL;

	put(f, "c.yaml", CONFIG("one"));
	turn(f);
	assert_int_equal(
		store_delete(f->store, kind_by_word("configmap"), "default", "c", NULL, NULL, NULL),
		0);
	turn(f);
	again = get(f, "configmap", "c");
	assert_non_null(again);
}

static void a_mistake_keeps_what_was(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *kept = NULL, *mended = NULL;

	put(f, "c.yaml", CONFIG("one"));
	turn(f);
	put(f, "c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndta:\n  key: x\n");
	turn(f);
	kept = get(f, "configmap", "c");
	assert_string_equal(json_str(json_map(kept, "data"), "key"), "one");
	assert_int_equal(f->n_said, 1);
	assert_non_null(strstr(f->said, "c.yaml: line 5"));
	assert_non_null(strstr(f->said, "dta"));
	(void)manifests_sync(f->m);
	assert_int_equal(f->n_said, 1);
	put(f, "c.yaml", "a: [");
	turn(f);
	assert_int_equal(f->n_said, 2);
	put(f, "c.yaml", CONFIG("three"));
	turn(f);
	mended = get(f, "configmap", "c");
	assert_string_equal(json_str(json_map(mended, "data"), "key"), "three");
}

static void others_objects_are_left_alone(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *own =
		json_pack("{s:s,s:s,s:{s:s,s:s},s:{s:s}}", "apiVersion", "v1", "kind", "ConfigMap",
			"metadata", "name", "c", "namespace", "default", "data", "key", "mine");
	cleanup_json json_t *kept = NULL;

	assert_int_equal(
		store_create(f->store, kind_by_word("configmap"), own, STORE_NORMAL, NULL), 0);
	put(f, "c.yaml", CONFIG("one"));
	turn(f);
	kept = get(f, "configmap", "c");
	assert_string_equal(json_str(json_map(kept, "data"), "key"), "mine");
	assert_non_null(strstr(f->said, "made by somebody else"));
	assert_int_equal(unlinkat(f->files, "c.yaml", 0), 0);
	turn(f);
	json_decref(take(kept));
	kept = get(f, "configmap", "c");
	assert_non_null(kept);
}

static void a_pod_that_cannot_change_is_made_anew(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *first = NULL, *marked = NULL, *second = NULL;

	put(f, "p.yaml", POD("busybox:1") "    command: [a]\n");
	turn(f);
	first = get(f, "pod", "p");
	assert_non_null(first);
	put(f, "p.yaml", POD("busybox:1") "    command: [b]\n");
	turn(f);
	marked = get(f, "pod", "p");
	assert_true(deletion_is_begun(marked));
	/* What the pod's worker does when the last process has gone. */
	assert_int_equal(
		store_delete(f->store, kind_by_word("pod"), "default", "p", NULL, NULL, NULL), 0);
	turn(f);
	second = get(f, "pod", "p");
	assert_false(streq(json_str(json_map(first, "metadata"), "uid"),
		json_str(json_map(second, "metadata"), "uid")));
	assert_int_equal(f->n_said, 0);
}

static void namespaces_come_first(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *c = NULL;

	put(f, "a.yaml",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: "
		"shop}\n---\n" CONFIG("x"));
	put(f, "z.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n");
	turn(f);
	assert_int_equal(store_get(f->store, kind_by_word("configmap"), "shop", "c", &c, NULL), 0);
	assert_int_equal(f->n_said, 0);
}

int main(void)
{
#define WITH_STORE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_STORE(files_are_followed),
		WITH_STORE(what_is_deleted_comes_back),
		WITH_STORE(a_mistake_keeps_what_was),
		WITH_STORE(others_objects_are_left_alone),
		WITH_STORE(a_pod_that_cannot_change_is_made_anew),
		WITH_STORE(namespaces_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
