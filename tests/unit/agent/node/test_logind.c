/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's side of logind, against a fake one on a bus of the test's own.
 *
 * "test_logind serve DELAY-MS" is that fake for the end-to-end tests: prints the bus's address, then "lock" and
 * "released"; reads "prepare", "cancel" and "quit".
 */
#include "tests/unit/agent/node/fake_logind.h"
#include "tests/unit/unit.h"

#include "agent/node/logind.h"
#include "runtime/base/clock.h"
#include "runtime/base/str.h"

#include <fcntl.h>

struct world {
	sd_event *loop;
	int bus_pid;
	char *address;
	struct fake_logind fake;
	struct logind *logind;
	uint64_t max_ns;
	unsigned begun, stays;
};

static void begins(void *data, uint64_t max_ns)
{
	struct world *w = data;

	w->begun++;
	w->max_ns = max_ns;
}

static void stays(void *data)
{
	((struct world *)data)->stays++;
}

static void open_agent(struct world *w)
{
	const struct logind_options options = {w->loop, begins, stays, w};

	assert_int_equal(logind_open(&options, &w->logind, NULL), 0);
}

static int set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof *w);

	assert_true(sd_event_new(&w->loop) >= 0);
	w->address = fake_bus_start(&w->bus_pid);
	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", w->address, 1), 0);
	w->fake.delay_us = 7000000;
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	logind_close(w->logind);
	fake_logind_close(&w->fake);
	sd_event_unref(w->loop);
	fake_bus_stop(w->bus_pid);
	free(w->address);
	free(w);
	return 0;
}

#define wait_for(w, condition)                                                                     \
	do {                                                                                       \
		uint64_t until_ = clock_now_ns(&clock_kernel) + 5 * NS_PER_SEC;                    \
		while (!(condition)) {                                                             \
			if (clock_now_ns(&clock_kernel) > until_)                                  \
				fail_msg("not within 5 s: %s", #condition);                        \
			assert_true(sd_event_run((w)->loop, 50000) >= 0);                          \
		}                                                                                  \
	} while (0)

static void holds_the_machine_until_released(void **state)
{
	struct world *w = *state;

	fake_logind_open(&w->fake, w->loop, w->address);
	open_agent(w);
	wait_for(w, w->fake.locks == 1);
	assert_string_equal(w->fake.asked, "shutdown|berth|delay");
	fake_logind_prepare(&w->fake, true);
	wait_for(w, w->begun == 1);
	assert_true(w->max_ns == 7 * NS_PER_SEC);
	assert_true(w->fake.lock_fd >= 0);
	logind_release(w->logind);
	wait_for(w, w->fake.lock_fd < 0);
	/* It does not go down: a new lock for the next time. */
	fake_logind_prepare(&w->fake, false);
	wait_for(w, w->stays == 2 && w->fake.locks == 2);
	assert_int_equal(w->begun, 1);
}

static void finds_a_machine_that_is_going_down(void **state)
{
	struct world *w = *state;

	w->fake.preparing = true;
	fake_logind_open(&w->fake, w->loop, w->address);
	open_agent(w);
	wait_for(w, w->begun == 1);
	assert_int_equal(w->fake.locks, 0);
}

static void waits_for_a_logind_that_comes_later(void **state)
{
	struct world *w = *state;

	open_agent(w);
	for (int i = 0; i < 4; i++)
		assert_true(sd_event_run(w->loop, 50000) >= 0);
	fake_logind_open(&w->fake, w->loop, w->address);
	wait_for(w, w->fake.locks >= 1);
	/* One that is started anew is asked again. */
	fake_logind_close(&w->fake);
	fake_logind_open(&w->fake, w->loop, w->address);
	wait_for(w, w->fake.lock_fd >= 0);
}

static void lives_without_a_bus(void **state)
{
	struct world *w = *state;

	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus", 1), 0);
	open_agent(w);
	for (int i = 0; i < 4; i++)
		assert_true(sd_event_run(w->loop, 10000) >= 0);
	assert_int_equal(w->begun, 0);
	assert_int_equal(w->stays, 1);
	logind_release(w->logind);
}

/* ---- for the end-to-end tests -------------------------------------------------------------------------- */

static void say_released(struct fake_logind *f)
{
	(void)f;
	(void)puts("released");
	(void)fflush(stdout);
}

static int on_command(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct fake_logind *f = data;
	char line[32] = "";
	ssize_t n = read(fd, line, sizeof line - 1);

	(void)events;
	line[strcspn(line, "\n")] = '\0';
	if (n <= 0 || streq(line, "quit"))
		return sd_event_exit(sd_event_source_get_event(source), 0);
	fake_logind_prepare(f, streq(line, "prepare"));
	return 0;
}

static int serve(const char *delay_ms)
{
	struct fake_logind f = {.released = say_released};
	sd_event *loop = NULL;
	uint64_t ms = 0;
	int pid, r;
	char *address = fake_bus_start(&pid);

	(void)parse_u64(sv(delay_ms), &ms);
	f.delay_us = ms * 1000;
	r = sd_event_new(&loop);
	if (r >= 0)
		fake_logind_open(&f, loop, address);
	(void)puts(address);
	(void)fflush(stdout);
	if (r >= 0)
		r = sd_event_add_io(loop, NULL, STDIN_FILENO, EPOLLIN, on_command, &f);
	if (r >= 0)
		r = sd_event_loop(loop);
	fake_logind_close(&f);
	sd_event_unref(loop);
	fake_bus_stop(pid);
	free(address);
	return r < 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			holds_the_machine_until_released, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			finds_a_machine_that_is_going_down, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			waits_for_a_logind_that_comes_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lives_without_a_bus, set_up, tear_down),
	};

	if (argc == 3 && streq(argv[1], "serve"))
		return serve(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
