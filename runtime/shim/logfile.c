/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log files by name. Always made new, never followed, never opened for writing again: whatever else stands under the
 * name is set aside by a rename, which follows nothing.
 */
#include "runtime/shim/logfile.h"

#include "runtime/base/clock.h"
#include "runtime/base/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

enum { NAME_SIZE = 64 };

static int set_aside(int dir_fd, uint32_t run, uint64_t now_wall_ns)
{
	time_t seconds = (time_t)(now_wall_ns / NS_PER_SEC);
	char name[NAME_SIZE], aside[NAME_SIZE], text[24];
	struct tm tm;

	(void)gmtime_r(&seconds, &tm);
	(void)strftime(text, sizeof text, "%Y%m%d-%H%M%S", &tm);
	(void)snprintf(name, sizeof name, "%u.log", run);
	(void)snprintf(aside, sizeof aside, "%u.log.%s.%09llu", run, text,
		(unsigned long long)(now_wall_ns % NS_PER_SEC));
	return renameat(dir_fd, name, dir_fd, aside) < 0 && errno != ENOENT ? -errno : 0;
}

static int create(int dir_fd, uint32_t run)
{
	char name[NAME_SIZE];
	int fd;

	(void)snprintf(name, sizeof name, "%u.log", run);
	fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_APPEND | O_CLOEXEC,
		0600);
	return fd < 0 ? -errno : fd;
}

int logfile_create(int dir_fd, uint32_t run, uint64_t now_wall_ns)
{
	int fd = create(dir_fd, run);

	if (fd != -EEXIST)
		return fd;
	fd = set_aside(dir_fd, run, now_wall_ns);
	return fd < 0 ? fd : create(dir_fd, run);
}

/* Which run does the file @name belong to? -1: it is no log of ours. */
static int64_t run_of(const char *name)
{
	struct sv rest = sv(name);
	struct sv number = sv_cut(&rest, '.');
	uint64_t run;

	if (!sv_eq(rest, "log") && !sv_starts(rest, "log."))
		return -1;
	return parse_u64(number, &run) < 0 || run > UINT32_MAX ? -1 : (int64_t)run;
}

/* The oldest rotated file of @run into @oldest. Returns: how many files the run has, the current one too. */
static uint32_t count_files(DIR *dir, uint32_t run, char oldest[NAME_SIZE])
{
	struct dirent *entry;
	uint32_t n = 0;

	oldest[0] = '\0';
	rewinddir(dir);
	while ((entry = readdir(dir))) {
		size_t length = strlen(entry->d_name);

		if (run_of(entry->d_name) != run)
			continue;
		n++;
		/* Times in the names sort as text; N.log itself ends in "log". */
		if (entry->d_name[length - 1] != 'g' && length < NAME_SIZE &&
			(!oldest[0] || strcmp(entry->d_name, oldest) < 0))
			memcpy(oldest, entry->d_name, length + 1);
	}
	return n;
}

static DIR *open_list(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? NULL : fdopendir(fd);
}

static void prune(int dir_fd, uint32_t run, uint32_t max_files)
{
	DIR *dir = open_list(dir_fd);
	char oldest[NAME_SIZE];

	while (dir && count_files(dir, run, oldest) > max_files && oldest[0])
		if (unlinkat(dir_fd, oldest, 0) < 0)
			break;
	if (dir)
		(void)closedir(dir);
}

int logfile_rotate(int dir_fd, uint32_t run, uint32_t max_files, uint64_t now_wall_ns)
{
	int r = set_aside(dir_fd, run, now_wall_ns);
	int fd = r < 0 ? r : create(dir_fd, run);

	prune(dir_fd, run, max_files ? max_files : 1);
	return fd;
}

static int remove_before(DIR *dir, uint32_t first)
{
	struct dirent *entry;
	int r = 0;

	rewinddir(dir);
	while ((entry = readdir(dir))) {
		int64_t run = run_of(entry->d_name);

		if (run >= 0 && run < first && unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			r = -errno;
	}
	return r;
}

/* The oldest run before @run that is to stay. */
static uint32_t first_kept(DIR *dir, uint32_t run, uint32_t runs, uint64_t max_bytes)
{
	size_t n = runs > 1 ? runs - 1 : 0;
	cleanup_free uint64_t *sizes = xcalloc(n + 1, sizeof *sizes); /* of run - 1, run - 2 … */
	uint64_t sum = 0;
	struct dirent *entry;
	uint32_t kept = 0;

	while ((entry = readdir(dir))) {
		int64_t of = run_of(entry->d_name);
		struct stat st;

		if (of >= 0 && of < run && run - 1 - (uint64_t)of < n &&
			fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			sizes[run - 1 - (uint64_t)of] += (uint64_t)st.st_size;
	}
	while (kept < n && kept < run && (!max_bytes || sum + sizes[kept] <= max_bytes))
		sum += sizes[kept++];
	return run - kept;
}

int logfile_forget(int dir_fd, uint32_t run, uint32_t runs, uint64_t max_bytes)
{
	DIR *dir = open_list(dir_fd);
	int r;

	if (!dir)
		return -errno;
	r = remove_before(dir, first_kept(dir, run, runs, max_bytes));
	(void)closedir(dir);
	return r;
}
