/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quantities, durations and percentages. A quantity is kept as an exact number of nano-units in 128 bits: digits
 * are shifted by the decimal exponent first, then multiplied by the power of two, so that nothing is rounded
 * that Kubernetes keeps.
 * Source: Kubernetes API reference, "Quantity"; Go's time.ParseDuration.
 */
#include "agent/spec/quantity.h"

#include <ctype.h>

#define NANO INT64_C(1000000000)
__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 uwide;

static const struct suffix {
	const char *text;
	int ten, two; /* exponents */
} suffixes[] = {{"n", -9, 0}, {"u", -6, 0}, {"m", -3, 0}, {"", 0, 0}, {"k", 3, 0}, {"M", 6, 0},
	{"G", 9, 0}, {"T", 12, 0}, {"P", 15, 0}, {"E", 18, 0}, {"Ki", 0, 10}, {"Mi", 0, 20},
	{"Gi", 0, 30}, {"Ti", 0, 40}, {"Pi", 0, 50}, {"Ei", 0, 60}};

/* The digits of a number, without its point: value = 0.DIGITS × 10^point. */
struct digits {
	char d[64];
	size_t n;
	int64_t point;
	bool more; /* digits behind those kept, not all 0 */
};

static struct sv take_digits(struct sv s, struct digits *out, bool *ret_any)
{
	bool behind = false, any = false;
	for (; s.n && (isdigit((unsigned char)s.p[0]) || (s.p[0] == '.' && !behind));
		s.p++, s.n--) {
		if (s.p[0] == '.') {
			behind = true;
			continue;
		}
		any = true;
		if (s.p[0] == '0' && out->n == 0) {
			out->point -= behind;
			continue; /* leading */
		}
		if (out->n < sizeof(out->d))
			out->d[out->n++] = s.p[0];
		else
			out->more |= s.p[0] != '0';
		out->point += !behind;
	}
	*ret_any = any;
	return s;
}

static int parse_suffix(struct sv s, struct quantity *q, int64_t *ret_ten, int *ret_two)
{
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (!sv_eq(s, suffixes[i].text))
			continue;
		*ret_ten = suffixes[i].ten;
		*ret_two = suffixes[i].two;
		q->format = suffixes[i].two ? QUANTITY_BINARY_SI : QUANTITY_DECIMAL_SI;
		return 0;
	}
	if (s.n < 2 || (s.p[0] != 'e' && s.p[0] != 'E'))
		return -EINVAL;
	struct sv number = {s.p + 1, s.n - 1};
	if (number.p[0] == '+') {
		number.p++;
		number.n--;
		if (number.n && number.p[0] == '-')
			return -EINVAL;
	}
	int r = parse_i64(number, ret_ten);
	if (r == -ERANGE || (r == 0 && (*ret_ten > 64 || *ret_ten < -64)))
		*ret_ten = *number.p == '-' ? -64 : 64;
	else if (r < 0)
		return r;
	*ret_two = 0;
	q->format = QUANTITY_EXPONENT;
	return 0;
}

/* The digits as nano-units. @d->point tells how many stand before the point. */
static int to_nano(const struct digits *d, int two, wide *ret)
{
	if (d->n && d->point > 19)
		return -ERANGE;
	uwide whole = 0, part = 0;
	bool more = d->more;
	for (int64_t i = 0; i < d->point; i++)
		whole = whole * 10 + (i < (int64_t)d->n ? (unsigned)(d->d[i] - '0') : 0);
	if (whole > ((uwide)INT64_MAX >> two))
		return -ERANGE;
	for (int64_t i = 0; i < 9; i++) {
		int64_t at = d->point + i;
		part = part * 10 + (at >= 0 && at < (int64_t)d->n ? (unsigned)(d->d[at] - '0') : 0);
	}
	for (int64_t at = d->point + 9 < 0 ? 0 : d->point + 9; at < (int64_t)d->n; at++)
		more |= d->d[at] != '0';
	*ret = (wide)(((whole * NANO + part) << two) + more);
	return 0;
}

int quantity_parse(struct sv text, struct quantity *ret)
{
	struct quantity q = {0};
	struct digits d = {.n = 0};
	bool negative = text.n && text.p[0] == '-', any;
	int64_t ten = 0;
	int two = 0;
	if (text.n && (text.p[0] == '-' || text.p[0] == '+')) {
		text.p++;
		text.n--;
	}
	struct sv suffix = take_digits(text, &d, &any);
	if (!any)
		return -EINVAL;
	int r = parse_suffix(suffix, &q, &ten, &two);
	if (r < 0)
		return r;
	d.point += ten;
	wide nano;
	r = to_nano(&d, two, &nano);
	if (r < 0)
		return r;
	q.nano = negative ? -nano : nano;
	*ret = q;
	return 0;
}

int quantity_of(const json_t *j, struct quantity *ret)
{
	if (json_is_string(j))
		return quantity_parse(sv(json_string_value(j)), ret);
	if (!json_is_number(j))
		return -EINVAL;
	char text[40];
	if (json_is_integer(j)) {
		(void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(j));
		return quantity_parse(sv(text), ret);
	}
	/* The shortest text that reads back as the same number is what the person wrote. */
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, json_real_value(j));
		double back = strtod(text, NULL);
		if (!(back < json_real_value(j)) && !(back > json_real_value(j)))
			break;
	}
	int r = quantity_parse(sv(text), ret);
	if (r == 0)
		ret->format = QUANTITY_DECIMAL_SI;
	return r;
}

int quantity_compare(struct quantity a, struct quantity b)
{
	return (a.nano > b.nano) - (a.nano < b.nano);
}

static void add_wide(struct str *out, uwide n)
{
	char digits[48];
	size_t i = sizeof(digits);
	do
		digits[--i] = (char)('0' + (int)(n % 10));
	while (n /= 10);
	str_addn(out, digits + i, sizeof(digits) - i);
}

/* The largest suffix of a thousand's power with which the number stays whole. */
static char *decimal_text(uwide nano, bool negative, bool exponent)
{
	static const char *const units[] = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
	size_t unit = 0;
	while (nano && unit + 1 < ARRAY_SIZE(units) && nano % 1000 == 0) {
		nano /= 1000;
		unit++;
	}
	struct str out = {0};
	str_add(&out, negative && nano ? "-" : "");
	add_wide(&out, nano);
	if (nano && exponent && unit != 3)
		str_addf(&out, "e%d", ((int)unit - 3) * 3);
	else if (nano && !exponent)
		str_add(&out, units[unit]);
	return str_take(&out);
}

char *quantity_text(struct quantity q)
{
	static const char *const units[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
	bool negative = q.nano < 0;
	uwide nano = (uwide)(negative ? -q.nano : q.nano);
	uwide whole = nano / (uwide)NANO;
	if (q.format != QUANTITY_BINARY_SI || nano % (uwide)NANO || whole < 1024)
		return decimal_text(nano, negative, q.format == QUANTITY_EXPONENT);
	size_t unit = 0;
	while (unit + 1 < ARRAY_SIZE(units) && whole % 1024 == 0) {
		whole /= 1024;
		unit++;
	}
	struct str out = {0};
	str_add(&out, negative ? "-" : "");
	add_wide(&out, whole);
	str_add(&out, units[unit]);
	return str_take(&out);
}

static int64_t round_up(wide nano, int64_t unit)
{
	wide n = nano / unit;
	if (nano > 0 && nano % unit)
		n++;
	return n > INT64_MAX ? INT64_MAX : n < INT64_MIN ? INT64_MIN : (int64_t)n;
}

int64_t quantity_units(struct quantity q)
{
	return round_up(q.nano, NANO);
}

int64_t quantity_milli(struct quantity q)
{
	return round_up(q.nano, NANO / 1000);
}

int64_t resource_units(const json_t *list, const char *key, int64_t fallback)
{
	struct quantity q;
	return quantity_of(json_object_get(list, key), &q) < 0 ? fallback : quantity_units(q);
}

int64_t resource_milli(const json_t *list, const char *key, int64_t fallback)
{
	struct quantity q;
	return quantity_of(json_object_get(list, key), &q) < 0 ? fallback : quantity_milli(q);
}

static const struct {
	const char *text;
	uint64_t ns;
} duration_units[] = {{"ns", 1}, {"us", 1000}, {"µs", 1000}, {"μs", 1000}, {"ms", 1000000},
	{"s", 1000000000}, {"m", UINT64_C(60000000000)}, {"h", UINT64_C(3600000000000)}};

static int take_duration_part(struct sv *s, uint64_t *total)
{
	struct digits d = {.n = 0};
	bool any;
	struct sv rest = take_digits(*s, &d, &any);
	size_t n = 0;
	while (n < rest.n && !isdigit((unsigned char)rest.p[n]) && rest.p[n] != '.')
		n++;
	wide nano;
	if (!any)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(duration_units); i++) {
		if (!sv_eq((struct sv){rest.p, n}, duration_units[i].text))
			continue;
		if (to_nano(&d, 0, &nano) < 0)
			return -ERANGE;
		wide ns = nano / NANO * (wide)duration_units[i].ns +
			  nano % NANO * (wide)duration_units[i].ns / NANO;
		if (ns > INT64_MAX - (wide)*total)
			return -ERANGE;
		*total += (uint64_t)ns;
		*s = (struct sv){rest.p + n, rest.n - n};
		return 0;
	}
	return -EINVAL;
}

int duration_parse(struct sv text, uint64_t *ret_ns)
{
	uint64_t total = 0;
	if (sv_eq(text, "0")) {
		*ret_ns = 0;
		return 0;
	}
	if (!text.n)
		return -EINVAL;
	while (text.n) {
		int r = take_duration_part(&text, &total);
		if (r < 0)
			return r;
	}
	*ret_ns = total;
	return 0;
}

char *duration_human(uint64_t ns, char out[16])
{
	/* Two units while the first is small, then one: kubectl's ages. */
	static const struct {
		uint64_t below, first, second;
		const char *a, *b;
	} rows[] = {{120, 1, 0, "s", ""}, {600, 60, 1, "m", "s"}, {10800, 60, 0, "m", ""},
		{28800, 3600, 60, "h", "m"}, {172800, 3600, 0, "h", ""},
		{691200, 86400, 3600, "d", "h"}, {63072000, 86400, 0, "d", ""},
		{252288000, 31536000, 86400, "y", "d"}, {UINT64_MAX, 31536000, 0, "y", ""}};
	uint64_t seconds = ns / UINT64_C(1000000000);
	size_t i = 0;
	while (i + 1 < ARRAY_SIZE(rows) && seconds >= rows[i].below)
		i++;
	unsigned a = (unsigned)(seconds / rows[i].first);
	unsigned b = rows[i].second ? (unsigned)(seconds % rows[i].first / rows[i].second) : 0;
	if (b && b < 1000)
		(void)snprintf(out, 16, "%u%s%u%s", a % 100000, rows[i].a, b, rows[i].b);
	else
		(void)snprintf(out, 16, "%u%s", a, rows[i].a);
	return out;
}

int int_or_percent(const json_t *j, int64_t total, bool up, int64_t *ret)
{
	uint32_t percent;
	if (json_is_integer(j)) {
		*ret = json_integer_value(j);
		return 0;
	}
	struct sv s = sv(json_string_value(j));
	if (!s.n || s.p[s.n - 1] != '%' || total < 0 || total > INT32_MAX)
		return -EINVAL;
	s.n--;
	if (parse_u32_max(s, 1000000, &percent) < 0)
		return -EINVAL;
	*ret = ((int64_t)percent * total + (up ? 99 : 0)) / 100;
	return 0;
}
