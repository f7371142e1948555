/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Map from string to pointer, with a keyed hash (keys come from API users). Values are borrowed:
 * the map never frees them. Each owner wraps its map in typed functions (pods_find, pods_add …).
 */
#ifndef RUNTIME_BASE_MAP_H
#define RUNTIME_BASE_MAP_H

#include "runtime/base/own.h"

struct map_item;
/* {0} is an empty map. */
struct map {
	struct map_item *items;
};

/** The value at @key, or NULL. */
void *map_get(const struct map *m, const char *key);
/** Sets @key (copied) to @value (not NULL). Returns: the value that stood there before, or NULL. */
void *map_put(struct map *m, const char *key, void *value);
/** Takes @key out. Returns: its value, which the caller owns again, or NULL. */
void *map_remove(struct map *m, const char *key);
size_t map_count(const struct map *m);
/** Releases the map itself; values must have been taken out or be owned elsewhere. */
void map_done(struct map *m);

/**
 * Iterates in insertion order; the current item may be removed on the way.
 *	for (struct map_item *i = map_first(&m), *next; i; i = next) {
 *		next = map_next(i);
 *		use(map_key(i), map_value(i));
 *	}
 */
struct map_item *map_first(const struct map *m);
struct map_item *map_next(const struct map_item *item);
const char *map_key(const struct map_item *item);
void *map_value(const struct map_item *item);

#endif
