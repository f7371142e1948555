/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shims that go on as another build: the same processes, no line of the log lost or twice, exit codes heard. The other
 * build is this one with another name in it.
 */
#include "tests/unit/runtime/shim/rig.h"

#include "runtime/base/clock.h"
#include "runtime/base/version.h"

#include <signal.h>
#include <sys/syscall.h>

static const char *shim_path(void)
{
	const char *path = getenv("BERTH_SHIM");

	return path ? path : "build/berth-shim";
}

/* A copy of the shim in which @from (every time) is @to, of the same length. Returns: its descriptor. */
static int other_build(struct rig *r, const char *from, const char *to)
{
	enum { PROGRAM_MAX = 64 << 20 };
	cleanup_free char *bytes = NULL;
	size_t n, found = 0;
	char *at;

	assert_int_equal(strlen(from), strlen(to));
	assert_int_equal(fs_read(AT_FDCWD, shim_path(), PROGRAM_MAX, &bytes, &n), 0);
	for (at = bytes; (at = memmem(at, n - (size_t)(at - bytes), from, strlen(from))); found++)
		memcpy(at, to, strlen(to));
	assert_true(found > 0);
	assert_int_equal(fs_write_atomic(r->dir.fd, "other", bytes, n, 0755, FS_NO_SYNC), 0);
	return openat(r->dir.fd, "other", O_RDONLY | O_CLOEXEC);
}

static char *other_name(void)
{
	char *name = xstrdup(berth_version);

	name[0] = name[0] == 'X' ? 'Y' : 'X';
	return name;
}

static void send_upgrade(struct rig *r, int fd)
{
	rig_send(r, &(const struct link_message){.type = LINK_UPGRADE},
		&(const struct msg_fds){{fd}, 1});
}

static bool is_other(const struct pod_snapshot *s)
{
	cleanup_free char *name = other_name();

	return streq(s->build, name);
}

static bool is_ours(const struct pod_snapshot *s)
{
	return streq(s->build, berth_version);
}

static bool second_restarted(const struct pod_snapshot *s)
{
	const struct container_snapshot *c = &s->containers[1];

	return c->restart_count == 1 && c->state == CONTAINER_RUNNING;
}

/* "1\n2\n3\n…" without a gap. Returns: the last. */
static unsigned check_numbers(const char *text)
{
	struct sv rest = sv(text);
	unsigned next = 1;

	while (rest.n) {
		uint32_t n;

		assert_int_equal(parse_u32_max(sv_cut(&rest, '\n'), UINT32_MAX, &n), 0);
		assert_int_equal(n, next);
		next++;
	}
	return next - 1;
}

/* Lines come in two pieces, so that some exec finds the start of one waiting for its end. */
static const char numbers[] =
	"i=1; while test $i -le 400; do printf %s $i; sleep 0.005; printf '\\n'; "
	"i=$((i+1)); done; sleep 1000";

static void start_exec(struct rig *r, const char *script)
{
	char *argv[] = {
		(char *)(uintptr_t) "/bin/sh", (char *)(uintptr_t) "-c", (char *)(uintptr_t)script};
	cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const struct link_message m = {.type = LINK_EXEC,
		.id = 5,
		.container = (char *)(uintptr_t) "a",
		.argv = argv,
		.n_argv = 3};

	rig_send(r, &m, &(const struct msg_fds){{null, null, null}, 3});
	assert_true(rig_reply(r, LINK_EXEC, 10000)->pid > 0);
}

static void test_there_and_back(void **state)
{
	cleanup_close int other = -EBADF, own = open(shim_path(), O_RDONLY | O_CLOEXEC);
	cleanup_free char *name = other_name(), *log = NULL;
	const struct link_message *m;
	struct plan_container *c;
	struct rig r;
	int pids[2];

	(void)state;
	if (!rig_usable())
		skip();
	rig_open(&r);
	other = other_build(&r, berth_version, name);
	c = rig_containers(&r, 2);
	rig_script(&c[0], "a", numbers);
	rig_script(&c[1], "b", "trap 'exit 3' TERM; while :; do sleep 0.1; done");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 20000);
	pids[0] = r.snap->containers[0].pid;
	pids[1] = r.snap->containers[1].pid;
	start_exec(&r, "sleep 2; exit 7");
	for (int i = 0; i < 5; i++) {
		send_upgrade(&r, other);
		rig_wait(&r, is_other, 10000);
		send_upgrade(&r, own);
		rig_wait(&r, is_ours, 10000);
	}
	send_upgrade(&r, other);
	rig_wait(&r, is_other, 10000);
	assert_true(rig_all_running(r.snap));
	assert_int_equal(r.snap->containers[0].pid, pids[0]);
	assert_int_equal(r.snap->containers[1].pid, pids[1]);
	assert_int_equal(r.snap->containers[0].restart_count, 0);
	m = rig_reply(&r, LINK_EXEC, 10000);
	assert_true(m->ended);
	assert_int_equal(m->exit_code, 7);
	assert_int_equal(kill(pids[1], SIGTERM), 0);
	rig_wait(&r, second_restarted, 20000);
	assert_int_equal(r.snap->containers[1].last->exit_code, 3);
	/* A new agent finds it as it finds any. */
	rig_connect(&r);
	rig_wait(&r, is_other, 10000);
	for (unsigned last = 0; last < 400;) {
		free(log);
		(void)usleep(50000);
		log = rig_log(&r, "a", 0);
		last = check_numbers(log);
	}
	rig_stop(&r, 100 * NS_PER_MS);
	rig_close(&r);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *name, *path, *words;
	} cases[] = {
		{"a program that is none", "/etc/passwd", "does not understand"},
		{"another program", "/bin/false", "does not understand"},
	};
	cleanup_close int bad = -EBADF;
	struct rig r;
	int pid;

	(void)state;
	if (!rig_usable())
		skip();
	rig_open(&r);
	rig_script(rig_containers(&r, 1), "a", "sleep 1000");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 20000);
	pid = r.snap->containers[0].pid;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_close int fd = open(cases[i].path, O_RDONLY | O_CLOEXEC);

		send_upgrade(&r, fd);
		assert_case(strstr(rig_reply(&r, LINK_UPGRADE, 20000)->error, cases[i].words),
			cases[i].name);
	}
	rig_send(&r, &(const struct link_message){.type = LINK_UPGRADE}, NULL);
	assert_non_null(strstr(rig_reply(&r, LINK_UPGRADE, 10000)->error, "descriptor"));
	/* It says that it understands, and fails when it is too late: the build before goes on. */
	bad = other_build(&r, "proc/self/mountinfo", "proc/self/mountinfX");
	send_upgrade(&r, bad);
	assert_non_null(strstr(rig_reply(&r, LINK_UPGRADE, 20000)->error, "could not go on"));
	rig_send(&r, &(const struct link_message){.type = LINK_RETRY}, NULL);
	rig_connect(&r);
	rig_wait(&r, rig_all_running, 10000);
	assert_int_equal(r.snap->containers[0].pid, pid);
	assert_true(is_ours(r.snap));
	rig_stop(&r, 100 * NS_PER_MS);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_there_and_back),
		RIG_TEST(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
