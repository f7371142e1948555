/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times of objects as people read them.
 */
#ifndef AGENT_CLI_AGES_H
#define AGENT_CLI_AGES_H

#include "agent/cli/cli.h"

enum { AGE_SIZE = 16 };

/** "3m4s" since an RFC 3339 time; "<unknown>" for none. @out: AGE_SIZE bytes. Returns: @out. */
char *age_of(const struct cli *c, const char *time, char out[AGE_SIZE]);
/** "Sun, 22 Nov 2026 20:28:01 +0000", as describe prints times (in the local zone). "" for none. */
void time_text(const char *time, struct str *out);

#endif
