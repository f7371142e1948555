/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Re-exec. Must hold: between the writing of the state and the exec nothing is read, written, reaped or started; and
 * what is not in the state has come to an end before (is_quiet).
 */
#include "runtime/shim/upgrade.h"
#include "runtime/base/fs.h"
#include "runtime/base/log.h"
#include "runtime/shim/agent.h"
#include "runtime/shim/handover.h"
#include "runtime/shim/message.h"

#include <fcntl.h>
#include <sys/syscall.h>

enum { PATIENCE_S = 60, CHECK_S = 10, NUMBER_SIZE = 16 };

static int execute(int fd, const char *const *argv)
{
	(void)syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
	return -errno;
}

static const char *number(int n, char out[NUMBER_SIZE])
{
	(void)snprintf(out, NUMBER_SIZE, "%d", n);
	return out;
}

static void forget(struct shim *s)
{
	if (s->upgrade.fd >= 0)
		(void)close(s->upgrade.fd);
	s->upgrade.fd = -EBADF;
	s->upgrade.accepted = false;
}

void upgrade_refuse(struct shim *s, const char *why)
{
	struct link_message m = {.type = LINK_UPGRADE};
	cleanup_free char *text = message_text(why, strlen(why));

	log_line(LOG_WARNING, "not upgraded", "error", text);
	forget(s);
	m.error = text;
	agent_send(s, &m, NULL);
}

/* ---- may the new one? --------------------------------------------------------------------------------- */

static void check_ended(struct shim *s, struct job *j, int status, const struct failure *f)
{
	(void)f;
	if (s->upgrade.fd < 0)
		return;
	s->upgrade.accepted = status == 0;
	if (j->timed_out)
		upgrade_refuse(s, "the new build does not answer");
	else if (status != 0)
		upgrade_refuse(s,
			"the new build does not understand the state of this one (see shim.log)");
}

static void start_check(struct shim *s)
{
	struct upgrade *u = &s->upgrade;
	cleanup_close int state = handover_write(s);
	char name[NUMBER_SIZE];
	const char *argv[] = {"berth-shim", "--check-state", number(state, name), NULL};
	int r = state;

	u->check.ended = check_ended;
	if (r >= 0)
		r = job_start(s, &u->check, CHECK_S * NS_PER_SEC);
	if (r == 0) {
		(void)fcntl(state, F_SETFD, 0);
		(void)execute(u->fd, argv);
		_exit(127);
	}
	if (r < 0)
		upgrade_refuse(s, strerror(-r));
}

int upgrade_check(const char *fd)
{
	struct err e = {0};
	struct shim s;
	uint32_t n;

	if (parse_u32_max(sv(fd), INT32_MAX, &n) < 0 || handover_read((int)n, &s, &e) < 0) {
		log_line(LOG_ERR, "this build cannot go on from the state", "error", err_text(&e));
		return 1;
	}
	return 0;
}

/* ---- the exec ------------------------------------------------------------------------------------------ */

static void become(struct shim *s)
{
	cleanup_close int state = handover_write(s);
	cleanup_close int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char state_name[NUMBER_SIZE], self_name[NUMBER_SIZE];
	const char *argv[] = {"berth-shim", s->uid, "--resume", number(state, state_name),
		number(self, self_name), NULL};
	int r = state < 0 ? state : self < 0 ? -errno : handover_keep_fds(s, true);

	if (r == 0 && (fcntl(state, F_SETFD, 0) < 0 || fcntl(self, F_SETFD, 0) < 0))
		r = -errno;
	if (r == 0)
		r = execute(s->upgrade.fd, argv);
	(void)handover_keep_fds(s, false);
	upgrade_refuse(s, strerror(-r));
}

bool upgrade_called(int argc, char *const *argv, struct upgrade_call *ret)
{
	uint32_t state, back;

	*ret = (struct upgrade_call){.back_fd = -EBADF, .state_fd = -EBADF};
	if (argc < 4 || parse_u32_max(sv(argv[3]), INT32_MAX, &state) < 0)
		return false;
	ret->uid = argv[1];
	ret->state_fd = (int)state;
	ret->returned = streq(argv[2], "--return");
	if (argc > 4 && parse_u32_max(sv(argv[4]), INT32_MAX, &back) == 0)
		ret->back_fd = (int)back;
	return ret->returned || streq(argv[2], "--resume");
}

int upgrade_return(const struct shim *s, const struct upgrade_call *call)
{
	char name[NUMBER_SIZE];
	const char *argv[] = {
		"berth-shim", call->uid, "--return", number(call->state_fd, name), NULL};

	if (call->back_fd < 0)
		return -ENOENT;
	(void)handover_keep_fds(s, true);
	return execute(call->back_fd, argv);
}

/* ---- when ---------------------------------------------------------------------------------------------- */

static bool is_quiet(const struct shim *s)
{
	return !s->jobs && !s->commands && !s->finished;
}

void upgrade_ask(struct shim *s, int own_fd)
{
	struct upgrade *u = &s->upgrade;

	if (u->check.pid) { /* the answer is about another one */
		(void)close(own_fd);
		upgrade_refuse(s, "another upgrade is under way");
		return;
	}
	forget(s);
	u->fd = own_fd;
	u->give_up_at_ns = shim_now(s) + PATIENCE_S * NS_PER_SEC;
}

uint64_t upgrade_deadline(const struct shim *s)
{
	return s->upgrade.fd >= 0 && !s->upgrade.check.pid ? s->upgrade.give_up_at_ns : UINT64_MAX;
}

void upgrade_step(struct shim *s)
{
	struct upgrade *u = &s->upgrade;

	if (u->fd < 0 || u->check.pid)
		return;
	if (shim_now(s) >= u->give_up_at_ns)
		upgrade_refuse(s, "the pod was busy for a minute; it is tried again later");
	else if (is_quiet(s) && u->accepted)
		become(s);
	else if (is_quiet(s))
		start_check(s);
}
