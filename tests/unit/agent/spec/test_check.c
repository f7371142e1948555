/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of single values: reserved mount paths (safety R4), sysctls (R12), ids (R9), keys (R22), names.
 */
#include "agent/spec/check.h"
#include "tests/unit/unit.h"

typedef void check(struct walk *w, const json_t *value);

static size_t faults(check *f, const char *text)
{
	cleanup_problems struct problems p = {0};
	cleanup_walk struct walk w = {.kind = kind_by_word("po"), .problems = &p};
	cleanup_json json_t *value = json_string(text);
	f(&w, value);
	return p.n;
}

static void test_mount_paths(void **state)
{
	(void)state;
	static const char *const bad[] = {"/", "//", "/.", "/./", "///", "/proc", "/proc/",
		"//proc", "/./proc", "/proc/self", "/proc/sys/kernel/core_pattern", "/proc/1/root",
		"/sys", "/sys/", "/sys/fs/cgroup", "//sys//kernel", "/dev", "/dev/", "/dev/.",
		"/./dev/null", "/dev/null", "/dev/pts", "/dev/pts/0", "/dev/console", "/dev/mqueue",
		"/dev/shm/x", "/dev/fd", "/dev/termination-log/x", "/dev/hugepages/x", "proc",
		"a/b", ".", "..", "/..", "/a/..", "/a/../proc", "/a/../../proc", "/dev/shm/..",
		"/a\nb", "/a\tb", "/a:b", "/a\177", "../proc"};
	static const char *const good[] = {"/a", "/a/b/", "/procfs", "/system", "/devices",
		"/dev/shm", "/dev/shm/", "/dev/hugepages", "/dev/termination-log", "/a/proc",
		"/path/to/secrets", "/a..b", "/...", "/etc/nginx/conf.d", "/ä"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_case(faults(check_mount_path, bad[i]) == 1, bad[i]);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_case(faults(check_mount_path, good[i]) == 0, good[i]);
	char long_path[4200];
	memset(long_path, 'a', sizeof(long_path));
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(faults(check_mount_path, long_path), 1);
}

static const struct {
	const char *name;
	check *f;
	const char *bad[12], *good[12];
} rows[] = {
	{"sub path", check_sub_path, {"/a", "..", "a/..", "a/../b", "a\nb"},
		{"a", "a/b", "a..b", "."}},
	{"file of a volume", check_relative_path,
		{"/a", "..", "..data", "..x", "a/..", ".", "./", "a\n"},
		{"a", "a/b", ".a", "a/..b"}},
	{"host path", check_host_path, {"a", "/a/..", "/a\n", "/../etc"},
		{"/", "/a", "/proc", "/dev/x"}},
	{"working directory", check_working_dir,
		{"a", "/proc/self/fd/7", "/proc", "//proc/1", "/a/../proc", "/a\n"},
		{"/", "/a", "/a/b/", "/dev"}},
	{"data key", check_data_key, {".", "..", "..data", "a/b", "a b", "ä", "a\n"},
		{"a", ".a", "a.b", "tls.crt", "A_b-c"}},
	{"environment name", check_env_name, {"a=b", "ä", "a\n", "="}, {"A", "a.b-c", "1", "a b"}},
	{"port name", check_port_name,
		{"UPPER", "-a", "a-", "a--b", "123", "a_b", "0123456789abcdef"},
		{"http", "h", "1a", "a-b", "uwsgi", "012345678-abcde"}},
	{"DNS label", check_dns_label,
		{"A", "-a", "a-", "a.b", "a_b", "ä",
			"a123456789012345678901234567890123456789012345678901234567890123"},
		{"a", "a-b", "1", "web-0",
			"a12345678901234567890123456789012345678901234567890123456789012"}},
	{"DNS subdomain", check_dns_subdomain, {"A", "a..b", ".a", "a.", "-a.b", "a.-b", "a_b"},
		{"a", "a.b", "a-b.c-d", "1.2"}},
	{"qualified name", check_qualified_name,
		{"-a", "a/b/c", "/a", "a/", "A.com/b c", "UP.com/x", "a-"},
		{"a", "A_b.c", "example.com/a", "kubernetes.io/os"}},
	{"image", check_image, {"a b", " a", "a\n", "a\tb"},
		{"nginx", "gcr.io/p/web:latest", "a@sha256:0"}},
	{"capability", check_capability, {"CAP_CHOWN", "chown", "ALLL"},
		{"ALL", "CHOWN", "SYS_ADMIN"}},
	{"sysctl", check_sysctl_name,
		{"kernel.core_pattern", "vm.swappiness", "kernel/shmmax", "net.ipv4.ip_forward",
			"kernel.shmmax ", "kernel.SHMMAX", "net.ipv4.../x"},
		{"kernel.shmmax", "net.core.somaxconn", "net.ipv4.tcp_syncookies"}},
	{"sysctl value", check_sysctl_value, {"1\n2", "a+b", "|x", "1;2", "$(x)", "1\t2"},
		{"1", "1024 65000", "a_b-c.d"}},
	{"address", check_ip, {"1.2.3", "1.2.3.4.5", "a", "::g", "1.2.3.4/8"},
		{"1.2.3.4", "::1", "fe80::1"}},
	{"search domain", check_search_domain, {"a b", "A", "-a"}, {"a.b", "a.b.", ".", "svc"}},
	{"word", check_word, {"a b", "ä", "a\n"}, {"ndots", "edns0"}},
};

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t j = 0; j < 12 && rows[i].bad[j]; j++)
			if (!faults(rows[i].f, rows[i].bad[j]))
				fail_msg("%s: \"%s\" is let through", rows[i].name, rows[i].bad[j]);
		for (size_t j = 0; j < 12 && rows[i].good[j]; j++)
			if (faults(rows[i].f, rows[i].good[j]))
				fail_msg("%s: \"%s\" is refused", rows[i].name, rows[i].good[j]);
	}
}

static void test_sysctls_of_the_host(void **state)
{
	(void)state;
	static const struct {
		const char *spec, *name;
		size_t n;
	} cases[] = {{"{\"hostNetwork\":true}", "net.core.somaxconn", 1},
		{"{\"hostNetwork\":true}", "kernel.shmmax", 0},
		{"{\"hostIPC\":true}", "kernel.shmmax", 1},
		{"{\"hostIPC\":true}", "fs.mqueue.msg_max", 1},
		{"{\"hostIPC\":true}", "net.core.somaxconn", 0}};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_problems struct problems p = {0};
		cleanup_json json_t *spec = NULL;
		assert_int_equal(json_parse(sv(cases[i].spec), &spec, NULL), 0);
		cleanup_walk struct walk w = {.problems = &p, .pod_spec = spec};
		cleanup_json json_t *value = json_string(cases[i].name);
		check_sysctl_name(&w, value);
		assert_case(p.n == cases[i].n, cases[i].name);
	}
}

static void test_clean_paths(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {{"/", "/"}, {"//a/./b/", "/a/b"}, {"a//b", "a/b"},
		{"", ""}, {"/.", "/"}, {"./a", "a"}};
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		cleanup_free char *clean = path_clean(pairs[i][0]);
		assert_string_equal(clean, pairs[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mount_paths),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_sysctls_of_the_host),
		cmocka_unit_test(test_clean_paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
