/* SPDX-License-Identifier: Apache-2.0 */
/* The tar reader: the forms it takes, what it refuses, and that libarchive reads the same. */
#include "tests/unit/runtime/image/build.h"

#include "runtime/tar/tar.h"

#include <archive.h>
#include <archive_entry.h>

/* Everything that was heard, one line an entry: "type path>link mode uid gid size mtime text". */
struct heard {
	struct str lines;
	char type;
};

static const char type_letters[] = "fhscbdp"; /* in the order of enum tar_type */

static int hear_entry(void *data, const struct tar_entry *m, struct err *e)
{
	struct heard *h = data;

	(void)e;
	str_addf(&h->lines, "%c %s>%s %o %u %u %llu %lld.%09u ", type_letters[m->type], m->path,
		m->link, m->mode, m->uid, m->gid, (unsigned long long)m->size_bytes,
		(long long)m->mtime_s, m->mtime_ns);
	for (size_t i = 0; i < m->n_xattrs; i++)
		str_addf(&h->lines, "{%s=%.*s}", m->xattrs[i].name, (int)m->xattrs[i].n,
			(const char *)m->xattrs[i].value);
	return 0;
}

static int hear_bytes(void *data, const void *bytes, size_t n, struct err *e)
{
	struct heard *h = data;

	(void)e;
	assert_true(n > 0);
	str_addn(&h->lines, bytes, n);
	return 0;
}

static int hear_done(void *data, struct err *e)
{
	struct heard *h = data;

	(void)e;
	str_add(&h->lines, "\n");
	return 0;
}

/* Feeds the stream in pieces of @step bytes. */
static int listen_to(const struct str *in, size_t step, struct heard *h, struct err *e)
{
	struct tar_sink sink = {hear_entry, hear_bytes, hear_done, h};
	CLEANUP(tar_free) struct tar *tar = tar_new(&sink);

	for (size_t at = 0; at < in->n; at += step) {
		size_t n = in->n - at < step ? in->n - at : step;
		int r = tar_feed(tar, in->p + at, n, e);

		if (r < 0)
			return r;
	}
	return tar_finish(tar, e);
}

static void must_hear(const char *name, const struct str *in, const char *wanted)
{
	static const size_t steps[] = {1 << 20, 512, 100, 7, 1};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct heard h = {0};
		struct err e = {0};

		if (listen_to(in, steps[i], &h, &e) < 0)
			fail_msg("%s: %s", name, err_text(&e));
		assert_string_equal(h.lines.p ? h.lines.p : "", wanted);
		str_done(&h.lines);
	}
}

#define LONG10 "0123456789"
#define LONG100 LONG10 LONG10 LONG10 LONG10 LONG10 LONG10 LONG10 LONG10 LONG10 LONG10
#define LONG120 LONG100 LONG10 LONG10

static void takes_all_forms(void **state)
{
	static const struct {
		const char *name;
		struct member m;
		const char *heard;
	} cases[] = {
		{"file", {'0', "a/b", .text = "hello", .mode = 04755, .uid = 7, .gid = 8},
			"f a/b> 4755 7 8 5 1700000000.000000000 hello\n"},
		{"empty file", {'0', "a"}, "f a> 644 0 0 0 1700000000.000000000 \n"},
		{"old file", {'\0', "a", .text = "x"}, "f a> 644 0 0 1 1700000000.000000000 x\n"},
		{"contiguous file", {'7', "a", .text = "x"},
			"f a> 644 0 0 1 1700000000.000000000 x\n"},
		{"directory", {'5', "d/"}, "d d/> 755 0 0 0 1700000000.000000000 \n"},
		{"old directory", {'\0', "d/", .mode = 0700},
			"d d/> 700 0 0 0 1700000000.000000000 \n"},
		{"symlink", {'2', "l", "/etc/passwd"},
			"s l>/etc/passwd 644 0 0 0 1700000000.000000000 \n"},
		{"hard link", {'1', "h", "a/b"}, "h h>a/b 644 0 0 0 1700000000.000000000 \n"},
		{"fifo", {'6', "p"}, "p p> 644 0 0 0 1700000000.000000000 \n"},
		{"link of a file is nothing", {'0', "a", "elsewhere"},
			"f a> 644 0 0 0 1700000000.000000000 \n"},
		{"pax names",
			{'2', "short", "short", .pax = "path=" LONG120 "\nlinkpath=" LONG120 "x"},
			"s " LONG120 ">" LONG120 "x 644 0 0 0 1700000000.000000000 \n"},
		{"pax numbers",
			{'0', "a", .text = "abc",
				.pax = "uid=4000000000\ngid=4294967294\nmtime=12.5\nsize=3"},
			"f a> 644 4000000000 4294967294 3 12.500000000 abc\n"},
		{"pax times", {'0', "a", .pax = "mtime=-1.25"}, "f a> 644 0 0 0 -2.750000000 \n"},
		{"pax xattrs", {'0', "a", .pax = "SCHILY.xattr.user.x=1\nSCHILY.xattr.user.y=a=b"},
			"f a> 644 0 0 0 1700000000.000000000 {user.x=1}{user.y=a=b}\n"},
		{"pax that says nothing of interest",
			{'0', "a",
				.pax = "atime=1\nctime=2\nuname=root\ncomment=hi\nhdrcharset="
				       "BINARY"},
			"f a> 644 0 0 0 1700000000.000000000 \n"},
		{"names are bytes", {'0', "\xff\xfe\n"},
			"f \xff\xfe\n> 644 0 0 0 1700000000.000000000 \n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_str struct str in = {0};

		tar_of(&in, &cases[i].m, 1);
		must_hear(cases[i].name, &in, cases[i].heard);
	}
}

static void takes_gnu_and_ustar_names(void **state)
{
	static const struct member m = {'2', "short", "short"};
	cleanup_str struct str gnu = {0}, ustar = {0}, two = {0};
	unsigned char h[512];

	(void)state;
	tar_put_raw(&gnu, 'L', "././@LongLink", LONG120, sizeof LONG120);
	tar_put_raw(&gnu, 'K', "././@LongLink", LONG100, sizeof LONG100);
	tar_of(&gnu, &m, 1);
	must_hear("gnu", &gnu, "s " LONG120 ">" LONG100 " 644 0 0 0 1700000000.000000000 \n");
	tar_header(h, '0', "name", 0);
	memcpy(h + 345, "some/prefix", 11);
	tar_put_sum(h);
	str_addn(&ustar, h, sizeof h);
	tar_end(&ustar);
	must_hear("ustar", &ustar, "f some/prefix/name> 644 0 0 0 1700000000.000000000 \n");
	/* What stands behind the end mark does not count; an archive may also end without one. */
	tar_of(&two, &m, 1);
	str_addn(&two, "junk", 4);
	must_hear("junk", &two, "s short>short 644 0 0 0 1700000000.000000000 \n");
	str_clear(&two);
	tar_put(&two, &m);
	must_hear("no end", &two, "s short>short 644 0 0 0 1700000000.000000000 \n");
	must_hear("nothing", &(struct str){0}, "");
	str_clear(&two);
	tar_put_pax(&two, 'g', "comment=0123");
	tar_of(&two, &m, 1);
	must_hear("global comment", &two, "s short>short 644 0 0 0 1700000000.000000000 \n");
}

static void takes_base_256(void **state)
{
	cleanup_str struct str in = {0};
	unsigned char h[512];

	(void)state;
	tar_header(h, '0', "a", 0);
	memcpy(h + 108, "\x80\0\0\0\xee\x6b\x28\x00", 8);			 /* 4000000000 */
	memcpy(h + 136, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12); /* -2 */
	tar_put_sum(h);
	str_addn(&in, h, sizeof h);
	tar_end(&in);
	must_hear("base 256", &in, "f a> 644 4000000000 0 0 -2.000000000 \n");
}

static void must_refuse(const char *name, const struct str *in)
{
	static const size_t steps[] = {1 << 22, 511};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct heard h = {0};
		struct err e = {0};

		assert_case(listen_to(in, steps[i], &h, &e) < 0, name);
		assert_case(e.msg[0], name);
		str_done(&h.lines);
	}
}

static void refuses_entries(void **state)
{
	static const struct {
		const char *name;
		struct member m;
	} cases[] = {
		{"sparse file", {'S', "a"}},
		{"dump directory", {'D', "a"}},
		{"multi-volume", {'M', "a"}},
		{"volume header", {'V', "a"}},
		{"unknown type", {'Z', "a"}},
		{"symlink with contents", {'2', "a", "b", .text = "x"}},
		{"hard link with contents", {'1', "a", "b", .text = "x"}},
		{"directory with contents", {'5', "a", .text = "x"}},
		{"fifo with contents", {'6', "a", .text = "x"}},
		{"pax size on a directory", {'5', "a", .pax = "size=512"}},
		{"pax path twice", {'0', "a", .pax = "path=x\npath=y"}},
		{"pax size is no number", {'0', "a", .pax = "size=1x"}},
		{"pax size is negative", {'0', "a", .pax = "size=-1"}},
		{"pax size overflows", {'0', "a", .pax = "size=99999999999999999999"}},
		{"pax uid of -1", {'0', "a", .pax = "uid=4294967295"}},
		{"pax uid is negative", {'0', "a", .pax = "uid=-1"}},
		{"pax mtime is no number", {'0', "a", .pax = "mtime=now"}},
		{"pax mtime with letters", {'0', "a", .pax = "mtime=1.x"}},
		{"pax sparse 0.1", {'0', "a", .pax = "GNU.sparse.map=0,1"}},
		{"pax sparse 1.0", {'0', "a", .pax = "GNU.sparse.major=1\nGNU.sparse.minor=0"}},
		{"star sparse", {'0', "a", .pax = "SCHILY.realsize=1000000"}},
		{"xattr without a name", {'0', "a", .pax = "SCHILY.xattr.=1"}},
		{"xattr twice", {'0', "a", .pax = "SCHILY.xattr.user.a=1\nSCHILY.xattr.user.a=2"}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_str struct str in = {0};

		tar_of(&in, &cases[i].m, 1);
		must_refuse(cases[i].name, &in);
	}
}

static void refuses_streams(void **state)
{
	static const struct {
		const char *name, *body;
		size_t n;
		char type;
	} cases[] = {
		{"record without a length", "path=x\n", 7, 'x'},
		{"record too long", "99 path=x\n", 10, 'x'},
		{"record too short", "3 path=x\n", 9, 'x'},
		{"record of length 0", "0 path=x\n", 9, 'x'},
		{"record without newline", "9 path=xy", 9, 'x'},
		{"record without =", "9 pathxy\n", 9, 'x'},
		{"record without key", "6 =xy\n", 6, 'x'},
		{"record with sign", "+9 path=x\n", 10, 'x'},
		{"junk behind records", "9 path=x\n\0\0", 11, 'x'},
		{"NUL in a path", "12 path=x\0y\n", 12, 'x'},
		{"NUL in a link", "16 linkpath=x\0y\n", 16, 'x'},
		{"NUL in an xattr's name", "25 SCHILY.xattr.user.\0=1\n", 25, 'x'},
		{"global path", "9 path=x\n", 9, 'g'},
		{"global size", "9 size=1\n", 9, 'g'},
		{"NUL in a long name", "a\0b", 4, 'L'},
		{"empty long name", "", 1, 'L'},
		{"long name of nothing", "", 0, 'L'},
	};
	static const struct member m = {'0', "a"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_str struct str in = {0};

		tar_put_raw(&in, cases[i].type, "x", cases[i].body, cases[i].n);
		tar_of(&in, &m, 1);
		must_refuse(cases[i].name, &in);
	}
}

static void refuses_ambiguity_and_excess(void **state)
{
	static const struct member m = {'0', "a", .text = "x"};
	cleanup_str struct str in = {0}, big = {0};
	unsigned char h[512];

	(void)state;
	tar_put_raw(&in, 'L', "x", "long", 5);
	tar_put_raw(&in, 'L', "x", "other", 6);
	tar_of(&in, &m, 1);
	must_refuse("two long names", &in);
	str_clear(&in);
	tar_put_pax(&in, 'x', "path=one");
	tar_put_raw(&in, 'L', "x", "two", 4);
	tar_of(&in, &m, 1);
	must_refuse("pax and gnu name", &in);
	str_clear(&in);
	tar_put_pax(&in, 'x', "path=one");
	tar_end(&in);
	must_refuse("header without its entry", &in);
	str_clear(&in);
	tar_put_pax(&in, 'x', "path=one");
	must_refuse("stream ends behind a header", &in);
	str_clear(&in);
	tar_end(&in);
	in.p[600] = 1;
	must_refuse("half an end mark", &in);
	str_clear(&in);
	while (big.n <= TAR_PAX_MAX)
		str_add(&big, LONG100);
	tar_put_raw(&in, 'x', "x", big.p, big.n);
	must_refuse("extended header above 1 MiB", &in);
	str_clear(&in);
	tar_put_raw(&in, 'L', "x", big.p, 5000);
	must_refuse("name of 5000 bytes", &in);
	str_clear(&in);
	tar_of(&in, &m, 1);
	in.p[0] = 'b';
	must_refuse("wrong checksum", &in);
	str_clear(&in);
	tar_header(h, '0', "a", 0);
	memcpy(h + 124, "0000000000x", 11);
	tar_put_sum(h);
	str_addn(&in, h, sizeof h);
	must_refuse("size with a letter", &in);
	str_clear(&in);
	tar_header(h, '0', "a", 0);
	memset(h + 124, 0xff, 12);
	tar_put_sum(h);
	str_addn(&in, h, sizeof h);
	must_refuse("negative size", &in);
}

static void notices_truncation_everywhere(void **state)
{
	static const struct member m = {'0', "a", .text = "some text", .pax = "mtime=1"};
	cleanup_str struct str in = {0};

	(void)state;
	tar_put(&in, &m);
	for (size_t n = 1; n < in.n; n++) {
		struct heard h = {0};
		struct err e = {0};

		assert_int_equal(listen_to(&(struct str){in.p, n, n}, 512, &h, &e), -EBADMSG);
		str_done(&h.lines);
	}
}

/* ---- the same stream through libarchive ----------------------------------------------------------- */

static char libarchive_type(struct archive_entry *entry)
{
	static const struct {
		unsigned type;
		char letter;
	} types[] = {{AE_IFREG, 'f'}, {AE_IFLNK, 's'}, {AE_IFDIR, 'd'}, {AE_IFIFO, 'p'}};

	if (archive_entry_hardlink(entry))
		return 'h';
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (archive_entry_filetype(entry) == types[i].type)
			return types[i].letter;
	return '?';
}

static void read_by_libarchive(const struct str *in, struct str *out)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;

	assert_int_equal(archive_read_support_format_tar(a), ARCHIVE_OK);
	assert_int_equal(archive_read_open_memory(a, in->p, in->n), ARCHIVE_OK);
	while (archive_read_next_header(a, &entry) == ARCHIVE_OK) {
		const char *link = archive_entry_hardlink(entry);
		char text[256];
		ssize_t n;

		if (!link)
			link = archive_entry_symlink(entry);
		str_addf(out, "%c %s>%s %o %lld %lld %lld %lld.%09ld ", libarchive_type(entry),
			archive_entry_pathname(entry), link ? link : "",
			(unsigned)archive_entry_perm(entry), (long long)archive_entry_uid(entry),
			(long long)archive_entry_gid(entry), (long long)archive_entry_size(entry),
			(long long)archive_entry_mtime(entry), archive_entry_mtime_nsec(entry));
		while ((n = archive_read_data(a, text, sizeof text)) > 0)
			str_addn(out, text, (size_t)n);
		str_add(out, "\n");
	}
	archive_read_free(a);
}

static void reads_what_gnu_tar_wrote_as_libarchive_does(void **state)
{
	static const char *const formats[] = {
		"--format=gnu", "--format=pax", "--format=ustar", "--format=oldgnu"};
	struct scratch s;

	(void)state;
	scratch_open(&s);
	assert_int_equal(fs_mkdir_p(s.fd, "t/deep/" LONG10 LONG10 "/" LONG10 LONG10 "/x", 0750), 0);
	assert_int_equal(fs_write_atomic(s.fd, "t-file", "12345", 5, 04711, FS_NO_SYNC), 0);
	assert_int_equal(renameat(s.fd, "t-file", s.fd, "t/file"), 0);
	assert_int_equal(linkat(s.fd, "t/file", s.fd, "t/hard", 0), 0);
	assert_int_equal(symlinkat("../" LONG10, s.fd, "t/deep/link"), 0);
	assert_int_equal(mkfifoat(s.fd, "t/fifo", 0600), 0);
	assert_int_equal(fchownat(s.fd, "t/deep", 1234, 5678, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		cleanup_free char *file = xasprintf("%s/out.tar", s.path), *bytes = NULL;
		const char *const argv[] = {
			"/bin/tar", formats[i], "-C", s.path, "-cf", file, "t", NULL};
		cleanup_str struct str theirs = {0};
		struct str in = {0};

		assert_int_equal(run_program(argv), 0);
		assert_int_equal(fs_read(s.fd, "out.tar", 1 << 20, &bytes, &in.n), 0);
		in.p = bytes;
		read_by_libarchive(&in, &theirs);
		assert_non_null(strstr(theirs.p, "h t/"));
		must_hear(formats[i], &in, theirs.p);
	}
	scratch_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_all_forms),
		cmocka_unit_test(takes_gnu_and_ustar_names),
		cmocka_unit_test(takes_base_256),
		cmocka_unit_test(refuses_entries),
		cmocka_unit_test(refuses_streams),
		cmocka_unit_test(refuses_ambiguity_and_excess),
		cmocka_unit_test(notices_truncation_everywhere),
		cmocka_unit_test(reads_what_gnu_tar_wrote_as_libarchive_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
