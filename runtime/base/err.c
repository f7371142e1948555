/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors with words. Messages are cut, never overflowed; a wrapped message keeps its innermost part
 * when the buffer is full, for that part says what went wrong.
 */
#include "runtime/base/err.h"

#include <stdarg.h>

static void start(struct err *e, int code)
{
	e->code = code;
	e->reason = NULL;
	e->field[0] = '\0';
	e->msg[0] = '\0';
}

static void format_message(struct err *e, const char *format, va_list ap)
{
	(void)vsnprintf(e->msg, sizeof e->msg, format, ap);
}

int err_set(struct err *e, int code, const char *format, ...)
{
	va_list ap;

	if (!e)
		return code;
	start(e, code);
	va_start(ap, format);
	format_message(e, format, ap);
	va_end(ap);
	return code;
}

int err_errno(struct err *e, int code, const char *format, ...)
{
	va_list ap;
	size_t used;

	if (!e)
		return code;
	start(e, code);
	va_start(ap, format);
	format_message(e, format, ap);
	va_end(ap);
	used = strlen(e->msg);
	(void)snprintf(e->msg + used, sizeof e->msg - used, ": %s", strerror(-code));
	return code;
}

int err_wrap(struct err *e, int code, const char *format, ...)
{
	char prefix[sizeof e->msg];
	size_t inner, room, used;
	va_list ap;

	if (!e)
		return code;
	va_start(ap, format);
	(void)vsnprintf(prefix, sizeof prefix, format, ap);
	va_end(ap);
	if (e->code == 0)
		start(e, code);
	if (!e->msg[0])
		(void)snprintf(e->msg, sizeof e->msg, "%s", strerror(-code));
	inner = strlen(e->msg);
	room = sizeof e->msg - 1 - inner;
	if (room <= 2)
		return code;
	used = strnlen(prefix, room - 2);
	memmove(e->msg + used + 2, e->msg, inner + 1);
	memcpy(e->msg, prefix, used);
	memcpy(e->msg + used, ": ", 2);
	return code;
}

int err_at(struct err *e, const char *format, ...)
{
	va_list ap;

	if (!e)
		return -EINVAL;
	va_start(ap, format);
	(void)vsnprintf(e->field, sizeof e->field, format, ap);
	va_end(ap);
	return e->code;
}

int err_reason(struct err *e, const char *reason)
{
	if (!e)
		return -EINVAL;
	e->reason = reason;
	return e->code;
}

const char *err_api_reason(const struct err *e)
{
	/* Source: k8s.io/apimachinery metav1.StatusReason. */
	static const struct {
		int code;
		const char *reason;
	} reasons[] = {
		{-ENOENT, "NotFound"},
		{-EEXIST, "AlreadyExists"},
		{-EINVAL, "Invalid"},
		{-ESTALE, "Conflict"},
		{-EACCES, "Forbidden"},
		{-EPERM, "Forbidden"},
		{-EBADMSG, "BadRequest"},
		{-EOPNOTSUPP, "MethodNotAllowed"},
		{-EMEDIUMTYPE, "UnsupportedMediaType"},
		{-ETIMEDOUT, "Timeout"},
		{-EBUSY, "TooManyRequests"},
		{-E2BIG, "RequestEntityTooLarge"},
		{-EOVERFLOW, "Expired"},
	};

	if (e->reason)
		return e->reason;
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].code == e->code)
			return reasons[i].reason;
	return "InternalError";
}

const char *err_text(const struct err *e)
{
	return e->msg[0] ? e->msg : strerror(-e->code);
}
