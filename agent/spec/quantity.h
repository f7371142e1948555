/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quantities ("500m", "1.5Gi", "2e3"), durations, and numbers that may be names.
 * Source: Kubernetes API reference, "Quantity" (the serialization format).
 */
#ifndef AGENT_SPEC_QUANTITY_H
#define AGENT_SPEC_QUANTITY_H

#include "runtime/base/json.h"

enum quantity_format { QUANTITY_DECIMAL_SI, QUANTITY_BINARY_SI, QUANTITY_EXPONENT };

/* A number of nano-units: exact for all that Kubernetes writes; what is finer is rounded up. */
struct quantity {
	__extension__ __int128 nano;
	enum quantity_format format;
};

/** Returns: 0, -EINVAL (no quantity), -ERANGE (beyond 2^63-1 units). */
int quantity_parse(struct sv text, struct quantity *ret);
/** Of a JSON value: a string, or a number. */
int quantity_of(const json_t *j, struct quantity *ret);
/** -1, 0, 1. */
int quantity_compare(struct quantity a, struct quantity b);
/** The canonical text ("1000m" → "1", "1024Mi" → "1Gi"). Returns: owned by the caller. */
char *quantity_text(struct quantity q);
/** In whole units (bytes, counts), rounded up; in thousandths (CPU), rounded up. Never overflows.
 */
int64_t quantity_units(struct quantity q);
int64_t quantity_milli(struct quantity q);

/**
 * Member @key of a resource list (limits, requests) in units / milli-units.
 * Returns: the value, or @fallback when it is missing or no quantity.
 */
int64_t resource_units(const json_t *list, const char *key, int64_t fallback);
int64_t resource_milli(const json_t *list, const char *key, int64_t fallback);

/** Go's form, "1h30m", "1.5s", "300ms". Returns: 0, -EINVAL, -ERANGE; negative durations are
 * refused. */
int duration_parse(struct sv text, uint64_t *ret_ns);
/** For people, as kubectl prints ages: "45s", "3m20s", "5h", "12d". @out: 16 bytes. Returns: @out.
 */
char *duration_human(uint64_t ns, char out[16]);

/**
 * An int-or-string that is a count or a percentage of @total (maxSurge, maxUnavailable).
 * Returns: 0, or -EINVAL.
 */
int int_or_percent(const json_t *j, int64_t total, bool round_up, int64_t *ret);

#endif
