/* SPDX-License-Identifier: Apache-2.0 */
/* What `get` prints: ages, the STATUS of pods in all their states, the columns of each kind. */
#include "tests/unit/unit.h"

#include "agent/api/table.h"
#include "runtime/base/clock.h"

static void durations(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {
		{0, "0s"},
		{119, "119s"},
		{120, "2m"},
		{125, "2m5s"},
		{599, "9m59s"},
		{600, "10m"},
		{3 * 3600 - 1, "179m"},
		{3 * 3600, "3h"},
		{3 * 3600 + 60, "3h1m"},
		{8 * 3600, "8h"},
		{47 * 3600, "47h"},
		{48 * 3600, "2d"},
		{2 * 86400 + 3600, "2d1h"},
		{8 * 86400, "8d"},
		{729 * 86400, "729d"},
		{730 * 86400, "2y"},
		{731 * 86400, "2y1d"},
		{10ull * 365 * 86400, "10y"},
	};
	char text[DURATION_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(
			duration_text(cases[i].seconds * NS_PER_SEC, text), cases[i].text);
}

static json_t *parse(const char *text)
{
	json_t *j = NULL;
	struct err e = {0};

	if (json_parse(sv(text), &j, &e) < 0)
		fail_msg("%s in %s", err_text(&e), text);
	return j;
}

#define SPEC "\"spec\":{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"
#define INIT                                                                                       \
	"\"spec\":{\"initContainers\":[{\"name\":\"i\"},{\"name\":\"s\",\"restartPolicy\":"        \
	"\"Always\"}],\"containers\":[{\"name\":\"a\"}]}"
#define RUNS(n) "{\"name\":\"" n "\",\"ready\":true,\"restartCount\":0,\"state\":{\"running\":{}}}"
#define DONE(n)                                                                                    \
	"{\"name\":\"" n "\",\"restartCount\":0,\"state\":{\"terminated\":{\"exitCode\":0,"        \
	"\"reason\":\"Completed\"}}}"
#define WAITS(n, why)                                                                              \
	"{\"name\":\"" n "\",\"restartCount\":0,\"state\":{\"waiting\":{\"reason\":\"" why "\"}}}"

static const struct {
	const char *name, *pod, *ready, *status, *restarts;
} pod_rows[] = {
	{"new", "{" SPEC ",\"status\":{\"phase\":\"Pending\"}}", "0/2", "Pending", "0"},
	{"no status", "{" SPEC "}", "0/2", "Pending", "0"},
	{"creating",
		"{" SPEC ",\"status\":{\"phase\":\"Pending\",\"containerStatuses\":[" WAITS(
			"a", "ContainerCreating") "," WAITS("b", "ContainerCreating") "]}}",
		"0/2", "ContainerCreating", "0"},
	{"running",
		"{" SPEC ",\"status\":{\"phase\":\"Running\",\"containerStatuses\":[" RUNS(
			"a") "," RUNS("b") "]}}",
		"2/2", "Running", "0"},
	{"crashing",
		"{" SPEC ",\"status\":{\"phase\":\"Running\",\"containerStatuses\":[{\"name\":"
		"\"a\",\"restartCount\":3,\"state\":{\"waiting\":{\"reason\":"
		"\"CrashLoopBackOff\"}},\"lastState\":{\"terminated\":{\"exitCode\":1,"
		"\"finishedAt\":\"2026-11-22T20:00:00Z\"}}}," RUNS("b") "]}}",
		"1/2", "CrashLoopBackOff", "3 (2m ago)"},
	{"killed",
		"{" SPEC ",\"status\":{\"phase\":\"Failed\",\"containerStatuses\":[{\"name\":\"a\","
		"\"restartCount\":1,\"state\":{\"terminated\":{\"signal\":9,\"exitCode\":"
		"137}}}]"
		"}}",
		"0/2", "Signal:9", "1"},
	{"exit code",
		"{" SPEC ",\"status\":{\"phase\":\"Failed\",\"containerStatuses\":[{\"name\":\"a\","
		"\"state\":{\"terminated\":{\"exitCode\":7}}}]}}",
		"0/2", "ExitCode:7", "0"},
	{"one done, one ready",
		"{" SPEC ",\"status\":{\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\","
		"\"status\":\"True\"}],\"containerStatuses\":[" DONE("a") "," RUNS("b") "]}}",
		"1/2", "Running", "0"},
	{"one done, pod not ready",
		"{" SPEC ",\"status\":{\"phase\":\"Running\",\"containerStatuses\":[" DONE(
			"a") "," RUNS("b") "]}}",
		"1/2", "NotReady", "0"},
	{"all done",
		"{" SPEC ",\"status\":{\"phase\":\"Succeeded\",\"containerStatuses\":[" DONE(
			"a") "," DONE("b") "]}}",
		"0/2", "Completed", "0"},
	{"ends",
		"{\"metadata\":{\"deletionTimestamp\":\"x\"}," SPEC
		",\"status\":{\"phase\":\"Running\",\"containerStatuses\":[" RUNS("a") "]}}",
		"1/2", "Terminating", "0"},
	{"ended and ends",
		"{\"metadata\":{\"deletionTimestamp\":\"x\"}," SPEC
		",\"status\":{\"phase\":\"Succeeded\"}}",
		"0/2", "Succeeded", "0"},
	{"node lost",
		"{\"metadata\":{\"deletionTimestamp\":\"x\"}," SPEC
		",\"status\":{\"phase\":\"Running\",\"reason\":\"NodeLost\"}}",
		"0/2", "Unknown", "0"},
	{"evicted", "{" SPEC ",\"status\":{\"phase\":\"Failed\",\"reason\":\"Evicted\"}}", "0/2",
		"Evicted", "0"},
	{"first init",
		"{" INIT ",\"status\":{\"phase\":\"Pending\",\"initContainerStatuses\":[{\"name\":"
		"\"i\",\"state\":{\"running\":{}}},{\"name\":\"s\",\"state\":{\"waiting\":{"
		"\"reason\":\"PodInitializing\"}}}],\"containerStatuses\":[" WAITS(
			"a", "PodInitializing") "]}}",
		"0/2", "Init:0/2", "0"},
	{"init fails",
		"{" INIT ",\"status\":{\"phase\":\"Pending\",\"initContainerStatuses\":[{\"name\":"
		"\"i\",\"restartCount\":2,\"state\":{\"waiting\":{\"reason\":"
		"\"CrashLoopBackOff\"}}}]}}",
		"0/2", "Init:CrashLoopBackOff", "2"},
	{"init failed",
		"{" INIT ",\"status\":{\"phase\":\"Failed\",\"initContainerStatuses\":[{\"name\":"
		"\"i\",\"state\":{\"terminated\":{\"exitCode\":3}}}]}}",
		"0/2", "Init:ExitCode:3", "0"},
	{"sidecar runs",
		"{" INIT ",\"status\":{\"phase\":\"Running\",\"initContainerStatuses\":[" DONE(
			"i") ",{\"name\":\"s\",\"started\":true,\"ready\":true,"
			     "\"restartCount\":4,"
			     "\"state\":{\"running\":{}}}],\"containerStatuses\":[" RUNS("a") "]}}",
		"2/2", "Running", "4"},
	{"tried again soon",
		"{" SPEC
		",\"status\":{\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"a\","
		"\"restartCount\":3,\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\","
		"\"message\":\"back-off; next attempt at "
		"2026-11-22T20:02:23Z\"}},\"lastState\":{\"terminated\":{"
		"\"finishedAt\":\"2026-11-22T20:01:43Z\"}}}," RUNS("b") "]}}",
		"1/2", "CrashLoopBackOff", "3 (17s ago, next in 23s)"},
	{"an image is asked for again",
		"{" SPEC
		",\"status\":{\"phase\":\"Pending\",\"containerStatuses\":[{\"name\":\"a\","
		"\"state\":{\"waiting\":{\"reason\":\"ImagePullBackOff\",\"message\":\"x; next "
		"attempt at 2026-11-22T20:04:00Z\"}}}]}}",
		"0/2", "ImagePullBackOff", "0 (next in 2m)"},
	{"the next attempt was due",
		"{" SPEC
		",\"status\":{\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"a\","
		"\"restartCount\":1,\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\","
		"\"message\":\"next attempt at 2026-11-22T20:01:59Z\"}}}]}}",
		"0/2", "CrashLoopBackOff", "1"},
};

static void pods(void **state)
{
	uint64_t now;

	(void)state;
	assert_int_equal(rfc3339_parse("2026-11-22T20:02:00Z", &now), 0);
	for (size_t i = 0; i < ARRAY_SIZE(pod_rows); i++) {
		cleanup_json json_t *pod = parse(pod_rows[i].pod),
				    *ready = pod_ready_cell(pod, now),
				    *status = pod_status_cell(pod, now),
				    *restarts = pod_restarts_cell(pod, now);

		if (!streq(json_string_value(ready), pod_rows[i].ready) ||
			!streq(json_string_value(status), pod_rows[i].status) ||
			!streq(json_string_value(restarts), pod_rows[i].restarts))
			fail_msg("case \"%s\": %s %s %s", pod_rows[i].name,
				json_string_value(ready), json_string_value(status),
				json_string_value(restarts));
	}
}

/* A row as text: all cells, with bars between. */
static char *row_of(const struct kind *kind, const char *text)
{
	cleanup_json json_t *object = parse(text), *table = table_new(kind, "7", true);
	const json_t *cells;
	struct str out = {0};
	json_t *cell;
	size_t i;
	uint64_t now;

	assert_int_equal(rfc3339_parse("2026-11-22T20:02:00Z", &now), 0);
	table_add(table, kind, object, TABLE_METADATA, now);
	cells = json_list(json_array_get(json_list(table, "rows"), 0), "cells");
	assert_int_equal(
		json_array_size(cells), json_array_size(json_list(table, "columnDefinitions")));
	json_array_foreach (cells, i, cell) {
		if (json_is_integer(cell))
			str_addf(&out, "%lld|", (long long)json_integer_value(cell));
		else
			str_addf(&out, "%s|", json_string_value(cell));
	}
	return str_take(&out);
}

#define META "\"metadata\":{\"name\":\"n\",\"creationTimestamp\":\"2026-11-22T20:00:00Z\"}"

static void rows(void **state)
{
	static const struct {
		const char *resource, *object, *row;
	} cases[] = {
		{"pods",
			"{" META "," SPEC
			",\"status\":{\"phase\":\"Pending\",\"podIP\":\"10.0.0.1\"}}",
			"n|0/2|Pending|0|2m|10.0.0.1|<none>|<none>|<none>|"},
		{"replicationcontrollers",
			"{" META ",\"spec\":{\"replicas\":3,\"selector\":{\"a\":\"b\",\"c\":\"d\"},"
			"\"template\":{\"spec\":{\"containers\":[{\"name\":\"x\",\"image\":\"i:1\"}"
			","
			"{\"name\":\"y\",\"image\":\"j:2\"}]}}},\"status\":{\"replicas\":2,"
			"\"readyReplicas\":1}}",
			"n|3|2|1|2m|x,y|i:1,j:2|a=b,c=d|"},
		{"secrets", "{" META ",\"type\":\"Opaque\",\"data\":{\"a\":\"\",\"b\":\"\"}}",
			"n|Opaque|2|2m|"},
		{"configmaps", "{" META ",\"data\":{\"a\":\"\"},\"binaryData\":{\"b\":\"\"}}",
			"n|2|2m|"},
		{"namespaces", "{" META ",\"status\":{\"phase\":\"Active\"}}", "n|Active|2m|"},
		{"nodes",
			"{\"metadata\":{\"name\":\"n\",\"labels\":{\"node-role.kubernetes.io/"
			"worker\":"
			"\"\"}},\"spec\":{\"unschedulable\":true},\"status\":{\"conditions\":[{"
			"\"type\":"
			"\"Ready\",\"status\":\"True\"}],\"addresses\":[{\"type\":\"InternalIP\","
			"\"address\":\"192.0.2.1\"}],\"nodeInfo\":{\"kubeletVersion\":\"v1\","
			"\"osImage\":\"os\",\"kernelVersion\":\"k\",\"containerRuntimeVersion\":"
			"\"r\"}}}",
			"n|Ready,SchedulingDisabled|worker|<unknown>|v1|192.0.2.1|<none>|os|k|r|"},
		{"events",
			"{" META
			",\"involvedObject\":{\"kind\":\"Pod\",\"name\":\"web\",\"fieldPath\":"
			"\"spec.containers{a}\"},\"reason\":\"Started\",\"message\":\"Started "
			"it\\n\","
			"\"type\":\"Normal\",\"count\":2,\"firstTimestamp\":\"2026-11-22T20:00:"
			"00Z\","
			"\"lastTimestamp\":\"2026-11-22T20:01:30Z\",\"source\":{\"component\":"
			"\"kubelet\","
			"\"host\":\"vm\"}}",
			"30s|Normal|Started|pod/web|spec.containers{a}|kubelet, vm|Started "
			"it|2m|2|n|"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *row =
			row_of(kind_by_resource("", "v1", cases[i].resource), cases[i].object);

		assert_string_equal(row, cases[i].row);
	}
}

static void negotiation(void **state)
{
	static const struct {
		const char *accept;
		bool table;
	} cases[] = {
		{NULL, false},
		{"", false},
		{"*/*", false},
		{"application/json", false},
		{"application/json;as=Table;v=v1;g=meta.k8s.io,application/json", true},
		{"application/json;as=Table;g=meta.k8s.io;v=v1", true},
		{"application/json; as=Table; v=v1; g=meta.k8s.io", true},
		{"application/vnd.kubernetes.protobuf,application/json", false},
		{"application/json,application/json;as=Table;v=v1;g=meta.k8s.io", false},
		{"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", false},
		{"application/json;as=Table;v=v1", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_case(table_wanted(cases[i].accept) == cases[i].table, cases[i].accept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(pods),
		cmocka_unit_test(rows),
		cmocka_unit_test(negotiation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
