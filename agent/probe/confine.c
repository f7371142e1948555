/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walls: nobody's user and group, limits, and a filter that knows about thirty system calls. A call that it does
 * not know fails and does not kill, because a library may try one that it can do without. Must hold: no
 * call opens a file, starts a program, or makes a socket other than IPv4's and IPv6's.
 */
#include "agent/probe/confine.h"

#include <grp.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { NOBODY = 65534, FILES_MAX = 256 };

static int set_limits(struct err *e)
{
	static const struct {
		__rlimit_resource_t resource;
		rlim_t value;
	} limits[] = {
#ifndef __SANITIZE_ADDRESS__ /* which maps terabytes and touches little of it */
		{RLIMIT_AS, 512ull << 20},
#endif
		{RLIMIT_NOFILE, FILES_MAX},
		{RLIMIT_CORE, 0},
		{RLIMIT_NPROC, 0},
		{RLIMIT_MEMLOCK, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct rlimit limit = {limits[i].value, limits[i].value}, now;

		/* A limit that is lower already stays: raising it is not ours to do. */
		if (getrlimit(limits[i].resource, &now) == 0 && now.rlim_max < limit.rlim_max)
			limit.rlim_cur = limit.rlim_max = now.rlim_max;
		if (setrlimit(limits[i].resource, &limit) < 0)
			return err_errno(e, -errno, "setting limit %zu", i);
	}
	return 0;
}

static int become_nobody(struct err *e)
{
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
		setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return err_errno(e, -errno, "becoming user and group %d", NOBODY);
	/* Leaving user 0 has emptied the sets; with no new privileges nothing fills them again. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_errno(e, -errno, "giving up new privileges");
	return 0;
}

static const int allowed_calls[] = {
	/* the network, once a socket is there */
	SCMP_SYS(connect),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(shutdown),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(fcntl),
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(close),
	/* libc: memory, time, ending */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
#ifdef __SANITIZE_ADDRESS__
	SCMP_SYS(sigaltstack),
#endif
};

static int add_rules(scmp_filter_ctx filter)
{
	static const int families[] = {AF_INET, AF_INET6};
	/* Memory yes, code no. */
	static const int memory[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
	enum { EXECUTE = 4 /* PROT_EXEC */ };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(allowed_calls); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(families); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(memory); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, memory[i], 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, EXECUTE, 0));
	return r;
}

static int set_filter(struct err *e)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r = filter ? add_rules(filter) : -ENOMEM;

	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r < 0 ? err_errno(e, r, "loading the system call filter") : 0;
}

int confine(struct err *e)
{
	int r = set_limits(e);

	if (r == 0)
		r = become_nobody(e);
	return r < 0 ? r : set_filter(e);
}
