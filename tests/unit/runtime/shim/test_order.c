/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of containers, drawn: one letter a container, what each is told below it.
 *
 *	i init container	s sidecar	m the others
 *	after it:  . waits   + lives   - ended   ! lives or has ended, and has let the next go
 */
#include "tests/unit/unit.h"

#include "runtime/shim/order.h"

enum { ITEMS_MAX = 8 };

/* "i!s+m." → items. "i-" has failed, "i!" has succeeded, "s!" has started. */
static size_t read_items(const char *text, struct order_item *items)
{
	size_t n = 0;

	for (; text[0]; text += 2, n++) {
		char sort = text[0], how = text[1];

		items[n] = (struct order_item){
			.init = sort != 'm',
			.sidecar = sort == 's',
			.passed = how == '!' || (sort == 's' && how == '-'),
			.state = how == '.'				     ? ORDER_WAITS
				 : how == '-' || (how == '!' && sort == 'i') ? ORDER_ENDED
									     : ORDER_LIVES,
		};
	}
	return n;
}

static void write_verbs(const enum order_verb *verbs, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = "-gs"[verbs[i]];
	out[n] = '\0';
}

static const struct {
	const char *items, *start, *end;
	bool over, empty;
} cases[] = {
	/* no init containers: all at once */
	{"m.m.", "gg", "ss", false, false},
	{"m+m+", "--", "ss", false, false},
	{"m-m+", "--", "-s", false, false},
	{"m-m-", "--", "--", true, true},
	/* init containers, one after another */
	{"i.i.m.", "g--", "sss", false, false},
	{"i+i.m.", "---", "sss", false, false},
	{"i!i.m.", "-g-", "-ss", false, false},
	{"i!i!m.m.", "--gg", "--ss", false, false},
	{"i!i-m.", "---", "--s", true, false},
	{"i-i.m.", "---", "-ss", true, false},
	/* a sidecar lets the next go when it has started, and a crash later holds nobody up */
	{"s.m.", "g-", "-s", false, false},
	{"s+m.", "--", "-s", false, false},
	{"s!m.", "-g", "-s", false, false},
	{"s!i.m.", "-g-", "-ss", false, false},
	{"i!s+s.m.", "----", "---s", false, false},
	{"i!s!s.m.", "--g-", "---s", false, false},
	{"i!s!s!m.m.", "---gg", "---ss", false, false},
	/* the end: sidecars after the others, the last first */
	{"s!s!m+m+", "----", "--ss", false, false},
	{"s!s!m-m+", "----", "---s", false, false},
	{"s!s!m-m-", "----", "-s--", true, false},
	{"s!s-m-m-", "----", "s---", true, false},
	{"s-s-m-m-", "----", "----", true, true},
	{"s!i+m.", "---", "-ss", false, false},
	{"s!i-m-", "---", "s--", true, false},
	/* a sidecar that never started is in nobody's way */
	{"s!s.m-", "-g-", "-s-", true, false},
	{"s-s+m-", "---", "-s-", true, false},
};

static void drawn(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct order_item items[ITEMS_MAX];
		enum order_verb verbs[ITEMS_MAX];
		char start[ITEMS_MAX + 1], end[ITEMS_MAX + 1];
		size_t n = read_items(cases[i].items, items);

		order_start(items, n, verbs);
		write_verbs(verbs, n, start);
		order_end(items, n, verbs);
		write_verbs(verbs, n, end);
		if (!streq(start, cases[i].start) || !streq(end, cases[i].end) ||
			order_is_over(items, n) != cases[i].over ||
			order_is_empty(items, n) != cases[i].empty)
			fail_msg("%s: start %s, end %s", cases[i].items, start, end);
	}
}

/* From any state the end comes, when each that is told to stop does so; and a sidecar never before what needs it. */
static void the_end_comes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct order_item items[ITEMS_MAX];
		enum order_verb verbs[ITEMS_MAX];
		size_t n = read_items(cases[i].items, items), rounds = 0;

		while (!order_is_empty(items, n)) {
			assert_true(rounds++ <= n);
			order_end(items, n, verbs);
			for (size_t k = 0; k < n; k++)
				if (verbs[k] == ORDER_STOP)
					items[k].state = ORDER_ENDED;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drawn), cmocka_unit_test(the_end_comes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
