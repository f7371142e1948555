/* SPDX-License-Identifier: Apache-2.0 */
/* What runs again of a pod whose shim has died: by its policies, its rules, and what its status says. */
#include "tests/unit/unit.h"

#include "agent/status/again.h"

/* Containers as "NAME MEMBERS STATE": one row each in spec and status. */
struct part {
	const char *spec;  /* members beside the name */
	const char *state; /* NULL: no status */
	bool init;
};
#define ENDED(code) "'terminated':{'exitCode':" #code "}"
#define RUNS "'running':{}"
#define BACKOFF "'waiting':{'reason':'CrashLoopBackOff'}"

static const struct {
	const char *name, *policy, *more;
	struct part parts[3];
	const char *done; /* a letter each: d done, - runs again */
	bool ended;
} cases[] = {
	{"Always", "Always", "", {{"", RUNS, 0}, {"", ENDED(0), 0}}, "--", false},
	{"OnFailure", "OnFailure", "", {{"", RUNS, 0}, {"", ENDED(0), 0}, {"", ENDED(2), 0}}, "-d-",
		false},
	{"OnFailure, all succeeded", "OnFailure", "", {{"", ENDED(0), 0}}, "d", true},
	{"Never, one seen, one not", "Never", "", {{"", RUNS, 0}, {"", ENDED(0), 0}}, "dd", true},
	{"Never, one not begun", "Never", "", {{"", RUNS, 0}, {"", NULL, 0}}, "d-", false},
	{"in back-off", "OnFailure", "", {{"", BACKOFF, 0}}, "-", false},
	{"its own policy", "Always", "", {{"'restartPolicy':'Never'", RUNS, 0}, {"", RUNS, 0}},
		"d-", false},
	{"a rule", "Never", "",
		{{"'restartPolicy':'Never','restartPolicyRules':[{'action':'Restart','exitCodes':{"
		  "'operator':'In','values':[137]}}]",
			RUNS, 0}},
		"-", false},
	/* init containers */
	{"init done", "Always", "", {{"", ENDED(0), 1}, {"", RUNS, 0}}, "d-", false},
	{"init at work", "Always", "", {{"", RUNS, 1}, {"", NULL, 0}}, "--", false},
	{"init failed, Never", "Never", "", {{"", ENDED(1), 1}, {"", NULL, 0}}, "d-", true},
	{"init unseen, Never", "Never", "", {{"", RUNS, 1}, {"", NULL, 0}}, "d-", true},
	{"sidecar", "Never", "", {{"'restartPolicy':'Always'", RUNS, 1}, {"", NULL, 0}}, "--",
		false},
	{"sidecar, the others over", "OnFailure", "",
		{{"'restartPolicy':'Always'", RUNS, 1}, {"", ENDED(0), 0}}, "-d", true},
	{"init wrote to memory", "Always",
		",'volumes':[{'name':'v','emptyDir':{'medium':'Memory'}}]",
		{{"'volumeMounts':[{'name':'v','mountPath':'/v'}]", ENDED(0), 1}, {"", RUNS, 0}},
		"--", false},
	{"init wrote to disk", "Always", ",'volumes':[{'name':'v','emptyDir':{}}]",
		{{"'volumeMounts':[{'name':'v','mountPath':'/v'}]", ENDED(0), 1}, {"", RUNS, 0}},
		"d-", false},
	{"init made firewall rules", "Always", "",
		{{"'securityContext':{'capabilities':{'add':['NET_ADMIN']}}", ENDED(0), 1},
			{"", ENDED(0), 1}, {"", RUNS, 0}},
		"---", false},
};

static json_t *make_pod(size_t i)
{
	cleanup_str struct str text = {0};
	json_t *pod = NULL;

	str_addf(&text, "{'spec':{'restartPolicy':'%s'%s},'status':{}}", cases[i].policy,
		cases[i].more);
	for (char *p = text.p; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	assert_int_equal(json_parse(sv(text.p), &pod, NULL), 0);
	return pod;
}

/* Adds {"name":"cI", what} to a list. */
static void add(json_t *of, const char *list, size_t i, const char *before, const char *what,
	const char *after)
{
	cleanup_free char *text = xasprintf("{'name':'c%zu'%s%s%s}", i, before, what, after);
	json_t *item = NULL;

	for (char *p = text; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	assert_int_equal(json_parse(sv(text), &item, NULL), 0);
	if (!json_list(of, list))
		json_put(of, list, json_array());
	json_push(json_list(of, list), item);
}

static void each(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *pod = make_pod(i);
		json_t *spec = json_map(pod, "spec"), *status = json_map(pod, "status");
		char got[4] = "";

		for (size_t k = 0; k < strlen(cases[i].done); k++) {
			const struct part *p = &cases[i].parts[k];

			add(spec, p->init ? "initContainers" : "containers", k,
				p->spec[0] ? "," : "", p->spec, "");
			if (p->state)
				add(status, p->init ? "initContainerStatuses" : "containerStatuses",
					k, ",'state':{", p->state, "}");
		}
		for (size_t k = 0; k < strlen(cases[i].done); k++) {
			bool init = cases[i].parts[k].init;
			cleanup_free char *name = xasprintf("c%zu", k);
			const json_t *c =
				json_find(json_list(spec, init ? "initContainers" : "containers"),
					"name", name);

			got[k] = again_is_done(pod, c, init) ? 'd' : '-';
		}
		if (!streq(got, cases[i].done) || again_pod_ended(pod) != cases[i].ended)
			fail_msg("%s: %s, %d", cases[i].name, got, again_pod_ended(pod));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
