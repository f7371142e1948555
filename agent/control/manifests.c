/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects from files. Each round reads the whole directory and compares with what the store holds
 * under the annotation: level-triggered, so that a missed notification costs nothing. A file that
 * cannot be read keeps the objects that it gave before.
 */
#include "agent/control/manifests.h"

#include "agent/control/deletion.h"
#include "agent/spec/object.h"
#include "agent/spec/spec.h"
#include "agent/spec/yaml.h"
#include "runtime/base/fs.h"
#include "runtime/base/map.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>

struct manifests {
	struct store *store;
	const struct clock *clock;
	int dir_fd;
	manifests_problem_fn problem;
	void *data;
	sd_event_source *watch, *soon;
	struct store_sub *sub;
	struct map said; /* file → its last problem (owned), so that each is told once */
};

/* One round. */
struct round {
	struct manifests *m;
	struct map seen;   /* "Kind/ns/name" of what files name */
	struct map broken; /* files whose objects must be left alone */
	int written;
};

/* ---- problems ------------------------------------------------------------------------------------------- */

static void say(struct round *r, const char *file, const char *message)
{
	const char *before = map_get(&r->m->said, file);

	(void)map_put(&r->broken, file, r);
	if (streq(before, message))
		return;
	free(map_put(&r->m->said, file, xstrdup(message)));
	r->m->problem(r->m->data, file, message);
}

/* "line 7: spec.containers[0].imag: …" for the first problem, and how many more there are. */
static void say_problems(struct round *r, const char *file, struct sv text, size_t document,
	const struct problems *problems, const json_t *object)
{
	cleanup_free char *all = problems_text(
		problems, json_str_or(object, "kind", "object"), meta_str(object, "name"));
	unsigned line = yaml_line_of(text, document, problems->items[0].path);
	cleanup_free char *message = xasprintf("line %u: %s", line, all);

	say(r, file, message);
}

/* ---- one object ----------------------------------------------------------------------------------------- */

static void prepare(const struct kind *kind, json_t *object, const char *file)
{
	json_t *metadata = json_sub(object, "metadata");

	if (kind->namespaced && !json_str(metadata, "namespace"))
		json_put_str(metadata, "namespace", "default");
	json_put_str(json_sub(metadata, "annotations"), MANIFEST_ANNOTATION, file);
	spec_set_last_applied(object);
}

static const char *annotation(const json_t *object, const char *name)
{
	return json_str(json_at(object, "metadata", "annotations", NULL), name);
}

/* The stored object changed as the file says, admitted. Returns: 1, 0 (nothing to do), -errno with @e. */
static int merged(const struct kind *kind, const json_t *stored, const json_t *wanted, json_t **ret,
	struct problems *problems, struct err *e)
{
	const char *text = annotation(stored, LAST_APPLIED);
	cleanup_json json_t *original = NULL, *patch = NULL, *next = NULL;
	int r;

	if (text)
		(void)json_parse(sv(text), &original, NULL);
	r = spec_apply_patch(kind, original, wanted, stored, &patch, e);
	if (r < 0 || json_object_size(patch) == 0)
		return r;
	r = spec_patch(kind, stored, patch, PATCH_STRATEGIC, &next, e);
	if (r < 0)
		return r;
	if (!spec_admit(kind, next, FIELD_STRICT, problems))
		return -EINVAL;
	spec_keep_status(kind, stored, next);
	*ret = take(next);
	return 1;
}

static int replace(struct round *r, const struct kind *kind, const json_t *stored,
	const json_t *wanted, struct problems *problems, struct err *e)
{
	static const struct deletion how = {.grace_seconds = -1};
	struct manifests *m = r->m;
	cleanup_json json_t *next = NULL;
	int res = merged(kind, stored, wanted, &next, problems, e);

	if (res <= 0)
		return res;
	spec_validate_update(kind, stored, next, problems);
	if (problems->n && streq(kind->kind, "Pod")) {
		/* A pod that cannot be changed is made anew, as a static pod's: a later round creates it. */
		const json_t *metadata = json_map(stored, "metadata");

		problems_done(problems);
		res = deletion_begin(m->store, m->clock, kind,
			json_str_or(metadata, "namespace", ""), json_str(metadata, "name"), &how,
			NULL, e);
	} else if (problems->n) {
		return -EINVAL;
	} else {
		res = store_update(m->store, kind, next, STORE_FULL, e);
	}
	r->written += res >= 0;
	return res;
}

static int create(struct round *r, const struct kind *kind, json_t *wanted,
	struct problems *problems, struct err *e)
{
	cleanup_json json_t *object = json_deep_copy(wanted);
	int res;

	if (!spec_admit(kind, object, FIELD_STRICT, problems))
		return -EINVAL;
	spec_keep_status(kind, NULL, object);
	if (streq(kind->kind, "Pod") || streq(kind->kind, "Namespace"))
		json_put_str(json_sub(object, "status"), "phase",
			streq(kind->kind, "Pod") ? "Pending" : "Active");
	res = store_create(r->m->store, kind, object, STORE_FULL, e);
	r->written += res == 0;
	return res;
}

static bool namespace_is_there(struct round *r, const char *ns)
{
	cleanup_json json_t *object = NULL;

	return !ns[0] || (store_get(r->m->store, kind_by_name("v1", "Namespace"), "", ns, &object,
				  NULL) == 0 &&
				 !deletion_is_begun(object));
}

static int apply(struct round *r, const char *file, const struct kind *kind, json_t *wanted,
	struct problems *problems, struct err *e)
{
	const json_t *metadata = json_map(wanted, "metadata");
	const char *ns = json_str_or(metadata, "namespace", ""), *name = json_str(metadata, "name");
	cleanup_json json_t *stored = NULL;
	cleanup_free char *key = NULL;
	int res;

	if (!name)
		return err_set(
			e, -EINVAL, "metadata.name: Required value: objects in files need one");
	key = xasprintf("%s/%s/%s", kind->kind, ns, name);
	if (map_put(&r->seen, key, r))
		return err_set(e, -EEXIST, "%s %s stands in the directory twice", kind->kind, name);
	res = store_get(r->m->store, kind, ns, name, &stored, e);
	if (res == -ENOENT && !namespace_is_there(r, ns))
		return err_set(e, -ENOENT, "metadata.namespace: there is no namespace %s", ns);
	if (res == -ENOENT)
		return create(r, kind, wanted, problems, e);
	if (res < 0 || deletion_is_begun(stored))
		return res;
	if (!annotation(stored, MANIFEST_ANNOTATION))
		return err_set(e, -EEXIST,
			"%s %s was made by somebody else and is left alone; delete it, or take it "
			"out of "
			"the file",
			kind->kind, name);
	json_put_str(json_at(wanted, "metadata", "annotations", NULL), MANIFEST_ANNOTATION, file);
	return replace(r, kind, stored, wanted, problems, e);
}

/* ---- files ---------------------------------------------------------------------------------------------- */

static void apply_document(struct round *r, const char *file, struct sv text, size_t index,
	json_t *object, bool namespaces)
{
	cleanup_problems struct problems problems = {0};
	const struct kind *kind;
	struct err e = {0};
	int res = kind_of(object, &kind, &e);

	if (res == 0 && namespaces != streq(kind->kind, "Namespace"))
		return;
	if (res == 0) {
		prepare(kind, object, file);
		res = apply(r, file, kind, object, &problems, &e);
	}
	if (res >= 0)
		return;
	if (problems.n)
		say_problems(r, file, text, index, &problems, object);
	else
		say(r, file, err_text(&e));
}

/* A List stands for its items. */
static void apply_documents(
	struct round *r, const char *file, struct sv text, const json_t *documents, bool namespaces)
{
	json_t *object, *item;
	size_t i, k;

	json_array_foreach (documents, i, object) {
		const json_t *items = json_list(object, "items");

		if (!streq(json_str(object, "kind"), "List")) {
			apply_document(r, file, text, i, object, namespaces);
			continue;
		}
		json_array_foreach (items, k, item)
			apply_document(r, file, text, i, item, namespaces);
	}
}

static void read_file(struct round *r, const char *file, bool namespaces)
{
	cleanup_json json_t *documents = NULL;
	cleanup_free char *text = NULL;
	struct err e = {0};
	size_t n;
	int res = fs_read(r->m->dir_fd, file, JSON_BYTES_MAX, &text, &n);

	if (res < 0)
		(void)err_errno(&e, res, "reading it");
	else
		res = yaml_parse_all((struct sv){text, n}, &documents, &e);
	if (res < 0)
		say(r, file, err_text(&e));
	else
		apply_documents(r, file, (struct sv){text, n}, documents, namespaces);
}

static int is_manifest(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' &&
	       (streq(dot, ".yaml") || streq(dot, ".yml") || streq(dot, ".json"));
}

/* ---- what no file names any more --------------------------------------------------------------------------- */

static bool from_file(void *data, const json_t *object)
{
	(void)data;
	return annotation(object, MANIFEST_ANNOTATION) != NULL && !deletion_is_begun(object);
}

static void remove_unnamed(struct round *r, const struct kind *kind)
{
	static const struct deletion how = {.grace_seconds = -1};
	cleanup_json json_t *list = NULL;
	const json_t *object;
	size_t i;

	if (store_list(r->m->store, kind, NULL, from_file, NULL, &list, NULL, NULL) < 0)
		return;
	json_array_foreach (list, i, object) {
		const json_t *metadata = json_map(object, "metadata");
		const char *ns = json_str_or(metadata, "namespace", ""),
			   *name = json_str(metadata, "name");
		cleanup_free char *key = xasprintf("%s/%s/%s", kind->kind, ns, name);

		if (map_get(&r->seen, key) ||
			map_get(&r->broken, annotation(object, MANIFEST_ANNOTATION)))
			continue;
		r->written += deletion_begin(r->m->store, r->m->clock, kind, ns, name, &how, NULL,
				      NULL) >= 0;
	}
}

/* Problems of files that are whole again, or gone, are forgotten. */
static void forget_mended(struct round *r)
{
	for (struct map_item *i = map_first(&r->m->said), *next; i; i = next) {
		next = map_next(i);
		if (!map_get(&r->broken, map_key(i)))
			free(map_remove(&r->m->said, map_key(i)));
	}
}

int manifests_sync(struct manifests *m)
{
	struct round r = {.m = m};
	struct dirent **files = NULL;
	int n = scandirat(m->dir_fd, ".", &files, is_manifest, alphasort);

	if (n < 0)
		return -errno;
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < n; i++)
			read_file(&r, files[i]->d_name, pass == 0);
	for (int i = 0; i < n; i++)
		free(files[i]);
	free(files);
	for (size_t k = 0; kinds[k]; k++)
		if (kinds[k]->plural)
			remove_unnamed(&r, kinds[k]);
	forget_mended(&r);
	map_done(&r.seen);
	map_done(&r.broken);
	return r.written;
}

/* ---- when ------------------------------------------------------------------------------------------------ */

static int sync_soon(sd_event_source *source, void *data)
{
	(void)source;
	(void)manifests_sync(data);
	return 0;
}

static void ask_for_sync(struct manifests *m)
{
	(void)sd_event_source_set_enabled(m->soon, SD_EVENT_ONESHOT);
}

static int directory_changed(sd_event_source *source, const struct inotify_event *event, void *data)
{
	(void)source;
	(void)event;
	ask_for_sync(data);
	return 0;
}

/* An object of a file that somebody deleted comes back; a pod that was replaced is made now. */
static void object_gone(void *data, const struct store_event *event)
{
	struct manifests *m = data;

	if (event->change == STORE_DELETED && annotation(event->object, MANIFEST_ANNOTATION))
		ask_for_sync(m);
}

int manifests_open(sd_event *loop, struct store *store, const struct clock *clock, int dir_fd,
	const char *path, manifests_problem_fn problem, void *data, struct manifests **ret,
	struct err *e)
{
	CLEANUP(manifests_close) struct manifests *m = xcalloc(1, sizeof *m);
	int r;

	*m = (struct manifests){
		.store = store, .clock = clock, .dir_fd = -EBADF, .problem = problem, .data = data};
	m->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);
	if (m->dir_fd < 0)
		return err_errno(e, -errno, "opening %s", path);
	r = sd_event_add_inotify(loop, &m->watch, path,
		IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR,
		directory_changed, m);
	if (r < 0)
		return err_errno(e, r, "watching %s", path);
	r = sd_event_add_defer(loop, &m->soon, sync_soon, m);
	if (r < 0)
		return err_errno(e, r, "watching %s", path);
	m->sub = store_subscribe(store, NULL, object_gone, m);
	*ret = take(m);
	return 0;
}

void manifests_close(struct manifests *own_m)
{
	if (!own_m)
		return;
	store_unsubscribe(own_m->sub);
	sd_event_source_disable_unref(own_m->watch);
	sd_event_source_disable_unref(own_m->soon);
	for (struct map_item *i = map_first(&own_m->said); i; i = map_next(i))
		free(map_value(i));
	map_done(&own_m->said);
	if (own_m->dir_fd >= 0)
		(void)close(own_m->dir_fd);
	free(own_m);
}
