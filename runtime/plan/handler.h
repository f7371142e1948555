/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lifecycle handler in the plan: what is done right after a container's start, or before it is asked to stop.
 */
#ifndef RUNTIME_PLAN_HANDLER_H
#define RUNTIME_PLAN_HANDLER_H

#include "runtime/base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum plan_handler_kind {
	PLAN_HANDLER_NONE,
	PLAN_HANDLER_EXEC,
	PLAN_HANDLER_HTTP,
	PLAN_HANDLER_TCP,
	PLAN_HANDLER_SLEEP,
	PLAN_HANDLER_MAX
};

struct plan_handler {
	enum plan_handler_kind kind;
	char **argv; /* exec */
	size_t n_argv;
	char *host; /* http, tcp; NULL: the pod itself */
	uint32_t port;
	char *path;	/* http; begins with "/" */
	bool https;	/* without verification */
	char **headers; /* "Name: value" */
	size_t n_headers;
	uint64_t sleep_ns;
};

/** Is everything there that its kind needs? 0, or -EINVAL. */
int plan_handler_check(const struct plan_handler *h, struct err *e);

/** A copy with texts of its own. @ret is overwritten; the caller releases it with plan_handler_done(). */
void plan_handler_copy(const struct plan_handler *h, struct plan_handler *ret);
void plan_handler_done(struct plan_handler *h);

struct record;
extern const struct record plan_handler_record;

#endif
