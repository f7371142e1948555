/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place where uthash's macros stand. The hash is keyed with random bytes of the kernel, for
 * its own has a fixed seed and keys come from API users.
 */
#include "runtime/base/map.h"

#include <stdint.h>
#include <sys/random.h>

static uint64_t hash_key;

static unsigned keyed_hash(const char *key, size_t n)
{
	uint64_t h;

	if (!hash_key &&
		getrandom(&hash_key, sizeof hash_key, GRND_NONBLOCK) < (ssize_t)sizeof hash_key)
		hash_key = (uintptr_t)&hash_key | 1;
	/* FNV-1a, started from the secret and mixed at the end (splitmix64). */
	h = 14695981039346656037ull ^ hash_key;
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)key[i]) * 1099511628211ull;
	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9ull;
	h = (h ^ h >> 27) * 0x94d049bb133111ebull;
	return (unsigned)(h ^ h >> 31);
}

#define HASH_FUNCTION(keyptr, keylen, hashv)                                                       \
	((hashv) = keyed_hash((const char *)(keyptr), (keylen)))
#define HASH_NONFATAL_OOM 0
#define uthash_fatal(msg) abort()
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <uthash.h>

struct map_item {
	UT_hash_handle hh;
	void *value;
	char key[];
};

static struct map_item *find(const struct map *m, const char *key)
{
	struct map_item *item = NULL;

	HASH_FIND_STR(m->items, key, item);
	return item;
}

void *map_get(const struct map *m, const char *key)
{
	struct map_item *item = find(m, key);

	return item ? item->value : NULL;
}

void *map_put(struct map *m, const char *key, void *value)
{
	struct map_item *item = find(m, key);
	void *before;

	if (!item) {
		size_t n = strlen(key) + 1;

		item = xcalloc(1, sizeof *item + n);
		memcpy(item->key, key, n);
		item->value = value;
		HASH_ADD_STR(m->items, key, item);
		return NULL;
	}
	before = item->value;
	item->value = value;
	return before;
}

void *map_remove(struct map *m, const char *key)
{
	struct map_item *item = find(m, key);
	void *value;

	if (!item)
		return NULL;
	value = item->value;
	HASH_DEL(m->items, item);
	free(item);
	return value;
}

size_t map_count(const struct map *m)
{
	return HASH_COUNT(m->items);
}

void map_done(struct map *m)
{
	struct map_item *item, *next;

	HASH_ITER (hh, m->items, item, next) {
		HASH_DEL(m->items, item);
		free(item);
	}
}

struct map_item *map_first(const struct map *m)
{
	return m->items;
}

struct map_item *map_next(const struct map_item *item)
{
	return item->hh.next;
}

const char *map_key(const struct map_item *item)
{
	return item->key;
}

void *map_value(const struct map_item *item)
{
	return item->value;
}
