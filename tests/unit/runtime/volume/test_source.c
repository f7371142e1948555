/* SPDX-License-Identifier: Apache-2.0 */
/* What a mount shows, also while somebody moves it about (T1). */
#include "tests/unit/unit.h"

#include "runtime/base/clock.h"
#include "runtime/volume/source.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

struct pod {
	struct scratch dir;
	struct source_dirs dirs;
	struct plan plan;
};

static void pod_open(struct pod *p)
{
	*p = (struct pod){.plan = {.fs_group = PLAN_NONE}};
	scratch_open(&p->dir);
	p->dirs.disk_fd = fs_open_dir(p->dir.fd, "disk", 0700);
	p->dirs.tmpfs_fd = fs_open_dir(p->dir.fd, "tmpfs", 0700);
	assert_true(p->dirs.disk_fd >= 0 && p->dirs.tmpfs_fd >= 0);
}

static void pod_close(struct pod *p)
{
	(void)close(p->dirs.disk_fd);
	(void)close(p->dirs.tmpfs_fd);
	scratch_close(&p->dir);
}

static char name[] = "v";

static void empty_dir(void **state)
{
	struct plan_volume v = {.name = name, .kind = PLAN_VOLUME_EMPTY_DIR, .mode = 01777};
	struct plan_mount m = {.volume = name}, sub = {.volume = name};
	char sub_path[] = "a/b";
	struct pod p;
	struct stat st;
	int fd;

	(void)state;
	pod_open(&p);
	assert_int_equal(source_prepare(&p.dirs, &p.plan, &v, NULL), 0);
	assert_int_equal(fstatat(p.dirs.disk_fd, "v", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 01777);
	assert_int_equal(fs_mkdir_p(p.dirs.disk_fd, "v/kept", 0700), 0);
	assert_int_equal(source_prepare(&p.dirs, &p.plan, &v, NULL), 0); /* again: left alone */
	assert_int_equal(faccessat(p.dirs.disk_fd, "v/kept", F_OK, 0), 0);
	fd = source_open(&p.dirs, &v, &m, NULL);
	assert_true(fd >= 0);
	(void)close(fd);
	sub.sub_path = sub_path;
	fd = source_open(&p.dirs, &v, &sub, NULL);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0777); /* the volume's own, whatever the umask */
	(void)close(fd);
	pod_close(&p);
}

/* "sub" is now a directory, now a link to a place outside, as fast as it goes. */
static pid_t start_racer(int volume_fd, const char *outside)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	(void)mkdirat(volume_fd, "real", 0755);
	for (;;) {
		if (symlinkat(outside, volume_fd, "link") < 0 && errno != EEXIST)
			_exit(1);
		(void)renameat(volume_fd, "real", volume_fd, "sub");
		(void)syscall(SYS_renameat2, volume_fd, "link", volume_fd, "sub",
			2 /* RENAME_EXCHANGE */);
		(void)renameat(volume_fd, "link", volume_fd, "real");
		(void)unlinkat(volume_fd, "sub", 0);
	}
}

static void a_racer_in_the_volume(void **state)
{
	enum { ROUNDS = 2000 };
	struct plan_volume v = {.name = name, .kind = PLAN_VOLUME_EMPTY_DIR, .mode = 0777};
	char sub_path[] = "sub";
	struct plan_mount m = {.volume = name, .sub_path = sub_path};
	cleanup_free char *outside = NULL;
	cleanup_close int volume = -EBADF;
	struct stat canary, st;
	struct pod p;
	pid_t racer;
	int opened = 0;

	(void)state;
	pod_open(&p);
	assert_int_equal(fs_mkdir_p(p.dir.fd, "outside", 0755), 0);
	assert_int_equal(fstatat(p.dir.fd, "outside", &canary, 0), 0);
	outside = xasprintf("%s/outside", p.dir.path);
	assert_int_equal(source_prepare(&p.dirs, &p.plan, &v, NULL), 0);
	volume = fs_open_beneath(p.dirs.disk_fd, "v", O_RDONLY | O_DIRECTORY, 0);
	racer = start_racer(volume, outside);
	for (int i = 0; i < ROUNDS; i++) {
		struct err e = {0};
		int fd = source_open(&p.dirs, &v, &m, &e);

		if (fd < 0) {
			assert_true(e.msg[0]);
			continue;
		}
		opened++;
		assert_int_equal(fstat(fd, &st), 0);
		assert_true(st.st_ino != canary.st_ino || st.st_dev != canary.st_dev);
		(void)close(fd);
	}
	assert_int_equal(kill(racer, SIGKILL), 0);
	assert_int_equal(waitpid(racer, NULL, 0), racer);
	assert_true(opened > 0);
	/* Nothing was made in it, either. */
	assert_int_equal(unlinkat(p.dir.fd, "outside", AT_REMOVEDIR), 0);
	pod_close(&p);
}

static void links_inside_a_volume(void **state)
{
	struct plan_volume v = {.name = name, .kind = PLAN_VOLUME_EMPTY_DIR, .mode = 0777};
	static const struct {
		const char *sub_path;
		bool ok;
	} rows[] = {{"abs", true}, {"up", true}, {"host", false}, {"proc", false}, {"file", true}};
	struct pod p;
	cleanup_free char *host = NULL;

	(void)state;
	pod_open(&p);
	host = xasprintf("%s/disk", p.dir.path);
	assert_int_equal(source_prepare(&p.dirs, &p.plan, &v, NULL), 0);
	assert_int_equal(fs_mkdir_p(p.dirs.disk_fd, "v/in", 0755), 0);
	assert_int_equal(symlinkat("/in", p.dirs.disk_fd, "v/abs"), 0);
	assert_int_equal(symlinkat("../../../in", p.dirs.disk_fd, "v/up"), 0);
	assert_int_equal(symlinkat(host, p.dirs.disk_fd, "v/host"), 0);
	assert_int_equal(symlinkat("/proc/self/root", p.dirs.disk_fd, "v/proc"), 0);
	assert_int_equal(symlinkat("in", p.dirs.disk_fd, "v/file"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *sub_path = xstrdup(rows[i].sub_path);
		const struct plan_mount m = {.volume = name, .sub_path = sub_path};
		int fd = source_open(&p.dirs, &v, &m, NULL);

		assert_case((fd >= 0) == rows[i].ok, rows[i].sub_path);
		if (fd >= 0)
			(void)close(fd);
	}
	pod_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_dir),
		cmocka_unit_test(a_racer_in_the_volume),
		cmocka_unit_test(links_inside_a_volume),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
