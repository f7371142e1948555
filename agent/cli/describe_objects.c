/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Describes secrets (never their contents), config maps, namespaces, and any other kind.
 */
#include "agent/cli/describe.h"

#include "agent/spec/yaml.h"

static void put_metadata(struct description *d)
{
	const json_t *metadata = json_map(d->object, "metadata");

	put_pair(d, "Name", json_str_or(metadata, "name", ""));
	if (d->kind->namespaced)
		put_pair(d, "Namespace", json_str_or(metadata, "namespace", ""));
	put_labels(d, "Labels", json_map(metadata, "labels"));
	put_annotations(d, json_map(metadata, "annotations"));
}

/* How many bytes a base64 text stands for. */
static size_t decoded_size(const char *text)
{
	size_t n = strlen(text), pad = 0;

	while (pad < 2 && pad < n && text[n - 1 - pad] == '=')
		pad++;
	return n / 4 * 3 - pad;
}

void describe_secret(struct description *d)
{
	const json_t *data = json_map(d->object, "data");
	size_t n;
	cleanup_free const char **keys = sorted_keys(data, &n);

	put_metadata(d);
	put(d, "%s", "");
	put_pair(d, "Type", json_str_or(d->object, "type", "Opaque"));
	put(d, "%s", "");
	put(d, "Data");
	put(d, "====");
	for (size_t i = 0; i < n; i++)
		put(d, "%s:\t%zu bytes", keys[i], decoded_size(json_str_or(data, keys[i], "")));
}

void describe_configmap(struct description *d)
{
	const json_t *data = json_map(d->object, "data"),
		     *binary = json_map(d->object, "binaryData");
	size_t n, n_binary;
	cleanup_free const char **keys = sorted_keys(data, &n);
	cleanup_free const char **binary_keys = sorted_keys(binary, &n_binary);

	put_metadata(d);
	put(d, "%s", "");
	put(d, "Data");
	put(d, "====");
	for (size_t i = 0; i < n; i++) {
		put(d, "%s:", keys[i]);
		put(d, "----");
		put(d, "%s", json_str_or(data, keys[i], ""));
		put(d, "%s", "");
	}
	put(d, "%s", "");
	put(d, "BinaryData");
	put(d, "====");
	for (size_t i = 0; i < n_binary; i++)
		put(d, "%s: %zu bytes", binary_keys[i],
			decoded_size(json_str_or(binary, binary_keys[i], "")));
	put(d, "%s", "");
}

void describe_namespace(struct description *d)
{
	put_metadata(d);
	put_pair(d, "Status", json_str_or(json_map(d->object, "status"), "phase", "Active"));
}

void describe_other(struct description *d)
{
	cleanup_json json_t *rest = json_deep_copy(d->object);
	cleanup_str struct str text = {0};
	json_t *metadata = json_map(rest, "metadata");

	put_metadata(d);
	(void)json_object_del(metadata, "name");
	(void)json_object_del(metadata, "namespace");
	(void)json_object_del(metadata, "labels");
	(void)json_object_del(metadata, "annotations");
	(void)json_object_del(metadata, "managedFields");
	yaml_write(&text, rest);
	str_addn(&d->out, text.p, text.n);
}
