/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table is replaced as a whole in one transaction: there is no instant without it, and nothing in it belongs
 * to a single pod. Ports are told by the beginning of their names, spoofed sources by the reverse path.
 * Source: safety.md R24; nft(8); linux/netfilter/nf_tables.h.
 */
#include "runtime/net/table.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <stdbool.h>
#include <sys/socket.h>

void table_render(const struct table_rules *r, struct str *out)
{
	str_addf(out, "add table inet %s\ndelete table inet %s\ntable inet %s {\n", r->table,
		r->table, r->table);
	/* Loopback stays on the loopback; a pod speaks with its own address only, and no IPv6,
	 * which it has no address for: so no router advertisement of a pod reaches the host. */
	str_addf(out,
		" chain incoming {\n  type filter hook prerouting priority raw; policy accept;\n"
		"  iifname != \"lo\" ip daddr 127.0.0.0/8 drop\n"
		"  iifname \"%s*\" meta nfproto ipv6 drop\n"
		"  iifname \"%s*\" fib saddr . iif oif 0 drop\n }\n",
		r->ports, r->ports);
	/* The gateway device has no ports: what is routed to it is for a pod that is no more. */
	str_addf(out,
		" chain outgoing {\n  type filter hook output priority filter; policy accept;\n"
		"  oifname \"%s\" ip daddr %s reject with icmpx type host-unreachable\n }\n"
		" chain through {\n  type filter hook forward priority filter; policy accept;\n"
		"  oifname \"%s\" ip daddr %s reject with icmpx type host-unreachable\n }\n",
		r->bridge, r->cidr, r->bridge, r->cidr);
	str_addf(out,
		" chain leaving {\n  type nat hook postrouting priority srcnat; policy accept;\n"
		"  ip saddr %s ip daddr != %s oifname != \"lo\" masquerade\n }\n}\n",
		r->cidr, r->cidr);
}

static int run(const char *text, const char *what, const char *table, struct err *e)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!nft)
		return err_set(e, -EIO, "nftables does not work on this host");
	(void)nft_ctx_buffer_error(nft);
	int r = 0;
	if (nft_run_cmd_from_buffer(nft, text) != 0) {
		const char *said = nft_ctx_get_error_buffer(nft);
		struct sv all = sv(said);
		struct sv first = sv_cut(&all, '\n');
		r = err_set(e, -EIO, "%s nftables table inet %s: %.*s", what, table, (int)first.n,
			first.p ? first.p : "");
	}
	nft_ctx_free(nft);
	return r;
}

int table_install(const struct table_rules *rules, struct err *e)
{
	cleanup_str struct str text = {0};
	table_render(rules, &text);
	return run(text.p, "installing", rules->table, e);
}

int table_remove(const char *table, struct err *e)
{
	cleanup_str struct str text = {0};
	str_addf(&text, "add table inet %s\ndelete table inet %s\n", table, table);
	return run(text.p, "removing", table, e);
}

int table_watch(void)
{
	cleanup_close int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	if (fd < 0)
		return -errno;
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int group = NFNLGRP_NFTABLES;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return -errno;
	return take_fd(fd);
}

/* The first attribute of these messages is the table's name, whatever was deleted. */
static bool deletes_from(const struct nlmsghdr *h, const char *table)
{
	static const int types[] = {NFT_MSG_DELTABLE, NFT_MSG_DELCHAIN, NFT_MSG_DELRULE};
	bool deletes = false;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		deletes |= h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | types[i]);
	const size_t head = NLMSG_LENGTH(sizeof(struct nfgenmsg));
	if (!deletes || h->nlmsg_len < head + NLA_HDRLEN)
		return false;
	struct nlattr attr;
	memcpy(&attr, (const char *)h + head, sizeof(attr));
	size_t size = attr.nla_len;
	if (attr.nla_type != NFTA_TABLE_NAME || size < NLA_HDRLEN + 1 || head + size > h->nlmsg_len)
		return false;
	const char *name = (const char *)h + head + NLA_HDRLEN;
	size_t n = strnlen(name, size - NLA_HDRLEN);
	return n == strlen(table) && memcmp(name, table, n) == 0;
}

int table_watch_drain(int fd, const char *table)
{
	_Alignas(struct nlmsghdr) char buf[8192];
	bool hurt = false;
	for (;;) {
		ssize_t got = recv(fd, buf, sizeof(buf), 0);
		if (got < 0 && errno == ENOBUFS) {
			hurt = true; /* news was lost: it may have been ours */
			continue;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return hurt;
		size_t left = (size_t)got;
		for (struct nlmsghdr *h = (struct nlmsghdr *)(void *)buf; NLMSG_OK(h, left);
			h = NLMSG_NEXT(h, left))
			hurt |= deletes_from(h, table);
	}
}
