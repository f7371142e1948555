/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address pool of the pods: which IPv4 addresses of one CIDR are taken. In memory only: after a restart
 * it is filled again from the living pods, so no lease can outlive its pod.
 *
 * Addresses are uint32_t in host byte order. The network's own, the first (the bridge's) and the broadcast address
 * are never given out. An address that came back is given out again as late as possible.
 */
#ifndef RUNTIME_NET_POOL_H
#define RUNTIME_NET_POOL_H

#include "runtime/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct pool;

enum { POOL_TEXT = 16, POOL_PREFIX_MIN = 12, POOL_PREFIX_MAX = 29 };

/**
 * @cidr: "10.88.0.0/16"; the host bits must be zero, the prefix between POOL_PREFIX_MIN and _MAX.
 * Returns: 0, or -EINVAL with a message.
 */
int pool_new(const char *cidr, struct pool **ret, struct err *e);
void pool_free(struct pool *own_pool);
DEFINE_CLEANUP(struct pool, pool_free);

/** Next free address. Returns: 0, or -ENOSPC when all are taken. */
int pool_alloc(struct pool *p, uint32_t *ret);
/** Takes this very address. Returns: 0, -EBUSY (taken), -ERANGE (not one that pods may have). */
int pool_take(struct pool *p, uint32_t address);
/** Gives it back; one that is not taken is a no-op. */
void pool_release(struct pool *p, uint32_t address);

/** The bridge's address, the number of bits of the network, how many are free. */
uint32_t pool_gateway(const struct pool *p);
unsigned pool_prefix(const struct pool *p);
uint32_t pool_network(const struct pool *p);
size_t pool_available(const struct pool *p);

/** "10.88.0.7". @out: POOL_TEXT bytes. Returns: @out. */
char *address_text(uint32_t address, char out[POOL_TEXT]);
/** Returns: 0, or -EINVAL. */
int address_parse(const char *text, uint32_t *ret);
/** "10.88.0.0/16". Host bits must be zero. Returns: 0, or -EINVAL with a message. */
int cidr_parse(const char *text, uint32_t *ret_network, unsigned *ret_prefix, struct err *e);

#endif
