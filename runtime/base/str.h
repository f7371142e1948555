/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings: a slice to parse from, a buffer to build in, and strict number parsing.
 */
#ifndef RUNTIME_BASE_STR_H
#define RUNTIME_BASE_STR_H

#include "runtime/base/own.h"

#include <stdbool.h>
#include <stdint.h>

/* A borrowed piece of text, not NUL-terminated. */
struct sv {
	const char *p;
	size_t n;
};

static inline struct sv sv(const char *s)
{
	return (struct sv){s, s ? strlen(s) : 0};
}

/** Cuts @s at the first @c: returns what stood before; *@s is what stands behind, or empty. */
struct sv sv_cut(struct sv *s, char c);
bool sv_eq(struct sv a, const char *b);
bool sv_starts(struct sv s, const char *prefix);
/** Without white space (space, tab, CR, LF) at both ends. */
struct sv sv_trim(struct sv s);

/* Text that grows. {0} is an empty one; str_done releases it. Never fails (see own.h). */
struct str {
	char *p; /* NUL-terminated once anything was added; NULL before */
	size_t n, cap;
};
void str_done(struct str *s);
void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const void *bytes, size_t n);
void str_addf(struct str *s, const char *format, ...) PRINTF_LIKE(2, 3);
/** Empties it and keeps the memory. */
void str_clear(struct str *s);
/** Hands the text over (never NULL; "" when nothing was added); @s is empty after. */
char *str_take(struct str *s);
#define cleanup_str __attribute__((cleanup(str_done)))

/**
 * Strict decimal: the whole slice, digits only (parse_i64: one leading '-'), no sign, no blank.
 * Returns: 0, -EINVAL (not a number), -ERANGE. *@ret is written on success only.
 */
int parse_u64(struct sv s, uint64_t *ret);
int parse_i64(struct sv s, int64_t *ret);
/** The same for values up to @max. */
int parse_u32_max(struct sv s, uint32_t max, uint32_t *ret);

/** base64 (RFC 4648, padded). Encode: a new string. Decode: 0 or -EINVAL; *@ret_p is the caller's. */
char *base64_encode(const void *bytes, size_t n);
int base64_decode(struct sv text, void **ret_p, size_t *ret_n);

/** Length of the UTF-8 sequence (RFC 3629) that the @n bytes at @p begin with; 0: none that is valid. */
size_t utf8_length(const char *p, size_t n);
/** Adds @n bytes of a stranger's; what is no UTF-8, and NUL, becomes U+FFFD. */
void str_add_utf8(struct str *s, const char *bytes, size_t n);

/** 2*n lower-case hex digits and a NUL into @out. */
void hex_encode(const void *bytes, size_t n, char *out);

/**
 * The nearest of @n @words to @word, for "did you mean".
 * Returns: one of the words, or NULL when none is within a third of its length (Damerau-
 * Levenshtein).
 */
const char *nearest_word(const char *word, const char *const *words, size_t n);

#endif
