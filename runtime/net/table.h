/* SPDX-License-Identifier: Apache-2.0 */
/*
 * berth's nftables table: static rules that hold for every pod there is and will be. Inside this folder only.
 */
#ifndef RUNTIME_NET_TABLE_H
#define RUNTIME_NET_TABLE_H

#include "runtime/base/err.h"
#include "runtime/base/str.h"

struct table_rules {
	const char *table; /* its name, family inet */
	const char *bridge;
	const char *ports; /* what the names of ports begin with */
	const char *cidr;
};

/** The rules as one nft transaction that replaces what stood there. Pure. */
void table_render(const struct table_rules *rules, struct str *out);
/** Renders and runs it. Returns: 0, or -EIO with nft's message. */
int table_install(const struct table_rules *rules, struct err *e);
/** Removes it; one that is not there is fine. */
int table_remove(const char *table, struct err *e);

/** A socket that tells of changes of any table (NFNLGRP_NFTABLES). Returns: fd, or -errno. */
int table_watch(void);
/** Takes all news off it. Returns: 1 when something of @table was deleted (or news was lost), else 0. */
int table_watch_drain(int fd, const char *table);

#endif
