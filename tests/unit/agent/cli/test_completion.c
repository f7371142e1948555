/* SPDX-License-Identifier: Apache-2.0 */
/* The completion scripts of the tree must be those that the command table gives. */
#include "tests/unit/agent/cli/scene.h"

static void are_current(void **state)
{
	static const struct {
		const char *line, *file;
	} scripts[] = {{"completion bash", "scripts/completion/berth.bash"},
		{"completion zsh", "scripts/completion/_berth"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		cleanup_said struct said s = berth("/nonexistent", scripts[i].line);
		cleanup_free char *text = NULL;

		assert_int_equal(s.status, 0);
		assert_int_equal(fs_read(AT_FDCWD, scripts[i].file, OUTPUT_MAX, &text, NULL), 0);
		if (strcmp(s.out, text) != 0)
			fail_msg("%s is old: build/berth %s >%s", scripts[i].file, scripts[i].line,
				scripts[i].file);
	}
}

/* Every command has help, with its usage line and each of its flags. */
static void every_command_has_help(void **state)
{
	static const char *const lines[] = {"apply", "create", "create secret tls", "create cm",
		"get", "describe", "delete", "scale", "logs", "exec", "events", "wait", "explain",
		"label", "annotate", "patch", "edit", "replace", "image pull", "check", "version",
		"api-resources", "completion", "help"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		cleanup_free char *line = xasprintf("%s --help", lines[i]),
				  *help = xasprintf("help %s", lines[i]);
		cleanup_said struct said s = berth("/nonexistent", line),
					 t = berth("/nonexistent", help);

		assert_int_equal(s.status, 0);
		assert_non_null(strstr(s.out, "Usage: berth "));
		assert_non_null(strstr(s.out, "--help"));
		assert_string_equal(s.out, t.out);
	}
}

static void unknown_words(void **state)
{
	static const struct {
		const char *line, *err;
	} cases[] = {
		{"gte pods",
			"error: unknown command \"gte\" for \"berth\" (did you mean \"get\"?)\n"},
		{"create secert", "error: unknown command \"secert\" for \"berth create\" (did you "
				  "mean \"secret\"?)\n"},
		{"xyzzy", "error: unknown command \"xyzzy\" for \"berth\" (berth --help lists "
			  "them)\n"},
		{"get pods --wacth", "error: unknown flag: --wacth (did you mean --watch?)\nSee "
				     "'berth get --help' for usage.\n"},
		{"help gte", "error: there is no command \"berth gte\"\n"},
		{"completion fish", "error: completion is there for bash and zsh\nSee 'berth "
				    "completion --help' for usage.\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_said struct said s = berth("/nonexistent", cases[i].line);

		assert_int_equal(s.status, 1);
		assert_string_equal(s.err, cases[i].err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(are_current),
		cmocka_unit_test(every_command_has_help),
		cmocka_unit_test(unknown_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
