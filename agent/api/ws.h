/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket with the channels of Kubernetes' remote commands: each binary message begins with the number of its channel.
 * The bytes come and go through calls, so that it has no socket of its own.
 * Source: RFC 6455; apimachinery pkg/util/remotecommand/constants.go (v4, v5.channel.k8s.io).
 */
#ifndef AGENT_API_WS_H
#define AGENT_API_WS_H

#include "runtime/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum ws_channel { WS_STDIN, WS_STDOUT, WS_STDERR, WS_ERROR, WS_RESIZE, WS_CLOSE = 255 };
enum { WS_QUEUED_MAX = 64 << 10, WS_PART_MAX = 16 << 10 };

struct ws_calls {
	/* As recv(2) and send(2), with -errno; -EAGAIN: not now. */
	ssize_t (*recv)(void *data, void *buf, size_t n);
	ssize_t (*send)(void *data, const void *buf, size_t n);
	/* A part of a message of @channel; @end: its last (maybe empty). */
	void (*part)(void *data, unsigned channel, const uint8_t *bytes, size_t n, bool end);
	void *data;
};

struct ws;
struct ws *ws_new(const struct ws_calls *calls);
void ws_free(struct ws *own_w);

/** Reads what there is. Returns: 0, or -EPIPE: the other side has closed or breaks the protocol. */
int ws_read(struct ws *w);
/** Sends what is queued. Returns: 0, or -EPIPE. */
int ws_write(struct ws *w);
/** Queues a message of @n bytes (at most WS_PART_MAX) on @channel; bytes are copied. */
void ws_queue(struct ws *w, unsigned channel, const void *bytes, size_t n);
/** Queues the close frame; nothing can be queued behind it. */
void ws_close(struct ws *w, uint16_t code);
/** How many bytes are queued. */
size_t ws_queued(struct ws *w);
bool ws_wants_write(struct ws *w);
/** Both sides have said close, and ours has gone out. */
bool ws_closed(struct ws *w);

enum { WS_ACCEPT_SIZE = 29 };
/** Sec-WebSocket-Accept of a key. Returns: 0, or -EBADMSG: the key is not 16 bytes in base64. */
int ws_accept_key(const char *key, char out[WS_ACCEPT_SIZE]);
/** The subprotocol to speak, from the client's list: 5, 4, or -EPROTONOSUPPORT. */
int ws_choose_version(const char *protocols);
/** Is @token in the comma-separated @list (letters of either case)? */
bool ws_has_token(const char *list, const char *token);

#endif
