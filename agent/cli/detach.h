/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that leave a terminal behind: "ctrl-p,ctrl-q". They are looked for in what is typed and never sent; the first
 * of them alone is held until the next key shows what was meant.
 */
#ifndef AGENT_CLI_DETACH_H
#define AGENT_CLI_DETACH_H

#include "runtime/base/err.h"
#include "runtime/base/str.h"

#include <stdbool.h>

enum { DETACH_KEYS_MAX = 8 };

struct detach {
	char keys[DETACH_KEYS_MAX];
	size_t n;	/* of keys; 0: nothing detaches */
	size_t matched; /* how many of them were typed last, and are held */
};

/** @text: single characters and ctrl-@ … ctrl-_, separated by commas; "": none. 0, or -EINVAL. */
int detach_parse(const char *text, struct detach *ret, struct err *e);
/** Adds to @out what of @typed is to be sent. Returns: the keys were typed; what stands behind them is dropped. */
bool detach_filter(struct detach *d, struct sv typed, struct str *out);

#endif
