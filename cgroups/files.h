/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside this folder only: the small files and directories of a cgroup tree, by descriptor.
 * Everything returns -errno on failure and needs no heap: the supervisor of a pod runs this code.
 */
#ifndef CGROUPS_FILES_H
#define CGROUPS_FILES_H

#include "cgroups/detect.h"

#include <sys/types.h>

/** Close and keep errno.  For `cg_fd int fd = -1;`. */
void cg_fd_close(int *fd);
#define cg_fd __attribute__((cleanup(cg_fd_close)))

/** Open the directory of group @path in @t for reading.  Descriptor (O_CLOEXEC) or -errno. */
int cg_dir_open(const struct cgroup_hierarchy *t, const char *path);

/** Read @file of directory @dir into @buf, NUL-terminated, cut at @size.  Length or -errno. */
ssize_t cg_read(int dir, const char *file, char *buf, size_t size);

/** Write @text to @file, which must exist, in one write(2), as kernfs wants it.  0 or -errno. */
int cg_write(int dir, const char *file, const char *text);

/** Read a file that holds one number, or "max" (UINT64_MAX).  0, -EBADMSG or -errno. */
int cg_read_u64(int dir, const char *file, uint64_t *ret);

/** Read the number after @key in a file of "key value" lines.  0, -ENODATA without such a key. */
int cg_read_key(int dir, const char *file, const char *key, uint64_t *ret);

/**
 * Call @fn with each line of @file (without its newline, changeable) until it returns non-zero.
 * A line of 4 KiB or more is skipped.  0, what @fn returned, or -errno.
 */
int cg_each_line(int dir, const char *file, int (*fn)(char *line, void *arg), void *arg);

/** Call @fn with the name of each sub-directory of @dir until it returns non-zero. */
int cg_each_dir(int dir, int (*fn)(int dir, const char *name, void *arg), void *arg);

/** Call @fn with the descriptor of @dir and of each directory below it, deepest first. */
int cg_walk(int dir, int (*fn)(int dir, void *arg), void *arg);

/** Parse decimal digits at @s; @ret_end (may be NULL) gets the first other byte.  0 or -EBADMSG. */
int cg_parse_u64(const char *s, const char **ret_end, uint64_t *ret);

/** Is @word one of the space-separated words of @list (a trailing newline does not count)? */
bool cg_has_word(const char *list, const char *word);

#endif
