/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The users of an image: passwd, group and USER of a stranger. Input: the three, each ended by a NUL byte.
 * Whatever comes out must keep safety R9: ids of 0 … 2^31-1, the primary gid among the groups, and uid 0 never
 * when runAsNonRoot is asked.
 */
#include "runtime/base/fs.h"
#include "runtime/security/users.h"

#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

static char dir[] = "/dev/shm/berth-fuzz-XXXXXX";
static int root = -1;

static void tear_down(void)
{
	(void)unlinkat(root, "etc/passwd", 0);
	(void)unlinkat(root, "etc/group", 0);
	(void)unlinkat(root, "etc", AT_REMOVEDIR);
	(void)rmdir(dir);
}

static void set_up(void)
{
	if (!mkdtemp(dir))
		abort();
	(void)atexit(tear_down);
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || mkdirat(root, "etc", 0700) < 0)
		abort();
}

static struct sv next_part(struct sv *rest)
{
	return sv_cut(rest, '\0');
}

static void put(const char *file, struct sv text)
{
	int fd = openat(root, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || fs_write_all(fd, text.p, text.n) < 0)
		abort();
	(void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct sv rest = {(const char *)in, n};
	struct sv passwd = next_part(&rest), group = next_part(&rest);
	cleanup_free char *user = xstrndup(rest.p ? rest.p : "", rest.n);
	const struct plan_user u = {.image_user = user,
		.run_as_user = PLAN_NONE,
		.run_as_group = PLAN_NONE,
		.run_as_non_root = n % 2};
	const struct users_request q = {.user = &u, .fs_group = 7};
	cleanup_user_ids struct user_ids ids = {0};
	struct err e = {0};

	if (root < 0)
		set_up();
	put("etc/passwd", passwd);
	put("etc/group", group);
	if (users_resolve(root, &q, &ids, &e) < 0) {
		if (e.msg[0] == '\0' || ids.groups)
			abort();
		return 0;
	}
	if (ids.uid > USERS_ID_MAX || ids.gid > USERS_ID_MAX || ids.n_groups == 0 ||
		ids.groups[0] != ids.gid || (u.run_as_non_root && ids.uid == 0))
		abort();
	for (size_t i = 0; i < ids.n_groups; i++)
		if (ids.groups[i] > USERS_ID_MAX)
			abort();
	return 0;
}
