/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One bit an address, and a hand that goes round: the next address given out is the first free one behind
 * the last, so that a peer that still holds a connection to a dead pod does not meet its successor.
 * Step "prepared" of a pod's life.
 */
#include "runtime/net/pool.h"

#include "runtime/base/str.h"

#include <arpa/inet.h>

struct pool {
	uint32_t network;
	unsigned prefix;
	uint32_t size; /* addresses in all, with those never given out */
	uint32_t next;
	size_t available;
	uint64_t *taken;
};

static bool is_taken(const struct pool *p, uint32_t i)
{
	return p->taken[i / 64] >> (i % 64) & 1;
}

static void mark(struct pool *p, uint32_t i)
{
	p->taken[i / 64] |= 1ull << (i % 64);
	p->available--;
}

char *address_text(uint32_t address, char out[POOL_TEXT])
{
	struct in_addr in = {htonl(address)};
	if (!inet_ntop(AF_INET, &in, out, POOL_TEXT))
		out[0] = '\0';
	return out;
}

int address_parse(const char *text, uint32_t *ret)
{
	struct in_addr in;
	if (!text || inet_pton(AF_INET, text, &in) != 1)
		return -EINVAL;
	*ret = ntohl(in.s_addr);
	return 0;
}

int cidr_parse(const char *text, uint32_t *ret_network, unsigned *ret_prefix, struct err *e)
{
	struct sv rest = sv(text);
	struct sv head = sv_cut(&rest, '/');
	cleanup_free char *address = xstrndup(head.p ? head.p : "", head.n);
	uint32_t network, prefix;
	if (address_parse(address, &network) < 0 || parse_u32_max(rest, 32, &prefix) < 0)
		return err_set(e, -EINVAL, "\"%s\" is no network: want one like 10.88.0.0/16",
			text ? text : "");
	uint32_t mask = prefix ? UINT32_MAX << (32 - prefix) : 0;
	if (network & ~mask) {
		char want[POOL_TEXT];
		return err_set(e, -EINVAL,
			"\"%s\" has bits set behind its prefix: did you mean %s/%u?", text,
			address_text(network & mask, want), prefix);
	}
	*ret_network = network;
	*ret_prefix = prefix;
	return 0;
}

int pool_new(const char *cidr, struct pool **ret, struct err *e)
{
	uint32_t network;
	unsigned prefix;
	int r = cidr_parse(cidr, &network, &prefix, e);
	if (r < 0)
		return r;
	if (prefix < POOL_PREFIX_MIN || prefix > POOL_PREFIX_MAX)
		return err_set(e, -EINVAL, "\"%s\": the prefix must be between /%d and /%d", cidr,
			POOL_PREFIX_MIN, POOL_PREFIX_MAX);
	struct pool *p = xcalloc(1, sizeof(*p));
	*p = (struct pool){.network = network, .prefix = prefix, .size = 1u << (32 - prefix)};
	p->taken = xcalloc((p->size + 63) / 64, sizeof(*p->taken));
	p->available = p->size;
	mark(p, 0);
	mark(p, 1);
	mark(p, p->size - 1);
	p->next = 2;
	*ret = p;
	return 0;
}

void pool_free(struct pool *own_pool)
{
	if (!own_pool)
		return;
	free(own_pool->taken);
	free(own_pool);
}

int pool_alloc(struct pool *p, uint32_t *ret)
{
	if (!p->available)
		return -ENOSPC;
	while (is_taken(p, p->next))
		p->next = (p->next + 1) % p->size;
	mark(p, p->next);
	*ret = p->network + p->next;
	p->next = (p->next + 1) % p->size;
	return 0;
}

/* Index of an address that pods may have, or 0. */
static uint32_t index_of(const struct pool *p, uint32_t address)
{
	uint32_t i = address - p->network;
	return address >= p->network && i >= 2 && i < p->size - 1 ? i : 0;
}

int pool_take(struct pool *p, uint32_t address)
{
	uint32_t i = index_of(p, address);
	if (!i)
		return -ERANGE;
	if (is_taken(p, i))
		return -EBUSY;
	mark(p, i);
	return 0;
}

void pool_release(struct pool *p, uint32_t address)
{
	uint32_t i = index_of(p, address);
	if (!i || !is_taken(p, i))
		return;
	p->taken[i / 64] &= ~(1ull << (i % 64));
	p->available++;
}

uint32_t pool_gateway(const struct pool *p)
{
	return p->network + 1;
}

uint32_t pool_network(const struct pool *p)
{
	return p->network;
}

unsigned pool_prefix(const struct pool *p)
{
	return p->prefix;
}

size_t pool_available(const struct pool *p)
{
	return p->available;
}
