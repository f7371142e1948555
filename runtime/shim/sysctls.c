/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel parameters of the pod's network and IPC namespaces, set once by the shim and not by the runtime for each
 * container: runc refuses net.* for a network namespace that is its own, as the pod's is for a runc that the shim
 * started; and here the procfs is the host's, which no image can fake (safety T4). Each name is on the exact list
 * of what is namespaced (R12), looked at once more.
 */
#include "runtime/shim/sysctls.h"

#include "runtime/base/fs.h"
#include "runtime/security/sysctl.h"

#include <fcntl.h>

static int write_one(const char *name, const char *value)
{
	cleanup_free char *path = xasprintf("/proc/sys/%s", name);
	cleanup_close int fd = -EBADF;

	for (char *p = path; *p; p++)
		if (*p == '.')
			*p = '/';
	fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fs_write_all(fd, value, strlen(value));
}

int sysctls_apply(const struct plan *p, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_sysctls; i++) {
		struct sv rest = sv(p->sysctls[i]), name = sv_cut(&rest, '=');
		cleanup_free char *key = xstrndup(name.p, name.n);

		r = sysctl_check(key, rest.p, p->host_network, p->host_ipc, e);
		if (r < 0)
			return err_wrap(e, r, "sysctl %s", key);
		r = write_one(key, rest.p);
		if (r < 0)
			return err_errno(e, r, "sysctl %s", key);
	}
	return r;
}
