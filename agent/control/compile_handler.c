/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lifecycle hooks in the plan: ports by number, the host by name. Step "compiled" of a pod's life.
 */
#include "agent/control/compile_internal.h"
#include "runtime/base/clock.h"

static int64_t named_port(const json_t *container, const char *name)
{
	const json_t *port = json_find(json_list(container, "ports"), "name", name);

	return json_int(port, "containerPort", 0);
}

static int compile_address(
	const struct compiling *k, const json_t *action, struct plan_handler *ret, struct err *e)
{
	const json_t *port = json_object_get(action, "port");
	const char *host = json_str(action, "host"), *ip = k->lookup->pod_ip;
	int64_t number = json_is_string(port) ? named_port(k->container, json_string_value(port))
					      : json_integer_value(port);

	if (!number)
		return err_set(e, -EINVAL,
			"a lifecycle hook: no port of this container is named %s",
			json_is_string(port) ? json_string_value(port) : "");
	ret->port = (uint32_t)number;
	if (!host || !host[0])
		host = ip && ip[0] ? ip : NULL; /* NULL: the pod's loopback */
	ret->host = host ? xstrdup(host) : NULL;
	return 0;
}

static void compile_headers(const json_t *action, struct plan_handler *ret)
{
	const json_t *list = json_list(action, "httpHeaders"), *header;
	size_t i;

	ret->headers = xcalloc(json_array_size(list) + 1, sizeof(*ret->headers));
	json_array_foreach (list, i, header)
		ret->headers[ret->n_headers++] = xasprintf("%s: %s",
			json_str_or(header, "name", ""), json_str_or(header, "value", ""));
}

static int compile_exec(
	const struct compiling *k, const json_t *action, struct plan_handler *ret, struct err *e)
{
	const json_t *list = json_list(action, "command"), *word;
	size_t i;

	(void)k;
	(void)e;
	ret->argv = xcalloc(json_array_size(list) + 1, sizeof(*ret->argv));
	json_array_foreach (list, i, word)
		ret->argv[ret->n_argv++] = xstrdup(json_string_value(word));
	return 0;
}

static int compile_http(
	const struct compiling *k, const json_t *action, struct plan_handler *ret, struct err *e)
{
	const char *path = json_str_or(action, "path", "/");

	ret->path = xasprintf("%s%s", path[0] == '/' ? "" : "/", path);
	ret->https = streq(json_str(action, "scheme"), "HTTPS");
	compile_headers(action, ret);
	return compile_address(k, action, ret, e);
}

static int compile_sleep(
	const struct compiling *k, const json_t *action, struct plan_handler *ret, struct err *e)
{
	(void)k;
	(void)e;
	ret->sleep_ns = (uint64_t)json_int(action, "seconds", 0) * NS_PER_SEC;
	return 0;
}

int compile_handler(
	const struct compiling *k, const json_t *handler, struct plan_handler *ret, struct err *e)
{
	static const struct {
		const char *member;
		enum plan_handler_kind kind;
		int (*compile)(const struct compiling *k, const json_t *action,
			struct plan_handler *ret, struct err *e);
	} kinds[] = {
		{"exec", PLAN_HANDLER_EXEC, compile_exec},
		{"httpGet", PLAN_HANDLER_HTTP, compile_http},
		{"tcpSocket", PLAN_HANDLER_TCP, compile_address},
		{"sleep", PLAN_HANDLER_SLEEP, compile_sleep},
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const json_t *action = json_map(handler, kinds[i].member);

		if (!action)
			continue;
		ret->kind = kinds[i].kind;
		return kinds[i].compile(k, action, ret, e);
	}
	return 0;
}
