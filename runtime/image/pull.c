/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pulling an image, as a state machine: ask for the manifest (and, when it is an index, for the one of this
 * machine), ask for the config, then fetch the layers that are missing and unpack each as soon as it is there.
 * Every document is hashed before it is parsed and has to be the one that was asked for (safety R16); every layer is
 * verified by berth-unpack; the image appears last.
 */
#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/image/commit.h"
#include "runtime/image/fetch.h"
#include "runtime/image/layer_set.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/statvfs.h>
#include <sys/timerfd.h>

enum { INDEX_DEPTH_MAX = 2, STALL_CHECKS = 4 };
#define STALL_NS_DEFAULT (120 * NS_PER_SEC)
#define FILE_SLACK_BYTES (1u << 20)

struct pull {
	struct image_job *job;
	int (*state)(struct pull *p, struct err *e); /* what to do on the next step */
	struct image_ref ref;
	char *text, *name;    /* the reference, normalised; the same without tag and digest */
	struct digest wanted; /* of the document that was asked for; "" for a tag */
	struct digest digest; /* of the first document */
	unsigned depth;	      /* of indexes */
	struct manifest manifest;
	struct digest manifest_digest;
	struct image_config config;
	struct fetch fetch;
	bool fetch_is_open;
	struct capture *capture; /* the skopeo that runs */
	int staging_fd, blobs_fd, inotify_fd, timer_fd;
	uint64_t seen_bytes; /* in the staging directory, at the last look */
	unsigned idle_looks;
	struct layer_set layers;
	struct commit commit;
};

static int step_manifest(struct pull *p, struct err *e);
static int step_config(struct pull *p, struct err *e);
static int step_layers(struct pull *p, struct err *e);

/* ---- skopeo --------------------------------------------------------------------------------------- */

/* docker://NAME@DIGEST when it is known, for a tag may move between two questions. */
static char *source_of(const struct pull *p, const struct digest *digest)
{
	if (digest->text[0])
		return xasprintf("docker://%s@%s", p->name, digest->text);
	return xasprintf("docker://%s:%s", p->name, p->ref.tag);
}

static int ask(struct pull *p, enum fetch_verb verb, const struct digest *digest,
	int (*next)(struct pull *p, struct err *e), struct err *e)
{
	cleanup_free char *source = source_of(p, digest);

	capture_free(take(p->capture));
	p->state = next;
	p->idle_looks = 0;
	return fetch_start(&p->fetch, verb, source, p->job->epoll_fd, &p->capture, e);
}

/* Has the running skopeo answered? 1 with its output, 0 not yet, -errno with the registry's words. */
static int answer(struct pull *p, struct sv *ret, struct err *e)
{
	int r = capture_step(p->capture);

	if (r == -EFBIG)
		return err_set(e, -E2BIG, "pulling %s: the answer is longer than %d bytes", p->text,
			IMAGE_JSON_MAX);
	if (r < 0)
		return err_errno(e, r, "pulling %s: skopeo", p->text);
	if (r == 0)
		return 0;
	if (!capture_ok(p->capture))
		return fetch_explain((struct sv){p->capture->err.p, p->capture->err.n}, p->text, e);
	*ret = (struct sv){p->capture->out.p ? p->capture->out.p : "", p->capture->out.n};
	return 1;
}

/* ---- a registry that has fallen silent ------------------------------------------------------------ */

static uint64_t stall_ns(const struct pull *p)
{
	uint64_t ns = p->job->store->options.stall_ns;

	return ns ? ns : STALL_NS_DEFAULT;
}

static int start_timer(struct pull *p)
{
	uint64_t ns = stall_ns(p) / STALL_CHECKS;
	struct timespec t = {(time_t)(ns / NS_PER_SEC), (long)(ns % NS_PER_SEC)};
	struct itimerspec its = {t, t};

	p->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (p->timer_fd < 0 || timerfd_settime(p->timer_fd, 0, &its, NULL) < 0)
		return -errno;
	return job_watch(p->job, p->timer_fd);
}

/* What skopeo has written so far of the blobs it is at. */
static uint64_t staged_bytes(const struct pull *p)
{
	int fd = fs_open_beneath(p->staging_fd, "image", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	uint64_t bytes = 0;
	struct stat st;

	if (!dir) {
		own_close_p(&fd);
		return 0;
	}
	while ((entry = readdir(dir)))
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(st.st_mode))
			bytes += (uint64_t)st.st_size;
	(void)closedir(dir);
	return bytes;
}

static int check_stall(struct pull *p, struct err *e)
{
	uint64_t ticks, bytes;

	if (read(p->timer_fd, &ticks, sizeof ticks) != sizeof ticks)
		return 0;
	bytes = staged_bytes(p) + p->job->progress.bytes_done;
	if (bytes != p->seen_bytes || p->layers.unpacking || !p->capture) {
		p->seen_bytes = bytes;
		p->idle_looks = 0;
		return 0;
	}
	if (++p->idle_looks <= STALL_CHECKS)
		return 0;
	(void)err_set(e, -ETIMEDOUT, "pulling %s: the registry has sent nothing for %llu s",
		p->text, (unsigned long long)(stall_ns(p) / NS_PER_SEC));
	return -ETIMEDOUT;
}

/* ---- manifest ------------------------------------------------------------------------------------- */

static int take_index(struct pull *p, struct sv bytes, struct err *e)
{
	cleanup_index struct index x = {0};
	const struct index_entry *entry;
	int r;

	if (++p->depth > INDEX_DEPTH_MAX)
		return err_set(e, -EINVAL, "indexes are nested more than %d deep", INDEX_DEPTH_MAX);
	r = index_decode(bytes, &x, e);
	if (r < 0)
		return r;
	entry = index_choose(&x, p->job->store->arch, e);
	if (!entry)
		return -ENOENT;
	p->wanted = entry->descriptor.digest;
	return ask(p, FETCH_MANIFEST, &p->wanted, step_manifest, e);
}

/* The same reference still stands for the same image: nothing to do. */
static bool is_known(const struct pull *p)
{
	const struct image *i = map_get(&p->job->store->images, p->text);

	return i && streq(i->digest, p->digest.text);
}

static int take_manifest(struct pull *p, struct sv bytes, struct err *e)
{
	struct digest got = digest_of(bytes.p, bytes.n);
	int type;

	if (p->wanted.text[0] && !digest_eq(&got, &p->wanted))
		return err_set(e, -EBADMSG, "the registry sent %s where %s was asked for", got.text,
			p->wanted.text);
	if (!p->digest.text[0])
		p->digest = got;
	if (is_known(p)) {
		job_add_ref(p->job, p->text);
		return 1;
	}
	type = manifest_type_of(bytes, e);
	if (type < 0)
		return type;
	if (type == MANIFEST_INDEX)
		return take_index(p, bytes, e);
	p->manifest_digest = got;
	type = manifest_decode(bytes, &p->manifest, e);
	return type < 0 ? type : ask(p, FETCH_CONFIG, &got, step_config, e);
}

static int step_manifest(struct pull *p, struct err *e)
{
	struct sv bytes;
	int r = answer(p, &bytes, e);

	if (r <= 0)
		return r;
	r = take_manifest(p, bytes, e);
	return r < 0 ? err_wrap(e, r, "image %s", p->text) : r;
}

/* ---- config --------------------------------------------------------------------------------------- */

static int check_config(const struct pull *p, struct sv bytes, struct err *e)
{
	struct digest got = digest_of(bytes.p, bytes.n);

	if (!digest_eq(&got, &p->manifest.config.digest))
		return err_set(e, -EBADMSG, "the config's digest is %s, not %s", got.text,
			p->manifest.config.digest.text);
	if (bytes.n != p->manifest.config.size_bytes)
		return err_set(e, -EBADMSG, "the config has %zu bytes where %llu were announced",
			bytes.n, (unsigned long long)p->manifest.config.size_bytes);
	return 0;
}

static int check_space(const struct pull *p, struct err *e)
{
	struct statvfs v;
	uint64_t need = 0, have;

	if (fstatvfs(p->job->tmp_fd, &v) < 0)
		return err_errno(e, -errno, "looking at free space");
	have = (uint64_t)v.f_bavail * v.f_frsize;
	for (size_t i = 0; i < p->layers.n; i++)
		need += p->layers.works[i].blob.size_bytes;
	if (need > have)
		return err_set(e, -ENOSPC,
			"its layers need %llu bytes before unpacking, and %llu are free",
			(unsigned long long)need, (unsigned long long)have);
	return 0;
}

static int plan_layers(struct pull *p, struct err *e)
{
	p->layers.job = p->job;
	for (size_t i = 0; i < p->manifest.n_layers; i++) {
		const struct descriptor *blob = &p->manifest.layers[i];

		layer_set_add(&p->layers, p->config.diff_ids[i], blob);
		if (blob->size_bytes + FILE_SLACK_BYTES > p->fetch.file_max)
			p->fetch.file_max = blob->size_bytes + FILE_SLACK_BYTES;
	}
	return check_space(p, e);
}

/*
 * skopeo takes a blob that is there for one that need not be fetched, and looks at its size only. So layers that are
 * unpacked already get an empty file of their size.
 */
static int plant(struct pull *p, const struct descriptor *blob)
{
	cleanup_close int fd = -EBADF;

	if (layer_set_awaits(&p->layers, &blob->digest))
		return 0;
	fd = openat(p->blobs_fd, digest_hex(&blob->digest),
		O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 || ftruncate(fd, (off_t)blob->size_bytes) < 0 ? -errno : 0;
}

static int prepare_staging(struct pull *p, struct err *e)
{
	const struct image_store *s = p->job->store;
	int r = 0;

	/* 0755 inside of the 0700 store: skopeo's user reaches it by its own mount only. */
	p->blobs_fd = fs_open_dir(p->staging_fd, "blobs/sha256", 0755);
	if (p->blobs_fd < 0)
		return err_errno(e, p->blobs_fd, "making the staging directory");
	for (size_t i = 0; r == 0 && i < p->manifest.n_layers; i++)
		r = plant(p, &p->manifest.layers[i]);
	if (r == 0 && (fchownat(p->staging_fd, "blobs", s->fetch_uid, s->fetch_gid, 0) < 0 ||
			      fchown(p->blobs_fd, s->fetch_uid, s->fetch_gid) < 0))
		r = -errno;
	if (r == 0) {
		cleanup_free char *path = xasprintf("/proc/self/fd/%d", p->blobs_fd);

		p->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		if (p->inotify_fd < 0 || inotify_add_watch(p->inotify_fd, path, IN_MOVED_TO) < 0)
			r = -errno;
		else
			r = job_watch(p->job, p->inotify_fd);
	}
	return r < 0 ? err_errno(e, r, "making the staging directory") : 0;
}

static int take_config(struct pull *p, struct sv bytes, struct err *e)
{
	int r = check_config(p, bytes, e);

	if (r == 0)
		r = image_config_decode(bytes, &p->config, e);
	if (r == 0)
		r = image_config_check(&p->config, p->job->store->arch, p->manifest.n_layers, e);
	if (r == 0)
		r = plan_layers(p, e);
	if (r == 0)
		r = prepare_staging(p, e);
	if (r < 0)
		return r;
	p->job->progress.stage = "fetching";
	/* Also when no layer is missing: skopeo's policy has the last word on every new reference. */
	return ask(p, FETCH_LAYERS, &p->manifest_digest, step_layers, e);
}

static int step_config(struct pull *p, struct err *e)
{
	struct sv bytes;
	int r = answer(p, &bytes, e);

	if (r <= 0)
		return r;
	r = take_config(p, bytes, e);
	return r < 0 ? err_wrap(e, r, "image %s", p->text) : r;
}

/* ---- layers --------------------------------------------------------------------------------------- */

/* Hands the blobs that have arrived to the unpackers. */
static int look_for_blobs(struct pull *p, struct err *e)
{
	char events[4096];

	/* What the events say is found by looking, too; they only wake. */
	while (read(p->inotify_fd, events, sizeof events) > 0)
		;
	for (size_t i = 0; i < p->layers.n; i++) {
		struct layer_work *work = &p->layers.works[i];
		const char *name = digest_hex(&work->blob.digest);
		struct stat st;
		int fd;

		if (work->state != LAYER_AWAITED)
			continue;
		fd = fs_open_beneath(p->blobs_fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
		if (fd == -ENOENT)
			continue;
		if (fd < 0)
			return err_errno(e, fd, "opening layer %s", name);
		if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
			(void)close(fd);
			return err_set(e, -EBADMSG, "layer %s is no file", name);
		}
		layer_set_ready(&p->layers, work, fd);
		/*
		 * The bytes live as long as the descriptor. The name is planted again, or skopeo would fetch
		 * a layer anew that the manifest names twice.
		 */
		if (unlinkat(p->blobs_fd, name, 0) < 0 || plant(p, &work->blob) < 0)
			return err_errno(e, -errno, "staging layer %s", name);
	}
	return 0;
}

static int step_commit(struct pull *p, struct err *e)
{
	int r = commit_step(&p->commit, e);

	return r < 0 ? err_wrap(e, r, "image %s", p->text) : r;
}

static int finish_layers(struct pull *p, struct err *e)
{
	struct image *image;
	int r = layer_set_commit(&p->layers, e);

	if (r < 0)
		return r;
	image = store_compose(
		p->job->store, p->text, &p->manifest.config.digest, &p->digest, &p->config, e);
	if (!image)
		return -ENOENT;
	commit_add(&p->commit, image);
	p->state = step_commit;
	return step_commit(p, e);
}

static int step_layers(struct pull *p, struct err *e)
{
	struct sv ignored;
	int fetched = p->capture ? answer(p, &ignored, e) : 1;
	int r = fetched < 0 ? fetched : look_for_blobs(p, e);

	if (r < 0)
		return r;
	if (fetched && p->capture) {
		capture_free(take(p->capture));
		p->job->progress.stage = "unpacking";
		for (size_t i = 0; i < p->layers.n; i++)
			if (p->layers.works[i].state == LAYER_AWAITED)
				return err_set(e, -EIO, "image %s: skopeo did not bring layer %s",
					p->text, p->layers.works[i].blob.digest.text);
	}
	r = layer_set_step(&p->layers, e);
	if (r < 0)
		return err_wrap(e, r, "image %s", p->text);
	if (r == 0 || !fetched)
		return 0;
	return finish_layers(p, e);
}

/* ---- the job -------------------------------------------------------------------------------------- */

static int pull_step(void *body, struct err *e)
{
	struct pull *p = body;
	int r = check_stall(p, e);

	return r < 0 ? r : p->state(p, e);
}

static void pull_free(void *own_body)
{
	struct pull *p = own_body;

	capture_free(p->capture);
	layer_set_done(&p->layers);
	commit_done(&p->commit);
	if (p->fetch_is_open)
		fetch_close(&p->fetch);
	own_close_p(&p->staging_fd);
	own_close_p(&p->blobs_fd);
	own_close_p(&p->inotify_fd);
	own_close_p(&p->timer_fd);
	manifest_done(&p->manifest);
	image_config_done(&p->config);
	image_ref_done(&p->ref);
	free(p->text);
	free(p->name);
	free(p);
}

static const struct job_kind pull_kind = {pull_step, pull_free};

static int pull_open(struct pull *p, const char *auth_json, struct err *e)
{
	int r;

	p->staging_fd = fs_open_dir(p->job->tmp_fd, "staging", 0700);
	if (p->staging_fd < 0)
		return err_errno(e, p->staging_fd, "making the staging directory");
	r = fetch_open(p->job->store, &p->ref, auth_json, p->staging_fd, &p->fetch, e);
	if (r < 0)
		return r;
	p->fetch_is_open = true;
	p->fetch.file_max = IMAGE_JSON_MAX;
	r = start_timer(p);
	if (r < 0)
		return err_errno(e, r, "starting a timer");
	if (p->ref.digest)
		(void)digest_parse(sv(p->ref.digest), &p->wanted);
	return ask(p, FETCH_MANIFEST, &p->wanted, step_manifest, e);
}

int image_pull_start(struct image_store *s, const char *ref, const char *auth_json,
	struct image_job **ret, struct err *e)
{
	CLEANUP(image_job_free) struct image_job *job = NULL;
	cleanup_image_ref struct image_ref parsed = {0};
	struct pull *p;
	int r = image_ref_parse(ref, &parsed, e);

	if (r == 0)
		r = job_new(s, &pull_kind, &job, e);
	if (r < 0)
		return r;
	p = xcalloc(1, sizeof *p);
	p->job = job;
	p->commit = (struct commit){.job = job, .child = {-1, -EBADF}};
	p->staging_fd = p->blobs_fd = p->inotify_fd = p->timer_fd = -EBADF;
	p->ref = parsed;
	parsed = (struct image_ref){0};
	p->text = image_ref_text(&p->ref);
	p->name = image_ref_name(&p->ref);
	job->body = p;
	job->progress.stage = "resolving";
	r = pull_open(p, auth_json, e);
	if (r < 0)
		return err_wrap(e, r, "pulling %s", p->text);
	*ret = take(job);
	return 0;
}
