/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One berth command line from its words to its exit status. Apart from main so that tests run it on files.
 */
#ifndef AGENT_CLI_RUN_H
#define AGENT_CLI_RUN_H

#include <stdio.h>

/** @argv[0] is the program's name.  Returns: the exit status. */
int cli_run(int argc, char *const *argv, FILE *in, FILE *out, FILE *err);

#endif
