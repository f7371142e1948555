/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plan to config.json. Each tests/golden/bundle/NAME.plan.json gives NAME.CONTAINER.json for each of its containers;
 * GOLDEN_WRITE=1 writes them anew.
 */
#include "tests/unit/unit.h"

#include "runtime/base/json.h"
#include "runtime/bundle/bundle.h"

#include <glob.h>

static const char dir[] = "tests/golden/bundle";

static json_t *config_of(const struct plan *p, const struct plan_container *c)
{
	uint32_t groups[] = {1000, 2000};
	const struct user_ids user = {
		.uid = c->user.run_as_user > 0 ? (uint32_t)c->user.run_as_user : 0,
		.gid = 1000,
		.groups = groups,
		.n_groups = 2};
	const struct bundle_bind binds[] = {
		{.source = "/run/private/shm", .destination = "/dev/shm"},
		{.source = "/run/private/etc/term", .destination = "/dev/termination-log"},
	};
	cleanup_json json_t *profile = json_pack("{s:s}", "defaultAction", "SCMP_ACT_ERRNO");
	cleanup_json json_t *secrets = json_pack("{s:s}", "TOKEN", "s3cret");
	cleanup_json json_t *devices = json_pack(
		"[{s:s,s:s,s:i,s:i}]", "path", "/dev/kvm", "type", "c", "major", 10, "minor", 232);
	const struct bundle b = {
		.plan = p,
		.container = c,
		.rootfs = "/run/private/run/ID/rootfs",
		.cgroup_path = "/berth/UID/ID",
		.ns_dir = "/proc/77/ns",
		.pid_ns = p->share_process_namespace ? "/proc/78/ns/pid" : NULL,
		.binds = binds,
		.n_binds = c->termination_path ? 2 : 1,
		.user = &user,
		.caps = c->caps,
		.oom_score_adj = c->oom_score_adj,
		.nofile_max = 1 << 20,
		.seccomp = c->privileged || c->seccomp == PLAN_SECCOMP_UNCONFINED ? NULL : profile,
		.secret_env = secrets,
		.unified = c->limits.memory_high_bytes != 0,
		.no_swap = c->limits.memory_high_bytes != 0,
		.devices = c->privileged ? devices : NULL,
	};
	struct err e = {0};
	json_t *config = NULL;

	if (bundle_config(&b, &config, &e) < 0)
		fail_msg("%s: %s", c->name, err_text(&e));
	return config;
}

static void check(const char *stem, const struct plan_container *c, json_t *config)
{
	cleanup_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_free char *name = xasprintf("%s.%s.json", strrchr(stem, '/') + 1, c->name);
	cleanup_free char *text = json_dumps(config, JSON_INDENT(2));
	cleanup_free char *wanted = NULL;
	cleanup_free char *got = xasprintf("%s\n", text);

	if (getenv("GOLDEN_WRITE"))
		assert_int_equal(fs_write_atomic(fd, name, got, strlen(got), 0644, FS_NO_SYNC), 0);
	if (fs_read(fd, name, 1 << 20, &wanted, NULL) < 0)
		fail_msg("%s/%s is missing: GOLDEN_WRITE=1 writes it", dir, name);
	if (!streq(got, wanted))
		fail_msg("%s/%s has changed:\n%s", dir, name, got);
}

static void plans_to_configs(void **state)
{
	cleanup_free char *pattern = xasprintf("%s/*.plan.json", dir);
	glob_t found = {0};

	(void)state;
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 4);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		cleanup_free char *stem = xstrndup(path, strlen(path) - strlen(".plan.json"));
		CLEANUP(plan_free) struct plan *p = NULL;
		cleanup_free char *text = NULL;
		struct err e = {0};

		assert_int_equal(fs_read(AT_FDCWD, path, 1 << 20, &text, NULL), 0);
		if (plan_parse(sv(text), &p, &e) < 0)
			fail_msg("%s: %s", path, err_text(&e));
		for (size_t k = 0; k < p->n_containers; k++) {
			cleanup_json json_t *config = config_of(p, &p->containers[k]);

			check(stem, &p->containers[k], config);
		}
	}
	globfree(&found);
}

/* An exec has the container's own identity, whatever it asks. */
static void exec_of_a_container(void **state)
{
	char *argv[] = {(char *)(uintptr_t) "ls", (char *)(uintptr_t) "-l"},
	     *env[] = {(char *)(uintptr_t) "A=b", (char *)(uintptr_t) "TERM=xterm"};
	const struct bundle_exec x = {.argv = argv,
		.n_argv = 2,
		.env = env,
		.n_env = 2,
		.cwd = "/tmp",
		.tty = true,
		.rows = 24,
		.columns = 80};
	cleanup_json json_t *config =
		json_pack("{s:{s:{s:i,s:i},s:[s],s:[ss],s:s,s:{s:[s]},s:b}}", "process", "user",
			"uid", 5, "gid", 6, "args", "sh", "env", "TERM=dumb", "PATH=/bin", "cwd",
			"/", "capabilities", "bounding", "CAP_KILL", "noNewPrivileges", 1);
	cleanup_json json_t *process = bundle_exec(config, &x);
	cleanup_json json_t *none = json_object();
	cleanup_free char *text = json_text(process);

	(void)state;
	assert_string_equal(text,
		"{\"user\":{\"uid\":5,\"gid\":6},\"args\":[\"ls\",\"-l\"],"
		"\"env\":[\"TERM=xterm\",\"PATH=/bin\",\"A=b\"],\"cwd\":\"/tmp\","
		"\"capabilities\":{\"bounding\":[\"CAP_KILL\"]},\"noNewPrivileges\":true,"
		"\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80}}");
	assert_null(bundle_exec(none, &x));
}

static void a_secret_that_did_not_come(void **state)
{
	static const char text[] =
		"{\"uid\":\"u\",\"name\":\"n\",\"namespace\":\"d\",\"runtime\":\"/r\","
		"\"image_dir\":\"/i\",\"cgroup_base\":\"b\",\"log_dir\":\"/l\",\"containers\":"
		"[{\"name\":\"c\",\"layers\":[\"l\"],\"argv\":[\"a\"],\"env\":[\"TOKEN\"]}]}";
	CLEANUP(plan_free) struct plan *p = NULL;
	const struct user_ids root = {0};
	struct bundle b = {
		.rootfs = "/", .cgroup_path = "/x", .ns_dir = "/proc/1/ns", .user = &root};
	json_t *config = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(plan_parse(sv(text), &p, &e), 0);
	b.plan = p;
	b.container = p->containers;
	assert_int_equal(bundle_config(&b, &config, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "TOKEN"));
	assert_null(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_to_configs),
		cmocka_unit_test(exec_of_a_container),
		cmocka_unit_test(a_secret_that_did_not_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
