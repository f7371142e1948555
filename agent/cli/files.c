/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads manifests: YAML, JSON or KYAML, many documents to a file. A document that cannot be read is told with its
 * line and column; the other files go on.
 */
#include "agent/cli/files.h"

#include "agent/spec/yaml.h"
#include "runtime/base/fs.h"

#include <dirent.h>
#include <fcntl.h>

struct reading {
	struct cli *cli;
	int (*on_document)(
		void *data, struct cli *c, const struct source *source, json_t *document);
	void *data;
	bool recursive;
};

int file_bytes(struct cli *c, const char *name, char **ret_p, size_t *ret_n)
{
	int r = streq(name, "-") ? fs_read_fd(fileno(c->in), FILE_BYTES_MAX, ret_p, ret_n)
				 : fs_read(AT_FDCWD, name, FILE_BYTES_MAX, ret_p, ret_n);

	if (r == -ENOENT)
		return fail(c, "the path \"%s\" does not exist", name);
	if (r == -EFBIG)
		return fail(c, "%s is larger than %d MiB", name, FILE_BYTES_MAX >> 20);
	if (r < 0)
		return fail(c, "reading %s: %s", name, strerror(-r));
	return EXIT_OK;
}

static int read_one(const struct reading *r, const char *name)
{
	struct source source = {.name = streq(name, "-") ? "STDIN" : name};
	cleanup_free char *text = NULL;
	cleanup_json json_t *documents = NULL;
	struct err e = {0};
	int status = EXIT_OK;
	json_t *document;
	size_t n = 0, i;

	if (file_bytes(r->cli, name, &text, &n) != EXIT_OK)
		return EXIT_FAILED;
	if (yaml_parse_all((struct sv){text, n}, &documents, &e) < 0)
		return fail(r->cli, "error parsing %s: %s", source.name, err_text(&e));
	source.text = (struct sv){text, n};
	json_array_foreach (documents, i, document) {
		source.document = i;
		status |= r->on_document(r->data, r->cli, &source, document);
	}
	return status;
}

static bool is_manifest(const char *name)
{
	const char *dot = strrchr(name, '.');

	return streq(dot, ".yaml") || streq(dot, ".yml") || streq(dot, ".json");
}

static int read_path(const struct reading *r, const char *name);

static int read_folder(const struct reading *r, const char *name)
{
	struct dirent **entries = NULL;
	int n = scandir(name, &entries, NULL, alphasort), status = EXIT_OK;

	if (n < 0)
		return fail(r->cli, "reading the folder %s: %s", name, strerror(errno));
	for (int i = 0; i < n; i++) {
		const char *entry = entries[i]->d_name;
		cleanup_free char *path = xasprintf("%s/%s", name, entry);
		struct stat st;

		if (entry[0] != '.' && stat(path, &st) == 0 &&
			(S_ISDIR(st.st_mode) ? r->recursive : is_manifest(entry)))
			status |= read_path(r, path);
		free(entries[i]);
	}
	free(entries);
	return status;
}

static int read_path(const struct reading *r, const char *name)
{
	struct stat st;

	if (!streq(name, "-") && stat(name, &st) == 0 && S_ISDIR(st.st_mode))
		return read_folder(r, name);
	return read_one(r, name);
}

int files_read(struct cli *c,
	int (*on_document)(
		void *data, struct cli *c, const struct source *source, json_t *document),
	void *data)
{
	const struct reading r = {c, on_document, data, flag_on(&c->flags, "recursive")};
	const char *const *names;
	int status = EXIT_OK;
	size_t n;

	names = flag_list(&c->flags, "filename", &n);
	for (size_t i = 0; i < n; i++) {
		struct sv left = sv(names[i]);

		/* As kubectl: one -f may name several, separated by commas. */
		while (left.n) {
			struct sv one = sv_cut(&left, ',');
			cleanup_free char *name = xstrndup(one.p, one.n);

			if (sv_starts(one, "http://") || sv_starts(one, "https://"))
				status |= fail(c,
					"%s: berth reads files only; fetch it first (curl -fsSL %s "
					"| %s -f -)",
					name, name, c->path);
			else
				status |= read_path(&r, name);
		}
	}
	return status;
}
