/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading images from an archive, as a state machine: unpack the archive in the jail (it is a tar like a layer), read
 * its index, unpack the layers, commit. Both forms are taken: an OCI layout, and what `docker save` writes.
 * Files of the archive are opened with the archive's directory as root (safety R1), so that its links lead nowhere.
 */
#include "runtime/base/fs.h"
#include "runtime/image/archive.h"
#include "runtime/image/commit.h"
#include "runtime/image/layer_set.h"

#include <fcntl.h>

enum { INDEX_DEPTH_MAX = 2, RESULT_MAX = 8 << 10 };

/* One reference that is being loaded. */
struct arrival {
	char *ref; /* normalised, or the id when the archive names nothing */
	struct digest id, digest;
	struct image_config config;
};

/* Where a layer's bytes are. */
struct source {
	struct digest diff_id;
	char *path;
};

struct load {
	struct image_job *job;
	int (*state)(struct load *l, struct err *e);
	int fd;	       /* the archive, or the directory of the layout */
	int layout_fd; /* root of the layout */
	struct capture *capture;
	struct arrival *arrivals;
	size_t n_arrivals, cap_arrivals;
	struct source *sources;
	size_t n_sources, cap_sources;
	struct layer_set layers;
	struct commit commit;
};

/* ---- reading the archive -------------------------------------------------------------------------- */

static int read_file(
	const struct load *l, const char *path, char **ret_p, struct sv *ret, struct err *e)
{
	cleanup_close int fd = fs_open_in(l->layout_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;
	size_t n;
	int r;

	if (fd < 0)
		return err_errno(e, fd, "archive: %.200s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, -EBADMSG, "archive: %.200s is no file", path);
	r = fs_read_fd(fd, IMAGE_JSON_MAX, ret_p, &n);
	if (r < 0)
		return err_errno(e, r, "archive: %.200s", path);
	*ret = (struct sv){*ret_p, n};
	return 0;
}

static char *blob_path(const struct digest *d)
{
	return xasprintf("blobs/sha256/%s", digest_hex(d));
}

static int read_blob(const struct load *l, const struct descriptor *d, char **ret_p, struct sv *ret,
	struct err *e)
{
	cleanup_free char *path = blob_path(&d->digest);
	struct digest got;
	int r = read_file(l, path, ret_p, ret, e);

	if (r < 0)
		return r;
	got = digest_of(ret->p, ret->n);
	if (!digest_eq(&got, &d->digest) || ret->n != d->size_bytes)
		return err_set(
			e, -EBADMSG, "archive: %s has other contents than its name says", path);
	return 0;
}

static void add_source(struct load *l, const char *diff_id, char *own_path)
{
	struct source *s;

	GROW(l->sources, l->n_sources + 1, l->cap_sources);
	s = &l->sources[l->n_sources++];
	*s = (struct source){.path = own_path};
	(void)digest_parse(sv(diff_id), &s->diff_id);
}

/* @name: as the archive writes it, or "". *config is moved into the arrival. */
static int add_arrival(struct load *l, const char *name, const struct digest *id,
	const struct digest *digest, struct image_config *config, struct err *e)
{
	cleanup_image_ref struct image_ref ref = {0};
	struct arrival *a;
	int r = *name ? image_ref_parse(name, &ref, e) : 0;

	if (r < 0)
		return r;
	GROW(l->arrivals, l->n_arrivals + 1, l->cap_arrivals);
	a = &l->arrivals[l->n_arrivals++];
	*a = (struct arrival){
		.ref = *name ? image_ref_text(&ref) : xstrdup(id->text),
		.id = *id,
		.digest = *digest,
		.config = *config,
	};
	*config = (struct image_config){0};
	return 0;
}

/* ---- OCI layouts ---------------------------------------------------------------------------------- */

static int take_oci_manifest(struct load *l, struct sv bytes, const struct digest *digest,
	const char *name, struct err *e)
{
	cleanup_manifest struct manifest m = {0};
	struct image_config config = {0};
	cleanup_free char *text = NULL;
	struct sv config_bytes;
	int r = manifest_decode(bytes, &m, e);

	if (r == 0)
		r = read_blob(l, &m.config, &text, &config_bytes, e);
	if (r == 0)
		r = image_config_decode(config_bytes, &config, e);
	if (r == 0)
		r = image_config_check(&config, l->job->store->arch, m.n_layers, e);
	for (size_t i = 0; r == 0 && i < m.n_layers; i++) {
		layer_set_add(&l->layers, config.diff_ids[i], &m.layers[i]);
		add_source(l, config.diff_ids[i], blob_path(&m.layers[i].digest));
	}
	if (r == 0)
		r = add_arrival(l, name, &m.config.digest, digest, &config, e);
	image_config_done(&config);
	return r;
}

static int take_oci_entry(struct load *l, const struct index_entry *entry, const char *name,
	unsigned depth, struct err *e)
{
	cleanup_index struct index x = {0};
	cleanup_free char *text = NULL;
	const struct index_entry *inner;
	struct sv bytes;
	int r = read_blob(l, &entry->descriptor, &text, &bytes, e);

	if (r == 0)
		r = manifest_type_of(bytes, e);
	if (r < 0)
		return r;
	if (r != (int)entry->type)
		return err_set(e, -EINVAL, "archive: its index says %s is something else",
			entry->descriptor.digest.text);
	if (r == MANIFEST_IMAGE)
		return take_oci_manifest(l, bytes, &entry->descriptor.digest, name, e);
	if (depth >= INDEX_DEPTH_MAX)
		return err_set(e, -EINVAL, "indexes are nested more than %d deep", INDEX_DEPTH_MAX);
	r = index_decode(bytes, &x, e);
	if (r < 0)
		return r;
	inner = index_choose(&x, l->job->store->arch, e);
	return inner ? take_oci_entry(l, inner, name, depth + 1, e) : -ENOENT;
}

static int take_oci(struct load *l, struct sv bytes, struct err *e)
{
	cleanup_index struct index x = {0};
	int r = index_decode(bytes, &x, e);

	for (size_t i = 0; r == 0 && i < x.n; i++) {
		const struct index_entry *entry = &x.entries[i];
		struct index alone = {x.entries + i, 1};

		/* A layout may hold the images of other machines beside ours. */
		if ((*entry->os || *entry->architecture) &&
			!index_choose(&alone, l->job->store->arch, NULL))
			continue;
		r = take_oci_entry(l, entry, entry->ref_name, 1, e);
	}
	return r;
}

/* ---- docker save ---------------------------------------------------------------------------------- */

static int take_docker_image(struct load *l, const struct archive_image *image, struct err *e)
{
	struct image_config config = {0};
	cleanup_free char *text = NULL;
	struct digest id;
	struct sv bytes;
	size_t n = 0;
	int r = read_file(l, image->config, &text, &bytes, e);

	if (r < 0)
		return r;
	id = digest_of(bytes.p, bytes.n);
	while (image->layers[n])
		n++;
	r = image_config_decode(bytes, &config, e);
	if (r == 0)
		r = image_config_check(&config, l->job->store->arch, n, e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		layer_set_add(&l->layers, config.diff_ids[i], NULL);
		add_source(l, config.diff_ids[i], xstrdup(image->layers[i]));
	}
	for (size_t i = 0; r == 0 && (i == 0 || image->refs[i]); i++) {
		struct image_config copy = {0};

		/* Each arrival owns its config. */
		r = image_config_decode(bytes, &copy, e);
		if (r == 0)
			r = add_arrival(
				l, image->refs[i] ? image->refs[i] : "", &id, &id, &copy, e);
		image_config_done(&copy);
		if (!image->refs[i])
			break;
	}
	image_config_done(&config);
	return r;
}

static int take_docker(struct load *l, struct sv bytes, struct err *e)
{
	cleanup_archive struct archive a = {0};
	int r = archive_decode(bytes, &a, e);

	for (size_t i = 0; r == 0 && i < a.n; i++)
		r = take_docker_image(l, &a.images[i], e);
	return r;
}

/* ---- states --------------------------------------------------------------------------------------- */

/* Opens the files of as many layers as can be unpacked now. */
static int feed_layers(struct load *l, struct err *e)
{
	size_t open = 0;

	for (size_t i = 0; i < l->layers.n; i++)
		open += l->layers.works[i].state == LAYER_READY;
	for (size_t i = 0; i < l->n_sources && open + l->layers.unpacking < UNPACKS_AT_ONCE; i++) {
		const struct source *s = &l->sources[i];
		struct layer_work *work = layer_set_awaits_diff(&l->layers, s->diff_id.text);
		struct stat st;
		int fd;

		if (!work)
			continue;
		fd = fs_open_in(l->layout_fd, s->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
		if (fd < 0)
			return err_errno(e, fd, "archive: %.200s", s->path);
		if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
			(void)close(fd);
			return err_set(e, -EBADMSG, "archive: %.200s is no file", s->path);
		}
		layer_set_ready(&l->layers, work, fd);
		open++;
	}
	return 0;
}

static int step_commit(struct load *l, struct err *e)
{
	return commit_step(&l->commit, e);
}

static int finish_layers(struct load *l, struct err *e)
{
	int r = layer_set_commit(&l->layers, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < l->n_arrivals; i++) {
		struct arrival *a = &l->arrivals[i];
		struct image *image =
			store_compose(l->job->store, a->ref, &a->id, &a->digest, &a->config, e);

		if (!image)
			return -ENOENT;
		commit_add(&l->commit, image);
	}
	l->state = step_commit;
	return step_commit(l, e);
}

static int step_layers(struct load *l, struct err *e)
{
	int r = feed_layers(l, e);

	if (r == 0)
		r = layer_set_step(&l->layers, e);
	return r == 1 ? finish_layers(l, e) : r;
}

static int step_read(struct load *l, struct err *e)
{
	cleanup_free char *text = NULL;
	struct sv bytes;
	int r = faccessat(l->layout_fd, "index.json", F_OK, AT_SYMLINK_NOFOLLOW);
	bool is_oci = r == 0;

	r = read_file(l, is_oci ? "index.json" : "manifest.json", &text, &bytes, e);
	if (r == -ENOENT && !is_oci)
		return err_set(e, -EINVAL,
			"this is no image archive: it has neither index.json (OCI) nor "
			"manifest.json "
			"(docker save)");
	l->layers.job = l->job;
	if (r == 0)
		r = is_oci ? take_oci(l, bytes, e) : take_docker(l, bytes, e);
	if (r < 0)
		return r;
	if (l->n_arrivals == 0)
		return err_set(
			e, -ENOENT, "the archive has no image for linux/%s", l->job->store->arch);
	l->job->progress.stage = "unpacking";
	l->state = step_layers;
	job_wake(l->job);
	return 0;
}

static int explain_unpack(const struct load *l, struct err *e)
{
	cleanup_json json_t *j = NULL;
	const struct capture *c = l->capture;

	if (json_parse((struct sv){c->out.p ? c->out.p : "", c->out.n}, &j, NULL) < 0 ||
		!json_str(j, "error"))
		return err_set(e, -EIO, "reading the archive: berth-unpack failed: %.300s",
			c->err.n ? c->err.p : "it said nothing");
	return err_set(e, -EBADMSG, "reading the archive: %s", json_str(j, "error"));
}

static int step_unpack(struct load *l, struct err *e)
{
	int r = capture_step(l->capture);

	if (r < 0)
		return err_errno(e, r, "reading the archive: berth-unpack");
	if (r == 0)
		return 0;
	if (!capture_ok(l->capture))
		return explain_unpack(l, e);
	capture_free(take(l->capture));
	l->layout_fd = fs_open_beneath(l->job->tmp_fd, "archive/fs", O_RDONLY | O_DIRECTORY, 0);
	if (l->layout_fd < 0)
		return err_errno(e, l->layout_fd, "reading the archive");
	return step_read(l, e);
}

static int load_step(void *body, struct err *e)
{
	struct load *l = body;

	return l->state(l, e);
}

static void load_free(void *own_body)
{
	struct load *l = own_body;

	capture_free(l->capture);
	layer_set_done(&l->layers);
	commit_done(&l->commit);
	for (size_t i = 0; i < l->n_arrivals; i++) {
		free(l->arrivals[i].ref);
		image_config_done(&l->arrivals[i].config);
	}
	free(l->arrivals);
	for (size_t i = 0; i < l->n_sources; i++)
		free(l->sources[i].path);
	free(l->sources);
	own_close_p(&l->fd);
	own_close_p(&l->layout_fd);
	free(l);
}

static const struct job_kind load_kind = {load_step, load_free};

static int load_open(struct load *l, struct err *e)
{
	const char *const argv[] = {l->job->store->options.unpack_path, NULL};
	struct spawn s = {.argv = argv, .prepare = store_tie_child, .prepare_data = l->job->store};
	cleanup_close int dir_fd = -EBADF;
	struct stat st;

	if (l->fd < 0 || fstat(l->fd, &st) < 0)
		return err_errno(e, -errno, "opening the archive");
	if (S_ISDIR(st.st_mode)) {
		l->layout_fd = take_fd(l->fd);
		l->state = step_read;
		return 0;
	}
	dir_fd = fs_open_dir(l->job->tmp_fd, "archive", 0700);
	if (dir_fd < 0)
		return err_errno(e, dir_fd, "making a directory for the archive");
	s.fds[s.n_fds++] = (struct spawn_fd){l->fd, 0};
	s.fds[s.n_fds++] = (struct spawn_fd){dir_fd, 3};
	l->state = step_unpack;
	return capture_start(&s, l->job->epoll_fd, RESULT_MAX, &l->capture, e);
}

int image_load_start(struct image_store *s, int fd, struct image_job **ret, struct err *e)
{
	CLEANUP(image_job_free) struct image_job *job = NULL;
	struct load *l;
	int r = job_new(s, &load_kind, &job, e);

	if (r < 0)
		return r;
	l = xcalloc(1, sizeof *l);
	l->job = job;
	l->commit = (struct commit){.job = job, .child = {-1, -EBADF}};
	l->layout_fd = -EBADF;
	l->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	job->body = l;
	job->progress.stage = "loading";
	r = load_open(l, e);
	if (r < 0)
		return err_wrap(e, r, "loading images");
	*ret = take(job);
	return 0;
}
