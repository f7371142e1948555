/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRI records. Source: Kubernetes "CRI container log format": RFC 3339 time, stream, tags (P or F), text.
 */
#include "runtime/shim/cri.h"

#include <stdio.h>
#include <string.h>

void cri_prefix_set(struct cri_prefix *p, const char *time, const char *stream)
{
	int n = snprintf(p->whole, sizeof p->whole, "%s %s F ", time, stream);

	(void)snprintf(p->part, sizeof p->part, "%s %s P ", time, stream);
	p->n = (size_t)n;
}

bool cri_next(const char *bytes, size_t n, size_t n_carry, size_t *ret_n, bool *ret_whole)
{
	size_t room = CRI_TEXT_MAX - n_carry;
	/* One byte more: a line of exactly CRI_TEXT_MAX bytes and its newline is whole. */
	size_t look = n < room + 1 ? n : room + 1;
	const char *end = memchr(bytes, '\n', look);

	if (!end && n < room + 1)
		return false;
	*ret_whole = end != NULL;
	*ret_n = end ? (size_t)(end - bytes) + 1 : room;
	return true;
}

size_t cri_put(char *out, const struct cri_prefix *p, const struct cri_text *t)
{
	size_t n = p->n;

	memcpy(out, t->whole ? p->whole : p->part, n);
	if (t->n_carry)
		memcpy(out + n, t->carry, t->n_carry);
	n += t->n_carry;
	memcpy(out + n, t->text, t->n);
	n += t->n;
	if (!t->whole)
		out[n++] = '\n';
	return n;
}
