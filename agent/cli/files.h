/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of -f: "-" is standard input, a folder gives its *.yaml, *.yml and *.json in the order of their names.
 */
#ifndef AGENT_CLI_FILES_H
#define AGENT_CLI_FILES_H

#include "agent/cli/cli.h"

enum { FILE_BYTES_MAX = 16 << 20 };

/* Where a document stands. */
struct source {
	const char *name; /* the file, "STDIN" */
	struct sv text;	  /* all of it */
	size_t document;  /* from 0 */
};

/**
 * Reads every document of every file of -f and calls @on_document for it.
 * Returns: EXIT_OK, or EXIT_FAILED when a file could not be read or a call failed (told); the others have been taken
 * all the same.
 */
int files_read(struct cli *c,
	int (*on_document)(
		void *data, struct cli *c, const struct source *source, json_t *document),
	void *data);

/** The bytes of one file, or of standard input ("-"). Returns: EXIT_OK and memory the caller frees, or EXIT_FAILED. */
int file_bytes(struct cli *c, const char *name, char **ret_p, size_t *ret_n);

#endif
