/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a command line against flag tables: the first thing the berth command does. Values are checked here
 * (numbers, durations, choices), so that handlers read them without a test. An unknown flag is answered
 * with the nearest known one.
 * Behaviour: github.com/spf13/pflag as kubectl uses it.
 */
#include "agent/cli/flags.h"

#include "agent/spec/quantity.h"
#include "runtime/base/str.h"

static const struct flag *find_long(const struct flag_values *v, struct sv name)
{
	for (size_t g = 0; g < FLAG_GROUPS_MAX && v->groups[g]; g++)
		for (const struct flag *f = v->groups[g]; f->name; f++)
			if (sv_eq(name, f->name))
				return f;
	return NULL;
}

static const struct flag *find_letter(const struct flag_values *v, char letter)
{
	for (size_t g = 0; g < FLAG_GROUPS_MAX && v->groups[g]; g++)
		for (const struct flag *f = v->groups[g]; f->name; f++)
			if (f->letter == letter)
				return f;
	return NULL;
}

static int unknown_flag(const struct flag_values *v, struct sv name, struct err *e)
{
	cleanup_free char *word = xstrndup(name.p, name.n);
	cleanup_free const char **words = NULL;
	const char *nearest;
	size_t n = 0, cap = 0;

	for (size_t g = 0; g < FLAG_GROUPS_MAX && v->groups[g]; g++)
		for (const struct flag *f = v->groups[g]; f->name; f++) {
			GROW(words, n + 1, cap);
			words[n++] = f->name;
		}
	nearest = nearest_word(word, words, n);
	if (nearest)
		return err_set(
			e, -EINVAL, "unknown flag: --%s (did you mean --%s?)", word, nearest);
	return err_set(e, -EINVAL, "unknown flag: --%s", word);
}

/* Is @value one of "a|b|c="? An item that ends in "=" stands for every value that begins so. */
static bool is_choice(const char *choices, const char *value)
{
	struct sv left = sv(choices);

	while (left.n) {
		struct sv one = sv_cut(&left, '|');

		if (sv_eq(one, value))
			return true;
		if (one.n && one.p[one.n - 1] == '=' && strlen(value) >= one.n &&
			memcmp(one.p, value, one.n) == 0)
			return true;
	}
	return false;
}

static int check_value(const struct flag *f, const char *value, struct err *e)
{
	uint64_t duration;
	int64_t number;

	if (f->type == FLAG_SWITCH && !streq(value, "true") && !streq(value, "false"))
		return err_set(e, -EINVAL,
			"invalid argument \"%s\" for \"--%s\" flag: true or false", value, f->name);
	if (f->type == FLAG_NUMBER && parse_i64(sv(value), &number) < 0)
		return err_set(e, -EINVAL,
			"invalid argument \"%s\" for \"--%s\" flag: a whole number is needed",
			value, f->name);
	if (f->type == FLAG_DURATION && duration_parse(sv(value), &duration) < 0)
		return err_set(e, -EINVAL,
			"invalid argument \"%s\" for \"--%s\" flag: a duration is needed, such as "
			"90s, 5m or 1h30m",
			value, f->name);
	if (f->choices && !is_choice(f->choices, value))
		return err_set(e, -EINVAL, "invalid argument \"%s\" for \"--%s\" flag: one of %s",
			value, f->name, f->choices);
	return 0;
}

static struct flag_value *slot_of(struct flag_values *v, const struct flag *f)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->items[i].flag == f)
			return &v->items[i];
	GROW(v->items, v->n + 1, v->cap);
	v->items[v->n] = (struct flag_value){.flag = f};
	return &v->items[v->n++];
}

static int store(struct flag_values *v, const struct flag *f, const char *value, struct err *e)
{
	struct flag_value *slot;
	int r = check_value(f, value, e);

	if (r < 0)
		return r;
	slot = slot_of(v, f);
	if (f->type != FLAG_LIST)
		slot->n = 0;
	GROW(slot->values, slot->n + 1, slot->cap);
	slot->values[slot->n++] = value;
	return 0;
}

static const char *bare_value(const struct flag *f)
{
	return f->type == FLAG_SWITCH ? "true" : f->bare;
}

/* argv[*i] is "--name" or "--name=value". */
static int take_long(struct flag_values *v, int argc, char *const *argv, int *i, struct err *e)
{
	const char *text = argv[*i] + 2, *equals = strchr(text, '=');
	struct sv name = {text, equals ? (size_t)(equals - text) : strlen(text)};
	const struct flag *f = find_long(v, name);

	if (!f)
		return unknown_flag(v, name, e);
	if (equals)
		return store(v, f, equals + 1, e);
	if (bare_value(f))
		return store(v, f, bare_value(f), e);
	if (*i + 1 >= argc)
		return err_set(e, -EINVAL, "flag needs an argument: --%s", f->name);
	return store(v, f, argv[++*i], e);
}

/* argv[*i] is "-x", "-xvalue", "-x=value" or "-xy". */
static int take_letters(struct flag_values *v, int argc, char *const *argv, int *i, struct err *e)
{
	const char *text = argv[*i] + 1;

	while (*text) {
		const struct flag *f = find_letter(v, *text);

		if (!f)
			return err_set(
				e, -EINVAL, "unknown shorthand flag: '%c' in %s", *text, argv[*i]);
		text++;
		if (*text == '=')
			return store(v, f, text + 1, e);
		if (bare_value(f)) {
			int r = store(v, f, bare_value(f), e);

			if (r < 0)
				return r;
			continue;
		}
		if (*text)
			return store(v, f, text, e);
		if (*i + 1 >= argc)
			return err_set(e, -EINVAL, "flag needs an argument: '%c' in %s", f->letter,
				argv[*i]);
		return store(v, f, argv[++*i], e);
	}
	return 0;
}

static void add_word(struct flag_values *v, const char *word)
{
	GROW(v->words, v->n_words + 1, v->cap_words);
	v->words[v->n_words++] = word;
}

int flags_parse(
	struct flag_values *v, int argc, char *const *argv, bool stop_at_word, struct err *e)
{
	int i = 0, r = 0;

	for (; i < argc && r == 0; i++) {
		const char *a = argv[i];

		if (streq(a, "--")) {
			v->dash = true;
			i++;
			break;
		}
		if (a[0] == '-' && a[1] == '-')
			r = take_long(v, argc, argv, &i, e);
		else if (a[0] == '-' && a[1])
			r = take_letters(v, argc, argv, &i, e);
		else if (stop_at_word)
			break;
		else
			add_word(v, a);
	}
	v->n_read = i;
	v->n_before_dash = v->n_words;
	for (; i < argc && r == 0; i++)
		add_word(v, argv[i]);
	return r;
}

void flags_done(struct flag_values *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->items[i].values);
	free(v->items);
	free(v->words);
	*v = (struct flag_values){0};
}

static const struct flag_value *value_of(const struct flag_values *v, const char *name)
{
	for (size_t i = 0; i < v->n; i++)
		if (streq(v->items[i].flag->name, name))
			return &v->items[i];
	return NULL;
}

bool flag_given(const struct flag_values *v, const char *name)
{
	return value_of(v, name) != NULL;
}

const char *flag_text(const struct flag_values *v, const char *name)
{
	const struct flag_value *given = value_of(v, name);
	const struct flag *f = find_long(v, sv(name));

	if (given)
		return given->values[given->n - 1];
	return f ? f->fallback : NULL;
}

bool flag_on(const struct flag_values *v, const char *name)
{
	return streq(flag_text(v, name), "true");
}

int64_t flag_number(const struct flag_values *v, const char *name, int64_t fallback)
{
	const char *text = flag_text(v, name);

	if (text)
		(void)parse_i64(sv(text), &fallback);
	return fallback;
}

uint64_t flag_duration_ns(const struct flag_values *v, const char *name, uint64_t fallback)
{
	const char *text = flag_text(v, name);

	if (text)
		(void)duration_parse(sv(text), &fallback);
	return fallback;
}

const char *const *flag_list(const struct flag_values *v, const char *name, size_t *ret_n)
{
	const struct flag_value *given = value_of(v, name);

	*ret_n = given ? given->n : 0;
	return given ? given->values : NULL;
}
