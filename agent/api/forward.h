/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running port-forward: between the WebSocket of a client and connections to ports of a pod.
 *
 * The protocol is Kubernetes' own over WebSocket ("v4.channel.k8s.io" at pods/NAME/portforward?ports=80, which the Python
 * and JavaScript clients speak): port number i of the request has channel 2i for its bytes and 2i+1 for what goes wrong
 * with it, as text; the first message on each is the port, two bytes, little end first. One WebSocket is one connection a
 * port. With "v5.channel.k8s.io" each side may say that it will send no more on a channel: channel 255, the channel's
 * number as its one byte, as exec's v5 has it; without, the end of one direction ends the connection.
 */
#ifndef AGENT_API_FORWARD_H
#define AGENT_API_FORWARD_H

#include "agent/api/remote.h"

enum { FORWARD_PORTS_MAX = 8 };

struct forward_options {
	const char *ns, *pod;
	uint16_t ports[FORWARD_PORTS_MAX];
	size_t n_ports;
	int version; /* 4 or 5 */
};

/** Begins to connect. 0, or -errno with a message fit for the client. */
int forward_new(struct api *a, const struct forward_options *o, struct remote **ret, struct err *e);

#endif
