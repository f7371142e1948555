/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The berth command run in this process on files, and whole conversations of it with a fake agent.
 */
#ifndef TESTS_UNIT_AGENT_CLI_SCENE_H
#define TESTS_UNIT_AGENT_CLI_SCENE_H

#include "tests/unit/agent/cli/fake_agent.h"

#include "agent/cli/run.h"

/* What one run of the command said. */
struct said {
	int status;
	char *out, *err;
};

static inline __attribute__((unused)) void said_done(struct said *s)
{
	free(s->out);
	free(s->err);
}
#define cleanup_said __attribute__((cleanup(said_done)))

enum { WORDS_OF_LINE_MAX = 32, OUTPUT_MAX = 1 << 20 };

/* What was written to a file, which is closed. */
static char *said_text(FILE *own_file)
{
	char *text = NULL;

	(void)fflush(own_file);
	(void)lseek(fileno(own_file), 0, SEEK_SET);
	assert_int_equal(fs_read_fd(fileno(own_file), OUTPUT_MAX, &text, NULL), 0);
	(void)fclose(own_file);
	return text;
}

/* Runs `berth LINE` with @input as its standard input; the words of @line are parted by blanks ('…' keeps them). */
static inline __attribute__((unused)) struct said berth_input(
	const char *socket, const char *line, const char *input)
{
	char *argv[WORDS_OF_LINE_MAX] = {xstrdup("berth"), xasprintf("--socket=%s", socket)};
	FILE *in = tmpfile(), *out, *err;
	struct said s = {0};
	int n = 2;

	assert_non_null(in);
	(void)fwrite(input, 1, strlen(input), in);
	(void)fflush(in);
	(void)lseek(fileno(in), 0, SEEK_SET);
	while (*line && n < WORDS_OF_LINE_MAX - 1) {
		cleanup_str struct str word = {0};

		str_addn(&word, "", 0);
		for (; *line && *line != ' '; line++) {
			if (*line == '\'') {
				const char *end = strchr(line + 1, '\'');

				str_addn(&word, line + 1, (size_t)(end - line - 1));
				line = end;
			} else {
				str_addn(&word, line, 1);
			}
		}
		argv[n++] = str_take(&word);
		line += *line == ' ';
	}
	out = tmpfile();
	err = tmpfile();
	assert_non_null(out);
	assert_non_null(err);
	s.status = cli_run(n, argv, in, out, err);
	s.out = said_text(out);
	s.err = said_text(err);
	(void)fclose(in);
	while (n)
		free(argv[--n]);
	return s;
}

static inline __attribute__((unused)) struct said berth(const char *socket, const char *line)
{
	return berth_input(socket, line, "");
}

/* One conversation: a script, a command line, what it must say. */
struct scene {
	const char *name, *line, *input;
	int status;
	const char *out, *err; /* the whole text; NULL: not looked at */
	struct answer script[12];
};

static inline __attribute__((unused)) void play(const struct scene *scene)
{
	struct fake_agent a;
	cleanup_said struct said s = {0};

	fake_open(&a, scene->script);
	s = berth_input(a.socket, scene->line, scene->input ? scene->input : "");
	if (s.status != scene->status)
		fail_msg("%s: status %d\nout: %s\nerr: %s", scene->name, s.status, s.out, s.err);
	if (scene->out && strcmp(s.out, scene->out) != 0)
		fail_msg("%s: standard output is\n%s\nnot\n%s\nerr: %s", scene->name, s.out,
			scene->out, s.err);
	if (scene->err && strcmp(s.err, scene->err) != 0)
		fail_msg("%s: standard error is\n%s\nnot\n%s", scene->name, s.err, scene->err);
	fake_close(&a);
}

#endif
