/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing the small files of a cgroup tree, and walking its directories.
 *
 * Below every other module of this folder.  What must hold: no heap (opendir alone would take 32
 * KiB), no descriptor left behind, one write(2) a value, because kernfs parses each write by
 * itself.
 */
#include "cgroups/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A container with a writable tree may nest groups as deep as it likes: the walk must end. */
enum { WALK_DEPTH_MAX = 64, LINE_BYTES = 4096, DIRENT_BYTES = 2048 };

void cg_fd_close(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;

		(void)close(*fd);
		errno = saved;
	}
}

int cg_dir_open(const struct cgroup_hierarchy *t, const char *path)
{
	int fd = openat(t->fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

ssize_t cg_read(int dir, const char *file, char *buf, size_t size)
{
	cg_fd int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	if (fd < 0)
		return -errno;
	while (len + 1 < size) {
		ssize_t n = read(fd, buf + len, size - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
	return (ssize_t)len;
}

int cg_write(int dir, const char *file, const char *text)
{
	cg_fd int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, text, strlen(text));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == strlen(text) ? 0 : -EIO;
}

int cg_parse_u64(const char *s, const char **ret_end, uint64_t *ret)
{
	uint64_t v = 0;

	if (*s < '0' || *s > '9')
		return -EBADMSG;
	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return -EBADMSG;
	if (ret_end)
		*ret_end = s;
	*ret = v;
	return 0;
}

int cg_read_u64(int dir, const char *file, uint64_t *ret)
{
	char buf[64];
	const char *end;
	uint64_t v;
	ssize_t n = cg_read(dir, file, buf, sizeof buf);

	if (n < 0)
		return (int)n;
	if (strcmp(buf, "max\n") == 0 || strcmp(buf, "max") == 0) {
		*ret = UINT64_MAX;
		return 0;
	}
	if (cg_parse_u64(buf, &end, &v) < 0 || (*end != '\n' && *end != '\0'))
		return -EBADMSG;
	*ret = v;
	return 0;
}

int cg_each_line(int dir, const char *file, int (*fn)(char *line, void *arg), void *arg)
{
	char buf[LINE_BYTES];
	size_t len = 0;
	bool skipping = false;
	cg_fd int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = read(fd, buf + len, sizeof buf - len);
		char *line = buf, *nl;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		len += (size_t)n;
		while ((nl = memchr(line, '\n', len)) != NULL) {
			int r = 0;

			*nl = '\0';
			if (!skipping)
				r = fn(line, arg);
			if (r != 0)
				return r;
			skipping = false;
			len -= (size_t)(nl + 1 - line);
			line = nl + 1;
		}
		memmove(buf, line, len);
		if (len == sizeof buf) {
			skipping = true;
			len = 0;
		}
	}
}

struct key_search {
	const char *key;
	size_t len;
	uint64_t value;
};

static int match_key(char *line, void *arg)
{
	struct key_search *s = arg;

	if (strncmp(line, s->key, s->len) != 0 || line[s->len] != ' ')
		return 0;
	return cg_parse_u64(line + s->len + 1, NULL, &s->value) < 0 ? -EBADMSG : 1;
}

int cg_read_key(int dir, const char *file, const char *key, uint64_t *ret)
{
	struct key_search s = {.key = key, .len = strlen(key)};
	int r = cg_each_line(dir, file, match_key, &s);

	if (r < 0)
		return r;
	if (r == 0)
		return -ENODATA;
	*ret = s.value;
	return 0;
}

int cg_each_dir(int dir, int (*fn)(int dir, const char *name, void *arg), void *arg)
{
	/* Aligned as the kernel writes struct linux_dirent64 into it. */
	_Alignas(struct dirent64) char buf[DIRENT_BYTES];
	/* A descriptor of its own: the caller's offset stays, and a walk can be made twice. */
	cg_fd int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (;;) {
		long n = syscall(SYS_getdents64, fd, buf, sizeof buf);

		if (n <= 0)
			return n < 0 ? -errno : 0;
		for (long at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(buf + at);

			at += d->d_reclen;
			if (d->d_type != DT_DIR || strcmp(d->d_name, ".") == 0 ||
				strcmp(d->d_name, "..") == 0)
				continue;

			int r = fn(dir, d->d_name, arg);

			if (r != 0)
				return r;
		}
	}
}

struct walk {
	int (*fn)(int dir, void *arg);
	void *arg;
	int depth;
};

static int walk_child(int dir, const char *name, void *arg)
{
	struct walk *w = arg;
	cg_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	/* A group may go while it is being walked. */
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (w->depth == WALK_DEPTH_MAX)
		return -ELOOP;
	w->depth++;
	r = cg_each_dir(fd, walk_child, w);
	w->depth--;
	return r != 0 ? r : w->fn(fd, w->arg);
}

int cg_walk(int dir, int (*fn)(int dir, void *arg), void *arg)
{
	struct walk w = {.fn = fn, .arg = arg};
	int r = cg_each_dir(dir, walk_child, &w);

	return r != 0 ? r : fn(dir, arg);
}

bool cg_has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p;) {
		size_t len = strcspn(p, " \n");

		if (len == n && memcmp(p, word, n) == 0)
			return true;
		p += len;
		p += strspn(p, " \n");
	}
	return false;
}
