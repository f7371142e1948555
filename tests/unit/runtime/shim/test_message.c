/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "runtime/shim/message.h"

#define BAD "\xef\xbf\xbd"

static const struct {
	const char *bytes;
	size_t n;
	const char *text;
} cases[] = {
	{"", 0, ""},
	{"plain\n", 6, "plain\n"},
	{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
	{"a\0b", 3, "a" BAD "b"},
	{"\xff", 1, BAD},
	{"\xc3", 1, BAD}, /* cut short */
	{"\xc3x", 2, BAD "x"},
	{"\xc0\x80", 2, BAD BAD},		  /* NUL in two bytes */
	{"\xed\xa0\x80", 3, BAD BAD BAD},	  /* a surrogate */
	{"\xf4\x90\x80\x80", 4, BAD BAD BAD BAD}, /* beyond U+10FFFF */
	{"\xe2\x82", 2, BAD BAD},
};

static void texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text = message_text(cases[i].bytes, cases[i].n);

		if (!streq(text, cases[i].text))
			fail_msg("row %zu: \"%s\"", i, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(texts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
