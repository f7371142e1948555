/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth edit`: an object in an editor, and what was changed in it sent as a patch. A text that the agent refuses is
 * kept in its file, which the message names.
 */
#include "agent/cli/change.h"
#include "agent/cli/files.h"
#include "agent/cli/handlers.h"
#include "agent/spec/yaml.h"
#include "runtime/base/fs.h"
#include "runtime/base/spawn.h"

#include <fcntl.h>
#include <sys/wait.h>

enum { EDITOR_WORDS_MAX = 16 };

static const char *editor(void)
{
	static const char *const names[] = {"KUBE_EDITOR", "VISUAL", "EDITOR"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (getenv(names[i]) && *getenv(names[i]))
			return getenv(names[i]);
	return "vi";
}

/* The program's full path, as a shell would find it; NULL when there is none. */
static char *find_program(const char *name)
{
	const char *path = getenv("PATH");
	struct sv left = sv(path ? path : "/usr/bin:/bin");

	if (strchr(name, '/'))
		return realpath(name, NULL);
	while (left.n) {
		struct sv one = sv_cut(&left, ':');
		cleanup_free char *full = xasprintf("%.*s/%s", (int)one.n, one.p, name);

		if (access(full, X_OK) == 0)
			return take(full);
	}
	return NULL;
}

/* Runs the editor's words (split at blanks: no shell) on @file and waits. */
static int run_editor(struct cli *c, const char *file)
{
	const char *argv[EDITOR_WORDS_MAX + 2];
	cleanup_free char *text = xstrdup(editor()), *program = NULL;
	struct spawn s = {.argv = argv,
		.env = (const char *const *)environ,
		.fds = {{0, 0}, {1, 1}, {2, 2}},
		.n_fds = 3,
		.keep_session = true};
	struct child child;
	struct err e = {0};
	char *rest = text, *one;
	size_t n = 0;
	int status = 0;

	while ((one = strsep(&rest, " \t")) && n < EDITOR_WORDS_MAX)
		if (*one)
			argv[n++] = one;
	if (n == 0)
		return fail(c, "no editor is named by KUBE_EDITOR, VISUAL or EDITOR");
	program = find_program(argv[0]);
	if (!program)
		return fail(
			c, "the editor \"%s\" was not found (set KUBE_EDITOR or EDITOR)", argv[0]);
	argv[0] = program;
	argv[n++] = file;
	argv[n] = NULL;
	(void)fflush(c->out);
	if (spawn(&s, &child, &e) < 0)
		return fail_err(c, &e);
	if (child_wait(&child, -1, &status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return fail(c, "the editor \"%s\" did not end well; nothing was changed", editor());
	return EXIT_OK;
}

static int write_file(struct cli *c, const json_t *object, char *name)
{
	cleanup_str struct str text = {0};
	cleanup_close int fd = mkostemps(name, 5, O_CLOEXEC);
	int r;

	str_add(&text, "# Save and leave the editor to send the changes; leave it unchanged to "
		       "send none.\n");
	yaml_write(&text, object);
	if (fd < 0)
		return fail(c, "making a temporary file: %s", strerror(errno));
	r = fs_write_all(fd, text.p, text.n);
	return r < 0 ? fail(c, "writing %s: %s", name, strerror(-r)) : EXIT_OK;
}

/* Sends what differs between @before and the file. */
static int send_changes(struct cli *c, struct output *o, const struct target *t,
	const json_t *before, const char *name)
{
	cleanup_response struct response response = {0};
	cleanup_json json_t *after = NULL, *patch = NULL;
	cleanup_free char *text = NULL;
	struct err e = {0};
	size_t n = 0;

	if (file_bytes(c, name, &text, &n) != EXIT_OK)
		return EXIT_FAILED;
	if (yaml_parse_one((struct sv){text, n}, &after, &e) < 0 ||
		spec_apply_patch(t->kind, before, after, before, &patch, &e) < 0)
		return fail_err(c, &e);
	if (json_object_size(patch) == 0) {
		(void)fprintf(c->err, "Edit cancelled, no changes made.\n");
		return EXIT_OK;
	}
	if (patch_target(c, t, NULL, "application/strategic-merge-patch+json", patch,
		    "kubectl-edit", &response) != EXIT_OK)
		return EXIT_FAILED;
	output_done_to(c, o, t->kind, response.json, "edited");
	return EXIT_OK;
}

static int edit_one(struct cli *c, struct output *o, const struct target *t)
{
	const char *tmp = getenv("TMPDIR");
	cleanup_free char *name =
		xasprintf("%s/berth-edit-XXXXXX.yaml", tmp && *tmp ? tmp : "/tmp");
	cleanup_response struct response live = {0};
	int status;

	if (get_target(c, t, false, &live) != EXIT_OK)
		return EXIT_FAILED;
	(void)json_object_del(json_map(live.json, "metadata"), "managedFields");
	if (write_file(c, live.json, name) != EXIT_OK)
		return EXIT_FAILED;
	status = run_editor(c, name);
	if (status == EXIT_OK) {
		status = send_changes(c, o, t, live.json, name);
		if (status != EXIT_OK) {
			(void)fprintf(c->err, "Your text is kept in %s\n", name);
			return status;
		}
	}
	(void)unlink(name);
	return status;
}

int cmd_edit(struct cli *c)
{
	cleanup_targets struct targets targets = {0};
	cleanup_output struct output output = {0};
	int status = EXIT_OK;

	if (output_open(c, &output) != EXIT_OK || targets_of_words(c, 0, true, &targets) != EXIT_OK)
		return EXIT_FAILED;
	for (size_t i = 0; i < targets.n; i++)
		status |= edit_one(c, &output, &targets.items[i]);
	return status;
}
