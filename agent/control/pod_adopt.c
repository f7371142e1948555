/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first thing an agent does: find out what is there. Wanted pods come from the store, living ones from the sockets
 * of their shims; nothing written down is believed. A pod without a shim is buried first (whatever is left of it goes),
 * then built as if it were new; what lives and belongs to no object is stopped the same way.
 * Source: safety.md R28, P1, P20.
 */
#include "agent/control/pod.h"

#include "agent/control/contents.h"
#include "agent/control/shutdown.h"
#include "cgroups/group.h"
#include "cgroups/names.h"
#include "runtime/base/log.h"
#include "runtime/net/net.h"

#include <dirent.h>
#include <fcntl.h>

/* ---- what is wanted ------------------------------------------------------------------------------------- */

static void note_source(void *data, const char *kind, const char *name)
{
	struct str *out = data;
	str_addf(out, "%s/%s\n", kind, name);
}

static int add_stored(void *data, const struct store_record *record)
{
	struct control *c = data;
	cleanup_json json_t *object = NULL;
	struct str sources = {0};

	if (json_parse(record->text, &object, NULL) < 0)
		return 0;
	struct pod *p = pod_add(c, meta_str(object, "uid"), record->ns, record->name);
	contents_each_source(object, note_source, &sources);
	p->sources = str_take(&sources);
	p->host_network = json_flag(json_map(object, "spec"), "hostNetwork", false);
	pod_make_images(p, object);
	p->stage = POD_DYING; /* until a shim of it answers */
	return 0;
}

/* ---- what is there -------------------------------------------------------------------------------------- */

static void add_unknown(struct control *c, const char *uid)
{
	if (trash_is(uid) || !cgroup_name_ok(uid) || pod_find(c, uid))
		return;
	log_line(LOG_NOTICE, "something of a pod without an object is removed", "uid", uid);
	struct pod *p = pod_add(c, uid, "", "");
	p->stage = POD_DYING;
}

static int add_directory(struct control *c, int dir_fd)
{
	DIR *dir = fdopendir(openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	if (!dir)
		return -errno;
	for (struct dirent *d; (d = readdir(dir));)
		add_unknown(c, d->d_name);
	(void)closedir(dir);
	return 0;
}

static int add_cgroup(const char *name, void *data)
{
	add_unknown(data, name);
	return 0;
}

static int add_cgroups(struct control *c)
{
	cleanup_free char *shims = xasprintf("%s-shims", c->o.cgroup_base);
	int r = cgroup_each_child(c->o.cgroups, c->o.cgroup_base, add_cgroup, c);

	return r < 0 ? r : cgroup_each_child(c->o.cgroups, shims, add_cgroup, c);
}

static void connect_living(struct pod *p)
{
	struct control *c = p->control;
	cleanup_close int run_fd =
		openat(c->run_fd, p->uid, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int sock = run_fd < 0 ? -errno : pod_connect_socket(run_fd, "shim.sock");

	if (sock < 0 || pod_link_open(p, sock, NULL) < 0)
		return;
	p->stage = POD_ADOPTED;
	/* What it runs on was pulled for it, also with imagePullPolicy Always. */
	for (size_t i = 0; i < p->n_images; i++)
		p->images[i].pulled = true;
	p->launched_ns = control_now(c);
	p->stale = true; /* a secret or its spec may have changed while nobody looked */
	if (c->o.net && !p->host_network && net_pod_adopt(c->o.net, p->uid, &p->address) < 0)
		p->address = 0;
}

/* ---- all of it ---------------------------------------------------------------------------------------- */

static void sweep_network(struct control *c)
{
	size_t n = 0;
	cleanup_free const char **uids = xcalloc(map_count(&c->pods) + 1, sizeof(*uids));
	struct err e = {0};

	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i))
		if (((struct pod *)map_value(i))->stage == POD_ADOPTED)
			uids[n++] = map_key(i);
	if (c->o.net && net_sweep(c->o.net, uids, n, &e) < 0)
		log_line(LOG_WARNING, "links of dead pods are left", "error", err_text(&e));
}

/* A living pod keeps its share of the node before others are let in. */
static void admit_living(struct pod *p)
{
	cleanup_json json_t *object = NULL;

	if (p->stage == POD_ADOPTED && pod_object(p, &object) == 0)
		(void)pod_admit(p, object);
}

/* ---- in which order ------------------------------------------------------------------------------------- */

/* A pod as the order of a start sees it. */
struct turn {
	struct pod *pod;
	int64_t priority;
	char *started; /* RFC 3339 in UTC, so that text compares as time does */
};

static int by_turn(const void *left, const void *right)
{
	const struct turn *a = left, *b = right;
	int r = a->priority == b->priority ? 0 : a->priority > b->priority ? -1 : 1;

	r = r ? r : strcmp(a->started, b->started);
	return r ? r : strcmp(a->pod->name, b->pod->name);
}

static struct turn turn_of(struct pod *p)
{
	cleanup_json json_t *object = NULL;
	const char *started;

	(void)pod_object(p, &object);
	/* One that never ran comes behind all that did. */
	started = json_str_or(json_map(object, "status"), "startTime", "~");
	return (struct turn){p, object ? pod_priority(object) : 0, xstrdup(started)};
}

/* Last down first up: high priority first, then those that were started first. Nobody waits for anybody. */
static void mark_in_order(struct control *c)
{
	cleanup_free struct turn *turns = xcalloc(map_count(&c->pods) + 1, sizeof(*turns));
	size_t n = 0;

	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i))
		turns[n++] = turn_of(map_value(i));
	qsort(turns, n, sizeof(*turns), by_turn);
	for (size_t i = 0; i < n; i++) {
		pod_mark(turns[i].pod);
		free(turns[i].started);
	}
}

/* Logs whose pod is gone: an agent that was killed between the end of an object and that of its files left them. */
static void sweep_logs(struct control *c)
{
	DIR *dir = fdopendir(openat(c->logs_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	if (!dir)
		return;
	for (struct dirent *d; (d = readdir(dir));) {
		const char *uid =
			strrchr(d->d_name, '_'); /* NAMESPACE_NAME_UID; names have no '_' */
		const struct pod *p = uid ? pod_find(c, uid + 1) : NULL;

		if (uid && !trash_is(d->d_name) && (!p || !p->name[0]))
			(void)trash_put(c->trash, c->logs_fd, d->d_name);
	}
	(void)closedir(dir);
}

int pods_adopt(struct control *c, struct err *e)
{
	int r = store_each(c->o.store, c->pod_kind, NULL, add_stored, c, e);

	if (r < 0)
		return err_wrap(e, r, "reading the pods");
	r = add_directory(c, c->state_fd);
	if (r >= 0)
		r = add_directory(c, c->run_fd);
	if (r >= 0)
		r = add_cgroups(c);
	if (r < 0)
		return err_errno(e, r, "looking for living pods");
	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i))
		connect_living(map_value(i));
	sweep_network(c);
	sweep_logs(c);
	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i))
		admit_living(map_value(i));
	mark_in_order(c);
	return 0;
}
