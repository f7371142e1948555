/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes out of a container on the socket of its runner, and what goes in: an answer that is taken stays within its
 * bounds, a request that is taken is the same when it is written again.
 */
#include "runtime/runner/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void answer(const uint8_t *in, size_t n)
{
	struct runner_answer a;

	if (runner_answer_read(in, n, &a) < 0)
		return;
	must(a.exit_code >= 0 && a.exit_code <= 255 && a.output.n <= RUNNER_OUTPUT_MAX);
	must((const uint8_t *)a.output.p + a.output.n == in + n);
}

static void request(const uint8_t *in, size_t n)
{
	static char buf[RUNNER_REQUEST_MAX], again[RUNNER_REQUEST_MAX];
	static char *argv[RUNNER_WORDS_MAX + 1];
	struct runner_head head;

	if (n > sizeof buf)
		return;
	memcpy(buf, in, n);
	if (runner_request_read(buf, n, &head, argv) < 0)
		return;
	must(runner_request((enum runner_verb)head.verb, head.id, argv, head.number, again) ==
		(ssize_t)n);
	must(memcmp(again, in, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	answer(in, n);
	request(in, n);
	return 0;
}
