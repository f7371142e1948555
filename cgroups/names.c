/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of groups: the one place where a path below a hierarchy is put together.
 *
 * What must hold: whatever comes from outside (a uid out of a plan, a container's name) is one
 * harmless component or refused, so that no path ever leaves the tree of its base.
 */
#include "cgroups/names.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 63, DEPTH_MAX = 8 };

static bool alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool component_ok(const char *s, size_t n)
{
	if (n == 0 || n > NAME_MAX_BYTES || !alphanumeric(s[0]))
		return false;
	for (size_t i = 1; i < n; i++) {
		if (!alphanumeric(s[i]) && s[i] != '-' && s[i] != '_' && s[i] != '.')
			return false;
		if (s[i] == '.' && s[i - 1] == '.')
			return false;
	}
	return true;
}

bool cgroup_name_ok(const char *name)
{
	return name && component_ok(name, strlen(name));
}

bool cgroup_path_ok(const char *path)
{
	if (!path || strlen(path) >= CGROUP_PATH_MAX)
		return false;
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		size_t n = strcspn(path, "/");

		if (!component_ok(path, n))
			return false;
		if (path[n] == '\0')
			return true;
		path += n + 1;
	}
	return false;
}

/* FNV-1a: spreads well enough for a handful of installations; nothing here is secret. */
static uint32_t hash(const char *s, size_t n)
{
	uint32_t v = UINT32_C(2166136261);

	for (size_t i = 0; i < n; i++)
		v = (v ^ (unsigned char)s[i]) * UINT32_C(16777619);
	return v;
}

static int fits(int n, size_t size)
{
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int cgroup_base(char *buf, size_t size, const char *prefix)
{
	size_t n = prefix ? strlen(prefix) : 0;

	while (n > 0 && prefix[n - 1] == '/')
		n--;
	if (n == 0)
		return fits(snprintf(buf, size, "%s", CGROUP_BASE), size);
	return fits(snprintf(buf, size, "%s-%08x", CGROUP_BASE, hash(prefix, n)), size);
}

int cgroup_path(char *buf, size_t size, const char *base, const char *pod, const char *container)
{
	if (!cgroup_name_ok(base) || !cgroup_name_ok(pod) ||
		(container && !cgroup_name_ok(container)))
		return -EINVAL;
	return fits(snprintf(buf, size, "%s/%s%s%s", base, pod, container ? "/" : "",
			    container ? container : ""),
		size);
}

int cgroup_shim_path(char *buf, size_t size, const char *base, const char *pod)
{
	if (!cgroup_name_ok(base) || !cgroup_name_ok(pod))
		return -EINVAL;
	return fits(snprintf(buf, size, "%s-shims/%s", base, pod), size);
}
