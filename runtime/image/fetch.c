/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running skopeo. It speaks to strangers, so it does that as a user of its own, in a mount namespace in which
 * everything is read-only but the staging directory of this one pull (safety 5.2). Credentials come in a memfd:
 * never in an argument, never on a disk.
 */
#include "runtime/image/fetch.h"

#include "runtime/base/fs.h"
#include "runtime/image/auth.h"

#include <assert.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* Where the child finds what it is given. The directory exists on every host, and is one it may need anyway. */
#define STAGING "/var/tmp"
enum { AUTH_AS = 3, REGISTRIES_AS = 4, POLICY_AS = 5 };
enum { FILE_MAX = 1 << 20, ARGS_MAX = 24, ENV_MAX = 32 };

/* ---- what skopeo is given ------------------------------------------------------------------------- */

/* A file without a name that the fetching user may read. */
static int memfd_of(const struct image_store *s, const void *bytes, size_t n)
{
	cleanup_close int fd = memfd_create("berth-fetch", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : fs_write_all(fd, bytes, n);

	if (r == 0 && (fchown(fd, s->fetch_uid, s->fetch_gid) < 0 || fchmod(fd, 0400) < 0))
		r = -errno;
	return r < 0 ? r : take_fd(fd);
}

static int memfd_of_file(const struct image_store *s, const char *path, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t n;
	int r;

	if (!path)
		return -EBADF;
	r = fs_read(AT_FDCWD, path, FILE_MAX, &text, &n);
	if (r == 0)
		r = memfd_of(s, text, n);
	return r < 0 ? err_errno(e, r, "reading %s", path) : r;
}

static int open_auth(const struct image_store *s, const struct image_ref *ref,
	const char *auth_json, struct err *e)
{
	cleanup_free char *node = NULL, *text = NULL;
	int r = 0;

	if (s->options.authfile)
		r = fs_read(AT_FDCWD, s->options.authfile, FILE_MAX, &node, NULL);
	if (r < 0)
		return err_errno(e, r, "reading %s", s->options.authfile);
	r = auth_compose(node, auth_json, ref, &text, e);
	if (r < 0)
		return r;
	r = memfd_of(s, text, strlen(text));
	explicit_bzero(text, strlen(text));
	return r < 0 ? err_errno(e, r, "handing over credentials") : r;
}

int fetch_open(const struct image_store *s, const struct image_ref *ref, const char *auth_json,
	int staging_fd, struct fetch *ret, struct err *e)
{
	struct fetch f = {.store = s,
		.auth_fd = -EBADF,
		.registries_fd = -EBADF,
		.policy_fd = -EBADF,
		.staging_fd = staging_fd};
	int r = f.auth_fd = open_auth(s, ref, auth_json, e);

	if (r >= 0 && s->options.registries_conf)
		r = f.registries_fd = memfd_of_file(s, s->options.registries_conf, e);
	if (r >= 0 && s->options.policy)
		r = f.policy_fd = memfd_of_file(s, s->options.policy, e);
	if (r >= 0 && fchown(staging_fd, s->fetch_uid, s->fetch_gid) < 0)
		r = err_errno(e, -errno, "making the staging directory");
	if (r < 0) {
		fetch_close(&f);
		return r;
	}
	*ret = f;
	return 0;
}

void fetch_close(struct fetch *f)
{
	own_close_p(&f->auth_fd);
	own_close_p(&f->registries_fd);
	own_close_p(&f->policy_fd);
	f->auth_fd = f->registries_fd = f->policy_fd = -EBADF;
}

/* ---- in the child, before exec -------------------------------------------------------------------- */

/* Everything read-only, and the staging directory in place of /var/tmp. */
static int confine_mounts(int staging_fd)
{
	struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID};
	struct mount_attr plain = {
		.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		.attr_clr = MOUNT_ATTR_RDONLY};
	int tree;

	/* A working directory comes along into the new namespace; a descriptor would not. */
	if (fchdir(staging_fd) < 0 || unshare(CLONE_NEWNS | CLONE_NEWIPC) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	tree = (int)syscall(SYS_open_tree, AT_FDCWD, ".", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 ||
		syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &read_only,
			sizeof read_only) < 0 ||
		syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &plain, sizeof plain) < 0 ||
		syscall(SYS_move_mount, tree, "", AT_FDCWD, STAGING,
			MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) < 0)
		return -errno;
	return chdir("/") < 0 ? -errno : 0;
}

static int confine(const void *data)
{
	const struct fetch *f = data;
	uid_t uid = f->store->fetch_uid;
	gid_t gid = f->store->fetch_gid;
	const struct rlimit core = {0, 0}, file = {f->file_max, f->file_max};
	int r = confine_mounts(f->staging_fd);

	if (r < 0)
		return r;
	if (setrlimit(RLIMIT_CORE, &core) < 0 || setrlimit(RLIMIT_FSIZE, &file) < 0 ||
		setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
		setresuid(uid, uid, uid) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	/* After the last change of ids, which would untie it. */
	return store_tie_child(f->store);
}

/* ---- argument lists ------------------------------------------------------------------------------- */

struct args {
	const char *v[ARGS_MAX];
	size_t n;
};

static void add(struct args *a, const char *arg)
{
	assert(a->n + 1 < ARGS_MAX);
	a->v[a->n++] = arg;
	a->v[a->n] = NULL;
}

static void add_all(struct args *a, const char *const *list)
{
	for (; *list; list++)
		add(a, *list);
}

static void build_args(
	const struct fetch *f, enum fetch_verb verb, const char *source, struct args *a)
{
	static const char *const verbs[][6] = {
		[FETCH_MANIFEST] = {"inspect", "--raw", NULL},
		[FETCH_CONFIG] = {"inspect", "--config", "--raw", NULL},
		[FETCH_LAYERS] = {"copy", "--quiet", "--remove-signatures",
			"--dest-oci-accept-uncompressed-layers",
			"--dest-shared-blob-dir=" STAGING "/blobs", NULL},
	};
	static const char *const registries[] = {"--registries-conf", "/proc/self/fd/4", NULL};
	static const char *const policy[] = {"--policy", "/proc/self/fd/5", NULL};
	const char *skopeo = f->store->options.skopeo_path;

	add(a, skopeo ? skopeo : "/usr/bin/skopeo");
	if (f->registries_fd >= 0)
		add_all(a, registries);
	if (f->policy_fd >= 0)
		add_all(a, policy);
	add(a, "--override-os=linux");
	add(a, "--override-arch");
	add(a, f->store->arch);
	add_all(a, verbs[verb]);
	add(a, "--authfile=/proc/self/fd/3");
	add(a, "--");
	add(a, source);
	if (verb == FETCH_LAYERS)
		add(a, "oci:" STAGING "/image:it");
}

/* Settings of the agent's own environment that say how to reach registries. */
static bool is_network_setting(const char *variable)
{
	static const char *const names[] = {
		"HTTP_PROXY=", "http_proxy=", "HTTPS_PROXY=", "https_proxy=", "ALL_PROXY=",
		"all_proxy=", "NO_PROXY=", "no_proxy=", "SSL_CERT_FILE=", "SSL_CERT_DIR="};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (sv_starts(sv(variable), names[i]))
			return true;
	return false;
}

/*
 * PATH, a home that is not there (skopeo keeps caches and finds credentials below it), and the
 * proxies.
 */
static void build_env(const struct fetch *f, const char *env[ENV_MAX])
{
	const char *const *given = f->store->options.env;
	const char *const *from = given ? given : (const char *const *)environ;
	size_t n = 0;

	env[n++] = "PATH=/usr/bin:/bin";
	env[n++] = "HOME=/nonexistent";
	env[n++] = "TMPDIR=" STAGING;
	for (; from && *from && n < ENV_MAX - 1; from++)
		if (given || is_network_setting(*from))
			env[n++] = *from;
	env[n] = NULL;
}

int fetch_start(const struct fetch *f, enum fetch_verb verb, const char *source, int epoll_fd,
	struct capture **ret, struct err *e)
{
	struct args args = {.n = 0};
	const char *env[ENV_MAX];
	struct spawn s = {.argv = args.v, .env = env, .prepare = confine, .prepare_data = f};

	build_args(f, verb, source, &args);
	build_env(f, env);
	s.fds[s.n_fds++] = (struct spawn_fd){f->auth_fd, AUTH_AS};
	if (f->registries_fd >= 0)
		s.fds[s.n_fds++] = (struct spawn_fd){f->registries_fd, REGISTRIES_AS};
	if (f->policy_fd >= 0)
		s.fds[s.n_fds++] = (struct spawn_fd){f->policy_fd, POLICY_AS};
	return capture_start(&s, epoll_fd, IMAGE_JSON_MAX, ret, e);
}

/* ---- complaints ----------------------------------------------------------------------------------- */

/* The text of the last msg="…" (logrus), unquoted; the whole complaint when there is none. */
static char *last_message(struct sv complaint)
{
	cleanup_str struct str out = {0};
	cleanup_free char *text = xstrndup(complaint.p ? complaint.p : "", complaint.n);
	const char *at = NULL;

	for (const char *next = text; (next = strstr(next, "msg=\"")); next += 5)
		at = next;
	if (!at)
		at = text;
	else
		at += 5;
	for (bool quoted = at != text; *at && !(quoted && *at == '"'); at++) {
		if (quoted && *at == '\\' && at[1])
			at++;
		str_addn(&out, *at == '\n' ? " " : at, 1);
	}
	return str_take(&out);
}

/* What follows skopeo's own wrapping: 'Error parsing image name "docker://…": ' and the like. */
static const char *unwrap(const char *message)
{
	static const char *const wraps[] = {"Error parsing image name \"", "initializing source ",
		"Error initializing source "};
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < ARRAY_SIZE(wraps); i++) {
			const char *colon;

			if (!sv_starts(sv(message), wraps[i]))
				continue;
			/* The reference has colons of its own, but none with a blank behind it. */
			colon = strstr(message, ": ");
			if (colon) {
				message = colon + 2;
				again = true;
			}
		}
	}
	return message;
}

int fetch_explain(struct sv complaint, const char *ref, struct err *e)
{
	static const struct {
		const char *word;
		int code;
		const char *reason;
	} table[] = {
		{"unauthorized", -EACCES, "Unauthorized"},
		{"authentication required", -EACCES, "Unauthorized"},
		{"access to the resource is denied", -EACCES, "Unauthorized"},
		{"invalid username/password", -EACCES, "Unauthorized"},
		{"denied:", -EACCES, "Unauthorized"},
		{"403 (Forbidden)", -EACCES, "Unauthorized"},
		{"manifest unknown", -ENOENT, "NotFound"},
		{"name unknown", -ENOENT, "NotFound"},
		{"not found", -ENOENT, "NotFound"},
		{"404 (Not Found)", -ENOENT, "NotFound"},
		{"no such host", -EHOSTUNREACH, NULL},
		{"connection refused", -EHOSTUNREACH, NULL},
		{"no route to host", -EHOSTUNREACH, NULL},
		{"network is unreachable", -EHOSTUNREACH, NULL},
		{"i/o timeout", -EHOSTUNREACH, NULL},
		{"TLS handshake timeout", -EHOSTUNREACH, NULL},
	};
	cleanup_free char *message = last_message(complaint);
	int code = -EIO;
	const char *reason = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (strstr(message, table[i].word)) {
			code = table[i].code;
			reason = table[i].reason;
			break;
		}
	(void)err_set(e, code, "pulling %s: %s", ref,
		*message ? unwrap(message) : "skopeo failed and said nothing");
	if (reason)
		(void)err_reason(e, reason);
	return code;
}
