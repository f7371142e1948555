/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the link. One table of members for all verbs, and one row a verb that says which members it
 * must and may have: a message with anything else is refused, so that both ends agree or say so.
 */
#include "runtime/plan/link.h"

#include "runtime/plan/record.h"

const char *const link_type_names[] = {"sandbox", "status", "error", "start", "files", "stop",
	"restart", "started", "retry", "tune", "exec", "exec-kill", "attach", "detach", "dial",
	"probe", "upgrade", NULL};

/* Members beside the type, in the order of link_fields. */
enum member {
	M_GRACE,
	M_CONTAINER,
	M_BACK_OFF,
	M_CAUSE,
	M_BACKOFF,
	M_DEADLINE,
	M_ID,
	M_ARGV,
	M_ENV,
	M_CWD,
	M_TTY,
	M_TIMEOUT,
	M_ROWS,
	M_COLUMNS,
	M_PID,
	M_STDIN,
	M_PORT,
	M_ENDED,
	M_EXIT_CODE,
	M_OUTPUT,
	M_TIMED_OUT,
	M_ERROR,
	M_STATUS,
	M_MAX
};
#define BIT(m) (1u << (m))

#define LINK(member, kind) FIELD(struct link_message, member, kind)
static const struct field link_fields[] = {
	{LINK(type, FIELD_ENUM), .names = link_type_names, .required = true, .fallback = -1},
	{LINK(grace_ns, FIELD_U64)},
	{LINK(container, FIELD_STRING)},
	{LINK(back_off, FIELD_BOOL)},
	{LINK(cause, FIELD_STRING)},
	{LINK(backoff, FIELD_OPTIONAL), .record = &plan_backoff_record},
	{LINK(deadline_wall_ns, FIELD_U64)},
	{LINK(id, FIELD_U64)},
	{FIELD_LIST(struct link_message, argv, FIELD_STRINGS)},
	{FIELD_LIST(struct link_message, env, FIELD_STRINGS)},
	{LINK(cwd, FIELD_STRING)},
	{LINK(tty, FIELD_BOOL)},
	{LINK(timeout_ns, FIELD_U64)},
	{LINK(rows, FIELD_U32)},
	{LINK(columns, FIELD_U32)},
	{LINK(pid, FIELD_I32)},
	{LINK(stdin, FIELD_BOOL)},
	{LINK(port, FIELD_U32)},
	{LINK(ended, FIELD_BOOL)},
	{LINK(exit_code, FIELD_I32)},
	{LINK(output, FIELD_STRING)},
	{LINK(timed_out, FIELD_BOOL)},
	{LINK(error, FIELD_STRING)},
	{LINK(status, FIELD_OPTIONAL), .record = &pod_snapshot_record},
};
static const struct record link_record = RECORD(struct link_message, link_fields);

/* What each verb must have and may have. "exec" is both the request and its answers. */
static const struct {
	unsigned must, may;
} verbs[LINK_TYPE_MAX] = {
	[LINK_SANDBOX] = {0, 0},
	[LINK_STATUS] = {BIT(M_STATUS), 0},
	[LINK_ERROR] = {BIT(M_ERROR), 0},
	[LINK_START] = {0, 0},
	[LINK_FILES] = {0, 0},
	[LINK_STOP] = {0, BIT(M_GRACE) | BIT(M_CAUSE)},
	[LINK_RESTART] = {BIT(M_CONTAINER), BIT(M_GRACE) | BIT(M_BACK_OFF) | BIT(M_CAUSE)},
	[LINK_STARTED] = {BIT(M_CONTAINER), 0},
	[LINK_RETRY] = {0, BIT(M_CONTAINER)},
	[LINK_TUNE] = {0, BIT(M_CONTAINER) | BIT(M_BACKOFF) | BIT(M_DEADLINE)},
	[LINK_EXEC] = {BIT(M_ID), BIT(M_CONTAINER) | BIT(M_ARGV) | BIT(M_ENV) | BIT(M_CWD) |
					  BIT(M_TTY) | BIT(M_TIMEOUT) | BIT(M_ROWS) |
					  BIT(M_COLUMNS) | BIT(M_PID) | BIT(M_ENDED) |
					  BIT(M_EXIT_CODE) | BIT(M_ERROR)},
	[LINK_EXEC_KILL] = {BIT(M_ID), 0},
	[LINK_ATTACH] = {BIT(M_ID), BIT(M_CONTAINER) | BIT(M_STDIN) | BIT(M_ENDED) | BIT(M_ERROR)},
	[LINK_DETACH] = {BIT(M_ID), BIT(M_STDIN)},
	[LINK_DIAL] = {BIT(M_ID), BIT(M_PORT) | BIT(M_ERROR)},
	[LINK_UPGRADE] = {0, BIT(M_ERROR)},
	[LINK_PROBE] = {BIT(M_ID), BIT(M_CONTAINER) | BIT(M_ARGV) | BIT(M_TIMEOUT) |
					   BIT(M_EXIT_CODE) | BIT(M_OUTPUT) | BIT(M_TIMED_OUT) |
					   BIT(M_ERROR)},
};

static int check_members(const struct link_message *m, const json_t *j, struct err *e)
{
	unsigned must = verbs[m->type].must, allowed = must | verbs[m->type].may;

	for (unsigned i = 0; i < M_MAX; i++) {
		const char *name = link_fields[i + 1].name;
		bool there = json_object_get(j, name) != NULL;

		if (there && !(allowed & BIT(i)))
			return err_set(e, -EINVAL, "message \"%s\" has no member \"%s\"",
				link_type_names[m->type], name);
		if (!there && must & BIT(i))
			return err_set(e, -EINVAL, "message \"%s\" needs the member \"%s\"",
				link_type_names[m->type], name);
	}
	return 0;
}

int link_decode(struct sv text, struct link_message *ret, struct err *e)
{
	_Static_assert(ARRAY_SIZE(link_fields) == M_MAX + 1, "one member a row");
	cleanup_json json_t *j = NULL;
	struct link_message m;
	int r = json_parse(text, &j, e);

	if (r < 0)
		return err_wrap(e, r, "message");
	r = record_decode(&link_record, j, &m, e);
	if (r < 0)
		return err_wrap(e, r, "message: %s", e ? e->field : "");
	r = check_members(&m, j, e);
	if (r < 0)
		link_message_done(&m);
	else
		*ret = m;
	return r;
}

char *link_encode(const struct link_message *m)
{
	cleanup_json json_t *j = record_encode(&link_record, m);

	return json_text(j);
}

void link_message_done(struct link_message *m)
{
	record_done(&link_record, m);
}
