/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshot's tables. The members' names are those of the message (INTERFACE of shim and agent, link.h).
 */
#include "runtime/plan/snapshot.h"

#include "runtime/base/json.h"
#include "runtime/plan/plan.h"
#include "runtime/plan/record.h"

const char *const pod_phase_names[] = {"starting", "running", "stopping", "stopped", NULL};
const char *const container_state_names[] = {"waiting", "running", "terminated", NULL};

#define RUN(member, kind)                                                                          \
	{                                                                                          \
		FIELD(struct container_run, member, kind)                                          \
	}
static const struct field run_fields[] = {
	RUN(container_id, FIELD_STRING),
	RUN(reason, FIELD_STRING),
	RUN(message, FIELD_STRING),
	RUN(started_at, FIELD_U64),
	RUN(finished_at, FIELD_U64),
	RUN(exit_code, FIELD_I32),
	RUN(signal, FIELD_I32),
	RUN(oom_killed, FIELD_BOOL),
};
const struct record container_run_record = RECORD(struct container_run, run_fields);

#define STATE(member, kind) FIELD(struct container_snapshot, member, kind)
static const struct field container_fields[] = {
	{STATE(name, FIELD_STRING), .required = true},
	{STATE(state, FIELD_ENUM), .names = container_state_names, .required = true,
		.fallback = -1},
	{STATE(reason, FIELD_STRING)},
	{STATE(message, FIELD_STRING)},
	{STATE(container_id, FIELD_STRING)},
	{STATE(restart_count, FIELD_U32)},
	{STATE(started, FIELD_BOOL), .fallback = true},
	{STATE(pid, FIELD_I32)},
	{STATE(started_at, FIELD_U64)},
	{STATE(finished_at, FIELD_U64)},
	{STATE(exit_code, FIELD_I32)},
	{STATE(signal, FIELD_I32)},
	{STATE(oom_killed, FIELD_BOOL)},
	{STATE(post_start_failed_at, FIELD_U64)},
	{STATE(pre_stop_failed_at, FIELD_U64)},
	{STATE(next_start_at, FIELD_U64)},
	{STATE(last, FIELD_OPTIONAL), .record = &container_run_record},
};
static const struct record container_record = RECORD(struct container_snapshot, container_fields);

#define POD(member, kind) FIELD(struct pod_snapshot, member, kind)
static const struct field pod_fields[] = {
	{POD(seq, FIELD_U64), .required = true},
	{POD(phase, FIELD_ENUM), .names = pod_phase_names, .required = true, .fallback = -1},
	{POD(build, FIELD_STRING)},
	{POD(again, FIELD_BOOL)},
	{POD(reason, FIELD_STRING)},
	{POD(message, FIELD_STRING)},
	{FIELD_LIST(struct pod_snapshot, containers, FIELD_RECORDS), .record = &container_record,
		.max = PLAN_CONTAINERS_MAX},
};
const struct record pod_snapshot_record = RECORD(struct pod_snapshot, pod_fields);

void snapshot_free(struct pod_snapshot *s)
{
	record_free(&pod_snapshot_record, s);
}

enum { FINAL_MAX = 1 << 20 };

int snapshot_write_final(int state_fd, const struct pod_snapshot *s, enum fs_sync sync)
{
	cleanup_json json_t *j = record_encode(&pod_snapshot_record, s);
	cleanup_free char *text = json_text(j);

	return fs_write_atomic(state_fd, SNAPSHOT_FINAL, text, strlen(text), 0600, sync);
}

int snapshot_read_final(int state_fd, struct pod_snapshot **ret)
{
	CLEANUP(snapshot_free) struct pod_snapshot *s = xcalloc(1, sizeof *s);
	cleanup_free char *text = NULL;
	cleanup_json json_t *j = NULL;
	size_t n;
	int r = fs_read(state_fd, SNAPSHOT_FINAL, FINAL_MAX, &text, &n);

	if (r >= 0)
		r = json_parse((struct sv){text, n}, &j, NULL);
	if (r >= 0)
		r = record_decode(&pod_snapshot_record, j, s, NULL);
	if (r < 0)
		return r;
	*ret = take(s);
	return 0;
}
