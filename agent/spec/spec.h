/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds that berth knows, and what is done with an object by its kind's schema table: decode,
 * default, validate, compare, patch, explain. An object is a JSON tree; after spec_admit every
 * member is known, of its type and defaulted, so readers use json_str, json_int, json_at without
 * checks.
 */
#ifndef AGENT_SPEC_SPEC_H
#define AGENT_SPEC_SPEC_H

#include "agent/spec/problems.h"

struct type; /* schema.h */

struct kind {
	const char *group, *version, *kind, *list_kind; /* group "" is the core */
	const char *plural, *singular;	/* plural NULL: an object of bodies only (Scale) */
	const char *const *short_names; /* ended by NULL */
	const char *const *categories;	/* "all", ended by NULL */
	const char *const *selectable;	/* paths for field selectors, ended by NULL */
	bool namespaced, has_status, has_scale;
	bool name_is_label; /* names are DNS labels (63), not DNS subdomains (253) */
	const struct type *type;
	const char *doc;
};

/** The served kinds, in the order of discovery, ended by NULL. */
extern const struct kind *const kinds[];

/** By what an object says ("v1", "Pod"). Also finds Scale, DeleteOptions. NULL when not served. */
const struct kind *kind_by_name(const char *api_version, const char *kind);
/** By a request's path ("", "v1", "pods"). NULL when not served. */
const struct kind *kind_by_resource(const char *group, const char *version, const char *plural);
/** By what a person types: "po", "pod", "pods", "Pod", "rc". NULL when not served. */
const struct kind *kind_by_word(const char *word);
/** "v1" or "autoscaling/v1". Returns: a string that lives for ever. */
const char *kind_api_version(const struct kind *k);
/**
 * The kind of an object.  Returns: 0, or -EINVAL with a message that says what is missing, or what
 * berth does not serve and why ("berth does not serve kind Service yet …").
 */
int kind_of(const json_t *object, const struct kind **ret, struct err *e);

/* What to do with unknown and duplicate fields: the API's parameter fieldValidation. */
enum field_validation { FIELD_STRICT, FIELD_WARN, FIELD_IGNORE };

/**
 * In place: types checked, nulls taken out, quantities and times brought into canonical form;
 * unknown fields are problems (FIELD_STRICT, with the nearest right name), or are taken out with or
 * without a warning. Fields that berth refuses are problems whatever @fv says; accepted ones that
 * have no effect give warnings.
 */
void spec_decode(
	const struct kind *k, json_t *object, enum field_validation fv, struct problems *p);
/** In place: the defaults of Kubernetes; stringData goes into data. The object has been decoded. */
void spec_default(const struct kind *k, json_t *object);
/** Names, enumerations, limits, rules between fields. */
void spec_validate(const struct kind *k, const json_t *object, struct problems *p);
/** What may not change: names, the pod's spec but for images …, immutable secrets. Both were
 * validated alone. */
void spec_validate_update(
	const struct kind *k, const json_t *old, const json_t *object, struct problems *p);
/** decode, default, validate. Returns: true when there is no problem. */
bool spec_admit(const struct kind *k, json_t *object, enum field_validation fv, struct problems *p);

/**
 * A write to the object itself, not its status: gives @object the status of @old and the metadata
 * that only the server sets (uid, creationTimestamp, deletionTimestamp, generation …). @old NULL (a
 * creation): these are removed.
 */
void spec_keep_status(const struct kind *k, const json_t *old, json_t *object);
/** A write to the subresource "status": @object keeps its status and resourceVersion, all else
 * comes from @old. */
void spec_keep_spec(const struct kind *k, const json_t *old, json_t *object);
/** Do they differ outside of metadata and status? Then metadata.generation goes up. */
bool spec_changed(const struct kind *k, const json_t *a, const json_t *b);

/** autoscaling/v1 Scale of an object that has_scale; and the other way: spec.replicas of a
 * validated Scale put in. */
json_t *spec_scale_of(const struct kind *k, const json_t *object);
void spec_scale_put(const struct kind *k, json_t *object, const json_t *scale);

enum patch_type { PATCH_MERGE, PATCH_STRATEGIC, PATCH_JSON };
/** By the content type of a request. Returns: 0, or -EINVAL (the answer is 415). */
int patch_type_of(const char *content_type, enum patch_type *ret);
/**
 * @current with @patch applied (neither is changed). The result has not been decoded.
 * Returns: 0 and a new reference, or -EINVAL, -E2BIG with a message.
 */
int spec_patch(const struct kind *k, const json_t *current, const json_t *patch,
	enum patch_type type, json_t **ret, struct err *e);

#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"
/**
 * `apply`, the client's side: the strategic merge patch that brings @current to @modified and takes
 * out what stood in @original (the annotation's value, or NULL) and no longer does. Returns: 0 and
 * a new reference ({} when there is nothing to do), or -EINVAL.
 */
int spec_apply_patch(const struct kind *k, const json_t *original, const json_t *modified,
	const json_t *current, json_t **ret, struct err *e);
/** Sets the annotation of @modified to its own text, as kubectl does before it sends the object. */
void spec_set_last_applied(json_t *modified);

/**
 * What a field is, like `kubectl explain pod.spec.containers`, with the word of support for each
 * field.
 * @path: behind the kind, "" or "spec.containers".  @recursive: names only, the whole tree.
 * Returns: 0, or -ENOENT naming the nearest right name.
 */
int spec_explain(
	const struct kind *k, const char *path, bool recursive, struct str *out, struct err *e);

/** SUPPORT.md: every field of every kind with what berth does with it. */
void spec_support_matrix(struct str *out);

/** The OpenAPI v3 document of a group ("" or "autoscaling") and version. NULL when there is none.
 */
json_t *spec_openapi(const char *group, const char *version);

#endif
