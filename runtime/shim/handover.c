/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a shim knows, as JSON, and back. Descriptors keep their numbers over the exec, children stay children, namespaces
 * stay: of all that is in the kernel only the numbers are written down. Times are CLOCK_BOOTTIME and hold as they are.
 */
#include "runtime/shim/handover.h"
#include "runtime/base/fs.h"
#include "runtime/base/version.h"
#include "runtime/shim/agent.h"
#include "runtime/shim/attach.h"
#include "runtime/shim/exec.h"

#include <fcntl.h>
#include <sys/mman.h>

#define SIZE_OF(s, member) sizeof(((s *)0)->member)
/* Not in the state: made again, or nothing at a quiet moment. */
#define SKIP(s, member)                                                                            \
	{                                                                                          \
		FIELD(s, member, FIELD_SKIP), .max = SIZE_OF(s, member)                            \
	}
#define TEXT(s, member)                                                                            \
	{                                                                                          \
		FIELD(s, member, FIELD_TEXT), .max = SIZE_OF(s, member)                            \
	}
#define ROW(s, member, kind)                                                                       \
	{                                                                                          \
		FIELD(s, member, FIELD_##kind)                                                     \
	}
#define INNER(s, member, table)                                                                    \
	{                                                                                          \
		FIELD(s, member, FIELD_RECORD), .record = &(table)                                 \
	}
#define ENUM(s, member, words)                                                                     \
	{                                                                                          \
		FIELD(s, member, FIELD_ENUM), .names = (words)                                     \
	}

_Static_assert(sizeof(size_t) == sizeof(uint64_t), "sizes are written as U64");

/* ---- the tables ------------------------------------------------------------------------------------- */

static const struct field source_fields[] = {
	SKIP(struct source, ready),
	SKIP(struct source, data),
	ROW(struct source, fd, FD),
};
static const struct record source_record = RECORD(struct source, source_fields);

static const struct field stream_fields[] = {
	INNER(struct log_stream, source, source_record),
	SKIP(struct log_stream, name),
	{FIELD_LIST(struct log_stream, carry, FIELD_BYTES)},
	ROW(struct log_stream, open, BOOL),
	ROW(struct log_stream, dropped, BOOL),
};
static const struct record stream_record = RECORD(struct log_stream, stream_fields);

static const struct field rate_fields[] = {
	ROW(struct log_rate, per_sec, U64),
	ROW(struct log_rate, room, I64),
	ROW(struct log_rate, at_ns, U64),
	ROW(struct log_rate, over, BOOL),
};
static const struct record rate_record = RECORD(struct log_rate, rate_fields);

static const struct field loss_fields[] = {
	ROW(struct log_loss, lines, U64),
	ROW(struct log_loss, bytes, U64),
	ROW(struct log_loss, error, I32),
};
static const struct record loss_record = RECORD(struct log_loss, loss_fields);

static const struct field log_fields[] = {
	SKIP(struct log, tap),
	SKIP(struct log, loop),
	SKIP(struct log, clock),
	SKIP(struct log, buffer),
	{.name = "streams_0",
		.type = FIELD_RECORD,
		.offset = offsetof(struct log, streams[0]),
		.record = &stream_record},
	{.name = "streams_1",
		.type = FIELD_RECORD,
		.offset = offsetof(struct log, streams[1]),
		.record = &stream_record},
	ROW(struct log, dir_fd, FD),
	ROW(struct log, file_fd, FD),
	ROW(struct log, run, U32),
	ROW(struct log, size, U64),
	ROW(struct log, max_bytes, U64),
	ROW(struct log, max_files, U32),
	{FIELD(struct log, runs, FIELD_U32), .fallback = 10},
	ROW(struct log, waits, BOOL),
	INNER(struct log, rate, rate_record),
	INNER(struct log, lost, loss_record),
	{FIELD_LIST(struct log, held, FIELD_BYTES)},
	ROW(struct log, paused, BOOL),
	ROW(struct log, look_at_ns, U64),
};
static const struct record log_record = RECORD(struct log, log_fields);

static const struct field stdio_fields[] = {
	ROW(struct stdio, tty, BOOL),
	ROW(struct stdio, open, BOOL),
	ROW(struct stdio, once, BOOL),
	ROW(struct stdio, over, BOOL),
	ROW(struct stdio, console_fd, FD),
	ROW(struct stdio, in_fd, FD),
	ROW(struct stdio, peer_fd, FD),
};
static const struct record stdio_record = RECORD(struct stdio, stdio_fields);

static const char *const turn_names[] = {"none", "postStart", "preStop", NULL};
static const struct field hook_fields[] = {
	INNER(struct hook, post_start, plan_handler_record),
	INNER(struct hook, pre_stop, plan_handler_record),
	ENUM(struct hook, turn, turn_names),
	ROW(struct hook, stopped, BOOL),
	ROW(struct hook, told, BOOL),
	ROW(struct hook, failed, BOOL),
	ROW(struct hook, fault, STRING),
	ROW(struct hook, due_ns, U64),
	SKIP(struct hook, command),
	SKIP(struct hook, job),
	ROW(struct hook, post_start_failed_wall_ns, U64),
	ROW(struct hook, pre_stop_failed_wall_ns, U64),
};
static const struct record hook_record = RECORD(struct hook, hook_fields);

static const struct field standby_fields[] = {
	ROW(struct standby, wanted, BOOL),
	ENUM(struct standby, state, standby_names),
	SKIP(struct standby, stale),
	ROW(struct standby, attempt, U32),
	ROW(struct standby, spent, U32),
	ROW(struct standby, pid, I32),
	ROW(struct standby, pidfd, FD),
	{.name = "pipes_0", .type = FIELD_FD, .offset = offsetof(struct standby, pipes[0])},
	{.name = "pipes_1", .type = FIELD_FD, .offset = offsetof(struct standby, pipes[1])},
	ROW(struct standby, create_at_ns, U64),
	SKIP(struct standby, job),
};
static const struct record standby_record = RECORD(struct standby, standby_fields);

/* Words that were static become the heap's, until the next exec. */
static const struct field run_fields[] = {
	TEXT(struct run, id),
	ROW(struct run, reason, STRING),
	ROW(struct run, message, STRING),
	ROW(struct run, started_wall_ns, U64),
	ROW(struct run, finished_wall_ns, U64),
	ROW(struct run, exit_code, I32),
	ROW(struct run, signal, I32),
	ROW(struct run, oom_killed, BOOL),
};
static const struct record run_record = RECORD(struct run, run_fields);

#define CONTAINER(member, kind) ROW(struct container, member, kind)
static const struct field container_fields[] = {
	SKIP(struct container, shim),
	TEXT(struct container, name),
	CONTAINER(init, BOOL),
	CONTAINER(sidecar, BOOL),
	ENUM(struct container, restart_policy, plan_restart_names),
	{FIELD_LIST(struct container, rules, FIELD_RECORDS), .record = &plan_rule_record},
	INNER(struct container, backoff, plan_backoff_record),
	ENUM(struct container, message_policy, plan_message_names),
	CONTAINER(has_message, BOOL),
	CONTAINER(startup_gate, BOOL),
	CONTAINER(stop_signal, I32),
	ENUM(struct container, step, step_names),
	CONTAINER(passed, BOOL),
	CONTAINER(told, BOOL),
	CONTAINER(composed, BOOL),
	CONTAINER(restart_asked, BOOL),
	CONTAINER(restart_now, BOOL),
	CONTAINER(unborn, BOOL),
	CONTAINER(counted, BOOL),
	CONTAINER(attempt, U32),
	CONTAINER(restarts, U32),
	CONTAINER(crashes, U32),
	CONTAINER(delay_ns, U64),
	CONTAINER(start_at_ns, U64),
	CONTAINER(start_at_wall_ns, U64),
	CONTAINER(kill_at_ns, U64),
	CONTAINER(waiting, STRING),
	CONTAINER(waiting_text, STRING),
	TEXT(struct container, id),
	CONTAINER(started_ns, U64),
	CONTAINER(started_wall_ns, U64),
	CONTAINER(pid, I32),
	CONTAINER(pidfd, FD),
	CONTAINER(gate_open, BOOL),
	CONTAINER(cause, STRING),
	SKIP(struct container, launch),
	SKIP(struct container, dossier),
	SKIP(struct container, runner), /* it ends with its socket, and is started again on need */
	INNER(struct container, stdio, stdio_record),
	INNER(struct container, hook, hook_record),
	INNER(struct container, standby, standby_record),
	{.name = "ended_0",
		.type = FIELD_RECORD,
		.offset = offsetof(struct container, ended[0]),
		.record = &run_record},
	{.name = "ended_1",
		.type = FIELD_RECORD,
		.offset = offsetof(struct container, ended[1]),
		.record = &run_record},
	CONTAINER(n_ended, U64),
	CONTAINER(clean_from, U32),
	CONTAINER(clean_to, U32),
	INNER(struct container, log, log_record),
};
static const struct record container_record = RECORD(struct container, container_fields);

static const char *const course_names[] = {"start", "again", "end", NULL};
#define SHIM(member, kind) ROW(struct shim, member, kind)
static const struct field shim_fields[] = {
	SKIP(struct shim, loop),
	SKIP(struct shim, clock),
	SKIP(struct shim, cgroups),
	TEXT(struct shim, uid),
	SHIM(title, STRING),
	TEXT(struct shim, cgroup_base),
	SHIM(runtime, STRING),
	SHIM(probe_program, STRING),
	SHIM(grace_ns, U64),
	SHIM(timeout_ns, U64),
	SHIM(host_network, BOOL),
	SHIM(host_ipc, BOOL),
	SHIM(host_pid, BOOL),
	SHIM(share_pid, BOOL),
	SHIM(state_fd, FD),
	SHIM(run_fd, FD),
	SHIM(private_fd, FD),
	SHIM(log_fd, FD),
	SHIM(payload_fd, FD),
	TEXT(struct shim, private_path),
	TEXT(struct shim, ns_dir),
	SHIM(pause_pid, I32),
	ENUM(struct shim, phase, pod_phase_names),
	SHIM(cgroups_ready, BOOL),
	SHIM(prepared, BOOL),
	SHIM(start_asked, BOOL),
	SHIM(files_ready, BOOL),
	SHIM(files_failed, BOOL),
	SHIM(files_again, BOOL),
	ENUM(struct shim, course, course_names),
	SHIM(kill_at_ns, U64),
	SHIM(again_at_ns, U64),
	SHIM(again_wall_ns, U64),
	SHIM(deadline_at_ns, U64),
	SHIM(reason, STRING),
	SKIP(struct shim, advancing),
	SKIP(struct shim, advance_more),
	SHIM(message, STRING),
	SHIM(seq, U64),
	SKIP(struct shim, changed), /* it is said again in any case */
	SKIP(struct shim, finished),
	SKIP(struct shim, jobs),
	SKIP(struct shim, warm_job),
	SKIP(struct shim, cgroup_job),
	SKIP(struct shim, prepare_job),
	SKIP(struct shim, files_job),
	SKIP(struct shim, clean_job),
	SKIP(struct shim, cleaning),
	SKIP(struct shim, cleaning_to),
	SHIM(clean_at_ns, U64),
	{FIELD_LIST(struct shim, containers, FIELD_RECORDS), .record = &container_record},
	SKIP(struct shim, execs), /* lists of their own */
	SKIP(struct shim, attaches),
	SHIM(exec_number, U32),
	SKIP(struct shim, commands),
	SHIM(command_number, U64),
	SKIP(struct shim, log_buffer),
	INNER(struct shim, listener, source_record),
	INNER(struct shim, agent, source_record),
	SKIP(struct shim, signals),
	SKIP(struct shim, upgrade),
};
static const struct record shim_record = RECORD(struct shim, shim_fields);

static const struct field exec_fields[] = {
	SKIP(struct exec, next),
	SKIP(struct exec, shim),
	ROW(struct exec, id, U64),
	TEXT(struct exec, container_id),
	SKIP(struct exec, launch),
	ROW(struct exec, pid, I32),
	ROW(struct exec, pidfd, FD),
	ROW(struct exec, run_fd, FD),
	ROW(struct exec, console_fd, FD),
	ROW(struct exec, killed, BOOL),
	ROW(struct exec, timed_out, BOOL),
	ROW(struct exec, timeout_ns, U64),
	ROW(struct exec, deadline_ns, U64),
	ROW(struct exec, number, U32),
	ROW(struct exec, own, BOOL),
	SKIP(struct exec, ended), /* of residents: nobody waits for them after */
	SKIP(struct exec, data),
};
static const struct record exec_record = RECORD(struct exec, exec_fields);

static const struct field attach_fields[] = {
	SKIP(struct attach, next),
	SKIP(struct attach, container), /* by its name, beside the others */
	ROW(struct attach, id, U64),
	ROW(struct attach, cut_at_ns, U64),
	ROW(struct attach, has_input, BOOL),
	{.name = "out_0",
		.type = FIELD_RECORD,
		.offset = offsetof(struct attach, out[0]),
		.record = &source_record},
	{.name = "out_1",
		.type = FIELD_RECORD,
		.offset = offsetof(struct attach, out[1]),
		.record = &source_record},
};
static const struct record attach_record = RECORD(struct attach, attach_fields);

const struct handover_table handover_tables[] = {
	{"struct source", &source_record},
	{"struct log_stream", &stream_record},
	{"struct log_rate", &rate_record},
	{"struct log_loss", &loss_record},
	{"struct log", &log_record},
	{"struct stdio", &stdio_record},
	{"struct hook", &hook_record},
	{"struct standby", &standby_record},
	{"struct run", &run_record},
	{"struct container", &container_record},
	{"struct shim", &shim_record},
	{"struct exec", &exec_record},
	{"struct attach", &attach_record},
	{0},
};

/* ---- writing ---------------------------------------------------------------------------------------- */

static json_t *encode(const struct shim *s)
{
	json_t *state = json_object(), *execs = json_array(), *attaches = json_array();

	json_put_int(state, "format", HANDOVER_FORMAT);
	json_put_int(state, "readers_from", HANDOVER_READERS_FROM);
	json_put_str(state, "build", berth_version);
	json_put(state, "shim", record_encode(&shim_record, s));
	for (const struct exec *x = s->execs; x; x = x->next)
		json_push(execs, record_encode(&exec_record, x));
	for (const struct attach *a = s->attaches; a; a = a->next) {
		json_t *item = record_encode(&attach_record, a);

		json_put_str(item, "container", a->container->name);
		json_push(attaches, item);
	}
	json_put(state, "execs", execs);
	json_put(state, "attaches", attaches);
	return state;
}

int handover_write(const struct shim *s)
{
	cleanup_json json_t *state = encode(s);
	cleanup_free char *text = json_text(state);
	cleanup_close int fd = memfd_create("shim-state", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t n = strlen(text);

	if (fd < 0)
		return -errno;
	if (write(fd, text, n) != (ssize_t)n)
		return -ENOSPC;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return -errno;
	return take_fd(fd);
}

/* ---- reading ---------------------------------------------------------------------------------------- */

static int read_text(int fd, char **ret, size_t *ret_n)
{
	struct stat st;
	char *text;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0 || st.st_size > HANDOVER_BYTES_MAX)
		return -EBADMSG;
	text = xmalloc((size_t)st.st_size);
	if (pread(fd, text, (size_t)st.st_size, 0) != (ssize_t)st.st_size) {
		free(text);
		return -EIO;
	}
	*ret = text;
	*ret_n = (size_t)st.st_size;
	return 0;
}

static int check_format(const json_t *state, struct err *e)
{
	if (!json_is_object(state) || json_int(state, "format", 0) < 1)
		return err_set(e, -EBADMSG, "it is not the state of a shim");
	if (json_int(state, "readers_from", 1) > HANDOVER_FORMAT)
		return err_set(e, -ENOTSUP,
			"the state was written by build %s, which is too new for this one (%s)",
			json_str_or(state, "build", "?"), berth_version);
	return 0;
}

static struct container *container_named(struct shim *s, const char *name)
{
	for (size_t i = 0; i < s->n_containers; i++)
		if (streq(s->containers[i].name, name))
			return &s->containers[i];
	return NULL;
}

static int read_execs(struct shim *s, const json_t *list, struct err *e)
{
	for (size_t i = json_array_size(list); i-- > 0;) {
		struct exec *x = xcalloc(1, sizeof *x);
		int r = record_decode(&exec_record, json_array_get(list, i), x, e);

		if (r < 0) {
			free(x);
			return err_wrap(e, r, "execs");
		}
		x->shim = s;
		x->next = s->execs;
		s->execs = x;
	}
	return 0;
}

static int read_attaches(struct shim *s, const json_t *list, struct err *e)
{
	for (size_t i = json_array_size(list); i-- > 0;) {
		const json_t *item = json_array_get(list, i);
		struct container *c = container_named(s, json_str(item, "container"));
		struct attach *a = xcalloc(1, sizeof *a);
		int r = c ? record_decode(&attach_record, item, a, e)
			  : err_set(e, -EINVAL, "an attached container is not there");

		if (r < 0) {
			free(a);
			return err_wrap(e, r, "attaches");
		}
		a->container = c;
		a->next = s->attaches;
		s->attaches = a;
	}
	return 0;
}

int handover_read(int fd, struct shim *s, struct err *e)
{
	cleanup_json json_t *state = NULL;
	cleanup_free char *text = NULL;
	size_t n = 0;
	int r = read_text(fd, &text, &n);

	if (r < 0)
		return err_errno(e, r, "reading the state");
	r = json_parse_max((struct sv){text, n}, HANDOVER_BYTES_MAX, &state, e);
	if (r == 0)
		r = check_format(state, e);
	if (r == 0 && record_decode(&shim_record, json_object_get(state, "shim"), s, e) < 0)
		r = err_wrap(e, -EINVAL, "shim.%s", e ? e->field : "");
	if (r == 0)
		r = read_execs(s, json_object_get(state, "execs"), e);
	if (r == 0)
		r = read_attaches(s, json_object_get(state, "attaches"), e);
	return r;
}

/* ---- going on --------------------------------------------------------------------------------------- */

int handover_resume(struct shim *s, struct err *e)
{
	int r = cgroup_host_open(AT_FDCWD, &s->cgroups);

	if (r < 0)
		return err_errno(e, r, "looking for the cgroup file systems");
	s->upgrade.fd = -EBADF;
	for (size_t i = 0; r == 0 && i < s->n_containers; i++) {
		struct container *c = &s->containers[i];

		c->shim = s;
		c->runner.sock.fd = -EBADF;
		r = log_resume(&c->log, &s->loop, s->clock, &s->log_buffer);
	}
	/* Residents have ended with their sockets, or do so now. */
	for (struct exec *x = s->execs; x; x = x->next)
		if (x->own)
			exec_cancel(x);
	attach_resume(s);
	if (r == 0)
		r = agent_resume(s);
	return r < 0 ? err_errno(e, r, "watching what was watched") : 0;
}

struct keep {
	bool on;
	int r;
};

static void keep_fd(void *data, int fd)
{
	struct keep *k = data;

	if (fcntl(fd, F_SETFD, k->on ? 0 : FD_CLOEXEC) < 0)
		k->r = -errno;
}

int handover_keep_fds(const struct shim *s, bool keep)
{
	struct keep k = {keep, 0};

	record_each_fd(&shim_record, s, keep_fd, &k);
	for (const struct exec *x = s->execs; x; x = x->next)
		record_each_fd(&exec_record, x, keep_fd, &k);
	for (const struct attach *a = s->attaches; a; a = a->next)
		record_each_fd(&attach_record, a, keep_fd, &k);
	return k.r;
}
