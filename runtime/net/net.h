/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod network: one bridge on the host, one veth pair a pod, one nftables table of berth's own.
 *
 * What is made once stands outside of the pod path (net_open: bridge, forwarding, table); a pod costs a few
 * netlink messages and one set element. The pod's end of the veth is made inside its network namespace, so
 * when the namespace goes, both ends go: nothing here needs to be cleaned up after a crash.
 *
 * Step "prepared" of a pod's life. Source: safety.md R24; rtnetlink(7), nft(8).
 */
#ifndef RUNTIME_NET_NET_H
#define RUNTIME_NET_NET_H

#include "runtime/base/err.h"
#include "runtime/net/pool.h"

#include <stdbool.h>

struct net;

struct net_options {
	const char *bridge; /* name of the bridge, at most 15 bytes: "berth0" */
	const char *table;  /* name of the nftables table (family inet): "berth" */
	const char *cidr;   /* pod addresses, "10.88.0.0/16"; its first address is the bridge's */
};

/**
 * Makes the bridge (or takes the one there is), turns net.ipv4.ip_forward on, and puts the table in place
 * of whatever stood there under its name; no other table, chain or rule is touched.
 * @options: strings are copied.
 * Returns: 0; -EINVAL (not a CIDR, a name too long); -EADDRINUSE when a route of this host covers the
 * CIDR already, with a free one suggested in the message; -errno with the kernel's word.
 */
int net_open(const struct net_options *options, struct net **ret, struct err *e);

/** Closes the sockets. Bridge, table and pods stay as they are. NULL is a no-op. */
void net_close(struct net *own_net);
DEFINE_CLEANUP(struct net, net_close);

/** The addresses of the pods. Owned by the net; rebuilt by the caller from living pods (pool_take). */
struct pool *net_pool(struct net *net);

/** Did net_open() have to turn forwarding on (worth a line in the log)? */
bool net_turned_forwarding_on(const struct net *net);

/**
 * Connects a pod: veth between the bridge and "eth0" in the namespace, address, default route, loopback up, IPv6
 * router advertisements off, and the pair (port, address) put into the anti-spoofing set.
 * @netns_fd: the pod's network namespace, borrowed.  @uid: the pod's; names the host's end.
 * @address: host byte order, out of net_pool(net).
 * Returns: 0 (also when it was connected before), or -errno with a message; then nothing is left behind.
 */
int net_pod_up(struct net *net, int netns_fd, const char *uid, uint32_t address, struct err *e);

/** Only what net_pod_up does inside a namespace with no network at all: loopback up. For tests and checks. */
int net_loopback_up(int netns_fd, struct err *e);

/**
 * Takes the pod's set element away, and its veth when it is still there (normally the kernel removed it with
 * the namespace). Never fails for what is not there.
 */
int net_pod_down(struct net *net, const char *uid, uint32_t address, struct err *e);

/**
 * Removes host ends of veths on the bridge and set elements that belong to none of the @n @uids: after a
 * crash of the agent between two steps.  Returns: how many, or -errno.
 */
int net_sweep(struct net *net, const char *const *uids, size_t n, struct err *e);

/** Removes bridge and table: at uninstall, or at the end of an agent under --root without pods. */
int net_remove_all(struct net *net, struct err *e);

/** Host's end of the pod's veth: "bth" and 12 hex digits of a hash of @uid. @out: 16 bytes. */
void net_port_name(const char *uid, char out[16]);

/**
 * A free /24 for an installation under a --root prefix: out of 10.200.0.0/13, begun at the hash of @seed, first that
 * collides with no route of this host.  @out: 20 bytes, "10.201.7.0/24".  Returns: 0, -ENOSPC, -errno.
 */
int net_free_cidr(const char *seed, char out[20], struct err *e);

#endif
