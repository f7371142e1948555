/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pax extended headers: length-prefixed records, keyed by a table. A record can rename an entry, change its
 * size or carry its xattrs, so a malformed one ends the layer: nothing is guessed.
 */
#include "runtime/tar/tar_pax.h"

void tar_extra_done(struct tar_extra *extra)
{
	free(extra->path);
	free(extra->link);
	for (size_t i = 0; i < extra->n_xattrs; i++) {
		free(extra->xattrs[i].name);
		free(extra->xattrs[i].value);
	}
	free(extra->xattrs);
	*extra = (struct tar_extra){0};
}

static int take_text(struct sv value, char **slot, const char *key, struct err *e)
{
	if (*slot)
		return err_set(e, -EBADMSG, "extended header: %s is given twice", key);
	if (value.n > TAR_PATH_MAX)
		return err_set(e, -EBADMSG, "extended header: %s is longer than %d bytes", key,
			TAR_PATH_MAX);
	if (memchr(value.p, '\0', value.n))
		return err_set(e, -EBADMSG, "extended header: %s holds a NUL", key);
	*slot = xstrndup(value.p, value.n);
	return 0;
}

static int take_path(struct sv value, struct tar_extra *x, struct err *e)
{
	return take_text(value, &x->path, "path", e);
}

static int take_link(struct sv value, struct tar_extra *x, struct err *e)
{
	return take_text(value, &x->link, "linkpath", e);
}

static int take_size(struct sv value, struct tar_extra *x, struct err *e)
{
	if (x->has_size || parse_u64(value, &x->size_bytes) < 0)
		return err_set(e, -EBADMSG, "extended header: size is no number, or given twice");
	x->has_size = true;
	return 0;
}

static int take_id(struct sv value, bool *has, uint32_t *id, struct err *e)
{
	if (*has || parse_u32_max(value, UINT32_MAX - 1, id) < 0)
		return err_set(e, -EBADMSG,
			"extended header: uid or gid is no number below 2^32-1, or given twice");
	*has = true;
	return 0;
}

static int take_uid(struct sv value, struct tar_extra *x, struct err *e)
{
	return take_id(value, &x->has_uid, &x->uid, e);
}

static int take_gid(struct sv value, struct tar_extra *x, struct err *e)
{
	return take_id(value, &x->has_gid, &x->gid, e);
}

/* "1700000000", "1700000000.25", "-1.5": digits past nanoseconds are dropped. */
static int take_mtime(struct sv value, struct tar_extra *x, struct err *e)
{
	struct sv fraction = value, whole = sv_cut(&fraction, '.');
	uint32_t ns = 0, scale = 100000000;
	int64_t seconds;

	if (x->has_mtime || parse_i64(whole, &seconds) < 0 || seconds == INT64_MIN)
		return err_set(e, -EBADMSG, "extended header: mtime is no number, or given twice");
	for (size_t i = 0; i < fraction.n; i++) {
		if (fraction.p[i] < '0' || fraction.p[i] > '9')
			return err_set(e, -EBADMSG, "extended header: mtime is no number");
		ns += (uint32_t)(fraction.p[i] - '0') * scale;
		scale /= 10;
	}
	if (ns && whole.p[0] == '-') {
		seconds--;
		ns = 1000000000 - ns;
	}
	x->mtime_s = seconds;
	x->mtime_ns = ns;
	x->has_mtime = true;
	return 0;
}

static int refuse_sparse(struct sv value, struct tar_extra *x, struct err *e)
{
	(void)value;
	(void)x;
	return err_set(e, -EBADMSG, "extended header: sparse files are not taken");
}

static const struct image_record {
	const char *key;
	bool is_prefix;
	int (*read)(struct sv value, struct tar_extra *x, struct err *e);
} records[] = {
	{"path", false, take_path},
	{"linkpath", false, take_link},
	{"size", false, take_size},
	{"uid", false, take_uid},
	{"gid", false, take_gid},
	{"mtime", false, take_mtime},
	{"GNU.sparse.", true, refuse_sparse},
	{"SCHILY.realsize", false, refuse_sparse},
	{"SUN.holesdata", false, refuse_sparse},
};

static int take_xattr(struct sv name, struct sv value, struct tar_extra *x, struct err *e)
{
	struct tar_xattr *xattr;

	if (name.n == 0 || name.n > 255 || memchr(name.p, '\0', name.n))
		return err_set(e, -EBADMSG, "extended header: an xattr's name is no name");
	if (x->n_xattrs == TAR_XATTRS_MAX || value.n > TAR_XATTR_MAX)
		return err_set(e, -EBADMSG,
			"extended header: more than %d xattrs, or one above %d bytes",
			TAR_XATTRS_MAX, TAR_XATTR_MAX);
	for (size_t i = 0; i < x->n_xattrs; i++)
		if (sv_eq(name, x->xattrs[i].name))
			return err_set(e, -EBADMSG, "extended header: xattr %s is given twice",
				x->xattrs[i].name);
	GROW(x->xattrs, x->n_xattrs + 1, x->cap_xattrs);
	xattr = &x->xattrs[x->n_xattrs++];
	xattr->name = xstrndup(name.p, name.n);
	xattr->value = xmalloc(value.n + 1);
	if (value.n)
		memcpy(xattr->value, value.p, value.n);
	xattr->n = value.n;
	return 0;
}

static int take_record(struct sv key, struct sv value, struct tar_extra *x, struct err *e)
{
	static const char xattr[] = "SCHILY.xattr.";

	if (sv_starts(key, xattr))
		return take_xattr((struct sv){key.p + sizeof xattr - 1, key.n - (sizeof xattr - 1)},
			value, x, e);
	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		const struct image_record *r = &records[i];

		if (!(r->is_prefix ? sv_starts(key, r->key) : sv_eq(key, r->key)))
			continue;
		/* An empty value takes an earlier record back; there is no earlier one. */
		return value.n ? r->read(value, x, e) : 0;
	}
	return 0;
}

int tar_pax_read(struct sv body, struct tar_extra *extra, struct err *e)
{
	while (body.n) {
		struct sv rest = body, key, value;
		struct sv number = sv_cut(&rest, ' ');
		uint64_t length;
		int r;

		if (number.n > 7 || parse_u64(number, &length) < 0 || length > body.n ||
			length < number.n + 3 || body.p[length - 1] != '\n')
			return err_set(e, -EBADMSG, "extended header: a record's length is wrong");
		value = (struct sv){body.p + number.n + 1, (size_t)length - number.n - 2};
		if (!memchr(value.p, '=', value.n))
			return err_set(e, -EBADMSG, "extended header: a record has no \"=\"");
		key = sv_cut(&value, '=');
		if (key.n == 0)
			return err_set(e, -EBADMSG, "extended header: a record has no key");
		r = take_record(key, value, extra, e);
		if (r < 0)
			return r;
		body = (struct sv){body.p + length, body.n - (size_t)length};
	}
	return 0;
}
