/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a shim, there and back. Every member that the headers declare must have a row, so that nobody can add
 * one and forget it; and every row must bring its value back.
 */
#include "tests/unit/unit.h"

#include "runtime/shim/attach.h"
#include "runtime/shim/exec.h"
#include "runtime/shim/handover.h"

#include <sys/mman.h>

/* ---- no member without a row ------------------------------------------------------------------------ */

static bool has_count(const struct field *f)
{
	return f->type == FIELD_STRINGS || f->type == FIELD_I64S || f->type == FIELD_RECORDS ||
	       f->type == FIELD_BYTES;
}

static const struct record *table_of(const char *type)
{
	const struct handover_table *t = handover_tables;

	while (t->type && !streq(t->type, type))
		t++;
	assert_case(t->type != NULL, type);
	return t->record;
}

/* Is there a row of that name, or "NAME_0", "NAME_1" for each of an array, or is it the number beside a list? */
static bool has_row(const struct record *r, struct sv member)
{
	for (size_t i = 0; i < r->n; i++) {
		struct sv row = sv(r->fields[i].name);

		if (row.n == member.n + 2 && row.p[member.n] == '_' && row.p[member.n + 1] <= '9')
			row.n = member.n;
		if (sv_eq(member, "") || (row.n == member.n && !memcmp(row.p, member.p, row.n)))
			return true;
		if (has_count(&r->fields[i]) && member.n == row.n + 2 &&
			!memcmp(member.p, "n_", 2) && !memcmp(member.p + 2, row.p, row.n))
			return true;
	}
	return false;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* The name in a declarator: the last word before "[", or in "(*NAME)(...". */
static struct sv name_in(struct sv declarator)
{
	const char *end = memchr(declarator.p, '[', declarator.n), *at;
	const char *function = memmem(declarator.p, declarator.n, "(*", 2);

	if (function)
		end = memchr(function, ')', declarator.n);
	if (!end)
		end = declarator.p + declarator.n;
	while (end > declarator.p && !is_name(end[-1]))
		end--;
	for (at = end; at > declarator.p && is_name(at[-1]); at--)
		;
	return (struct sv){at, (size_t)(end - at)};
}

static void blank_comments(char *text)
{
	char *open, *close;

	while ((open = strstr(text, "/*")) && (close = strstr(open, "*/")))
		memset(open, ' ', (size_t)(close + 2 - open));
}

/* As the headers of this folder declare it: one structure, no others inside, every member a line that ends with ";". */
static size_t check_members(const char *type, const char *path)
{
	const struct record *r = table_of(type);
	cleanup_free char *text = NULL, *head = xasprintf("\n%s {", type);
	char *body, *end;
	struct sv rest;
	size_t n = 0;

	assert_case(fs_read(AT_FDCWD, path, 1 << 20, &text, NULL) == 0, path);
	blank_comments(text);
	body = strstr(text, head);
	assert_case(body != NULL, type);
	body += strlen(head);
	end = strstr(body, "\n};");
	rest = (struct sv){body, (size_t)(end - body)};
	while (rest.n) {
		struct sv line = sv_cut(&rest, ';');
		bool function = memmem(line.p, line.n, "(*", 2) != NULL;

		while (line.n) {
			struct sv name = name_in(function ? line : sv_cut(&line, ','));

			if (function)
				line.n = 0;
			if (!has_row(r, name))
				fail_msg("%s: %.*s has no row in handover.c", type, (int)name.n,
					name.p);
			n += name.n > 0;
		}
	}
	return n;
}

static void test_every_member_has_a_row(void **state)
{
	static const struct {
		const char *type, *path;
		size_t least;
	} types[] = {
		{"struct source", "runtime/shim/loop.h", 3},
		{"struct log_stream", "runtime/shim/logs.h", 4},
		{"struct log_rate", "runtime/shim/lograte.h", 4},
		{"struct log_loss", "runtime/shim/logs.h", 3},
		{"struct log", "runtime/shim/logs.h", 13},
		{"struct stdio", "runtime/shim/stdio.h", 7},
		{"struct hook", "runtime/shim/hook.h", 12},
		{"struct standby", "runtime/shim/standby.h", 10},
		{"struct run", "runtime/shim/container.h", 8},
		{"struct container", "runtime/shim/container.h", 44},
		{"struct shim", "runtime/shim/shim.h", 60},
		{"struct exec", "runtime/shim/exec.h", 17},
		{"struct attach", "runtime/shim/attach.h", 6},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		assert_case(check_members(types[i].type, types[i].path) >= types[i].least,
			types[i].type);
}

/* ---- no row that loses its value -------------------------------------------------------------------- */

/* A value that no fallback has, another one for each member. */
static void fill(const struct record *r, void *value, unsigned *seed)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct field *f = &r->fields[i];
		char *member = (char *)value + f->offset;
		unsigned n = ++*seed;
		void *items;

		if (f->type == FIELD_BOOL)
			*(bool *)member = true;
		else if (f->type == FIELD_ENUM)
			*(int *)member = 1;
		else if (f->type == FIELD_I32 || f->type == FIELD_U32 || f->type == FIELD_FD)
			*(uint32_t *)member = 1000 + n;
		else if (f->type == FIELD_I64 || f->type == FIELD_U64)
			*(uint64_t *)member = ((uint64_t)n << 32) + n;
		else if (f->type == FIELD_STRING)
			*(char **)member = xasprintf("text \"%u\"", n);
		else if (f->type == FIELD_TEXT)
			(void)snprintf(member, f->max, "%.*u", (int)f->max - 1, n);
		else if (f->type == FIELD_RECORD)
			fill(f->record, member, seed);
		if (!has_count(f))
			continue;
		items = xcalloc(2, f->type == FIELD_RECORDS ? f->record->size : 16);
		*(void **)member = items;
		*(size_t *)((char *)value + f->count_offset) = 2;
		for (size_t k = 0; f->type == FIELD_RECORDS && k < 2; k++)
			fill(f->record, (char *)items + k * f->record->size, seed);
		for (size_t k = 0; f->type == FIELD_STRINGS && k < 2; k++)
			((char **)items)[k] = xasprintf("item %u.%zu", n, k);
		for (size_t k = 0; f->type == FIELD_I64S && k < 2; k++)
			((int64_t *)items)[k] = -(int64_t)n;
		if (f->type == FIELD_BYTES)
			memcpy(items, "\0\xff", 2);
	}
}

static void test_every_row_brings_its_value_back(void **state)
{
	(void)state;
	for (const struct handover_table *t = handover_tables; t->type; t++) {
		void *value = xcalloc(1, t->record->size), *again = xcalloc(1, t->record->size);
		cleanup_json json_t *first = NULL, *second = NULL;
		struct err e = {0};
		unsigned seed = 0;

		fill(t->record, value, &seed);
		first = record_encode(t->record, value);
		for (size_t i = 0; i < t->record->n; i++) {
			const struct field *f = &t->record->fields[i];

			if (!json_object_get(first, f->name) != (f->type == FIELD_SKIP))
				fail_msg("%s: %s is not written", t->type, f->name);
		}
		if (record_decode(t->record, first, again, &e) < 0)
			fail_msg("%s: %s", t->type, err_text(&e));
		second = record_encode(t->record, again);
		assert_case(json_equal(first, second), t->type);
		record_free(t->record, value);
		record_free(t->record, again);
	}
}

/* ---- the whole ---------------------------------------------------------------------------------------- */

static struct shim *make_shim(void)
{
	const struct record *r = table_of("struct shim");
	struct shim *s = xcalloc(1, sizeof *s);
	unsigned seed = 7;

	fill(r, s, &seed);
	s->execs = xcalloc(1, sizeof *s->execs);
	fill(table_of("struct exec"), s->execs, &seed);
	s->execs->next = xcalloc(1, sizeof *s->execs);
	fill(table_of("struct exec"), s->execs->next, &seed);
	s->attaches = xcalloc(1, sizeof *s->attaches);
	fill(table_of("struct attach"), s->attaches, &seed);
	s->attaches->container = &s->containers[1];
	return s;
}

static void free_shim(struct shim *s)
{
	while (s->execs) {
		struct exec *next = s->execs->next;

		free(s->execs);
		s->execs = next;
	}
	free(s->attaches);
	record_free(table_of("struct shim"), s);
}

static char *text_in(int fd)
{
	struct stat st;
	char *text;

	assert_int_equal(fstat(fd, &st), 0);
	text = xcalloc((size_t)st.st_size + 1, 1);
	assert_int_equal(pread(fd, text, (size_t)st.st_size, 0), st.st_size);
	return text;
}

static void test_a_whole_shim(void **state)
{
	struct shim *a = make_shim(), *b = xcalloc(1, sizeof *b);
	cleanup_close int first = handover_write(a), second = -EBADF;
	cleanup_free char *x = NULL, *y = NULL;
	struct err e = {0};

	(void)state;
	assert_true(first >= 0);
	/* Nobody changes it between the shim that writes it and the one that reads it. */
	assert_int_equal(write(first, "x", 1), -1);
	if (handover_read(first, b, &e) < 0)
		fail_msg("%s", err_text(&e));
	assert_int_equal(b->n_containers, 2);
	assert_ptr_equal(b->attaches->container, &b->containers[1]);
	assert_ptr_equal(b->execs->shim, b);
	second = handover_write(b);
	x = text_in(first);
	y = text_in(second);
	assert_string_equal(x, y);
	free_shim(a);
	free_shim(b);
}

static int state_of(const char *text)
{
	int fd = memfd_create("state", MFD_CLOEXEC);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void test_other_builds(void **state)
{
	static const struct {
		const char *name, *text;
		int r;
	} cases[] = {
		{"the smallest", "{\"format\":1,\"shim\":{}}", 0},
		{"members of a later build",
			"{\"format\":9,\"readers_from\":1,\"shim\":{\"later\":[1],\"containers\":[{"
			"\"later\":{}}]},\"more\":1}",
			0},
		{"a later build that needs more of its readers",
			"{\"format\":9,\"readers_from\":2,\"build\":\"v9\",\"shim\":{}}", -ENOTSUP},
		{"cut short", "{\"format\":1,\"shim\":{", -EBADMSG},
		{"nothing", "", -EBADMSG},
		{"not a state", "[1]", -EBADMSG},
		{"no shim", "{\"format\":1}", -EINVAL},
		{"a wrong type", "{\"format\":1,\"shim\":{\"grace_ns\":\"long\"}}", -EINVAL},
		{"a name without end",
			"{\"format\":1,\"shim\":{\"ns_dir\":"
			"\"0123456789012345678901234567890123456789\"}}",
			-EINVAL},
		{"attached to nobody",
			"{\"format\":1,\"shim\":{},\"attaches\":[{\"container\":\"a\"}]}", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_close int fd = state_of(cases[i].text);
		struct shim *s = xcalloc(1, sizeof *s);
		struct err e = {0};

		assert_case(handover_read(fd, s, &e) == cases[i].r, cases[i].name);
		assert_case(cases[i].r == 0 || err_text(&e)[0], cases[i].name);
		free_shim(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_member_has_a_row),
		cmocka_unit_test(test_every_row_brings_its_value_back),
		cmocka_unit_test(test_a_whole_shim),
		cmocka_unit_test(test_other_builds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
