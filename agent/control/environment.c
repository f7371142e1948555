/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables are put down in order, each seeing those before it; a name that comes again keeps its place and takes the
 * new value. Step "compiled" of a pod's life. Must hold: nothing secret loses its mark on the way.
 */
#include "agent/control/environment.h"

void environment_done(struct environment *env)
{
	for (size_t i = 0; i < env->n; i++) {
		free(env->items[i].name);
		free(env->items[i].value);
	}
	free(env->items);
	*env = (struct environment){0};
}

static struct variable *find(const struct environment *env, const char *name, size_t n)
{
	for (size_t i = 0; i < env->n; i++)
		if (strlen(env->items[i].name) == n && memcmp(env->items[i].name, name, n) == 0)
			return &env->items[i];
	return NULL;
}

const struct variable *environment_find(const struct environment *env, const char *name)
{
	return find(env, name, strlen(name));
}

/* Takes @own_value. */
static struct variable *set(
	struct environment *env, const char *name, char *own_value, bool secret, bool from_image)
{
	struct variable *v = find(env, name, strlen(name));
	if (!v) {
		GROW(env->items, env->n + 1, env->cap);
		v = &env->items[env->n++];
		*v = (struct variable){.name = xstrdup(name)};
	}
	free(v->value);
	v->value = own_value;
	v->secret = secret;
	v->from_image = from_image;
	return v;
}

void environment_default(struct environment *env, const char *name, const char *value)
{
	if (!environment_find(env, name))
		(void)set(env, name, xstrdup(value), false, false);
}

char *environment_expand(const struct environment *env, const char *text, bool *ret_secret)
{
	struct str out = {0};
	const char *p = text;

	while (*p) {
		const char *end = p[0] == '$' && p[1] == '(' ? strchr(p + 2, ')') : NULL;
		if (p[0] == '$' && p[1] == '$') {
			str_add(&out, "$");
			p += 2;
			continue;
		}
		const struct variable *v = end ? find(env, p + 2, (size_t)(end - p - 2)) : NULL;
		if (v && !v->from_image) {
			str_add(&out, v->value);
			if (v->secret && ret_secret)
				*ret_secret = true;
			p = end + 1;
			continue;
		}
		str_addn(&out, p++, 1);
	}
	return str_take(&out);
}

/* ---- envFrom ------------------------------------------------------------------------------------------ */

struct from {
	struct environment *env;
	const json_t *object;
	const char *kind, *prefix;
	struct err *e;
};

static bool is_variable_name(const char *name)
{
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == '=' || (unsigned char)*p >= 0x7f)
			return false;
	return name[0] != '\0';
}

static int add_key(void *data, const char *key)
{
	struct from *f = data;
	cleanup_free char *name = xasprintf("%s%s", f->prefix, key);
	char *value;
	size_t n;

	/* As the kubelet does: keys that cannot be names are passed over, and so are binary ones. */
	if (!is_variable_name(name))
		return 0;
	int r = lookup_bytes(f->kind, f->object, key, &value, &n, f->e);
	if (r < 0)
		return r;
	if (memchr(value, '\0', n)) {
		free(value);
		return 0;
	}
	(void)set(f->env, name, value, streq(f->kind, "Secret"), false);
	return 0;
}

static int add_from(
	const struct lookup *l, const json_t *from, struct environment *env, struct err *e)
{
	static const struct {
		const char *ref, *kind;
	} refs[] = {{"configMapRef", "ConfigMap"}, {"secretRef", "Secret"}};

	for (size_t i = 0; i < ARRAY_SIZE(refs); i++) {
		const json_t *ref = json_map(from, refs[i].ref);
		cleanup_json json_t *object = NULL;
		if (!ref)
			continue;
		int r = lookup_object(l, refs[i].kind, json_str_or(ref, "name", ""), &object, e);
		if (r == -ENOENT && json_flag(ref, "optional", false))
			continue;
		if (r < 0)
			return r;
		struct from f = {env, object, refs[i].kind, json_str_or(from, "prefix", ""), e};
		r = lookup_each_key(refs[i].kind, object, add_key, &f);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- env ---------------------------------------------------------------------------------------------- */

/* Returns 1 with a value, 0 when an optional one is missing. */
static int key_value(
	const struct lookup *l, const char *kind, const json_t *ref, char **ret, struct err *e)
{
	cleanup_json json_t *object = NULL;
	size_t n;
	int r = lookup_object(l, kind, json_str_or(ref, "name", ""), &object, e);

	if (r >= 0)
		r = lookup_bytes(kind, object, json_str_or(ref, "key", ""), ret, &n, e);
	if (r == -ENOENT && json_flag(ref, "optional", false))
		return 0;
	if (r < 0)
		return r;
	if (memchr(*ret, '\0', n)) {
		free(take(*ret));
		return err_set(e, -EINVAL, "key \"%s\" holds a NUL byte and cannot be a variable",
			json_str_or(ref, "key", ""));
	}
	return 1;
}

static int value_from(const struct lookup *l, const json_t *source, const json_t *container,
	char **ret, bool *ret_secret, struct err *e)
{
	const json_t *secret = json_map(source, "secretKeyRef");
	const json_t *config = json_map(source, "configMapKeyRef");
	const json_t *field = json_map(source, "fieldRef");
	const json_t *resource = json_map(source, "resourceFieldRef");
	int r = 0;

	*ret_secret = secret != NULL;
	if (secret || config)
		return key_value(
			l, secret ? "Secret" : "ConfigMap", secret ? secret : config, ret, e);
	if (field)
		r = lookup_field(l, json_str_or(field, "fieldPath", ""), ret, e);
	else if (resource)
		r = lookup_resource(l, resource, container, ret, e);
	else
		*ret = xstrdup("");
	return r < 0 ? r : 1;
}

static int add_variable(const struct lookup *l, const json_t *item, const json_t *container,
	struct environment *env, struct err *e)
{
	const char *name = json_str_or(item, "name", "");
	const json_t *source = json_map(item, "valueFrom");
	bool secret = false;
	char *value = NULL;
	int r = 1;

	if (source)
		r = value_from(l, source, container, &value, &secret, e);
	else
		value = environment_expand(env, json_str_or(item, "value", ""), &secret);
	if (r <= 0)
		return r;
	(void)set(env, name, value, secret, false);
	return 0;
}

int environment_resolve(const struct lookup *l, const json_t *container, char *const *image_env,
	struct environment *ret, struct err *e)
{
	cleanup_environment struct environment env = {0};
	const json_t *item;
	size_t i;
	int r;

	for (; image_env && *image_env; image_env++) {
		struct sv value = sv(*image_env), head = sv_cut(&value, '=');
		cleanup_free char *name = xstrndup(head.p, head.n);
		if (head.n)
			(void)set(
				&env, name, xstrndup(value.p ? value.p : "", value.n), false, true);
	}
	json_array_foreach (json_list(container, "envFrom"), i, item) {
		r = add_from(l, item, &env, e);
		if (r < 0)
			return r;
	}
	json_array_foreach (json_list(container, "env"), i, item) {
		r = add_variable(l, item, container, &env, e);
		if (r < 0)
			return r;
	}
	*ret = env;
	env = (struct environment){0};
	return 0;
}
