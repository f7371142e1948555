/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of a lifecycle handler, and what the shim relies on in it.
 */
#include "runtime/plan/handler.h"

#include "runtime/plan/record.h"

static const char *const handler_names[] = {"none", "exec", "http", "tcp", "sleep", NULL};
#define HANDLER(member, kind) FIELD(struct plan_handler, member, kind)
static const struct field handler_fields[] = {
	{HANDLER(kind, FIELD_ENUM), .names = handler_names},
	{FIELD_LIST(struct plan_handler, argv, FIELD_STRINGS)},
	{HANDLER(host, FIELD_STRING)},
	{HANDLER(port, FIELD_U32)},
	{HANDLER(path, FIELD_STRING)},
	{HANDLER(https, FIELD_BOOL)},
	{FIELD_LIST(struct plan_handler, headers, FIELD_STRINGS)},
	{HANDLER(sleep_ns, FIELD_U64)},
};
const struct record plan_handler_record = RECORD(struct plan_handler, handler_fields);

int plan_handler_check(const struct plan_handler *h, struct err *e)
{
	enum { PORT_MAX = 65535 };
	bool net = h->kind == PLAN_HANDLER_HTTP || h->kind == PLAN_HANDLER_TCP;

	if (h->kind == PLAN_HANDLER_EXEC && !h->n_argv)
		return err_set(e, -EINVAL, "needs a command");
	if (net && (h->port < 1 || h->port > PORT_MAX))
		return err_set(e, -EINVAL, "needs a port from 1 to 65535");
	if (h->kind == PLAN_HANDLER_HTTP && (!h->path || h->path[0] != '/'))
		return err_set(e, -EINVAL, "needs a path that begins with \"/\"");
	return 0;
}

void plan_handler_copy(const struct plan_handler *h, struct plan_handler *ret)
{
	cleanup_json json_t *j = record_encode(&plan_handler_record, h);

	/* What one table has written, the same table reads. */
	if (record_decode(&plan_handler_record, j, ret, NULL) < 0)
		record_defaults(&plan_handler_record, ret);
}

void plan_handler_done(struct plan_handler *h)
{
	record_done(&plan_handler_record, h);
}
