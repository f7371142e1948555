/* SPDX-License-Identifier: Apache-2.0 */
/* The dossier's file: the same after writing and reading, and never too many of them. */
#include "tests/unit/unit.h"

#include "runtime/base/json.h"
#include "runtime/plan/death.h"

static void round_trip(void **state)
{
	static const char text[] =
		"{\"container\":\"web\",\"id\":\"web-3\",\"attempt\":3,\"run\":2,\"started_at\":5,"
		"\"finished_at\":9,\"ran_ns\":4,\"exit_code\":137,\"signal\":9,\"reason\":"
		"\"OOMKilled\",\"message\":\"m\",\"cause\":\"c\",\"told\":true,\"oom_killed\":true,"
		"\"oom_kills\":2,\"memory_peak_bytes\":64,\"memory_bytes\":1,"
		"\"memory_limit_bytes\":64,\"cpu\":{\"some_avg10_centi\":150},\"memory\":{"
		"\"full_total_us\":7},\"crashes\":3,\"log_tail\":\"a\\nb\\n\",\"next\":"
		"\"restart\",\"next_at\":11}";
	CLEANUP(death_free) struct death *d = NULL;
	cleanup_json json_t *j = NULL;
	cleanup_free char *again = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(death_parse(sv(text), &d, &e), 0);
	assert_int_equal(d->cpu->some_avg10_centi, 150);
	assert_int_equal(d->next, DEATH_NEXT_RESTART);
	j = death_encode(d);
	again = json_text(j);
	assert_string_equal(again, text);
}

static void refused(void **state)
{
	static const struct {
		const char *text, *field;
	} cases[] = {
		{"{}", "container"},
		{"{\"container\":\"a\",\"id\":\"b\"}", "reason"},
		{"{\"container\":\"a\",\"id\":\"b\",\"reason\":\"r\",\"next\":\"x\"}", "next"},
		{"{\"container\":\"a\",\"id\":\"b\",\"reason\":\"r\",\"cpu\":1}", "cpu"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct death *d = NULL;
		struct err e = {0};

		assert_case(death_parse(sv(cases[i].text), &d, &e) == -EINVAL, cases[i].text);
		assert_string_equal(e.field, cases[i].field);
	}
}

/* What a later build has written is read as far as it is known. */
static void of_a_later_build(void **state)
{
	static const char text[] = "{\"container\":\"a\",\"id\":\"b\",\"reason\":\"r\",\"x\":1}";
	CLEANUP(death_free) struct death *d = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(death_parse(sv(text), &d, &e), 0);
	assert_string_equal(d->reason, "r");
}

static void names(void **state)
{
	static const char *const bad[] = {"", "a", "-1.json", "a-.json", "a-x.json", "a-1.jsn",
		"a-1.probes.json", "a-99999999999.json", ".json"};
	char name[DEATH_NAME_SIZE];
	struct sv container;
	uint32_t attempt;

	(void)state;
	death_file_name("web-1", 12, name);
	assert_string_equal(name, "web-1-12.json");
	assert_int_equal(death_file_parse(name, &container, &attempt), 0);
	assert_true(sv_eq(container, "web-1"));
	assert_int_equal(attempt, 12);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_case(death_file_parse(bad[i], &container, &attempt) < 0, bad[i]);
}

static bool is_there(const struct scratch *s, const char *name)
{
	cleanup_free char *path = xasprintf(DEATH_DIR "/%s", name);

	return faccessat(s->fd, path, F_OK, 0) == 0;
}

static void ten_are_kept(void **state)
{
	char a[] = "a", long_name[] = "a-1", id[] = "x", reason[] = "Error";
	struct death d = {.container = long_name, .id = id, .reason = reason};
	struct scratch s;

	(void)state;
	scratch_open(&s);
	assert_int_equal(death_write(s.fd, &d, FS_NO_SYNC),
		0); /* another container's, whose name looks alike */
	d.container = a;
	for (uint32_t i = 5; i < 30; i++) {
		d.attempt = i;
		assert_int_equal(death_write(s.fd, &d, FS_NO_SYNC), 0);
	}
	assert_true(is_there(&s, "a-1-0.json"));
	assert_false(is_there(&s, "a-19.json"));
	assert_true(is_there(&s, "a-20.json"));
	assert_true(is_there(&s, "a-29.json"));
	scratch_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(refused),
		cmocka_unit_test(of_a_later_build),
		cmocka_unit_test(names),
		cmocka_unit_test(ten_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
