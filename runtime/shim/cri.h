/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes to CRI log records. Pure: no descriptor, no clock.
 */
#ifndef RUNTIME_SHIM_CRI_H
#define RUNTIME_SHIM_CRI_H

#include <stdbool.h>
#include <stddef.h>

enum { CRI_PREFIX_MAX = 64, CRI_TEXT_MAX = 16 << 10 };

/* What stands before a record's text: "TIME STREAM F " and the same with P. */
struct cri_prefix {
	char whole[CRI_PREFIX_MAX], part[CRI_PREFIX_MAX];
	size_t n;
};

/** @time: as rfc3339_nano writes it. */
void cri_prefix_set(struct cri_prefix *p, const char *time, const char *stream);

/**
 * Cuts the next record's text off @bytes: up to and with a newline, or as much as a record takes.
 * @n_carry: bytes of the same line that wait before @bytes (at most CRI_TEXT_MAX).
 * @ret_n: how many of @bytes belong to the record (may be 0). @ret_whole: it ends its line (F), else it is a part (P).
 * Returns: false when the line's end is not there yet.
 */
bool cri_next(const char *bytes, size_t n, size_t n_carry, size_t *ret_n, bool *ret_whole);

/** Writes one record to @out (prefix, @carry, @text, a newline when there is none). Returns: its length. */
struct cri_text {
	const char *carry;
	size_t n_carry;
	const char *text;
	size_t n;
	bool whole;
};
size_t cri_put(char *out, const struct cri_prefix *p, const struct cri_text *t);

#endif
