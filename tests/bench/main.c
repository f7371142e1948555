/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench BUILD ROOT TMPFS [NAME…]: the measurements of README, "Speed and size"; scripts/bench runs it.
 *
 * ROOT and TMPFS are empty scratch directories, the second one in memory.  Without names all are made.  The
 * environment may set BENCH_REPS (20), BENCH_RESTARTS (1000) and BENCH_RUNTIME (/usr/sbin/runc).
 */
#include "tests/bench/bench.h"

#include "cgroups/group.h"
#include "cgroups/names.h"
#include "runtime/base/str.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

static const struct {
	const char *name;
	void (*fn)(struct bench *b);
	const char *what;
} measurements[] = {
	{"crash", bench_crash, "kill -9 of a container to the first instruction of the next one"},
	{"restarts", bench_restarts,
		"what a shim weighs after many restarts (BENCH_RESTARTS, 1000)"},
	{"peers", bench_peers,
		"the same under podman, supervisord and s6, where they are installed"},
	{"pod", bench_pod, "a pod of two containers, from accepted to both running"},
	{"memory", bench_memory, "memory of shims and agent with 0, 1, 20 and 100 pods"},
	{"burst", bench_burst, "100 pods of one container, all asked for at once"},
	{"idle", bench_idle, "wake-ups in a minute in which nothing happens"},
	{"crashing", bench_crashing,
		"the agent's work and answers with 200 containers that crash in a loop"},
	{"probes", bench_probes, "processor time of exec probes, ten a second"},
	{"logs", bench_logs, "throughput of a container that writes lines"},
	{"unpack", bench_unpack, "unpacking of a gzip layer, in memory"},
	{"seccomp", bench_seccomp, "cost of the default seccomp profile in one runc run"},
	{"move", bench_move, "cost of the first move between groups, and of a warmed start"},
};

static bool wanted(const char *name, char *const *names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (streq(*names, name))
			return true;
	return false;
}

static int measure(struct bench *b, char *const *names)
{
	if (cgroup_attach(&b->host, b->group, 0) < 0)
		die("cannot enter the group %s", b->group);
	for (size_t i = 0; i < ARRAY_SIZE(measurements); i++) {
		if (!wanted(measurements[i].name, names))
			continue;
		(void)printf("%s: %s\n", measurements[i].name, measurements[i].what);
		(void)fflush(stdout);
		measurements[i].fn(b);
	}
	return 0;
}

static void prepare(struct bench *b, char **argv)
{
	const char *reps = getenv("BENCH_REPS"), *runtime = getenv("BENCH_RUNTIME");
	char base[CGROUP_PATH_MAX];
	uint32_t n = BENCH_REPS;

	if (reps && (parse_u32_max(sv(reps), 500, &n) < 0 || n == 0))
		die("BENCH_REPS: 1 to 500");
	*b = (struct bench){.build = argv[1],
		.root = argv[2],
		.tmpfs = argv[3],
		.runtime = runtime ? runtime : "/usr/sbin/runc",
		.reps = (int)n,
		.group = xasprintf("berth-bench-%d", (int)getpid()),
		.agent_root = xasprintf("%s/a", argv[2])};
	if (cgroup_base(base, sizeof base, b->agent_root) < 0)
		die("no name for the cgroup of %s", b->agent_root);
	b->agent_base = xstrdup(base);
	if (cgroup_host_open(AT_FDCWD, &b->host) < 0 || cgroup_create(&b->host, b->group) < 0)
		die("no cgroups");
}

int main(int argc, char **argv)
{
	/* Shared with the child that measures: whatever becomes of it, its agent is stopped here. */
	struct bench *b =
		mmap(NULL, sizeof *b, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 1;
	pid_t pid;

	if (argc < 4 || b == MAP_FAILED)
		die("usage: bench BUILD ROOT TMPFS [NAME…]");
	prepare(b, argv);
	pid = fork();
	if (pid == 0)
		exit(measure(b, argv + 4));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = 1;
	agent_stop(b);
	if (cgroup_remove(&b->host, b->group) < 0)
		die("cannot remove the group %s", b->group);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
