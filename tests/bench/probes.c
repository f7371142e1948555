/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an exec probe costs: a pod with ten of them a second, asked of its shim as the agent does. By the container's
 * resident, and by a start of the runtime for each. Counted is the processor time of the shim's group and of the pod's:
 * shim, runtime, resident and the command itself, which does next to nothing. The agent, stopped meanwhile, is left out.
 */
#include "tests/bench/bench.h"

#include "cgroups/names.h"
#include "cgroups/usage.h"
#include "runtime/base/clock.h"
#include "runtime/base/msg.h"
#include "runtime/plan/link.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { PROBES = 50, PERIOD_MS = 100, ANSWER_MS = 10000 };

static double cpu_ms(const struct bench *b, const char *uid)
{
	char paths[2][CGROUP_PATH_MAX];
	double sum = 0;

	if (cgroup_path(paths[0], sizeof paths[0], b->agent_base, uid, NULL) < 0 ||
		cgroup_shim_path(paths[1], sizeof paths[1], b->agent_base, uid) < 0)
		die("pod uid %s", uid);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct cgroup_usage u;

		if (cgroup_usage(&b->host, paths[i], &u) < 0 || u.cpu_ns == CGROUP_UNKNOWN)
			die("%s: its processor time is not known", paths[i]);
		sum += (double)u.cpu_ns / 1e6;
	}
	return sum;
}

static int connect_shim(const struct bench *b, const char *uid)
{
	cleanup_free char *path = xasprintf("%s/run/berth/pods/%s/shim.sock", b->agent_root, uid);
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof a.sun_path)
		die("%s: too long for a socket: set BENCH_DIR to a shorter one", path);
	memcpy(a.sun_path, path, strlen(path) + 1);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof a) < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

/* Until the command @id has ended. */
static void wait_answer(int sock, uint64_t id)
{
	static char buf[MSG_BYTES_MAX];

	for (;;) {
		cleanup_link_message struct link_message m = {0};
		cleanup_msg_fds struct msg_fds fds = {.n = 0};
		struct pollfd p = {.fd = sock, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, ANSWER_MS) != 1)
			die("the shim does not answer");
		n = msg_recv(sock, buf, sizeof buf, &fds);
		if (n <= 0 || link_decode((struct sv){buf, (size_t)n}, &m, NULL) < 0)
			die("the shim's answer cannot be read");
		if (m.error)
			die("command %llu (%s) did not run: %s", (unsigned long long)m.id,
				link_type_names[m.type], m.error);
		if (m.id == id && (m.type == LINK_PROBE || m.ended))
			return;
	}
}

static void ask(int sock, enum link_type type, uint64_t id, const struct msg_fds *fds)
{
	char *argv[] = {(char[]){"/probe"}, (char[]){"once"}, (char[]){"/dev/null"}};
	const struct link_message m = {.type = type,
		.id = id,
		.container = (char *)(uintptr_t) "c0",
		.argv = argv,
		.n_argv = ARRAY_SIZE(argv),
		.timeout_ns = ANSWER_MS * NS_PER_MS};
	cleanup_free char *text = link_encode(&m);

	if (msg_send(sock, text, strlen(text), fds) < 0)
		die("the shim takes no message");
	wait_answer(sock, id);
}

/* Processor time of one, in ms; @took: from the question to the answer. */
static double cost(
	const struct bench *b, const char *uid, int sock, enum link_type type, struct series *took)
{
	cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const struct msg_fds fds = {{null, null, null}, type == LINK_EXEC ? 3 : 0};
	double before;

	ask(sock, type, 1, &fds); /* the first makes what is made once */
	before = cpu_ms(b, uid);
	for (uint64_t i = 0; i < PROBES; i++) {
		uint64_t begin = now_ns(), spent_ms;

		ask(sock, type, 2 + i, &fds);
		series_add(took, (double)(now_ns() - begin) / 1e6);
		spent_ms = (now_ns() - begin) / 1000000;
		if (spent_ms < PERIOD_MS)
			sleep_ms((unsigned)(PERIOD_MS - spent_ms));
	}
	return (cpu_ms(b, uid) - before) / PROBES;
}

void bench_probes(struct bench *b)
{
	static const struct pod_spec pod = {
		.name = "probes0", .verb = "start", .policy = "Always", .containers = 1};
	cleanup_free char *stamp = xasprintf("%s/stamps/stamp", b->root), *uid = NULL;
	struct series by_resident = {0}, by_runtime = {0};
	double resident, runtime;
	int sock;

	agent_start(b);
	stamp_reset(stamp);
	uid = pod_create(b, &pod);
	(void)stamp_wait(stamp, 1);
	sleep_ms(500); /* the agent's part of the start */
	(void)kill(b->berthd, SIGSTOP);
	sock = connect_shim(b, uid);
	resident = cost(b, uid, sock, LINK_PROBE, &by_resident);
	runtime = cost(b, uid, sock, LINK_EXEC, &by_runtime);
	(void)close(sock);
	(void)kill(b->berthd, SIGCONT);
	say_series("a probe by the resident, question to answer", &by_resident, "ms");
	say_series("a probe by runc exec, question to answer", &by_runtime, "ms");
	say_figure("probe-cpu", resident, "ms", 0);
	say_figure("probe-cpu-runc-exec", runtime, "ms", 0);
	say_figure("probe-cost", resident / runtime, "x", 0.1);
	pods_delete(b, "probes", 1);
}
