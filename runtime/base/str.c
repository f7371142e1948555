/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings: slices, growing text, strict numbers, base64, hex, and the nearest word to a misspelt
 * one. Parsers take a slice and reject what they do not understand whole.
 */
#include "runtime/base/str.h"

#include <limits.h>
#include <stdarg.h>

struct sv sv_cut(struct sv *s, char c)
{
	const char *at = s->n ? memchr(s->p, c, s->n) : NULL;
	struct sv head = *s;

	if (!at) {
		*s = (struct sv){s->p + s->n, 0};
		return head;
	}
	head.n = (size_t)(at - s->p);
	*s = (struct sv){at + 1, s->n - head.n - 1};
	return head;
}

bool sv_eq(struct sv a, const char *b)
{
	size_t n = strlen(b);

	return a.n == n && (n == 0 || memcmp(a.p, b, n) == 0);
}

bool sv_starts(struct sv s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && (n == 0 || memcmp(s.p, prefix, n) == 0);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct sv sv_trim(struct sv s)
{
	while (s.n && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

void str_done(struct str *s)
{
	free(s->p);
	*s = (struct str){0};
}

static void str_reserve(struct str *s, size_t more)
{
	if (more > SIZE_MAX / 2 - s->n)
		abort();
	GROW(s->p, s->n + more + 1, s->cap);
}

void str_addn(struct str *s, const void *bytes, size_t n)
{
	str_reserve(s, n);
	if (n)
		memcpy(s->p + s->n, bytes, n);
	s->n += n;
	s->p[s->n] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_addn(s, text, strlen(text));
}

void str_addf(struct str *s, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		abort();
	str_reserve(s, (size_t)n);
	va_start(ap, format);
	(void)vsnprintf(s->p + s->n, (size_t)n + 1, format, ap);
	va_end(ap);
	s->n += (size_t)n;
}

void str_clear(struct str *s)
{
	s->n = 0;
	if (s->p)
		s->p[0] = '\0';
}

char *str_take(struct str *s)
{
	char *p = s->p ? s->p : xstrdup("");

	*s = (struct str){0};
	return p;
}

int parse_u64(struct sv s, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return -EINVAL;
	for (size_t i = 0; i < s.n; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(s.p[i] - '0'), &value))
			return -ERANGE;
	*ret = value;
	return 0;
}

int parse_i64(struct sv s, int64_t *ret)
{
	bool negative = s.n > 0 && s.p[0] == '-';
	uint64_t value, limit = (uint64_t)INT64_MAX + negative;
	int r;

	if (negative)
		s = (struct sv){s.p + 1, s.n - 1};
	r = parse_u64(s, &value);
	if (r < 0)
		return r;
	if (value > limit)
		return -ERANGE;
	*ret = negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

int parse_u32_max(struct sv s, uint32_t max, uint32_t *ret)
{
	uint64_t value;
	int r = parse_u64(s, &value);

	if (r < 0)
		return r;
	if (value > max)
		return -ERANGE;
	*ret = (uint32_t)value;
	return 0;
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *bytes, size_t n)
{
	const unsigned char *in = bytes;
	char *text = xmalloc((n + 2) / 3 * 4 + 1), *out = text;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		unsigned v = (unsigned)in[i] << 16;

		if (left > 1)
			v |= (unsigned)in[i + 1] << 8;
		if (left > 2)
			v |= in[i + 2];
		*out++ = base64_digits[v >> 18];
		*out++ = base64_digits[v >> 12 & 63];
		*out++ = left > 1 ? base64_digits[v >> 6 & 63] : '=';
		*out++ = left > 2 ? base64_digits[v & 63] : '=';
	}
	*out = '\0';
	return text;
}

static int base64_value(char c)
{
	const char *at = c ? memchr(base64_digits, c, sizeof base64_digits - 1) : NULL;

	return at ? (int)(at - base64_digits) : -1;
}

int base64_decode(struct sv text, void **ret_p, size_t *ret_n)
{
	size_t pad = 0, n = 0;
	cleanup_free unsigned char *out = NULL;

	if (text.n % 4)
		return -EINVAL;
	while (pad < 2 && pad < text.n && text.p[text.n - 1 - pad] == '=')
		pad++;
	out = malloc(text.n / 4 * 3 + 1);
	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < text.n; i += 4) {
		unsigned v = 0;

		for (size_t k = 0; k < 4; k++) {
			int digit = i + k >= text.n - pad ? 0 : base64_value(text.p[i + k]);

			if (digit < 0)
				return -EINVAL;
			v = v << 6 | (unsigned)digit;
		}
		out[n++] = (unsigned char)(v >> 16);
		out[n++] = (unsigned char)(v >> 8);
		out[n++] = (unsigned char)v;
	}
	n -= pad;
	out[n] = '\0';
	*ret_p = take(out);
	*ret_n = n;
	return 0;
}

void hex_encode(const void *bytes, size_t n, char *out)
{
	const unsigned char *in = bytes;

	for (size_t i = 0; i < n; i++) {
		*out++ = "0123456789abcdef"[in[i] >> 4];
		*out++ = "0123456789abcdef"[in[i] & 15];
	}
	*out = '\0';
}

size_t utf8_length(const char *p, size_t n)
{
	static const struct {
		unsigned char first, last, low, high; /* of the first byte; of the second */
		size_t n;
	} rows[] = {
		{0x01, 0x7f, 0, 0, 1},
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, /* no overlong form */
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, /* no surrogate */
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	const unsigned char *b = (const unsigned char *)p;

	for (size_t i = 0; n && i < ARRAY_SIZE(rows); i++) {
		if (b[0] < rows[i].first || b[0] > rows[i].last)
			continue;
		if (rows[i].n > n || (rows[i].n > 1 && (b[1] < rows[i].low || b[1] > rows[i].high)))
			return 0;
		for (size_t k = 2; k < rows[i].n; k++)
			if ((b[k] & 0xc0) != 0x80)
				return 0;
		return rows[i].n;
	}
	return 0;
}

void str_add_utf8(struct str *s, const char *bytes, size_t n)
{
	while (n) {
		size_t k = utf8_length(bytes, n);

		if (k)
			str_addn(s, bytes, k);
		else
			str_add(s, "\xef\xbf\xbd");
		bytes += k ? k : 1;
		n -= k ? k : 1;
	}
}

enum { WORD_MAX = 63 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance: insertions, deletions, changes, swaps of neighbours. */
static unsigned word_distance(const char *a, size_t an, const char *b, size_t bn)
{
	unsigned d[3][WORD_MAX + 1];

	for (size_t j = 0; j <= bn; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= an; i++) {
		unsigned *row = d[i % 3], *up = d[(i + 2) % 3], *up2 = d[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= bn; j++) {
			row[j] = least(
				least(up[j], row[j - 1]) + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], up2[j - 2] + 1);
		}
	}
	return d[an % 3][bn];
}

const char *nearest_word(const char *word, const char *const *words, size_t n)
{
	const char *best = NULL;
	size_t length = strlen(word);
	unsigned best_distance = UINT_MAX;

	if (length == 0 || length > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t other = strlen(words[i]);
		unsigned distance;

		if (other > WORD_MAX)
			continue;
		distance = word_distance(word, length, words[i], other);
		if (distance < best_distance) {
			best_distance = distance;
			best = words[i];
		}
	}
	return best && best_distance <= (length + 2) / 3 ? best : NULL;
}
