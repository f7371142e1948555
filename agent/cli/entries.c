/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads entries as kubectl does.
 * Source: Kubernetes docs, "Managing Secrets using kubectl"; keys: [-._a-zA-Z0-9]+, at most 253 characters.
 */
#include "agent/cli/entries.h"

#include "agent/cli/files.h"

#include <dirent.h>
#include <sys/stat.h>

enum { KEY_MAX = 253 };

void entries_done(struct entries *e)
{
	for (size_t i = 0; i < e->n; i++) {
		free(e->items[i].key);
		/* May hold a secret. */
		explicit_bzero(e->items[i].bytes, e->items[i].n);
		free(e->items[i].bytes);
	}
	free(e->items);
	*e = (struct entries){0};
}

static bool is_key(struct sv key)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";

	for (size_t i = 0; i < key.n; i++)
		if (!memchr(allowed, key.p[i], sizeof allowed - 1))
			return false;
	return key.n > 0 && key.n <= KEY_MAX && !sv_eq(key, ".") && !sv_starts(key, "..");
}

int entries_add(struct cli *c, struct entries *e, struct sv key, char *own_bytes, size_t n)
{
	cleanup_free char *bytes = own_bytes;

	if (!is_key(key))
		return fail(c,
			"\"%.*s\" is not a valid key: letters, digits, '-', '_' and '.' are "
			"allowed, at most %d of them "
			"(key=FILE gives a file another key)",
			(int)key.n, key.p, KEY_MAX);
	for (size_t i = 0; i < e->n; i++)
		if (sv_eq(key, e->items[i].key))
			return fail(c,
				"cannot add key \"%.*s\", another key by that name already exists",
				(int)key.n, key.p);
	GROW(e->items, e->n + 1, e->cap);
	e->items[e->n++] = (struct entry){xstrndup(key.p, key.n), take(bytes), n};
	return EXIT_OK;
}

static int add_literal(struct cli *c, struct entries *e, const char *text)
{
	struct sv value = sv(text), key = sv_cut(&value, '=');

	if (!strchr(text, '=') || key.n == 0)
		return fail(c, "invalid literal source %s, expected key=value", text);
	return entries_add(c, e, key, xstrndup(value.p, value.n), value.n);
}

static int add_file(struct cli *c, struct entries *e, struct sv key, const char *path)
{
	char *bytes = NULL;
	size_t n = 0;

	if (file_bytes(c, path, &bytes, &n) != EXIT_OK)
		return EXIT_FAILED;
	return entries_add(c, e, key, bytes, n);
}

/* Every regular file of a folder whose name is a key. */
static int add_folder(struct cli *c, struct entries *e, const char *path)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, NULL, alphasort), status = EXIT_OK;

	if (n < 0)
		return fail(c, "reading the folder %s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		cleanup_free char *file = xasprintf("%s/%s", path, names[i]->d_name);
		struct stat st;

		if (stat(file, &st) == 0 && S_ISREG(st.st_mode) && is_key(sv(names[i]->d_name)))
			status |= add_file(c, e, sv(names[i]->d_name), file);
		free(names[i]);
	}
	free(names);
	return status;
}

static int add_from_file(struct cli *c, struct entries *e, const char *text)
{
	struct sv path = sv(text), key = path;
	const char *slash;
	struct stat st;

	if (strchr(text, '=')) {
		key = sv_cut(&path, '=');
		if (key.n == 0 || path.n == 0)
			return fail(c, "invalid file source %s, expected [key=]FILE", text);
		return add_file(c, e, key, path.p);
	}
	if (stat(text, &st) == 0 && S_ISDIR(st.st_mode))
		return add_folder(c, e, text);
	slash = strrchr(text, '/');
	return add_file(c, e, sv(slash ? slash + 1 : text), text);
}

/* KEY=VALUE lines; # comments; a KEY alone takes its value from the environment. */
static int add_env_line(
	struct cli *c, struct entries *e, const char *file, size_t number, struct sv line)
{
	struct sv value = line, key;
	cleanup_free char *name = NULL;

	while (value.n && (value.p[0] == ' ' || value.p[0] == '\t'))
		value = (struct sv){value.p + 1, value.n - 1};
	if (value.n && value.p[value.n - 1] == '\r')
		value.n--;
	if (value.n == 0 || value.p[0] == '#')
		return EXIT_OK;
	if (memchr(value.p, '=', value.n)) {
		key = sv_cut(&value, '=');
		if (key.n == 0)
			return fail(
				c, "%s: line %zu: a name must stand before \"=\"", file, number);
		return entries_add(c, e, key, xstrndup(value.p, value.n), value.n);
	}
	name = xstrndup(value.p, value.n);
	if (!getenv(name))
		return EXIT_OK;
	return entries_add(c, e, value, xstrdup(getenv(name)), strlen(getenv(name)));
}

static int add_env_file(struct cli *c, struct entries *e, const char *file)
{
	cleanup_free char *text = NULL;
	size_t n = 0, number = 1;
	struct sv left;
	int status = EXIT_OK;

	if (file_bytes(c, file, &text, &n) != EXIT_OK)
		return EXIT_FAILED;
	left = (struct sv){text, n};
	while (left.n)
		status |= add_env_line(c, e, file, number++, sv_cut(&left, '\n'));
	return status;
}

int entries_read(struct cli *c, struct entries *ret)
{
	static const struct {
		const char *flag;
		int (*add)(struct cli *c, struct entries *e, const char *text);
	} sources[] = {{"from-literal", add_literal}, {"from-file", add_from_file},
		{"from-env-file", add_env_file}};
	int status = EXIT_OK;

	if (flag_given(&c->flags, "from-env-file") &&
		(flag_given(&c->flags, "from-literal") || flag_given(&c->flags, "from-file")))
		return fail(c, "from-env-file cannot be combined with from-file or from-literal");
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		size_t n;
		const char *const *texts = flag_list(&c->flags, sources[i].flag, &n);

		for (size_t k = 0; k < n; k++)
			status |= sources[i].add(c, ret, texts[k]);
	}
	return status;
}

json_t *entries_base64(const struct entries *e)
{
	json_t *data = json_object();

	for (size_t i = 0; i < e->n; i++) {
		cleanup_free char *text = base64_encode(e->items[i].bytes, e->items[i].n);

		json_put_str(data, e->items[i].key, text);
	}
	return data;
}
