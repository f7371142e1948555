/* SPDX-License-Identifier: Apache-2.0 */
/* The status of a pod that was stopped because the machine goes down. */
#include "tests/unit/unit.h"

#include "agent/status/held.h"
#include "runtime/base/clock.h"

#define NOW (1795379281ull * NS_PER_SEC)

/* A pod of two containers: "ran" was running when it was stopped, "done" had ended before. */
static json_t *pod_of(const char *policy)
{
	return json_pack("{s:{s:s,s:s,s:i},s:{s:s,s:[{s:s},{s:s}]},"
			 "s:{s:s,s:[{s:s,s:{s:{}}},{s:s,s:{s:{s:i}}}]}}",
		"metadata", "name", "p", "uid", "u", "generation", 1, "spec", "restartPolicy",
		policy, "containers", "name", "ran", "name", "done", "status", "phase", "Running",
		"containerStatuses", "name", "ran", "state", "running", "name", "done", "state",
		"terminated", "exitCode", 0);
}

static json_t *status_of(const char *policy, enum pod_phase phase)
{
	cleanup_json json_t *pod = pod_of(policy);
	struct container_snapshot containers[] = {
		{.name = (char *)(uintptr_t) "ran",
			.state = CONTAINER_TERMINATED,
			.container_id = (char *)(uintptr_t) "ran-0",
			.exit_code = 0},
		{.name = (char *)(uintptr_t) "done",
			.state = CONTAINER_TERMINATED,
			.container_id = (char *)(uintptr_t) "done-0"},
	};
	const struct pod_snapshot snapshot = {.phase = phase,
		.reason = (char *)(uintptr_t)SNAPSHOT_NODE_SHUTDOWN,
		.containers = containers,
		.n_containers = 2};
	const struct status_input in = {
		.pod = pod, .snapshot = &snapshot, .scheduled = true, .now = NOW};

	assert_non_null(pod);
	return pod_status(&in);
}

static const char *state_of(const json_t *status, size_t i)
{
	const json_t *one = json_array_get(json_list(status, "containerStatuses"), i);

	return json_at(one, "state", "waiting", NULL)	   ? "waiting"
	       : json_at(one, "state", "terminated", NULL) ? "terminated"
							   : "running";
}

static void tells_who_comes_back(void **state)
{
	static const struct {
		const char *policy;
		enum pod_phase phase;
		const char *wanted, *ran, *done;
	} cases[] = {
		{"Always", POD_STOPPED, "Running", "waiting", "terminated"},
		{"OnFailure", POD_STOPPED, "Running", "waiting", "terminated"},
		{"Never", POD_STOPPED, "Failed", "terminated", "terminated"},
		{"Never", POD_STOPPING, "Running", "terminated", "terminated"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *status = status_of(cases[i].policy, cases[i].phase);
		const json_t *condition =
			json_find(json_list(status, "conditions"), "type", "DisruptionTarget");

		assert_string_equal(json_str(status, "phase"), cases[i].wanted);
		assert_string_equal(json_str(status, "reason"), "Terminated");
		assert_string_equal(json_str(status, "message"),
			"Pod was terminated in response to imminent node shutdown.");
		assert_string_equal(state_of(status, 0), cases[i].ran);
		assert_string_equal(state_of(status, 1), cases[i].done);
		assert_string_equal(json_str(condition, "status"), "True");
		assert_string_equal(json_str(condition, "reason"), "TerminationByKubelet");
	}
}

/* The exit code is not lost by being put aside. */
static void keeps_how_it_ended(void **state)
{
	cleanup_json json_t *status = status_of("Always", POD_STOPPED);
	const json_t *ran = json_array_get(json_list(status, "containerStatuses"), 0);

	(void)state;
	assert_int_equal(
		json_int(json_at(ran, "lastState", "terminated", NULL), "exitCode", -1), 0);
	assert_string_equal(json_str(ran, "containerID"), "runc://u/ran-0");
	assert_false(json_flag(ran, "ready", true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_who_comes_back),
		cmocka_unit_test(keeps_how_it_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
