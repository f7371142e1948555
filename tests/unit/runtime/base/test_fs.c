/* SPDX-License-Identifier: Apache-2.0 */
/* Links cannot lead out, writes are atomic, trees are removed without leaving them. */
#include "tests/unit/unit.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void put(int dir, const char *path, const char *text)
{
	cleanup_close int fd = openat(dir, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
}

static void links_stay_inside(void **state)
{
	struct scratch s;
	cleanup_free char *text = NULL;
	int fd;

	(void)state;
	scratch_open(&s);
	assert_int_equal(fs_mkdir_p(s.fd, "root/etc", 0700), 0);
	put(s.fd, "outside", "host");
	{
		cleanup_close int root = openat(s.fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		assert_true(root >= 0);
		assert_int_equal(symlinkat("/../../outside", root, "up"), 0);
		assert_int_equal(symlinkat("/etc/passwd", root, "abs"), 0);
		assert_int_equal(symlinkat("/proc/self/exe", root, "exe"), 0);
		assert_int_equal(fs_open_in(root, "up", O_RDONLY, 0), -ENOENT);
		assert_int_equal(fs_open_in(root, "../outside", O_RDONLY, 0), -ENOENT);
		fd = fs_open_in(root, "abs", O_WRONLY | O_CREAT, 0600);
		assert_true(fd >= 0);
		(void)close(fd);
		assert_int_equal(fs_read(root, "etc/passwd", 10, &text, NULL), 0);
		assert_int_equal(fs_open_beneath(root, "abs", O_RDONLY, 0), -ELOOP);
		assert_int_equal(fs_open_beneath(root, "../outside", O_RDONLY, 0), -EXDEV);
		assert_int_equal(symlinkat("etc", root, "dirlink"), 0);
		assert_true(fs_mkdir_p(root, "dirlink/x", 0700) < 0);
	}
	assert_true(fs_open_in(AT_FDCWD, "/proc/self/fd/0", O_RDONLY, 0) < 0);
	scratch_close(&s);
}

static void writes_whole_or_not(void **state)
{
	struct scratch s;
	cleanup_free char *text = NULL;
	size_t n;
	struct stat st;

	(void)state;
	scratch_open(&s);
	put(s.fd, "f", "one");
	assert_int_equal(fs_write_atomic(s.fd, "f", "two!", 4, 0640, FS_SYNC), 0);
	assert_int_equal(fs_read(s.fd, "f", 4, &text, &n), 0);
	assert_string_equal(text, "two!");
	assert_int_equal(n, 4);
	assert_int_equal(fstatat(s.fd, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	{
		char *more;

		assert_int_equal(fs_read(s.fd, "f", 3, &more, NULL), -EFBIG);
	}
	assert_int_equal(symlinkat("f", s.fd, ".g.new"), 0);
	assert_int_equal(fs_write_atomic(s.fd, "g", "no link", 7, 0600, FS_NO_SYNC), 0);
	assert_int_equal(fstatat(s.fd, "f", &st, 0), 0);
	assert_int_equal(st.st_size, 4);
	assert_true(fs_write_atomic(s.fd, "no/dir", "x", 1, 0600, FS_NO_SYNC) < 0);
	scratch_close(&s);
}

static void removes_a_tree_but_no_mount(void **state)
{
	struct scratch s;
	pid_t child;
	int status;

	(void)state;
	scratch_open(&s);
	assert_int_equal(fs_mkdir_p(s.fd, "t/a/b/c", 0700), 0);
	assert_int_equal(fs_mkdir_p(s.fd, "keep", 0700), 0);
	put(s.fd, "t/a/f", "x");
	put(s.fd, "keep/f", "x");
	assert_int_equal(symlinkat("../../keep", s.fd, "t/a/link"), 0);
	/* A private mount namespace of a child: nothing stays if an assertion fails. */
	child = fork();
	if (child == 0) {
		char target[96];
		int again;

		(void)snprintf(target, sizeof target, "%s/t/a/b/c", s.path);
		if (unshare(CLONE_NEWNS) < 0 ||
			mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			mount("x", target, "tmpfs", 0, NULL) < 0)
			_exit(1);
		/* s.fd belongs to the mount namespace before, which does not see the tmpfs. */
		again = open(s.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		_exit(fs_remove_tree(again, "t") == -EXDEV ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(fs_remove_tree(s.fd, "t"), 0);
	assert_int_equal(faccessat(s.fd, "keep/f", F_OK, 0), 0);
	assert_int_equal(fs_remove_tree(s.fd, "t"), 0);
	scratch_close(&s);
}

static void long_socket_paths_fit(void **state)
{
	struct sockaddr_un address;
	struct scratch s;
	char deep[200];

	(void)state;
	scratch_open(&s);
	memset(deep, 'd', sizeof deep - 1);
	deep[sizeof deep - 1] = '\0';
	{
		cleanup_close int dir = fs_open_dir(s.fd, deep, 0700);
		cleanup_close int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

		assert_true(dir >= 0);
		assert_int_equal(fs_socket_address(dir, "s.sock", &address), 0);
		assert_int_equal(bind(sock, (struct sockaddr *)&address, sizeof address), 0);
		assert_int_equal(faccessat(dir, "s.sock", F_OK, 0), 0);
	}
	scratch_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_stay_inside),
		cmocka_unit_test(writes_whole_or_not),
		cmocka_unit_test(removes_a_tree_but_no_mount),
		cmocka_unit_test(long_socket_paths_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
