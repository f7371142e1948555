/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth why`: what a person asks when something is wrong with a pod. First the answer in a sentence for each container, out
 * of the dossiers of its ends, its status and the pod's events; then the evidence. Also of pods that never started,
 * and of pods that are gone.
 */
#include "agent/cli/ages.h"
#include "agent/cli/api_path.h"
#include "agent/cli/events.h"
#include "agent/cli/handlers.h"
#include "agent/cli/output.h"
#include "agent/cli/pod.h"
#include "agent/spec/quantity.h"

#include <signal.h>

enum { TAIL_LINES = 5, EVENTS_SHOWN = 5 };

struct why {
	struct cli *cli;
	const char *name, *container; /* container NULL: all */
	json_t *pod;		      /* NULL: it is gone */
	json_t *deaths;		      /* the latest first; of that container */
};

/* ---- words -------------------------------------------------------------------------------------------- */

static const char *bytes_text(int64_t bytes, char out[32])
{
	static const char *const units[] = {"", "Ki", "Mi", "Gi", "Ti"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		unit++;
	}
	(void)snprintf(out, 32, unit ? "%.1f%s" : "%.0f%s", value, units[unit]);
	return out;
}

static const char *ordinal(int64_t n)
{
	if (n / 10 % 10 == 1)
		return "th";
	return n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
}

static uint64_t time_in(const json_t *object, const char *key)
{
	const char *text = json_str(object, key);
	uint64_t ns = 0;

	return text && rfc3339_parse(text, &ns) == 0 ? ns : 0;
}

static const char *between(uint64_t from_ns, uint64_t to_ns, char out[AGE_SIZE])
{
	return duration_human(to_ns > from_ns ? to_ns - from_ns : 0, out);
}

static void put_ran(const json_t *death, struct str *out)
{
	int64_t ms = json_int(death, "ranMillis", 0);
	char text[AGE_SIZE];

	if (ms < 1000)
		str_addf(out, "%lldms", (long long)ms);
	else
		str_add(out, duration_human((uint64_t)ms * NS_PER_MS, text));
}

/* ---- one sentence -------------------------------------------------------------------------------------- */

static void put_oom(const json_t *death, struct str *out)
{
	const json_t *memory = json_map(death, "memory");
	int64_t peak = json_int(memory, "peakBytes", 0), limit = json_int(memory, "limitBytes", 0);
	char a[32], b[32];

	str_add(out, "was killed by the kernel, which was out of memory");
	if (peak && limit)
		str_addf(out, ": it used %s of its %s limit", bytes_text(peak, a),
			bytes_text(limit, b));
	else if (peak)
		str_addf(out, ": it used %s and has no limit", bytes_text(peak, a));
}

static void put_end(const json_t *death, struct str *out)
{
	const char *reason = json_str_or(death, "reason", ""), *cause = json_str(death, "cause");
	int signal = (int)json_int(death, "signal", 0);
	long long code = (long long)json_int(death, "exitCode", 0);
	const char *word = signal ? sigabbrev_np(signal) : NULL;

	if (streq(reason, "OOMKilled"))
		put_oom(death, out);
	else if (streq(reason, "StartError"))
		str_addf(out, "could not be started: %s", json_str_or(death, "message", ""));
	else if (cause)
		str_addf(out, "was ended by berth (%s)", cause);
	else if (json_flag(death, "askedToStop", false))
		str_addf(out, "was stopped, as asked (exit code %lld)", code);
	else if (signal)
		str_addf(out, "was killed by signal %d%s%s", signal, word ? ", SIG" : "",
			word ? word : "");
	else if (code == 0)
		str_add(out, "has done its work and ended (exit code 0)");
	else
		str_addf(out, "failed with exit code %lld", code);
}

/* What has become of it since, as the pod's status says; else what was going to. */
static void put_since(
	const struct why *w, const json_t *death, const json_t *status, struct str *out)
{
	const json_t *running = json_at(status, "state", "running", NULL);
	const char *next = json_str_or(json_map(death, "next"), "action", "None");
	uint64_t now = clock_wall_ns(w->cli->clock), at = time_in(json_map(death, "next"), "at");
	char text[AGE_SIZE];

	if (!w->pod)
		str_add(out, "; the pod is gone");
	else if (running)
		str_addf(out, "; it runs again, for %s",
			between(time_in(running, "startedAt"), now, text));
	else if (streq(next, "None"))
		str_add(out, "; it is not started again");
	else if (at > now)
		str_addf(out, "; it starts again in %s (`berth retry %s`: now)",
			between(now, at, text), w->name);
	else
		str_add(out, "; it is being started again");
}

static void put_tail(const char *tail, size_t lines, struct str *out)
{
	const char *from = tail ? tail + strlen(tail) : NULL;
	struct sv rest;

	if (!tail || !tail[0])
		return;
	for (size_t n = 0; from > tail; from--)
		if (from[-1] == '\n' && from[0] && ++n == lines)
			break;
	rest = sv(from);
	str_addf(out, "  Last lines:\n");
	while (rest.n) {
		struct sv line = sv_cut(&rest, '\n');

		/* A stranger's bytes: none of them may steer the terminal. */
		str_add(out, "    ");
		for (size_t i = 0; i < line.n; i++)
			str_addn(out,
				(unsigned char)line.p[i] < ' ' && line.p[i] != '\t' ? "?"
										    : &line.p[i],
				1);
		str_add(out, "\n");
	}
}

static void tell_death(
	const struct why *w, const json_t *death, const json_t *status, struct str *out)
{
	int64_t crashes = json_int(death, "crashesInRow", 0);
	char age[AGE_SIZE];

	str_addf(out, "%s ", json_str_or(death, "container", ""));
	put_end(death, out);
	if (json_str(death, "startedAt")) {
		str_add(out, ", after ");
		put_ran(death, out);
	}
	str_addf(out, ", %s ago", age_of(w->cli, json_str(death, "finishedAt"), age));
	if (crashes > 1)
		str_addf(out, "; %lld%s end in a row", (long long)crashes, ordinal(crashes));
	put_since(w, death, status, out);
	str_add(out, ".\n");
	put_tail(json_str(death, "logTail"), TAIL_LINES, out);
}

/* A container that has not ended yet, or not in memory of anybody. */
static void tell_status(
	const struct why *w, const char *name, const json_t *status, struct str *out)
{
	const json_t *waiting = json_at(status, "state", "waiting", NULL);
	const json_t *running = json_at(status, "state", "running", NULL);
	const json_t *ended = json_at(status, "state", "terminated", NULL);
	const char *message = json_str(waiting, "message");
	char text[AGE_SIZE];

	if (running)
		str_addf(out, "%s runs, for %s%s.\n", name,
			between(time_in(running, "startedAt"), clock_wall_ns(w->cli->clock), text),
			json_flag(status, "ready", true) ? "" : ", and is not ready");
	else if (ended)
		str_addf(out, "%s has ended: %s (exit code %lld).\n", name,
			json_str_or(ended, "reason", ""),
			(long long)json_int(ended, "exitCode", 0));
	else if (waiting)
		str_addf(out, "%s does not run yet: %s%s%s.\n", name,
			json_str_or(waiting, "reason", "it waits"), message ? ": " : "",
			message ? message : "");
	else
		str_addf(out, "%s does not run yet.\n", name);
}

static const json_t *status_named(const json_t *pod, const char *name)
{
	const json_t *status = json_map(pod, "status");
	const json_t *found = json_find(json_list(status, "containerStatuses"), "name", name);

	return found ? found : json_find(json_list(status, "initContainerStatuses"), "name", name);
}

struct telling {
	struct why *w;
	struct str *out;
};

static int tell_container(void *data, const char *name)
{
	struct telling *t = data;
	const json_t *death = json_find(t->w->deaths, "container", name);
	const json_t *status = status_named(t->w->pod, name);
	const char *waits = json_str_or(json_at(status, "state", "waiting", NULL), "reason", "");
	static const char *const passing[] = {"", "CrashLoopBackOff", "RunContainerError",
		"ContainerCreating", "RestartingAllContainers"};
	bool about_end = false;

	if (t->w->container && !streq(t->w->container, name))
		return 0;
	/* What keeps it from being started now is nearer than how it ended once. */
	for (size_t i = 0; death && !about_end && i < ARRAY_SIZE(passing); i++)
		about_end = streq(waits, passing[i]);
	if (about_end)
		tell_death(t->w, death, status, t->out);
	else
		tell_status(t->w, name, status, t->out);
	return 0;
}

static void tell_pod(const struct why *w, struct str *out)
{
	const json_t *status = json_map(w->pod, "status");
	const json_t *scheduled =
		json_find(json_list(status, "conditions"), "type", "PodScheduled");
	const char *phase = json_str_or(status, "phase", "Pending");

	if (streq(json_str_or(scheduled, "status", ""), "False"))
		str_addf(out, "Pod %s has no room on this node: %s.\n", w->name,
			json_str_or(scheduled, "message", ""));
	else if (json_str(status, "reason") || json_str(status, "message"))
		str_addf(out, "Pod %s is %s: %s%s%s.\n", w->name, phase,
			json_str_or(status, "reason", ""), json_str(status, "message") ? ": " : "",
			json_str_or(status, "message", ""));
	else
		str_addf(out, "Pod %s is %s.\n", w->name, phase);
}

/* Of a pod that is gone: the last end of each container. */
static void tell_gone(struct why *w, struct str *out)
{
	const json_t *death;
	size_t i;

	str_addf(out, "Pod %s is gone; this is how its containers ended.\n", w->name);
	json_array_foreach (w->deaths, i, death) {
		const char *name = json_str_or(death, "container", "");

		if (json_find(w->deaths, "container", name) == death)
			tell_death(w, death, NULL, out);
	}
}

/* ---- evidence ------------------------------------------------------------------------------------------ */

static void put_evidence(const json_t *death, struct str *out)
{
	const json_t *memory = json_map(death, "memory"), *pressure = json_map(death, "pressure");
	static const char *const stalls[] = {"cpu", "memory"};
	const json_t *probe;
	char a[32];
	size_t i;

	str_addf(out, "\n%s, run %lld, ended %s\n", json_str_or(death, "container", ""),
		(long long)json_int(death, "run", 0), json_str_or(death, "finishedAt", ""));
	str_addf(out, "  Reason:    %s, exit code %lld\n", json_str_or(death, "reason", ""),
		(long long)json_int(death, "exitCode", 0));
	if (json_str(death, "message"))
		str_addf(out, "  Message:   %s\n", json_str(death, "message"));
	str_add(out, "  Ran for:   ");
	put_ran(death, out);
	str_add(out, "\n");
	if (json_int(memory, "peakBytes", 0))
		str_addf(out, "  Memory:    %s at most",
			bytes_text(json_int(memory, "peakBytes", 0), a));
	if (json_int(memory, "peakBytes", 0) && json_int(memory, "limitBytes", 0))
		str_addf(out, " of %s", bytes_text(json_int(memory, "limitBytes", 0), a));
	if (json_int(memory, "peakBytes", 0))
		str_add(out, "\n");
	for (i = 0; i < ARRAY_SIZE(stalls); i++)
		if (json_map(pressure, stalls[i]))
			str_addf(out, "  Pressure:  %s: waited %s%% of the last 10 s\n", stalls[i],
				json_str_or(json_map(pressure, stalls[i]), "someAvg10", "?"));
	json_array_foreach (json_list(death, "probes"), i, probe)
		str_addf(out, "  Probe:     %s %s x%lld: %s\n", json_str_or(probe, "probe", ""),
			json_str_or(probe, "result", ""), (long long)json_int(probe, "count", 1),
			json_str_or(probe, "message", ""));
}

static void put_details(const struct why *w, struct str *out)
{
	bool all = flag_on(&w->cli->flags, "all");
	const json_t *death, *first = NULL;
	size_t i;

	json_array_foreach (w->deaths, i, death) {
		first = json_find(w->deaths, "container", json_str_or(death, "container", ""));
		if (!all && first != death)
			continue;
		put_evidence(death, out);
		if (all)
			put_tail(json_str(death, "logTail"), SIZE_MAX, out);
		else if (w->pod)
			str_addf(out, "  Its log:   berth logs %s -c %s --run %lld\n", w->name,
				json_str_or(death, "container", ""),
				(long long)json_int(death, "run", 0));
	}
}

static void put_events(const struct why *w, struct str *out)
{
	cleanup_response struct response response = {0};
	cleanup_free char *field =
		xasprintf("involvedObject.kind=Pod,involvedObject.name=%s", w->name);
	cleanup_json json_t *events = NULL;
	cleanup_str struct str path = {0};
	size_t n, shown = 0;

	path_start(&path, kind_by_name("v1", "Event"), namespace_of(w->cli), NULL, NULL);
	query_add(&path, "fieldSelector", field);
	if (get(w->cli, path.p, &response) != EXIT_OK)
		return;
	events = events_sorted(json_list(response.json, "items"));
	n = json_array_size(events);
	for (size_t i = n; i-- > 0 && shown < EVENTS_SHOWN;) {
		const json_t *event = json_array_get(events, i);
		cleanup_str struct str when = {0};

		if (!streq(json_str(event, "type"), "Warning"))
			continue;
		event_when(w->cli, event, &when);
		str_addf(out, "%s  %s  %s: %s\n", shown++ ? "" : "\nWarnings, the latest first:\n",
			when.p ? when.p : "", json_str_or(event, "reason", ""),
			json_str_or(event, "message", ""));
	}
}

/* ---- the command ---------------------------------------------------------------------------------------- */

static int find_pod(struct cli *c, const char *text, struct why *w)
{
	cleanup_response struct response response = {0};
	cleanup_str struct str path = {0};

	w->name = text;
	if (strchr(text, '/')) {
		w->pod = pod_find(c, text, false);
		w->name = json_str_or(json_map(w->pod, "metadata"), "name", "");
		return w->pod ? EXIT_OK : EXIT_FAILED;
	}
	path_start(&path, kind_by_name("v1", "Pod"), namespace_of(c), text, NULL);
	if (call_expecting(c, &(struct request){.method = "GET", .path = path.p}, 404, &response,
		    NULL) != EXIT_OK)
		return EXIT_FAILED;
	w->pod = response.code == 404 ? NULL : json_incref(response.json);
	return EXIT_OK;
}

/* What stood before it of the same name is told only when it is gone. */
static bool is_meant(const struct why *w, const json_t *death)
{
	const char *uid = json_str_or(json_map(death, "pod"), "uid", "");

	if (w->container && !streq(w->container, json_str_or(death, "container", "")))
		return false;
	return !w->pod || flag_on(&w->cli->flags, "all") ||
	       streq(uid, json_str_or(json_map(w->pod, "metadata"), "uid", ""));
}

static int find_deaths(struct cli *c, struct why *w)
{
	cleanup_response struct response response = {0};
	cleanup_str struct str path = {0};
	json_t *death;
	size_t i;

	str_add(&path, "/apis/berth.dev/v1/namespaces/");
	url_escape(&path, namespace_of(c));
	str_add(&path, "/pods/");
	url_escape(&path, w->name);
	str_add(&path, "/deaths");
	if (get(c, path.p, &response) != EXIT_OK)
		return EXIT_FAILED;
	w->deaths = json_array();
	json_array_foreach (json_list(response.json, "items"), i, death)
		if (is_meant(w, death))
			json_push(w->deaths, json_incref(death));
	return EXIT_OK;
}

static int show(struct cli *c, struct why *w)
{
	cleanup_output struct output output = {0};
	cleanup_str struct str out = {0};
	cleanup_json json_t *list = NULL;

	if (output_open(c, &output) != EXIT_OK)
		return EXIT_FAILED;
	if (!output_is_table(&output)) {
		list = json_object();
		json_put_str(list, "apiVersion", "berth.dev/v1");
		json_put_str(list, "kind", "DeathList");
		json_put(list, "items", json_incref(w->deaths));
		output_object(c, &output, list);
		return EXIT_OK;
	}
	if (!w->pod) {
		tell_gone(w, &out);
	} else {
		tell_pod(w, &out);
		(void)containers_each(w->pod, tell_container, &(struct telling){w, &out});
	}
	put_details(w, &out);
	if (w->pod)
		put_events(w, &out);
	(void)fputs(out.p, c->out);
	return EXIT_OK;
}

int cmd_why(struct cli *c)
{
	struct why w = {.cli = c, .container = flag_text(&c->flags, "container")};
	int status;

	if (word_count(c) != 1)
		return fail_usage(c, "expected 'why (POD | TYPE/NAME)'");
	status = find_pod(c, word(c, 0), &w);
	if (status == EXIT_OK && w.pod && w.container &&
		!container_find(c, w.pod, w.container, true))
		status = EXIT_FAILED;
	if (status == EXIT_OK)
		status = find_deaths(c, &w);
	if (status == EXIT_OK)
		status = show(c, &w);
	json_decref(w.pod);
	json_decref(w.deaths);
	return status;
}
