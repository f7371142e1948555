/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 200 containers that end as soon as they begin, on the default back-off: what the agent spends on them, whether the
 * back-off holds, and how long others wait for an answer meanwhile.
 */
#include "tests/bench/bench.h"

#include "runtime/base/json.h"

#include <sys/socket.h>
#include <sys/wait.h>

enum { PODS = 100, CONTAINERS = 2, SETTLE_S = 12, WATCHED_S = 60, CALL_EVERY_MS = 50 };

/* How often a container may have been restarted by now: at once, then after 10 s, doubled each time. */
static int64_t restarts_within(double seconds)
{
	int64_t n = 1;
	double at = 0;

	for (double delay = 10; (at += delay) < seconds; delay *= 2)
		n++;
	return n;
}

static int64_t most_restarts(const json_t *pods, int64_t *ret_sum)
{
	const json_t *pod, *status;
	int64_t most = 0;
	size_t i, k;

	json_array_foreach (json_list(pods, "items"), i, pod) {
		json_array_foreach (json_at(pod, "status", "containerStatuses", NULL), k, status) {
			int64_t n = json_int(status, "restartCount", 0);

			most = n > most ? n : most;
			*ret_sum += n;
		}
	}
	return most;
}

/* What people and their tools ask for; each is one connection, as by a command. */
static void call(const struct bench *b, int n, struct series *took, struct series *kinds)
{
	static const char *const paths[] = {"/api/v1/namespaces/default/pods/crashing7", "/readyz",
		"/api/v1/namespaces/default/pods?limit=500"};
	uint64_t begin = now_ns();
	cleanup_free char *answer = NULL;
	int status = 0;
	size_t size;

	if (n % 4 == 3) {
		cleanup_json json_t *map = json_pack("{s:s,s:s,s:{s:s},s:{s:s}}", "apiVersion",
			"v1", "kind", "ConfigMap", "metadata", "generateName", "bench-", "data",
			"key", "value");
		answer = agent_ask(
			b, "POST", "/api/v1/namespaces/default/configmaps", map, &size, &status);
	} else {
		answer = agent_ask(b, "GET", paths[n % 4], NULL, &size, &status);
	}
	if (status >= 300)
		die("a call among crashing pods: %d", status);
	if (took->n < ARRAY_SIZE(took->v))
		series_add(took, (double)(now_ns() - begin) / 1e6);
	if (kinds[n % 4].n < ARRAY_SIZE(took->v))
		series_add(&kinds[n % 4], (double)(now_ns() - begin) / 1e6);
}

/* A process that answers and does nothing else: what the machine itself makes a caller wait. */
static int start_echo(pid_t *ret_pid)
{
	int ends[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		die("socketpair: %s", strerror(errno));
	*ret_pid = fork();
	if (*ret_pid == 0) {
		(void)close(ends[0]);
		while (read(ends[1], &byte, 1) == 1)
			(void)!write(ends[1], &byte, 1);
		_exit(0);
	}
	(void)close(ends[1]);
	return ends[0];
}

static void call_echo(int fd, struct series *took)
{
	uint64_t begin = now_ns();
	char byte = 0;

	if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
		die("the echo: %s", strerror(errno));
	if (took->n < ARRAY_SIZE(took->v))
		series_add(took, (double)(now_ns() - begin) / 1e6);
}

/* Starts them all; returns when. */
static uint64_t begin_crashing(const struct bench *b)
{
	cleanup_free char *stamp = xasprintf("%s/stamps/stamp", b->root);
	uint64_t begin;

	stamp_reset(stamp);
	begin = now_ns();
	for (int i = 0; i < PODS; i++) {
		cleanup_free char *name = xasprintf("crashing%d", i);
		struct pod_spec pod = {
			.name = name, .verb = "once", .policy = "Always", .containers = CONTAINERS};

		free(pod_create(b, &pod));
	}
	(void)stamp_wait(stamp, PODS * CONTAINERS);
	return begin;
}

void bench_crashing(struct bench *b)
{
	struct series took = {0}, echo = {0}, kinds[4] = {0};
	uint64_t began, from, now;
	double cpu_ms;
	int64_t sum = 0, most;
	pid_t echo_pid;
	int status, echo_fd = start_echo(&echo_pid);

	agent_start(b);
	began = begin_crashing(b);
	sleep_ms(SETTLE_S * 1000);
	cpu_ms = process_cpu_ms(b->berthd);
	from = now = now_ns();
	for (int n = 0; now - from < WATCHED_S * 1000000000ull; n++) {
		call(b, n, &took, kinds);
		call_echo(echo_fd, &echo);
		sleep_ms(CALL_EVERY_MS);
		now = now_ns();
	}
	cpu_ms = process_cpu_ms(b->berthd) - cpu_ms;
	(void)close(echo_fd);
	(void)waitpid(echo_pid, NULL, 0);

	cleanup_json json_t *pods =
		agent_call(b, "GET", "/api/v1/namespaces/default/pods", NULL, &status);
	most = most_restarts(pods, &sum);
	if (most > restarts_within((double)(now_ns() - began) / 1e9))
		die("a container was restarted %lld times: the back-off does not hold",
			(long long)most);
	json_drop(agent_call(b, "DELETE", "/api/v1/namespaces/default/configmaps", NULL, &status));
	pods_delete(b, "crashing", PODS);
	say("%d containers crashed %lld times in all, the agent worked %.0f ms in %d s",
		PODS * CONTAINERS, (long long)sum, cpu_ms, WATCHED_S);
	say_series("an API call meanwhile", &took, "ms");
	say_series("of a pod", &kinds[0], "ms");
	say_series("/readyz", &kinds[1], "ms");
	say_series("the list of all pods", &kinds[2], "ms");
	say_series("a new configMap, on disk", &kinds[3], "ms");
	say_series("a process that only echoes", &echo, "ms");
	say("its 99th percentile: %.1f ms, of 200 containers, not of the agent",
		series_at(&echo, 0.99));
	say_figure("agent_cpu_200_crashing", cpu_ms / (WATCHED_S * 10.0), "%", 5);
	say_figure("api_p99_200_crashing", series_at(&took, 0.99), "ms", 20);
}
