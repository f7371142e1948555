/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "received" and "decoded" in the life of a pod spec: the bytes of a request become an object that
 * has passed its kind's schema.
 */
#include "agent/api/body.h"
#include "agent/spec/yaml.h"

int write_options_parse(const struct request *r, struct write_options *ret, struct err *e)
{
	static const struct {
		const char *word;
		enum field_validation value;
	} words[] = {{"Strict", FIELD_STRICT}, {"Warn", FIELD_WARN}, {"Ignore", FIELD_IGNORE}};
	const char *validation = target_param(&r->target, "fieldValidation");
	const char *dry_run = target_param(&r->target, "dryRun");

	/* Kubernetes' default is Warn. */
	*ret = (struct write_options){.validation = FIELD_WARN};
	if (dry_run && dry_run[0] && !streq(dry_run, "All"))
		return err_set(e, -EBADMSG, "dryRun must be All, not \"%s\"", dry_run);
	ret->dry_run = dry_run && dry_run[0];
	if (!validation || !validation[0])
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (streq(validation, words[i].word)) {
			ret->validation = words[i].value;
			return 0;
		}
	}
	return err_set(e, -EBADMSG, "fieldValidation must be Strict, Warn or Ignore, not \"%s\"",
		validation);
}

static bool is_type(struct sv type, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sv_eq(type, names[i]))
			return true;
	return false;
}

int body_parse(const struct request *r, json_t **ret, struct err *e)
{
	static const char *const json_types[] = {"", "application/json", "text/json"};
	static const char *const yaml_types[] = {
		"application/yaml", "application/x-yaml", "text/yaml"};
	const char *header = request_header(r, "Content-Type");
	struct sv left = sv(header ? header : ""), type = sv_trim(sv_cut(&left, ';'));
	struct sv text = {r->body.p ? r->body.p : "", r->body.n};

	if (is_type(type, json_types, ARRAY_SIZE(json_types)))
		return json_parse_object(text, ret, e);
	if (is_type(type, yaml_types, ARRAY_SIZE(yaml_types)))
		return yaml_parse_one(text, ret, e);
	return err_set(e, -EMEDIUMTYPE,
		"the body of the request was in an unknown format (%.*s) - accepted media types "
		"include: application/json, application/yaml",
		(int)(type.n < 100 ? type.n : 100), type.p);
}

/* A member must be a string when it is there. */
static int check_string(const json_t *object, const char *key, struct err *e)
{
	const json_t *value = json_object_get(object, key);

	if (value && !json_is_string(value) && !json_is_null(value))
		return err_set(e, -EBADMSG, "%s must be a string", key);
	return 0;
}

int object_fits_path(const struct request *r, json_t *object, struct err *e)
{
	json_t *meta = json_object_get(object, "metadata");
	const char *name, *ns;

	if (meta && !json_is_object(meta) && !json_is_null(meta))
		return err_set(e, -EBADMSG, "metadata must be an object");
	if (!json_is_object(meta))
		json_put(object, "metadata", json_object());
	meta = json_sub(object, "metadata");
	if (check_string(meta, "name", e) < 0 || check_string(meta, "namespace", e) < 0 ||
		check_string(meta, "resourceVersion", e) < 0 || check_string(meta, "uid", e) < 0)
		return -EBADMSG;
	name = json_str_or(meta, "name", "");
	ns = json_str_or(meta, "namespace", "");
	if (r->name && name[0] && !streq(name, r->name))
		return err_set(e, -EBADMSG,
			"the name of the object (%s) does not match the name on the URL (%s)", name,
			r->name);
	if (r->ns && ns[0] && !streq(ns, r->ns))
		return err_set(e, -EBADMSG,
			"the namespace of the provided object does not match the namespace sent on "
			"the request (%s, %s)",
			ns, r->ns);
	if (r->name && !name[0])
		json_put_str(meta, "name", r->name);
	if (r->ns)
		json_put_str(meta, "namespace", r->ns);
	else
		(void)json_object_del(meta, "namespace");
	return 0;
}

int body_object(const struct request *r, const struct kind *k, json_t **ret, struct err *e)
{
	cleanup_json json_t *object = NULL;
	const char *version, *kind;
	int code = body_parse(r, &object, e);

	if (code < 0)
		return code;
	if (!json_is_object(object))
		return err_set(e, -EBADMSG, "the body must be an object of kind %s", k->kind);
	if (check_string(object, "apiVersion", e) < 0 || check_string(object, "kind", e) < 0)
		return -EBADMSG;
	version = json_str_or(object, "apiVersion", kind_api_version(k));
	kind = json_str_or(object, "kind", k->kind);
	if (!streq(version, kind_api_version(k)) || !streq(kind, k->kind))
		return err_set(e, -EBADMSG,
			"the object in the body is a %s %s; this path takes %s %s", version, kind,
			kind_api_version(k), k->kind);
	json_put_str(object, "apiVersion", kind_api_version(k));
	json_put_str(object, "kind", k->kind);
	code = object_fits_path(r, object, e);
	if (code < 0)
		return code;
	*ret = take(object);
	return 0;
}

bool object_admit(struct request *r, const struct kind *k, const json_t *old, json_t *object,
	enum field_validation validation)
{
	cleanup_problems struct problems p = {0};
	const json_t *meta = json_map(object, "metadata");
	bool good = spec_admit(k, object, validation, &p);

	if (good && old) {
		spec_validate_update(k, old, object, &p);
		good = p.n == 0;
	}
	for (size_t i = 0; i < p.n_warnings; i++)
		request_warn(r, p.warnings[i]);
	if (!good)
		reply_problems(
			r, &p, k, json_str_or(meta, "name", json_str_or(meta, "generateName", "")));
	return good;
}
