/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tar reader. Written here and not taken from libarchive because what must be refused (names with a NUL
 * in them, sparse maps, doubly named entries) is repaired there before anybody can see it, and names would pass
 * through the locale. tests/unit/runtime/image/test_tar.c holds both readers against each other.
 *
 * A state machine over 512-byte blocks: header, body of an extended header, contents, padding, end.
 * Source: POSIX ustar and pax; tar(5) for the GNU and V7 forms.
 */
#include "runtime/tar/tar.h"

#include "runtime/tar/tar_pax.h"

enum { BLOCK = 512 };

/* Offsets and lengths of a header's fields. */
enum field { F_NAME, F_MODE, F_UID, F_GID, F_SIZE, F_MTIME, F_SUM, F_LINK, F_MAJOR, F_MINOR };
static const struct {
	size_t at, n;
} fields[] = {
	[F_NAME] = {0, 100},
	[F_MODE] = {100, 8},
	[F_UID] = {108, 8},
	[F_GID] = {116, 8},
	[F_SIZE] = {124, 12},
	[F_MTIME] = {136, 12},
	[F_SUM] = {148, 8},
	[F_LINK] = {157, 100},
	[F_MAJOR] = {329, 8},
	[F_MINOR] = {337, 8},
};
enum { TYPE_AT = 156, MAGIC_AT = 257, PREFIX_AT = 345, PREFIX_N = 155 };

enum state { IN_HEADER, IN_EXTENDED, IN_CONTENTS, IN_PADDING, AT_END };

struct tar {
	struct tar_sink sink;
	enum state state;
	unsigned char header[BLOCK];
	size_t have;	   /* bytes of the header, or of the extended header's body */
	char extended;	   /* type of the extended header being read: 'x', 'g', 'L', 'K' */
	struct str body;   /* its contents */
	uint64_t left;	   /* bytes that are missing from the body or the contents */
	size_t padding;	   /* bytes to skip behind them */
	bool zero_block;   /* the last block was the first half of the end mark */
	bool has_extended; /* an extended header waits for its entry */
	struct tar_extra extra;
};

struct tar *tar_new(const struct tar_sink *sink)
{
	struct tar *t = xcalloc(1, sizeof *t);

	t->sink = *sink;
	return t;
}

void tar_free(struct tar *t)
{
	if (!t)
		return;
	tar_extra_done(&t->extra);
	str_done(&t->body);
	free(t);
}

static int bad(struct err *e, const char *what)
{
	return err_set(e, -EBADMSG, "tar: %s", what);
}

/* Octal digits between blanks, or GNU's big-endian base 256. Nothing at all is 0. */
static int number(const unsigned char *p, size_t n, int64_t *ret)
{
	uint64_t value = 0;
	size_t i = 0;

	if (p[0] & 0x80) {
		bool negative = p[0] & 0x40;

		value = negative ? (uint64_t)-1 : 0;
		value = value << 6 | (p[0] & 0x3f);
		for (i = 1; i < n; i++) {
			int64_t before = (int64_t)value;

			if (before > INT64_MAX >> 8 || before < INT64_MIN >> 8)
				return -ERANGE;
			value = value << 8 | p[i];
		}
		*ret = (int64_t)value;
		return 0;
	}
	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++) {
		if (value > (uint64_t)INT64_MAX >> 3)
			return -ERANGE;
		value = value << 3 | (uint64_t)(p[i] - '0');
	}
	for (; i < n; i++)
		if (p[i] != ' ' && p[i] != '\0')
			return -EBADMSG;
	*ret = (int64_t)value;
	return 0;
}

static int field_number(const struct tar *t, enum field f, int64_t *ret)
{
	return number(t->header + fields[f].at, fields[f].n, ret);
}

static int field_id(const struct tar *t, enum field f, uint32_t *ret)
{
	int64_t value;

	if (field_number(t, f, &value) < 0 || value < 0 || value >= UINT32_MAX)
		return -EBADMSG;
	*ret = (uint32_t)value;
	return 0;
}

/* The sum of all bytes, its own field taken as blanks; old tars summed signed chars. */
static bool sum_ok(const unsigned char *h)
{
	int64_t stored, plain = 0, with_sign = 0;

	if (number(h + fields[F_SUM].at, fields[F_SUM].n, &stored) < 0)
		return false;
	for (size_t i = 0; i < BLOCK; i++) {
		bool own = i >= fields[F_SUM].at && i < fields[F_SUM].at + fields[F_SUM].n;
		unsigned char c = own ? ' ' : h[i];

		plain += c;
		with_sign += (signed char)c;
	}
	return stored == plain || stored == with_sign;
}

static bool is_zero(const unsigned char *h)
{
	for (size_t i = 0; i < BLOCK; i++)
		if (h[i])
			return false;
	return true;
}

static void add_field(struct str *s, const unsigned char *p, size_t n)
{
	str_addn(s, p, strnlen((const char *)p, n));
}

/* The header's own name: ustar puts the front of a long one into "prefix" (star: only 131 bytes of it). */
static void header_path(const struct tar *t, struct str *path)
{
	const unsigned char *h = t->header;
	size_t n = memcmp(h + 508, "tar", 4) == 0 ? 131 : PREFIX_N;

	if (memcmp(h + MAGIC_AT, "ustar\0", 6) == 0 && h[PREFIX_AT]) {
		add_field(path, h + PREFIX_AT, n);
		str_add(path, "/");
	}
	add_field(path, h + fields[F_NAME].at, fields[F_NAME].n);
}

static const struct {
	char flag;
	enum tar_type type;
} types[] = {
	{'0', TAR_FILE},
	{'\0', TAR_FILE},
	{'7', TAR_FILE},
	{'1', TAR_HARDLINK},
	{'2', TAR_SYMLINK},
	{'3', TAR_CHAR},
	{'4', TAR_BLOCK},
	{'5', TAR_DIR},
	{'6', TAR_FIFO},
};

static int entry_type(const struct tar *t, const char *path, enum tar_type *ret, struct err *e)
{
	char flag = (char)t->header[TYPE_AT];
	size_t n = strlen(path);

	if (flag == 'S')
		return bad(e, "sparse files are not taken");
	/* V7 has no type for directories: their names end with a slash. */
	if ((flag == '\0' || flag == '0') && n && path[n - 1] == '/') {
		*ret = TAR_DIR;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].flag == flag) {
			*ret = types[i].type;
			return 0;
		}
	return err_set(e, -EBADMSG, "tar: entry type 0x%02x is not taken", (unsigned char)flag);
}

static int entry_numbers(const struct tar *t, struct tar_entry *entry, struct err *e)
{
	const struct tar_extra *x = &t->extra;
	int64_t size, mode, mtime;

	if (field_number(t, F_SIZE, &size) < 0 || size < 0 || field_number(t, F_MODE, &mode) < 0 ||
		mode < 0 || field_number(t, F_MTIME, &mtime) < 0)
		return bad(e, "a number in a header is none");
	if ((!x->has_uid && field_id(t, F_UID, &entry->uid) < 0) ||
		(!x->has_gid && field_id(t, F_GID, &entry->gid) < 0))
		return bad(e, "an owner is no number below 2^32-1");
	entry->size_bytes = x->has_size ? x->size_bytes : (uint64_t)size;
	entry->mode = (uint32_t)mode & 07777;
	entry->mtime_s = x->has_mtime ? x->mtime_s : mtime;
	entry->mtime_ns = x->has_mtime ? x->mtime_ns : 0;
	if (x->has_uid)
		entry->uid = x->uid;
	if (x->has_gid)
		entry->gid = x->gid;
	if ((entry->type == TAR_CHAR || entry->type == TAR_BLOCK) &&
		(field_id(t, F_MAJOR, &entry->dev_major) < 0 ||
			field_id(t, F_MINOR, &entry->dev_minor) < 0))
		return bad(e, "a device number is none");
	if (entry->type != TAR_FILE && entry->size_bytes)
		return bad(e, "an entry that is no file says that contents follow");
	return 0;
}

static int finish_entry(struct tar *t, struct err *e)
{
	t->state = t->padding ? IN_PADDING : IN_HEADER;
	t->have = 0;
	return t->sink.done(t->sink.data, e);
}

static int start_entry(struct tar *t, struct err *e)
{
	cleanup_str struct str path = {0}, link = {0};
	struct tar_entry entry = {.xattrs = t->extra.xattrs, .n_xattrs = t->extra.n_xattrs};
	int r;

	if (!t->extra.path)
		header_path(t, &path);
	if (!t->extra.link)
		add_field(&link, t->header + fields[F_LINK].at, fields[F_LINK].n);
	entry.path = t->extra.path ? t->extra.path : path.p ? path.p : "";
	r = entry_type(t, entry.path, &entry.type, e);
	if (r < 0)
		return r;
	entry.link = t->extra.link ? t->extra.link : link.p ? link.p : "";
	if (entry.type != TAR_HARDLINK && entry.type != TAR_SYMLINK)
		entry.link = "";
	r = entry_numbers(t, &entry, e);
	if (r < 0)
		return err_wrap(e, r, "%.200s", entry.path);
	t->left = entry.size_bytes;
	t->padding = (size_t)(-entry.size_bytes & (BLOCK - 1));
	t->state = IN_CONTENTS;
	r = t->sink.entry(t->sink.data, &entry, e);
	tar_extra_done(&t->extra);
	t->has_extended = false;
	if (r < 0)
		return r;
	return t->left ? 0 : finish_entry(t, e);
}

static int start_extended(struct tar *t, char flag, struct err *e)
{
	int64_t size;

	if (field_number(t, F_SIZE, &size) < 0 || size < 0 || size > TAR_PAX_MAX)
		return bad(e, "an extended header is longer than 1 MiB");
	t->extended = flag;
	t->left = (uint64_t)size;
	t->padding = (size_t)(-(uint64_t)size & (BLOCK - 1));
	t->state = IN_EXTENDED;
	str_clear(&t->body);
	return 0;
}

/* GNU's long names are the body, ended by one NUL. */
static int take_long_name(struct tar *t, char **slot, struct err *e)
{
	size_t n = strnlen(t->body.p ? t->body.p : "", t->body.n);

	if (*slot)
		return bad(e, "an entry is named twice over");
	if (n + 1 < t->body.n)
		return bad(e, "a long name holds a NUL");
	if (n == 0 || n > TAR_PATH_MAX)
		return bad(e, "a long name is empty or longer than 4095 bytes");
	*slot = xstrndup(t->body.p, n);
	return 0;
}

/* Global headers describe the archive; container tools pass over them, so one that says more is refused. */
static int check_global(struct sv body, struct err *e)
{
	struct tar_extra extra = {0};
	int r = tar_pax_read(body, &extra, e);
	bool says_more = extra.path || extra.link || extra.has_size || extra.n_xattrs;

	tar_extra_done(&extra);
	if (r == 0 && says_more)
		return bad(e, "a global header names or sizes entries");
	return r;
}

static int finish_extended(struct tar *t, struct err *e)
{
	struct sv body = {t->body.p ? t->body.p : "", t->body.n};
	int r;

	switch (t->extended) {
	case 'x':
		r = tar_pax_read(body, &t->extra, e);
		break;
	case 'g':
		r = check_global(body, e);
		break;
	case 'L':
		r = take_long_name(t, &t->extra.path, e);
		break;
	default:
		r = take_long_name(t, &t->extra.link, e);
		break;
	}
	if (t->extended != 'g')
		t->has_extended = true;
	t->state = t->padding ? IN_PADDING : IN_HEADER;
	t->have = 0;
	return r;
}

static int take_header(struct tar *t, struct err *e)
{
	char flag = (char)t->header[TYPE_AT];

	t->have = 0;
	if (is_zero(t->header)) {
		if (t->has_extended)
			return bad(e, "an extended header stands before the end");
		t->state = t->zero_block ? AT_END : IN_HEADER;
		t->zero_block = true;
		return 0;
	}
	if (t->zero_block)
		return bad(e, "the end mark is broken");
	if (!sum_ok(t->header))
		return bad(e, "a header's checksum is wrong (is this a tar archive?)");
	if (flag == 'x' || flag == 'g' || flag == 'L' || flag == 'K')
		return start_extended(t, flag, e);
	return start_entry(t, e);
}

/* Takes what the present state wants of the @n bytes at @p. Returns how much, or -errno. */
static ssize_t eat(struct tar *t, const unsigned char *p, size_t n, struct err *e)
{
	size_t want = t->state == IN_HEADER    ? BLOCK - t->have
		      : t->state == IN_PADDING ? t->padding
					       : n;
	int r = 0;

	if ((t->state == IN_EXTENDED || t->state == IN_CONTENTS) && t->left < want)
		want = (size_t)t->left;
	if (want > n)
		want = n;
	switch (t->state) {
	case IN_HEADER:
		memcpy(t->header + t->have, p, want);
		t->have += want;
		if (t->have == BLOCK)
			r = take_header(t, e);
		break;
	case IN_EXTENDED:
		if (want)
			str_addn(&t->body, p, want);
		t->left -= want;
		if (t->left == 0)
			r = finish_extended(t, e);
		break;
	case IN_CONTENTS:
		r = t->sink.bytes(t->sink.data, p, want, e);
		t->left -= want;
		if (r == 0 && t->left == 0)
			r = finish_entry(t, e);
		break;
	case IN_PADDING:
		t->padding -= want;
		if (t->padding == 0)
			t->state = IN_HEADER;
		break;
	case AT_END:
		break;
	}
	return r < 0 ? r : (ssize_t)want;
}

int tar_feed(struct tar *t, const void *bytes, size_t n, struct err *e)
{
	const unsigned char *p = bytes;

	while (n) {
		ssize_t done = eat(t, p, n, e);

		if (done < 0)
			return (int)done;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

int tar_finish(struct tar *t, struct err *e)
{
	bool whole =
		(t->state == IN_HEADER && t->have == 0 && !t->has_extended) || t->state == AT_END;

	return whole ? 0 : bad(e, "the archive ends in the middle");
}
