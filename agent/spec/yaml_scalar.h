/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plain YAML scalar means. Private to agent/spec.
 */
#ifndef AGENT_SPEC_YAML_SCALAR_H
#define AGENT_SPEC_YAML_SCALAR_H

#include "runtime/base/json.h"

/**
 * The value of an unquoted scalar. Returns: 0 and a new reference, or -ERANGE for what JSON cannot say (.inf, .nan).
 */
int yaml_scalar(struct sv text, json_t **ret);

/** A new integer for a whole number, else a real. NULL: JSON cannot say it. */
json_t *yaml_number(double d);

#endif
