/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links, addresses and routes through one rtnetlink socket: what net.c and route.c are made of. Inside this
 * folder only. Addresses in host byte order; every function returns 0 (or an interface index) or -errno.
 */
#ifndef RUNTIME_NET_LINK_H
#define RUNTIME_NET_LINK_H

#include "runtime/base/own.h"

#include <netlink/socket.h>
#include <stdbool.h>
#include <stdint.h>

void link_socket_free(struct nl_sock *own_sock);
DEFINE_CLEANUP(struct nl_sock, link_socket_free);

/** A socket in the namespace of the caller, or in that of @netns_fd (>= 0), which the caller is in for a moment. */
int link_socket(struct nl_sock **ret);
/**
 * The same inside @netns_fd; @home_fd: the namespace to come back to.  Router advertisements are
 * turned off for the links that will be made there.  A failure to come back ends the process.
 */
int link_socket_in(int netns_fd, int home_fd, struct nl_sock **ret);

/** Index of the link @name. -ENODEV. */
int link_index(struct nl_sock *s, const char *name);
int link_up(struct nl_sock *s, int index);
int link_delete(struct nl_sock *s, int index);
int link_make_bridge(struct nl_sock *s, const char *name);
/** @name here, up; @peer_name in @netns_fd, down (libnl sends no flags for it). -EEXIST. */
int link_make_veth(struct nl_sock *s, const char *name, int netns_fd, const char *peer_name);

int link_add_address(struct nl_sock *s, int index, uint32_t address, unsigned prefix);

struct link_route {
	uint32_t to;
	unsigned prefix; /* 0: the default route */
	uint32_t via;	 /* 0: on the link */
	uint32_t source; /* 0: the kernel's choice */
	int index;
};
int link_add_route(struct nl_sock *s, const struct link_route *route);

/** Calls @fn for each IPv4 route that is no local or broadcast one, until it returns non-zero. */
int link_each_route(
	struct nl_sock *s, int (*fn)(void *data, const struct link_route *route), void *data);
/** Calls @fn for each link until it returns non-zero. */
int link_each(struct nl_sock *s, int (*fn)(void *data, int index, const char *name), void *data);

#endif
