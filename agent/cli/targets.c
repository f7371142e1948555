/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the words of a command line as kubectl does: types with commas, names, TYPE/NAME, categories. Kinds come from
 * the table of agent/spec, so no question to the server is needed.
 */
#include "agent/cli/targets.h"

#include "agent/cli/files.h"

static void target_done(struct target *t)
{
	free(t->name);
	free(t->ns);
	json_decref(t->object);
	free(t->source);
}

void targets_done(struct targets *t)
{
	for (size_t i = 0; i < t->n; i++)
		target_done(&t->items[i]);
	for (size_t i = 0; i < t->n_texts; i++)
		free(t->texts[i]);
	free(t->texts);
	free(t->items);
	*t = (struct targets){0};
}

static const char *nearest_kind(const char *word)
{
	cleanup_free const char **words = NULL;
	size_t n = 0, cap = 0;

	for (const struct kind *const *k = kinds; *k; k++) {
		if (!(*k)->plural)
			continue;
		GROW(words, n + 2, cap);
		words[n++] = (*k)->plural;
		words[n++] = (*k)->singular;
	}
	return nearest_word(word, words, n);
}

const struct kind *kind_of_word(struct cli *c, const char *word)
{
	const struct kind *k = kind_by_word(word);
	const char *nearest;

	if (k)
		return k;
	nearest = nearest_kind(word);
	if (nearest)
		(void)fail(c,
			"the server doesn't have a resource type \"%s\" (did you mean \"%s\"?)",
			word, nearest);
	else
		(void)fail(c,
			"the server doesn't have a resource type \"%s\" (berth api-resources lists "
			"them)",
			word);
	return NULL;
}

const struct kind *kind_and_name(
	struct cli *c, const char *word, const struct kind *fallback, const char **ret_name)
{
	const char *slash = strchr(word, '/');
	cleanup_free char *type = NULL;

	if (!slash) {
		*ret_name = word;
		return fallback;
	}
	type = xstrndup(word, (size_t)(slash - word));
	if (!slash[1] || strchr(slash + 1, '/')) {
		(void)fail(c,
			"arguments in resource/name form must have a single resource and name: "
			"\"%s\"",
			word);
		return NULL;
	}
	*ret_name = slash + 1;
	return kind_of_word(c, type);
}

static void add(struct cli *c, struct targets *t, const struct kind *k, const char *name)
{
	bool everywhere = flag_on(&c->flags, "all-namespaces");

	GROW(t->items, t->n + 1, t->cap);
	t->items[t->n++] = (struct target){
		.kind = k,
		.name = name ? xstrdup(name) : NULL,
		.ns = k->namespaced && !everywhere ? xstrdup(namespace_of(c)) : NULL,
	};
}

static bool in_category(const struct kind *k, const char *category)
{
	for (const char *const *one = k->categories; one && *one; one++)
		if (streq(*one, category))
			return true;
	return false;
}

/* The kinds of "po,rc" or of a category. Returns: their number; 0: told. */
static size_t kinds_of(struct cli *c, const char *word, const struct kind **ret, size_t max)
{
	struct sv left = sv(word);
	size_t n = 0;

	while (left.n) {
		struct sv one = sv_cut(&left, ',');
		cleanup_free char *type = xstrndup(one.p, one.n);
		size_t before = n;

		for (const struct kind *const *k = kinds; *k && n < max; k++)
			if ((*k)->plural && in_category(*k, type))
				ret[n++] = *k;
		if (n == before && n < max)
			ret[n++] = kind_of_word(c, type);
		if (!ret[n - 1])
			return 0;
	}
	return n;
}

static int pairs(struct cli *c, size_t from, struct targets *ret)
{
	const struct kind *first = NULL;

	for (size_t i = from; i < word_count(c); i++) {
		const char *name = NULL;
		const struct kind *k;

		if (!strchr(word(c, i), '/'))
			return fail(c,
				"there is no need to specify a resource type as a separate "
				"argument when passing "
				"arguments in resource/name form (e.g. '%s rc/web' instead of '%s "
				"rc rc/web')",
				c->path, c->path);
		k = kind_and_name(c, word(c, i), NULL, &name);
		if (!k)
			return EXIT_FAILED;
		ret->n_kinds += k != first;
		first = k;
		add(c, ret, k, name);
	}
	return EXIT_OK;
}

int targets_of_words(struct cli *c, size_t from, bool need_names, struct targets *ret)
{
	const struct kind *found[32];
	size_t n;

	if (word_count(c) <= from)
		return fail_usage(c, "You must specify the type of resource%s",
			need_names ? " and a name" : "");
	if (strchr(word(c, from), '/'))
		return pairs(c, from, ret);
	n = kinds_of(c, word(c, from), found, ARRAY_SIZE(found));
	if (n == 0)
		return EXIT_FAILED;
	if (need_names && word_count(c) == from + 1)
		return fail_usage(c, "resource(s) were provided, but no name was specified");
	ret->n_kinds = n;
	for (size_t k = 0; k < n; k++) {
		if (word_count(c) == from + 1)
			add(c, ret, found[k], NULL);
		for (size_t i = from + 1; i < word_count(c); i++) {
			if (strchr(word(c, i), '/'))
				return fail(c,
					"there is no need to specify a resource type as a separate "
					"argument when passing "
					"arguments in resource/name form (e.g. '%s %s' instead of "
					"'%s %s %s')",
					c->path, word(c, i), c->path, word(c, from), word(c, i));
			add(c, ret, found[k], word(c, i));
		}
	}
	return EXIT_OK;
}

/* The namespace of an object of a file: its own, which must not contradict -n. */
static int place(struct cli *c, struct target *t)
{
	json_t *metadata = json_map(t->object, "metadata");
	const char *own = json_str(metadata, "namespace");

	if (!t->kind->namespaced)
		return EXIT_OK;
	if (own && *own && flag_given(&c->flags, "namespace") && !streq(own, namespace_of(c)))
		return fail(c,
			"%s: the namespace from the provided object \"%s\" does not match the "
			"namespace \"%s\". You must "
			"pass '--namespace=%s' to perform this operation.",
			t->source, own, namespace_of(c), own);
	t->ns = xstrdup(own && *own ? own : namespace_of(c));
	if (metadata)
		json_put_str(metadata, "namespace", t->ns);
	return EXIT_OK;
}

/* The text of a source, kept as long as the targets. */
static struct sv keep_text(struct targets *t, struct sv text)
{
	if (!text.p)
		return text;
	if (t->last_text != text.p) {
		GROW(t->texts, t->n_texts + 1, t->cap_texts);
		t->texts[t->n_texts++] = xstrndup(text.p, text.n);
		t->last_text = text.p;
	}
	return (struct sv){t->texts[t->n_texts - 1], text.n};
}

static int take_object(
	struct cli *c, const struct source *source, json_t *object, struct targets *t)
{
	const json_t *metadata = json_map(object, "metadata"),
		     *given = json_object_get(metadata, "name");
	const char *name = json_string_value(given);
	struct target one = {.source = NULL};
	struct err e = {0};

	if (kind_of(object, &one.kind, &e) < 0)
		return fail(c, "%s: %s", source->name, err_text(&e));
	if (given && !name)
		return fail(c,
			"%s: metadata.name must be a string (YAML reads y, n, yes, no, 1 … as "
			"other "
			"things: put it in quotes)",
			source->name);
	one.name = name ? xstrdup(name) : NULL;
	one.object = json_incref(object);
	one.source = xstrdup(source->name);
	one.text = keep_text(t, source->text);
	one.document = source->document;
	GROW(t->items, t->n + 1, t->cap);
	t->items[t->n] = one;
	if (place(c, &t->items[t->n++]) != EXIT_OK) {
		target_done(&t->items[--t->n]);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int take_document(void *data, struct cli *c, const struct source *source, json_t *document)
{
	const char *kind = json_str_or(document, "kind", "");
	size_t n = strlen(kind), i;
	struct source inside = {.name = source->name};
	json_t *item;
	int status = EXIT_OK;

	if (n >= 4 && streq(kind + n - 4, "List") && json_list(document, "items")) {
		json_array_foreach (json_list(document, "items"), i, item)
			status |= take_document(data, c, &inside, item);
		return status;
	}
	return take_object(c, source, document, data);
}

int targets_of_files(struct cli *c, struct targets *ret)
{
	ret->status |= files_read(c, take_document, ret);
	if (ret->n == 0 && ret->status == EXIT_OK)
		return fail(c, "no objects passed to %s", c->command->name);
	return ret->n ? EXIT_OK : EXIT_FAILED;
}

int targets_of(struct cli *c, bool need_names, struct targets *ret)
{
	if (!flag_given(&c->flags, "filename"))
		return targets_of_words(c, 0, need_names, ret);
	if (word_count(c))
		return fail_usage(c, "when paths are provided as input, you may not specify "
				     "resource arguments as well");
	return targets_of_files(c, ret);
}
