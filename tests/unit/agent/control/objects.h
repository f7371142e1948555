/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lookup over objects written in the test, and JSON with single quotes.
 */
#ifndef TESTS_UNIT_AGENT_CONTROL_OBJECTS_H
#define TESTS_UNIT_AGENT_CONTROL_OBJECTS_H

#include "tests/unit/unit.h"

#include "agent/control/lookup.h"

/* {'a':1} for {"a":1}. */
static inline __attribute__((unused)) json_t *quoted(const char *text)
{
	cleanup_free char *copy = xstrdup(text);
	json_t *j = NULL;
	struct err e = {0};

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	if (json_parse(sv(copy), &j, &e) < 0)
		fail_msg("%s: %s", err_text(&e), copy);
	return j;
}

/* Secrets "keys" (user: bob, word: hush, nul: a NUL byte) and configMap "settings". */
static inline int objects_get(void *data, const char *kind, const char *name, json_t **ret)
{
	(void)data;
	if (streq(kind, "Secret") && streq(name, "keys"))
		*ret = quoted("{'metadata':{'name':'keys'},'data':{'user':'Ym9i','word':'aHVzaA==',"
			      "'nul':'YQBi'}}");
	else if (streq(kind, "ConfigMap") && streq(name, "settings"))
		*ret = quoted("{'metadata':{'name':'settings'},'data':{'colour':'blue','a b':'x',"
			      "'size':'3'},'binaryData':{'raw':'AP8='}}");
	else
		return -ENOENT;
	return 0;
}

static inline __attribute__((unused)) struct lookup objects_lookup(const json_t *pod)
{
	return (struct lookup){.get = objects_get,
		.pod = pod,
		.pod_ip = "10.88.0.7",
		.host_ip = "192.0.2.1",
		.node_name = "vm",
		.cpus_milli = 2000,
		.memory_bytes = 8ull << 30};
}

#endif
