/* SPDX-License-Identifier: Apache-2.0 */
/* The Node object, and who is let in. */
#include "tests/unit/unit.h"

#include "agent/node/node.h"
#include "runtime/base/clock.h"

#define NOW (1795379281ull * NS_PER_SEC)

static json_t *parse(const char *text)
{
	json_t *j = NULL;
	struct err e = {0};

	if (json_parse(sv(text), &j, &e) < 0)
		fail_msg("%s: %s", text, err_text(&e));
	return j;
}

static struct node_facts *facts(void)
{
	struct node_facts *f = xcalloc(1, sizeof *f);

	f->name = xstrdup("vm");
	f->kernel = xstrdup("6.1");
	f->os_image = xstrdup("Debian");
	f->machine_id = xstrdup("m");
	f->boot_id = xstrdup("b");
	f->architecture = xstrdup("amd64");
	f->runtime_version = xstrdup("runc://1.1.5");
	f->address = xstrdup("192.0.2.1");
	f->cpus_milli = 2000;
	f->memory_bytes = 1124ull << 20; /* 1 GiB beside what is kept back */
	f->pods_max = 3;
	return f;
}

static const struct {
	const char *name, *spec;
	uint64_t pods;
	const char *message; /* NULL: let in */
} cases[] = {
	{"asks for nothing", "{\"containers\":[{}]}", 0, NULL},
	{"fits exactly",
		"{\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"2\",\"memory\":\"1Gi\"}}}"
		"]}",
		0, NULL},
	{"a limit is a request too",
		"{\"containers\":[{\"resources\":{\"limits\":{\"cpu\":\"2001m\"}}}]}", 0,
		"0/1 nodes are available: 1 Insufficient cpu (asks for 2001m, 2000m of 2000m are "
		"free)."},
	{"containers add up",
		"{\"containers\":[{\"resources\":{\"requests\":{\"memory\":\"600Mi\"}}},"
		"{\"resources\":{\"requests\":{\"memory\":\"600Mi\"}}}]}",
		0,
		"0/1 nodes are available: 1 Insufficient memory (asks for 1200Mi, 1024Mi of 1024Mi "
		"are "
		"free)."},
	{"init containers do not",
		"{\"initContainers\":[{\"resources\":{\"requests\":{\"memory\":\"600Mi\"}}}],"
		"\"containers\":[{\"resources\":{\"requests\":{\"memory\":\"600Mi\"}}}]}",
		0, NULL},
	{"too many pods", "{\"containers\":[{}]}", 3,
		"0/1 nodes are available: 1 Insufficient pods (asks for 1, 0 of 3 are free)."},
	{"another node", "{\"nodeName\":\"other\",\"containers\":[{}]}", 0,
		"0/1 nodes are available: 1 node(s) didn't match spec.nodeName (asks for other, "
		"this is "
		"vm)."},
	{"own name", "{\"nodeName\":\"vm\",\"containers\":[{}]}", 0, NULL},
	{"selector of own labels",
		"{\"nodeSelector\":{\"kubernetes.io/os\":\"linux\"},\"containers\":[]}", 0, NULL},
	{"selector of others", "{\"nodeSelector\":{\"disk\":\"ssd\"},\"containers\":[]}", 0,
		"0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."},
};

static void admission(void **state)
{
	CLEANUP(node_facts_free) struct node_facts *f = facts();
	cleanup_json json_t *node = node_object(f, NULL, false, NOW);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *pod = json_object();
		struct node_load load = {.pods = cases[i].pods};
		struct err e = {0};
		int r;

		json_put(pod, "spec", parse(cases[i].spec));
		r = node_admit(f, &load, node, pod, &e);
		assert_case(r == (cases[i].message ? -EAGAIN : 0), cases[i].name);
		if (cases[i].message)
			assert_string_equal(err_text(&e), cases[i].message);
	}
}

static void cordoned(void **state)
{
	CLEANUP(node_facts_free) struct node_facts *f = facts();
	cleanup_json json_t *node = node_object(f, NULL, false, NOW);
	cleanup_json json_t *pod = parse("{\"spec\":{\"containers\":[{}]}}");
	struct node_load load = {0};

	(void)state;
	json_put_flag(json_map(node, "spec"), "unschedulable", true);
	assert_int_equal(node_admit(f, &load, node, pod, NULL), -EAGAIN);
}

static void load_adds_up(void **state)
{
	cleanup_json json_t *pod = parse("{\"spec\":{\"containers\":[{\"resources\":{\"requests\":"
					 "{\"cpu\":\"250m\",\"memory\":\"1Mi\"}}}]}}");
	struct node_load load = {0};

	(void)state;
	node_load_add(&load, pod);
	node_load_add(&load, pod);
	assert_int_equal(load.cpu_milli, 500);
	assert_int_equal(load.memory_bytes, 2 << 20);
	assert_int_equal(load.pods, 2);
}

static void the_object_keeps_what_was_said_before(void **state)
{
	CLEANUP(node_facts_free) struct node_facts *f = facts();
	cleanup_json json_t *first = node_object(f, NULL, false, NOW), *second = NULL;
	const json_t *ready;

	(void)state;
	json_put_str(json_at(first, "metadata", "labels", NULL), "disk", "ssd");
	second = node_object(f, first, false, NOW + 60 * NS_PER_SEC);
	assert_string_equal(json_str(json_at(second, "metadata", "labels", NULL), "disk"), "ssd");
	ready = json_array_get(json_at(second, "status", "conditions", NULL), 3);
	assert_string_equal(json_str(ready, "lastTransitionTime"), "2026-11-22T20:28:01Z");
	assert_string_equal(json_str(ready, "lastHeartbeatTime"), "2026-11-22T20:29:01Z");
	assert_string_equal(
		json_str(json_at(second, "status", "allocatable", NULL), "memory"), "1048576Ki");
	assert_string_equal(json_str(json_at(second, "status", "capacity", NULL), "cpu"), "2");
}

static void reads_this_machine(void **state)
{
	cleanup_close int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(node_facts_free) struct node_facts *f = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(node_facts_read(root, NULL, "1.1.5", &f, &e), 0);
	assert_true(f->cpus_milli >= 1000 && f->memory_bytes > 64 << 20 && f->disk_bytes > 0);
	assert_true(f->name[0] && f->boot_id[0] && strchr(f->address, '.'));
	assert_string_equal(f->runtime_version, "runc://1.1.5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(admission),
		cmocka_unit_test(cordoned),
		cmocka_unit_test(load_adds_up),
		cmocka_unit_test(the_object_keeps_what_was_said_before),
		cmocka_unit_test(reads_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
