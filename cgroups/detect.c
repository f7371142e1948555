/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the mounted cgroup hierarchies, once, when a program starts.
 *
 * First step of everything else here.  What must hold: descriptors, not paths, are kept, because
 * the shim changes its mount namespace afterwards; a mount that another mount hides is not taken
 * for the hierarchy (its top must show cgroup.procs); a hierarchy mounted twice is one. Format:
 * proc_pid_mountinfo(5): id parent major:minor root mountpoint options … - type source super.
 */
#include "cgroups/detect.h"

#include "cgroups/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *v1, *v2;
} controller_names[CGROUP_CONTROLLER_MAX] = {
	[CGROUP_MEMORY] = {"memory", "memory"},
	[CGROUP_CPU] = {"cpu", "cpu"},
	[CGROUP_CPUACCT] = {"cpuacct", "cpuacct"},
	[CGROUP_CPUSET] = {"cpuset", "cpuset"},
	[CGROUP_PIDS] = {"pids", "pids"},
	[CGROUP_FREEZER] = {"freezer", "freezer"},
	[CGROUP_DEVICES] = {"devices", "devices"},
	[CGROUP_IO] = {"blkio", "io"},
	[CGROUP_HUGETLB] = {"hugetlb", "hugetlb"},
};

const char *cgroup_controller_name(enum cgroup_controller c)
{
	return controller_names[c].v2;
}

const char *cgroup_mode_name(enum cgroup_mode mode)
{
	static const char *const names[] = {
		[CGROUP_MODE_V1] = "v1",
		[CGROUP_MODE_HYBRID] = "hybrid",
		[CGROUP_MODE_UNIFIED] = "unified",
	};

	return names[mode];
}

bool cgroup_host_has(const struct cgroup_host *h, enum cgroup_controller c)
{
	return h->n > 0 && h->of[c] >= 0;
}

/* The fields of one mountinfo line that matter, cut out of it in place. */
struct mount_line {
	char *point, *type, *super;
};

static char *next_word(char **at)
{
	char *word = *at, *end;

	if (!word)
		return NULL;
	end = strchr(word, ' ');
	*at = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return word;
}

/* Space, tab, newline and backslash are written \ooo. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; to++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
			s[3] >= '0' && s[3] <= '7') {
			*to = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to = *s++;
		}
	}
	*to = '\0';
}

static bool parse_line(char *line, struct mount_line *ret)
{
	char *at = line, *word = NULL;

	for (int i = 0; i < 5; i++)
		if (!(word = next_word(&at)))
			return false;
	ret->point = word;
	do
		if (!(word = next_word(&at)))
			return false;
	while (strcmp(word, "-") != 0);
	ret->type = next_word(&at);
	(void)next_word(&at);
	ret->super = at;
	if (!ret->super)
		return false;
	unescape(ret->point);
	return true;
}

/* v1 names its controllers among the mount options: "rw,cpu,cpuacct". */
static uint32_t v1_controllers(const char *options)
{
	uint32_t bits = 0;

	for (const char *p = options; *p;) {
		size_t len = strcspn(p, ",\n");

		for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++)
			if (strlen(controller_names[c].v1) == len &&
				memcmp(p, controller_names[c].v1, len) == 0)
				bits |= UINT32_C(1) << c;
		p += len;
		p += strspn(p, ",\n");
	}
	return bits;
}

static int v2_controllers(int top, uint32_t *ret)
{
	char list[256];
	ssize_t n = cg_read(top, "cgroup.controllers", list, sizeof list);

	if (n < 0)
		return (int)n;
	*ret = 0;
	for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++)
		if (cg_has_word(list, controller_names[c].v2))
			*ret |= UINT32_C(1) << c;
	return 0;
}

struct search {
	struct cgroup_host *host;
	int root_fd;
	bool absolute; /* the real "/": mount points are opened as they stand */
};

static bool known(const struct cgroup_host *h, bool v2, uint32_t controllers)
{
	if (v2)
		return h->v2 >= 0;
	for (int i = 0; i < h->n; i++)
		if (!h->hierarchies[i].v2 && controllers &&
			h->hierarchies[i].controllers == controllers)
			return true;
	return false;
}

static int add_mount(char *line, void *arg)
{
	struct search *s = arg;
	struct cgroup_host *h = s->host;
	struct mount_line m;
	uint32_t controllers = 0;
	bool v2;
	int fd;

	if (!parse_line(line, &m))
		return 0;
	v2 = strcmp(m.type, "cgroup2") == 0;
	if (!v2 && strcmp(m.type, "cgroup") != 0)
		return 0;
	if (!v2)
		controllers = v1_controllers(m.super);
	if (known(h, v2, controllers))
		return 0;
	fd = openat(
		s->root_fd, s->absolute ? m.point : m.point + 1, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	/* Hidden below another mount, or out of reach: not a tree that can be used. */
	if (faccessat(fd, "cgroup.procs", F_OK, 0) < 0 ||
		(v2 && v2_controllers(fd, &controllers) < 0)) {
		(void)close(fd);
		return 0;
	}
	if (h->n == CGROUP_HIERARCHY_MAX) {
		(void)close(fd);
		return -E2BIG;
	}
	if (v2)
		h->v2 = h->n;
	h->hierarchies[h->n++] =
		(struct cgroup_hierarchy){.fd = fd, .v2 = v2, .controllers = controllers};
	return 0;
}

static void index_controllers(struct cgroup_host *h)
{
	bool in_v1 = false;

	for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++) {
		h->of[c] = -1;
		for (int i = 0; i < h->n; i++)
			if (h->hierarchies[i].controllers & UINT32_C(1) << c) {
				h->of[c] = i;
				in_v1 |= !h->hierarchies[i].v2;
			}
	}
	if (h->v2 < 0)
		h->mode = CGROUP_MODE_V1;
	else
		h->mode = in_v1 ? CGROUP_MODE_HYBRID : CGROUP_MODE_UNIFIED;
}

int cgroup_host_open(int root_fd, struct cgroup_host *ret)
{
	struct cgroup_host h = CGROUP_HOST_NONE;
	struct search s = {.host = &h, .root_fd = root_fd, .absolute = root_fd == AT_FDCWD};
	int r = cg_each_line(root_fd, s.absolute ? "/proc/self/mountinfo" : "proc/self/mountinfo",
		add_mount, &s);

	if (r == 0 && h.n == 0)
		r = -ENOENT;
	if (r < 0) {
		cgroup_host_close(&h);
		return r;
	}
	index_controllers(&h);
	*ret = h;
	return 0;
}

void cgroup_host_close(struct cgroup_host *h)
{
	if (!h)
		return;
	for (int i = 0; i < h->n; i++)
		(void)close(h->hierarchies[i].fd);
	*h = CGROUP_HOST_NONE;
}
