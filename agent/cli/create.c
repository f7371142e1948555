/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth create secret …`, `create configmap`, `create namespace`: objects made from flags.
 */
#include "agent/cli/change.h"
#include "agent/cli/entries.h"
#include "agent/cli/files.h"
#include "agent/cli/handlers.h"
#include "agent/cli/key_pair.h"

/* The one word of these commands: the name. NULL: told. */
static const char *name_word(struct cli *c)
{
	if (word_count(c) == 1)
		return word(c, 0);
	(void)fail_usage(c, "exactly one NAME is required, got %zu", word_count(c));
	return NULL;
}

static json_t *new_object(const struct cli *c, const struct kind *k, const char *name)
{
	return json_pack("{s:s, s:s, s:{s:s, s:s*}}", "apiVersion", kind_api_version(k), "kind",
		k->kind, "metadata", "name", name, "namespace",
		k->namespaced && flag_given(&c->flags, "namespace") ? namespace_of(c) : NULL);
}

static int create_secret(
	struct cli *c, const char *name, const char *type, const struct entries *entries)
{
	const struct kind *k = kind_by_name("v1", "Secret");
	cleanup_json json_t *object = new_object(c, k, name);

	json_put_str(object, "type", type);
	json_put(object, "data", entries_base64(entries));
	return create_and_print(c, k, object);
}

int cmd_create_secret_generic(struct cli *c)
{
	cleanup_entries struct entries entries = {0};
	const char *name = name_word(c), *type = flag_text(&c->flags, "type");

	if (!name || entries_read(c, &entries) != EXIT_OK)
		return EXIT_FAILED;
	return create_secret(c, name, type ? type : "Opaque", &entries);
}

int cmd_create_secret_tls(struct cli *c)
{
	cleanup_entries struct entries entries = {0};
	const char *name = name_word(c), *cert = flag_text(&c->flags, "cert"),
		   *key = flag_text(&c->flags, "key");
	char *bytes = NULL;
	struct err e = {0};
	size_t n = 0;

	if (!name)
		return EXIT_FAILED;
	if (!cert || !key)
		return fail_usage(c, "--cert and --key must be specified");
	if (file_bytes(c, cert, &bytes, &n) != EXIT_OK ||
		entries_add(c, &entries, sv("tls.crt"), bytes, n) != EXIT_OK ||
		file_bytes(c, key, &bytes, &n) != EXIT_OK ||
		entries_add(c, &entries, sv("tls.key"), bytes, n) != EXIT_OK)
		return EXIT_FAILED;
	if (key_pair_check((struct sv){entries.items[0].bytes, entries.items[0].n},
		    (struct sv){entries.items[1].bytes, entries.items[1].n}, &e) < 0)
		return fail(c, "%s and %s: %s", cert, key, err_text(&e));
	return create_secret(c, name, "kubernetes.io/tls", &entries);
}

/* Source: Kubernetes docs, "Pull an Image from a Private Registry", the layout of .dockerconfigjson. */
static char *docker_config(const struct cli *c)
{
	const char *user = flag_text(&c->flags, "docker-username"),
		   *password = flag_text(&c->flags, "docker-password");
	cleanup_free char *both = xasprintf("%s:%s", user, password),
			  *auth = base64_encode(both, strlen(both));
	cleanup_json json_t *config = json_pack("{s:{s:{s:s, s:s, s:s*, s:s}}}", "auths",
		flag_text(&c->flags, "docker-server"), "username", user, "password", password,
		"email", flag_text(&c->flags, "docker-email"), "auth", auth);

	explicit_bzero(both, strlen(both));
	explicit_bzero(auth, strlen(auth));
	return config ? json_text(config) : NULL;
}

int cmd_create_secret_docker_registry(struct cli *c)
{
	cleanup_entries struct entries entries = {0};
	const char *name = name_word(c);
	char *text;
	size_t n = 0;

	if (!name)
		return EXIT_FAILED;
	if (flag_given(&c->flags, "from-file")) {
		const char *file = flag_list(&c->flags, "from-file", &n)[0];
		struct sv path = sv(file);

		if (sv_starts(path, ".dockerconfigjson="))
			(void)sv_cut(&path, '=');
		if (file_bytes(c, path.p, &text, &n) != EXIT_OK)
			return EXIT_FAILED;
	} else {
		if (!flag_given(&c->flags, "docker-username") ||
			!flag_given(&c->flags, "docker-password"))
			return fail_usage(c, "either --from-file or both of --docker-username and "
					     "--docker-password are required");
		text = docker_config(c);
		if (!text)
			return fail(c, "the registry, user and password must be UTF-8");
		n = strlen(text);
	}
	if (entries_add(c, &entries, sv(".dockerconfigjson"), text, n) != EXIT_OK)
		return EXIT_FAILED;
	return create_secret(c, name, "kubernetes.io/dockerconfigjson", &entries);
}

/* Text goes into data, other bytes into binaryData. */
static void put_entry(json_t *object, const struct entry *entry)
{
	json_t *text =
		memchr(entry->bytes, '\0', entry->n) ? NULL : json_stringn(entry->bytes, entry->n);
	cleanup_free char *encoded = NULL;

	if (text) {
		json_put(json_sub(object, "data"), entry->key, text);
		return;
	}
	encoded = base64_encode(entry->bytes, entry->n);
	json_put_str(json_sub(object, "binaryData"), entry->key, encoded);
}

int cmd_create_configmap(struct cli *c)
{
	const struct kind *k = kind_by_name("v1", "ConfigMap");
	cleanup_entries struct entries entries = {0};
	cleanup_json json_t *object = NULL;
	const char *name = name_word(c);

	if (!name || entries_read(c, &entries) != EXIT_OK)
		return EXIT_FAILED;
	object = new_object(c, k, name);
	for (size_t i = 0; i < entries.n; i++)
		put_entry(object, &entries.items[i]);
	return create_and_print(c, k, object);
}

int cmd_create_namespace(struct cli *c)
{
	const struct kind *k = kind_by_name("v1", "Namespace");
	cleanup_json json_t *object = NULL;
	const char *name = name_word(c);

	if (!name)
		return EXIT_FAILED;
	object = new_object(c, k, name);
	return create_and_print(c, k, object);
}
