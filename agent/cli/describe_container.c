/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Describes the containers of a pod or of a template: what is to run, how it is, what it sees.
 */
#include "agent/cli/describe.h"

#include "agent/spec/attempt.h"
#include "agent/spec/quantity.h"

static const json_t *status_of(const json_t *statuses, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach (statuses, i, one)
		if (streq(json_str(one, "name"), name))
			return one;
	return NULL;
}

static void put_ports(struct description *d, json_t *ports)
{
	cleanup_str struct str inside = {0}, outside = {0};
	const char *many = json_array_size(ports) > 1 ? "s" : "";
	json_t *port;
	size_t i;

	json_array_foreach (ports, i, port) {
		const char *protocol = json_str_or(port, "protocol", "TCP");

		str_addf(&inside, "%s%lld/%s", i ? ", " : "",
			(long long)json_int(port, "containerPort", 0), protocol);
		str_addf(&outside, "%s%lld/%s", i ? ", " : "",
			(long long)json_int(port, "hostPort", 0), protocol);
	}
	put(d, "Port%s:\t%s", many, inside.n ? inside.p : "<none>");
	put(d, "Host Port%s:\t%s", many, outside.n ? outside.p : "<none>");
}

static void put_words(struct description *d, const char *title, json_t *words)
{
	json_t *one;
	size_t i;

	if (json_array_size(words) == 0)
		return;
	put(d, "%s:", title);
	json_array_foreach (words, i, one) {
		/* Each line of a script on its own line, as kubectl does. */
		struct sv left = sv(json_string_value(one));

		do {
			struct sv line = sv_cut(&left, '\n');

			put(d, "  %.*s", (int)line.n, line.p);
		} while (left.n);
	}
}

/* Source: kubectl pkg/describe, describeStatus; the message of a waiting container is told, too. */
static void put_run(struct description *d, const char *title, const json_t *state)
{
	const json_t *waiting = json_map(state, "waiting"), *running = json_map(state, "running");
	const json_t *ended = json_map(state, "terminated");

	if (running) {
		put(d, "%s:\tRunning", title);
		put_time(d, "  Started", json_str(running, "startedAt"));
	} else if (ended) {
		put(d, "%s:\tTerminated", title);
		put_pair(d, "  Reason", json_str(ended, "reason"));
		put_pair(d, "  Message", json_str(ended, "message"));
		put(d, "  Exit Code:\t%lld", (long long)json_int(ended, "exitCode", 0));
		if (json_int(ended, "signal", 0) > 0)
			put(d, "  Signal:\t%lld", (long long)json_int(ended, "signal", 0));
		put_time(d, "  Started", json_str(ended, "startedAt"));
		put_time(d, "  Finished", json_str(ended, "finishedAt"));
	} else {
		put(d, "%s:\tWaiting", title);
		put_pair(d, "  Reason", json_str(waiting, "reason"));
		put_pair(d, "  Message", json_str(waiting, "message"));
	}
}

/* When what waits is tried again, for people: "in 23s". */
static void put_attempt(struct description *d, const json_t *status)
{
	uint64_t at = attempt_of(status), now = clock_wall_ns(d->cli->clock);
	char span[16];

	if (at > now)
		put(d, "Next Attempt:\tin %s (berth retry: now)", duration_human(at - now, span));
}

static void put_status(struct description *d, const json_t *status)
{
	put_run(d, "State", json_map(status, "state"));
	put_attempt(d, status);
	if (json_object_size(json_map(status, "lastState")))
		put_run(d, "Last State", json_map(status, "lastState"));
	put(d, "Ready:\t%s", json_flag(status, "ready", false) ? "True" : "False");
	put(d, "Restart Count:\t%lld", (long long)json_int(status, "restartCount", 0));
}

static void put_resources(struct description *d, const char *title, const json_t *list)
{
	size_t n;
	cleanup_free const char **keys = sorted_keys(list, &n);

	if (n)
		put(d, "%s:", title);
	for (size_t i = 0; i < n; i++)
		put(d, "  %s:\t%s", keys[i], json_str_or(list, keys[i], ""));
}

/* "http-get http://:8000/healthz delay=0s timeout=1s period=10s #success=1 #failure=3" */
static void put_probe(struct description *d, const char *title, const json_t *probe)
{
	const json_t *http = json_map(probe, "httpGet"), *tcp = json_map(probe, "tcpSocket");
	const json_t *grpc = json_map(probe, "grpc"), *exec = json_map(probe, "exec");
	const json_t *port = json_object_get(http ? http : tcp ? tcp : grpc, "port");
	cleanup_str struct str what = {0};
	cleanup_free char *number =
		json_is_integer(port)
			? json_text(port)
			: xstrdup(json_is_string(port) ? json_string_value(port) : "");
	json_t *one;
	size_t i;

	if (!probe)
		return;
	if (exec) {
		str_add(&what, "exec [");
		json_array_foreach (json_list(exec, "command"), i, one)
			str_addf(&what, "%s%s", i ? " " : "", json_string_value(one));
		str_add(&what, "]");
	} else if (http) {
		bool tls = streq(json_str(http, "scheme"), "HTTPS");

		str_addf(&what, "http-get %s://%s:%s%s", tls ? "https" : "http",
			json_str_or(http, "host", ""), number, json_str_or(http, "path", "/"));
	} else {
		str_addf(&what, "%s %s:%s", tcp ? "tcp-socket" : "grpc <pod>",
			tcp ? json_str_or(tcp, "host", "") : "", number);
	}
	put(d, "%s:\t%s delay=%llds timeout=%llds period=%llds #success=%lld #failure=%lld", title,
		what.p, (long long)json_int(probe, "initialDelaySeconds", 0),
		(long long)json_int(probe, "timeoutSeconds", 1),
		(long long)json_int(probe, "periodSeconds", 10),
		(long long)json_int(probe, "successThreshold", 1),
		(long long)json_int(probe, "failureThreshold", 3));
}

/* "1 (limits.cpu)": what the container will see, in units of the divisor, rounded up. */
static void put_resource_value(
	struct description *d, const char *name, const json_t *ref, const json_t *container)
{
	const char *what = json_str_or(ref, "resource", ""), *dot = strchr(what, '.');
	cleanup_free char *list = dot ? xstrndup(what, (size_t)(dot - what)) : xstrdup(what);
	const json_t *amounts = json_map(json_map(container, "resources"), list);
	struct quantity amount = {0}, divisor = {0};

	(void)quantity_of(json_object_get(amounts, dot ? dot + 1 : ""), &amount);
	if (quantity_of(json_object_get(ref, "divisor"), &divisor) < 0 || divisor.nano <= 0)
		(void)quantity_parse(sv("1"), &divisor);
	put(d, "  %s:\t%lld (%s)", name,
		(long long)((amount.nano + divisor.nano - 1) / divisor.nano), what);
}

/* "<set to the key 'user' in secret 'db'>  Optional: false" */
static void put_value_from(
	struct description *d, const char *name, const json_t *from, const json_t *container)
{
	static const struct {
		const char *member, *word;
	} refs[] = {{"secretKeyRef", "in secret"}, {"configMapKeyRef", "of config map"}};
	const json_t *field = json_map(from, "fieldRef"),
		     *resource = json_map(from, "resourceFieldRef");

	for (size_t i = 0; i < ARRAY_SIZE(refs); i++) {
		const json_t *ref = json_map(from, refs[i].member);

		if (ref)
			put(d, "  %s:\t<set to the key '%s' %s '%s'>\tOptional: %s", name,
				json_str_or(ref, "key", ""), refs[i].word,
				json_str_or(ref, "name", ""),
				json_flag(ref, "optional", false) ? "true" : "false");
	}
	if (field)
		put(d, "  %s:\t (%s:%s)", name, json_str_or(field, "apiVersion", "v1"),
			json_str_or(field, "fieldPath", ""));
	if (resource)
		put_resource_value(d, name, resource, container);
}

static void put_env_from(struct description *d, json_t *sources)
{
	json_t *one;
	size_t i;

	if (json_array_size(sources) == 0)
		return;
	put(d, "Environment Variables from:");
	json_array_foreach (sources, i, one) {
		const json_t *secret = json_map(one, "secretRef"),
			     *map = json_map(one, "configMapRef");
		const json_t *ref = secret ? secret : map;
		const char *prefix = json_str(one, "prefix");

		put(d, "  %s\t%s%s%s%s\tOptional: %s", json_str_or(ref, "name", ""),
			secret ? "Secret" : "ConfigMap", prefix ? " with prefix '" : "",
			prefix ? prefix : "", prefix ? "'" : "",
			json_flag(ref, "optional", false) ? "true" : "false");
	}
}

static void put_env(struct description *d, json_t *env, const json_t *container)
{
	json_t *one;
	size_t i;

	if (json_array_size(env) == 0) {
		put(d, "Environment:\t<none>");
		return;
	}
	put(d, "Environment:");
	json_array_foreach (env, i, one) {
		const char *name = json_str_or(one, "name", "");

		if (json_map(one, "valueFrom"))
			put_value_from(d, name, json_map(one, "valueFrom"), container);
		else
			put(d, "  %s:\t%s", name, json_str_or(one, "value", ""));
	}
}

static int by_mount_path(const void *a, const void *b)
{
	return strcmp(json_str_or(*(json_t *const *)a, "mountPath", ""),
		json_str_or(*(json_t *const *)b, "mountPath", ""));
}

static void put_mounts(struct description *d, json_t *mounts)
{
	size_t n = json_array_size(mounts);
	cleanup_free json_t **sorted = xcalloc(n, sizeof *sorted);

	if (n == 0) {
		put(d, "Mounts:\t<none>");
		return;
	}
	put(d, "Mounts:");
	for (size_t i = 0; i < n; i++)
		sorted[i] = json_array_get(mounts, i);
	qsort(sorted, n, sizeof *sorted, by_mount_path);
	for (size_t i = 0; i < n; i++) {
		const json_t *one = sorted[i];
		const char *path = json_str(one, "subPath");

		put(d, "  %s from %s (%s%s%s%s)", json_str_or(one, "mountPath", ""),
			json_str_or(one, "name", ""),
			json_flag(one, "readOnly", false) ? "ro" : "rw", path ? ",path=\"" : "",
			path ? path : "", path ? "\"" : "");
	}
}

static void put_container(
	struct description *d, const json_t *container, const json_t *status, bool with_status)
{
	const json_t *resources = json_map(container, "resources");

	if (with_status)
		put_pair(d, "Container ID", json_str_or(status, "containerID", ""));
	put_pair(d, "Image", json_str_or(container, "image", ""));
	if (with_status)
		put_pair(d, "Image ID", json_str_or(status, "imageID", ""));
	put_ports(d, json_list(container, "ports"));
	put_words(d, "Command", json_list(container, "command"));
	put_words(d, "Args", json_list(container, "args"));
	if (status)
		put_status(d, status);
	put_resources(d, "Limits", json_map(resources, "limits"));
	put_resources(d, "Requests", json_map(resources, "requests"));
	put_probe(d, "Liveness", json_map(container, "livenessProbe"));
	put_probe(d, "Readiness", json_map(container, "readinessProbe"));
	put_probe(d, "Startup", json_map(container, "startupProbe"));
	put_env_from(d, json_list(container, "envFrom"));
	put_env(d, json_list(container, "env"), container);
	put_mounts(d, json_list(container, "volumeMounts"));
}

void describe_containers(struct description *d, const char *title, const json_t *containers,
	const json_t *statuses, bool with_status)
{
	/* In a template kubectl sets containers in by one blank only. */
	const char *space = with_status ? "  " : " ";
	json_t *one;
	size_t i;

	put(d, "%s:", title);
	json_array_foreach (containers, i, one) {
		const char *name = json_str_or(one, "name", "");

		put(d, "%s%s:", space, name);
		d->level += with_status ? 2 : 1;
		put_container(d, one, status_of(statuses, name), with_status);
		d->level -= with_status ? 2 : 1;
	}
}
