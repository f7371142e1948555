/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The holes of OCI runtimes, each with the versions that closed it and the rule of berth that makes
 * it harmless where it is open (safety.md, sections 0 and 2). A row without a rule is a reason to
 * refuse the runtime.
 */
#include "agent/node/oci_runtime.h"

#include "runtime/base/fs.h"
#include "runtime/base/spawn.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>

enum { PROBE_TIMEOUT_MS = 5000, BRANCHES_MAX = 4 };

static const struct hole {
	const char *cve, *what;
	const char
		*fixed[BRANCHES_MAX]; /* first fixed version of each branch, oldest branch first */
	const char *debian;	      /* first fixed package of Debian, or NULL */
	const char *rule;	      /* why an open one does no harm here; NULL: it does */
} holes[] = {
	{"CVE-2022-29162", "inheritable capabilities are not empty", {"1.1.2"}, NULL,
		"R8: berth always hands over empty inheritable and ambient sets"},
	{"CVE-2023-25809", "cgroups are writable in some configurations", {"1.1.5"}, NULL,
		"R2: the cgroup mount is read-only in every bundle"},
	{"CVE-2023-27561", "/proc redirected by a volume or a link", {"1.1.5"}, NULL,
		"R2, R4: no volume goes to /proc, and an image where it is a link is refused"},
	{"CVE-2023-28642", "AppArmor by-passed by a linked /proc", {"1.1.5"}, NULL,
		"R4: an image where /proc is a link is refused"},
	{"CVE-2024-21626", "a directory of the host reaches the container", {"1.1.12"},
		"1.1.5+ds1-1+deb12u1", NULL},
	{"CVE-2024-45310", "files are made on the host through a shared volume",
		{"1.1.14", "1.2.0-rc.3"}, NULL,
		"R2: berth mounts volumes itself; the runtime resolves no mount target"},
	{"CVE-2025-31133", "/dev/null replaced by a link gives write access to /proc",
		{"1.2.8", "1.3.3", "1.4.0-rc.3"}, NULL,
		"R2, R4: /dev is a fresh tmpfs that no volume covers"},
	{"CVE-2025-52565", "/dev/pts/N replaced by a link gives write access to /proc",
		{"1.2.8", "1.3.3", "1.4.0-rc.3"}, NULL,
		"R2, R4: /dev/pts is fresh and no volume covers it"},
	{"CVE-2025-52881", "writes to /proc are redirected", {"1.2.8", "1.3.3", "1.4.0-rc.3"}, NULL,
		"R2, R4, R12: /proc is fresh and no volume covers it"},
	{"CVE-2026-41579", "an image whose /dev is a link makes links on the host", {NULL}, NULL,
		"R4: an image where /dev is a link is refused"},
};

void finding_add(json_t *findings, const char *name, const char *status, const char *format, ...)
{
	cleanup_free char *message = NULL;
	json_t *row = json_object();
	va_list ap;

	va_start(ap, format);
	message = xvasprintf(format, ap);
	va_end(ap);
	json_put_str(row, "name", name);
	json_put_str(row, "status", status);
	json_put_str(row, "message", message);
	json_push(findings, row);
}

/* ---- versions ----------------------------------------------------------------------------------------- */

/* The next number of a version; what is between numbers is passed over. False at the end. */
static bool next_number(struct sv *s, uint64_t *ret)
{
	size_t n = 0;

	while (s->n && (s->p[0] < '0' || s->p[0] > '9'))
		*s = (struct sv){s->p + 1, s->n - 1};
	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	if (n == 0 || parse_u64((struct sv){s->p, n}, ret) < 0)
		return false;
	*s = (struct sv){s->p + n, s->n - n};
	return true;
}

struct version {
	uint64_t major, minor, patch;
	uint64_t candidate; /* of a release candidate; UINT64_MAX: released */
};

static struct version version_of(const char *text)
{
	struct version v = {0, 0, 0, UINT64_MAX};
	struct sv s = sv(text), number = sv_cut(&s, '+');
	const char *candidate = strstr(text, "-rc");

	if (next_number(&number, &v.major) && next_number(&number, &v.minor))
		(void)next_number(&number, &v.patch);
	if (candidate) {
		s = sv(candidate);
		(void)next_number(&s, &v.candidate);
	}
	return v;
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int version_compare(struct version a, struct version b)
{
	int r = compare(a.major, b.major);

	r = r ? r : compare(a.minor, b.minor);
	r = r ? r : compare(a.patch, b.patch);
	return r ? r : compare(a.candidate, b.candidate);
}

/* The revision behind "+deb12u" of a package of Debian 12; 0 without one. */
static uint64_t debian_revision(const char *packaged)
{
	const char *mark = strstr(packaged, "+deb12u");
	struct sv s = sv(mark ? mark + strlen("+deb12u") : "");
	uint64_t n;

	return next_number(&s, &n) ? n : 0;
}

static bool is_fixed(const struct oci_runtime *r, const struct hole *h)
{
	struct version v = version_of(r->version);
	const char *last = NULL;

	if (h->debian && debian_revision(r->packaged) >= debian_revision(h->debian) &&
		version_compare(v, version_of(h->debian)) >= 0)
		return true;
	for (size_t i = 0; i < BRANCHES_MAX && h->fixed[i]; i++) {
		struct version fix = version_of(h->fixed[i]);

		if (v.major == fix.major && v.minor == fix.minor)
			return version_compare(v, fix) >= 0;
		last = h->fixed[i];
	}
	return last && version_compare(v, version_of(last)) > 0;
}

/* ---- the runtime -------------------------------------------------------------------------------------- */

static void copy(char *to, size_t size, struct sv from)
{
	(void)snprintf(to, size, "%.*s", (int)(from.n < size ? from.n : size - 1), from.p);
}

int oci_runtime_parse(struct sv text, struct oci_runtime *ret, struct err *e)
{
	struct oci_runtime r = {0};
	struct sv line = sv_cut(&text, '\n');

	copy(r.name, sizeof r.name, sv_cut(&line, ' '));
	if (!sv_eq(sv_cut(&line, ' '), "version") || line.n == 0 || !r.name[0])
		return err_set(e, -EINVAL, "it does not say its version as an OCI runtime does");
	copy(r.version, sizeof r.version, sv_trim(line));
	while (text.n) {
		line = sv_cut(&text, '\n');
		if (sv_eq(sv_cut(&line, ':'), "commit"))
			copy(r.packaged, sizeof r.packaged, sv_trim(line));
	}
	*ret = r;
	return 0;
}

static int check_owner(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? err_set(e, -ENOENT,
						 "there is no OCI runtime at %s; install the "
						 "package runc, or "
						 "name another with --runtime",
						 path)
				       : err_errno(e, -errno, "looking at %s", path);
	if (st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(e, -EPERM,
			"%s can be replaced by others than root; make it owned by root, mode 0755",
			path);
	return 0;
}

static int read_version(const char *path, int out, struct oci_runtime *ret, struct err *e)
{
	const char *const argv[] = {path, "--version", NULL};
	struct spawn s = {.argv = argv, .fds = {{out, 1}}, .n_fds = 1};
	cleanup_free char *text = NULL;
	struct child child;
	int status, r = spawn(&s, &child, e);
	size_t n;

	if (r < 0)
		return r;
	r = child_wait(&child, PROBE_TIMEOUT_MS, &status);
	if (r < 0) {
		child_kill(&child);
		return err_set(e, r, "%s --version does not answer within 5 s", path);
	}
	if (status != 0 || lseek(out, 0, SEEK_SET) < 0 || fs_read_fd(out, 4096, &text, &n) < 0)
		return err_set(e, -EIO, "%s --version failed", path);
	r = oci_runtime_parse((struct sv){text, n}, ret, e);
	return r < 0 ? err_wrap(e, r, "%s", path) : 0;
}

int oci_runtime_probe(const char *path, struct oci_runtime *ret, struct err *e)
{
	cleanup_close int out = -EBADF;
	int r = check_owner(path, e);

	if (r < 0)
		return r;
	/* A file, not a pipe: whatever it prints, it cannot block. */
	out = memfd_create("version", MFD_CLOEXEC);
	if (out < 0)
		return err_errno(e, -errno, "making a file in memory");
	return read_version(path, out, ret, e);
}

int oci_runtime_floor(const struct oci_runtime *r, struct err *e)
{
	if (!streq(r->name, "runc"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(holes); i++)
		if (!holes[i].rule && !is_fixed(r, &holes[i]))
			return err_set(e, -EOPNOTSUPP,
				"runc %s has %s (%s) and berth cannot make up for it; install runc "
				"%s or "
				"Debian's %s, or newer",
				r->version, holes[i].cve, holes[i].what, holes[i].fixed[0],
				holes[i].debian);
	return 0;
}

void oci_runtime_findings(const struct oci_runtime *r, json_t *findings)
{
	if (!streq(r->name, "runc")) {
		finding_add(findings, r->name, "warning",
			"%s %s: berth has no list of its holes; keep it up to date", r->name,
			r->version);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(holes); i++) {
		const struct hole *h = &holes[i];

		if (is_fixed(r, h))
			finding_add(findings, h->cve, "ok", "%s: fixed in runc %s", h->what,
				r->version);
		else if (h->rule)
			finding_add(
				findings, h->cve, "ok", "%s: neutralised by %s", h->what, h->rule);
		else
			finding_add(findings, h->cve, "error",
				"%s: open in runc %s; pods are refused", h->what, r->version);
	}
}
