/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USER words into numbers, through the passwd and group files of a rootfs that a stranger made.
 *
 * Step "composed" of a pod's life, at every start. What must hold (safety R9, R10): the files are read
 * without following anything out of the rootfs and without blocking; a line that is odd never becomes an
 * id; runAsNonRoot looks at the number that will really be used.
 */
#include "runtime/security/users.h"

#include "runtime/base/fs.h"
#include "runtime/base/json.h"

#include <fcntl.h>

enum { FILE_BYTES_MAX = 1 << 20, LINES_MAX = 10000, LINE_BYTES_MAX = 4096, GROUPS_MAX = 1024 };

void user_ids_done(struct user_ids *u)
{
	free(u->groups);
	*u = (struct user_ids){0};
}

/* ---- the files ---- */

/* The text of a passwd or group file; empty when the image has none. */
static int read_db(int rootfs_fd, const char *path, char **ret, struct err *e)
{
	struct stat st;
	size_t n;
	int r;
	cleanup_close int fd = fs_open_in(rootfs_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

	if (fd == -ENOENT || fd == -ENOTDIR) {
		*ret = xstrdup("");
		return 0;
	}
	if (fd < 0)
		return err_errno(e, fd, "opening /%s of the image", path);
	if (fstat(fd, &st) < 0)
		return err_errno(e, -errno, "looking at /%s of the image", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "/%s of the image is not a regular file", path);
	r = fs_read_fd(fd, FILE_BYTES_MAX, ret, &n);
	if (r == -EFBIG)
		return err_set(e, r, "/%s of the image is longer than 1 MiB", path);
	if (r < 0)
		return err_errno(e, r, "reading /%s of the image", path);
	return 0;
}

/* Lines of a file, their number and length bounded. */
struct lines {
	struct sv rest;
	size_t n;
	const char *path;
};

/* 1 and a line, 0 at the end, or -E2BIG. */
static int next_line(struct lines *l, struct sv *ret, struct err *e)
{
	if (l->rest.n == 0)
		return 0;
	*ret = sv_cut(&l->rest, '\n');
	if (++l->n > LINES_MAX)
		return err_set(
			e, -E2BIG, "/%s of the image has more than %d lines", l->path, LINES_MAX);
	if (ret->n > LINE_BYTES_MAX)
		return err_set(e, -E2BIG, "/%s of the image, line %zu: longer than %d bytes",
			l->path, l->n, LINE_BYTES_MAX);
	return 1;
}

static bool parse_id(struct sv s, uint32_t *ret)
{
	return parse_u32_max(s, USERS_ID_MAX, ret) == 0;
}

static bool sv_same(struct sv a, struct sv b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* name:password:id:X… — both files begin so. X is the gid in passwd, the members in group. */
struct entry {
	struct sv name, id, rest;
};

static struct entry split_entry(struct sv line)
{
	struct entry en;

	en.name = sv_cut(&line, ':');
	(void)sv_cut(&line, ':');
	en.id = sv_cut(&line, ':');
	en.rest = sv_cut(&line, ':');
	return en;
}

/* What identifies an entry: a name, or a number. */
struct key {
	struct sv name; /* .p NULL: look for the number */
	uint32_t id;
};

/* The first entry of @text that @key names. 1 and the entry with its id, 0 when there is none, or an error. */
static int find_entry(const char *text, const char *path, const struct key *key, struct entry *ret,
	uint32_t *ret_id, struct err *e)
{
	struct lines l = {.rest = sv(text), .path = path};
	struct sv line;
	int r;

	while ((r = next_line(&l, &line, e)) > 0) {
		struct entry en = split_entry(line);
		uint32_t id = 0;
		bool is_id = parse_id(en.id, &id);

		if (key->name.p ? !sv_same(en.name, key->name) : !is_id || id != key->id)
			continue;
		if (en.name.n == 0)
			continue;
		if (!is_id)
			return err_set(e, -EINVAL, "/%s of the image, line %zu: \"%.*s\" is no id",
				path, l.n, (int)(en.id.n < 32 ? en.id.n : 32), en.id.p);
		*ret = en;
		*ret_id = id;
		return 1;
	}
	return r;
}

/* ---- a word of USER ---- */

static bool is_number_like(struct sv word)
{
	return word.n > 0 && ((word.p[0] >= '0' && word.p[0] <= '9') || word.p[0] == '-');
}

/* @word of USER as a number, or as a name in @text; *@ret_entry is filled when an entry was met. */
static int resolve_word(struct sv word, const char *text, const char *path, const char *kind,
	uint32_t *ret_id, struct entry *ret_entry, struct err *e)
{
	struct key key = {.name = word};
	int n = word.n < 64 ? (int)word.n : 64;
	int r;

	if (is_number_like(word)) {
		if (!parse_id(word, ret_id))
			return err_set(e, -EINVAL,
				"%s \"%.*s\" of the image's USER is not a decimal number from 0 to "
				"%d",
				kind, n, word.p, USERS_ID_MAX);
		key = (struct key){.id = *ret_id};
	}
	r = find_entry(text, path, &key, ret_entry, ret_id, e);
	if (r == 0 && key.name.p)
		return err_set(e, -ENOENT,
			"%s \"%.*s\" of the image's USER is not in the image's /%s: set runAsUser "
			"to a "
			"number",
			kind, n, word.p, path);
	return r < 0 ? r : 0;
}

/* ---- groups ---- */

static int add_group(struct user_ids *u, uint32_t gid, struct err *e)
{
	for (size_t i = 0; i < u->n_groups; i++)
		if (u->groups[i] == gid)
			return 0;
	if (u->n_groups == GROUPS_MAX)
		return err_set(
			e, -E2BIG, "the process would be in more than %d groups", GROUPS_MAX);
	u->groups = xrealloc(u->groups, u->n_groups + 1, sizeof *u->groups);
	u->groups[u->n_groups++] = gid;
	return 0;
}

static bool lists(struct sv members, struct sv name)
{
	while (members.n > 0)
		if (sv_same(sv_trim(sv_cut(&members, ',')), name))
			return true;
	return false;
}

/* Every group of the file that lists @name among its members. */
static int add_memberships(struct user_ids *u, const char *text, struct sv name, struct err *e)
{
	struct lines l = {.rest = sv(text), .path = "etc/group"};
	struct sv line;
	int r;

	while ((r = next_line(&l, &line, e)) > 0) {
		struct entry en = split_entry(line);
		uint32_t gid;

		/* A line without an id is nobody's: it gives no group. */
		if (!lists(en.rest, name) || !parse_id(en.id, &gid))
			continue;
		r = add_group(u, gid, e);
		if (r < 0)
			return r;
	}
	return r;
}

static int add_number(struct user_ids *u, int64_t gid, const char *what, struct err *e)
{
	if (gid < 0 || gid > USERS_ID_MAX)
		return err_set(e, -EINVAL, "%s: %lld is not from 0 to %d", what, (long long)gid,
			USERS_ID_MAX);
	return add_group(u, (uint32_t)gid, e);
}

/* ---- the whole ---- */

struct files {
	char *passwd, *group;
};

static void files_done(struct files *f)
{
	free(f->passwd);
	free(f->group);
}

/* uid and gid; *@ret_name is the user's name where passwd has one. */
static int resolve_user(const struct files *f, const struct plan_user *user, struct user_ids *u,
	struct sv *ret_name, struct err *e)
{
	struct sv group = sv(user->image_user ? user->image_user : "");
	struct sv word = sv_cut(&group, ':');
	struct entry en = {0};
	uint32_t gid;
	int r;

	if (user->run_as_user != PLAN_NONE) {
		if (user->run_as_user < 0 || user->run_as_user > USERS_ID_MAX)
			return err_set(e, -EINVAL, "runAsUser: %lld is not from 0 to %d",
				(long long)user->run_as_user, USERS_ID_MAX);
		u->uid = (uint32_t)user->run_as_user;
		group = sv("");
		r = find_entry(
			f->passwd, "etc/passwd", &(struct key){.id = u->uid}, &en, &u->uid, e);
	} else {
		if (word.n == 0)
			word = sv("0");
		r = resolve_word(word, f->passwd, "etc/passwd", "user", &u->uid, &en, e);
	}
	if (r < 0)
		return r;
	*ret_name = en.name;
	if (en.name.p && parse_id(en.rest, &gid))
		u->gid = gid;
	else if (en.name.p && group.n == 0 && user->run_as_group == PLAN_NONE)
		/* Falling to group 0 would give more than the image asks for (R9). */
		return err_set(e, -EINVAL,
			"etc/passwd of the image: user %.*s has no id for its group; mend the "
			"image or set "
			"runAsGroup",
			(int)en.name.n, en.name.p);
	if (group.n > 0) {
		struct entry unused;

		r = resolve_word(group, f->group, "etc/group", "group", &u->gid, &unused, e);
		if (r < 0)
			return r;
	}
	if (user->run_as_group != PLAN_NONE) {
		if (user->run_as_group < 0 || user->run_as_group > USERS_ID_MAX)
			return err_set(e, -EINVAL, "runAsGroup: %lld is not from 0 to %d",
				(long long)user->run_as_group, USERS_ID_MAX);
		u->gid = (uint32_t)user->run_as_group;
	}
	return 0;
}

static int resolve_groups(const struct files *f, const struct users_request *q, struct sv name,
	struct user_ids *u, struct err *e)
{
	int r = add_group(u, u->gid, e);

	if (r == 0 && name.n > 0)
		r = add_memberships(u, f->group, name, e);
	for (size_t i = 0; r == 0 && i < q->n_groups; i++)
		r = add_number(u, q->groups[i], "supplementalGroups", e);
	if (r == 0 && q->fs_group != PLAN_NONE)
		r = add_number(u, q->fs_group, "fsGroup", e);
	return r;
}

int users_resolve(int rootfs_fd, const struct users_request *q, struct user_ids *ret, struct err *e)
{
	__attribute__((cleanup(files_done))) struct files f = {0};
	cleanup_user_ids struct user_ids u = {0};
	struct sv name = {0};
	int r = read_db(rootfs_fd, "etc/passwd", &f.passwd, e);

	if (r == 0)
		r = read_db(rootfs_fd, "etc/group", &f.group, e);
	if (r == 0)
		r = resolve_user(&f, q->user, &u, &name, e);
	if (r < 0)
		return r;
	if (q->user->run_as_non_root && u.uid == 0)
		return err_set(e, -EPERM,
			"container has runAsNonRoot and would run as root (uid 0): set runAsUser "
			"to another "
			"number, or USER in the image");
	r = resolve_groups(&f, q, name, &u, e);
	if (r < 0)
		return r;
	*ret = u;
	u = (struct user_ids){0};
	return 0;
}

json_t *users_json(const struct user_ids *u)
{
	json_t *j = json_object(), *groups = json_array();

	json_put_int(j, "uid", u->uid);
	json_put_int(j, "gid", u->gid);
	for (size_t i = 0; i < u->n_groups; i++)
		json_push(groups, json_integer(u->groups[i]));
	json_put(j, "additionalGids", groups);
	return j;
}
