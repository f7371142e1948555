/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between shim and runner. Strict on both sides: a length that does not fit is no message.
 */
#include "runtime/runner/wire.h"

static char *put(char *at, const void *bytes, size_t n)
{
	memcpy(at, bytes, n);
	return at + n;
}

ssize_t runner_request(enum runner_verb verb, uint64_t id, char *const *argv, size_t n, char *buf)
{
	const struct runner_head head = {.id = id, .verb = verb, .number = (uint32_t)n};
	char *at = put(buf, &head, sizeof head);
	const char *end = buf + RUNNER_REQUEST_MAX;

	if (n > RUNNER_WORDS_MAX)
		return -E2BIG;
	for (size_t i = 0; i < n; i++) {
		size_t size = strlen(argv[i]) + 1;

		if (size > (size_t)(end - at))
			return -E2BIG;
		at = put(at, argv[i], size);
	}
	return at - buf;
}

int runner_request_read(char *bytes, size_t n, struct runner_head *ret, char **argv)
{
	char *at = bytes + sizeof *ret, *end = bytes + n;

	if (n < sizeof *ret)
		return -EBADMSG;
	memcpy(ret, bytes, sizeof *ret);
	if (ret->verb == RUNNER_KILL)
		return n == sizeof *ret && ret->number == 0 ? 0 : -EBADMSG;
	if (ret->verb != RUNNER_RUN || ret->number < 1 || ret->number > RUNNER_WORDS_MAX)
		return -EBADMSG;
	for (uint32_t i = 0; i < ret->number; i++) {
		char *nul = memchr(at, '\0', (size_t)(end - at));

		if (!nul)
			return -EBADMSG;
		argv[i] = at;
		at = nul + 1;
	}
	argv[ret->number] = NULL;
	return at == end ? 0 : -EBADMSG;
}

int runner_answer_read(const void *bytes, size_t n, struct runner_answer *ret)
{
	enum { CODE_MAX = 255 };
	struct runner_head head;

	if (n < sizeof head || n > sizeof head + RUNNER_OUTPUT_MAX)
		return -EBADMSG;
	memcpy(&head, bytes, sizeof head);
	if ((head.verb != RUNNER_EXITED && head.verb != RUNNER_FAILED) || head.number > CODE_MAX)
		return -EBADMSG;
	*ret = (struct runner_answer){
		.id = head.id,
		.failed = head.verb == RUNNER_FAILED,
		.exit_code = (int)head.number,
		.output = {(const char *)bytes + sizeof head, n - sizeof head},
	};
	return 0;
}
