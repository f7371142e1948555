/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ages and times for tables and describe.
 */
#include "agent/cli/ages.h"

#include "agent/spec/quantity.h"

#include <time.h>

char *age_of(const struct cli *c, const char *time, char out[AGE_SIZE])
{
	uint64_t then, now = clock_wall_ns(c->clock);

	if (!time || rfc3339_parse(time, &then) < 0) {
		(void)snprintf(out, AGE_SIZE, "<unknown>");
		return out;
	}
	return duration_human(now > then ? now - then : 0, out);
}

void time_text(const char *time, struct str *out)
{
	uint64_t ns;
	time_t seconds;
	struct tm tm;
	char text[64];

	if (!time || rfc3339_parse(time, &ns) < 0)
		return;
	seconds = (time_t)(ns / NS_PER_SEC);
	/* RFC 1123 with a numeric zone. English names whatever the locale: setlocale is never called. */
	if (localtime_r(&seconds, &tm) &&
		strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S %z", &tm))
		str_add(out, text);
}
