/* SPDX-License-Identifier: Apache-2.0 */
/* Decompression: every form in pieces of any size, broken streams, bombs (T19). */
#include "tests/unit/runtime/image/build.h"

#include "runtime/image/inflate.h"

static int collect(void *data, const void *bytes, size_t n, struct err *e)
{
	(void)e;
	str_addn(data, bytes, n);
	return 0;
}

static int discard(void *data, const void *bytes, size_t n, struct err *e)
{
	uint64_t *total = data;

	(void)bytes;
	(void)e;
	*total += n;
	return 0;
}

static int run(const struct str *in, size_t step, struct str *out, struct err *e)
{
	CLEANUP(inflate_free)
	struct inflate *f =
		inflate_new(&inflate_limits_layer, &(struct inflate_sink){collect, out});

	for (size_t at = 0; at < in->n; at += step) {
		size_t n = in->n - at < step ? in->n - at : step;
		int r = inflate_feed(f, in->p + at, n, e);

		if (r < 0)
			return r;
	}
	return inflate_finish(f, e);
}

/* Text that does not compress to nothing. */
static void fill(struct str *out, size_t n)
{
	uint32_t x = 12345;

	while (out->n < n) {
		x = x * 1664525 + 1013904223;
		str_addf(out, "%u %s\n", x >> 20, x & 1 ? "odd" : "even");
	}
}

static void gzip_two_members(struct str *out, const struct str *plain)
{
	size_t half = plain->n / 2;

	gzip_add(out, plain->p, half);
	gzip_add(out, plain->p + half, plain->n - half);
	gzip_add(out, "", 0); /* as estargz ends */
}

static void zstd_two_frames(struct str *out, const struct str *plain)
{
	size_t half = plain->n / 2;

	zstd_add(out, plain->p, half);
	zstd_add(out, plain->p + half, plain->n - half);
	/* A skippable frame of 3 bytes, as zstd:chunked has. */
	str_addn(out, "\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
}

static void make_gzip(struct str *out, const struct str *plain)
{
	gzip_add(out, plain->p, plain->n);
}

static void make_zstd(struct str *out, const struct str *plain)
{
	zstd_add(out, plain->p, plain->n);
}

static void make_plain(struct str *out, const struct str *plain)
{
	str_addn(out, plain->p, plain->n);
}

static const struct {
	const char *name;
	void (*make)(struct str *out, const struct str *plain);
} forms[] = {
	{"gzip", make_gzip},
	{"gzip of three members", gzip_two_members},
	{"zstd", make_zstd},
	{"zstd of two frames", zstd_two_frames},
	{"plain", make_plain},
};

static void takes_any_pieces(void **state)
{
	static const size_t steps[] = {1 << 22, 65536, 511, 13, 1};
	cleanup_str struct str plain = {0};

	(void)state;
	fill(&plain, 300 << 10);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		cleanup_str struct str packed = {0};

		forms[i].make(&packed, &plain);
		for (size_t k = 0; k < ARRAY_SIZE(steps); k++) {
			cleanup_str struct str out = {0};
			struct err e = {0};

			if (run(&packed, steps[k], &out, &e) < 0)
				fail_msg("%s: %s", forms[i].name, err_text(&e));
			assert_case(out.n == plain.n && memcmp(out.p, plain.p, out.n) == 0,
				forms[i].name);
		}
	}
}

static void short_plain_is_plain(void **state)
{
	static const char *const texts[] = {"", "a", "\x1f", "BZ", "\x28\xb5\x2f"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup_str struct str in = {0}, out = {0};

		str_addn(&in, texts[i], strlen(texts[i]));
		assert_case(run(&in, 1, &out, NULL) == 0, texts[i]);
		assert_int_equal(out.n, in.n);
	}
}

static void notices_truncation(void **state)
{
	cleanup_str struct str plain = {0};

	(void)state;
	fill(&plain, 40 << 10);
	for (size_t i = 0; i + 1 < ARRAY_SIZE(forms); i++) {
		cleanup_str struct str packed = {0};
		bool refused_last = false;

		forms[i].make(&packed, &plain);
		for (size_t n = 8; n < packed.n; n += n < packed.n - 64 ? 97 : 1) {
			cleanup_str struct str out = {0};
			struct err e = {0};
			int r = run(&(struct str){packed.p, n, n}, 4096, &out, &e);

			/* Between two members a stream may end: what came is whole then. */
			assert_case(r == -EBADMSG || (r == 0 && out.n <= plain.n), forms[i].name);
			refused_last = r < 0;
		}
		assert_case(refused_last, forms[i].name);
	}
}

static void notices_damage(void **state)
{
	cleanup_str struct str plain = {0}, packed = {0}, last = {0};
	size_t refused = 0, tried = 0;

	(void)state;
	fill(&plain, 40 << 10);
	gzip_add(&packed, plain.p, plain.n);
	for (size_t i = 0; i < packed.n; i += 31, tried++) {
		cleanup_str struct str out = {0};

		packed.p[i] ^= 0x10;
		refused += run(&packed, 1000, &out, NULL) < 0;
		packed.p[i] ^= 0x10;
	}
	/* Bytes of the header (time, system) may change. */
	assert_true(tried - refused <= 1);
	packed.p[packed.n - 6] ^= 1;
	assert_int_equal(run(&packed, 1000, &last, NULL), -EBADMSG);
}

static void refuses_other_forms(void **state)
{
	static const char *const cases[] = {"\xfd"
					    "7zXZ\0 and so on",
		"BZh91AY and so on"};
	static const char *const names[] = {"xz", "bzip2"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_str struct str in = {0}, out = {0};
		struct err e = {0};

		str_addn(&in, cases[i], 12);
		assert_int_equal(run(&in, 5, &out, &e), -EBADMSG);
		assert_non_null(strstr(e.msg, names[i]));
	}
	/* Junk behind a gzip member is no gzip member. */
	{
		cleanup_str struct str in = {0}, out = {0};

		gzip_add(&in, "abc", 3);
		str_addn(&in, "junk junk junk", 14);
		assert_int_equal(run(&in, 100, &out, NULL), -EBADMSG);
	}
}

/* Packs zeros with a program, for ISA-L's own packer stops at 1:100. */
static void defuses_bombs(void **state)
{
	static const char *const packers[] = {"head -c 200000000 /dev/zero | gzip -6 >\"$0\"",
		"head -c 200000000 /dev/zero | zstd -q -o \"$0\""};
	struct scratch s;

	(void)state;
	scratch_open(&s);
	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
		cleanup_free char *path = xasprintf("%s/bomb%zu", s.path, i), *bytes = NULL;
		const char *const argv[] = {"/bin/sh", "-c", packers[i], path, NULL};
		CLEANUP(inflate_free) struct inflate *f = NULL;
		uint64_t out = 0;
		struct err e = {0};
		size_t n;

		assert_int_equal(run_program(argv), 0);
		assert_int_equal(fs_read(AT_FDCWD, path, 64 << 20, &bytes, &n), 0);
		f = inflate_new(&inflate_limits_layer, &(struct inflate_sink){discard, &out});
		for (size_t at = 0; at < n && !e.code; at += 4096)
			(void)inflate_feed(f, bytes + at, n - at < 4096 ? n - at : 4096, &e);
		assert_int_equal(e.code, -EFBIG);
		assert_non_null(strstr(e.msg, "bomb"));
		/* It got no further than the ratio is not looked at, and one buffer. */
		assert_true(out <= (64u << 20) + (256u << 10));
	}
	scratch_close(&s);
}

static void limits_the_window(void **state)
{
	/* A zstd frame header that asks for a window of 2 GiB (log 31), then nothing. */
	static const unsigned char frame[] = {
		0x28, 0xb5, 0x2f, 0xfd, 0x00, (31 - 10) << 3, 0, 0, 0, 0};
	cleanup_str struct str in = {0}, out = {0};
	struct err e = {0};

	(void)state;
	str_addn(&in, frame, sizeof frame);
	assert_int_equal(run(&in, 100, &out, &e), -EBADMSG);
	assert_non_null(strstr(e.msg, "zstd"));
}

static void limits_the_whole(void **state)
{
	const struct inflate_limits small = {.out_bytes = 1000, .ratio_after = 1 << 30, .ratio = 1};
	cleanup_str struct str plain = {0};
	uint64_t out = 0;
	struct err e = {0};
	CLEANUP(inflate_free)
	struct inflate *f = inflate_new(&small, &(struct inflate_sink){discard, &out});

	(void)state;
	fill(&plain, 2000);
	assert_int_equal(inflate_feed(f, plain.p, 900, &e), 0);
	assert_int_equal(inflate_feed(f, plain.p, 900, &e), -EFBIG);
	assert_int_equal(out, 900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_any_pieces),
		cmocka_unit_test(short_plain_is_plain),
		cmocka_unit_test(notices_truncation),
		cmocka_unit_test(notices_damage),
		cmocka_unit_test(refuses_other_forms),
		cmocka_unit_test(defuses_bombs),
		cmocka_unit_test(limits_the_window),
		cmocka_unit_test(limits_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
