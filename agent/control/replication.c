/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping N pods. The decision is pure: which pods are the controller's, which it takes over or
 * lets go, how many are missing or too many. The hands below carry it out through the store; the
 * next call sees what came of it.
 */
#include "agent/control/replication.h"

#include "agent/control/briefs.h"
#include "agent/control/deletion.h"
#include "agent/spec/object.h"
#include "agent/spec/spec.h"
#include "agent/status/pod_status.h"

/* As many as one call creates: a burst limit, the rest follows in the next call. */
enum { CREATE_MAX = 500 };

static const char COMPONENT[] = "replication-controller";

/* ---- which pods are whose ----------------------------------------------------------------------------- */

/* The reference to the controller of @object, or NULL. */
static const json_t *controller_of(const json_t *object)
{
	const json_t *reference;
	size_t i;

	json_array_foreach (json_at(object, "metadata", "ownerReferences", NULL), i, reference) {
		if (json_flag(reference, "controller", false))
			return reference;
	}
	return NULL;
}

/* Does @labels hold every pair of @selector? An empty selector takes nothing. */
static bool takes(const json_t *selector, const json_t *labels)
{
	const char *key;
	json_t *value;

	/* json_object_foreach wants a non-const object and does not change it. */
	json_object_foreach ((json_t *)(uintptr_t)selector, key, value) {
		if (!streq(json_str(labels, key), json_string_value(value)))
			return false;
	}
	return json_object_size(selector) > 0;
}

static void add_action(
	struct replication_decision *d, enum replication_verb verb, const json_t *pod)
{
	GROW(d->actions, d->n + 1, d->cap);
	d->actions[d->n++] = (struct replication_action){verb, pod};
}

/* Is @pod the controller's, now or by adoption? Adds what must be done for it. */
static bool claim(const json_t *rc, const json_t *pod, struct replication_decision *d)
{
	const json_t *controller = controller_of(pod);
	bool taken = takes(
		json_at(rc, "spec", "selector", NULL), json_at(pod, "metadata", "labels", NULL));

	if (controller && !streq(json_str(controller, "uid"), meta_str(rc, "uid")))
		return false;
	if (controller && !taken)
		add_action(d, REPLICATION_RELEASE, pod);
	if (!taken)
		return false;
	if (!controller) {
		if (deletion_is_begun(rc))
			return false;
		add_action(d, REPLICATION_ADOPT, pod);
	}
	return true;
}

/* ---- which pods are given up first --------------------------------------------------------------------- */

/* Smaller is given up sooner. Source: Kubernetes docs "ReplicaSet", pod deletion preference. */
struct rank {
	const json_t *pod;
	int phase; /* Pending 0, else 1 */
	bool scheduled, ready;
	int64_t cost;
	int64_t restarts;
	uint64_t ready_since, created;
};

static int64_t deletion_cost(const json_t *pod)
{
	const char *text = json_str(json_at(pod, "metadata", "annotations", NULL),
		"controller.kubernetes.io/pod-deletion-cost");
	int64_t cost;

	return text && parse_i64(sv(text), &cost) == 0 ? cost : 0;
}

static int64_t most_restarts(const json_t *pod)
{
	const json_t *status;
	int64_t most = 0;
	size_t i;

	json_array_foreach (json_at(pod, "status", "containerStatuses", NULL), i, status) {
		int64_t n = json_int(status, "restartCount", 0);

		most = n > most ? n : most;
	}
	return most;
}

static struct rank rank_of(const json_t *pod)
{
	const char *phase = json_str(json_map(pod, "status"), "phase");
	const char *created = json_str(json_map(pod, "metadata"), "creationTimestamp");
	struct rank r = {
		.pod = pod,
		.phase = streq(phase, "Running"),
		.scheduled = json_str(json_map(pod, "spec"), "nodeName") != NULL,
		.ready = pod_is_ready(pod),
		.cost = deletion_cost(pod),
		.restarts = most_restarts(pod),
		.ready_since = pod_condition_since(pod, "Ready"),
	};

	if (created)
		(void)rfc3339_parse(created, &r.created);
	return r;
}

static int order(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_rank(const void *left, const void *right)
{
	const struct rank *a = left, *b = right;
	int r = order(a->scheduled, b->scheduled);

	r = r ? r : order(a->phase, b->phase);
	r = r ? r : order(a->ready, b->ready);
	r = r ? r : order(a->cost, b->cost);
	if (a->ready && b->ready)
		r = r ? r : order((int64_t)b->ready_since, (int64_t)a->ready_since);
	r = r ? r : order(b->restarts, a->restarts);
	return r ? r : order((int64_t)b->created, (int64_t)a->created);
}

static void give_up(
	const json_t *const *pods, size_t n, size_t too_many, struct replication_decision *d)
{
	struct rank *ranks = xcalloc(n, sizeof *ranks);

	for (size_t i = 0; i < n; i++)
		ranks[i] = rank_of(pods[i]);
	qsort(ranks, n, sizeof *ranks, by_rank);
	for (size_t i = 0; i < too_many && i < n; i++)
		add_action(d, REPLICATION_DELETE, ranks[i].pod);
	free(ranks);
}

/* ---- the decision -------------------------------------------------------------------------------------- */

/* Ready for minReadySeconds? If not yet, when. */
static bool is_available(const json_t *pod, uint64_t min_ready_ns, uint64_t now, uint64_t *again)
{
	uint64_t at;

	if (!pod_is_ready(pod))
		return false;
	at = pod_condition_since(pod, "Ready") + min_ready_ns;
	/* Since a time that has not come: the clock was set back, and nobody waits for it to catch up. */
	if (min_ready_ns == 0 || at <= now || at > now + min_ready_ns)
		return true;
	*again = *again == 0 || at < *again ? at : *again;
	return false;
}

static json_t *status_of(
	const json_t *rc, const json_t *const *pods, size_t n, uint64_t now, uint64_t *again)
{
	const json_t *template = json_at(rc, "spec", "template", "metadata", "labels", NULL);
	const json_t *conditions = json_at(rc, "status", "conditions", NULL);
	int64_t min_ready = json_int(json_map(rc, "spec"), "minReadySeconds", 0);
	json_t *status = json_object();
	int64_t labeled = 0, ready = 0, available = 0;

	for (size_t i = 0; i < n; i++) {
		labeled += takes(template, json_at(pods[i], "metadata", "labels", NULL));
		ready += pod_is_ready(pods[i]);
		available += is_available(pods[i], (uint64_t)min_ready * NS_PER_SEC, now, again);
	}
	json_put_int(status, "replicas", (int64_t)n);
	json_put_int(status, "fullyLabeledReplicas", labeled);
	json_put_int(status, "readyReplicas", ready);
	json_put_int(status, "availableReplicas", available);
	json_put_int(
		status, "observedGeneration", json_int(json_map(rc, "metadata"), "generation", 1));
	if (conditions)
		json_put(status, "conditions", json_deep_copy(conditions));
	return status;
}

void replication_decide(
	const json_t *rc, const json_t *pods, uint64_t wall_ns, struct replication_decision *ret)
{
	struct replication_decision d = {0};
	const json_t **own = xcalloc(json_array_size(pods) + 1, sizeof *own);
	int64_t wanted = json_int(json_map(rc, "spec"), "replicas", 1);
	const json_t *pod;
	size_t i, n = 0;

	json_array_foreach (pods, i, pod) {
		if (pod_ended(pod) || deletion_is_begun(pod))
			continue;
		if (claim(rc, pod, &d))
			own[n++] = pod;
	}
	d.status = status_of(rc, own, n, wall_ns, &d.again_wall_ns);
	if (!deletion_is_begun(rc)) {
		if ((int64_t)n > wanted)
			give_up(own, n, n - (size_t)wanted, &d);
		for (int64_t missing = wanted - (int64_t)n; missing > 0; missing--)
			add_action(&d, REPLICATION_CREATE, NULL);
	}
	free(own);
	*ret = d;
}

void replication_decision_done(struct replication_decision *d)
{
	free(d->actions);
	json_decref(d->status);
	*d = (struct replication_decision){0};
}

/* ---- the hands ----------------------------------------------------------------------------------------- */

static json_t *reference_to(const json_t *rc)
{
	json_t *reference = json_object();

	json_put_str(reference, "apiVersion", "v1");
	json_put_str(reference, "kind", "ReplicationController");
	json_put_str(reference, "name", json_str(json_map(rc, "metadata"), "name"));
	json_put_str(reference, "uid", meta_str(rc, "uid"));
	json_put_flag(reference, "controller", true);
	json_put_flag(reference, "blockOwnerDeletion", true);
	return reference;
}

json_t *replication_pod(const json_t *rc)
{
	static const char *const copied[] = {"labels", "annotations", "finalizers"};
	const json_t *template = json_at(rc, "spec", "template", NULL);
	const json_t *metadata = json_map(template, "metadata");
	cleanup_free char *prefix = xasprintf("%s-", meta_str(rc, "name"));
	json_t *pod = json_object(), *own = json_sub(pod, "metadata");

	json_put_str(pod, "apiVersion", "v1");
	json_put_str(pod, "kind", "Pod");
	json_put_str(own, "generateName", prefix);
	json_put_str(own, "namespace", json_str(json_map(rc, "metadata"), "namespace"));
	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		if (json_object_get(metadata, copied[i]))
			json_put(own, copied[i],
				json_deep_copy(json_object_get(metadata, copied[i])));
	json_put(own, "ownerReferences", json_array());
	json_push(json_list(own, "ownerReferences"), reference_to(rc));
	json_put(pod, "spec", json_deep_copy(json_map(template, "spec")));
	return pod;
}

static const struct kind *pod_kind(void)
{
	return kind_by_name("v1", "Pod");
}

static int create_pod(const struct reconcile *ctx, const json_t *rc, struct err *e)
{
	cleanup_problems struct problems problems = {0};
	cleanup_json json_t *pod = replication_pod(rc);
	const struct subject about = subject_of(rc);
	int r;

	if (!spec_admit(pod_kind(), pod, FIELD_IGNORE, &problems))
		r = problems_err(&problems, "Pod", about.name, e);
	else {
		json_put_str(json_sub(pod, "status"), "phase", "Pending");
		r = store_create(ctx->store, pod_kind(), pod, STORE_FULL, e);
	}
	if (r < 0) {
		recorder_say(ctx->recorder, COMPONENT, &about, true, "FailedCreate",
			"Error creating: %s", err_text(e));
		return r;
	}
	recorder_say(ctx->recorder, COMPONENT, &about, false, "SuccessfulCreate", "Created pod: %s",
		json_str(json_map(pod, "metadata"), "name"));
	return 0;
}

static int delete_pod(
	const struct reconcile *ctx, const json_t *rc, const json_t *pod, struct err *e)
{
	static const struct deletion how = {.grace_seconds = -1};
	const struct subject about = subject_of(rc), it = subject_of(pod);
	int r = deletion_begin(ctx->store, ctx->clock, pod_kind(), it.ns, it.name, &how, NULL, e);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	recorder_say(ctx->recorder, COMPONENT, &about, false, "SuccessfulDelete", "Deleted pod: %s",
		it.name);
	return 0;
}

/* Writes @pod with or without the reference to the controller. */
static int change_owner(
	const struct reconcile *ctx, const json_t *rc, const json_t *pod, bool adopt, struct err *e)
{
	cleanup_json json_t *changed = NULL;
	json_t *metadata, *list;
	/* What was decided on may be a part of the pod only. */
	int r = store_get(ctx->store, pod_kind(), meta_str(pod, "namespace"), meta_str(pod, "name"),
		&changed, e);

	if (r < 0 || !streq(meta_str(changed, "uid"), meta_str(pod, "uid")))
		return r < 0 && r != -ENOENT ? r : 0;
	metadata = json_map(changed, "metadata");
	list = json_list(metadata, "ownerReferences");
	if (!list) {
		list = json_array();
		json_put(metadata, "ownerReferences", list);
	}
	for (size_t i = json_array_size(list); i-- > 0;)
		if (streq(json_str(json_array_get(list, i), "uid"), meta_str(rc, "uid")))
			(void)json_array_remove(list, i);
	if (adopt)
		json_push(list, reference_to(rc));
	if (json_array_size(list) == 0)
		(void)json_object_del(metadata, "ownerReferences");
	return store_update(ctx->store, pod_kind(), changed, STORE_FULL, e);
}

static int act(const struct reconcile *ctx, const json_t *rc, const struct replication_decision *d,
	struct err *e)
{
	size_t created = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < d->n; i++) {
		const struct replication_action *a = &d->actions[i];

		if (a->verb == REPLICATION_CREATE && created++ < CREATE_MAX)
			r = create_pod(ctx, rc, e);
		else if (a->verb == REPLICATION_DELETE)
			r = delete_pod(ctx, rc, a->pod, e);
		else if (a->verb == REPLICATION_ADOPT || a->verb == REPLICATION_RELEASE)
			r = change_owner(ctx, rc, a->pod, a->verb == REPLICATION_ADOPT, e);
	}
	return r;
}

static void set_failure(json_t *status, const struct clock *clock, const struct err *e)
{
	const json_t *before = json_array_get(json_list(status, "conditions"), 0);
	char now[RFC3339_SIZE];
	json_t *condition;

	/* The same failure is not written again: a write would make the controller dirty again. */
	if (e->code && streq(json_str(before, "message"), err_text(e)))
		return;
	(void)json_object_del(status, "conditions");
	if (e->code == 0)
		return;
	condition = json_object();
	json_put_str(condition, "type", "ReplicaFailure");
	json_put_str(condition, "status", "True");
	json_put_str(condition, "reason", "FailedCreate");
	json_put_str(condition, "message", err_text(e));
	json_put_str(condition, "lastTransitionTime", rfc3339(clock_wall_ns(clock), now));
	json_put(status, "conditions", json_pack("[o]", condition));
}

static bool namespace_ends(const struct reconcile *ctx, const char *ns)
{
	cleanup_json json_t *object = NULL;

	return store_get(ctx->store, kind_by_name("v1", "Namespace"), "", ns, &object, NULL) < 0 ||
	       deletion_is_begun(object);
}

int replication_reconcile(const struct reconcile *ctx, const char *ns, const char *name,
	uint64_t *ret_again_wall_ns, struct err *e)
{
	const struct kind *kind = kind_by_name("v1", "ReplicationController");
	cleanup_json json_t *rc = NULL, *pods = NULL;
	struct replication_decision d = {0};
	struct err failure = {0};
	int r = store_get(ctx->store, kind, ns, name, &rc, e);

	*ret_again_wall_ns = 0;
	if (r == -ENOENT || (r == 0 && namespace_ends(ctx, ns)))
		return 0;
	if (r == 0)
		r = ctx->briefs
			    ? briefs_list(ctx->briefs, ctx->store, ns, &pods, e)
			    : store_list(ctx->store, pod_kind(), ns, NULL, NULL, &pods, NULL, e);
	if (r < 0)
		return r;
	replication_decide(rc, pods, clock_wall_ns(ctx->clock), &d);
	*ret_again_wall_ns = d.again_wall_ns;
	r = act(ctx, rc, &d, &failure);
	set_failure(d.status, ctx->clock, &failure);
	if (!json_equal(d.status, json_map(rc, "status"))) {
		int written;

		json_put(rc, "status", json_incref(d.status));
		written = store_update(ctx->store, kind, rc, STORE_NORMAL, e);
		r = r < 0 ? r : written;
	}
	if (failure.code && e)
		*e = failure;
	replication_decision_done(&d);
	return r;
}
