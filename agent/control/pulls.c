/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pulls that pods wait for: one for all that want the same image with the same credentials, a few at a time.
 * Step "prepared" of a pod's life.
 */
#include "agent/control/pod.h"

#include "runtime/image/image.h"

enum { PULLS_AT_ONCE = 4 };

struct pull {
	struct pulls *pulls;
	struct pull *next;
	char *ref, *auth;	       /* auth: NULL without credentials */
	struct control_image_job *job; /* NULL: waits for its turn */
	uint64_t started_ns;
	char **uids; /* of pods that wait */
	size_t n_uids, cap;
};

struct pulls {
	struct control *control;
	struct pull *list; /* oldest first */
	size_t running;
};

static void pull_free(struct pull *own_p)
{
	if (!own_p)
		return;
	control_image_job_free(own_p->job);
	for (size_t i = 0; i < own_p->n_uids; i++)
		free(own_p->uids[i]);
	free(own_p->uids);
	free(own_p->ref);
	free(own_p->auth);
	free(own_p);
}

static void unlink_pull(struct pull *p)
{
	struct pull **at = &p->pulls->list;

	while (*at && *at != p)
		at = &(*at)->next;
	if (*at)
		*at = p->next;
	if (p->job)
		p->pulls->running--;
}

static void start_next(struct pulls *all);

static void end(struct pull *own_p, int r, const char *message)
{
	struct pulls *all = own_p->pulls;
	struct control *c = all->control;
	uint64_t took_ns = control_now(c) - own_p->started_ns;

	unlink_pull(own_p);
	for (size_t i = 0; i < own_p->n_uids; i++)
		pod_pull_ended(c, own_p->uids[i], own_p->ref, r, took_ns, message);
	pull_free(own_p);
	start_next(all);
}

static void on_job(void *data, int r, const struct image_progress *progress,
	const char *const *refs, size_t n_refs, const struct err *e)
{
	(void)progress;
	(void)refs;
	(void)n_refs;
	if (r != 0)
		end(data, r < 0 ? r : 0, e ? err_text(e) : "");
}

static void start(struct pull *p)
{
	struct control *c = p->pulls->control;
	struct err e = {0};

	p->started_ns = control_now(c);
	int r = control_image_pull(c, p->ref, p->auth, on_job, p, &p->job, &e);
	if (r < 0)
		end(p, r, err_text(&e));
	else
		p->pulls->running++;
}

static void start_next(struct pulls *all)
{
	for (struct pull *p = all->list; p && all->running < PULLS_AT_ONCE; p = p->next) {
		if (p->job)
			continue;
		start(p);
		return; /* a failure has called this again; a success leaves the rest to the next call */
	}
}

int pulls_new(struct control *c, struct pulls **ret)
{
	struct pulls *all = xcalloc(1, sizeof(*all));

	all->control = c;
	*ret = all;
	return 0;
}

void pulls_free(struct pulls *own_p)
{
	if (!own_p)
		return;
	for (struct pull *p = own_p->list, *next; p; p = next) {
		next = p->next;
		pull_free(p);
	}
	free(own_p);
}

static struct pull *find(struct pulls *all, const char *ref, const char *auth)
{
	for (struct pull *p = all->list; p; p = p->next)
		if (streq(p->ref, ref) && streq(p->auth, auth))
			return p;
	return NULL;
}

static void add_uid(struct pull *p, const char *uid)
{
	for (size_t i = 0; i < p->n_uids; i++)
		if (streq(p->uids[i], uid))
			return;
	GROW(p->uids, p->n_uids + 1, p->cap);
	p->uids[p->n_uids++] = xstrdup(uid);
}

int pulls_want(
	struct pulls *all, const char *ref, const char *auth_json, const char *uid, struct err *e)
{
	struct pull *p = find(all, ref, auth_json), **at = &all->list;
	cleanup_image_ref struct image_ref parsed = {0};
	int r = image_ref_parse(ref, &parsed, e);

	if (r < 0)
		return r;
	if (p) {
		add_uid(p, uid);
		return 0;
	}
	p = xcalloc(1, sizeof(*p));
	*p = (struct pull){
		.pulls = all, .ref = xstrdup(ref), .auth = auth_json ? xstrdup(auth_json) : NULL};
	add_uid(p, uid);
	while (*at)
		at = &(*at)->next;
	*at = p;
	start_next(all);
	return 0;
}

void pulls_forget(struct pulls *all, const char *uid)
{
	for (struct pull *p = all ? all->list : NULL, *next; p; p = next) {
		next = p->next;
		for (size_t i = 0; i < p->n_uids; i++) {
			if (!streq(p->uids[i], uid))
				continue;
			free(p->uids[i]);
			p->uids[i] = p->uids[--p->n_uids];
			break;
		}
		if (p->n_uids)
			continue;
		unlink_pull(p);
		pull_free(p);
	}
}
