/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The berth command: talks to berthd over its socket and holds no state. The story goes on in run.c.
 */
#include "agent/cli/run.h"

int main(int argc, char **argv)
{
	return cli_run(argc, argv, stdin, stdout, stderr);
}
