/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding and opening log files (safety R20, T25): by directory descriptors, refusing whatever is
 * not a file that the shim made.
 */
#include "agent/api/logfiles.h"
#include "runtime/base/fs.h"
#include "runtime/base/str.h"

#include <dirent.h>
#include <fcntl.h>

void logfiles_done(struct logfiles *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->files[i].fd >= 0)
			(void)close(l->files[i].fd);
	l->n = 0;
}

int logfiles_dir(
	int root_fd, const char *ns, const char *pod, const char *uid, const char *container)
{
	cleanup_free char *path = xasprintf("var/log/pods/%s_%s_%s/%s", ns, pod, uid, container);

	return fs_open_beneath(root_fd, path, O_RDONLY | O_DIRECTORY, 0);
}

/* "12.log", "12.log.20261122-202801". Returns: false when it is no name of a log. */
static bool parse_name(const char *name, uint32_t *ret_run)
{
	struct sv left = sv(name), run = sv_cut(&left, '.'), word = sv_cut(&left, '.');

	return parse_u32_max(run, UINT32_MAX - 1, ret_run) == 0 && sv_eq(word, "log");
}

static DIR *open_list(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir && fd >= 0)
		(void)close(fd);
	return dir;
}

size_t logfiles_runs(int dir_fd, uint32_t *ret_newest, uint32_t *ret_before)
{
	DIR *dir = open_list(dir_fd);
	const struct dirent *entry;
	size_t n = 0;
	uint32_t run;

	while (dir && (entry = readdir(dir))) {
		if (!parse_name(entry->d_name, &run))
			continue;
		if (n == 0 || run > *ret_newest) {
			if (n > 0)
				*ret_before = *ret_newest;
			*ret_newest = run;
			n += n < 2;
		} else if (run < *ret_newest && (n == 1 || run > *ret_before)) {
			*ret_before = run;
			n = 2;
		}
	}
	if (dir)
		(void)closedir(dir);
	return n;
}

bool logfiles_next(int dir_fd, uint32_t run, uint32_t *ret)
{
	DIR *dir = open_list(dir_fd);
	const struct dirent *entry;
	bool found = false;
	uint32_t of;

	while (dir && (entry = readdir(dir))) {
		if (!parse_name(entry->d_name, &of) || (run != LOGFILES_NO_RUN && of <= run) ||
			(found && of >= *ret))
			continue;
		*ret = of;
		found = true;
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

bool logfiles_has(int dir_fd, uint32_t run)
{
	uint32_t found = 0;

	if (run > 0)
		return logfiles_next(dir_fd, run - 1, &found) && found == run;
	return logfiles_next(dir_fd, LOGFILES_NO_RUN, &found) && found == 0;
}

/* The current file stands last; rotated ones are in the order of their times. */
static int by_age(const void *a, const void *b)
{
	const char *left = *(const char *const *)a, *right = *(const char *const *)b;
	size_t n = strlen(left), m = strlen(right);
	bool left_current = n > 4 && streq(left + n - 4, ".log");
	bool right_current = m > 4 && streq(right + m - 4, ".log");

	if (left_current != right_current)
		return left_current ? 1 : -1;
	return strcmp(left, right);
}

struct names {
	char **items;
	size_t n, cap;
};

static void names_done(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->items[i]);
	free(l->items);
}

static void list_names(int dir_fd, uint32_t run, struct names *ret)
{
	DIR *dir = open_list(dir_fd);
	const struct dirent *entry;
	uint32_t of;

	while (dir && ret->n < 1024 && (entry = readdir(dir))) {
		if (!parse_name(entry->d_name, &of) || of != run)
			continue;
		GROW(ret->items, ret->n + 1, ret->cap);
		ret->items[ret->n++] = xstrdup(entry->d_name);
	}
	if (dir)
		(void)closedir(dir);
	if (ret->n > 0)
		qsort(ret->items, ret->n, sizeof *ret->items, by_age);
}

static int open_one(int dir_fd, const char *name, struct logfile *ret)
{
	cleanup_close int fd =
		fs_open_beneath(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return -ELOOP;
	*ret = (struct logfile){.ino = st.st_ino, .dev = st.st_dev};
	ret->fd = take_fd(fd);
	return 0;
}

static int open_names(
	int dir_fd, const struct names *names, const struct logfile *after, struct logfiles *l)
{
	for (size_t i = names->n > LOGFILES_MAX ? names->n - LOGFILES_MAX : 0; i < names->n; i++) {
		struct logfile *file = &l->files[l->n];
		int r = open_one(dir_fd, names->items[i], file);

		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		l->n++;
		if (after && file->ino == after->ino && file->dev == after->dev)
			logfiles_done(l);
	}
	return 0;
}

static bool same_names(const struct names *a, const struct names *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (!streq(a->items[i], b->items[i]))
			return false;
	return a->n == b->n;
}

int logfiles_open(int dir_fd, uint32_t run, const struct logfile *after, struct logfiles *ret)
{
	/* A rotation between the list and the opening would hide a file: then once more. */
	for (int tries = 0;; tries++) {
		struct names names = {0}, later = {0};
		struct logfiles l = {0};
		bool still;
		int r;

		list_names(dir_fd, run, &names);
		r = open_names(dir_fd, &names, after, &l);
		list_names(dir_fd, run, &later);
		still = same_names(&names, &later);
		names_done(&names);
		names_done(&later);
		if (r == 0 && (still || tries == 8)) {
			*ret = l;
			return 0;
		}
		logfiles_done(&l);
		if (r < 0)
			return r;
	}
}
