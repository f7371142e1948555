/* SPDX-License-Identifier: Apache-2.0 */
/* A value cannot forge a line. */
#include "tests/unit/unit.h"

#include "runtime/base/log.h"

static void values_are_escaped(void **state)
{
	struct scratch s;
	cleanup_free char *text = NULL;
	int saved = dup(STDERR_FILENO), fd;

	(void)state;
	scratch_open(&s);
	fd = openat(s.fd, "log", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && saved >= 0);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	log_open(LOG_INFO, true);
	log_line(LOG_INFO, "pod started", "pod", "web", "cmd", "a b=\"c\"\n<3>forged", "gone",
		(char *)NULL, "empty", "");
	log_line(LOG_DEBUG, "dropped");
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	assert_int_equal(fs_read(s.fd, "log", 4096, &text, NULL), 0);
	assert_string_equal(text,
		"<6>pod started pod=web cmd=\"a b=\\\"c\\\"\\x0a<3>forged\" gone=- "
		"empty=\"\"\n");
	(void)close(saved);
	(void)close(fd);
	scratch_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(values_are_escaped)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
