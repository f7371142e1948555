/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An administrator's seccomp profile (safety R13): what is taken has an action that OCI knows; what is refused
 * has a message.
 */
#include "runtime/base/fs.h"
#include "runtime/base/json.h"
#include "runtime/security/seccomp.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	/* A memfd is a regular file that has no name to clean up. */
	cleanup_close int fd = memfd_create("profile", MFD_CLOEXEC);
	cleanup_json json_t *j = NULL;
	struct err e = {0};
	char path[64];

	if (fd < 0 || fs_write_all(fd, in, n) < 0)
		abort();
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (seccomp_localhost(path, &j, &e) < 0) {
		if (e.msg[0] == '\0' || j)
			abort();
	} else if (strncmp(json_str_or(j, "defaultAction", ""), "SCMP_ACT_", 9) != 0) {
		abort();
	}
	return 0;
}
