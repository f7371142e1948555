/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up privileges. What berthd does not hold, no container that it starts can hold either: the kernel takes a
 * child's capabilities out of its parent's bounding set.
 */
#include "agent/node/privileges.h"

#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Change the kernel, the clock, the audit trail, or by-pass every check: nothing that pods are for. */
static const cap_value_t given_up[] = {CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_TIME, CAP_SYS_BOOT,
	CAP_SYSLOG, CAP_AUDIT_CONTROL, CAP_AUDIT_READ, CAP_MAC_ADMIN, CAP_MAC_OVERRIDE,
	CAP_WAKE_ALARM, CAP_LEASE, CAP_LINUX_IMMUTABLE, CAP_SYS_PACCT};

static int drop(struct err *e)
{
	static const cap_flag_t sets[] = {CAP_EFFECTIVE, CAP_PERMITTED, CAP_INHERITABLE};
	cap_t caps;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(given_up); i++)
		if (cap_get_bound(given_up[i]) == 1 && cap_drop_bound(given_up[i]) < 0)
			return err_errno(e, -errno, "dropping a capability");
	caps = cap_get_proc();
	if (!caps)
		return err_errno(e, -errno, "reading capabilities");
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		if (cap_set_flag(caps, sets[i], ARRAY_SIZE(given_up), given_up, CAP_CLEAR) < 0)
			r = -errno;
	if (r == 0 && cap_set_proc(caps) < 0)
		r = -errno;
	(void)cap_free(caps);
	return r < 0 ? err_errno(e, r, "dropping capabilities") : 0;
}

int privileges_settle(bool keep_all, struct err *e)
{
	const struct rlimit none = {0, 0};
	struct rlimit files;

	(void)umask(077);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		return err_errno(e, -errno, "forbidding core dumps");
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	return keep_all ? 0 : drop(e);
}
