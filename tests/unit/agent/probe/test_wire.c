/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that can be carried out as they stand; answers that are believed in their shape only. */
#include "agent/probe/wire.h"
#include "tests/unit/unit.h"

static void test_requests(void **state)
{
	static const struct {
		const char *text, *why; /* why: NULL is fine */
	} cases[] = {
		{"{\"kind\":\"http\",\"host\":\"10.0.0.1\",\"port\":80,\"timeout_ns\":1}", NULL},
		{"{\"kind\":\"grpc\",\"host\":\"::1\",\"port\":80,\"timeout_ns\":1,"
		 "\"service\":\"s\"}",
			NULL},
		{"{\"kind\":\"http\",\"host\":\"localhost\",\"port\":80,\"timeout_ns\":1}",
			"host: must be"},
		{"{\"kind\":\"http\",\"host\":\"10.0.0.1\",\"port\":0,\"timeout_ns\":1}",
			"port: must be"},
		{"{\"kind\":\"http\",\"host\":\"10.0.0.1\",\"port\":80}", "timeout_ns: must be"},
		{"{\"host\":\"10.0.0.1\",\"port\":80,\"timeout_ns\":1}", "kind: must be"},
		{"{\"kind\":\"http\",\"host\":\"10.0.0.1\",\"port\":80,\"timeout_ns\":1,"
		 "\"headers\":[\"A: b\\r\\nC: d\"]}",
			"headers[0]: must be"},
		{"{\"kind\":\"icmp\",\"host\":\"10.0.0.1\",\"port\":80,\"timeout_ns\":1}",
			"must be one of the known words"},
		{"{\"kind\":\"tcp\",\"port\":80,\"timeout_ns\":1}", "is missing"},
		{"[]", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct probe_request q = {0};
		struct err e = {0};
		int r = probe_request_read(sv(cases[i].text), &q, &e);

		assert_int_equal(r == 0, !cases[i].why);
		if (cases[i].why && !strstr(err_text(&e), cases[i].why))
			fail_msg("%s: %s", cases[i].text, err_text(&e));
		probe_request_done(&q);
	}
}

static void test_there_and_back(void **state)
{
	const struct probe_request q = {.id = 7,
		.kind = PROBE_HTTP,
		.host = (char[]){"10.0.0.1"},
		.port = 80,
		.path = (char[]){"/x"},
		.https = true,
		.headers = (char *[]){(char[]){"A: b"}},
		.n_headers = 1,
		.timeout_ns = 5};
	cleanup_free char *text = probe_request_write(&q);
	cleanup_probe_request struct probe_request back = {0}, copy = {0};

	(void)state;
	assert_int_equal(probe_request_read(sv(text), &back, NULL), 0);
	probe_request_copy(&back, &copy);
	cleanup_free char *again = probe_request_write(&copy);
	assert_string_equal(again, text);
}

static void test_answers(void **state)
{
	static char text[PROBE_TEXT_MAX + 2];
	struct probe_answer a = {0};

	(void)state;
	assert_int_equal(probe_answer_read(
				 sv("{\"id\":3,\"result\":\"failure\",\"text\":\"no\"}"), &a, NULL),
		0);
	assert_int_equal(a.result, PROBE_FAILURE);
	probe_answer_done(&a);
	assert_true(probe_answer_read(sv("{\"id\":3}"), &a, NULL) < 0);
	assert_true(probe_answer_read(sv("{\"id\":3,\"result\":\"fine\"}"), &a, NULL) < 0);
	memset(text, 'x', sizeof text - 1);
	cleanup_free char *long_one = xasprintf("{\"result\":\"success\",\"text\":\"%s\"}", text);
	assert_true(probe_answer_read(sv(long_one), &a, NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
