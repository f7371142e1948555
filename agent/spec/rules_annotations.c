/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admits berth's own annotations: known by name, on the object they are for, of a container that there is, with values
 * that can be read. Source: safety R11.
 */
#include "agent/spec/annotations.h"
#include "agent/spec/check.h"
#include "agent/spec/rules.h"

/* Of other objects: not for users to tune. */
static const char *const other_annotations[] = {
	"berth.dev/manifest", /* the file of the manifest directory that an object comes from */
	NULL,
};

enum { NAMES_MAX = 32, ITEMS_MAX = 32 };

static void say_unknown(struct walk *w, const char *key)
{
	cleanup_json json_t *value = json_string(key);
	const char *words[NAMES_MAX];
	size_t n = 0;

	for (size_t i = 0; other_annotations[i] && n < NAMES_MAX; i++)
		words[n++] = other_annotations[i];
	for (const struct annotation *a = pod_annotations; a->x && n < NAMES_MAX; a++)
		words[n++] = a->name;
	const char *nearest = nearest_word(key, words, n);
	walk_invalid(w, value, "berth does not know this annotation of its own%s%s%s",
		nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

void check_own_annotation(struct walk *w, const char *key)
{
	const char *container;

	for (size_t i = 0; other_annotations[i]; i++)
		if (streq(other_annotations[i], key))
			return;
	if (!annotation_of_key(key, &container)) {
		say_unknown(w, key);
		return;
	}
	/* Of a pod or of a template: the rule below looks into it. */
	if (streq(w->kind->kind, "Pod") || sv_starts(sv(walk_path(w)), "spec."))
		return;
	cleanup_json json_t *value = json_string(key);
	walk_invalid(w, value, "is for pods; of a controller it belongs below spec.template");
}

/* ---- of a pod, or of the template of pods ------------------------------------------------------------- */

static bool has_container(const json_t *spec, const char *name)
{
	static const char *const lists[] = {"containers", "initContainers"};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (json_find(json_list(spec, lists[i]), "name", name))
			return true;
	return false;
}

/* "base, factor, cap": what there is, for who wrote something else. */
static void say_unknown_key(
	struct walk *w, const json_t *value, const struct annotation *a, struct sv name)
{
	cleanup_free char *word = xstrndup(name.p, name.n);
	cleanup_str struct str all = {0};
	const char *words[ITEMS_MAX];
	size_t n = 0;

	for (; a->keys[n].name && n < ITEMS_MAX; n++) {
		words[n] = a->keys[n].name;
		str_addf(&all, "%s%s", n ? ", " : "", words[n]);
	}
	const char *nearest = nearest_word(word, words, n);
	walk_invalid(w, value, "unknown key \"%.40s\"%s%s%s; the keys are %s", word,
		nearest ? ", did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "",
		all.p);
}

/* One "key=value". @seen: bits of the keys that were there before. */
static void check_item(struct walk *w, const json_t *value, const struct annotation *a,
	struct sv item, unsigned *seen)
{
	struct sv text = item, name = sv_trim(sv_cut(&text, '='));
	char wanted[160];
	uint64_t number;
	size_t i = 0;

	while (a->keys[i].name && !sv_eq(name, a->keys[i].name))
		i++;
	if (!a->keys[i].name)
		say_unknown_key(w, value, a, name);
	else if (*seen & 1u << i)
		walk_invalid(w, value, "%s is there twice", a->keys[i].name);
	else if (annotation_value(&a->keys[i], sv_trim(text), &number, wanted, sizeof(wanted)) < 0)
		walk_invalid(w, value, "%s %s", a->keys[i].name, wanted);
	*seen |= 1u << i;
}

static void check_text(struct walk *w, const json_t *value, const struct annotation *a)
{
	struct sv rest = sv(json_string_value(value));
	char wanted[160];
	unsigned seen = 0;
	uint64_t number;

	if (!a->keys[0].name[0]) {
		if (annotation_value(a->keys, sv_trim(rest), &number, wanted, sizeof(wanted)) < 0)
			walk_invalid(w, value, "%s", wanted);
		return;
	}
	if (!sv_trim(rest).n)
		walk_invalid(w, value, "must be key=value,key=value");
	while (rest.n)
		check_item(w, value, a, sv_cut(&rest, ','), &seen);
}

void rule_annotations(struct walk *w, const json_t *object)
{
	json_t *annotations = json_at(object, "metadata", "annotations", NULL), *value;
	size_t mark = walk_field(w, "metadata"), inner = walk_field(w, "annotations");
	const char *key, *container;

	json_object_foreach (annotations, key, value) {
		const struct annotation *a = annotation_of_key(key, &container);
		if (!a || !json_is_string(value))
			continue;
		size_t leaf = walk_key(w, key);
		if (*container && !has_container(json_map(object, "spec"), container))
			walk_problem(
				w, PROBLEM_NOT_FOUND, "Not found: container \"%s\"", container);
		check_text(w, value, a);
		walk_up(w, leaf);
	}
	walk_up(w, inner);
	walk_up(w, mark);
}
