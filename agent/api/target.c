/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request line, decoded by the letter of RFC 3986: the first place where bytes of a stranger
 * are read. No empty and no dot segments, no control characters, UTF-8 only (all text ends in JSON).
 */
#include "agent/api/target.h"

#include <jansson.h>

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* json_string is the UTF-8 check of the library that the text will be handed to. */
static bool is_utf8(const char *text)
{
	json_t *j = json_string(text);
	bool good = j != NULL;

	json_decref(j);
	return good;
}

/* Decodes @raw to *@at, NUL-terminated, moves *@at behind. @plus: '+' is a blank (queries). */
static int decode(struct sv raw, bool plus, char **at, const char **ret, struct err *e)
{
	char *out = *at;

	for (size_t i = 0; i < raw.n; i++) {
		unsigned char c = (unsigned char)raw.p[i];

		if (c == '%') {
			if (raw.n - i < 3 || hex_value(raw.p[i + 1]) < 0 ||
				hex_value(raw.p[i + 2]) < 0)
				return err_set(e, -EBADMSG, "the URL has a broken %% escape");
			c = (unsigned char)(hex_value(raw.p[i + 1]) << 4 | hex_value(raw.p[i + 2]));
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (c == '\0' || (!plus && (c < ' ' || c == 0x7f)))
			return err_set(e, -EBADMSG, "the URL has a control character");
		*out++ = (char)c;
	}
	*out++ = '\0';
	*ret = *at;
	*at = out;
	return is_utf8(*ret) ? 0 : err_set(e, -EBADMSG, "the URL is not UTF-8");
}

static int parse_path(struct sv path, struct target *t, char **at, struct err *e)
{
	if (path.n == 0 || path.p[0] != '/')
		return err_set(e, -EBADMSG, "the URL must begin with /");
	(void)sv_cut(&path, '/');
	/* One slash at the end is allowed: "/api/". */
	while (path.n > 0) {
		struct sv raw = sv_cut(&path, '/');
		const char *segment;
		int r;

		if (t->n_segments == TARGET_SEGMENTS_MAX)
			return err_set(e, -EBADMSG, "the URL has too many parts");
		r = decode(raw, false, at, &segment, e);
		if (r < 0)
			return r;
		if (!segment[0] || streq(segment, ".") || streq(segment, ".."))
			return err_set(e, -EBADMSG, "the URL has an empty or dot part");
		t->segments[t->n_segments++] = segment;
	}
	return 0;
}

static int parse_query(struct sv query, struct target *t, char **at, struct err *e)
{
	while (query.n > 0) {
		struct sv value = sv_cut(&query, '&'), key;
		struct param *p;
		int r;

		if (value.n == 0)
			continue;
		if (t->n_params == TARGET_PARAMS_MAX)
			return err_set(e, -EBADMSG, "the URL has too many parameters");
		GROW(t->params, t->n_params + 1, t->params_cap);
		p = &t->params[t->n_params];
		key = sv_cut(&value, '=');
		r = decode(key, true, at, &p->key, e);
		if (r == 0)
			r = decode(value, true, at, &p->value, e);
		if (r < 0)
			return r;
		t->n_params++;
	}
	return 0;
}

int target_parse(struct sv raw, struct target *ret, struct err *e)
{
	struct target t = {0};
	struct sv path;
	char *at;
	int r;

	if (raw.n > TARGET_BYTES_EXEC)
		return err_set(e, -EBADMSG, "the URL is longer than %d bytes", TARGET_BYTES_EXEC);
	/* Decoding never makes text longer; a NUL for each segment, key and value. */
	t.memory = xcalloc(1, 3 * raw.n + 16);
	at = t.memory;
	path = sv_cut(&raw, '?');
	r = parse_path(path, &t, &at, e);
	if (r == 0)
		r = parse_query(raw, &t, &at, e);
	if (r < 0) {
		target_done(&t);
		return r;
	}
	*ret = t;
	return 0;
}

void target_done(struct target *t)
{
	free(t->params);
	free(t->memory);
	*t = (struct target){0};
}

const char *target_param(const struct target *t, const char *key)
{
	for (size_t i = 0; i < t->n_params; i++)
		if (streq(t->params[i].key, key))
			return t->params[i].value;
	return NULL;
}

bool target_flag(const struct target *t, const char *key)
{
	const char *value = target_param(t, key);

	return value && !streq(value, "false") && !streq(value, "0");
}

int target_number(const struct target *t, const char *key, int64_t *ret, struct err *e)
{
	const char *value = target_param(t, key);

	if (!value || !value[0])
		return 0;
	if (parse_i64(sv(value), ret) < 0)
		return err_set(
			e, -EBADMSG, "the parameter %s must be a number, not \"%s\"", key, value);
	return 1;
}
