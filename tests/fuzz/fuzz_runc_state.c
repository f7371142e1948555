/* SPDX-License-Identifier: Apache-2.0 */
/* What the OCI runtime leaves: its pid-file and its log. A container cannot write them, but a runtime may be any. */
#include "runtime/base/fs.h"
#include "runtime/runc/runc.h"

#include <fcntl.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

static char dir[] = "/dev/shm/berth-fuzz-XXXXXX";
static int root = -1;

static void tear_down(void)
{
	(void)unlinkat(root, "pid", 0);
	(void)rmdir(dir);
}

static void set_up(void)
{
	if (root >= 0)
		return;
	if (!mkdtemp(dir))
		abort();
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)atexit(tear_down);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct sv text = {(const char *)in, n};
	char buf[64];
	pid_t pid = 0;
	size_t length;

	set_up();
	if (fs_write_atomic(root, "pid", in, n, 0600, FS_NO_SYNC) < 0)
		abort();
	if (runc_pid(root, "pid", &pid) == 0 && (pid < 1 || pid > 1 << 22))
		abort();
	length = strlen(runc_error_text(text, buf, sizeof buf));
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)buf[i] < ' ')
			abort();
	return 0;
}
