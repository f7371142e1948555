/* SPDX-License-Identifier: Apache-2.0 */
/* Phase, conditions and container states for every shape a pod takes, in the kubelet's words. */
#include "tests/unit/unit.h"

#include "agent/status/pod_status.h"
#include "runtime/base/clock.h"

#define NOW (1795379281ull * NS_PER_SEC) /* 2026-11-22T20:28:01Z */

static json_t *parse(const char *text)
{
	json_t *j = NULL;
	struct err e = {0};

	if (json_parse(sv(text), &j, &e) < 0)
		fail_msg("%s: %s", text, err_text(&e));
	return j;
}

/* ---- phase -------------------------------------------------------------------------------------------- */

/* A container in a case: state, exit code, had it ended before. */
struct shape {
	enum container_state state;
	int exit_code;
	bool crashed_before;
	bool init, sidecar, starting;
	const char *policy; /* its own; NULL: the pod's */
};

static const struct {
	const char *name, *policy;
	struct shape containers[3];
	size_t n;
	const char *phase;
	const char *ready; /* the condition */
} phases[] = {
	{"both run", "Always", {{.state = CONTAINER_RUNNING}, {.state = CONTAINER_RUNNING}}, 2,
		"Running", "True"},
	{"one is made", "Always", {{.state = CONTAINER_RUNNING}, {.state = CONTAINER_WAITING}}, 2,
		"Pending", "False"},
	{"one in back-off", "Always",
		{{.state = CONTAINER_RUNNING},
			{.state = CONTAINER_WAITING, .crashed_before = true}},
		2, "Running", "False"},
	{"all in back-off", "Always", {{.state = CONTAINER_WAITING, .crashed_before = true}}, 1,
		"Running", "False"},
	{"ended well, Never", "Never", {{.state = CONTAINER_TERMINATED}}, 1, "Succeeded", "False"},
	{"ended well, OnFailure", "OnFailure", {{.state = CONTAINER_TERMINATED}}, 1, "Succeeded",
		"False"},
	{"ended badly, Never", "Never",
		{{.state = CONTAINER_TERMINATED}, {.state = CONTAINER_TERMINATED, .exit_code = 3}},
		2, "Failed", "False"},
	{"ended badly, OnFailure", "OnFailure", {{.state = CONTAINER_TERMINATED, .exit_code = 3}},
		1, "Running", "False"},
	{"one ended, one runs", "Never",
		{{.state = CONTAINER_TERMINATED, .exit_code = 3}, {.state = CONTAINER_RUNNING}}, 2,
		"Running", "False"},
	{"init runs", "Always",
		{{.state = CONTAINER_RUNNING, .init = true}, {.state = CONTAINER_WAITING}}, 2,
		"Pending", "False"},
	{"init failed, Never", "Never",
		{{.state = CONTAINER_TERMINATED, .exit_code = 1, .init = true},
			{.state = CONTAINER_WAITING}},
		2, "Failed", "False"},
	{"init in back-off", "Always",
		{{.state = CONTAINER_WAITING, .crashed_before = true, .init = true},
			{.state = CONTAINER_WAITING}},
		2, "Pending", "False"},
	{"init done", "Always",
		{{.state = CONTAINER_TERMINATED, .init = true}, {.state = CONTAINER_RUNNING}}, 2,
		"Running", "True"},
};

static json_t *pod_of(const char *policy, const struct shape *shapes, size_t n)
{
	json_t *pod = parse("{\"metadata\":{\"name\":\"p\",\"uid\":\"u-1\",\"generation\":2},"
			    "\"spec\":{\"containers\":[]}}");
	json_t *spec = json_map(pod, "spec");

	json_put_str(spec, "restartPolicy", policy);
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *name = xasprintf("c%zu", i);
		json_t *c = json_object();

		json_put_str(c, "name", name);
		json_put_str(c, "image", "busybox");
		if (shapes[i].init && !json_list(spec, "initContainers"))
			json_put(spec, "initContainers", json_array());
		if (shapes[i].sidecar || shapes[i].policy)
			json_put_str(c, "restartPolicy",
				shapes[i].sidecar ? "Always" : shapes[i].policy);
		json_push(json_list(spec, shapes[i].init ? "initContainers" : "containers"), c);
	}
	return pod;
}

static struct pod_snapshot *snapshot_of(const struct shape *shapes, size_t n)
{
	struct pod_snapshot *s = xcalloc(1, sizeof *s);

	s->phase = POD_RUNNING;
	s->containers = xcalloc(n, sizeof *s->containers);
	s->n_containers = n;
	for (size_t i = 0; i < n; i++) {
		struct container_snapshot *c = &s->containers[i];

		c->name = xasprintf("c%zu", i);
		c->state = shapes[i].state;
		c->exit_code = shapes[i].exit_code;
		c->started = !shapes[i].starting;
		c->started_at = NOW;
		c->restart_count = shapes[i].crashed_before;
		if (shapes[i].crashed_before) {
			c->last = xcalloc(1, sizeof *c->last);
			c->last->exit_code = 137;
			c->last->signal = 9;
			c->last->reason = xstrdup("Error");
			c->last->finished_at = NOW;
		}
	}
	return s;
}

static const char *word_of(const json_t *status, const char *type)
{
	const json_t *c;
	size_t i;

	json_array_foreach (json_list(status, "conditions"), i, c) {
		if (streq(json_str(c, "type"), type))
			return json_str(c, "status");
	}
	return "missing";
}

static void phases_and_readiness(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(phases); i++) {
		cleanup_json json_t *pod =
			pod_of(phases[i].policy, phases[i].containers, phases[i].n);
		CLEANUP(snapshot_free)
		struct pod_snapshot *s = snapshot_of(phases[i].containers, phases[i].n);
		const struct status_input in = {
			.pod = pod, .snapshot = s, .scheduled = true, .sandbox = true, .now = NOW};
		cleanup_json json_t *status = pod_status(&in);

		assert_case(streq(json_str(status, "phase"), phases[i].phase), phases[i].name);
		assert_case(streq(word_of(status, "Ready"), phases[i].ready), phases[i].name);
		assert_case(
			streq(word_of(status, "ContainersReady"), phases[i].ready), phases[i].name);
		assert_case(streq(word_of(status, "PodScheduled"), "True"), phases[i].name);
	}
}

/* ---- details ------------------------------------------------------------------------------------------ */

static void a_killed_container_tells_how(void **state)
{
	static const struct shape shape = {.state = CONTAINER_RUNNING, .crashed_before = true};
	cleanup_json json_t *pod = pod_of("Always", &shape, 1);
	CLEANUP(snapshot_free) struct pod_snapshot *s = snapshot_of(&shape, 1);
	const struct status_container known = {
		.name = "c0", .image = "docker.io/library/busybox:latest", .image_id = "sha256:ab"};
	const struct status_input in = {.pod = pod,
		.snapshot = s,
		.known = &known,
		.n_known = 1,
		.scheduled = true,
		.sandbox = true,
		.pod_ip = "10.88.0.7",
		.host_ip = "192.0.2.1",
		.started_at = NOW,
		.now = NOW};
	cleanup_json json_t *expected = parse(
		"{\"name\":\"c0\",\"image\":\"docker.io/library/"
		"busybox:latest\",\"imageID\":\"sha256:ab\","
		"\"ready\":true,\"started\":true,\"restartCount\":1,\"containerID\":\"runc://u-1/"
		"c0-1\","
		"\"state\":{\"running\":{\"startedAt\":\"2026-11-22T20:28:01Z\"}},"
		"\"lastState\":{\"terminated\":{\"exitCode\":137,\"signal\":9,\"reason\":\"Error\","
		"\"finishedAt\":\"2026-11-22T20:28:01Z\"}}}");
	cleanup_json json_t *status = NULL;

	(void)state;
	s->containers[0].container_id = xstrdup("c0-1");
	status = pod_status(&in);
	assert_true(
		json_equal(json_array_get(json_list(status, "containerStatuses"), 0), expected));
	assert_string_equal(json_str(status, "podIP"), "10.88.0.7");
	assert_string_equal(json_str(status, "startTime"), "2026-11-22T20:28:01Z");
	assert_int_equal(json_int(status, "observedGeneration", 0), 2);
}

static void transition_times_stay(void **state)
{
	static const struct shape runs = {.state = CONTAINER_RUNNING}, waits = {.state = 0};
	cleanup_json json_t *pod = pod_of("Always", &runs, 1);
	CLEANUP(snapshot_free)
	struct pod_snapshot *s = snapshot_of(&runs, 1), *w = snapshot_of(&waits, 1);
	struct status_input in = {.pod = pod,
		.snapshot = s,
		.scheduled = true,
		.sandbox = true,
		.started_at = NOW,
		.now = NOW};
	cleanup_json json_t *again = NULL;

	(void)state;
	json_put(pod, "status", pod_status(&in));
	in.now = NOW + 60 * NS_PER_SEC;
	again = pod_status(&in);
	assert_true(pod_status_same(again, json_map(pod, "status")));
	assert_true(pod_is_ready(pod));
	assert_true(pod_condition_since(pod, "Ready") == NOW);
	in.snapshot = w;
	json_put(pod, "status", pod_status(&in));
	assert_false(pod_is_ready(pod));
	assert_true(pod_condition_since(pod, "Ready") == in.now);
	assert_true(pod_condition_since(pod, "PodScheduled") == NOW);
	assert_true(pod_condition_since(pod, "None") == 0);
}

static void reasons_before_a_shim_speaks(void **state)
{
	static const struct shape shapes[] = {{.state = 0}, {.state = 0}};
	cleanup_json json_t *pod = pod_of("Always", shapes, 2);
	const struct status_container known = {
		.name = "c1", .reason = "ErrImagePull", .message = "manifest unknown"};
	struct status_input in = {
		.pod = pod, .known = &known, .n_known = 1, .scheduled = true, .now = NOW};
	cleanup_json json_t *status = pod_status(&in), *refused = NULL;
	const json_t *list = json_list(status, "containerStatuses");

	(void)state;
	assert_string_equal(json_str(status, "phase"), "Pending");
	assert_string_equal(
		json_str(json_at(json_array_get(list, 0), "state", "waiting", NULL), "reason"),
		"ContainerCreating");
	assert_string_equal(
		json_str(json_at(json_array_get(list, 1), "state", "waiting", NULL), "reason"),
		"ErrImagePull");
	assert_string_equal(
		json_str(json_at(json_array_get(list, 1), "state", "waiting", NULL), "message"),
		"manifest unknown");
	in.scheduled = false;
	in.unschedulable = "0/1 nodes are available: 1 Insufficient memory.";
	refused = pod_status(&in);
	assert_string_equal(word_of(refused, "PodScheduled"), "False");
	assert_null(json_str(refused, "startTime"));
}

static void what_a_dead_shim_leaves(void **state)
{
	static const struct shape shape = {.state = CONTAINER_RUNNING, .crashed_before = true};
	cleanup_json json_t *pod = pod_of("Always", &shape, 1);
	CLEANUP(snapshot_free) struct pod_snapshot *s = snapshot_of(&shape, 1);
	struct status_input in = {
		.pod = pod, .snapshot = s, .scheduled = true, .sandbox = true, .now = NOW};
	cleanup_json json_t *status = NULL;
	const json_t *c;

	(void)state;
	json_put(pod, "status", pod_status(&in));
	in.snapshot = NULL;
	status = pod_status(&in);
	c = json_array_get(json_list(status, "containerStatuses"), 0);
	assert_int_equal(json_int(c, "restartCount", 0), 1);
	assert_non_null(json_at(c, "state", "waiting", NULL));
	assert_string_equal(json_str(json_at(c, "lastState", "terminated", NULL), "reason"),
		"ContainerStatusUnknown");
}

static void a_failed_pod_keeps_its_last_run(void **state)
{
	static const struct shape shape = {.state = CONTAINER_RUNNING};
	cleanup_json json_t *pod = pod_of("Never", &shape, 1);
	CLEANUP(snapshot_free) struct pod_snapshot *s = snapshot_of(&shape, 1);
	struct status_input in = {.pod = pod, .snapshot = s, .scheduled = true, .now = NOW};
	cleanup_json json_t *status = NULL;
	const json_t *c;

	(void)state;
	json_put(pod, "status", pod_status(&in));
	in.snapshot = NULL;
	in.failed_reason = "ContainerStatusUnknown";
	status = pod_status(&in);
	c = json_array_get(json_list(status, "containerStatuses"), 0);
	assert_string_equal(json_str(status, "phase"), "Failed");
	assert_int_equal(json_int(json_at(c, "state", "terminated", NULL), "exitCode", 0), 137);
	assert_null(json_at(c, "lastState", "terminated", NULL));
	assert_int_equal(json_int(c, "restartCount", -1), 0);
}

static void a_final_phase_stays(void **state)
{
	static const struct shape shape = {.state = CONTAINER_TERMINATED};
	cleanup_json json_t *pod = pod_of("Never", &shape, 1);
	CLEANUP(snapshot_free) struct pod_snapshot *s = snapshot_of(&shape, 1);
	struct status_input in = {.pod = pod, .snapshot = s, .scheduled = true, .now = NOW};
	cleanup_json json_t *status = NULL, *failed = NULL;

	(void)state;
	in.failed_reason = "DeadlineExceeded";
	in.failed_message = "it ran too long";
	failed = pod_status(&in);
	assert_string_equal(json_str(failed, "phase"), "Failed");
	assert_string_equal(json_str(failed, "reason"), "DeadlineExceeded");
	in.failed_reason = NULL;
	json_put(pod, "status", pod_status(&in));
	assert_true(pod_ended(pod));
	in.snapshot = NULL;
	in.now += NS_PER_SEC;
	status = pod_status(&in);
	assert_true(pod_status_same(status, json_map(pod, "status")));
	assert_true(pod_status_same(NULL, NULL));
}

static void qos_classes(void **state)
{
	static const struct {
		const char *containers, *class;
	} cases[] = {
		{"[{}]", "BestEffort"},
		{"[{\"resources\":{\"requests\":{\"cpu\":\"100m\"}}}]", "Burstable"},
		{"[{\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"}}}]", "Guaranteed"},
		{"[{\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"},"
		 "\"requests\":{\"cpu\":\"1000m\",\"memory\":\"1024Mi\"}}}]",
			"Guaranteed"},
		{"[{\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"},"
		 "\"requests\":{\"cpu\":\"500m\"}}}]",
			"Burstable"},
		{"[{\"resources\":{\"limits\":{\"memory\":\"1Gi\"}}}]", "Burstable"},
		{"[{\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"}}},{}]",
			"Burstable"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *pod = parse("{\"spec\":{}}");

		json_put(json_map(pod, "spec"), "containers", parse(cases[i].containers));
		assert_case(streq(pod_qos_class(pod), cases[i].class), cases[i].containers);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(phases_and_readiness),
		cmocka_unit_test(a_killed_container_tells_how),
		cmocka_unit_test(transition_times_stay),
		cmocka_unit_test(reasons_before_a_shim_speaks),
		cmocka_unit_test(what_a_dead_shim_leaves),
		cmocka_unit_test(a_failed_pod_keeps_its_last_run),
		cmocka_unit_test(a_final_phase_stays),
		cmocka_unit_test(qos_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
