/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees for the tests of cgroups/: plain files that stand for a cgroup file system, and real groups
 * under a name that nothing else uses.  Header only: each test is one program of one file.
 */
#ifndef TESTS_UNIT_CGROUPS_TREE_H
#define TESTS_UNIT_CGROUPS_TREE_H

#include "tests/unit/unit.h"

#include "cgroups/detect.h"
#include "cgroups/group.h"
#include "cgroups/kill.h"
#include "cgroups/members.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct tree {
	char path[64];
	int fd;
	struct cgroup_host host;
	char text[4096];
};

enum tree_shape { TREE_V1, TREE_HYBRID, TREE_UNIFIED };

#define MOUNT_V1                                                                                   \
	"33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup "            \
	"rw,cpu,cpuacct\n"                                                                         \
	"34 31 0:31 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"               \
	"35 31 0:32 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"                   \
	"36 31 0:33 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
#define MOUNT_OTHER                                                                                \
	"22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"                                          \
	"31 22 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"

/* Write @text to @file of the tree, making its directories. */
static inline void tree_put(struct tree *t, const char *file, const char *text)
{
	char part[256];
	int fd;

	for (const char *p = strchr(file, '/'); p; p = strchr(p + 1, '/')) {
		(void)snprintf(part, sizeof part, "%.*s", (int)(p - file), file);
		assert_true(mkdirat(t->fd, part, 0700) == 0 || errno == EEXIST);
	}
	fd = openat(t->fd, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

/* What stands in @file, until the next call. */
static inline const char *tree_get(struct tree *t, const char *file)
{
	int fd = openat(t->fd, file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, t->text, sizeof t->text - 1);
	assert_true(n >= 0);
	(void)close(fd);
	t->text[n] = '\0';
	return t->text;
}

/* An empty temporary directory. */
static inline void tree_empty(struct tree *t)
{
	*t = (struct tree){.path = "/tmp/berth-cgroups-XXXXXX", .host = CGROUP_HOST_NONE};
	assert_non_null(mkdtemp(t->path));
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(t->fd >= 0);
}

static inline int tree_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void tree_free(struct tree *t)
{
	cgroup_host_close(&t->host);
	(void)close(t->fd);
	assert_int_equal(nftw(t->path, tree_unlink, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static inline void tree_put_v1(struct tree *t)
{
	tree_put(t, "sys/fs/cgroup/cpu,cpuacct/cgroup.procs", "");
	tree_put(t, "sys/fs/cgroup/memory/cgroup.procs", "");
	tree_put(t, "sys/fs/cgroup/pids/cgroup.procs", "");
	tree_put(t, "sys/fs/cgroup/systemd/cgroup.procs", "");
}

/* A tree of plain files of @shape, detected. */
static inline void tree_new(struct tree *t, enum tree_shape shape)
{
	static const char *const mounts[] = {
		[TREE_V1] = MOUNT_OTHER MOUNT_V1,
		[TREE_HYBRID] = MOUNT_OTHER MOUNT_V1
		"40 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
		[TREE_UNIFIED] = MOUNT_OTHER
		"32 22 0:29 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
	};

	tree_empty(t);
	tree_put(t, "proc/self/mountinfo", mounts[shape]);
	if (shape == TREE_UNIFIED) {
		tree_put(t, "sys/fs/cgroup/cgroup.procs", "");
		tree_put(t, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
		tree_put(t, "sys/fs/cgroup/cgroup.subtree_control", "cpu memory pids\n");
	} else {
		tree_put_v1(t);
	}
	if (shape == TREE_HYBRID) {
		tree_put(t, "sys/fs/cgroup/unified/cgroup.procs", "");
		tree_put(t, "sys/fs/cgroup/unified/cgroup.controllers", "hugetlb\n");
		tree_put(t, "sys/fs/cgroup/unified/cgroup.subtree_control", "\n");
	}
	assert_int_equal(cgroup_host_open(t->fd, &t->host), 0);
}

/* ---- the real host ---- */

/* The real host, or a skipped test where this is not root on a machine with cgroups. */
static inline void real_host(struct cgroup_host *h)
{
	if (geteuid() != 0 || cgroup_host_open(AT_FDCWD, h) < 0)
		skip();
}

/* "berth-test-PID/NAME", or "berth-test-PID" for NULL; good until the next call. */
static inline const char *real_path(const char *name)
{
	static char path[CGROUP_PATH_MAX];

	(void)snprintf(path, sizeof path, "berth-test-%d%s%s", (int)getpid(), name ? "/" : "",
		name ? name : "");
	return path;
}

/* A child that does nothing until it is killed; it does not outlive the test. */
static inline pid_t sleeper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	return pid;
}

/* Wait for @pid: the signal that ended it, or minus its exit code. */
static inline int reap(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

/* Kill what is left below the test's own group and remove it. */
static inline void real_clean(struct cgroup_host *h)
{
	(void)cgroup_kill(h, real_path(NULL));
	(void)cgroup_wait_empty(h, real_path(NULL), 2000);
	assert_int_equal(cgroup_remove(h, real_path(NULL)), 0);
	cgroup_host_close(h);
}

#endif
