/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The readers of cgroups/: mountinfo, lists of processes, flat files. Input: the text of one file, taken for each
 * of them in turn. A container may have written some of it (names of its own groups and mounts).
 */
#include "cgroups/detect.h"
#include "cgroups/files.h"
#include "cgroups/names.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

static int count_line(char *line, void *arg)
{
	if (strlen(line) >= 4096 || strchr(line, '\n'))
		abort();
	++*(size_t *)arg;
	return 0;
}

static char dir[] = "/dev/shm/berth-fuzz-XXXXXX";
static int root = -1;

static void tear_down(void)
{
	(void)unlinkat(root, "proc/self/mountinfo", 0);
	(void)unlinkat(root, "proc/self", AT_REMOVEDIR);
	(void)unlinkat(root, "proc", AT_REMOVEDIR);
	(void)rmdir(dir);
}

/* proc/self/mountinfo below a descriptor: a directory that the whole run shares. */
static void put_mountinfo(const uint8_t *in, size_t n)
{
	int fd;

	if (root < 0) {
		if (!mkdtemp(dir))
			abort();
		(void)atexit(tear_down);
		root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (root < 0 || mkdirat(root, "proc", 0700) < 0 ||
			mkdirat(root, "proc/self", 0700) < 0)
			abort();
	}
	fd = openat(root, "proc/self/mountinfo", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, in, n) != (ssize_t)n)
		abort();
	(void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct cgroup_host h = CGROUP_HOST_NONE;
	char file[32], small[16], path[CGROUP_PATH_MAX];
	int fd = memfd_create("file", MFD_CLOEXEC);
	size_t lines = 0;
	uint64_t v;
	char *text = malloc(n + 1);

	put_mountinfo(in, n);
	if (fd < 0 || write(fd, in, n) != (ssize_t)n || !text)
		abort();
	(void)snprintf(file, sizeof file, "/proc/self/fd/%d", fd);
	if (cgroup_host_open(root, &h) == 0)
		cgroup_host_close(&h);
	(void)cg_each_line(AT_FDCWD, file, count_line, &lines);
	(void)cg_read_u64(AT_FDCWD, file, &v);
	(void)cg_read_key(AT_FDCWD, file, "oom_kill", &v);
	if (cg_read(AT_FDCWD, file, small, sizeof small) >= (ssize_t)sizeof small)
		abort();
	memcpy(text, in, n);
	text[n] = '\0';
	if (cgroup_name_ok(text) && (strchr(text, '/') || strstr(text, "..") || text[0] == '.'))
		abort();
	if (cgroup_path_ok(text) && (text[0] == '/' || strstr(text, "..") || strstr(text, "//")))
		abort();
	if (cgroup_path(path, sizeof path, "berth", text, NULL) == 0 && !cgroup_path_ok(path))
		abort();
	free(text);
	(void)close(fd);
	return 0;
}
