/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of paths: what a pod may name in its containers and on the host.
 * Source: safety R4 (reserved mount points), R6 (working directory); Kubernetes API reference, "VolumeMount".
 */
#include "agent/spec/check.h"

enum { PATH_BYTES_MAX = 4095 };

char *path_clean(const char *path)
{
	struct str out = {0};
	struct sv rest = sv(path);
	while (rest.n) {
		struct sv part = sv_cut(&rest, '/');
		if (part.n && !sv_eq(part, ".")) {
			if (out.n || *path == '/')
				str_add(&out, "/");
			str_addn(&out, part.p, part.n);
		}
	}
	if (!out.n && *path == '/')
		str_add(&out, "/");
	return str_take(&out);
}

static bool has_dot_dot(const char *path)
{
	struct sv rest = sv(path);
	while (rest.n)
		if (sv_eq(sv_cut(&rest, '/'), ".."))
			return true;
	return false;
}

/* What is wrong with any path, wherever it leads. */
static const char *path_fault(const char *path)
{
	if (strlen(path) > PATH_BYTES_MAX)
		return "must be no more than 4095 bytes";
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return "must not contain control characters";
	if (has_dot_dot(path))
		return "must not contain '..'";
	return NULL;
}

static bool is_below(const char *path, const char *top)
{
	size_t n = strlen(top);
	return strncmp(path, top, n) == 0 && (!path[n] || path[n] == '/');
}

static const char *mount_fault(const char *path)
{
	static const char *const reserved[] = {"/proc", "/sys", "/dev"};
	static const char *const allowed[] = {"/dev/shm", "/dev/hugepages", "/dev/termination-log"};
	const char *fault = path_fault(path);
	if (fault)
		return fault;
	if (*path != '/')
		return "must be an absolute path";
	if (strchr(path, ':'))
		return "must not contain ':'";
	cleanup_free char *clean = path_clean(path);
	if (streq(clean, "/"))
		return "must not be the root of the container";
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		if (streq(clean, allowed[i]))
			return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (is_below(clean, reserved[i]))
			return "must not be at or below /proc, /sys or /dev (but for /dev/shm, "
			       "/dev/hugepages and /dev/termination-log)";
	return NULL;
}

void check_mount_path(struct walk *w, const json_t *value)
{
	const char *fault = mount_fault(json_string_value(value));
	if (fault)
		walk_invalid(w, value, "%s", fault);
}

void check_relative_path(struct walk *w, const json_t *value)
{
	const char *path = json_string_value(value);
	const char *fault = path_fault(path);
	if (!fault && *path == '/')
		fault = "must be a relative path";
	/* Such names are kept for the atomic swap of the volume's contents. */
	if (!fault && strncmp(path, "..", 2) == 0)
		fault = "must not start with '..'";
	cleanup_free char *clean = fault ? NULL : path_clean(path);
	if (clean && !*clean)
		fault = "must name a file";
	if (fault)
		walk_invalid(w, value, "%s", fault);
}

void check_sub_path(struct walk *w, const json_t *value)
{
	const char *path = json_string_value(value);
	const char *fault = path_fault(path);
	if (!fault && *path == '/')
		fault = "must be a relative path";
	if (fault)
		walk_invalid(w, value, "%s", fault);
}

void check_host_path(struct walk *w, const json_t *value)
{
	const char *path = json_string_value(value);
	const char *fault = path_fault(path);
	if (!fault && *path != '/')
		fault = "must be an absolute path";
	if (fault)
		walk_invalid(w, value, "%s", fault);
}

void check_working_dir(struct walk *w, const json_t *value)
{
	const char *path = json_string_value(value);
	const char *fault = path_fault(path);
	if (!fault && *path != '/')
		fault = "must be an absolute path";
	cleanup_free char *clean = fault ? NULL : path_clean(path);
	if (clean && is_below(clean, "/proc"))
		fault = "must not be at or below /proc";
	if (fault)
		walk_invalid(w, value, "%s", fault);
}
