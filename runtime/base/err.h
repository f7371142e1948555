/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An error that a person will read: an errno value, an API reason, the field it is about, a
 * message.
 *
 * It lives on the caller's stack and owns nothing. A function that may fail returns 0 (or more) or
 * -Exxx, and takes `struct err *e` last when its message may reach a user; @e may be NULL.
 *
 *	return err_set(e, -EINVAL, "port %d is taken by pod %s", port, name);	at the origin
 *	return err_wrap(e, r, "pod %s: writing the bundle", uid);		on the way up
 */
#ifndef RUNTIME_BASE_ERR_H
#define RUNTIME_BASE_ERR_H

#include "runtime/base/own.h"

struct err {
	int code; /* -Exxx; 0 while nothing has failed */
	const char *
		reason; /* an API reason, a static string ("NotFound"); NULL: taken from the code */
	char field[128]; /* path of the field at fault ("spec.containers[0].name"), or "" */
	char msg[512];
};

/**
 * Starts an error: stores @code and the formatted message; field and reason are cleared.
 * @e: NULL allowed.  @code: -Exxx.
 * Returns: @code, so that it stands in a return statement.
 */
int err_set(struct err *e, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/** The same with ": " and strerror(-code) behind the message. */
int err_errno(struct err *e, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/**
 * Puts "@format: " before the message on the way up. An @e without a message (the callee returned a
 * bare -errno) gets strerror's.  Returns: @code.
 */
int err_wrap(struct err *e, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/** Names the field at fault. Returns e->code, or -EINVAL for NULL. */
int err_at(struct err *e, const char *format, ...) PRINTF_LIKE(2, 3);

/**
 * Gives the error its API reason, a string that lives for ever.
 * Returns: e->code, or -EINVAL for NULL.
 */
int err_reason(struct err *e, const char *reason);

/** The API reason: what err_reason set, or the one that belongs to the code. Never NULL. */
const char *err_api_reason(const struct err *e);

/** The message; strerror's where there is none. Never NULL; lives as long as @e. */
const char *err_text(const struct err *e);

#endif
