/* SPDX-License-Identifier: Apache-2.0 */
/*
 * podman as a peer: its state below the scratch directory, and set so that it also works on a machine without
 * CAP_SYS_RESOURCE, cgroup v2 or systemd.
 */
#include "tests/bench/bench.h"

#include "runtime/base/fs.h"

#include <fcntl.h>
#include <stdlib.h>

enum { PODMAN_ARGS = 32 };
static const char program[] = "/usr/bin/podman";

int podman(const struct bench *b, const char *const *args)
{
	cleanup_free char *root = xasprintf("%s/podman/root", b->root);
	cleanup_free char *state = xasprintf("%s/podman/run", b->root);
	cleanup_free char *conf = xasprintf("CONTAINERS_CONF=%s/podman/containers.conf", b->root);
	const char *argv[PODMAN_ARGS] = {"/usr/bin/env", conf, program, "--root", root, "--runroot",
		state, "--runtime", b->runtime};
	size_t n = 9;

	while (*args && n < PODMAN_ARGS - 1)
		argv[n++] = *args++;
	return run(argv);
}

bool podman_open(const struct bench *b)
{
	static const char text[] =
		"[containers]\n"
		"default_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n"
		"[engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"none\"\n";
	cleanup_free char *path = xasprintf("%s/podman", b->root);
	cleanup_free char *image = xasprintf("%s/probe.tar", b->root);
	cleanup_close int dir = -EBADF;

	if (access(program, X_OK) < 0)
		return false;
	run_ok((const char *const[]){"/bin/mkdir", "-p", path, NULL});
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 ||
		fs_write_atomic(dir, "containers.conf", text, strlen(text), 0600, FS_NO_SYNC) < 0)
		die("%s: %s", path, strerror(errno));
	return podman(b, (const char *const[]){"load", "--quiet", "-i", image, NULL}) == 0;
}
