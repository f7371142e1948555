/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config of an image, read by allow-list: a table of string lists, a table of strings, and the layers.
 * What is not in the tables (labels, history, health checks, exposed ports) is never looked at.
 * Source: OCI image-spec v1.1, config.md; docker's config has the same members.
 */
#include "runtime/image/config.h"

#include "runtime/image/digest.h"

#include <stddef.h>

enum { ENV_MAX = 1024, ARGS_MAX = 4096, VOLUMES_MAX = 128 };

enum where { IN_CONFIG, ON_TOP }; /* below "config", or a member of the document itself */

static const struct list_field {
	const char *name;
	size_t offset, max;
} list_fields[] = {
	{"Entrypoint", offsetof(struct image_config, entrypoint), ARGS_MAX},
	{"Cmd", offsetof(struct image_config, cmd), ARGS_MAX},
	{"Env", offsetof(struct image_config, env), ENV_MAX},
};

static const struct text_field {
	enum where where;
	const char *name;
	size_t offset;
} text_fields[] = {
	{IN_CONFIG, "User", offsetof(struct image_config, user)},
	{IN_CONFIG, "WorkingDir", offsetof(struct image_config, working_dir)},
	{IN_CONFIG, "StopSignal", offsetof(struct image_config, stop_signal)},
	{ON_TOP, "architecture", offsetof(struct image_config, architecture)},
	{ON_TOP, "os", offsetof(struct image_config, os)},
	{ON_TOP, "created", offsetof(struct image_config, created)},
};

static char ***list_at(struct image_config *c, size_t offset)
{
	return (char ***)(void *)((char *)c + offset);
}

static char **text_at(struct image_config *c, size_t offset)
{
	return (char **)(void *)((char *)c + offset);
}

static void list_free(char **list)
{
	for (char **s = list; s && *s; s++)
		free(*s);
	free(list);
}

void image_config_done(struct image_config *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(list_fields); i++)
		list_free(*list_at(c, list_fields[i].offset));
	for (size_t i = 0; i < ARRAY_SIZE(text_fields); i++)
		free(*text_at(c, text_fields[i].offset));
	list_free(c->volumes);
	list_free(c->diff_ids);
	*c = (struct image_config){0};
}

static int fail_at(struct err *e, const char *field, const char *what)
{
	(void)err_set(e, -EINVAL, "image config: %s: %s", field, what);
	return err_at(e, "%s", field);
}

/* A JSON array of strings without NUL, or null, or nothing: both are the empty list. */
static int decode_list(
	const json_t *j, const char *name, size_t max, char ***ret_list, struct err *e)
{
	size_t n = json_array_size(j), i;
	const json_t *item;
	char **list;

	if (j && !json_is_array(j) && !json_is_null(j))
		return fail_at(e, name, "is no list");
	if (n > max)
		return fail_at(e, name, "has too many entries");
	list = xcalloc(n + 1, sizeof *list);
	*ret_list = list; /* the config owns it from here on, whatever comes */
	json_array_foreach (j, i, item) {
		const char *s = json_string_value(item);

		if (!s || strlen(s) != json_string_length(item))
			return fail_at(e, name, "has an entry that is no string");
		list[i] = xstrdup(s);
	}
	return 0;
}

static int decode_text(const json_t *j, const char *name, char **ret_text, struct err *e)
{
	const char *s = json_string_value(j);

	if (j && !json_is_null(j) && !s)
		return fail_at(e, name, "is no string");
	if (s && strlen(s) != json_string_length(j))
		return fail_at(e, name, "holds a NUL");
	*ret_text = xstrdup(s ? s : "");
	return 0;
}

static int compare_text(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;

	return strcmp(*left, *right);
}

/* {"/data": {}}: only the keys mean anything. */
static int decode_volumes(json_t *j, struct image_config *c, struct err *e)
{
	const char *key;
	json_t *value;
	size_t n = 0;

	if (j && !json_is_object(j) && !json_is_null(j))
		return fail_at(e, "config.Volumes", "is no object");
	if (json_object_size(j) > VOLUMES_MAX)
		return fail_at(e, "config.Volumes", "has too many entries");
	c->volumes = xcalloc(json_object_size(j) + 1, sizeof *c->volumes);
	json_object_foreach (j, key, value)
		c->volumes[n++] = xstrdup(key);
	qsort(c->volumes, n, sizeof *c->volumes, compare_text);
	return 0;
}

static int decode_layers(const json_t *j, struct image_config *c, struct err *e)
{
	const json_t *rootfs = json_object_get(j, "rootfs");
	int r;

	if (!streq(json_str(rootfs, "type"), "layers"))
		return fail_at(e, "rootfs.type", "is not \"layers\"");
	r = decode_list(json_object_get(rootfs, "diff_ids"), "rootfs.diff_ids", IMAGE_LAYERS_MAX,
		&c->diff_ids, e);
	if (r < 0)
		return r;
	for (char **id = c->diff_ids; *id; id++) {
		struct digest d;

		if (digest_parse(sv(*id), &d) < 0)
			return fail_at(
				e, "rootfs.diff_ids", "has an entry that is no sha256 digest");
	}
	return 0;
}

/* A working directory becomes process.cwd: absolute, and nothing in it that leads elsewhere (safety R6). */
static int check_working_dir(const char *dir, struct err *e)
{
	struct sv rest = sv(dir);

	if (!*dir)
		return 0;
	if (*dir != '/')
		return fail_at(e, "config.WorkingDir", "is no absolute path");
	while (rest.n)
		if (sv_eq(sv_cut(&rest, '/'), ".."))
			return fail_at(e, "config.WorkingDir", "has a \"..\" in it");
	return 0;
}

static int check_env(char **env, struct err *e)
{
	for (; *env; env++)
		if (**env == '=' || !strchr(*env, '='))
			return fail_at(e, "config.Env", "has an entry that is not NAME=value");
	return 0;
}

static int decode_tables(const json_t *j, struct image_config *c, struct err *e)
{
	const json_t *config = json_object_get(j, "config");
	int r = 0;

	if (config && !json_is_object(config) && !json_is_null(config))
		return fail_at(e, "config", "is no object");
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(list_fields); i++) {
		const struct list_field *f = &list_fields[i];

		r = decode_list(json_object_get(config, f->name), f->name, f->max,
			list_at(c, f->offset), e);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(text_fields); i++) {
		const struct text_field *f = &text_fields[i];
		const json_t *from = f->where == IN_CONFIG ? config : j;

		r = decode_text(json_object_get(from, f->name), f->name, text_at(c, f->offset), e);
	}
	if (r == 0)
		r = decode_volumes(json_object_get(config, "Volumes"), c, e);
	return r;
}

int image_config_from_json(const json_t *j, struct image_config *ret, struct err *e)
{
	struct image_config c = {0};
	int r;

	if (!json_is_object(j))
		return err_set(e, -EBADMSG, "image config is no JSON object");
	r = decode_tables(j, &c, e);
	if (r == 0)
		r = decode_layers(j, &c, e);
	if (r == 0)
		r = check_env(c.env, e);
	if (r == 0)
		r = check_working_dir(c.working_dir, e);
	if (r < 0) {
		image_config_done(&c);
		return r;
	}
	*ret = c;
	return 0;
}

int image_config_decode(struct sv bytes, struct image_config *ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	int r = json_parse_max(bytes, IMAGE_JSON_MAX, &j, e);

	if (r < 0)
		return err_wrap(e, r, "image config");
	return image_config_from_json(j, ret, e);
}

int image_config_check(
	const struct image_config *c, const char *arch, size_t n_layers, struct err *e)
{
	size_t n = 0;

	while (c->diff_ids[n])
		n++;
	if (n != n_layers)
		return err_set(
			e, -EBADMSG, "the manifest has %zu layers, the config %zu", n_layers, n);
	if ((*c->os && !streq(c->os, "linux")) ||
		(*c->architecture && !streq(c->architecture, arch)))
		return err_set(e, -EINVAL,
			"the image is made for %.32s/%.32s, this machine is linux/%s", c->os,
			c->architecture, arch);
	return 0;
}

static json_t *encode_list(char *const *list)
{
	json_t *j = json_array();

	for (; list && *list; list++)
		json_push(j, json_string(*list));
	return j;
}

json_t *image_config_encode(const struct image_config *c)
{
	struct image_config copy = *c; /* for the offsets' sake; nothing in it changes hands */
	json_t *j = json_object(), *config = json_sub(j, "config"), *volumes;

	for (size_t i = 0; i < ARRAY_SIZE(list_fields); i++)
		json_put(config, list_fields[i].name,
			encode_list(*list_at(&copy, list_fields[i].offset)));
	for (size_t i = 0; i < ARRAY_SIZE(text_fields); i++)
		json_put_str(text_fields[i].where == IN_CONFIG ? config : j, text_fields[i].name,
			*text_at(&copy, text_fields[i].offset));
	volumes = json_sub(config, "Volumes");
	for (char **v = c->volumes; v && *v; v++)
		json_put(volumes, *v, json_object());
	json_put_str(json_sub(j, "rootfs"), "type", "layers");
	json_put(json_sub(j, "rootfs"), "diff_ids", encode_list(c->diff_ids));
	return j;
}
