/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain scalars, as kubectl's YAML reader takes them: the booleans, octals and nulls of YAML 1.1, decimal floats,
 * no times and no base 60. A float that is whole is an integer, since it goes through JSON there too.
 * Source: sigs.k8s.io/yaml (goyaml.v2, resolve); YAML 1.1, "Tag Repository".
 */
#include "agent/spec/yaml_scalar.h"

#include <ctype.h>
#include <math.h>

enum word { W_NULL, W_TRUE, W_FALSE, W_NOT_FINITE };
static const struct {
	const char *text;
	enum word word;
} words[] = {{"", W_NULL}, {"~", W_NULL}, {"null", W_NULL}, {"Null", W_NULL}, {"NULL", W_NULL},
	{"y", W_TRUE}, {"Y", W_TRUE}, {"yes", W_TRUE}, {"Yes", W_TRUE}, {"YES", W_TRUE},
	{"true", W_TRUE}, {"True", W_TRUE}, {"TRUE", W_TRUE}, {"on", W_TRUE}, {"On", W_TRUE},
	{"ON", W_TRUE}, {"n", W_FALSE}, {"N", W_FALSE}, {"no", W_FALSE}, {"No", W_FALSE},
	{"NO", W_FALSE}, {"false", W_FALSE}, {"False", W_FALSE}, {"FALSE", W_FALSE},
	{"off", W_FALSE}, {"Off", W_FALSE}, {"OFF", W_FALSE}, {".nan", W_NOT_FINITE},
	{".NaN", W_NOT_FINITE}, {".NAN", W_NOT_FINITE}, {".inf", W_NOT_FINITE},
	{".Inf", W_NOT_FINITE}, {".INF", W_NOT_FINITE}, {"+.inf", W_NOT_FINITE},
	{"+.Inf", W_NOT_FINITE}, {"+.INF", W_NOT_FINITE}, {"-.inf", W_NOT_FINITE},
	{"-.Inf", W_NOT_FINITE}, {"-.INF", W_NOT_FINITE}};

enum { NUMBER_MAX = 64 };

static int digit_value(char c)
{
	return isdigit((unsigned char)c)    ? c - '0'
	       : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10
					    : 99;
}

/* An integer with Go's prefixes: 0x, 0o, 0b, and 0 for octal. */
static bool take_integer(const char *p, int64_t *ret)
{
	bool negative = *p == '-';
	int base = 10;
	uint64_t n = 0, most = (uint64_t)INT64_MAX + negative;
	p += *p == '-' || *p == '+';
	if (*p == '0' && p[1]) {
		char c = (char)(p[1] | 32);
		base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
		p += c == 'x' || c == 'b' || c == 'o' ? 2 : 1;
	}
	if (!*p)
		return false;
	for (; *p; p++) {
		int d = digit_value(*p);
		if (d >= base || n > (most - (uint64_t)d) / (uint64_t)base)
			return false;
		n = n * (uint64_t)base + (uint64_t)d;
	}
	*ret = negative ? (int64_t)(0 - n) : (int64_t)n;
	return true;
}

static const char *skip_digits(const char *p)
{
	while (isdigit((unsigned char)*p))
		p++;
	return p;
}

/* [-+]?(.N | N[.[N]])([eE][-+]?N)? */
static bool is_float(const char *p)
{
	p += *p == '-' || *p == '+';
	const char *whole = skip_digits(p), *end = whole;
	if (*whole == '.')
		end = skip_digits(whole + 1);
	if (end == p || (whole == p && end == whole + 1))
		return false;
	if (*end == 'e' || *end == 'E') {
		p = end + 1 + (end[1] == '-' || end[1] == '+');
		end = skip_digits(p);
		if (end == p)
			return false;
	}
	return !*end;
}

json_t *yaml_number(double d)
{
	bool small = fabs(d) <= 9007199254740992.0;
	double whole = small ? (double)(int64_t)d : 0;
	if (small && !(whole < d) && !(whole > d))
		return json_integer((json_int_t)d);
	return isfinite(d) ? json_real(d) : NULL;
}

int yaml_scalar(struct sv text, json_t **ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!sv_eq(text, words[i].text))
			continue;
		if (words[i].word == W_NOT_FINITE)
			return -ERANGE;
		*ret = words[i].word == W_NULL ? json_null()
					       : json_boolean(words[i].word == W_TRUE);
		return 0;
	}
	bool number = text.n < NUMBER_MAX &&
		      (isdigit((unsigned char)text.p[0]) || strchr("+-.", text.p[0]));
	if (number) {
		char plain[NUMBER_MAX];
		size_t n = 0;
		for (size_t i = 0; i < text.n; i++)
			if (text.p[i] != '_' || text.p[0] == '.')
				plain[n++] = text.p[i];
		plain[n] = '\0';
		int64_t integer;
		if (text.p[0] != '.' && take_integer(plain, &integer))
			*ret = json_integer(integer);
		else if (!is_float(plain))
			number = false;
		/* The locale is "C" in all programs, so the point is a point. */
		else if (!(*ret = yaml_number(strtod(plain, NULL))))
			return -ERANGE;
	}
	if (!number)
		*ret = json_stringn(text.p, text.n);
	return *ret ? 0 : -EINVAL;
}
