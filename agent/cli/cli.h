/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of the berth command: what its handlers share. A handler returns the exit status; whatever goes wrong is
 * told where it happens, with the functions below, so that a command over many objects goes on to the next.
 */
#ifndef AGENT_CLI_CLI_H
#define AGENT_CLI_CLI_H

#include "agent/cli/client.h"
#include "agent/cli/command.h"
#include "runtime/base/clock.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1 };

struct cli {
	const struct command *command;
	const char *path; /* "berth create secret" */
	struct flag_values flags;
	struct client *client;
	const struct clock *clock;
	char *socket_path;
	FILE *out, *err; /* standard output and error; files of their own in tests */
	FILE *in;
	bool color;	  /* standard output is a terminal that wants colours */
	bool err_color;	  /* the same of standard error */
	bool err_is_tty;  /* standard error is a terminal: progress may be shown there */
	struct map *said; /* warnings already told */
	/* The manifest of the object at work, so that problems are told with their lines; else empty. */
	struct sv manifest;
	size_t manifest_document;
};

/** `error: …` on standard error. Returns: EXIT_FAILED. */
int fail(struct cli *c, const char *format, ...) PRINTF_LIKE(2, 3);
/** The same of an error. */
int fail_err(struct cli *c, const struct err *e);
/** `error: …` and where the usage stands. Returns: EXIT_FAILED. */
int fail_usage(struct cli *c, const char *format, ...) PRINTF_LIKE(2, 3);
/**
 * A refusal by the server, as kubectl prints it: `Error from server (NotFound): pods "x" not found`; an Invalid
 * one with each cause on its own line.
 * @doing: what stands before the message (`error when creating "f.yaml"`), or NULL.  Returns: EXIT_FAILED.
 */
int fail_response(struct cli *c, const struct response *r, const char *doing);
/** `Warning: …` on standard error, each text once. @data is the cli (it is the client's callback, too). */
void warn(void *data, const char *text);

/**
 * One request. Connecting errors and answers of 400 and more are told.
 * @doing: as in fail_response.  Returns: EXIT_OK and the answer, or EXIT_FAILED. @ret is released by the caller
 * in any case.
 */
int call(struct cli *c, const struct request *q, struct response *ret, const char *doing);
/** The same, but an answer of @expected (404) is not told: EXIT_OK, and the caller looks at ret->code. */
int call_expecting(struct cli *c, const struct request *q, long expected, struct response *ret,
	const char *doing);
/** GET of @path. */
int get(struct cli *c, const char *path, struct response *ret);

/** -n, or "default". */
const char *namespace_of(const struct cli *c);
/** Words before "--". */
size_t word_count(const struct cli *c);
const char *word(const struct cli *c, size_t i);

#endif
