/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three computed columns of a pod: READY, STATUS, RESTARTS. What STATUS says is no field of the
 * pod; this is the only place that knows. Source: Kubernetes pkg/printers, printPod.
 */
#include "agent/api/table.h"
#include "agent/spec/attempt.h"
#include "runtime/base/clock.h"

struct pod_summary {
	char reason[96];
	int64_t restarts;
	uint64_t last_restart; /* wall ns; 0: none */
	uint64_t next_attempt; /* the same */
	size_t ready, total;
};

/* Restarts of some containers, when the last was, and when the next attempt is. */
struct restarts {
	int64_t n;
	uint64_t last, next;
};

static void count_restarts(struct restarts *r, const json_t *status)
{
	uint64_t at;
	const char *finished =
		json_str(json_at(status, "lastState", "terminated", NULL), "finishedAt");

	uint64_t next = attempt_of(status);

	r->n += json_int(status, "restartCount", 0);
	if (next && (!r->next || next < r->next))
		r->next = next;
	if (finished && rfc3339_parse(finished, &at) == 0 && at > r->last)
		r->last = at;
}

static bool is_sidecar(const json_t *spec)
{
	return streq(json_str(spec, "restartPolicy"), "Always");
}

static const json_t *spec_of_init(const json_t *pod, const char *name)
{
	json_t *c;
	size_t i;

	json_array_foreach (json_list(json_map(pod, "spec"), "initContainers"), i, c)
		if (streq(json_str(c, "name"), name))
			return c;
	return NULL;
}

static bool condition_is_true(const json_t *pod, const char *type)
{
	json_t *c;
	size_t i;

	json_array_foreach (json_list(json_map(pod, "status"), "conditions"), i, c)
		if (streq(json_str(c, "type"), type))
			return streq(json_str(c, "status"), "True");
	return false;
}

/* The word for an end: its reason, or the signal, or the exit code. */
static void ended_word(char *out, size_t size, const char *prefix, const json_t *terminated)
{
	const char *reason = json_str_or(terminated, "reason", "");
	int64_t signal = json_int(terminated, "signal", 0);

	if (reason[0])
		(void)snprintf(out, size, "%s%s", prefix, reason);
	else if (signal)
		(void)snprintf(out, size, "%sSignal:%lld", prefix, (long long)signal);
	else
		(void)snprintf(out, size, "%sExitCode:%lld", prefix,
			(long long)json_int(terminated, "exitCode", 0));
}

/* The init container that the pod is at. Returns: false when all are through. */
static bool summarize_init(
	const json_t *pod, struct pod_summary *s, struct restarts *all, struct restarts *sidecars)
{
	const json_t *statuses = json_list(json_map(pod, "status"), "initContainerStatuses");
	size_t n = json_array_size(json_list(json_map(pod, "spec"), "initContainers")), i;
	json_t *status;

	json_array_foreach (statuses, i, status) {
		const json_t *spec = spec_of_init(pod, json_str_or(status, "name", ""));
		const json_t *state = json_map(status, "state");
		const json_t *terminated = json_map(state, "terminated");
		const char *waiting = json_str_or(json_map(state, "waiting"), "reason", "");

		count_restarts(all, status);
		if (is_sidecar(spec))
			count_restarts(sidecars, status);
		if (terminated && json_int(terminated, "exitCode", 0) == 0)
			continue;
		if (is_sidecar(spec) && json_flag(status, "started", false)) {
			s->ready += json_flag(status, "ready", false);
			continue;
		}
		if (terminated)
			ended_word(s->reason, sizeof s->reason, "Init:", terminated);
		else if (waiting[0] && !streq(waiting, "PodInitializing"))
			(void)snprintf(s->reason, sizeof s->reason, "Init:%.80s", waiting);
		else
			(void)snprintf(s->reason, sizeof s->reason, "Init:%zu/%zu", i, n);
		return true;
	}
	return false;
}

static void summarize_containers(const json_t *pod, struct pod_summary *s, struct restarts *r)
{
	const json_t *statuses = json_list(json_map(pod, "status"), "containerStatuses");
	bool running = false;

	/* From the last to the first: the first that has something to say has the last word. */
	for (size_t i = json_array_size(statuses); i-- > 0;) {
		const json_t *status = json_array_get(statuses, i);
		const json_t *state = json_map(status, "state");
		const json_t *terminated = json_map(state, "terminated");
		const char *waiting = json_str_or(json_map(state, "waiting"), "reason", "");

		count_restarts(r, status);
		if (waiting[0])
			(void)snprintf(s->reason, sizeof s->reason, "%s", waiting);
		else if (terminated)
			ended_word(s->reason, sizeof s->reason, "", terminated);
		else if (json_flag(status, "ready", false) && json_map(state, "running")) {
			running = true;
			s->ready++;
		}
	}
	if (streq(s->reason, "Completed") && running)
		(void)snprintf(s->reason, sizeof s->reason, "%s",
			condition_is_true(pod, "Ready") ? "Running" : "NotReady");
}

static struct pod_summary summarize(const json_t *pod)
{
	const json_t *status = json_map(pod, "status"), *spec = json_map(pod, "spec");
	const char *phase = json_str_or(status, "phase", "Pending");
	struct restarts all = {0}, after_init = {0};
	struct pod_summary s = {.total = json_array_size(json_list(spec, "containers"))};
	bool ends = json_str(json_map(pod, "metadata"), "deletionTimestamp") != NULL;
	json_t *c;
	size_t i;

	json_array_foreach (json_list(spec, "initContainers"), i, c)
		s.total += is_sidecar(c);
	(void)snprintf(s.reason, sizeof s.reason, "%s",
		json_str_or(status, "reason", "")[0] ? json_str(status, "reason") : phase);
	if (!summarize_init(pod, &s, &all, &after_init) || condition_is_true(pod, "Initialized")) {
		summarize_containers(pod, &s, &after_init);
		all = after_init;
	}
	s.restarts = all.n;
	s.last_restart = all.last;
	s.next_attempt = all.next;
	if (ends && streq(json_str(status, "reason"), "NodeLost"))
		(void)snprintf(s.reason, sizeof s.reason, "Unknown");
	else if (ends && !streq(phase, "Succeeded") && !streq(phase, "Failed"))
		(void)snprintf(s.reason, sizeof s.reason, "Terminating");
	return s;
}

json_t *pod_ready_cell(const json_t *pod, uint64_t now)
{
	struct pod_summary s = summarize(pod);
	char text[48];

	(void)now;
	(void)snprintf(text, sizeof text, "%zu/%zu", s.ready, s.total);
	return json_string(text);
}

json_t *pod_status_cell(const json_t *pod, uint64_t now)
{
	(void)now;
	return json_any_string(summarize(pod).reason);
}

/*
 * "3", "3 (2m ago)" as kubectl has it; what waits to be tried again says when: "3 (12s ago, next in 8s)". STATUS stays a
 * single word, and this column's first word the count, for the scripts that read them.
 */
json_t *pod_restarts_cell(const json_t *pod, uint64_t now)
{
	struct pod_summary s = summarize(pod);
	cleanup_str struct str text = {0};
	char span[DURATION_SIZE];
	bool ago = s.restarts && s.last_restart, next = s.next_attempt > now;

	str_addf(&text, "%lld", (long long)s.restarts);
	if (ago)
		str_addf(&text, " (%s ago",
			duration_text(s.last_restart < now ? now - s.last_restart : 0, span));
	if (next)
		str_addf(&text, "%s%s", ago ? ", next in " : " (next in ",
			duration_text(s.next_attempt - now, span));
	if (ago || next)
		str_add(&text, ")");
	return json_string(text.p);
}
