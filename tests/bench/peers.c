/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What others need for the same thing: the time from a kill -9 to the first instruction of the next process under
 * podman (--restart=always), supervisord and s6, each where it is installed and works on this machine. The last two
 * run a bare process, no container. They live below the scratch directory and are gone afterwards.
 */
#include "tests/bench/bench.h"

#include "runtime/base/fs.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { QUIET_MS = 300, PEER_REPS = 10, STOP_MS = 10000 };

struct peer;

/* A peer while it runs. */
struct run_of_peer {
	const struct bench *b;
	const struct peer *peer;
	char *dir;	  /* its own scratch directory */
	pid_t supervisor; /* 0: none of ours */
};

struct peer {
	const char *name, *program;
	bool (*start)(struct run_of_peer *r); /* false: it does not work here */
	pid_t (*process)(const struct run_of_peer *r);
	void (*stop)(struct run_of_peer *r);
};

static void write_file(const char *dir, const char *name, mode_t mode, const char *text)
{
	cleanup_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fs_write_atomic(fd, name, text, strlen(text), mode, FS_NO_SYNC) < 0)
		die("%s/%s: %s", dir, name, strerror(errno));
}

/* ---- supervisors of bare processes ------------------------------------------------------------------ */

/* The last in the line of only children. */
static pid_t leaf_below(pid_t pid)
{
	for (;;) {
		cleanup_free char *path =
			xasprintf("/proc/%d/task/%d/children", (int)pid, (int)pid);
		cleanup_free char *text = NULL;
		struct sv rest, first;
		uint32_t child;

		if (fs_read(AT_FDCWD, path, 4096, &text, NULL) < 0)
			return pid;
		rest = sv(text);
		first = sv_cut(&rest, ' ');
		if (parse_u32_max(first, INT32_MAX, &child) < 0)
			return pid;
		pid = (pid_t)child;
	}
}

static pid_t leaf_process(const struct run_of_peer *r)
{
	return leaf_below(r->supervisor);
}

static void stop_supervisor(struct run_of_peer *r)
{
	struct pollfd p = {.events = POLLIN};

	p.fd = (int)syscall(SYS_pidfd_open, r->supervisor, 0);
	if (p.fd < 0 || kill(r->supervisor, SIGTERM) < 0 || poll(&p, 1, STOP_MS) != 1 ||
		waitpid(r->supervisor, NULL, 0) != r->supervisor)
		die("%s does not end", r->peer->name);
	(void)close(p.fd);
}

static void run_supervisor(struct run_of_peer *r, const char *const *argv)
{
	cleanup_free char *log = xasprintf("%s/log", r->dir);
	cleanup_close int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	r->supervisor = run_beside(argv, NULL, fd);
}

static bool start_supervisord(struct run_of_peer *r)
{
	cleanup_free char *path = xasprintf("%s/conf", r->dir);
	cleanup_free char *text = xasprintf("[supervisord]\nnodaemon=true\nlogfile=/dev/null\n"
					    "logfile_maxbytes=0\npidfile=%s/pid\n[program:probe]\n"
					    "command=%s/tests/bench/probe start %s/stamps/stamp\n"
					    "startsecs=0\nautorestart=true\n",
		r->dir, r->b->build, r->b->root);

	write_file(r->dir, "conf", 0600, text);
	run_supervisor(r, (const char *const[]){r->peer->program, "-c", path, NULL});
	return true;
}

static bool start_s6(struct run_of_peer *r)
{
	cleanup_free char *scan = xasprintf("%s/scan", r->dir);
	cleanup_free char *service = xasprintf("%s/probe", scan);
	cleanup_free char *text =
		xasprintf("#!/bin/sh\nexec %s/tests/bench/probe start %s/stamps/stamp\n",
			r->b->build, r->b->root);

	run_ok((const char *const[]){"/bin/mkdir", "-p", service, NULL});
	write_file(service, "run", 0755, text);
	run_supervisor(r, (const char *const[]){r->peer->program, scan, NULL});
	return true;
}

/* ---- podman ---------------------------------------------------------------------------------------- */

static bool start_podman(struct run_of_peer *r)
{
	cleanup_free char *pid_file = xasprintf("%s/pid", r->dir);
	cleanup_free char *volume = xasprintf("%s/stamps:/bench", r->b->root);

	return podman_open(r->b) &&
	       podman(r->b,
		       (const char *const[]){"run", "-d", "--restart=always", "--network=host",
			       "--pidfile", pid_file, "-v", volume, "localhost/bench/probe:latest",
			       "/probe", "start", "/bench/stamp", NULL}) == 0;
}

static pid_t podman_process(const struct run_of_peer *r)
{
	cleanup_free char *path = xasprintf("%s/pid", r->dir);
	cleanup_free char *text = NULL;
	uint32_t pid;

	if (fs_read(AT_FDCWD, path, 64, &text, NULL) < 0 ||
		parse_u32_max(sv_trim(sv(text)), INT32_MAX, &pid) < 0)
		die("%s: no pid of podman's container", path);
	return (pid_t)pid;
}

static void stop_podman(struct run_of_peer *r)
{
	if (podman(r->b, (const char *const[]){"rm", "--all", "--force", "--time", "0", NULL}) != 0)
		die("podman leaves its container");
}

/* ---- the measurement ------------------------------------------------------------------------------------- */

static const struct peer peers[] = {
	{"podman --restart=always", "/usr/bin/podman", start_podman, podman_process, stop_podman},
	{"supervisord", "/usr/bin/supervisord", start_supervisord, leaf_process, stop_supervisor},
	{"s6", "/usr/bin/s6-svscan", start_s6, leaf_process, stop_supervisor},
};

static double restart_ms(const struct run_of_peer *r, const char *stamp)
{
	pid_t pid = r->peer->process(r);
	uint64_t begin;

	stamp_reset(stamp);
	sleep_ms(QUIET_MS);
	begin = now_ns();
	if (kill(pid, SIGKILL) < 0)
		die("%s: its process is gone", r->peer->name);
	return (double)(stamp_wait(stamp, 1) - begin) / 1e6;
}

void bench_peers(struct bench *b)
{
	cleanup_free char *stamp = xasprintf("%s/stamps/stamp", b->root);

	for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
		struct run_of_peer r = {
			.b = b, .peer = &peers[i], .dir = xasprintf("%s/peer%zu", b->root, i)};
		cleanup_free char *dir = r.dir;
		struct series ms = {0};

		if (access(peers[i].program, X_OK) < 0) {
			say("%s: not installed", peers[i].name);
			continue;
		}
		run_ok((const char *const[]){"/bin/mkdir", dir, NULL});
		stamp_reset(stamp);
		if (!peers[i].start(&r)) {
			say("%s: installed, but starts no container here", peers[i].name);
			continue;
		}
		(void)stamp_wait(stamp, 1);
		for (int n = 0; n < PEER_REPS; n++)
			series_add(&ms, restart_ms(&r, stamp));
		peers[i].stop(&r);
		say_series(peers[i].name, &ms, "ms");
	}
}
