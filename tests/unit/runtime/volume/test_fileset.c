/* SPDX-License-Identifier: Apache-2.0 */
/* File sets and the payload: whole or not at all, and only where they may be (R22, T23). */
#include "tests/unit/unit.h"

#include "runtime/volume/fileset.h"

#include <sys/mman.h>
#include <sys/stat.h>

static const struct fileset_owner root = {.gid = -1, .now_ns = 1795000000123456789};

static const struct {
	const char *path;
	bool ok;
} paths[] = {
	{"tls.crt", true},
	{".hidden", true},
	{"a-b_C.9", true},
	{"a/b/c", true},
	{"...", false},
	{"..a", false},
	{"", false},
	{".", false},
	{"..", false},
	{"..data", false},
	{"a/../b", false},
	{"/a", false},
	{"a/", false},
	{"a//b", false},
	{"a b", false},
	{"a\nb", false},
	{"a/..b", false},
	{"\xc3\xa4", false},
};

static void names(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		cleanup_json json_t *p = payload_new();
		struct err e = {0};
		int r = payload_add_file(p, "v", paths[i].path, "x", 1, 0644, &e);

		assert_case((r == 0) == paths[i].ok, paths[i].path);
	}
}

static void conflicts(void **state)
{
	cleanup_json json_t *p = payload_new();

	(void)state;
	assert_int_equal(payload_add_file(p, "v", "a/b", "x", 1, 0644, NULL), 0);
	assert_int_equal(payload_add_file(p, "v", "a/b", "x", 1, 0644, NULL), -EEXIST);
	assert_int_equal(payload_add_file(p, "v", "a", "x", 1, 0644, NULL), -EINVAL);
	assert_int_equal(payload_add_file(p, "v", "a/b/c", "x", 1, 0644, NULL), -EINVAL);
	assert_int_equal(payload_add_file(p, "v", "a/bc", "x", 1, 0644, NULL), 0);
	assert_int_equal(payload_add_file(p, "w", "a", "x", 1, 0644, NULL), 0);
}

static void sealing(void **state)
{
	cleanup_json json_t *p = payload_new(), *again = NULL, *none = NULL;
	int fd, plain = memfd_create("plain", MFD_CLOEXEC);
	struct err e = {0};

	(void)state;
	assert_int_equal(payload_add_file(p, "v", "a", "\0\xff", 2, 0400, NULL), 0);
	payload_add_env(p, "c", "K", "secret");
	payload_add_volume(p, "empty");
	fd = payload_seal(p);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(payload_read(fd, &again, &e), 0);
	assert_true(json_equal(p, again));
	assert_int_equal(write(plain, "{}", 2), 2);
	assert_int_equal(
		payload_read(plain, &none, &e), -EBADMSG); /* could change under our eyes */
	(void)close(fd);
	(void)close(plain);
}

/* The shim writes what it is told as root, so it looks again. */
static const char *const hostile[] = {
	"{\"files\":{\"v\":{\"../x\":{\"data\":\"\"}}}}",
	"{\"files\":{\"v\":{\"..data\":{\"data\":\"\"}}}}",
	"{\"files\":{\"v\":{\"/etc/passwd\":{\"data\":\"\"}}}}",
	"{\"files\":{\"v\":{\"a\":{\"data\":5}}}}",
	"{\"files\":{\"v\":[]}}",
	"{\"files\":{\"v\":{\"a\":{}}}}",
	"{",
};

static void hostile_payloads(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		int fd = memfd_create("p", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		cleanup_json json_t *p = NULL;

		assert_int_equal(fs_write_all(fd, hostile[i], strlen(hostile[i])), 0);
		assert_int_equal(
			fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
		assert_case(payload_read(fd, &p, NULL) == -EBADMSG, hostile[i]);
		(void)close(fd);
	}
}

static void expect(int dir, const char *path, const char *text, mode_t mode)
{
	cleanup_free char *got = NULL;
	struct stat st;

	assert_int_equal(fs_read(dir, path, 1000, &got, NULL), 0);
	assert_string_equal(got, text);
	assert_int_equal(fstatat(dir, path, &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void swapping(void **state)
{
	struct scratch dir;
	cleanup_json json_t *one = payload_new(), *two = payload_new();
	struct fileset_owner later = root;
	char first[128] = "", second[128] = "";

	(void)state;
	scratch_open(&dir);
	assert_int_equal(payload_add_file(one, "v", "a", "old", 3, 0644, NULL), 0);
	assert_int_equal(payload_add_file(one, "v", "gone", "x", 1, 0600, NULL), 0);
	assert_int_equal(payload_add_file(one, "v", "d/e/f", "deep", 4, 0400, NULL), 0);
	assert_int_equal(fileset_write(dir.fd, json_at(one, "files", "v", NULL), &root, NULL), 1);
	expect(dir.fd, "a", "old", 0644);
	expect(dir.fd, "gone", "x", 0600);
	expect(dir.fd, "d/e/f", "deep", 0400);
	assert_true(readlinkat(dir.fd, "..data", first, sizeof first - 1) > 0);
	assert_int_equal(strncmp(first, "..2026_11_18_", 13), 0);
	/* The same again: nobody who watches is woken. */
	later.now_ns += 1000000000;
	assert_int_equal(fileset_write(dir.fd, json_at(one, "files", "v", NULL), &later, NULL), 0);
	assert_true(readlinkat(dir.fd, "..data", second, sizeof second - 1) > 0);
	assert_string_equal(first, second);

	assert_int_equal(payload_add_file(two, "v", "a", "new", 3, 0644, NULL), 0);
	assert_int_equal(payload_add_file(two, "v", "d", "now a file", 10, 0644, NULL), 0);
	assert_int_equal(fileset_write(dir.fd, json_at(two, "files", "v", NULL), &later, NULL), 1);
	expect(dir.fd, "a", "new", 0644);
	expect(dir.fd, "d", "now a file", 0644);
	assert_int_equal(faccessat(dir.fd, "gone", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(faccessat(dir.fd, first, F_OK, AT_SYMLINK_NOFOLLOW), -1);
	scratch_close(&dir);
}

static void groups(void **state)
{
	const struct fileset_owner group = {.gid = 2000, .now_ns = 1};
	cleanup_json json_t *p = payload_new();
	struct scratch dir;
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	scratch_open(&dir);
	assert_int_equal(payload_add_file(p, "v", "a", "x", 1, 0400, NULL), 0);
	assert_int_equal(fileset_write(dir.fd, json_at(p, "files", "v", NULL), &group, NULL), 1);
	expect(dir.fd, "a", "x", 0440);
	assert_int_equal(fstatat(dir.fd, "a", &st, 0), 0);
	assert_int_equal(st.st_gid, 2000);
	assert_int_equal(fileset_write(dir.fd, json_at(p, "files", "v", NULL), &group, NULL), 0);
	scratch_close(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(conflicts),
		cmocka_unit_test(sealing),
		cmocka_unit_test(hostile_payloads),
		cmocka_unit_test(swapping),
		cmocka_unit_test(groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
