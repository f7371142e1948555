/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "runtime/base/fs.h"
#include "runtime/base/json.h"
#include "runtime/base/str.h"
#include "runtime/security/users.h"

#include <fcntl.h>
#include <time.h>

static char dir[] = "/tmp/berth-users-XXXXXX";
static int root = -EBADF;

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root < 0 || mkdirat(root, "etc", 0755) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fs_remove_tree(tmp, dir + strlen("/tmp/"));

	(void)state;
	(void)close(tmp);
	(void)close(root);
	return r;
}

/* The file with this text; NULL: no such file. */
static void put(const char *file, const char *text)
{
	int fd;

	(void)unlinkat(root, file, 0);
	if (!text)
		return;
	fd = openat(root, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
	(void)close(fd);
}

#define PASSWD                                                                                     \
	"root:x:0:0:root:/root:/bin/sh\n"                                                          \
	"www-data:x:33:34::/var/www:/bin/false\n"                                                  \
	"4294967296:x:0:0::/:\n" /* a trap: a name that looks like a number */                     \
	"1001:x:0:0::/:\n"                                                                         \
	"-1:x:0:0::/:\n"                                                                           \
	"huge:x:4294967296:1::/:\n"                                                                \
	"neg:x:-1:1::/:\n"                                                                         \
	"hex:x:0x10:1::/:\n"                                                                       \
	"blank: x: 5:1::/:\n"                                                                      \
	"badgid:x:70:zero::/:\n"                                                                   \
	"short\n"                                                                                  \
	"\n"                                                                                       \
	":x:71:71::/:\n"                                                                           \
	"www-data:x:99:99::/:\n"                                                                   \
	"app:x:1000:1000::/:" /* and no newline at the end */
#define GROUP                                                                                      \
	"root:x:0:\n"                                                                              \
	"www-data:x:34:\n"                                                                         \
	"disk:x:6:app,www-data\n"                                                                  \
	"ssl:x:50:other, app\n"                                                                    \
	"bad:x:-7:app\n"                                                                           \
	"dup:x:6:app\n"                                                                            \
	"99999999999:x:0:\n"                                                                       \
	"appx:x:51:apps,xapp\n"

/* The ids as text: "uid:gid:group,group…". */
static void text_of(const struct user_ids *u, char *buf, size_t size)
{
	size_t n = (size_t)snprintf(buf, size, "%u:%u:", u->uid, u->gid);

	for (size_t i = 0; i < u->n_groups; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%u", i ? "," : "", u->groups[i]);
}

static void image_users(void **state)
{
	static const struct {
		const char *user;
		int r;
		const char *ids; /* or a word of the message */
	} cases[] = {
		{NULL, 0, "0:0:0"},
		{"", 0, "0:0:0"},
		{":", 0, "0:0:0"},
		{"root", 0, "0:0:0"},
		{"0", 0, "0:0:0"},
		{"www-data", 0, "33:34:34,6"},
		{"33", 0, "33:34:34,6"},
		{"33:0", 0, "33:0:0,6"},
		{"www-data:disk", 0, "33:6:6"},
		{"www-data:77", 0, "33:77:77,6"},
		{"app", 0, "1000:1000:1000,6,50"},
		{"1234", 0, "1234:0:0"},
		{"1234:5678", 0, "1234:5678:5678"},
		{"2147483647", 0, "2147483647:0:0"},
		{"2147483648", -EINVAL, "2147483648"},
		{"4294967295", -EINVAL, "4294967295"},
		/* The trap lines of passwd say 0; the word must not be looked up by name. */
		{"4294967296", -EINVAL, "4294967296"},
		{"1001", 0, "1001:0:0"},
		{"-1", -EINVAL, "-1"},
		{"-0", -EINVAL, "-0"},
		{"+0", -ENOENT, "+0"},
		{" 0", -ENOENT, "USER"},
		{"0x0", -EINVAL, "0x0"},
		{"0 ", -EINVAL, "0"},
		{"00", 0, "0:0:0"},
		{"1e3", -EINVAL, "1e3"},
		{"18446744073709551616", -EINVAL, "1844"},
		{"nobody", -ENOENT, "runAsUser"},
		{"huge", -EINVAL, "no id"},
		{"neg", -EINVAL, "no id"},
		{"hex", -EINVAL, "no id"},
		{"blank", -EINVAL, "no id"},
		{"short", -EINVAL, "no id"},
		{"badgid", -EINVAL, "runAsGroup"},
		{"badgid:5", 0, "70:5:5"},
		{"71", 0, "71:0:0"},
		{"www-data:nogroup", -ENOENT, "nogroup"},
		{"www-data:99999999999", -EINVAL, "group \"99999999999\""},
		{"www-data:bad", -EINVAL, "no id"},
		{"www-data:disk:x", -ENOENT, "disk:x"},
		{"root\n", -ENOENT, "USER"},
		{"app,root", -ENOENT, "app,root"},
	};

	(void)state;
	put("etc/passwd", PASSWD);
	put("etc/group", GROUP);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *user = cases[i].user ? xstrdup(cases[i].user) : NULL;
		const struct plan_user u = {
			.image_user = user, .run_as_user = PLAN_NONE, .run_as_group = PLAN_NONE};
		const struct users_request q = {.user = &u, .fs_group = PLAN_NONE};
		cleanup_user_ids struct user_ids ids = {0};
		struct err e = {0};
		char text[128];

		print_message("  %s\n", user ? user : "(null)");
		assert_int_equal(users_resolve(root, &q, &ids, &e), cases[i].r);
		if (cases[i].r == 0) {
			text_of(&ids, text, sizeof text);
			assert_string_equal(text, cases[i].ids);
		} else {
			assert_non_null(strstr(e.msg, cases[i].ids));
			assert_null(ids.groups);
		}
		free(user);
	}
}

static void pod_users(void **state)
{
	static const struct {
		const char *user;
		int64_t run_as_user, run_as_group;
		bool non_root;
		int64_t groups[3];
		size_t n_groups;
		int64_t fs_group;
		int r;
		const char *ids;
	} cases[] = {
		{"root", 33, -1, true, {0}, 0, -1, 0, "33:34:34,6"},
		/* USER's group belongs to USER's user, not to the pod's. */
		{"www-data:disk", 1000, -1, false, {0}, 0, -1, 0, "1000:1000:1000,6,50"},
		{"www-data:disk", 1000, 7, false, {0}, 0, -1, 0, "1000:7:7,6,50"},
		{"www-data", -1, 7, false, {0}, 0, -1, 0, "33:7:7,6"},
		{NULL, 555, -1, true, {9, 8, 9}, 3, 12, 0, "555:0:0,9,8,12"},
		{NULL, 555, 8, true, {9, 8}, 2, 9, 0, "555:8:8,9"},
		/* A name that the image lacks does not matter when the pod says the number. */
		{"nobody", 555, -1, true, {0}, 0, -1, 0, "555:0:0"},
		{NULL, -1, -1, true, {0}, 0, -1, -EPERM, "runAsNonRoot"},
		{"root", -1, 5, true, {0}, 0, -1, -EPERM, "runAsNonRoot"},
		{"www-data", 0, -1, true, {0}, 0, -1, -EPERM, "runAsNonRoot"},
		{"www-data", -1, -1, true, {0}, 0, -1, 0, "33:34:34,6"},
		{NULL, INT64_C(2147483648), -1, false, {0}, 0, -1, -EINVAL, "runAsUser"},
		{NULL, -2, -1, false, {0}, 0, -1, -EINVAL, "runAsUser"},
		{NULL, 1, INT64_C(4294967296), false, {0}, 0, -1, -EINVAL, "runAsGroup"},
		{NULL, 1, 1, false, {-5}, 1, -1, -EINVAL, "supplementalGroups"},
		{NULL, 1, 1, false, {0}, 0, INT64_C(4294967296), -EINVAL, "fsGroup"},
	};

	(void)state;
	put("etc/passwd", PASSWD);
	put("etc/group", GROUP);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *user = cases[i].user ? xstrdup(cases[i].user) : NULL;
		const struct plan_user u = {.image_user = user,
			.run_as_user = cases[i].run_as_user,
			.run_as_group = cases[i].run_as_group,
			.run_as_non_root = cases[i].non_root};
		const struct users_request q = {.user = &u,
			.groups = cases[i].groups,
			.n_groups = cases[i].n_groups,
			.fs_group = cases[i].fs_group};
		cleanup_user_ids struct user_ids ids = {0};
		struct err e = {0};
		char text[128];

		assert_int_equal(users_resolve(root, &q, &ids, &e), cases[i].r);
		if (cases[i].r == 0) {
			text_of(&ids, text, sizeof text);
			assert_string_equal(text, cases[i].ids);
		} else {
			assert_non_null(strstr(e.msg, cases[i].ids));
		}
		free(user);
	}
}

static int resolve(const char *user, struct err *e)
{
	char *copy = xstrdup(user);
	const struct plan_user u = {
		.image_user = copy, .run_as_user = PLAN_NONE, .run_as_group = PLAN_NONE};
	const struct users_request q = {.user = &u, .fs_group = PLAN_NONE};
	cleanup_user_ids struct user_ids ids = {0};
	int r = users_resolve(root, &q, &ids, e);

	free(copy);
	return r == 0 ? (int)ids.uid : r;
}

/* What a hostile image may put where passwd should be: each is refused at once. */
static void hostile_files(void **state)
{
	struct err e = {0};
	struct timespec a, b;
	cleanup_free char *big = malloc((1 << 20) + 2);
	int fd;

	(void)state;
	assert_non_null(big);
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	put("etc/group", NULL);

	put("etc/passwd", NULL);
	assert_int_equal(resolve("33", &e), 33);
	assert_int_equal(resolve("root", &e), -ENOENT);

	assert_int_equal(mkfifoat(root, "etc/passwd", 0644), 0);
	assert_int_equal(resolve("33", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "not a regular file"));

	put("etc/passwd", NULL);
	assert_int_equal(mkdirat(root, "etc/passwd", 0755), 0);
	assert_int_equal(resolve("33", &e), -EINVAL);
	assert_int_equal(unlinkat(root, "etc/passwd", AT_REMOVEDIR), 0);

	/* Links lead nowhere but inside the rootfs. */
	assert_int_equal(symlinkat("/etc/shadow", root, "etc/passwd"), 0);
	assert_int_equal(resolve("33", &e), 33);
	put("etc/passwd", NULL);
	assert_int_equal(symlinkat("../../../../../etc/passwd", root, "etc/passwd"), 0);
	assert_true(resolve("root", &e) < 0);
	put("etc/passwd", NULL);
	assert_int_equal(symlinkat("/proc/self/fd/0", root, "etc/passwd"), 0);
	assert_int_equal(resolve("root", &e), -ENOENT);
	put("etc/passwd", NULL);
	assert_int_equal(symlinkat("/etc/real", root, "etc/passwd"), 0);
	put("etc/real", "in:x:12:12::/:\n");
	assert_int_equal(resolve("in", &e), 12);

	/* 4 GiB of holes; one byte over 1 MiB; a line too long; a line too many. */
	put("etc/passwd", "root:x:0:0::/:\n");
	fd = openat(root, "etc/passwd", O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, INT64_C(4) << 30), 0);
	assert_int_equal(resolve("root", &e), -EFBIG);
	assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
	assert_int_equal(resolve("root", &e), -EFBIG);
	(void)close(fd);
	memset(big, 'a', 1 << 20);
	big[4097] = '\0';
	put("etc/passwd", big);
	assert_int_equal(resolve("root", &e), -E2BIG);
	assert_non_null(strstr(e.msg, "line 1"));
	memset(big, '\n', 1 << 20);
	big[10001] = '\0';
	put("etc/passwd", big);
	assert_int_equal(resolve("root", &e), -E2BIG);
	big[10000] = '\0';
	put("etc/passwd", big);
	assert_int_equal(resolve("root", &e), -ENOENT);
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	assert_true(b.tv_sec - a.tv_sec <= 1);
}

static void too_many_groups(void **state)
{
	cleanup_str struct str s = {0};
	struct err e = {0};

	(void)state;
	put("etc/passwd", "app:x:5:5::/:\n");
	for (int i = 0; i < 1023; i++)
		str_addf(&s, "g:x:%d:app\n", 1000 + i);
	put("etc/group", s.p);
	assert_int_equal(resolve("app", &e), 5);
	str_add(&s, "g:x:9:app\n");
	put("etc/group", s.p);
	assert_int_equal(resolve("app", &e), -E2BIG);
}

static void json(void **state)
{
	uint32_t groups[] = {34, 6};
	const struct user_ids u = {.uid = 33, .gid = 34, .groups = groups, .n_groups = 2};
	cleanup_json json_t *j = users_json(&u);
	cleanup_free char *text = json_canonical(j);

	(void)state;
	assert_string_equal(text, "{\"additionalGids\":[34,6],\"gid\":34,\"uid\":33}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(image_users),
		cmocka_unit_test(pod_users),
		cmocka_unit_test(hostile_files),
		cmocka_unit_test(too_many_groups),
		cmocka_unit_test(json),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
