/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merge patch (RFC 7386), JSON patch (RFC 6902), and the choice between the three kinds.
 */
#include "agent/spec/patch.h"

json_t *patch_merge(const json_t *current, const json_t *patch)
{
	if (!json_is_object(patch))
		return json_deep_copy(patch);
	json_t *out = json_is_object(current) ? json_deep_copy(current) : json_object();
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)patch, key, value) {
		if (json_is_null(value))
			json_object_del(out, key);
		else
			json_put(out, key, patch_merge(json_object_get(current, key), value));
	}
	return out;
}

/* ---- RFC 6902 ---- */

enum { OPERATIONS_MAX = 10000 };

/* One part of a JSON pointer, with ~0 and ~1 read. Returns: owned by the caller. */
static char *pointer_part(struct sv *rest)
{
	struct str out = {0};
	struct sv part = sv_cut(rest, '/');
	for (size_t i = 0; i < part.n; i++) {
		char c = part.p[i];
		if (c == '~' && i + 1 < part.n && (part.p[i + 1] == '0' || part.p[i + 1] == '1'))
			c = part.p[++i] == '0' ? '~' : '/';
		str_addn(&out, &c, 1);
	}
	return str_take(&out);
}

/* An index of RFC 6901: no sign, no leading zero. */
static int array_index(const json_t *array, const char *part, size_t *ret)
{
	uint64_t n;
	if (parse_u64(sv(part), &n) < 0 || (*part == '0' && part[1]) || n > json_array_size(array))
		return -EINVAL;
	*ret = (size_t)n;
	return 0;
}

static json_t *child(const json_t *j, const char *part)
{
	size_t i;
	if (json_is_object(j))
		return json_object_get(j, part);
	if (json_is_array(j) && array_index(j, part, &i) == 0)
		return json_array_get(j, i);
	return NULL;
}

/* The value at @pointer, or NULL. */
static json_t *pointer_get(json_t *root, const char *pointer)
{
	struct sv rest = sv(pointer);
	json_t *at = root;
	if (!rest.n)
		return root;
	if (rest.p[0] != '/')
		return NULL;
	rest.p++;
	rest.n--;
	for (bool more = true; more && at;) {
		more = memchr(rest.p, '/', rest.n);
		cleanup_free char *part = pointer_part(&rest);
		at = child(at, part);
	}
	return at;
}

/* Its parent, and the last part (owned by the caller). */
static json_t *pointer_parent(json_t *root, const char *pointer, char **ret_last)
{
	const char *slash = strrchr(pointer, '/');
	if (!slash)
		return NULL;
	cleanup_free char *before = xstrndup(pointer, (size_t)(slash - pointer));
	struct sv rest = sv(slash + 1);
	*ret_last = pointer_part(&rest);
	return pointer_get(root, before);
}

static int pointer_add(json_t **root, const char *pointer, json_t *own_value)
{
	cleanup_json json_t *value = own_value;
	cleanup_free char *last = NULL;
	size_t i;
	if (!*pointer) {
		json_drop(*root);
		*root = take(value);
		return 0;
	}
	json_t *parent = pointer_parent(*root, pointer, &last);
	if (json_is_object(parent))
		json_put(parent, last, take(value));
	else if (json_is_array(parent) && streq(last, "-"))
		json_push(parent, take(value));
	else if (json_is_array(parent) && array_index(parent, last, &i) == 0)
		(void)json_array_insert_new(parent, i, take(value));
	else
		return -EINVAL;
	return 0;
}

static int pointer_remove(json_t *root, const char *pointer)
{
	cleanup_free char *last = NULL;
	size_t i;
	json_t *parent = pointer_parent(root, pointer, &last);
	if (json_is_object(parent))
		return json_object_del(parent, last) < 0 ? -EINVAL : 0;
	if (json_is_array(parent) && array_index(parent, last, &i) == 0)
		return json_array_remove(parent, i) < 0 ? -EINVAL : 0;
	return -EINVAL;
}

struct operation {
	const char *op, *path, *from;
	json_t *value;
};

static int op_add(json_t **root, const struct operation *o)
{
	return o->value ? pointer_add(root, o->path, json_deep_copy(o->value)) : -EINVAL;
}

static int op_remove(json_t **root, const struct operation *o)
{
	return pointer_remove(*root, o->path);
}

static int op_replace(json_t **root, const struct operation *o)
{
	if (!o->value || !pointer_get(*root, o->path))
		return -EINVAL;
	if (*o->path && pointer_remove(*root, o->path) < 0)
		return -EINVAL;
	return pointer_add(root, o->path, json_deep_copy(o->value));
}

static int op_copy(json_t **root, const struct operation *o)
{
	json_t *value = o->from ? pointer_get(*root, o->from) : NULL;
	return value ? pointer_add(root, o->path, json_deep_copy(value)) : -EINVAL;
}

static int op_move(json_t **root, const struct operation *o)
{
	json_t *value = o->from ? pointer_get(*root, o->from) : NULL;
	/* Into itself would lose it. */
	size_t n = o->from ? strlen(o->from) : 0;
	if (!value || !n || (strncmp(o->path, o->from, n) == 0 && o->path[n] == '/'))
		return -EINVAL;
	value = json_deep_copy(value);
	if (pointer_remove(*root, o->from) < 0) {
		json_drop(value);
		return -EINVAL;
	}
	return pointer_add(root, o->path, value);
}

static int op_test(json_t **root, const struct operation *o)
{
	json_t *value = pointer_get(*root, o->path);
	return value && o->value && json_equal(value, o->value) ? 0 : -EINVAL;
}

static const struct {
	const char *name;
	int (*run)(json_t **root, const struct operation *o);
} operations[] = {{"add", op_add}, {"remove", op_remove}, {"replace", op_replace},
	{"move", op_move}, {"copy", op_copy}, {"test", op_test}};

static int run_operation(json_t **root, const json_t *step, size_t i, struct err *e)
{
	struct operation o = {json_str(step, "op"), json_str(step, "path"), json_str(step, "from"),
		json_object_get(step, "value")};
	if (!o.op || !o.path)
		return err_set(e, -EINVAL, "JSON patch, operation %zu: op and path are missing", i);
	for (size_t k = 0; k < ARRAY_SIZE(operations); k++) {
		if (!streq(operations[k].name, o.op))
			continue;
		if (operations[k].run(root, &o) < 0)
			return err_set(e, -EINVAL, "JSON patch, operation %zu: %s \"%s\"%s", i,
				o.op, o.path,
				streq(o.op, "test") ? ": the value is another one"
						    : ": there is no such place, or no value");
		/* Copies of copies grow fast. */
		return json_check_limits(*root, e);
	}
	return err_set(e, -EINVAL,
		"JSON patch, operation %zu: op is add, remove, replace, move, copy "
		"or test, not \"%s\"",
		i, o.op);
}

int patch_json(const json_t *current, const json_t *patch, json_t **ret, struct err *e)
{
	if (!json_is_array(patch))
		return err_set(e, -EINVAL, "a JSON patch is a list of operations");
	if (json_array_size(patch) > OPERATIONS_MAX)
		return err_set(e, -E2BIG, "a JSON patch has at most %d operations", OPERATIONS_MAX);
	cleanup_json json_t *root = json_deep_copy(current);
	for (size_t i = 0; i < json_array_size(patch); i++) {
		int r = run_operation(&root, json_array_get(patch, i), i, e);
		if (r < 0)
			return r;
	}
	*ret = take(root);
	return 0;
}

/* ---- all three ---- */

int patch_type_of(const char *content_type, enum patch_type *ret)
{
	static const struct {
		const char *name;
		enum patch_type type;
	} rows[] = {{"application/merge-patch+json", PATCH_MERGE},
		{"application/strategic-merge-patch+json", PATCH_STRATEGIC},
		{"application/json-patch+json", PATCH_JSON}};
	struct sv rest = sv(content_type);
	struct sv name = sv_trim(sv_cut(&rest, ';'));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (sv_eq(name, rows[i].name)) {
			*ret = rows[i].type;
			return 0;
		}
	return -EINVAL;
}

int spec_patch(const struct kind *k, const json_t *current, const json_t *patch,
	enum patch_type type, json_t **ret, struct err *e)
{
	cleanup_json json_t *out = NULL;
	int r = 0;
	if (type == PATCH_JSON)
		r = patch_json(current, patch, &out, e);
	else if (!json_is_object(patch))
		r = err_set(e, -EINVAL, "a patch of this type is an object");
	else if (type == PATCH_STRATEGIC)
		r = patch_strategic(k->type, current, patch, &out, e);
	else
		out = patch_merge(current, patch);
	if (r < 0)
		return r;
	if (!json_is_object(out))
		return err_set(e, -EINVAL, "the patch leaves no object");
	r = json_check_limits(out, e);
	if (r < 0)
		return r;
	*ret = take(out);
	return 0;
}
