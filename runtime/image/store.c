/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content store: what is on disk, and the two renames by which something gets there. On opening it
 * believes only whole layers (a directory with a layer.json whose diffID is its name) and images all of
 * whose layers are there; the rest is dropped and can be pulled again.
 */
#include "runtime/image/store_internal.h"

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/image/record.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

enum { NOBODY = 65534, LAYER_JSON_MAX = 4096 };

void image_free(struct image *i)
{
	if (!i)
		return;
	free(i->ref);
	free(i->id);
	free(i->digest);
	for (size_t k = 0; k < i->n_layers; k++) {
		free(i->layers[k]);
		free(i->diff_ids[k]);
	}
	free(i->layers);
	free(i->diff_ids);
	image_config_done(&i->config);
	free(i);
}

/* ---- layers --------------------------------------------------------------------------------------- */

struct layer *store_layer(const struct image_store *s, const char *diff_id)
{
	return map_get(&s->layers, diff_id);
}

/* Short, because 127 of them must fit into one page of mount options. */
static void layer_name(const char *diff_id, char name[LAYER_NAME_HEX + 1])
{
	(void)snprintf(name, LAYER_NAME_HEX + 1, "%s", strchr(diff_id, ':') + 1);
}

char *store_layer_path(const char *diff_id)
{
	char name[LAYER_NAME_HEX + 1];

	layer_name(diff_id, name);
	return xasprintf("l/%s/fs", name);
}

static int read_layer(int dir_fd, const char *name, struct layer *ret, struct err *e)
{
	cleanup_free char *path = xasprintf("%s/layer.json", name), *text = NULL;
	size_t n;
	int r = fs_read(dir_fd, path, LAYER_JSON_MAX, &text, &n);

	return r < 0 ? err_errno(e, r, "layer %s", name)
		     : layer_decode((struct sv){text, n}, ret, e);
}

static void keep_layer(struct image_store *s, const struct layer *layer)
{
	struct layer *kept = xmalloc(sizeof *kept);

	*kept = *layer;
	free(map_put(&s->layers, layer->diff_id.text, kept));
}

int store_add_layer(struct image_store *s, int dir_fd, const char *name, struct err *e)
{
	char target[LAYER_NAME_HEX + 1];
	struct layer layer;
	int r = read_layer(dir_fd, name, &layer, e);

	if (r < 0 || store_layer(s, layer.diff_id.text))
		return r;
	layer_name(layer.diff_id.text, target);
	if (renameat(dir_fd, name, s->layers_fd, target) < 0)
		return err_errno(e, errno == ENOTEMPTY ? -EEXIST : -errno,
			"putting layer %s into the store", layer.diff_id.text);
	keep_layer(s, &layer);
	return 0;
}

int store_drop_layer(struct image_store *s, struct layer *layer, char *name, struct err *e)
{
	char source[LAYER_NAME_HEX + 1];

	layer_name(layer->diff_id.text, source);
	(void)snprintf(name, TMP_NAME_SIZE, "gone-%u", s->next_tmp++);
	if (renameat(s->layers_fd, source, s->tmp_fd, name) < 0)
		return err_errno(e, -errno, "removing layer %s", layer->diff_id.text);
	free(map_remove(&s->layers, layer->diff_id.text));
	return 0;
}

/* ---- temporary directories ------------------------------------------------------------------------ */

int store_tmp(struct image_store *s, char *name, struct err *e)
{
	int fd;

	do
		(void)snprintf(name, TMP_NAME_SIZE, "job-%u", s->next_tmp++);
	while (mkdirat(s->tmp_fd, name, 0700) < 0 && errno == EEXIST);
	fd = fs_open_beneath(s->tmp_fd, name, O_RDONLY | O_DIRECTORY, 0);
	return fd < 0 ? err_errno(e, fd, "making a directory for the image") : fd;
}

int store_tie_child(const void *data)
{
	const struct image_store *s = data;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	/* It may have ended just before. */
	return getppid() == s->pid ? 0 : -ECHILD;
}

static void reap_sweepers(struct image_store *s, int timeout_ms)
{
	int status;

	for (size_t i = 0; i < SWEEPERS_MAX; i++)
		if (s->sweepers[i].pidfd >= 0)
			(void)child_wait(&s->sweepers[i], timeout_ms, &status);
}

int store_discard(struct image_store *s, const char *const *names, struct child *ret, struct err *e)
{
	cleanup_free const char **argv = NULL;
	struct spawn spawn_it = {.fds = {{s->tmp_fd, 3}}, .n_fds = 1};
	struct child child;
	size_t n = 0;
	int r;

	reap_sweepers(s, 0);
	while (names[n])
		n++;
	argv = xcalloc(n + 3, sizeof *argv);
	argv[0] = s->options.unpack_path;
	argv[1] = "--discard";
	memcpy(argv + 2, names, n * sizeof *argv);
	spawn_it.argv = argv;
	r = spawn(&spawn_it, &child, e);
	if (r < 0)
		return r;
	if (ret) {
		*ret = child;
		return 0;
	}
	for (size_t i = 0; i < SWEEPERS_MAX; i++)
		if (s->sweepers[i].pidfd < 0) {
			s->sweepers[i] = child;
			return 0;
		}
	/* So many at once never happens in earnest; the oldest is waited for then. */
	(void)child_wait(&s->sweepers[0], -1, &r);
	s->sweepers[0] = child;
	return 0;
}

/* ---- images --------------------------------------------------------------------------------------- */

static bool has_text(char *const *list, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (streq(list[i], text))
			return true;
	return false;
}

struct image *store_compose(struct image_store *s, const char *ref, const struct digest *id,
	const struct digest *digest, struct image_config *config, struct err *e)
{
	CLEANUP(image_free) struct image *i = xcalloc(1, sizeof *i);
	size_t n = 0;

	while (config->diff_ids[n])
		n++;
	i->layers = xcalloc(n + 1, sizeof *i->layers);
	i->diff_ids = xcalloc(n + 1, sizeof *i->diff_ids);
	while (n-- > 0) {
		const char *diff_id = config->diff_ids[n];
		const struct layer *layer = store_layer(s, diff_id);

		if (!layer) {
			(void)err_set(e, -ENOENT, "image %s: layer %s is missing", ref, diff_id);
			return NULL;
		}
		if (has_text(i->diff_ids, i->n_layers, diff_id))
			continue;
		i->layers[i->n_layers] = store_layer_path(diff_id);
		i->diff_ids[i->n_layers++] = xstrdup(diff_id);
		i->size_bytes += layer->bytes;
	}
	i->ref = xstrdup(ref);
	i->id = xstrdup(id->text);
	i->digest = xstrdup(digest->text);
	i->config = *config;
	*config = (struct image_config){0};
	return take(i);
}

int store_write_record(struct image_store *s, struct image *i, char **ret_path, struct err *e)
{
	struct image_record record = {.ref = i->ref, .config = i->config};
	cleanup_free char *name = record_name(i->ref), *text = NULL;
	int r;

	i->loaded_wall_ns = clock_wall_ns(&clock_kernel);
	record.loaded_wall_ns = i->loaded_wall_ns;
	(void)digest_parse(sv(i->id), &record.id);
	(void)digest_parse(sv(i->digest), &record.digest);
	text = image_record_encode(&record);
	r = fs_write_atomic(s->images_fd, name, text, strlen(text), 0600, FS_NO_SYNC);
	if (r < 0)
		return err_errno(e, r, "image %s: writing its record", i->ref);
	*ret_path = xasprintf("i/%s", name);
	return 0;
}

void store_show_image(struct image_store *s, struct image *own_image)
{
	image_free(map_put(&s->images, own_image->ref, own_image));
}

void store_take_back(struct image_store *s, const struct image *i)
{
	cleanup_free char *name = record_name(i->ref), *path = NULL;
	struct image *before = map_get(&s->images, i->ref);

	if (!before || store_write_record(s, before, &path, NULL) < 0)
		(void)unlinkat(s->images_fd, name, 0);
}

/* ---- opening -------------------------------------------------------------------------------------- */

/* Calls @each for every entry of the directory but "." and "..", in any order. */
static int for_each_entry(struct image_store *s, int dir_fd,
	int (*each)(struct image_store *s, const char *name, void *data, struct err *e), void *data,
	struct err *e)
{
	int fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		own_close_p(&fd);
		return err_errno(e, -errno, "reading the image store");
	}
	rewinddir(dir);
	while (r == 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			r = each(s, entry->d_name, data, e);
	(void)closedir(dir);
	return r;
}

static int load_layer(struct image_store *s, const char *name, void *data, struct err *e)
{
	char expected[LAYER_NAME_HEX + 1], gone[TMP_NAME_SIZE];
	struct layer layer;
	int r = read_layer(s->layers_fd, name, &layer, NULL);

	(void)data;
	if (r == 0) {
		layer_name(layer.diff_id.text, expected);
		if (streq(name, expected)) {
			keep_layer(s, &layer);
			return 0;
		}
	}
	(void)snprintf(gone, sizeof gone, "bad-%u", s->next_tmp++);
	if (renameat(s->layers_fd, name, s->tmp_fd, gone) < 0)
		return err_errno(e, -errno, "dropping the broken layer %s", name);
	return 0;
}

static int drop_record(struct image_store *s, const char *name, struct err *e)
{
	if (unlinkat(s->images_fd, name, 0) < 0)
		return err_errno(e, -errno, "dropping the broken image record %s", name);
	return 0;
}

static int load_image(struct image_store *s, const char *name, void *data, struct err *e)
{
	cleanup_free char *text = NULL, *expected = NULL;
	struct image_record record;
	struct image *i;
	size_t n;
	int r = fs_read(s->images_fd, name, IMAGE_JSON_MAX, &text, &n);

	(void)data;
	if (r == 0)
		r = image_record_decode((struct sv){text, n}, &record, NULL);
	if (r < 0)
		return drop_record(s, name, e);
	expected = record_name(record.ref);
	i = streq(name, expected)
		    ? store_compose(s, record.ref, &record.id, &record.digest, &record.config, NULL)
		    : NULL;
	if (i) {
		i->loaded_wall_ns = record.loaded_wall_ns;
		image_free(map_put(&s->images, i->ref, i));
	}
	image_record_done(&record);
	return i ? 0 : drop_record(s, name, e);
}

struct names {
	char **list;
	size_t n, cap;
};

static int collect_name(struct image_store *s, const char *name, void *data, struct err *e)
{
	struct names *names = data;

	(void)s;
	(void)e;
	GROW(names->list, names->n + 2, names->cap);
	names->list[names->n++] = xstrdup(name);
	names->list[names->n] = NULL;
	return 0;
}

static int sweep_tmp(struct image_store *s, struct err *e)
{
	struct names names = {0};
	int r = for_each_entry(s, s->tmp_fd, collect_name, &names, e);

	if (r == 0 && names.n)
		r = store_discard(s, (const char *const *)names.list, NULL, e);
	for (size_t i = 0; i < names.n; i++)
		free(names.list[i]);
	free(names.list);
	return r;
}

static int open_dirs(struct image_store *s, int lib_fd, struct err *e)
{
	const struct {
		int *fd;
		const char *path;
	} dirs[] = {
		{&s->fd, "images"},
		{&s->layers_fd, "images/l"},
		{&s->images_fd, "images/i"},
		{&s->tmp_fd, "images/tmp"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		struct stat st;

		*dirs[i].fd = fs_open_dir(lib_fd, dirs[i].path, 0700);
		if (*dirs[i].fd < 0)
			return err_errno(e, *dirs[i].fd, "opening %s", dirs[i].path);
		if (fstat(*dirs[i].fd, &st) < 0)
			return err_errno(e, -errno, "opening %s", dirs[i].path);
		if (st.st_uid != geteuid() || (st.st_mode & 07777) != 0700)
			return err_set(e, -EPERM,
				"%s must be owned by uid %u with mode 0700; it is %u, %04o",
				dirs[i].path, (unsigned)geteuid(), (unsigned)st.st_uid,
				(unsigned)(st.st_mode & 07777));
	}
	return 0;
}

/* Go's name of the machine, which is what indexes use. */
static void set_arch(struct image_store *s)
{
	static const struct {
		const char *machine, *arch;
	} names[] = {
		{"x86_64", "amd64"},
		{"aarch64", "arm64"},
		{"armv7l", "arm"},
		{"armv6l", "arm"},
		{"i686", "386"},
	};
	struct utsname u;
	const char *arch = s->options.arch;

	if (!arch && uname(&u) == 0) {
		arch = u.machine;
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (streq(names[i].machine, u.machine))
				arch = names[i].arch;
	}
	(void)snprintf(s->arch, sizeof s->arch, "%s", arch ? arch : "unknown");
}

static void set_fetch_user(struct image_store *s)
{
	const char *name = s->options.fetch_user ? s->options.fetch_user : "_berth";
	const struct passwd *user = getpwnam(name);

	s->fetch_uid = user && user->pw_uid ? user->pw_uid : NOBODY;
	s->fetch_gid = user && user->pw_uid ? user->pw_gid : NOBODY;
}

int image_store_open(
	int lib_fd, const struct image_options *options, struct image_store **ret, struct err *e)
{
	CLEANUP(image_store_close) struct image_store *s = xcalloc(1, sizeof *s);
	int r;

	s->options = *options;
	s->fd = s->layers_fd = s->images_fd = s->tmp_fd = -EBADF;
	for (size_t i = 0; i < SWEEPERS_MAX; i++)
		s->sweepers[i] = (struct child){-1, -EBADF};
	/* Other names than those that an earlier run may still be deleting. */
	s->next_tmp = (unsigned)clock_wall_ns(&clock_kernel);
	s->pid = getpid();
	set_arch(s);
	set_fetch_user(s);
	r = open_dirs(s, lib_fd, e);
	if (r == 0)
		r = for_each_entry(s, s->layers_fd, load_layer, NULL, e);
	if (r == 0)
		r = for_each_entry(s, s->images_fd, load_image, NULL, e);
	if (r == 0)
		r = sweep_tmp(s, e);
	if (r < 0)
		return err_wrap(e, r, "image store");
	*ret = take(s);
	return 0;
}

void image_store_close(struct image_store *s)
{
	if (!s)
		return;
	reap_sweepers(s, 10000);
	for (struct map_item *m = map_first(&s->images); m; m = map_next(m))
		image_free(map_value(m));
	for (struct map_item *m = map_first(&s->layers); m; m = map_next(m))
		free(map_value(m));
	map_done(&s->images);
	map_done(&s->layers);
	own_close_p(&s->fd);
	own_close_p(&s->layers_fd);
	own_close_p(&s->images_fd);
	own_close_p(&s->tmp_fd);
	free(s);
}

int image_store_fd(const struct image_store *s)
{
	return s->fd;
}
