/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between shim and runner: what is written is read, and nothing else is. */
#include "runtime/runner/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char *words[] = {
	(char *)(uintptr_t) "/bin/sh", (char *)(uintptr_t) "-c", (char *)(uintptr_t) "", NULL};

static void request_round_trip(void **state)
{
	static char buf[RUNNER_REQUEST_MAX], *argv[RUNNER_WORDS_MAX + 1];
	struct runner_head head;
	ssize_t n = runner_request(RUNNER_RUN, 7, words, 3, buf);

	(void)state;
	assert_int_equal(n, sizeof head + sizeof "/bin/sh" + sizeof "-c" + 1);
	assert_int_equal(runner_request_read(buf, (size_t)n, &head, argv), 0);
	assert_int_equal(head.id, 7);
	assert_int_equal(head.verb, RUNNER_RUN);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(argv[i], words[i]);
	assert_null(argv[3]);
	assert_int_equal(runner_request(RUNNER_KILL, 8, NULL, 0, buf), sizeof head);
	assert_int_equal(runner_request_read(buf, sizeof head, &head, argv), 0);
	assert_int_equal(head.verb, RUNNER_KILL);
}

static void request_too_long(void **state)
{
	static char buf[RUNNER_REQUEST_MAX], large[RUNNER_REQUEST_MAX];
	char *argv[] = {large, NULL};

	(void)state;
	memset(large, 'a', sizeof large - 1);
	assert_int_equal(runner_request(RUNNER_RUN, 1, argv, 1, buf), -E2BIG);
	large[sizeof large - 1 - sizeof(struct runner_head)] = '\0';
	assert_int_equal(runner_request(RUNNER_RUN, 1, argv, 1, buf), RUNNER_REQUEST_MAX);
	assert_int_equal(runner_request(RUNNER_RUN, 1, argv, RUNNER_WORDS_MAX + 1, buf), -E2BIG);
}

static void bad_requests(void **state)
{
	static char *argv[RUNNER_WORDS_MAX + 1];
	static const struct {
		struct runner_head head;
		const char *bytes;
		size_t n;
	} cases[] = {
		{{1, RUNNER_RUN, 0}, "", 0},
		{{1, RUNNER_RUN, 1}, "", 0},
		{{1, RUNNER_RUN, 1}, "abc", 3},
		{{1, RUNNER_RUN, 1}, "a\0b", 4},
		{{1, RUNNER_RUN, 2}, "a", 2},
		{{1, RUNNER_RUN, RUNNER_WORDS_MAX + 1}, "a", 2},
		{{1, RUNNER_KILL, 0}, "a", 1},
		{{1, RUNNER_KILL, 1}, "", 0},
		{{1, RUNNER_EXITED, 0}, "", 0},
		{{1, 0, 0}, "", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct runner_head head;
		char buf[64];

		memcpy(buf, &cases[i].head, sizeof head);
		memcpy(buf + sizeof head, cases[i].bytes, cases[i].n);
		if (runner_request_read(buf, sizeof head + cases[i].n, &head, argv) != -EBADMSG)
			fail_msg("row %zu", i);
		assert_int_equal(runner_request_read(buf, sizeof head - 1, &head, argv), -EBADMSG);
	}
}

static void answers(void **state)
{
	static char buf[sizeof(struct runner_head) + RUNNER_OUTPUT_MAX + 1];
	static const struct {
		struct runner_head head;
		size_t n;
		int r;
	} cases[] = {
		{{3, RUNNER_EXITED, 0}, 0, 0},
		{{3, RUNNER_EXITED, 255}, RUNNER_OUTPUT_MAX, 0},
		{{3, RUNNER_FAILED, 0}, 5, 0},
		{{3, RUNNER_EXITED, 256}, 0, -EBADMSG},
		{{3, RUNNER_EXITED, 0xffffffff}, 0, -EBADMSG},
		{{3, RUNNER_EXITED, 0}, RUNNER_OUTPUT_MAX + 1, -EBADMSG},
		{{3, RUNNER_RUN, 0}, 0, -EBADMSG},
		{{3, 77, 0}, 0, -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct runner_answer a;
		size_t n = sizeof cases[i].head + cases[i].n;

		memcpy(buf, &cases[i].head, sizeof cases[i].head);
		if (runner_answer_read(buf, n, &a) != cases[i].r)
			fail_msg("row %zu", i);
		if (cases[i].r < 0)
			continue;
		assert_int_equal(a.id, 3);
		assert_int_equal(a.failed, cases[i].head.verb == RUNNER_FAILED);
		assert_int_equal(a.exit_code, cases[i].head.number);
		assert_int_equal(a.output.n, cases[i].n);
	}
	assert_int_equal(
		runner_answer_read(buf, sizeof(struct runner_head) - 1, &(struct runner_answer){0}),
		-EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_round_trip),
		cmocka_unit_test(request_too_long),
		cmocka_unit_test(bad_requests),
		cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
