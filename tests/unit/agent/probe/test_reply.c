/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts from what came back, and what goes out. */
#include "agent/probe/reply.h"
#include "tests/unit/unit.h"

static const struct probe_request web = {.kind = PROBE_HTTP,
	.host = (char[]){"10.0.0.1"},
	.port = 8080,
	.path = (char[]){"/healthz"}};

static void test_http_verdicts(void **state)
{
	static const struct {
		long status;
		enum reply_end end;
		const char *trouble;
		bool too_long, whole;
		enum probe_result result;
		const char *text;
	} cases[] = {
		{200, REPLY_WHOLE, NULL, false, true, PROBE_SUCCESS, NULL},
		{299, REPLY_WHOLE, NULL, false, true, PROBE_SUCCESS, NULL},
		{302, REPLY_WHOLE, NULL, false, true, PROBE_WARNING,
			"Probe terminated redirects, Response body: "},
		{404, REPLY_WHOLE, NULL, false, true, PROBE_FAILURE,
			"HTTP probe failed with statuscode: 404"},
		{199, REPLY_WHOLE, NULL, false, true, PROBE_FAILURE,
			"HTTP probe failed with statuscode: 199"},
		{0, REPLY_REFUSED, "connection refused", false, false, PROBE_FAILURE,
			"Get \"http://10.0.0.1:8080/healthz\": dial tcp 10.0.0.1:8080: connect: "
			"connection refused"},
		{0, REPLY_TIMEOUT, NULL, false, false, PROBE_FAILURE,
			"Get \"http://10.0.0.1:8080/healthz\": context deadline exceeded "
			"(Client.Timeout exceeded while awaiting headers)"},
		{200, REPLY_TIMEOUT, NULL, false, true, PROBE_FAILURE,
			"Get \"http://10.0.0.1:8080/healthz\": context deadline exceeded "
			"(Client.Timeout exceeded while reading body)"},
		{200, REPLY_BROKEN, NULL, true, false, PROBE_FAILURE,
			"Get \"http://10.0.0.1:8080/healthz\": the answer has more than 8192 bytes "
			"of headers"},
		{0, REPLY_BROKEN, NULL, false, false, PROBE_FAILURE,
			"Get \"http://10.0.0.1:8080/healthz\": EOF"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct reply r = {.end = cases[i].end,
			.trouble = cases[i].trouble,
			.status = cases[i].status,
			.headers_too_long = cases[i].too_long,
			.headers_whole = cases[i].whole};
		cleanup_free char *text = NULL;

		assert_int_equal(http_verdict(&web, &r, &text), cases[i].result);
		if (cases[i].text)
			assert_string_equal(text, cases[i].text);
		else
			assert_null(text);
	}
}

static void test_hooks_take_every_status(void **state)
{
	struct probe_request q = web;
	const struct reply r = {.status = 500};
	char *text;

	(void)state;
	q.any_status = true;
	assert_int_equal(http_verdict(&q, &r, &text), PROBE_SUCCESS);
	assert_null(text);
}

static void test_what_goes_out_cannot_break_a_line(void **state)
{
	static const struct {
		const char *host, *path, *url;
		bool https;
	} cases[] = {
		{"10.0.0.1", NULL, "http://10.0.0.1:8080/", false},
		{"10.0.0.1", "", "http://10.0.0.1:8080/", false},
		{"10.0.0.1", "up?full=1&x=%20", "https://10.0.0.1:8080/up?full=1&x=%20", true},
		{"fd00::1", "/", "http://[fd00::1]:8080/", false},
		{"10.0.0.1", "/a b\r\nX: y", "http://10.0.0.1:8080/a%20b%0D%0AX:%20y", false},
		{"10.0.0.1", "/../\xc3\xa9", "http://10.0.0.1:8080/../%C3%A9", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct probe_request q = {.kind = PROBE_HTTP,
			.host = (char *)(uintptr_t)cases[i].host,
			.path = (char *)(uintptr_t)cases[i].path,
			.port = 8080,
			.https = cases[i].https};
		cleanup_free char *url = reply_url(&q);

		assert_string_equal(url, cases[i].url);
	}
}

static void test_limits(void **state)
{
	static char big[PROBE_BODY_MAX + 100];
	struct reply r = {.grpc_status = -1};

	(void)state;
	memset(big, 'x', sizeof big);
	assert_true(reply_header(&r, (struct sv){big, PROBE_HEADERS_MAX}));
	assert_false(reply_header(&r, (struct sv){big, 1}));
	assert_true(r.headers_too_long);
	assert_true(reply_body(&r, (struct sv){big, 100}));
	assert_false(reply_body(&r, (struct sv){big, sizeof big}));
	assert_true(r.body_full);
	assert_int_equal(r.body.n, PROBE_BODY_MAX);
	reply_done(&r);
}

static void test_a_strangers_text_is_one_short_line(void **state)
{
	struct reply r = {.status = 301, .grpc_status = -1};
	char *text = NULL;

	(void)state;
	for (int i = 0; i < 3000; i++)
		(void)reply_body(&r, sv("\x1b[31m\n\xff"));
	assert_int_equal(http_verdict(&web, &r, &text), PROBE_WARNING);
	assert_true(strlen(text) <= PROBE_TEXT_MAX);
	for (const char *p = text; *p; p++)
		assert_true((unsigned char)*p >= ' ');
	free(text);
	reply_done(&r);
}

static void test_grpc_question(void **state)
{
	cleanup_str struct str whole = {0}, named = {0};

	(void)state;
	grpc_question("", &whole);
	assert_int_equal(whole.n, 5);
	assert_memory_equal(whole.p, "\0\0\0\0\0", 5);
	grpc_question("web", &named);
	assert_int_equal(named.n, 10);
	assert_memory_equal(named.p, "\0\0\0\0\5\12\3web", 10);
}

#define SERVING "\0\0\0\0\2\10\1"
#define NOT_SERVING "\0\0\0\0\2\10\2"
static void test_grpc_verdicts(void **state)
{
	static const struct {
		const char *body;
		size_t n;
		int grpc;
		long status;
		enum reply_end end;
		const char *trouble, *text;
	} cases[] = {
		{SERVING, 7, 0, 200, REPLY_WHOLE, NULL, NULL},
		{NOT_SERVING, 7, 0, 200, REPLY_WHOLE, NULL,
			"service unhealthy (responded with \"NOT_SERVING\")"},
		{"\0\0\0\0\0", 5, 0, 200, REPLY_WHOLE, NULL,
			"service unhealthy (responded with \"UNKNOWN\")"},
		/* other fields, of each wire type, before ours */
		{"\0\0\0\0\x13\x10\xff\1\x1a\2ab\x25wxyz\x29"
		 "12345678\10\1",
			28, 0, 200, REPLY_WHOLE, NULL,
			"error: health rpc probe failed: the answer is "
			"no HealthCheckResponse"},
		{"\0\0\0\0\x17\x10\xff\1\x1a\2ab\x25wxyz\x29"
		 "12345678\10\1",
			28, 0, 200, REPLY_WHOLE, NULL, NULL},
		{"\1\0\0\0\2\10\1", 7, 0, 200, REPLY_WHOLE, NULL,
			"error: health rpc probe failed: the answer is no HealthCheckResponse"},
		{"\0\xff\xff\xff\xff\10\1", 7, 0, 200, REPLY_WHOLE, NULL,
			"error: health rpc probe failed: the answer is no HealthCheckResponse"},
		{"", 0, 12, 200, REPLY_WHOLE, NULL,
			"error: this server does not implement the grpc health protocol "
			"(grpc.health.v1.Health): nope"},
		{"", 0, 5, 200, REPLY_WHOLE, NULL,
			"error: health rpc probe failed: rpc error: code = 5 desc = nope"},
		{"", 0, -1, 404, REPLY_WHOLE, NULL,
			"error: health rpc probe failed: no gRPC answer, but HTTP status 404"},
		{"", 0, -1, 0, REPLY_TIMEOUT, NULL,
			"timeout: failed to connect service \"10.0.0.1:9\" within 1.5s: context "
			"deadline exceeded"},
		{"", 0, -1, 200, REPLY_TIMEOUT, NULL,
			"timeout: health rpc did not complete within 1.5s"},
		{"", 0, -1, 0, REPLY_REFUSED, "connection refused",
			"error: failed to connect service at \"10.0.0.1:9\": dial tcp 10.0.0.1:9: "
			"connect: connection refused"},
	};
	const struct probe_request q = {.kind = PROBE_GRPC,
		.host = (char[]){"10.0.0.1"},
		.port = 9,
		.timeout_ns = 1500000000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct reply r = {.end = cases[i].end,
			.status = cases[i].status,
			.connected = cases[i].status != 0,
			.trouble = cases[i].trouble,
			.grpc_status = -1};
		cleanup_free char *line = xasprintf("Grpc-Status: %d\r\n", cases[i].grpc);
		cleanup_free char *text = NULL;

		if (cases[i].grpc >= 0)
			assert_true(reply_header(&r, sv(line)));
		assert_true(reply_header(&r, sv("grpc-message: nope\r\n")));
		if (cases[i].n)
			(void)reply_body(&r, (struct sv){cases[i].body, cases[i].n});
		assert_int_equal(
			grpc_verdict(&q, &r, &text), cases[i].text ? PROBE_FAILURE : PROBE_SUCCESS);
		if (cases[i].text)
			assert_string_equal(text, cases[i].text);
		else
			assert_null(text);
		reply_done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http_verdicts),
		cmocka_unit_test(test_hooks_take_every_status),
		cmocka_unit_test(test_what_goes_out_cannot_break_a_line),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_a_strangers_text_is_one_short_line),
		cmocka_unit_test(test_grpc_question),
		cmocka_unit_test(test_grpc_verdicts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
