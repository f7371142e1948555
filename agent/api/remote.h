/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's half of exec, attach and port-forward: an upgraded connection that speaks channels (ws.h). What flows
 * through it, and to where, is its owner's business (exec_session.c, forward.c).
 */
#ifndef AGENT_API_REMOTE_H
#define AGENT_API_REMOTE_H

#include "agent/api/backend.h"
#include "agent/api/server.h"
#include "agent/api/ws.h"

enum { REMOTES_MAX = 512, REMOTES_POD_MAX = 32 }; /* safety R18 */

/* Each gets the owner. */
struct remote_calls {
	/* As ws_calls.part. */
	void (*part)(void *owner, unsigned channel, const uint8_t *bytes, size_t n, bool end);
	/* Is there room for WS_PART_MAX bytes more, whatever their channel? */
	bool (*has_room)(const void *owner);
	/* Something can go on; begins or ends with remote_flush(). */
	void (*step)(void *owner);
	/* The client has gone, or must go: frees the owner, which calls remote_done(). */
	void (*free)(void *owner);
};

struct remote {
	struct api *api;
	const struct remote_calls *calls;
	void *owner;
	char *pod; /* "ns/name" */
	int version;
	struct ws *ws; /* NULL until the upgrade */
	int sock;
	struct MHD_UpgradeResponseHandle *handle;
	char *extra; /* bytes that came with the request, not yet read */
	size_t n_extra, extra_at;
	sd_event_source *source, *timer;
	bool closing; /* the last words are queued */
	struct remote *prev, *next;
};

/** Fills @r in, unless there are too many. 0, -EBUSY, -EIO (a server without pods). */
int remote_init(struct remote *r, struct api *a, const char *ns, const char *pod,
	const struct remote_calls *calls, void *owner, struct err *e);
/** Closes the connection and takes @r off the list; harmless when remote_init failed or never was. */
void remote_done(struct remote *r);

/** Takes over the client's connection. @extra: bytes that came behind the request. @r may be gone afterwards. */
void remote_upgrade(struct remote *r, int sock, struct MHD_UpgradeResponseHandle *handle,
	const void *extra, size_t n_extra);
/** May more be queued for the client? */
bool remote_takes(const struct remote *r);
/** Sends what is queued, and waits for what can come. Returns: false when @r is gone. */
bool remote_flush(struct remote *r);
/** Nothing is queued behind what is; the connection ends when the client agrees, or soon. */
void remote_close(struct remote *r);

/** Frees the owner. NULL is a no-op. */
void remote_free(struct remote *own_r);
/** Ends all, for the server's stop. */
void remotes_stop(struct api *a);

#endif
