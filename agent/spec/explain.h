/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words for what berth does with a field. Private to agent/spec.
 */
#ifndef AGENT_SPEC_EXPLAIN_H
#define AGENT_SPEC_EXPLAIN_H

#include "agent/spec/schema.h"

/** "honoured", "refused", "accepted, no effect", "reported" (@observed: below status), "dropped". */
const char *support_word(const struct field *f, bool observed);
/** The word, what is honoured all the same, and why. */
void support_text(const struct field *f, bool observed, struct str *out);

#endif
