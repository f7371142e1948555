/* SPDX-License-Identifier: Apache-2.0 */
/* How many pods, whose, and which go first; then the same through a real store. */
#include "tests/unit/unit.h"

#include "agent/control/deletion.h"
#include "agent/control/replication.h"
#include "agent/spec/spec.h"
#include "agent/status/pod_status.h"

#define NOW (1795379281ull * NS_PER_SEC) /* 2026-11-22T20:28:01Z */

static json_t *parse(const char *text)
{
	json_t *j = NULL;
	struct err e = {0};

	if (json_parse(sv(text), &j, &e) < 0)
		fail_msg("%s: %s", text, err_text(&e));
	return j;
}

static json_t *controller(int replicas)
{
	json_t *rc = parse(
		"{\"apiVersion\":\"v1\",\"kind\":\"ReplicationController\","
		"\"metadata\":{\"name\":\"web\",\"namespace\":\"default\",\"uid\":\"rc-1\"},"
		"\"spec\":{\"selector\":{\"app\":\"web\"},\"template\":{\"metadata\":{\"labels\":"
		"{\"app\":\"web\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":"
		"\"busybox\"}]}}}}");

	json_put_int(json_map(rc, "spec"), "replicas", replicas);
	return rc;
}

/* A pod in short: who owns it, does the selector take it, and what it is like. */
struct shape {
	const char *name, *owner; /* owner: uid or NULL */
	const char *app;
	const char *phase;
	bool ready, marked;
	int restarts;
	const char *created;
};

static json_t *pod_of(const struct shape *s)
{
	json_t *pod =
		parse("{\"metadata\":{\"labels\":{}},\"spec\":{\"nodeName\":\"vm\"},\"status\":"
		      "{\"containerStatuses\":[{}]}}");
	json_t *metadata = json_map(pod, "metadata"), *status = json_map(pod, "status");

	json_put_str(metadata, "name", s->name);
	json_put_str(metadata, "creationTimestamp", s->created);
	json_put_str(json_map(metadata, "labels"), "app", s->app ? s->app : "web");
	if (s->owner)
		json_put(metadata, "ownerReferences",
			json_pack("[{s:s,s:b}]", "uid", s->owner, "controller", 1));
	if (s->marked)
		json_put_str(metadata, "deletionTimestamp", "2026-11-22T20:28:01Z");
	json_put_str(status, "phase", s->phase ? s->phase : "Running");
	json_put_int(json_array_get(json_list(status, "containerStatuses"), 0), "restartCount",
		s->restarts);
	json_put(status, "conditions",
		json_pack("[{s:s,s:s,s:s}]", "type", "Ready", "status", s->ready ? "True" : "False",
			"lastTransitionTime", "2026-11-22T20:28:00Z"));
	return pod;
}

static const struct {
	const char *name;
	int replicas;
	struct shape pods[4];
	const char *actions; /* "create", "delete NAME" …, one after the other */
} cases[] = {
	{"nothing there", 2, {{0}}, "create create "},
	{"enough", 1, {{.name = "a", .owner = "rc-1"}}, ""},
	{"of another controller", 1, {{.name = "a", .owner = "rc-2"}}, "create "},
	{"of nobody", 1, {{.name = "a"}}, "adopt a "},
	{"of nobody, other labels", 0, {{.name = "a", .app = "db"}}, ""},
	{"label was changed", 1, {{.name = "a", .owner = "rc-1", .app = "db"}},
		"release a create "},
	{"one is ending", 1, {{.name = "a", .owner = "rc-1", .marked = true}}, "create "},
	{"one has failed", 1, {{.name = "a", .owner = "rc-1", .phase = "Failed"}}, "create "},
	{"unready goes first", 1,
		{{.name = "a", .owner = "rc-1", .ready = true}, {.name = "b", .owner = "rc-1"}},
		"delete b "},
	{"pending goes before unready", 1,
		{{.name = "a", .owner = "rc-1"},
			{.name = "b", .owner = "rc-1", .phase = "Pending"}},
		"delete b "},
	{"crashing goes first", 1,
		{{.name = "a", .owner = "rc-1", .ready = true},
			{.name = "b", .owner = "rc-1", .ready = true, .restarts = 3}},
		"delete b "},
	{"younger goes first", 1,
		{{.name = "a", .owner = "rc-1", .ready = true, .created = "2026-11-22T20:00:01Z"},
			{.name = "b",
				.owner = "rc-1",
				.ready = true,
				.created = "2026-11-22T20:00:02Z"}},
		"delete b "},
	{"to none", 0,
		{{.name = "a", .owner = "rc-1"}, {.name = "b", .owner = "rc-1", .ready = true}},
		"delete a delete b "},
};

static char *words(const struct replication_decision *d)
{
	static const char *const verbs[] = {"adopt", "release", "create", "delete"};
	struct str s = {0};

	for (size_t i = 0; i < d->n; i++) {
		const char *name = json_str(json_map(d->actions[i].pod, "metadata"), "name");

		str_addf(&s, "%s ", verbs[d->actions[i].verb]);
		if (name)
			str_addf(&s, "%s ", name);
	}
	return str_take(&s);
}

static void decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *rc = controller(cases[i].replicas), *pods = json_array();
		struct replication_decision d;
		cleanup_free char *actions = NULL;

		for (size_t k = 0; k < ARRAY_SIZE(cases[i].pods) && cases[i].pods[k].name; k++)
			json_push(pods, pod_of(&cases[i].pods[k]));
		replication_decide(rc, pods, NOW, &d);
		actions = words(&d);
		if (!streq(actions, cases[i].actions))
			fail_msg("case \"%s\": %s", cases[i].name, actions);
		replication_decision_done(&d);
	}
}

static void a_deleted_controller_does_nothing(void **state)
{
	static const struct shape shapes[] = {{.name = "a"}};
	cleanup_json json_t *rc = controller(3), *pods = json_array();
	struct replication_decision d;

	(void)state;
	json_push(pods, pod_of(&shapes[0]));
	json_put_str(json_map(rc, "metadata"), "deletionTimestamp", "2026-11-22T20:28:01Z");
	replication_decide(rc, pods, NOW, &d);
	assert_int_equal(d.n, 0);
	replication_decision_done(&d);
}

static void counts_and_waits_for_availability(void **state)
{
	static const struct shape shapes[] = {
		{.name = "a", .owner = "rc-1", .ready = true}, {.name = "b", .owner = "rc-1"}};
	cleanup_json json_t *rc = controller(2), *pods = json_array();
	struct replication_decision d;

	(void)state;
	json_push(pods, pod_of(&shapes[0]));
	json_push(pods, pod_of(&shapes[1]));
	json_put_int(json_map(rc, "spec"), "minReadySeconds", 10);
	replication_decide(rc, pods, NOW, &d);
	assert_int_equal(json_int(d.status, "replicas", 0), 2);
	assert_int_equal(json_int(d.status, "fullyLabeledReplicas", 0), 2);
	assert_int_equal(json_int(d.status, "readyReplicas", 0), 1);
	assert_int_equal(json_int(d.status, "availableReplicas", 9), 0);
	assert_true(d.again_wall_ns == NOW + 9 * NS_PER_SEC);
	replication_decision_done(&d);
	replication_decide(rc, pods, NOW + 9 * NS_PER_SEC, &d);
	assert_int_equal(json_int(d.status, "availableReplicas", 0), 1);
	assert_true(d.again_wall_ns == 0);
	replication_decision_done(&d);
	/* The clock was set back ten years. */
	replication_decide(rc, pods, NOW - 10 * 365 * 24 * 3600 * NS_PER_SEC, &d);
	assert_int_equal(json_int(d.status, "availableReplicas", 0), 1);
	assert_true(d.again_wall_ns == 0);
	replication_decision_done(&d);
}

/* ---- with a store -------------------------------------------------------------------------------------- */

struct fixture {
	struct scratch dir;
	struct reconcile ctx;
};

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);
	cleanup_free char *path = NULL;
	cleanup_json json_t *ns = parse("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\","
					"\"metadata\":{\"name\":\"default\"}}");
	struct err e = {0};

	scratch_open(&f->dir);
	path = xasprintf("%s/store.db", f->dir.path);
	f->ctx.clock = &clock_kernel;
	if (store_open(path, &clock_kernel, &f->ctx.store, &e) < 0 ||
		recorder_new(f->ctx.store, &clock_kernel, "vm", &f->ctx.recorder, &e) < 0 ||
		store_create(f->ctx.store, kind_by_name("v1", "Namespace"), ns, STORE_NORMAL, &e) <
			0)
		fail_msg("%s", err_text(&e));
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

static size_t pods_alive(struct fixture *f)
{
	cleanup_json json_t *pods = NULL;
	const json_t *pod;
	size_t i, n = 0;

	assert_int_equal(store_list(f->ctx.store, kind_by_name("v1", "Pod"), "default", NULL, NULL,
				 &pods, NULL, NULL),
		0);
	json_array_foreach (pods, i, pod)
		n += !deletion_is_begun(pod);
	return n;
}

static void reconcile(struct fixture *f)
{
	struct err e = {0};
	uint64_t again;

	/* Twice: the second call has nothing more to do but to count. */
	for (int i = 0; i < 2; i++)
		if (replication_reconcile(&f->ctx, "default", "web", &again, &e) < 0)
			fail_msg("%s", err_text(&e));
}

static json_t *stored(struct fixture *f)
{
	json_t *rc = NULL;

	assert_int_equal(store_get(f->ctx.store, kind_by_name("v1", "ReplicationController"),
				 "default", "web", &rc, NULL),
		0);
	return rc;
}

static void keeps_and_scales(void **state)
{
	const struct kind *kind = kind_by_name("v1", "ReplicationController");
	struct fixture *f = *state;
	cleanup_json json_t *rc = controller(3), *counted = NULL, *scaled = NULL;
	cleanup_json json_t *pods = NULL;
	const char *version;

	(void)json_object_del(json_map(rc, "metadata"), "uid");
	assert_int_equal(store_create(f->ctx.store, kind, rc, STORE_FULL, NULL), 0);
	reconcile(f);
	assert_int_equal(pods_alive(f), 3);
	counted = stored(f);
	assert_int_equal(json_int(json_map(counted, "status"), "replicas", 0), 3);
	version = json_str(json_map(counted, "metadata"), "resourceVersion");
	reconcile(f);
	scaled = stored(f);
	assert_string_equal(json_str(json_map(scaled, "metadata"), "resourceVersion"), version);
	json_put_int(json_map(scaled, "spec"), "replicas", 1);
	assert_int_equal(store_update(f->ctx.store, kind, scaled, STORE_FULL, NULL), 0);
	reconcile(f);
	assert_int_equal(pods_alive(f), 1);
	assert_int_equal(store_list(f->ctx.store, kind_by_name("v1", "Pod"), "default", NULL, NULL,
				 &pods, NULL, NULL),
		0);
	assert_true(strncmp(json_str(json_map(json_array_get(pods, 0), "metadata"), "name"), "web-",
			    4) == 0);
	/* Defaulted by the schema on the way. */
	assert_string_equal(
		json_str(json_map(json_array_get(pods, 0), "spec"), "restartPolicy"), "Always");
}

static void a_bad_template_is_said_once(void **state)
{
	const struct kind *kind = kind_by_name("v1", "ReplicationController");
	struct fixture *f = *state;
	cleanup_json json_t *rc = controller(1), *first = NULL, *second = NULL;
	struct err e = {0};
	uint64_t again;

	(void)json_object_del(json_map(rc, "metadata"), "uid");
	(void)json_object_del(json_at(rc, "spec", "template", "spec", NULL), "containers");
	assert_int_equal(store_create(f->ctx.store, kind, rc, STORE_FULL, NULL), 0);
	assert_true(replication_reconcile(&f->ctx, "default", "web", &again, &e) < 0);
	first = stored(f);
	assert_string_equal(
		json_str(json_array_get(json_at(first, "status", "conditions", NULL), 0), "type"),
		"ReplicaFailure");
	assert_true(replication_reconcile(&f->ctx, "default", "web", &again, &e) < 0);
	second = stored(f);
	assert_string_equal(json_str(json_map(first, "metadata"), "resourceVersion"),
		json_str(json_map(second, "metadata"), "resourceVersion"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides),
		cmocka_unit_test(a_deleted_controller_does_nothing),
		cmocka_unit_test(counts_and_waits_for_availability),
		cmocka_unit_test_setup_teardown(keeps_and_scales, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_bad_template_is_said_once, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
