/* SPDX-License-Identifier: Apache-2.0 */
/* CRI log lines: taken apart, put together from pieces of any size, counted from the end. */
#include "tests/unit/unit.h"

#include "agent/api/crilog.h"
#include "runtime/base/clock.h"

#define T "2026-11-22T20:28:01.123456789Z "

static void entries(void **state)
{
	static const struct {
		const char *line;
		int r;
		bool partial;
		const char *text;
	} cases[] = {
		{T "stdout F hello", 0, false, "hello"},
		{T "stderr P part ", 0, true, "part "},
		{T "stdout F ", 0, false, ""},
		{T "stdout F", 0, false, ""},
		{T "stdout F:x more", 0, false, "more"},
		{"2026-11-22T20:28:01+01:00 stdout F x", 0, false, "x"},
		{T "stdin F x", -EBADMSG, false, NULL},
		{T "stdout X x", -EBADMSG, false, NULL},
		{"yesterday stdout F x", -EBADMSG, false, NULL},
		{"", -EBADMSG, false, NULL},
		{" stdout F x", -EBADMSG, false, NULL},
		{"2026-11-22T20:28:01.123456789123456789123456789Z stdout F x", -EBADMSG, false,
			NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct crilog_entry entry;

		assert_case(crilog_parse(sv(cases[i].line), &entry) == cases[i].r, cases[i].line);
		if (cases[i].r < 0)
			continue;
		assert_case(entry.partial == cases[i].partial, cases[i].line);
		assert_case(sv_eq(entry.text, cases[i].text), cases[i].line);
	}
}

static const char sample[] =
	T "stdout F one\n" T "stdout P two-" T "\n" T "stdout P a\n" T "stderr F err\n" T
	  "stdout F b\ndamaged\n" T "stdout F \n" T "stdout F last";
static const char shown[] = "one\ntwo-" T "a\nerr\nb\n\n";

static void pieces_of_any_size(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < sizeof sample; piece++) {
		struct crilog l = CRILOG_INIT;
		cleanup_str struct str out = {0};

		for (size_t at = 0; at < sizeof sample - 1; at += piece)
			crilog_feed(&l, sample + at,
				sizeof sample - 1 - at < piece ? sizeof sample - 1 - at : piece,
				&out);
		/* The entry without its newline is still being written. */
		crilog_end(&l, &out);
		assert_string_equal(out.p, shown);
		crilog_done(&l);
	}
}

static void overlong_entries_are_cut(void **state)
{
	struct crilog l = CRILOG_INIT;
	cleanup_str struct str in = {0}, out = {0};

	(void)state;
	str_add(&in, T "stdout F ");
	for (int i = 0; i < 300000; i++)
		str_add(&in, "x");
	str_add(&in, "\n" T "stdout F next\n");
	for (size_t at = 0; at < in.n; at += 4096)
		crilog_feed(&l, in.p + at, in.n - at < 4096 ? in.n - at : 4096, &out);
	assert_true(out.n > 60000 && out.n <= CRILOG_ENTRY_MAX + 8);
	assert_non_null(strstr(out.p, "x\nnext\n"));
	crilog_done(&l);
}

/* The tail found block by block is the tail found by looking at everything. */
static void tails(void **state)
{
	cleanup_str struct str in = {0};
	size_t starts[64], n_lines = 0;
	bool begins = true;

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		bool partial = i % 5 == 2 || i % 7 == 3;

		if (begins)
			starts[n_lines++] = in.n;
		str_addf(&in, T "stdout %c line %u\n", partial ? 'P' : 'F', i);
		begins = !partial;
	}
	for (size_t block = 1; block < in.n; block += block < 100 ? 7 : 101) {
		for (uint64_t lines = 0; lines <= n_lines + 2; lines++) {
			struct crilog_tail t;
			uint64_t wanted = lines >= n_lines ? 0
					  : lines	   ? starts[n_lines - lines]
							   : in.n;

			crilog_tail_begin(&t, lines, in.n);
			while (!t.done) {
				size_t n = t.at < block ? (size_t)t.at : block;

				crilog_tail_feed(&t, in.p + t.at - n, n);
			}
			if (t.start != wanted)
				fail_msg("block %zu, %llu lines: %llu, not %llu", block,
					(unsigned long long)lines, (unsigned long long)t.start,
					(unsigned long long)wanted);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries),
		cmocka_unit_test(pieces_of_any_size),
		cmocka_unit_test(overlong_entries_are_cut),
		cmocka_unit_test(tails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
