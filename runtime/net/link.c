/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink by libnl: each function is one request and its answer. A socket belongs to the namespace in
 * which it was opened, so what happens inside a pod is done from outside, by a socket opened there.
 * Source: rtnetlink(7), veth(4), network_namespaces(7).
 */
#include "runtime/net/link.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/errno.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <sched.h>

DEFINE_CLEANUP(struct rtnl_link, rtnl_link_put);
DEFINE_CLEANUP(struct rtnl_addr, rtnl_addr_put);
DEFINE_CLEANUP(struct rtnl_route, rtnl_route_put);
DEFINE_CLEANUP(struct nl_addr, nl_addr_put);
DEFINE_CLEANUP(struct nl_cache, nl_cache_free);

/* libnl's errors as -errno. */
static int from_nl(int r)
{
	static const struct {
		int nl, code;
	} codes[] = {
		{NLE_EXIST, -EEXIST},
		{NLE_OBJ_NOTFOUND, -ENODEV},
		{NLE_NODEV, -ENODEV},
		{NLE_PERM, -EPERM},
		{NLE_NOACCESS, -EACCES},
		{NLE_INVAL, -EINVAL},
		{NLE_BUSY, -EBUSY},
		{NLE_NOMEM, -ENOMEM},
		{NLE_OPNOTSUPP, -EOPNOTSUPP},
		{NLE_RANGE, -ERANGE},
		{NLE_AGAIN, -EAGAIN},
		{NLE_NOADDR, -EADDRNOTAVAIL},
	};
	if (r >= 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i].nl == -r)
			return codes[i].code;
	return -EIO;
}

void link_socket_free(struct nl_sock *own_sock)
{
	if (own_sock)
		nl_socket_free(own_sock);
}

int link_socket(struct nl_sock **ret)
{
	CLEANUP(link_socket_free) struct nl_sock *s = nl_socket_alloc();
	if (!s)
		return -ENOMEM;
	int r = from_nl(nl_connect(s, NETLINK_ROUTE));
	if (r < 0)
		return r;
	*ret = take(s);
	return 0;
}

static void refuse_advertisements(void)
{
	/* The default is copied to each link that is made later. No IPv6: no file, nothing to do. */
	cleanup_close int fd =
		open("/proc/sys/net/ipv6/conf/default/accept_ra", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, "0\n", 2);
}

int link_socket_in(int netns_fd, int home_fd, struct nl_sock **ret)
{
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return -errno;
	refuse_advertisements();
	int r = link_socket(ret);
	/* Going on in a pod's namespace would be worse than any restart. */
	if (setns(home_fd, CLONE_NEWNET) < 0)
		abort();
	return r;
}

int link_index(struct nl_sock *s, const char *name)
{
	CLEANUP(rtnl_link_put) struct rtnl_link *link = NULL;
	int r = from_nl(rtnl_link_get_kernel(s, 0, name, &link));
	return r < 0 ? r : rtnl_link_get_ifindex(link);
}

int link_up(struct nl_sock *s, int index)
{
	CLEANUP(rtnl_link_put) struct rtnl_link *link = rtnl_link_alloc();
	CLEANUP(rtnl_link_put) struct rtnl_link *change = rtnl_link_alloc();
	rtnl_link_set_ifindex(link, index);
	rtnl_link_set_flags(change, IFF_UP);
	return from_nl(rtnl_link_change(s, link, change, 0));
}

int link_delete(struct nl_sock *s, int index)
{
	CLEANUP(rtnl_link_put) struct rtnl_link *link = rtnl_link_alloc();
	rtnl_link_set_ifindex(link, index);
	return from_nl(rtnl_link_delete(s, link));
}

int link_make_bridge(struct nl_sock *s, const char *name)
{
	CLEANUP(rtnl_link_put) struct rtnl_link *link = rtnl_link_alloc();
	rtnl_link_set_name(link, name);
	rtnl_link_set_flags(link, IFF_UP);
	int r = from_nl(rtnl_link_set_type(link, "bridge"));
	return r < 0 ? r : from_nl(rtnl_link_add(s, link, NLM_F_CREATE | NLM_F_EXCL));
}

int link_make_veth(struct nl_sock *s, const char *name, int netns_fd, const char *peer_name)
{
	CLEANUP(rtnl_link_put) struct rtnl_link *link = rtnl_link_veth_alloc();
	if (!link)
		return -ENOMEM;
	CLEANUP(rtnl_link_put) struct rtnl_link *peer = rtnl_link_veth_get_peer(link);
	rtnl_link_set_name(link, name);
	rtnl_link_set_flags(link, IFF_UP);
	rtnl_link_set_name(peer, peer_name);
	rtnl_link_set_ns_fd(peer, netns_fd);
	return from_nl(rtnl_link_add(s, link, NLM_F_CREATE | NLM_F_EXCL));
}

static struct nl_addr *address_of(uint32_t address, unsigned prefix)
{
	uint32_t bytes = htobe32(address);
	struct nl_addr *a = nl_addr_build(AF_INET, &bytes, sizeof(bytes));
	if (!a)
		abort();
	nl_addr_set_prefixlen(a, (int)prefix);
	return a;
}

static uint32_t address_in(struct nl_addr *a)
{
	uint32_t bytes = 0;
	if (a && nl_addr_get_len(a) == sizeof(bytes))
		memcpy(&bytes, nl_addr_get_binary_addr(a), sizeof(bytes));
	return be32toh(bytes);
}

int link_add_address(struct nl_sock *s, int index, uint32_t address, unsigned prefix)
{
	CLEANUP(rtnl_addr_put) struct rtnl_addr *addr = rtnl_addr_alloc();
	CLEANUP(nl_addr_put) struct nl_addr *local = address_of(address, prefix);
	rtnl_addr_set_ifindex(addr, index);
	int r = from_nl(rtnl_addr_set_local(addr, local));
	return r < 0 ? r : from_nl(rtnl_addr_add(s, addr, 0));
}

int link_add_route(struct nl_sock *s, const struct link_route *route)
{
	CLEANUP(rtnl_route_put) struct rtnl_route *rt = rtnl_route_alloc();
	CLEANUP(nl_addr_put) struct nl_addr *to = address_of(route->to, route->prefix);
	CLEANUP(nl_addr_put) struct nl_addr *via = NULL;
	CLEANUP(nl_addr_put) struct nl_addr *source = NULL;
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	if (!rt || !hop)
		abort();
	rtnl_route_nh_set_ifindex(hop, route->index);
	if (route->via) {
		via = address_of(route->via, 32);
		rtnl_route_nh_set_gateway(hop, via);
	}
	rtnl_route_add_nexthop(rt, hop);
	rtnl_route_set_family(rt, AF_INET);
	rtnl_route_set_table(rt, RT_TABLE_MAIN);
	rtnl_route_set_protocol(rt, RTPROT_STATIC);
	rtnl_route_set_scope(rt, route->via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
	rtnl_route_set_dst(rt, to);
	if (route->source) {
		source = address_of(route->source, 32);
		rtnl_route_set_pref_src(rt, source);
	}
	return from_nl(rtnl_route_add(s, rt, NLM_F_CREATE | NLM_F_REPLACE));
}

int link_each_route(
	struct nl_sock *s, int (*fn)(void *data, const struct link_route *route), void *data)
{
	CLEANUP(nl_cache_free) struct nl_cache *cache = NULL;
	int r = from_nl(rtnl_route_alloc_cache(s, AF_INET, 0, &cache));
	if (r < 0)
		return r;
	for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o)) {
		struct rtnl_route *rt = (struct rtnl_route *)o;
		if (rtnl_route_get_table(rt) == RT_TABLE_LOCAL || !rtnl_route_get_dst(rt))
			continue;
		struct rtnl_nexthop *hop =
			rtnl_route_get_nnexthops(rt) > 0 ? rtnl_route_nexthop_n(rt, 0) : NULL;
		struct link_route route = {
			.to = address_in(rtnl_route_get_dst(rt)),
			.prefix = nl_addr_get_prefixlen(rtnl_route_get_dst(rt)),
			.via = hop ? address_in(rtnl_route_nh_get_gateway(hop)) : 0,
			.index = hop ? rtnl_route_nh_get_ifindex(hop) : 0,
		};
		r = fn(data, &route);
		if (r)
			return r;
	}
	return 0;
}

int link_each(struct nl_sock *s, int (*fn)(void *data, int index, const char *name), void *data)
{
	CLEANUP(nl_cache_free) struct nl_cache *cache = NULL;
	int r = from_nl(rtnl_link_alloc_cache(s, AF_UNSPEC, &cache));
	if (r < 0)
		return r;
	for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o)) {
		struct rtnl_link *link = (struct rtnl_link *)o;
		r = fn(data, rtnl_link_get_ifindex(link), rtnl_link_get_name(link));
		if (r)
			return r;
	}
	return 0;
}
