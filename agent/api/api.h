/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API server: the Kubernetes REST shape over HTTP/1.1 on a Unix socket, driven by the caller's sd-event
 * loop; no threads. Who may speak is decided by SO_PEERCRED on each connection (safety R17); limits are those of
 * safety.md section 4.
 */
#ifndef AGENT_API_API_H
#define AGENT_API_API_H

#include "runtime/base/clock.h"
#include "runtime/base/err.h"

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct api;
struct api_backend; /* agent/api/backend.h */
struct control;	    /* agent/control/control.h */
struct store;

struct api_options {
	sd_event *loop; /* borrowed, as all of these, for the server's life */
	struct store *store;
	struct control *control;
	/* How exec, images and check reach @control: &api_backend_control. NULL: they answer 503. */
	const struct api_backend *backend;
	const struct clock *clock;
	int listen_fd; /* a bound, listening socket (api_bind); the server owns and closes it */
	int root_fd;   /* the root prefix: logs are read below it at var/log/pods */
	/* Users who may connect beside the server's own uid (and root). */
	const uid_t *uids;
	size_t n_uids;
	gid_t gid;		   /* members of this group may connect too; 0 or (gid_t)-1: none */
	bool (*ready)(void *data); /* what /readyz says; NULL: ready */
	void *ready_data;
};

/**
 * Makes the socket @name in the directory @dir_fd (0700 of its owner): mode 0600. With a @gid that is neither 0 nor -1
 * both belong to that group, with 0660 and 0710: its members can connect. A stale socket of that name is replaced (the
 * caller holds the agent's lock).
 * Returns: a listening descriptor, close-on-exec, non-blocking; or -errno.
 */
int api_bind(int dir_fd, const char *name, gid_t gid, struct err *e);

/**
 * Starts serving on the loop. Creates the namespaces `default` and `kube-system` when they are missing; sets SIGPIPE to
 * be ignored in this process.
 * Returns: 0, or -errno.
 */
int api_new(const struct api_options *options, struct api **ret, struct err *e);

/** Ends all connections (running execs are killed, watches end) and closes the socket. */
void api_free(struct api *own_a);
DEFINE_CLEANUP(struct api, api_free);

#endif
