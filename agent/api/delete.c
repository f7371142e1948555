/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deletions. What can go at once goes; what needs work first (a pod's processes, a namespace's objects, finalizers,
 * dependents) is marked, and agent/control takes it out when the work is done.
 *
 * Source: Kubernetes docs, "Garbage Collection", "Termination of Pods"; apiserver registry/rest/delete.go.
 */
#include "agent/api/routes.h"
#include "agent/api/select.h"
#include "agent/api/server.h"
#include "agent/api/write.h"

enum propagation {
	PROPAGATE_DEFAULT,
	PROPAGATE_BACKGROUND,
	PROPAGATE_FOREGROUND,
	PROPAGATE_ORPHAN
};

struct delete_options {
	enum propagation propagation;
	int64_t grace_s; /* -1: not given */
	bool dry_run;
	struct store_precondition pre;
	json_t *body; /* owns the strings of pre */
};

static void delete_options_done(struct delete_options *o)
{
	json_decref(o->body);
	o->body = NULL;
}

/* ---- options ----------------------------------------------------------------------------------- */

static int parse_propagation(const char *word, enum propagation *ret, struct err *e)
{
	static const char *const words[] = {[PROPAGATE_BACKGROUND] = "Background",
		[PROPAGATE_FOREGROUND] = "Foreground",
		[PROPAGATE_ORPHAN] = "Orphan"};

	if (!word || !word[0])
		return 0;
	for (size_t i = PROPAGATE_BACKGROUND; i < ARRAY_SIZE(words); i++) {
		if (streq(word, words[i])) {
			*ret = (enum propagation)i;
			return 0;
		}
	}
	return err_set(e, -EINVAL,
		"propagationPolicy: Unsupported value: \"%s\": supported values: \"Background\", "
		"\"Foreground\", \"Orphan\"",
		word);
}

static int from_body(struct delete_options *o, struct err *e)
{
	const json_t *pre = json_map(o->body, "preconditions");
	const json_t *orphan = json_object_get(o->body, "orphanDependents");
	const json_t *dry_run = json_list(o->body, "dryRun");

	o->grace_s = json_int(o->body, "gracePeriodSeconds", -1);
	o->pre.uid = json_str(pre, "uid");
	o->pre.resource_version = json_str(pre, "resourceVersion");
	o->dry_run = json_array_size(dry_run) > 0;
	if (json_is_boolean(orphan))
		o->propagation = json_is_true(orphan) ? PROPAGATE_ORPHAN : PROPAGATE_BACKGROUND;
	return parse_propagation(json_str(o->body, "propagationPolicy"), &o->propagation, e);
}

/* The body is read with its kind's schema; it may say any apiVersion, or none. */
static int parse_body(struct request *r, struct delete_options *o, struct err *e)
{
	const struct kind *k = kind_by_name("v1", "DeleteOptions");
	cleanup_problems struct problems p = {0};
	int code;

	if (r->body.n == 0)
		return 0;
	code = body_parse(r, &o->body, e);
	if (code < 0)
		return code;
	if (!json_is_object(o->body))
		return err_set(e, -EBADMSG, "the body of a DELETE must be DeleteOptions");
	json_put_str(o->body, "apiVersion", "v1");
	json_put_str(o->body, "kind", "DeleteOptions");
	spec_decode(k, o->body, FIELD_WARN, &p);
	if (p.n > 0)
		return problems_err(&p, "DeleteOptions", r->name ? r->name : "", e);
	for (size_t i = 0; i < p.n_warnings; i++)
		request_warn(r, p.warnings[i]);
	return from_body(o, e);
}

static int delete_options_parse(struct request *r, struct delete_options *ret, struct err *e)
{
	struct delete_options o = {.grace_s = -1};
	const char *dry_run = target_param(&r->target, "dryRun");
	int code = parse_body(r, &o, e);

	if (code == 0)
		code = parse_propagation(
			target_param(&r->target, "propagationPolicy"), &o.propagation, e);
	if (code == 0 && target_number(&r->target, "gracePeriodSeconds", &o.grace_s, e) < 0)
		code = -EBADMSG;
	if (code == 0 && o.grace_s < -1)
		code = err_set(e, -EINVAL,
			"gracePeriodSeconds: Invalid value: %lld: must be greater than or equal to "
			"0",
			(long long)o.grace_s);
	if (code < 0) {
		delete_options_done(&o);
		return code;
	}
	o.dry_run = o.dry_run || (dry_run && dry_run[0]);
	*ret = o;
	return 0;
}

/* ---- marking ----------------------------------------------------------------------------------- */

static void add_finalizer(json_t *meta, const char *name)
{
	json_t *list = json_list(meta, "finalizers"), *f;
	size_t i;

	if (!list) {
		list = json_array();
		json_put(meta, "finalizers", list);
	}
	json_array_foreach (list, i, f)
		if (streq(json_string_value(f), name))
			return;
	json_push(list, json_string(name));
}

/*
 * Sets deletionTimestamp, the time by which it shall be gone, and the grace. A second deletion may
 * only bring that time nearer.
 */
static void mark(struct api *a, json_t *object, int64_t grace_s)
{
	json_t *meta = json_sub(object, "metadata");
	const char *marked = json_str(meta, "deletionTimestamp");
	int64_t before = json_int(meta, "deletionGracePeriodSeconds", 0);
	uint64_t start = clock_wall_ns(a->o.clock), at;
	char text[RFC3339_SIZE];

	if (marked && grace_s >= before)
		return;
	if (marked && rfc3339_parse(marked, &at) == 0)
		start = at - (uint64_t)before * NS_PER_SEC;
	json_put_str(
		meta, "deletionTimestamp", rfc3339(start + (uint64_t)grace_s * NS_PER_SEC, text));
	json_put_int(meta, "deletionGracePeriodSeconds", grace_s);
}

static int64_t grace_of(const struct delete_options *o, const json_t *pod)
{
	if (o->grace_s >= 0)
		return o->grace_s;
	return json_int(json_map(pod, "spec"), "terminationGracePeriodSeconds", 30);
}

/* Changes @object into what it is while its deletion goes on. Returns: false: it can go at once. */
static bool needs_work(
	struct request *r, const struct delete_options *o, const struct kind *k, json_t *object)
{
	json_t *meta = json_sub(object, "metadata");
	enum propagation how = o->propagation;

	if (k == r->api->pods) {
		mark(r->api, object, grace_of(o, object));
		return true;
	}
	if (k == r->api->namespaces) {
		mark(r->api, object, 0);
		json_put_str(json_sub(object, "status"), "phase", "Terminating");
		return true;
	}
	/* Source: pkg/registry/core/replicationcontroller: its default is to orphan. */
	if (how == PROPAGATE_DEFAULT && streq(k->kind, "ReplicationController"))
		how = PROPAGATE_ORPHAN;
	if (how == PROPAGATE_FOREGROUND)
		add_finalizer(meta, "foregroundDeletion");
	if (how == PROPAGATE_ORPHAN && k->has_scale)
		add_finalizer(meta, "orphan");
	if (json_array_size(json_list(meta, "finalizers")) == 0)
		return false;
	mark(r->api, object, 0);
	return true;
}

static int check_preconditions(const struct store_precondition *pre, const json_t *object,
	const struct kind *k, struct err *e)
{
	const json_t *meta = json_map(object, "metadata");

	if (pre->uid && !streq(pre->uid, json_str(meta, "uid")))
		return err_set(e, -ESTALE,
			"Operation cannot be fulfilled on %s \"%s\": Precondition failed: UID in "
			"precondition: %s, UID in object meta: %s",
			k->plural, json_str(meta, "name"), pre->uid, json_str(meta, "uid"));
	if (pre->resource_version &&
		!streq(pre->resource_version, json_str(meta, "resourceVersion")))
		return err_set(e, -ESTALE,
			"Operation cannot be fulfilled on %s \"%s\": Precondition failed: "
			"ResourceVersion in precondition: %s, ResourceVersion in object meta: %s",
			k->plural, json_str(meta, "name"), pre->resource_version,
			json_str(meta, "resourceVersion"));
	return 0;
}

static int check_protected(const struct request *r, const char *name, struct err *e)
{
	if (r->kind != r->api->namespaces ||
		!(streq(name, "default") || streq(name, "kube-system")))
		return 0;
	(void)err_set(e, -EPERM,
		"namespaces \"%s\" is forbidden: this namespace may not be deleted", name);
	return err_reason(e, "Forbidden");
}

/*
 * Deletes or marks one object.  @ret: the object as it is (or was).
 * Returns: 1 it is gone, 0 it is marked, or -errno.
 */
static int delete_one(struct request *r, const char *ns, const char *name,
	const struct delete_options *o, json_t **ret, struct err *e)
{
	cleanup_json json_t *object = NULL;
	struct store *store = r->api->o.store;
	bool work;
	int code = store_get(store, r->kind, ns, name, &object, e);

	if (code == 0)
		code = check_protected(r, name, e);
	if (code == 0)
		code = check_preconditions(&o->pre, object, r->kind, e);
	if (code < 0)
		return code;
	work = needs_work(r, o, r->kind, object);
	if (!o->dry_run && work)
		code = store_update(store, r->kind, object, STORE_FULL, e);
	else if (!o->dry_run)
		code = store_delete(store, r->kind, ns, name, NULL, NULL, e);
	if (code < 0)
		return code;
	*ret = take(object);
	return work ? 0 : 1;
}

/* ---- handlers ---------------------------------------------------------------------------------- */

void delete_object(struct request *r)
{
	struct delete_options o;
	json_t *object = NULL;
	struct err e = {0};
	int code = delete_options_parse(r, &o, &e);

	if (code == 0) {
		code = delete_one(r, r->ns ? r->ns : "", r->name, &o, &object, &e);
		delete_options_done(&o);
	}
	if (code < 0) {
		reply_err(r, &e);
	} else if (code == 0) {
		reply_json(r, 200, object);
	} else {
		reply_gone(r, object);
		json_decref(object);
	}
}

static bool match_selected(void *data, const json_t *object)
{
	return selection_match(data, object);
}

static int delete_selected(struct request *r, const struct delete_options *o,
	struct selection *selection, json_t *gone, struct err *e)
{
	cleanup_json json_t *items = NULL;
	json_t *item;
	size_t i;
	int code = store_list(
		r->api->o.store, r->kind, r->ns, match_selected, selection, &items, NULL, e);

	json_array_foreach (items, i, item) {
		const json_t *meta = json_map(item, "metadata");
		json_t *object = NULL;

		if (code < 0)
			break;
		code = delete_one(r, json_str_or(meta, "namespace", ""), json_str(meta, "name"), o,
			&object, e);
		if (code >= 0)
			json_push(gone, object);
		/* Gone meanwhile, by the hand of a subscriber: just as well. */
		if (code == -ENOENT)
			code = 0;
	}
	return code < 0 ? code : 0;
}

void delete_objects(struct request *r)
{
	cleanup_selection struct selection selection = {0};
	cleanup_json json_t *gone = json_array();
	struct delete_options o = {0};
	struct err e = {0};
	json_t *list;
	char version[24];
	int code = selection_parse(r, &selection, &e);

	if (code == 0)
		code = delete_options_parse(r, &o, &e);
	if (code == 0)
		code = delete_selected(r, &o, &selection, gone, &e);
	delete_options_done(&o);
	if (code < 0) {
		reply_err(r, &e);
		return;
	}
	list = json_object();
	(void)snprintf(version, sizeof version, "%llu",
		(unsigned long long)store_version(r->api->o.store));
	json_put_str(list, "kind", r->kind->list_kind);
	json_put_str(list, "apiVersion", kind_api_version(r->kind));
	json_put_str(json_sub(list, "metadata"), "resourceVersion", version);
	json_put(list, "items", take(gone));
	reply_json(r, 200, list);
}

/* policy/v1 Eviction: a deletion by another name; there are no disruption budgets here. */
void evict_pod(struct request *r)
{
	cleanup_json json_t *eviction = NULL, *object = NULL;
	struct delete_options o = {.grace_s = -1};
	struct err e = {0};
	json_t *status, *inner;
	int code = body_parse(r, &eviction, &e);

	if (code == 0 && !streq(json_str(eviction, "kind"), "Eviction"))
		code = err_set(&e, -EBADMSG, "the body must be an Eviction");
	if (code == 0) {
		inner = json_map(eviction, "deleteOptions");
		o.body = inner ? json_incref(inner) : json_object();
		code = from_body(&o, &e);
	}
	if (code == 0)
		code = delete_one(r, r->ns, r->name, &o, &object, &e);
	delete_options_done(&o);
	if (code < 0) {
		reply_err(r, &e);
		return;
	}
	status = json_object();
	json_put_str(status, "kind", "Status");
	json_put_str(status, "apiVersion", "v1");
	json_put(status, "metadata", json_object());
	json_put_str(status, "status", "Success");
	json_put_int(status, "code", 201);
	reply_json(r, 201, status);
}
