/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for small, bounded sizes. The process ends when there is none: berthd is started again by
 * its supervisor and finds its pods running, a shim's pod is rebuilt by berthd.
 */
#include "runtime/base/own.h"

#include <stdint.h>

static void *or_abort(void *p)
{
	if (!p)
		abort();
	return p;
}

void *xmalloc(size_t size)
{
	return or_abort(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return or_abort(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *own_p, size_t n, size_t size)
{
	return or_abort(reallocarray(own_p, n ? n : 1, size ? size : 1));
}

char *xstrdup(const char *s)
{
	return or_abort(strdup(s));
}

char *xstrndup(const char *s, size_t n)
{
	return or_abort(strndup(s, n));
}

char *xvasprintf(const char *format, va_list ap)
{
	char *s = NULL;

	if (vasprintf(&s, format, ap) < 0)
		abort();
	return s;
}

char *xasprintf(const char *format, ...)
{
	va_list ap;
	char *s;

	va_start(ap, format);
	s = xvasprintf(format, ap);
	va_end(ap);
	return s;
}
