/* SPDX-License-Identifier: Apache-2.0 */
/* Deletion and its propagation, over a real store: who goes, who stays, in which order. */
#include "tests/unit/unit.h"

#include "agent/control/collect.h"
#include "agent/control/deletion.h"
#include "agent/spec/spec.h"

struct fixture {
	struct scratch dir;
	struct reconcile ctx;
	struct clock clock;
	uint64_t wall_ns;
};

static uint64_t fixture_now(void *data)
{
	return ((struct fixture *)data)->wall_ns;
}

static json_t *parse(const char *text)
{
	json_t *j = NULL;
	struct err e = {0};

	if (json_parse(sv(text), &j, &e) < 0)
		fail_msg("%s: %s", text, err_text(&e));
	return j;
}

static const struct kind *kind(const char *word)
{
	const struct kind *k = kind_by_word(word);

	assert_non_null(k);
	return k;
}

/* Stores an object of @word named @name, owned by @owner (an object that was made before, or NULL). */
static json_t *make(struct fixture *f, const char *word, const char *name, const json_t *owner)
{
	const struct kind *k = kind(word);
	json_t *object = parse("{\"metadata\":{}}"), *metadata = json_map(object, "metadata");
	struct err e = {0};

	json_put_str(object, "apiVersion", kind_api_version(k));
	json_put_str(object, "kind", k->kind);
	json_put_str(metadata, "name", name);
	if (k->namespaced)
		json_put_str(metadata, "namespace", "default");
	if (owner) {
		const json_t *m = json_map(owner, "metadata");

		json_put(metadata, "ownerReferences",
			json_pack("[{s:s,s:s,s:s,s:s,s:b}]", "apiVersion", "v1", "kind",
				json_str(owner, "kind"), "name", json_str(m, "name"), "uid",
				json_str(m, "uid"), "controller", 1));
	}
	if (streq(k->kind, "Pod"))
		json_put(object, "spec", json_pack("{s:i}", "terminationGracePeriodSeconds", 20));
	if (store_create(f->ctx.store, k, object, STORE_NORMAL, &e) < 0)
		fail_msg("%s", err_text(&e));
	return object;
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);
	cleanup_free char *path = NULL;
	struct err e = {0};

	f->wall_ns = 1795379281ull * NS_PER_SEC;
	f->clock = (struct clock){fixture_now, fixture_now, f};
	scratch_open(&f->dir);
	path = xasprintf("%s/store.db", f->dir.path);
	f->ctx.clock = &f->clock;
	if (store_open(path, &f->clock, &f->ctx.store, &e) < 0 ||
		recorder_new(f->ctx.store, &f->clock, "vm", &f->ctx.recorder, &e) < 0)
		fail_msg("%s", err_text(&e));
	json_decref(make(f, "namespace", "default", NULL));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	recorder_free(f->ctx.recorder);
	store_close(f->ctx.store);
	scratch_close(&f->dir);
	free(f);
	return 0;
}

/* "gone", "marked" or "there". */
static const char *fate(struct fixture *f, const char *word, const char *name)
{
	const struct kind *k = kind(word);
	cleanup_json json_t *object = NULL;

	if (store_get(f->ctx.store, k, k->namespaced ? "default" : "", name, &object, NULL) < 0)
		return "gone";
	return deletion_is_begun(object) ? "marked" : "there";
}

static int ask(
	struct fixture *f, const char *word, const char *name, enum propagation p, int64_t grace)
{
	const struct kind *k = kind(word);
	const struct deletion how = {.grace_seconds = grace, .propagation = p};
	struct err e = {0};
	int r = deletion_begin(f->ctx.store, f->ctx.clock, k, k->namespaced ? "default" : "", name,
		&how, NULL, &e);

	if (r < 0)
		fail_msg("%s", err_text(&e));
	return r;
}

static void collect(struct fixture *f, const char *word, const char *name)
{
	const struct kind *k = kind(word);
	struct err e = {0};

	if (collect_object(&f->ctx, k, k->namespaced ? "default" : "", name, &e) < 0)
		fail_msg("%s", err_text(&e));
}

/* What the pod's worker does when the last process has gone. */
static void pod_is_empty(struct fixture *f, const char *name)
{
	cleanup_json json_t *last = NULL;

	assert_int_equal(
		store_delete(f->ctx.store, kind("pod"), "default", name, NULL, &last, NULL), 0);
	assert_int_equal(collect_after(&f->ctx, last, NULL), 0);
}

static void grace_is_shortened_never_lengthened(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *pod = NULL;

	json_decref(make(f, "pod", "a", NULL));
	assert_int_equal(ask(f, "pod", "a", PROPAGATION_BACKGROUND, -1), 0);
	assert_int_equal(ask(f, "pod", "a", PROPAGATION_BACKGROUND, 60), 0);
	assert_int_equal(store_get(f->ctx.store, kind("pod"), "default", "a", &pod, NULL), 0);
	assert_string_equal(
		json_str(json_map(pod, "metadata"), "deletionTimestamp"), "2026-11-22T20:28:21Z");
	assert_int_equal(ask(f, "pod", "a", PROPAGATION_BACKGROUND, 0), 0);
	json_decref(take(pod));
	assert_int_equal(store_get(f->ctx.store, kind("pod"), "default", "a", &pod, NULL), 0);
	assert_int_equal(json_int(json_map(pod, "metadata"), "deletionGracePeriodSeconds", 9), 0);
}

static void preconditions_hold(void **state)
{
	struct fixture *f = *state;
	const struct store_precondition other = {.uid = "another"};
	const struct deletion how = {.grace_seconds = -1, .precondition = &other};

	json_decref(make(f, "pod", "a", NULL));
	json_decref(make(f, "configmap", "c", NULL));
	assert_int_equal(deletion_begin(f->ctx.store, f->ctx.clock, kind("pod"), "default", "a",
				 &how, NULL, NULL),
		-ESTALE);
	assert_int_equal(deletion_begin(f->ctx.store, f->ctx.clock, kind("configmap"), "default",
				 "c", &how, NULL, NULL),
		-ESTALE);
	assert_string_equal(fate(f, "pod", "a"), "there");
	assert_string_equal(fate(f, "configmap", "c"), "there");
}

static void background_owner_first(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *rc = make(f, "rc", "web", NULL);

	json_decref(make(f, "pod", "a", rc));
	json_decref(make(f, "pod", "other", NULL));
	assert_int_equal(ask(f, "rc", "web", PROPAGATION_BACKGROUND, -1), 1);
	assert_int_equal(collect_after(&f->ctx, rc, NULL), 0);
	assert_string_equal(fate(f, "pod", "a"), "marked");
	assert_string_equal(fate(f, "pod", "other"), "there");
}

static void orphans_stay(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *rc = make(f, "rc", "web", NULL), *pod = NULL;

	json_decref(make(f, "pod", "a", rc));
	assert_int_equal(ask(f, "rc", "web", PROPAGATION_ORPHAN, -1), 0);
	collect(f, "rc", "web");
	assert_string_equal(fate(f, "rc", "web"), "gone");
	assert_int_equal(collect_after(&f->ctx, rc, NULL), 0);
	assert_string_equal(fate(f, "pod", "a"), "there");
	assert_int_equal(store_get(f->ctx.store, kind("pod"), "default", "a", &pod, NULL), 0);
	assert_null(json_at(pod, "metadata", "ownerReferences", NULL));
}

static void foreground_owner_last(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *rc = make(f, "rc", "web", NULL);

	json_decref(make(f, "pod", "a", rc));
	json_decref(make(f, "configmap", "c", rc));
	assert_int_equal(ask(f, "rc", "web", PROPAGATION_FOREGROUND, -1), 0);
	collect(f, "rc", "web");
	assert_string_equal(fate(f, "rc", "web"), "marked");
	assert_string_equal(fate(f, "pod", "a"), "marked");
	assert_string_equal(fate(f, "configmap", "c"), "gone");
	pod_is_empty(f, "a");
	assert_string_equal(fate(f, "rc", "web"), "gone");
}

static void who_lost_its_owner_is_found(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *gone = parse("{\"kind\":\"ReplicationController\",\"metadata\":{"
					  "\"name\":\"web\",\"uid\":\"x\"}}");
	cleanup_json json_t *strange =
		parse("{\"kind\":\"Strange\",\"metadata\":{\"name\":\"s\",\"uid\":\"y\"}}");

	json_decref(make(f, "pod", "a", gone));
	json_decref(make(f, "pod", "b", strange));
	collect(f, "pod", "a");
	collect(f, "pod", "b");
	assert_string_equal(fate(f, "pod", "a"), "marked");
	assert_string_equal(fate(f, "pod", "b"), "there");
}

static void finalizers_hold(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *c = make(f, "configmap", "c", NULL);

	json_put(json_map(c, "metadata"), "finalizers", json_pack("[s]", "example.com/hold"));
	assert_int_equal(store_update(f->ctx.store, kind("configmap"), c, STORE_NORMAL, NULL), 0);
	assert_int_equal(ask(f, "configmap", "c", PROPAGATION_BACKGROUND, -1), 0);
	collect(f, "configmap", "c");
	assert_string_equal(fate(f, "configmap", "c"), "marked");
	json_decref(take(c));
	assert_int_equal(store_get(f->ctx.store, kind("configmap"), "default", "c", &c, NULL), 0);
	(void)json_object_del(json_map(c, "metadata"), "finalizers");
	assert_int_equal(store_update(f->ctx.store, kind("configmap"), c, STORE_NORMAL, NULL), 0);
	collect(f, "configmap", "c");
	assert_string_equal(fate(f, "configmap", "c"), "gone");
}

static void a_namespace_goes_with_its_last_object(void **state)
{
	struct fixture *f = *state;

	json_decref(make(f, "pod", "a", NULL));
	json_decref(make(f, "secret", "s", NULL));
	assert_int_equal(ask(f, "namespace", "default", PROPAGATION_BACKGROUND, -1), 0);
	collect(f, "namespace", "default");
	assert_string_equal(fate(f, "secret", "s"), "gone");
	assert_string_equal(fate(f, "pod", "a"), "marked");
	assert_string_equal(fate(f, "namespace", "default"), "marked");
	pod_is_empty(f, "a");
	assert_string_equal(fate(f, "namespace", "default"), "gone");
}

int main(void)
{
#define WITH_STORE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_STORE(grace_is_shortened_never_lengthened),
		WITH_STORE(preconditions_hold),
		WITH_STORE(background_owner_first),
		WITH_STORE(orphans_stay),
		WITH_STORE(foreground_owner_last),
		WITH_STORE(who_lost_its_owner_is_found),
		WITH_STORE(finalizers_hold),
		WITH_STORE(a_namespace_goes_with_its_last_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
