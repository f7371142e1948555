/* SPDX-License-Identifier: Apache-2.0 */
/* Keys are worked on once however often they were added, in the order of lanes, and at their times. */
#include "tests/unit/unit.h"

#include "agent/control/queue.h"
#include "runtime/base/str.h"

struct trace {
	struct str text;
	struct lane *again; /* adds its own key once more while it works */
};

static void note(void *data, const char *key)
{
	struct trace *t = data;

	str_addf(&t->text, "%s ", key);
	if (t->again) {
		struct lane *l = t->again;
		t->again = NULL;
		lane_add(l, key);
	}
}

struct fixture {
	sd_event *loop;
	struct queue *queue;
	struct trace trace;
};

static void open_fixture(struct fixture *f)
{
	memset(f, 0, sizeof *f);
	assert_true(sd_event_new(&f->loop) >= 0);
	assert_int_equal(queue_new(f->loop, &clock_kernel, &f->queue, NULL), 0);
}

static void close_fixture(struct fixture *f)
{
	queue_free(f->queue);
	sd_event_unref(f->loop);
	str_done(&f->trace.text);
}

static void run_for_ms(struct fixture *f, uint64_t ms)
{
	uint64_t until = clock_now_ns(&clock_kernel) + ms * NS_PER_MS;
	for (uint64_t now; (now = clock_now_ns(&clock_kernel)) < until;)
		assert_true(sd_event_run(f->loop, (until - now) / 1000 + 1) >= 0);
}

static void works_once_in_order_of_lanes(void **state)
{
	struct fixture f;
	(void)state;
	open_fixture(&f);
	struct lane *first = queue_lane(f.queue, note, &f.trace);
	struct lane *second = queue_lane(f.queue, note, &f.trace);
	lane_add(second, "late");
	lane_add(first, "a");
	lane_add(first, "b");
	lane_add(first, "a");
	assert_null(f.trace.text.p);
	assert_false(queue_idle(f.queue));
	run_for_ms(&f, 20);
	assert_string_equal(f.trace.text.p, "a b late ");
	assert_true(queue_idle(f.queue));
	close_fixture(&f);
}

static void takes_keys_added_while_working(void **state)
{
	struct fixture f;
	(void)state;
	open_fixture(&f);
	struct lane *l = queue_lane(f.queue, note, &f.trace);
	f.trace.again = l;
	lane_add(l, "a");
	run_for_ms(&f, 20);
	assert_string_equal(f.trace.text.p, "a a ");
	close_fixture(&f);
}

static void keeps_times(void **state)
{
	struct fixture f;
	uint64_t now = clock_now_ns(&clock_kernel);
	(void)state;
	open_fixture(&f);
	struct lane *l = queue_lane(f.queue, note, &f.trace);
	lane_add_at(l, "far", now + 3600 * NS_PER_SEC);
	lane_add_at(l, "third", now + 60 * NS_PER_MS);
	lane_add_at(l, "second", now + 500 * NS_PER_MS);
	lane_add_at(l, "second", now + 40 * NS_PER_MS);
	lane_add_at(l, "second", now + 900 * NS_PER_MS);
	lane_add_at(l, "removed", now + 20 * NS_PER_MS);
	lane_remove(l, "removed");
	lane_add(l, "first");
	run_for_ms(&f, 150);
	assert_string_equal(f.trace.text.p, "first second third ");
	assert_true(queue_idle(f.queue));
	close_fixture(&f);
}

static void a_time_survives_work_before_it(void **state)
{
	struct fixture f;
	uint64_t now = clock_now_ns(&clock_kernel);
	(void)state;
	open_fixture(&f);
	struct lane *l = queue_lane(f.queue, note, &f.trace);
	lane_add_at(l, "a", now + 40 * NS_PER_MS);
	lane_add(l, "a");
	run_for_ms(&f, 100);
	assert_string_equal(f.trace.text.p, "a a ");
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(works_once_in_order_of_lanes),
		cmocka_unit_test(takes_keys_added_while_working),
		cmocka_unit_test(keeps_times),
		cmocka_unit_test(a_time_survives_work_before_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
