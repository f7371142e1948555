/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CLI_KEY_PAIR_H
#define AGENT_CLI_KEY_PAIR_H

#include "runtime/base/err.h"
#include "runtime/base/str.h"

/**
 * Do a PEM certificate (chain) and a PEM private key belong together?
 * Returns: 0, or -EINVAL with what is wrong. By GnuTLS, which libcurl has loaded anyway.
 */
int key_pair_check(struct sv cert, struct sv key, struct err *e);

#endif
