/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The write that makes the kernel ready for the runtime's own, in a thread.
 *
 * Begun the moment a start is decided.  What must hold: the one thread of a program that has none else,
 * so it touches nothing but its own struct, allocates nothing, and its stack is small.  A thread and not a
 * child, because a child costs its parent's page tables, and must be reaped.
 */
#include "cgroups/warm.h"

#include "cgroups/files.h"
#include "cgroups/group.h"
#include "cgroups/names.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>

static void *write_itself(void *arg)
{
	struct cgroup_warm *w = arg;
	const struct cgroup_host *h = w->host;
	/* The v2 tree, where a move has the fewest controllers to ask; else any. */
	int i = h->v2 >= 0 ? h->v2 : 0;

	if (w->all) {
		w->result = cgroup_attach(h, w->path, 0);
	} else {
		cg_fd int dir = cg_dir_open(&h->hierarchies[i], w->path);

		w->result = dir < 0 ? dir : cg_write(dir, "cgroup.procs", "0");
	}
	return NULL;
}

static int start(struct cgroup_warm *w, const struct cgroup_host *host, const char *path, bool all)
{
	pthread_attr_t attr;
	sigset_t every, kept;
	int r;

	if (!cgroup_path_ok(path) || host->n == 0)
		return -EINVAL;
	if (w->started && pthread_tryjoin_np(w->thread, NULL) == EBUSY)
		return 0;
	*w = (struct cgroup_warm){.host = host, .path = path, .all = all};
	r = pthread_attr_init(&attr);
	if (r != 0)
		return -r;
	(void)pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN);
	/* No signal may find this thread: they belong to the caller's loop. */
	(void)sigfillset(&every);
	(void)pthread_sigmask(SIG_SETMASK, &every, &kept);
	r = pthread_create(&w->thread, &attr, write_itself, w);
	(void)pthread_sigmask(SIG_SETMASK, &kept, NULL);
	(void)pthread_attr_destroy(&attr);
	w->started = r == 0;
	return -r;
}

int cgroup_warm_attach(struct cgroup_warm *w, const struct cgroup_host *host, const char *path)
{
	/* A move must not be lost in a warming that happens to run. */
	if (w->started && !w->all)
		(void)cgroup_warm_wait(w);
	return start(w, host, path, true);
}

int cgroup_warm_start(struct cgroup_warm *w, const struct cgroup_host *host, const char *path)
{
	return start(w, host, path, false);
}

int cgroup_warm_wait(struct cgroup_warm *w)
{
	if (!w->started)
		return 0;
	w->started = false;
	if (pthread_join(w->thread, NULL) != 0)
		return -EINVAL;
	return w->result;
}
