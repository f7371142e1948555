/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time of the next attempt, as the end of a waiting message. Must hold: what attempt_text() writes, attempt_of() reads.
 */
#include "agent/spec/attempt.h"

#include "runtime/base/clock.h"

#define MARK "next attempt at "

char *attempt_text(const char *message, uint64_t at_wall_ns)
{
	char time[RFC3339_SIZE];

	return xasprintf("%s%s" MARK "%s", message ? message : "", message ? "; " : "",
		rfc3339(at_wall_ns, time));
}

uint64_t attempt_of(const json_t *container_status)
{
	const char *text = json_str(json_at(container_status, "state", "waiting", NULL), "message");
	const char *found = NULL;
	uint64_t at;

	/* The last one: in front stand words of others. */
	for (const char *p = text; p && (p = strstr(p, MARK)); p += strlen(MARK))
		found = p + strlen(MARK);
	return found && rfc3339_parse(found, &at) == 0 ? at : 0;
}
