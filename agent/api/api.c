/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API server as a whole: its socket, its start and its end.
 */
#include "agent/api/api.h"
#include "agent/api/remote.h"
#include "agent/api/server.h"
#include "agent/api/stream.h"
#include "agent/api/watch.h"
#include "runtime/base/fs.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

/* Members may pass through the directory, without reading it, and speak to the socket. */
static int open_to_group(int dir_fd, const char *name, gid_t gid, struct err *e)
{
	if (fchown(dir_fd, (uid_t)-1, gid) < 0 || fchmod(dir_fd, 0710) < 0 ||
		fchownat(dir_fd, name, (uid_t)-1, gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		fchmodat(dir_fd, name, 0660, 0) < 0)
		return err_errno(e, -errno, "opening %s to group %u", name, gid);
	return 0;
}

int api_bind(int dir_fd, const char *name, gid_t gid, struct err *e)
{
	cleanup_close int fd = -EBADF;
	bool group = gid != 0 && gid != (gid_t)-1;
	struct sockaddr_un address;
	struct stat st;
	int r;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISSOCK(st.st_mode))
			return err_set(e, -EEXIST, "%s is there already and is no socket", name);
		if (unlinkat(dir_fd, name, 0) < 0)
			return err_errno(e, -errno, "removing the old socket %s", name);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(e, -errno, "socket");
	r = fs_socket_address(dir_fd, name, &address);
	if (r < 0)
		return err_errno(e, r, "%s", name);
	/* The mode a socket is born with: nobody can connect before the next lines have run. */
	if (fchmod(fd, 0600) < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return err_errno(e, -errno, "binding %s", name);
	if (fchmodat(dir_fd, name, 0600, 0) < 0 || fchmod(dir_fd, 0700) < 0)
		return err_errno(e, -errno, "setting the mode of %s", name);
	r = group ? open_to_group(dir_fd, name, gid, e) : 0;
	if (r < 0)
		return r;
	if (listen(fd, 512) < 0)
		return err_errno(e, -errno, "listening on %s", name);
	return take_fd(fd);
}

/* The namespaces that always are. */
static int make_namespaces(struct api *a, struct err *e)
{
	static const char *const names[] = {"default", "kube-system"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_json json_t *ns = json_object(), *there = NULL;
		int r = store_get(a->o.store, a->namespaces, "", names[i], &there, NULL);

		if (r == 0)
			continue;
		json_put_str(ns, "apiVersion", "v1");
		json_put_str(ns, "kind", "Namespace");
		json_put_str(json_sub(ns, "metadata"), "name", names[i]);
		spec_default(a->namespaces, ns);
		json_put_str(json_sub(ns, "status"), "phase", "Active");
		r = store_create(a->o.store, a->namespaces, ns, STORE_FULL, e);
		/* A full disk must not keep the agent from starting. */
		if (r < 0 && r != -ENOSPC)
			return r;
	}
	return 0;
}

int api_new(const struct api_options *options, struct api **ret, struct err *e)
{
	CLEANUP(api_free) struct api *a = xcalloc(1, sizeof *a);
	int r;

	/* Pipes to processes that have gone answer EPIPE; there is no flag for that as sockets have. */
	(void)signal(SIGPIPE, SIG_IGN);
	a->o = *options;
	a->o.uids = NULL;
	a->self = geteuid();
	a->uids = xcalloc(options->n_uids + 1, sizeof *a->uids);
	if (options->n_uids > 0)
		memcpy(a->uids, options->uids, options->n_uids * sizeof *a->uids);
	a->pods = kind_by_resource("", "v1", "pods");
	a->namespaces = kind_by_resource("", "v1", "namespaces");
	r = make_namespaces(a, e);
	if (r == 0)
		r = watches_new(a, e);
	if (r == 0)
		r = server_start(a, e);
	if (r < 0)
		return r;
	*ret = take(a);
	return 0;
}

void api_free(struct api *own_a)
{
	if (!own_a)
		return;
	own_a->closing = true;
	streams_stop(own_a);
	remotes_stop(own_a);
	server_stop(own_a);
	watches_free(own_a);
	free(own_a->uids);
	free(own_a);
}
