/* SPDX-License-Identifier: Apache-2.0 */
/* Records are counted, expire after an hour, and stay below their number. */
#include "tests/unit/unit.h"

#include "agent/spec/spec.h"
#include "agent/status/recorder.h"

struct fixture {
	struct scratch dir;
	struct store *store;
	struct recorder *recorder;
	struct clock clock;
	uint64_t wall_ns, now_ns;
};

static uint64_t fixture_now(void *data)
{
	return ((struct fixture *)data)->now_ns;
}

static uint64_t fixture_wall(void *data)
{
	return ((struct fixture *)data)->wall_ns;
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);
	cleanup_free char *path = NULL;
	struct err e = {0};

	f->wall_ns = 1795379281ull * NS_PER_SEC;
	f->clock = (struct clock){fixture_now, fixture_wall, f};
	scratch_open(&f->dir);
	path = xasprintf("%s/store.db", f->dir.path);
	if (store_open(path, &f->clock, &f->store, &e) < 0 ||
		recorder_new(f->store, &f->clock, "node-1", &f->recorder, &e) < 0)
		fail_msg("%s", err_text(&e));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	recorder_free(f->recorder);
	store_close(f->store);
	scratch_close(&f->dir);
	free(f);
	return 0;
}

static json_t *records(struct fixture *f)
{
	json_t *list = NULL;

	assert_int_equal(store_list(f->store, kind_by_name("v1", "Event"), NULL, NULL, NULL, &list,
				 NULL, NULL),
		0);
	return list;
}

static size_t count(struct fixture *f)
{
	cleanup_json json_t *list = records(f);

	return json_array_size(list);
}

static const struct subject web = {"v1", "Pod", "shop", "web-1", "u-1", "spec.containers{web}"};

static void the_same_is_counted(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *list = NULL;
	const json_t *record;

	recorder_say(
		f->recorder, "kubelet", &web, true, "BackOff", "Back-off restarting %s", "web");
	f->wall_ns += 60 * NS_PER_SEC;
	recorder_say(
		f->recorder, "kubelet", &web, true, "BackOff", "Back-off restarting %s", "web");
	recorder_say(f->recorder, "kubelet", &web, false, "Started", "Started container web");
	list = records(f);
	assert_int_equal(json_array_size(list), 2);
	for (size_t i = 0; i < 2; i++) {
		record = json_array_get(list, i);
		if (!streq(json_str(record, "reason"), "BackOff"))
			continue;
		assert_int_equal(json_int(record, "count", 0), 2);
		assert_string_equal(json_str(record, "type"), "Warning");
		assert_string_equal(json_str(record, "firstTimestamp"), "2026-11-22T20:28:01Z");
		assert_string_equal(json_str(record, "lastTimestamp"), "2026-11-22T20:29:01Z");
		assert_string_equal(json_str(json_map(record, "involvedObject"), "fieldPath"),
			"spec.containers{web}");
		assert_string_equal(json_str(json_map(record, "metadata"), "namespace"), "shop");
	}
	assert_int_equal(recorder_lost(f->recorder), 0);
}

static void an_hour_is_enough(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *list = NULL;

	recorder_say(f->recorder, "kubelet", &web, false, "Pulled", "old");
	f->wall_ns += RECORD_TTL_NS / 2;
	recorder_say(f->recorder, "kubelet", &web, false, "Pulled", "young");
	f->wall_ns += RECORD_TTL_NS / 2;
	assert_true(recorder_expire(f->recorder) == f->wall_ns + RECORD_TTL_NS / 2);
	list = records(f);
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_str(json_array_get(list, 0), "message"), "young");
	f->wall_ns += RECORD_TTL_NS;
	assert_true(recorder_expire(f->recorder) == 0);
}

static void a_flood_stays_bounded(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *list = NULL;

	for (int i = 0; i <= RECORDS_MAX; i++) {
		f->wall_ns += NS_PER_MS;
		char uid[24];
		const struct subject about = {"v1", "Pod", "shop", "web", uid, NULL};

		(void)snprintf(uid, sizeof uid, "u-%d", i);
		recorder_say(f->recorder, "kubelet", &about, false, "Pulled", "image %d", i);
	}
	list = records(f);
	assert_int_equal(json_array_size(list), RECORDS_MAX * 9 / 10);
}

static void knows_what_it_has_said(void **state)
{
	struct fixture *f = *state;
	uint64_t at = f->wall_ns;

	assert_false(recorder_has_said(f->recorder, &web, true, "Failed", "hook", at));
	recorder_say(f->recorder, "kubelet", &web, true, "Failed", "hook");
	assert_true(recorder_has_said(f->recorder, &web, true, "Failed", "hook", at));
	assert_false(recorder_has_said(f->recorder, &web, true, "Failed", "other", at));
	f->wall_ns += 2 * NS_PER_SEC;
	assert_true(recorder_has_said(f->recorder, &web, true, "Failed", "hook", at));
	assert_false(recorder_has_said(f->recorder, &web, true, "Failed", "hook", f->wall_ns));
	f->wall_ns += RECORD_TTL_NS;
	assert_true(recorder_has_said(f->recorder, &web, true, "Failed", "never", at));
}

/* 25 at once, then one in five minutes; another object or component has its own share. */
static void a_talker_is_not_heard_for_ever(void **state)
{
	struct fixture *f = *state;
	const struct subject other = {"v1", "Pod", "shop", "other", "u-2", NULL};

	for (int i = 0; i < 40; i++)
		recorder_say(f->recorder, "kubelet", &web, false, "Pulled", "image %d", i);
	assert_int_equal(count(f), 25);
	recorder_say(f->recorder, "kubelet", &other, false, "Pulled", "image");
	recorder_say(f->recorder, "default-scheduler", &web, false, "Scheduled", "here");
	assert_int_equal(count(f), 27);
	f->now_ns += 299 * NS_PER_SEC;
	recorder_say(f->recorder, "kubelet", &web, false, "Pulled", "too soon");
	assert_int_equal(count(f), 27);
	f->now_ns += NS_PER_SEC;
	recorder_say(f->recorder, "kubelet", &web, false, "Pulled", "late");
	recorder_say(f->recorder, "kubelet", &web, false, "Pulled", "too soon");
	assert_int_equal(count(f), 28);
	/* Ten years later by the wall, which says nothing. */
	f->wall_ns += 10 * 365 * 24 * 3600 * NS_PER_SEC;
	recorder_say(f->recorder, "kubelet", &web, false, "Pulled", "too soon");
	assert_int_equal(count(f), 28);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_same_is_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_hour_is_enough, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_flood_stays_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_talker_is_not_heard_for_ever, set_up, tear_down),
		cmocka_unit_test_setup_teardown(knows_what_it_has_said, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
