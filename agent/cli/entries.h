/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of a secret or config map from the command line: --from-literal, --from-file, --from-env-file.
 */
#ifndef AGENT_CLI_ENTRIES_H
#define AGENT_CLI_ENTRIES_H

#include "agent/cli/cli.h"

struct entry {
	char *key;
	char *bytes;
	size_t n;
};

struct entries {
	struct entry *items;
	size_t n, cap;
};
void entries_done(struct entries *e);
#define cleanup_entries __attribute__((cleanup(entries_done)))

/** Reads all three flags. Returns: EXIT_OK, or EXIT_FAILED (told): a bad key, a key twice, a file that is not there. */
int entries_read(struct cli *c, struct entries *ret);
/** Adds one entry: takes @own_bytes over also when it fails. */
int entries_add(struct cli *c, struct entries *e, struct sv key, char *own_bytes, size_t n);

/** The map `data` of a secret: base64. A new reference. */
json_t *entries_base64(const struct entries *e);

#endif
