/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod network put together (net.h says how it is built). What the kernel has is the only record: ports are found
 * by their names, addresses by their routes, so a restarted agent needs no file to go on.
 * Step "prepared" of a pod's life. Must hold: the caller's thread is in the host's namespace, before and after.
 */
#include "runtime/net/net.h"

#include "runtime/base/fs.h"
#include "runtime/net/link.h"
#include "runtime/net/table.h"

#include <fcntl.h>
#include <stdint.h>

enum { PREFIX_CHARS = 3, PORT_CHARS = 9, LO_INDEX = 1 };

struct net {
	struct nl_sock *sock;
	struct pool *pool;
	char *bridge, *table, *cidr;
	char ports[NET_NAME_SIZE]; /* what the names of ports begin with */
	int home_fd;		   /* the host's network namespace */
	int watch_fd;
	bool forwarding_turned_on;
};

/* FNV-1a: names only, nobody gains by a collision that makes a start fail. */
static uint64_t hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325ull;
	for (const char *p = text; *p; p++)
		h = (h ^ (uint8_t)*p) * 0x100000001b3ull;
	return h ^ h >> 29;
}

/* @n digits of base 32 and a NUL. */
static void digits(uint64_t value, size_t n, char *out)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	for (size_t i = 0; i < n; i++, value >>= 5)
		out[i] = alphabet[value & 31];
	out[n] = '\0';
}

void net_port_name(const char *bridge, const char *uid, char out[NET_NAME_SIZE])
{
	memcpy(out, "bth", 3);
	digits(hash(bridge), PREFIX_CHARS, out + 3);
	digits(hash(uid), PORT_CHARS, out + 3 + PREFIX_CHARS);
}

/* ---- routes of the host ------------------------------------------------------------------------------- */

struct overlap {
	uint32_t network;
	unsigned prefix;
	int own_index; /* routes of this link do not count */
	const char *ports;
	struct nl_sock *sock;
	struct link_route found;
};

static bool overlaps(uint32_t a, unsigned a_prefix, uint32_t b, unsigned b_prefix)
{
	unsigned shorter = a_prefix < b_prefix ? a_prefix : b_prefix;
	return (a ^ b) >> (32 - shorter) == 0;
}

static int check_route(void *data, const struct link_route *route)
{
	struct overlap *o = data;
	if (!route->prefix || !overlaps(route->to, route->prefix, o->network, o->prefix))
		return 0;
	if (route->index == o->own_index)
		return 0;
	/* A pod's route that outlived the gateway device. */
	if (o->ports && route->prefix == 32 && !route->via)
		return 0;
	o->found = *route;
	return 1;
}

static int find_free(struct nl_sock *sock, const char *seed, char out[NET_CIDR_SIZE])
{
	const uint32_t first = 10u << 24 | 200u << 16, count = 8 * 256;
	uint64_t start = hash(seed);
	for (uint32_t i = 0; i < count; i++) {
		struct overlap o = {.network = first + (uint32_t)((start + i) % count) * 256,
			.prefix = 24,
			.own_index = -1};
		int r = link_each_route(sock, check_route, &o);
		if (r < 0)
			return r;
		if (r == 0) {
			char text[POOL_TEXT];
			(void)snprintf(out, NET_CIDR_SIZE, "%s/24", address_text(o.network, text));
			return 0;
		}
	}
	return -ENOSPC;
}

int net_free_cidr(const char *seed, char out[NET_CIDR_SIZE], struct err *e)
{
	CLEANUP(link_socket_free) struct nl_sock *sock = NULL;
	int r = link_socket(&sock);
	if (r >= 0)
		r = find_free(sock, seed, out);
	if (r < 0)
		return err_errno(e, r, "looking for a free pod network in 10.200.0.0/13");
	return 0;
}

static int check_collision(struct net *net, int own_index, struct err *e)
{
	struct overlap o = {.network = pool_network(net->pool),
		.prefix = pool_prefix(net->pool),
		.own_index = own_index,
		.ports = net->ports};
	int r = link_each_route(net->sock, check_route, &o);
	if (r < 0)
		return err_errno(e, r, "reading the routes of this host");
	if (r == 0)
		return 0;
	char to[POOL_TEXT], want[NET_CIDR_SIZE] = "another network";
	(void)find_free(net->sock, net->bridge, want);
	return err_set(e, -EADDRINUSE,
		"the pod network %s collides with this host's route to %s/%u: "
		"choose another one, for example --pod-cidr=%s",
		net->cidr, address_text(o.found.to, to), o.found.prefix, want);
}

/* ---- set-up ------------------------------------------------------------------------------------------- */

static int turn_forwarding_on(struct net *net, struct err *e)
{
	cleanup_close int fd = open("/proc/sys/net/ipv4/ip_forward", O_RDWR | O_CLOEXEC);
	char now = '0';
	if (fd >= 0 && read(fd, &now, 1) == 1 && now == '1')
		return 0;
	if (fd < 0 || pwrite(fd, "1\n", 2, 0) != 2)
		return err_errno(e, -errno, "turning net.ipv4.ip_forward on");
	net->forwarding_turned_on = true;
	return 0;
}

static int set_up_gateway(struct net *net, struct err *e)
{
	int index = link_index(net->sock, net->bridge);
	int r = check_collision(net, index, e);
	if (r < 0)
		return r;
	if (index == -ENODEV) {
		r = link_make_bridge(net->sock, net->bridge);
		index = r < 0 ? r : link_index(net->sock, net->bridge);
	}
	if (index < 0)
		return err_errno(e, index, "making the gateway device %s", net->bridge);
	r = link_add_address(net->sock, index, pool_gateway(net->pool), pool_prefix(net->pool));
	if (r < 0 && r != -EEXIST)
		return err_errno(e, r, "giving %s its address", net->bridge);
	r = link_up(net->sock, index);
	return r < 0 ? err_errno(e, r, "turning %s up", net->bridge) : 0;
}

static int install(struct net *net, struct err *e)
{
	struct table_rules rules = {
		.table = net->table,
		.bridge = net->bridge,
		.ports = net->ports,
		.cidr = net->cidr,
	};
	int r = table_install(&rules, e);
	/* Our own transaction deleted the old table: that is no news. */
	(void)table_watch_drain(net->watch_fd, net->table);
	return r;
}

static int set_up(struct net *net, struct err *e)
{
	net->home_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (net->home_fd < 0)
		return err_errno(e, -errno, "opening the host's network namespace");
	int r = link_socket(&net->sock);
	if (r < 0)
		return err_errno(e, r, "opening a netlink socket");
	r = set_up_gateway(net, e);
	if (r < 0)
		return r;
	r = turn_forwarding_on(net, e);
	if (r < 0)
		return r;
	net->watch_fd = table_watch();
	if (net->watch_fd < 0)
		return err_errno(e, net->watch_fd, "watching nftables");
	return install(net, e);
}

static bool name_ok(const char *name)
{
	size_t n = name ? strlen(name) : 0;
	return n > 0 && n < NET_NAME_SIZE &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

int net_open(const struct net_options *options, struct net **ret, struct err *e)
{
	if (!name_ok(options->bridge) || !options->table || strchr(options->table, ' '))
		return err_set(e, -EINVAL,
			"\"%s\" is no name for a network device: want 1 to 15 of a-z, 0-9, - and _",
			options->bridge ? options->bridge : "");
	CLEANUP(net_close) struct net *net = xcalloc(1, sizeof(*net));
	net->home_fd = net->watch_fd = -EBADF;
	net->bridge = xstrdup(options->bridge);
	net->table = xstrdup(options->table);
	net->cidr = xstrdup(options->cidr);
	net_port_name(net->bridge, "", net->ports);
	net->ports[3 + PREFIX_CHARS] = '\0';
	int r = pool_new(net->cidr, &net->pool, e);
	if (r < 0)
		return r;
	r = set_up(net, e);
	if (r < 0)
		return err_wrap(e, r, "pod network");
	*ret = take(net);
	return 0;
}

void net_close(struct net *own_net)
{
	if (!own_net)
		return;
	link_socket_free(own_net->sock);
	pool_free(own_net->pool);
	free(own_net->bridge);
	free(own_net->table);
	free(own_net->cidr);
	if (own_net->home_fd >= 0)
		(void)close(own_net->home_fd);
	if (own_net->watch_fd >= 0)
		(void)close(own_net->watch_fd);
	free(own_net);
}

struct pool *net_pool(struct net *net)
{
	return net->pool;
}

bool net_turned_forwarding_on(const struct net *net)
{
	return net->forwarding_turned_on;
}

int net_watch_fd(const struct net *net)
{
	return net->watch_fd;
}

int net_watch_step(struct net *net, struct err *e)
{
	if (!table_watch_drain(net->watch_fd, net->table))
		return 0;
	int r = install(net, e);
	return r < 0 ? r : 1;
}

/* ---- pods --------------------------------------------------------------------------------------------- */

/* The pod's side: loopback, eth0 with its address, everything by way of the gateway. */
static int connect_inside(struct net *net, struct nl_sock *inside, uint32_t address)
{
	int r = link_up(inside, LO_INDEX);
	int index = r < 0 ? r : link_index(inside, "eth0");
	if (index < 0)
		return index;
	r = link_up(inside, index);
	if (r < 0)
		return r;
	r = link_add_address(inside, index, address, 32);
	if (r < 0 && r != -EEXIST)
		return r;
	uint32_t gateway = pool_gateway(net->pool);
	const struct link_route routes[] = {
		{.to = gateway, .prefix = 32, .index = index},
		{.to = 0, .prefix = 0, .via = gateway, .index = index},
	};
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		r = link_add_route(inside, &routes[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int connect_outside(struct net *net, const char *port, uint32_t address)
{
	int index = link_index(net->sock, port);
	if (index < 0)
		return index;
	return link_add_route(net->sock, &(struct link_route){
						 .to = address,
						 .prefix = 32,
						 .source = pool_gateway(net->pool),
						 .index = index,
					 });
}

int net_pod_up(struct net *net, int netns_fd, const char *uid, uint32_t address, struct err *e)
{
	char port[NET_NAME_SIZE], text[POOL_TEXT];
	net_port_name(net->bridge, uid, port);
	CLEANUP(link_socket_free) struct nl_sock *inside = NULL;
	int r = link_socket_in(netns_fd, net->home_fd, &inside);
	if (r < 0)
		return err_errno(e, r, "entering the pod's network namespace");
	r = link_make_veth(net->sock, port, netns_fd, "eth0");
	if (r < 0 && r != -EEXIST)
		return err_errno(e, r, "making the link %s", port);
	r = connect_inside(net, inside, address);
	if (r >= 0)
		r = connect_outside(net, port, address);
	if (r < 0) {
		net_pod_down(net, uid);
		return err_errno(
			e, r, "connecting %s through %s", address_text(address, text), port);
	}
	return 0;
}

int net_loopback_up(int netns_fd, struct err *e)
{
	cleanup_close int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	CLEANUP(link_socket_free) struct nl_sock *inside = NULL;
	int r = home < 0 ? -errno : link_socket_in(netns_fd, home, &inside);
	if (r >= 0)
		r = link_up(inside, LO_INDEX);
	return r < 0 ? err_errno(e, r, "turning the loopback up") : 0;
}

struct route_of_link {
	int index;
	uint32_t address;
};

static int find_route(void *data, const struct link_route *route)
{
	struct route_of_link *want = data;
	if (route->index != want->index || route->prefix != 32)
		return 0;
	want->address = route->to;
	return 1;
}

int net_pod_adopt(struct net *net, const char *uid, uint32_t *ret_address)
{
	char port[NET_NAME_SIZE];
	net_port_name(net->bridge, uid, port);
	struct route_of_link want = {.index = link_index(net->sock, port)};
	if (want.index < 0)
		return want.index == -ENODEV ? -ENOENT : want.index;
	int r = link_each_route(net->sock, find_route, &want);
	if (r < 0)
		return r;
	if (r == 0 || pool_take(net->pool, want.address) == -ERANGE)
		return -ENOENT;
	*ret_address = want.address;
	return 0;
}

void net_pod_down(struct net *net, const char *uid)
{
	char port[NET_NAME_SIZE];
	net_port_name(net->bridge, uid, port);
	int index = link_index(net->sock, port);
	if (index > 0)
		(void)link_delete(net->sock, index);
}

struct sweep {
	const struct net *net;
	const char *const *uids;
	size_t n;
	int *stale;
	size_t n_stale, cap;
};

static int sweep_link(void *data, int index, const char *name)
{
	struct sweep *s = data;
	if (!name || strncmp(name, s->net->ports, strlen(s->net->ports)) != 0)
		return 0;
	for (size_t i = 0; i < s->n; i++) {
		char port[NET_NAME_SIZE];
		net_port_name(s->net->bridge, s->uids[i], port);
		if (streq(port, name))
			return 0;
	}
	GROW(s->stale, s->n_stale + 1, s->cap);
	s->stale[s->n_stale++] = index;
	return 0;
}

int net_sweep(struct net *net, const char *const *uids, size_t n, struct err *e)
{
	struct sweep s = {.net = net, .uids = uids, .n = n};
	int r = link_each(net->sock, sweep_link, &s);
	for (size_t i = 0; r >= 0 && i < s.n_stale; i++)
		r = link_delete(net->sock, s.stale[i]);
	free(s.stale);
	if (r < 0)
		return err_errno(e, r, "removing links of pods that are no more");
	return (int)s.n_stale;
}

int net_remove_all(struct net *net, struct err *e)
{
	int index = link_index(net->sock, net->bridge);
	if (index > 0) {
		int r = link_delete(net->sock, index);
		if (r < 0)
			return err_errno(e, r, "removing %s", net->bridge);
	}
	return table_remove(net->table, e);
}
