/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who owns what: scope-bound release, handing over, and arrays that grow.
 *
 *	CLEANUP(pod_free) struct pod *p = NULL;	released when the scope is left
 *	*ret_pod = take(p);				the caller owns it now
 *
 * Every x_free(NULL) is a no-op, takes half-built objects and never fails. Memory for small,
 * bounded sizes is taken with the x* functions, which abort when there is none: both daemons may
 * die at any instruction. Where a size comes from outside, call malloc and return -ENOMEM.
 */
#ifndef RUNTIME_BASE_OWN_H
#define RUNTIME_BASE_OWN_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF_LIKE(text, first) __attribute__((__format__(printf, text, first)))

/* Declares a variable that is handed to @fn (by its value, a pointer) at the end of its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn##_p)))
/* Makes `fn_p`, the form that CLEANUP needs, of a `void fn(type *)`. */
#define DEFINE_CLEANUP(type, fn)                                                                   \
	static inline __attribute__((unused)) void fn##_p(type **slot)                             \
	{                                                                                          \
		fn(*slot);                                                                         \
	}                                                                                          \
	struct own_swallow_semicolon

static inline void own_free_p(void *slot)
{
	void *p;

	/* A copy: the variable may be a pointer of any type. */
	memcpy(&p, slot, sizeof p);
	free(p);
}

static inline void own_close_p(const int *fd)
{
	int kept = errno;
	if (*fd >= 0)
		(void)close(*fd);
	errno = kept;
}

static inline void own_fclose_p(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}

#define cleanup_free __attribute__((cleanup(own_free_p)))
#define cleanup_close __attribute__((cleanup(own_close_p)))
#define cleanup_fclose __attribute__((cleanup(own_fclose_p)))

/* Gives the pointer away: its value is returned, the variable is NULL after. */
#define take(p)                                                                                    \
	(__extension__({                                                                           \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	}))

static inline int own_take_fd(int *fd)
{
	int taken = *fd;
	*fd = -EBADF;
	return taken;
}
/* Gives the descriptor away: its number is returned, the variable is -EBADF after. */
#define take_fd(fd) own_take_fd(&(fd))

/**
 * Memory or the end of the process. For small bounded sizes only (see above).
 * Returns: memory the caller frees; never NULL. xcalloc's is zeroed.
 */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *own_p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
/** printf into a new string. Returns: owned by the caller; never NULL. */
char *xasprintf(const char *format, ...) PRINTF_LIKE(1, 2);
char *xvasprintf(const char *format, va_list ap) PRINTF_LIKE(1, 0);

/* Makes room for at least @need items in @arr, whose capacity stands in the variable @cap. */
#define GROW(arr, need, cap)                                                                       \
	do {                                                                                       \
		if ((size_t)(need) > (cap)) {                                                      \
			(cap) = (size_t)(need) > 2 * (cap) ? (size_t)(need) : 2 * (cap);           \
			(arr) = xrealloc((arr), (cap), sizeof(*(arr)));                            \
		}                                                                                  \
	} while (0)

static inline int streq(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

#endif
