/* SPDX-License-Identifier: Apache-2.0 */
/* Text of strangers, bounded and made valid UTF-8. For this folder only. */
#ifndef RUNTIME_SHIM_MESSAGE_H
#define RUNTIME_SHIM_MESSAGE_H

#include <stddef.h>

struct container;

/** @bytes as valid UTF-8 without NUL; what is not becomes U+FFFD. Returns: owned by the caller. */
char *message_text(const char *bytes, size_t n);

/** The termination message of the run that has just ended. Returns: owned by the caller, or NULL: none. */
char *message_of_run(const struct container *c, int exit_code);

#endif
