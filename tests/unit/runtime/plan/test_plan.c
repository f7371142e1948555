/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/plan.h"

#include "runtime/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HEAD                                                                                       \
	"{\"uid\":\"u1\",\"name\":\"web\",\"namespace\":\"default\",\"runtime\":\"/usr/sbin/"      \
	"runc\","                                                                                  \
	"\"image_dir\":\"/i\",\"cgroup_base\":\"berth\",\"log_dir\":\"/l\""
#define ONE "\"name\":\"a\",\"layers\":[\"x/1\"],\"argv\":[\"/bin/true\"]"

static void test_defaults(void **state)
{
	CLEANUP(plan_free) struct plan *p = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(plan_parse(sv(HEAD ",\"containers\":[{" ONE "}]}"), &p, &e), 0);
	assert_string_equal(p->uid, "u1");
	assert_int_equal(p->grace_ns, 30000000000);
	assert_int_equal(p->containers[0].backoff.base_ns, 10000000000);
	assert_int_equal(p->containers[0].backoff.cap_ns, 300000000000);
	assert_int_equal(p->containers[0].backoff.factor, 2);
	assert_int_equal(p->containers[0].backoff.reset_ns, 600000000000);
	assert_int_equal(p->fs_group, PLAN_NONE);
	assert_int_equal(p->containers[0].user.run_as_user, PLAN_NONE);
	assert_int_equal(p->containers[0].stop_signal, 15);
	assert_int_equal(p->containers[0].restart_policy, PLAN_RESTART_ALWAYS);
	assert_int_equal(p->containers[0].log_max_bytes, 10485760);
	assert_null(plan_find_container(p, "b"));
}

static const char full[] = HEAD
	",\"hostname\":\"h\",\"share_process_namespace\":true,\"limits\":{\"memory_max_bytes\":"
	"1048576,"
	"\"cpu_quota_us\":-1},\"grace_ns\":5,\"deadline_wall_ns\":9,\"hosts\":\"127.0.0.1 "
	"x\\n\","
	"\"supplemental_groups\":[4,5],\"fs_group\":1000,"
	"\"volumes\":[{\"name\":\"v\",\"kind\":\"host_path\",\"host_path\":\"/srv\",\"host_type\":"
	"\"Directory\"}],\"containers\":[{" ONE ",\"init\":true,\"env\":[\"A=b\",\"S\"],\"user\":{"
	"\"image_user\":\"www\",\"run_as_user\":5},\"caps\":2818844155,\"mounts\":[{\"volume\":"
	"\"v\","
	"\"path\":\"/data\",\"sub_path\":\"a/"
	"b\",\"read_only\":true}],\"restart_policy\":\"Never\",\"sidecar\":true,\"startup_gate\":"
	"true,\"backoff\":{\"base_ns\":7,\"jitter_percent\":10},\"rules\":[{\"action\":"
	"\"restart_all\",\"op\":\"not_in\",\"codes\":[0,42]}],\"done\":{\"container_id\":\"a-3\","
	"\"reason\":\"Completed\",\"finished_at\":77}}]}";

static void test_round_trip(void **state)
{
	CLEANUP(plan_free) struct plan *p = NULL;
	CLEANUP(plan_free) struct plan *again = NULL;
	cleanup_json json_t *a = NULL, *b = NULL, *in = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(json_parse(sv(full), &in, &e), 0);
	assert_int_equal(plan_decode(in, &p, &e), 0);
	assert_true(p->limits.cpu_quota_us == CGROUP_UNLIMITED);
	assert_int_equal(p->volumes[0].host_type, PLAN_HOST_DIRECTORY);
	assert_int_equal(p->volumes[0].mode, 0777);
	assert_int_equal(p->containers[0].rules[0].action, PLAN_RULE_RESTART_ALL);
	assert_int_equal(p->containers[0].rules[0].codes[1], 42);
	assert_string_equal(p->containers[0].done->container_id, "a-3");
	a = plan_encode(p);
	assert_true(json_equal(a, in));
	assert_int_equal(plan_decode(a, &again, &e), 0);
	b = plan_encode(again);
	assert_true(json_equal(a, b));
}

static void test_built_by_hand(void **state)
{
	CLEANUP(plan_free) struct plan *p = plan_new();
	cleanup_json json_t *j = NULL;

	(void)state;
	plan_add_volumes(p, 1)->name = xstrdup("v");
	plan_add_mounts(plan_add_containers(p, 2), 1)->path = xstrdup("/x");
	assert_int_equal(p->containers[1].stop_signal, 15);
	assert_int_equal(p->grace_ns, 30000000000);
	j = plan_encode(p);
	assert_int_equal(json_array_size(json_list(j, "containers")), 2);
}

static const struct {
	const char *text, *field;
} refused[] = {
	{"[]", ""},
	{"{\"uid\":\"u\"}", "name"},
	{HEAD "}", "containers"},
	{HEAD ",\"containers\":[]}", "containers"},
	{HEAD ",\"uidd\":1,\"containers\":[{" ONE "}]}", "uidd"},
	{HEAD ",\"containers\":[{" ONE ",\"layer\":1}]}", "containers[0].layer"},
	{HEAD ",\"containers\":[{" ONE ",\"env\":[\"A\",7]}]}", "containers[0].env[1]"},
	{HEAD ",\"containers\":[{" ONE ",\"caps\":-2}]}", "containers[0].caps"},
	{HEAD ",\"containers\":[{" ONE ",\"oom_score_adj\":2147483648}]}",
		"containers[0].oom_score_adj"},
	{HEAD ",\"containers\":[{" ONE ",\"base_restarts\":-1}]}", "containers[0].base_restarts"},
	{HEAD ",\"containers\":[{" ONE ",\"restart_policy\":\"always\"}]}",
		"containers[0].restart_policy"},
	{HEAD ",\"containers\":[{" ONE ",\"cwd\":\"x\"}]}", "containers.cwd"},
	{HEAD ",\"containers\":[{" ONE ",\"cwd\":\"/proc/self/fd/7\"}]}", "containers.cwd"},
	{HEAD ",\"containers\":[{" ONE ",\"stop_signal\":65}]}", "containers.stop_signal"},
	{HEAD ",\"containers\":[{" ONE ",\"stop_signal\":0}]}", "containers.stop_signal"},
	{HEAD ",\"containers\":[{" ONE ",\"sidecar\":true}]}", "containers.sidecar"},
	{HEAD ",\"containers\":[{" ONE ",\"backoff\":{\"factor\":0}}]}",
		"containers.backoff.factor"},
	{HEAD ",\"containers\":[{" ONE ",\"rules\":[{\"op\":\"in\"}]}]}",
		"containers[0].rules[0].action"},
	{HEAD ",\"containers\":[{" ONE ",\"pre_stop\":{\"kind\":\"exec\"}}]}",
		"containers.pre_stop"},
	{HEAD ",\"containers\":[{" ONE ",\"post_start\":{\"kind\":\"tcp\",\"port\":65536}}]}",
		"containers.post_start"},
	{HEAD ",\"containers\":[{" ONE
	      ",\"post_start\":{\"kind\":\"http\",\"port\":80,\"path\":\"x\"}}]}",
		"containers.post_start"},
	{HEAD ",\"runner_program\":\"berth-runner\",\"containers\":[{" ONE "}]}", "runner_program"},
	{HEAD ",\"containers\":[{" ONE "},{" ONE "}]}", "containers.name"},
	{HEAD ",\"containers\":[{\"name\":\"A\",\"layers\":[\"x\"],\"argv\":[\"a\"]}]}",
		"containers.name"},
	{HEAD ",\"containers\":[{\"name\":\"a\",\"layers\":[\"../x\"],\"argv\":[\"a\"]}]}",
		"containers.layers"},
	{HEAD ",\"containers\":[{\"name\":\"a\",\"layers\":[\"x:y\"],\"argv\":[\"a\"]}]}",
		"containers.layers"},
	{HEAD ",\"containers\":[{" ONE ",\"mounts\":[{\"volume\":\"v\",\"path\":\"/x\"}]}]}",
		"containers.mounts.volume"},
	{HEAD ",\"containers\":[{" ONE ",\"mounts\":[{\"volume\":\"v\",\"path\":\"/proc/x\"}]}]}",
		"containers.mounts.path"},
	{HEAD ",\"volumes\":[{\"name\":\"v\"}],\"containers\":[{" ONE "}]}", "volumes[0].kind"},
	{HEAD ",\"volumes\":[{\"name\":\"v\",\"kind\":\"host_path\",\"host_path\":\"/a/../b\"}],"
	      "\"containers\":[{" ONE "}]}",
		"volumes.host_path"},
	{HEAD ",\"containers\":[{" ONE ",\"seccomp\":\"Localhost\",\"seccomp_profile\":\"\"}]}",
		"containers.seccomp_profile"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct plan *p = NULL;
		struct err e = {0};

		if (plan_parse(sv(refused[i].text), &p, &e) != -EINVAL ||
			!streq(e.field, refused[i].field))
			fail_msg("row %zu: field \"%s\", wanted \"%s\" (%s)", i, e.field,
				refused[i].field, e.msg);
		assert_null(p);
	}
}

/* The reject table of safety.md T3, R4. */
static const struct {
	const char *path;
	bool ok;
} paths[] = {
	{"/data", true},
	{"/path/to/secrets", true},
	{"/dev/shm", true},
	{"/dev/hugepages", true},
	{"/dev/termination-log", true},
	{"/procfs", true},
	{"/system", true},
	{"/devices", true},
	{"/a/..b", true},
	{"/etc/hosts", true},
	{"", false},
	{"/", false},
	{"//", false},
	{"/a//b", false},
	{"/a/", false},
	{"a", false},
	{"./a", false},
	{"../a", false},
	{"/..", false},
	{"/a/..", false},
	{"/a/../b", false},
	{"/./a", false},
	{"/a/.", false},
	{"/proc", false},
	{"/proc/self", false},
	{"/proc/sys/kernel", false},
	{"/sys", false},
	{"/sys/fs/cgroup", false},
	{"/dev", false},
	{"/dev/null", false},
	{"/dev/pts", false},
	{"/dev/pts/0", false},
	{"/dev/console", false},
	{"/dev/shm/x", false},
	{"/dev/shm/..", false},
	{"/dev/mqueue", false},
	{"/dev/hugepages/x", false},
	{"/dev/termination-log/x", false},
	{"/a\nb", false},
	{"/a\tb", false},
	{"/a\x7f", false},
	{"/dev/fd", false},
};

static void test_mount_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if ((plan_check_mount_path(paths[i].path, NULL) == 0) != paths[i].ok)
			fail_msg("\"%s\": wanted %s", paths[i].path, paths[i].ok ? "yes" : "no");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_built_by_hand),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_mount_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
