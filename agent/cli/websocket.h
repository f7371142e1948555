/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A WebSocket to the agent with Kubernetes' channel protocol v5.channel.k8s.io: each binary message begins with
 * one byte that names its channel. Frames are wslay's; the caller owns the loop and polls websocket_fd.
 * Source: k8s.io/apimachinery pkg/util/remotecommand; RFC 6455.
 */
#ifndef AGENT_CLI_WEBSOCKET_H
#define AGENT_CLI_WEBSOCKET_H

#include "agent/cli/client.h"

enum ws_channel { WS_STDIN, WS_STDOUT, WS_STDERR, WS_ERROR, WS_RESIZE, WS_CLOSE = 255 };

struct websocket;

/**
 * Connects and upgrades. When the server refuses (a Status instead of 101), @ret_refusal holds its answer
 * and *ret stays unwritten.
 * @on_message: each message, its channel byte taken off; a negative return ends websocket_step with it.
 * Returns: 0, -ECONNREFUSED and the like as client_do, -EPROTO; 1: refused.
 */
int websocket_open(struct client *c, const char *path,
	int (*on_message)(void *data, enum ws_channel channel, struct sv bytes), void *data,
	struct websocket **ret, struct response *ret_refusal, struct err *e);
void websocket_free(struct websocket *own_w);
DEFINE_CLEANUP(struct websocket, websocket_free);

int websocket_fd(const struct websocket *w);
/** POLLIN | POLLOUT as the frames in flight need; 0 when both sides have closed. */
short websocket_events(const struct websocket *w);
/** Queues one message. */
int websocket_send(struct websocket *w, enum ws_channel channel, struct sv bytes);
/** Bytes that wait to be sent: stop reading input while they are many. */
size_t websocket_queued(const struct websocket *w);
/** While paused nothing is read, and what the server has to say waits there. */
void websocket_pause(struct websocket *w, bool paused);
/** Reads and writes what can be without blocking. 0, or what on_message returned, or -ECONNRESET, -EPROTO. */
int websocket_step(struct websocket *w);

#endif
