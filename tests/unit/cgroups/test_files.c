/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cgroups/tree.h"

#include "cgroups/files.h"
#include "runtime/base/str.h"

static void numbers(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t value;
	} cases[] = {
		{"0\n", 0, 0},
		{"42", 0, 42},
		{"max\n", 0, UINT64_MAX},
		{"18446744073709551615\n", 0, UINT64_MAX},
		{"18446744073709551616\n", -EBADMSG, 0},
		{"-1\n", -EBADMSG, 0},
		{"12 13\n", -EBADMSG, 0},
		{"maximum\n", -EBADMSG, 0},
		{"", -EBADMSG, 0},
		{"\n", -EBADMSG, 0},
		{" 1\n", -EBADMSG, 0},
	};
	struct tree t;

	(void)state;
	tree_empty(&t);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t v = 7;

		tree_put(&t, "n", cases[i].text);
		assert_int_equal(cg_read_u64(t.fd, "n", &v), cases[i].r);
		assert_int_equal(v, cases[i].r == 0 ? cases[i].value : 7);
	}
	assert_int_equal(cg_read_u64(t.fd, "none", &(uint64_t){0}), -ENOENT);
	tree_free(&t);
}

static void keys(void **state)
{
	struct tree t;
	uint64_t v = 7;

	(void)state;
	tree_empty(&t);
	tree_put(&t, "f", "low 1\noom 2\noom_kill 3\nbad x\nlast 9");
	assert_int_equal(cg_read_key(t.fd, "f", "oom", &v), 0);
	assert_int_equal(v, 2);
	assert_int_equal(cg_read_key(t.fd, "f", "oom_kill", &v), 0);
	assert_int_equal(v, 3);
	assert_int_equal(cg_read_key(t.fd, "f", "oo", &v), -ENODATA);
	assert_int_equal(cg_read_key(t.fd, "f", "bad", &v), -EBADMSG);
	/* A line without its newline is one that the kernel has not finished: never trusted. */
	assert_int_equal(cg_read_key(t.fd, "f", "last", &v), -ENODATA);
	assert_int_equal(v, 3);
	tree_free(&t);
}

struct seen {
	int lines;
	char last[32];
};

static int see(char *line, void *arg)
{
	struct seen *s = arg;

	s->lines++;
	(void)snprintf(s->last, sizeof s->last, "%s", line);
	return 0;
}

static void long_lines_are_skipped(void **state)
{
	struct tree t;
	struct seen s = {0};
	char *text = malloc(40000);

	(void)state;
	assert_non_null(text);
	tree_empty(&t);
	memset(text, 'x', 39999);
	text[39999] = '\0';
	memcpy(text, "first\n", 6);
	memcpy(text + 30000, "\nshort\n", 7);
	memcpy(text + 39990, "\nend\n", 6);
	tree_put(&t, "f", text);
	assert_int_equal(cg_each_line(t.fd, "f", see, &s), 0);
	/* "first", "short" and "end"; neither of the two long ones. */
	assert_int_equal(s.lines, 3);
	assert_string_equal(s.last, "end");
	free(text);
	tree_free(&t);
}

static void writes(void **state)
{
	struct tree t;

	(void)state;
	tree_empty(&t);
	tree_put(&t, "f", "");
	assert_int_equal(cg_write(t.fd, "f", "12"), 0);
	assert_string_equal(tree_get(&t, "f"), "12");
	assert_int_equal(cg_write(t.fd, "none", "12"), -ENOENT);
	tree_free(&t);
}

static int order(int dir, void *arg)
{
	char *at = arg;

	at += strlen(at);
	assert_int_equal(cg_read(dir, "name", at, 2), 1);
	return 0;
}

static int stop(int dir, void *arg)
{
	(void)dir;
	++*(int *)arg;
	return 5;
}

static void walk(void **state)
{
	struct tree t;
	char got[32] = "";
	int n = 0;

	(void)state;
	tree_empty(&t);
	tree_put(&t, "name", "1");
	tree_put(&t, "a/name", "2");
	tree_put(&t, "a/b/name", "3");
	tree_put(&t, "a/b/c/name", "4");
	assert_int_equal(symlinkat("/", t.fd, "link"), 0);
	assert_int_equal(cg_walk(t.fd, order, got), 0);
	assert_string_equal(got, "4321");
	assert_int_equal(cg_walk(t.fd, stop, &n), 5);
	assert_int_equal(n, 1);
	tree_free(&t);
}

static void walk_ends(void **state)
{
	struct tree t;
	cleanup_str struct str path = {0};
	int n = 0;

	(void)state;
	tree_empty(&t);
	for (int i = 0; i < 80; i++)
		str_add(&path, "d/");
	str_add(&path, "f");
	tree_put(&t, path.p, "");
	assert_int_equal(cg_walk(t.fd, stop, &n), -ELOOP);
	assert_int_equal(n, 0);
	tree_free(&t);
}

static void words(void **state)
{
	(void)state;
	assert_true(cg_has_word("cpuset cpu io\n", "cpu"));
	assert_true(cg_has_word("cpuset cpu io\n", "io"));
	assert_true(cg_has_word("cpuset cpu io\n", "cpuset"));
	assert_false(cg_has_word("cpuset io\n", "cpu"));
	assert_false(cg_has_word("\n", "cpu"));
	assert_false(cg_has_word("", "cpu"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(keys),
		cmocka_unit_test(long_lines_are_skipped),
		cmocka_unit_test(writes),
		cmocka_unit_test(walk),
		cmocka_unit_test(walk_ends),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
