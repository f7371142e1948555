/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of berth's own annotations of pods, and the one reader of it; the rule that admits them is in
 * rules_annotations.c. Must hold: what the reader is handed has been admitted, so what it cannot read says nothing.
 * Source: safety R11.
 */
#include "agent/spec/annotations.h"

#include "agent/spec/quantity.h"
#include "runtime/base/clock.h"

#include <strings.h>

#define DOMAIN "berth.dev"
#define KEYS_END                                                                                   \
	{                                                                                          \
		.name = NULL                                                                       \
	}
#define HOURS (3600 * NS_PER_SEC)

/* The least wait: a container that crashes at once must not be all that the machine does. */
#define WAIT_MIN (100 * NS_PER_MS)

static const struct annotation_key backoff_keys[] = {
	{.name = "base", .type = ANNOTATION_DURATION, .min = WAIT_MIN, .max = 24 * HOURS},
	{.name = "factor", .type = ANNOTATION_COUNT, .min = 1, .max = 100},
	{.name = "cap", .type = ANNOTATION_DURATION, .min = WAIT_MIN, .max = 24 * HOURS},
	{.name = "reset", .type = ANNOTATION_DURATION, .min = NS_PER_SEC, .max = 168 * HOURS},
	{.name = "jitter", .type = ANNOTATION_PERCENT, .max = 100},
	KEYS_END,
};

static const struct annotation_key standby_keys[] = {
	{.name = "", .type = ANNOTATION_BOOL},
	KEYS_END,
};

static const char *const log_policies[] = {"block", "drop", NULL};
static const struct annotation_key log_keys[] = {
	{.name = "max-size", .type = ANNOTATION_QUANTITY, .min = 4096, .max = INT64_C(1) << 40},
	{.name = "max-files", .type = ANNOTATION_COUNT, .min = 1, .max = 1000},
	{.name = "policy", .type = ANNOTATION_WORD, .words = log_policies},
	{.name = "rate", .type = ANNOTATION_QUANTITY, .min = 1, .max = INT64_C(1) << 40},
	{.name = "runs", .type = ANNOTATION_COUNT, .min = 1, .max = 1000},
	KEYS_END,
};

#define ROW(x, keys)                                                                               \
	{                                                                                          \
		x, DOMAIN "/" x, keys                                                              \
	}
const struct annotation pod_annotations[] = {
	ROW("backoff", backoff_keys),
	ROW("standby", standby_keys),
	ROW("log", log_keys),
	{.x = NULL},
};

/* ---- names -------------------------------------------------------------------------------------------- */

bool annotation_is_own(const char *key)
{
	const char *slash = strchr(key, '/');
	size_t n = slash ? (size_t)(slash - key) : 0, own = strlen(DOMAIN);

	return n >= own && strncasecmp(slash - own, DOMAIN, own) == 0 &&
	       (n == own || slash[-(ptrdiff_t)own - 1] == '.');
}

static const struct annotation *find(struct sv x)
{
	for (const struct annotation *a = pod_annotations; a->x; a++)
		if (sv_eq(x, a->x))
			return a;
	return NULL;
}

const struct annotation *annotation_of_key(const char *key, const char **ret_container)
{
	struct sv name = sv(key), prefix = sv_cut(&name, '/');
	const size_t own = strlen("." DOMAIN);

	*ret_container = "";
	if (sv_eq(prefix, DOMAIN))
		return find(name);
	if (prefix.n <= own || memcmp(prefix.p + prefix.n - own, "." DOMAIN, own) != 0)
		return NULL;
	*ret_container = name.p;
	return find((struct sv){prefix.p, prefix.n - own});
}

/* ---- values ------------------------------------------------------------------------------------------- */

static int parse_duration(const struct annotation_key *k, struct sv text, uint64_t *ret)
{
	(void)k;
	return duration_parse(text, ret);
}

static int parse_quantity(const struct annotation_key *k, struct sv text, uint64_t *ret)
{
	struct quantity q;

	(void)k;
	if (quantity_parse(text, &q) < 0 || q.nano < 0)
		return -EINVAL;
	*ret = (uint64_t)quantity_units(q);
	return 0;
}

static int parse_count(const struct annotation_key *k, struct sv text, uint64_t *ret)
{
	(void)k;
	return parse_u64(text, ret);
}

static int parse_percent(const struct annotation_key *k, struct sv text, uint64_t *ret)
{
	if (!text.n || text.p[text.n - 1] != '%')
		return -EINVAL;
	return parse_count(k, (struct sv){text.p, text.n - 1}, ret);
}

static int parse_bool(const struct annotation_key *k, struct sv text, uint64_t *ret)
{
	(void)k;
	*ret = sv_eq(text, "true");
	return *ret || sv_eq(text, "false") ? 0 : -EINVAL;
}

static int parse_word(const struct annotation_key *k, struct sv text, uint64_t *ret)
{
	for (*ret = 0; k->words[*ret]; ++*ret)
		if (sv_eq(text, k->words[*ret]))
			return 0;
	return -EINVAL;
}

static const struct {
	int (*parse)(const struct annotation_key *k, struct sv text, uint64_t *ret);
	const char *wanted;
} types[ANNOTATION_TYPE_MAX] = {
	[ANNOTATION_DURATION] = {parse_duration, "a duration like \"500ms\", \"10s\" or \"5m\""},
	[ANNOTATION_QUANTITY] = {parse_quantity, "a quantity like \"64Ki\" or \"10Mi\""},
	[ANNOTATION_COUNT] = {parse_count, "a whole number"},
	[ANNOTATION_PERCENT] = {parse_percent, "a percentage like \"10%\""},
	[ANNOTATION_BOOL] = {parse_bool, "\"true\" or \"false\""},
	[ANNOTATION_WORD] = {parse_word, "one of"},
};

/* A bound as the owner would write it. */
static void put_bound(struct str *out, enum annotation_type type, uint64_t value)
{
	if (type == ANNOTATION_DURATION && value < NS_PER_SEC)
		str_addf(out, "%llums", (unsigned long long)(value / NS_PER_MS));
	else if (type == ANNOTATION_DURATION && value % HOURS == 0)
		str_addf(out, "%lluh", (unsigned long long)(value / HOURS));
	else if (type == ANNOTATION_DURATION)
		str_addf(out, "%llus", (unsigned long long)(value / NS_PER_SEC));
	else
		str_addf(out, "%llu%s", (unsigned long long)value,
			type == ANNOTATION_PERCENT ? "%" : "");
}

static void say_wanted(const struct annotation_key *k, char *buf, size_t size)
{
	cleanup_str struct str text = {0};

	str_addf(&text, "must be %s", types[k->type].wanted);
	for (size_t i = 0; k->words && k->words[i]; i++)
		str_addf(&text, "%s \"%s\"", i ? "," : "", k->words[i]);
	if (k->max) {
		str_add(&text, ", ");
		put_bound(&text, k->type, k->min);
		str_add(&text, " to ");
		put_bound(&text, k->type, k->max);
	}
	(void)snprintf(buf, size, "%s", text.p);
}

int annotation_value(
	const struct annotation_key *k, struct sv text, uint64_t *ret, char *buf, size_t size)
{
	uint64_t value = 0;

	if (types[k->type].parse(k, text, &value) < 0 ||
		(k->max && (value < k->min || value > k->max))) {
		say_wanted(k, buf, size);
		return -EINVAL;
	}
	*ret = value;
	return 0;
}

/* ---- reading ------------------------------------------------------------------------------------------ */

static const struct annotation_key *key_named(const struct annotation *a, const char *name)
{
	for (const struct annotation_key *k = a ? a->keys : NULL; k && k->name; k++)
		if (streq(k->name, name))
			return k;
	return NULL;
}

/* The value of @k in the text of one annotation. */
static int read_text(const struct annotation_key *k, const char *text, uint64_t *ret)
{
	struct sv rest = sv(text);
	char unsaid[160];

	if (!text)
		return -ENOENT;
	if (!k->name[0])
		return annotation_value(k, sv_trim(rest), ret, unsaid, sizeof(unsaid));
	while (rest.n) {
		struct sv value = sv_cut(&rest, ','), name = sv_cut(&value, '=');
		if (sv_eq(sv_trim(name), k->name))
			return annotation_value(k, sv_trim(value), ret, unsaid, sizeof(unsaid));
	}
	return -ENOENT;
}

uint64_t annotation_get(
	const json_t *pod, const char *x, const char *container, const char *key, uint64_t fallback)
{
	const json_t *annotations = json_at(pod, "metadata", "annotations", NULL);
	const struct annotation_key *k = key_named(find(sv(x)), key);
	cleanup_free char *of_pod = xasprintf(DOMAIN "/%s", x);
	cleanup_free char *own = xasprintf("%s." DOMAIN "/%s", x, container ? container : "");
	uint64_t value;

	if (!k)
		return fallback;
	if (container && read_text(k, json_str(annotations, own), &value) == 0)
		return value;
	return read_text(k, json_str(annotations, of_pod), &value) == 0 ? value : fallback;
}
