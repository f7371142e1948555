/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes and hostile images, as a container on a real runtime sees them. */
#include "tests/unit/runtime/shim/rig.h"

#include "runtime/base/clock.h"

#include <signal.h>
#include <sys/stat.h>

static struct plan_volume *volume(
	struct plan_volume *v, const char *name, enum plan_volume_kind kind)
{
	v->name = xstrdup(name);
	v->kind = kind;
	return v;
}

static struct plan_mount *place(struct plan_mount *m, const char *name, const char *path)
{
	m->volume = xstrdup(name);
	m->path = xstrdup(path);
	return m;
}

/* R22: read-only, in memory, modes kept, replaced whole; and nowhere on the disk. */
static void secrets_are_read_only(void **state)
{
	struct rig r;
	struct plan_container *c;
	struct plan_mount *m;
	cleanup_msg_fds struct msg_fds fds = {.n = 0};
	const struct link_message files = {.type = LINK_FILES};

	(void)state;
	rig_open(&r);
	volume(plan_add_volumes(r.plan, 1), "ssl", PLAN_VOLUME_FILES);
	c = rig_containers(&r, 1);
	m = plan_add_mounts(c, 2);
	place(&m[0], "ssl", "/path/to/secrets")->read_only = true;
	place(&m[1], "ssl", "/etc/one.key")->sub_path = xstrdup("tls.key");
	rig_env(c, (const char *const[]){"PATH=/bin", "TOKEN", NULL});
	rig_script(c, "a",
		"cd /path/to/secrets; ls; cat tls.crt; stat -Lc %a tls.key; cat /etc/one.key; echo "
		"$TOKEN;"
		"(echo x >tls.crt) 2>&1 | cut -d: -f3; touch new 2>&1 | cut -d: -f3;"
		"grep ' /path/to/secrets ' /proc/self/mountinfo | cut -d' ' -f6;"
		"mount -o remount,rw /path/to/secrets 2>/dev/null || echo kept;"
		"while read x <tls.crt && [ $x = cert ]; do sleep 0.02; done; echo $x; ls; sleep "
		"1000");
	assert_int_equal(payload_add_file(r.payload, "ssl", "tls.crt", "cert\n", 5, 0644, NULL), 0);
	assert_int_equal(
		payload_add_file(r.payload, "ssl", "tls.key", "hidden-key\n", 11, 0400, NULL), 0);
	payload_add_env(r.payload, "a", "TOKEN", "s3cret");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	rig_wait_log(&r, "a", 0,
		"tls.crt\ntls.key\ncert\n400\nhidden-key\ns3cret\n Read-only file system\n"
		" Read-only file system\nro,nosuid,nodev,noexec,relatime\nkept\n");
	json_decref(r.payload);
	r.payload = payload_new();
	assert_int_equal(
		payload_add_file(r.payload, "ssl", "tls.crt", "fresh\n", 6, 0644, NULL), 0);
	fds.fd[0] = payload_seal(r.payload);
	fds.n = 1;
	rig_send(&r, &files, &fds);
	rig_wait_log(&r, "a", 0,
		"tls.crt\ntls.key\ncert\n400\nhidden-key\ns3cret\n Read-only file system\n"
		" Read-only file system\nro,nosuid,nodev,noexec,relatime\nkept\nfresh\ntls.crt\n");
	{
		cleanup_free char *grep =
			xasprintf("grep -rqs -e hidden-key -e s3cret %s/state %s/run", r.dir.path,
				r.dir.path);
		const char *argv[] = {"/bin/sh", "-c", grep, NULL};
		struct spawn s = {.argv = argv};
		struct child child;
		int status;

		assert_int_equal(spawn(&s, &child, NULL), 0);
		assert_int_equal(child_wait(&child, 10000, &status), 0);
		assert_int_not_equal(status, 0);
	}
	rig_stop(&r, 0);
	rig_close(&r);
}

static void directories_are_shared(void **state)
{
	struct rig r;
	struct plan_container *c;
	struct plan_volume *v;
	struct plan_mount *m;
	cleanup_free char *host = NULL;

	(void)state;
	rig_open(&r);
	assert_int_equal(fs_mkdir_p(r.dir.fd, "host/below", 0755), 0);
	r.plan->fs_group = 2000;
	v = plan_add_volumes(r.plan, 3);
	volume(&v[0], "empty", PLAN_VOLUME_EMPTY_DIR);
	volume(&v[1], "memory", PLAN_VOLUME_TMPFS)->size_bytes = 1 << 20;
	volume(&v[2], "host", PLAN_VOLUME_HOST_PATH)->host_path = xasprintf("%s/host", r.dir.path);
	v[2].host_type = PLAN_HOST_DIRECTORY;
	c = rig_containers(&r, 2);
	m = plan_add_mounts(&c[0], 5);
	place(&m[0], "empty", "/data/deep");
	place(&m[1], "memory", "/dev/shm");
	place(&m[2], "host", "/data/deep/host");
	place(&m[3], "empty", "/sub")->sub_path = xstrdup("x/y");
	place(&m[4], "host", "/ro")->read_only = true;
	rig_script(&c[0], "a",
		"id -G; stat -c '%a %g' /data/deep /dev/shm; echo 1 >/data/deep/f; echo 2 "
		">/dev/shm/f;"
		"echo 3 >/data/deep/host/f; echo 4 >/sub/f; cat /data/deep/x/y/f; cat /ro/f;"
		"(echo 5 >/ro/f) 2>/dev/null || echo refused;"
		"dd if=/dev/zero of=/dev/shm/big bs=64k count=64 2>/dev/null || echo full; touch "
		"/data/deep/go; sleep 1000");
	c[0].user.run_as_user = 1000;
	m = plan_add_mounts(&c[1], 1);
	place(&m[0], "empty", "/other");
	rig_script(&c[1], "b",
		"until [ -e /other/go ]; do sleep 0.02; done; cat /other/f /other/x/y/f; sleep "
		"1000");
	host = xasprintf("%s/host", r.dir.path);
	assert_int_equal(chmod(host, 0777), 0);
	rig_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	rig_wait_log(&r, "a", 0, "1000 2000\n2777 2000\n2777 2000\n4\n3\nrefused\nfull\n");
	rig_wait_log(&r, "b", 0, "1\n4\n");
	rig_stop(&r, 0);
	{
		cleanup_free char *text = NULL;

		assert_int_equal(fs_read(r.dir.fd, "host/f", 100, &text, NULL), 0);
		assert_string_equal(text, "3\n");
	}
	rig_close(&r);
}

/* The host's tree is not touched by links in the image (T5, T16), and the runtime is not called. */
static const struct {
	const char *name, *link;
} hostile[] = {{"dev", "dev"}, {"proc", "proc"}, {"sys", "sys"}};

static void hostile_images_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		struct rig r;
		struct plan_container *c;
		cleanup_free char *victim = NULL, *link = NULL, *base = NULL;
		cleanup_free char *fake = NULL, *mark = NULL, *script = NULL;

		rig_open(&r);
		assert_int_equal(fs_mkdir_p(r.dir.fd, "victim", 0755), 0);
		victim = xasprintf("%s/victim", r.dir.path);
		link = xasprintf("images/layers/top/%s", hostile[i].link);
		base = xasprintf("images/layers/base/%s", hostile[i].link);
		assert_int_equal(unlinkat(r.dir.fd, base, AT_REMOVEDIR), 0);
		assert_int_equal(symlinkat(victim, r.dir.fd, link), 0);
		fake = xasprintf("%s/runc", r.dir.path);
		mark = xasprintf("%s/called", r.dir.path);
		script = xasprintf("#!/bin/sh\ntouch %s\n", mark);
		assert_int_equal(
			fs_write_atomic(r.dir.fd, "runc", script, strlen(script), 0755, FS_NO_SYNC),
			0);
		free(r.plan->runtime);
		r.plan->runtime = xstrdup(fake);
		c = rig_containers(&r, 1);
		rig_script(c, "a", "true");
		rig_start(&r);
		rig_wait(&r, rig_first_waits_with_text, 10000);
		assert_string_equal(r.snap->containers[0].reason, "CreateContainerError");
		assert_non_null(strstr(r.snap->containers[0].message, hostile[i].name));
		assert_int_equal(access(mark, F_OK), -1);
		rig_stop(&r, 0);
		assert_int_equal(unlinkat(r.dir.fd, "victim", AT_REMOVEDIR), 0); /* still empty */
		rig_close(&r);
	}
}

static void links_of_the_image_lead_nowhere(void **state)
{
	struct rig r;
	struct plan_container *c;
	cleanup_free char *victim = NULL;

	(void)state;
	rig_open(&r);
	assert_int_equal(fs_mkdir_p(r.dir.fd, "victim", 0755), 0);
	victim = xasprintf("%s/victim", r.dir.path);
	assert_int_equal(fs_mkdir_p(r.dir.fd, "images/layers/top/etc", 0755), 0);
	assert_int_equal(
		symlinkat("/run/resolve/stub.conf", r.dir.fd, "images/layers/top/etc/resolv.conf"),
		0);
	assert_int_equal(symlinkat(victim, r.dir.fd, "images/layers/top/srv"), 0);
	volume(plan_add_volumes(r.plan, 1), "v", PLAN_VOLUME_EMPTY_DIR);
	c = rig_containers(&r, 1);
	place(plan_add_mounts(c, 1), "v", "/srv/data");
	rig_script(c, "a", "cat /etc/resolv.conf; readlink /srv; sleep 1000");
	c->cwd = xstrdup("/new/made/dir");
	rig_start(&r);
	/* The link is followed inside the image only, where its target is missing: refused, nothing made outside. */
	rig_wait(&r, rig_first_waits_with_text, 10000);
	assert_non_null(strstr(r.snap->containers[0].message, "/srv"));
	assert_int_equal(unlinkat(r.dir.fd, "victim", AT_REMOVEDIR), 0);
	rig_stop(&r, 0);
	rig_close(&r);
}

static const struct {
	enum plan_host_type type;
	const char *path;  /* below the scratch directory */
	const char *error; /* NULL: it runs */
} types[] = {
	{PLAN_HOST_ANY, "missing", "No such file"},
	{PLAN_HOST_DIRECTORY, "missing", "No such file"},
	{PLAN_HOST_DIRECTORY, "file", "not a directory"},
	{PLAN_HOST_DIRECTORY_OR_CREATE, "new/deep", NULL},
	{PLAN_HOST_FILE, "file", NULL},
	{PLAN_HOST_FILE, "victim", "not a file"},
	{PLAN_HOST_FILE_OR_CREATE, "newfile", NULL},
	{PLAN_HOST_SOCKET, "file", "not a socket"},
	{PLAN_HOST_CHAR_DEVICE, "file", "not a character device"},
	{PLAN_HOST_BLOCK_DEVICE, "file", "not a block device"},
};

static void host_path_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct rig r;
		struct plan_container *c;
		struct plan_volume *v;

		rig_open(&r);
		assert_int_equal(fs_mkdir_p(r.dir.fd, "victim", 0755), 0);
		assert_int_equal(fs_write_atomic(r.dir.fd, "file", "x", 1, 0644, FS_NO_SYNC), 0);
		v = volume(plan_add_volumes(r.plan, 1), "v", PLAN_VOLUME_HOST_PATH);
		v->host_path = xasprintf("%s/%s", r.dir.path, types[i].path);
		v->host_type = types[i].type;
		c = rig_containers(&r, 1);
		place(plan_add_mounts(c, 1), "v", "/mnt/it");
		rig_script(c, "a", "sleep 1000");
		rig_start(&r);
		if (types[i].error) {
			rig_wait(&r, rig_first_waits_with_text, 10000);
			if (!strstr(r.snap->containers[0].message, types[i].error))
				fail_msg("row %zu: %s", i, r.snap->containers[0].message);
		} else {
			rig_wait(&r, rig_all_running, 10000);
		}
		rig_stop(&r, 0);
		rig_close(&r);
	}
}

/* What a container has: no capability in the inheritable and ambient sets, the filter, masked paths (R8, R13). */
static void confinement(void **state)
{
	struct rig r;
	struct plan_container *c;
	cleanup_free char *log = NULL;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 2);
	rig_script(&c[0], "a",
		"grep -E 'CapInh|CapAmb|Seccomp:|NoNewPrivs|Groups' /proc/self/status; cat "
		"/proc/timer_list | wc -c;"
		"(echo x >/proc/sysrq-trigger) 2>/dev/null || echo ro; (touch /sys/x) 2>/dev/null "
		"|| echo ro;"
		"(touch /f) 2>/dev/null || echo ro; ls /sys/fs/cgroup >/dev/null && echo cg; ls "
		"/proc/self/fd | wc -l;"
		"id -u; sleep 1000");
	c[0].no_new_privs = c[0].read_only_rootfs = true;
	rig_script(&c[1], "b", "grep -E 'CapEff|CapPrm|CapInh' /proc/self/status; sleep 1000");
	c[1].user.image_user = xstrdup("www");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	rig_wait_log(&r, "a", 0,
		"Groups:\t0 "
		"\nCapInh:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:"
		"\t2\n"
		"0\nro\nro\nro\ncg\n4\n0\n");
	rig_wait_log(&r, "b", 0,
		"CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:"
		"\t0000000000000000\n");
	rig_stop(&r, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(secrets_are_read_only),
		RIG_TEST(directories_are_shared),
		RIG_TEST(hostile_images_are_refused),
		RIG_TEST(links_of_the_image_lead_nowhere),
		RIG_TEST(host_path_types),
		RIG_TEST(confinement),
	};

	if (!rig_usable()) {
		(void)fprintf(stderr, "skipped: needs root, runc and busybox-static\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
