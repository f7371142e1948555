/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoding walker. Private to agent/spec.
 */
#ifndef AGENT_SPEC_DECODE_H
#define AGENT_SPEC_DECODE_H

#include "agent/spec/walk.h"

/** Decodes @object as a @t, in place (see spec_decode). */
void decode_object(struct walk *w, const struct type *t, json_t *object);

#endif
