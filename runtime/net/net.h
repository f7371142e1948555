/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod network: each pod has a veth pair of its own, and the host routes between them.
 *
 * A pod's end ("eth0") has a /32 address and one route, to the gateway; the host's end has a route to that
 * address. Pods therefore share no segment: ARP, MAC addresses and router advertisements of one never reach
 * another, and a packet whose source is not the pod's own is dropped by one reverse-path rule for all ports. What
 * is made once stands outside of the pod path (net_open: gateway device, forwarding, nftables table); a pod costs a
 * few netlink messages and no rule. The pod's end is made inside its namespace, so when the namespace
 * goes, both ends and the route go: nothing needs to be cleaned up after a crash.
 *
 * Step "prepared" of a pod's life. Source: safety.md R24; rtnetlink(7), nft(8).
 */
#ifndef RUNTIME_NET_NET_H
#define RUNTIME_NET_NET_H

#include "runtime/base/err.h"
#include "runtime/net/pool.h"

#include <stdbool.h>

struct net;

enum { NET_NAME_SIZE = 16, NET_CIDR_SIZE = 20 };

struct net_options {
	/* Gateway device, at most 15 bytes: "berth0". A bridge without ports: it holds the gateway's
	 * address and the route that keeps traffic for dead pods on this host. */
	const char *bridge;
	const char *table; /* name of the nftables table (family inet): "berth" */
	const char *cidr;  /* pod addresses, "10.88.0.0/16"; its first address is the gateway's */
};

/**
 * Makes the gateway device (or takes the one there is), turns net.ipv4.ip_forward on, and puts the table in
 * place of whatever stood there under its name; no other table, chain or rule is touched.
 * @options: strings are copied.
 * Returns: 0; -EINVAL (not a CIDR, a name too long); -EADDRINUSE when a route of this host covers the
 * CIDR already, with a free one suggested in the message; -errno with the kernel's word.
 */
int net_open(const struct net_options *options, struct net **ret, struct err *e);

/** Closes the sockets. Device, table and pods stay as they are. NULL is a no-op. */
void net_close(struct net *own_net);
DEFINE_CLEANUP(struct net, net_close);

/** The addresses of the pods. Owned by the net; filled again from living pods by net_pod_adopt. */
struct pool *net_pool(struct net *net);

/** Did net_open() have to turn forwarding on (worth a line in the log)? */
bool net_turned_forwarding_on(const struct net *net);

/**
 * Connects a pod: veth, address, routes, loopback up, IPv6 router advertisements off.
 * @netns_fd: the pod's network namespace, borrowed.  @uid: the pod's; names the host's end.
 * @address: host byte order, out of net_pool(net).
 * Returns: 0 (also when it was connected before), or -errno with a message; then no link is left behind.
 */
int net_pod_up(struct net *net, int netns_fd, const char *uid, uint32_t address, struct err *e);

/**
 * The address that the pod has, by its port and route in the kernel; taken out of the pool.
 * Returns: 0, or -ENOENT when it is not connected.
 */
int net_pod_adopt(struct net *net, const char *uid, uint32_t *ret_address);

/** Removes the pod's port when it is still there (normally the kernel did, with the namespace). */
void net_pod_down(struct net *net, const char *uid);

/** Only what net_pod_up does without a network: loopback up. */
int net_loopback_up(int netns_fd, struct err *e);

/**
 * Removes ports of this installation that belong to none of the @n @uids: left by a crash between two steps.
 * Returns: how many, or -errno.
 */
int net_sweep(struct net *net, const char *const *uids, size_t n, struct err *e);

/** Readable when some nftables rule of this host has changed: call net_watch_step. Borrowed. */
int net_watch_fd(const struct net *net);
/**
 * Looks at what changed, and puts the table back when it was hurt (a foreign `flush ruleset`).
 * Returns: 1 when it was put back, 0, or -errno.
 */
int net_watch_step(struct net *net, struct err *e);

/** Removes device and table: at uninstall, or at the end of an agent under --root without pods. */
int net_remove_all(struct net *net, struct err *e);

/** Host's end of the pod's veth, under a gateway device: "bth", 3 and 9 characters of hashes of the two. */
void net_port_name(const char *bridge, const char *uid, char out[NET_NAME_SIZE]);

/**
 * A free /24 for an installation under a --root prefix: out of 10.200.0.0/13, begun at the hash of @seed, the first
 * that collides with no route of this host.  Returns: 0, -ENOSPC, -errno.
 */
int net_free_cidr(const char *seed, char out[NET_CIDR_SIZE], struct err *e);

#endif
