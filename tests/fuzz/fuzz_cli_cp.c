/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tar stream that a container's tar hands to `berth cp`: whatever is in it, the directory beside the destination stays
 * empty.
 */
#include "agent/cli/cp.h"
#include "runtime/base/fs.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char top[] = "/tmp/berth-fuzz-cp.XXXXXX";

static void remove_top(void)
{
	(void)rmdir(top);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int top_fd = -1;
	static FILE *nowhere;
	char local[64];
	CLEANUP(cp_down_free) struct cp_down *d = NULL;
	struct err e = {0};
	size_t first = size / 2;

	if (top_fd < 0) {
		if (!mkdtemp(top))
			abort();
		(void)atexit(remove_top);
		top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		nowhere = fopen("/dev/null", "we");
	}
	if (mkdirat(top_fd, "out", 0700) < 0)
		abort();
	(void)snprintf(local, sizeof local, "%s/out", top);
	if (cp_down_new("d", local, nowhere, &d, &e) == 0 &&
		cp_down_feed(d, (struct sv){(const char *)data, first}, &e) == 0 &&
		cp_down_feed(d, (struct sv){(const char *)data + first, size - first}, &e) == 0)
		(void)cp_down_finish(d, &e);
	cp_down_free(take(d));
	if (fs_remove_tree(top_fd, "out") < 0)
		abort();
	/* Only an empty directory can be removed. */
	if (unlinkat(AT_FDCWD, top, AT_REMOVEDIR) < 0)
		abort();
	if (mkdir(top, 0700) < 0)
		abort();
	(void)close(top_fd);
	top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return 0;
}
