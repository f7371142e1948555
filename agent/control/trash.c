/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories of dead pods are renamed at once and removed by a child, one child at a time: a container may have
 * written a million files, and the loop waits for none of them. What the child cannot remove without leaving its file
 * system (safety R23) is left as .quarantine-NAME and said in the log.
 */
#include "agent/control/control_internal.h"
#include "runtime/base/fs.h"
#include "runtime/base/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define TRASH_PREFIX ".trash-"
#define QUARANTINE_PREFIX ".quarantine-"

struct trash {
	struct control *control;
	int dirs[2];
	uint64_t counter;
	pid_t pid;
	sd_event_source *source;
	bool again; /* something came while the child was at work */
};

bool trash_is(const char *name)
{
	return name[0] == '.';
}

/* ---- the child ---------------------------------------------------------------------------------------- */

static void empty_dir(int dir_fd)
{
	DIR *dir = fdopendir(openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	if (!dir)
		return;
	for (struct dirent *d; (d = readdir(dir));) {
		if (strncmp(d->d_name, TRASH_PREFIX, strlen(TRASH_PREFIX)) != 0)
			continue;
		int r = fs_remove_tree(dir_fd, d->d_name);
		if (r == 0)
			continue;
		cleanup_free char *aside =
			xasprintf(QUARANTINE_PREFIX "%s", d->d_name + strlen(TRASH_PREFIX));
		bool moved = renameat(dir_fd, d->d_name, dir_fd, aside) == 0;
		log_line(LOG_WARNING, "a dead pod's directory cannot be removed and is left",
			"directory", moved ? aside : d->d_name, "why",
			r == -EXDEV ? "something is mounted in it; unmount that, then remove it"
				    : strerror(-r));
	}
	(void)closedir(dir);
}

/* The child may outlive the agent, whose lock, sockets and clients must not live on in it. */
static void close_others(const struct trash *t)
{
	unsigned a = (unsigned)t->dirs[0], b = (unsigned)t->dirs[1];
	unsigned low = a < b ? a : b, high = a < b ? b : a;

	/* An empty range is refused, which is fine. */
	(void)syscall(SYS_close_range, STDERR_FILENO + 1, low - 1, 0);
	(void)syscall(SYS_close_range, low + 1, high - 1, 0);
	(void)syscall(SYS_close_range, high + 1, ~0U, 0);
}

_Noreturn static void be_child(const struct trash *t)
{
	close_others(t);
	for (size_t i = 0; i < ARRAY_SIZE(t->dirs); i++)
		empty_dir(t->dirs[i]);
	_exit(0);
}

/* ---- the parent --------------------------------------------------------------------------------------- */

static void start(struct trash *t);

static int on_child(sd_event_source *source, const siginfo_t *si, void *data)
{
	struct trash *t = data;

	(void)source;
	t->pid = 0;
	t->source = sd_event_source_disable_unref(t->source);
	if (si->si_code != CLD_EXITED)
		log_line(LOG_WARNING,
			"removing dead pods' directories was cut short; the next one goes on");
	if (t->again)
		start(t);
	return 0;
}

static void start(struct trash *t)
{
	if (t->pid) {
		t->again = true;
		return;
	}
	t->again = false;
	pid_t pid = fork();
	if (pid == 0)
		be_child(t);
	if (pid < 0)
		return; /* the next one that dies takes it along */
	t->pid = pid;
	if (sd_event_add_child(t->control->o.loop, &t->source, pid, WEXITED, on_child, t) < 0) {
		(void)waitpid(pid, NULL, 0);
		t->pid = 0;
	}
}

int trash_new(struct control *c, struct trash **ret, struct err *e)
{
	struct trash *t = xcalloc(1, sizeof(*t));

	(void)e;
	*t = (struct trash){.control = c, .dirs = {c->state_fd, c->logs_fd}};
	*ret = t;
	start(t);
	return 0;
}

void trash_free(struct trash *own_t)
{
	if (!own_t)
		return;
	/* The child goes on by itself; what it leaves is taken up by the next agent. */
	sd_event_source_disable_unref(own_t->source);
	free(own_t);
}

static int move(struct trash *t, int from_fd, const char *name, int to_fd)
{
	cleanup_free char *hidden = xasprintf(TRASH_PREFIX "%llu-%d-%s",
		(unsigned long long)control_wall(t->control), (int)(t->counter++ % 1000), name);

	if (renameat(from_fd, name, to_fd, hidden) < 0)
		return errno == ENOENT ? 0 : -errno;
	start(t);
	return 0;
}

int trash_put(struct trash *t, int dir_fd, const char *name)
{
	return move(t, dir_fd, name, dir_fd);
}

int trash_put_in(struct trash *t, int dir_fd, const char *sub, const char *name)
{
	cleanup_close int fd = fs_open_beneath(dir_fd, sub, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return move(t, fd, name, dir_fd);
}
