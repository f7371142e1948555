/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests and indexes, read strictly: a table of media types says what a document or a blob may be,
 * a digest is sha256, a size is a number, a layer has no URLs of its own. A document that could be read in
 * two ways (CVE-2021-41190) is refused.
 * Source: OCI image-spec v1.1, manifest.md, image-index.md, descriptor.md; docker's schema 2.
 */
#include "runtime/image/manifest.h"

enum { INDEX_ENTRIES_MAX = 1024 };
#define LAYER_BYTES_MAX (10ull << 30)

enum kind { KIND_MANIFEST, KIND_CONFIG, KIND_LAYER };

static const struct media_type {
	const char *name;
	enum kind kind;
	enum manifest_type type;
} media_types[] = {
	{"application/vnd.oci.image.manifest.v1+json", KIND_MANIFEST, MANIFEST_IMAGE},
	{"application/vnd.docker.distribution.manifest.v2+json", KIND_MANIFEST, MANIFEST_IMAGE},
	{"application/vnd.oci.image.index.v1+json", KIND_MANIFEST, MANIFEST_INDEX},
	{"application/vnd.docker.distribution.manifest.list.v2+json", KIND_MANIFEST,
		MANIFEST_INDEX},
	{"application/vnd.oci.image.config.v1+json", KIND_CONFIG, MANIFEST_INVALID},
	{"application/vnd.docker.container.image.v1+json", KIND_CONFIG, MANIFEST_INVALID},
	{"application/vnd.oci.image.layer.v1.tar", KIND_LAYER, MANIFEST_INVALID},
	{"application/vnd.oci.image.layer.v1.tar+gzip", KIND_LAYER, MANIFEST_INVALID},
	{"application/vnd.oci.image.layer.v1.tar+zstd", KIND_LAYER, MANIFEST_INVALID},
	{"application/vnd.docker.image.rootfs.diff.tar", KIND_LAYER, MANIFEST_INVALID},
	{"application/vnd.docker.image.rootfs.diff.tar.gzip", KIND_LAYER, MANIFEST_INVALID},
	{"application/vnd.docker.image.rootfs.diff.tar.zstd", KIND_LAYER, MANIFEST_INVALID},
};

static const struct media_type *media_type(const char *name, enum kind kind)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(media_types); i++)
		if (media_types[i].kind == kind && streq(media_types[i].name, name))
			return &media_types[i];
	return NULL;
}

void manifest_done(struct manifest *m)
{
	free(m->layers);
	*m = (struct manifest){0};
}

void index_done(struct index *x)
{
	for (size_t i = 0; i < x->n; i++) {
		free(x->entries[i].os);
		free(x->entries[i].architecture);
		free(x->entries[i].variant);
		free(x->entries[i].ref_name);
	}
	free(x->entries);
	*x = (struct index){0};
}

static int shape_of(const json_t *j, const char *type, struct err *e)
{
	bool has_layers = json_object_get(j, "layers") || json_object_get(j, "config");
	bool has_manifests = json_object_get(j, "manifests");
	const struct media_type *known = media_type(type, KIND_MANIFEST);
	enum manifest_type shape = has_manifests ? MANIFEST_INDEX : MANIFEST_IMAGE;

	if (json_object_get(j, "fsLayers") || json_int(j, "schemaVersion", 2) == 1)
		return err_set(e, -EINVAL,
			"the image has a docker schema 1 manifest, which is not supported: push it "
			"again with a current tool");
	if (json_int(j, "schemaVersion", 0) != 2)
		return err_set(e, -EINVAL, "manifest: schemaVersion is not 2");
	if (has_layers && has_manifests)
		return err_set(e, -EINVAL,
			"manifest: it has layers and manifests at once, so it is ambiguous");
	if (!has_layers && !has_manifests)
		return err_set(e, -EINVAL, "manifest: it has neither layers nor manifests");
	if (type && !known)
		return err_set(
			e, -EINVAL, "manifest: media type \"%.100s\" is not supported", type);
	if (known && known->type != shape)
		return err_set(e, -EINVAL,
			"manifest: its media type \"%.100s\" does not fit what is in it", type);
	return (int)shape;
}

/* Parses and judges the document as a whole. Returns its type and *@ret (new reference), or -errno. */
static int parse(struct sv bytes, json_t **ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	const json_t *type;
	int r = json_parse_max(bytes, IMAGE_JSON_MAX, &j, e);

	if (r < 0)
		return err_wrap(e, r, "manifest");
	type = json_object_get(j, "mediaType");
	if (!json_is_object(j) || (type && !json_is_string(type)))
		return err_set(e, -EBADMSG, "manifest: it is no JSON object with a mediaType");
	r = shape_of(j, json_string_value(type), e);
	if (r >= 0)
		*ret = take(j);
	return r;
}

int manifest_type_of(struct sv bytes, struct err *e)
{
	cleanup_json json_t *j = NULL;

	return parse(bytes, &j, e);
}

static int decode_descriptor(
	const json_t *j, uint64_t size_max, struct descriptor *ret, struct err *e)
{
	const char *digest = json_str(j, "digest");
	int64_t size = json_int(j, "size", -1);
	struct descriptor d;

	if (!digest || digest_parse(sv(digest), &d.digest) < 0)
		return err_set(e, -EINVAL,
			"it has no digest of the form sha256: and 64 lower-case hex digits");
	if (size < 0 || (uint64_t)size > size_max)
		return err_set(e, -EINVAL, "its size is missing, negative or above %llu bytes",
			(unsigned long long)size_max);
	if (json_array_size(json_object_get(j, "urls")) ||
		(json_object_get(j, "urls") && !json_is_array(json_object_get(j, "urls"))))
		return err_set(e, -EINVAL,
			"it names URLs of its own (a foreign layer), which are never fetched");
	if (json_object_get(j, "data") && !json_is_string(json_object_get(j, "data")))
		return err_set(e, -EINVAL, "its data is no string");
	d.size_bytes = (uint64_t)size;
	*ret = d;
	return 0;
}

static int decode_blob(
	const json_t *j, enum kind kind, uint64_t size_max, struct descriptor *ret, struct err *e)
{
	const char *type = json_str(j, "mediaType");

	if (!type)
		return err_set(e, -EINVAL, "it has no mediaType");
	if (!media_type(type, kind))
		return err_set(e, -EINVAL, "media type \"%.100s\" is not supported%s", type,
			kind == KIND_CONFIG ? " (is this a container image?)" : "");
	return decode_descriptor(j, size_max, ret, e);
}

static int decode_layers(const json_t *list, struct manifest *m, struct err *e)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(list))
		return err_set(e, -EINVAL, "manifest: layers is no list");
	if (json_array_size(list) > IMAGE_LAYERS_MAX)
		return err_set(e, -EINVAL, "manifest: %zu layers; at most %d are taken",
			json_array_size(list), IMAGE_LAYERS_MAX);
	m->layers = xcalloc(json_array_size(list) + 1, sizeof *m->layers);
	json_array_foreach (list, i, item) {
		int r = decode_blob(item, KIND_LAYER, LAYER_BYTES_MAX, &m->layers[i], e);

		if (r < 0)
			return err_wrap(e, r, "manifest: layer %zu", i);
		m->n_layers = i + 1;
	}
	return 0;
}

int manifest_decode(struct sv bytes, struct manifest *ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	cleanup_manifest struct manifest m = {0};
	int r = parse(bytes, &j, e);

	if (r >= 0 && r != MANIFEST_IMAGE)
		return err_set(e, -EINVAL, "manifest: an index stands where an image is wanted");
	if (r < 0)
		return r;
	r = decode_blob(json_object_get(j, "config"), KIND_CONFIG, IMAGE_JSON_MAX, &m.config, e);
	if (r < 0)
		return err_wrap(e, r, "manifest: config");
	r = decode_layers(json_object_get(j, "layers"), &m, e);
	if (r < 0)
		return r;
	*ret = m;
	m = (struct manifest){0};
	return 0;
}

static char *text_of(const json_t *j, const char *key)
{
	return xstrndup(json_str_or(j, key, ""), 512);
}

static void decode_platform(const json_t *j, struct index_entry *entry)
{
	const json_t *platform = json_object_get(j, "platform");
	const json_t *notes = json_object_get(j, "annotations");
	const char *full = json_str(notes, "io.containerd.image.name");

	entry->os = text_of(platform, "os");
	entry->architecture = text_of(platform, "architecture");
	entry->variant = text_of(platform, "variant");
	entry->ref_name =
		full ? xstrndup(full, 512) : text_of(notes, "org.opencontainers.image.ref.name");
}

int index_decode(struct sv bytes, struct index *ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	cleanup_index struct index x = {0};
	const json_t *list, *item;
	size_t i;
	int r = parse(bytes, &j, e);

	if (r >= 0 && r != MANIFEST_INDEX)
		return err_set(
			e, -EINVAL, "index: an image manifest stands where an index is wanted");
	if (r < 0)
		return r;
	list = json_object_get(j, "manifests");
	if (!json_is_array(list) || json_array_size(list) > INDEX_ENTRIES_MAX)
		return err_set(e, -EINVAL, "index: manifests is no list of at most %d entries",
			INDEX_ENTRIES_MAX);
	x.entries = xcalloc(json_array_size(list) + 1, sizeof *x.entries);
	json_array_foreach (list, i, item) {
		const struct media_type *type =
			media_type(json_str(item, "mediaType"), KIND_MANIFEST);
		struct index_entry *entry = &x.entries[x.n];

		if (!json_str(item, "mediaType"))
			return err_set(e, -EINVAL, "index: entry %zu has no mediaType", i);
		if (!type)
			continue;
		r = decode_descriptor(item, IMAGE_JSON_MAX, &entry->descriptor, e);
		if (r < 0)
			return err_wrap(e, r, "index: entry %zu", i);
		entry->type = type->type;
		decode_platform(item, entry);
		x.n++;
	}
	*ret = x;
	x = (struct index){0};
	return 0;
}

/* How well an entry suits this machine: 0 not at all, the higher the better. */
static int fitness(const struct index_entry *entry, const char *arch)
{
	static const struct {
		const char *arch, *variant;
		int fitness;
	} table[] = {
		{"arm", "v7", 5},
		{"arm", "v6", 4},
		{"arm", "v5", 3},
		{"arm", "", 2},
		{"arm64", "v8", 5},
		{"arm64", "", 4},
		/* x86-64-v1 is what every amd64 machine has; higher levels may not run here. */
		{"amd64", "v1", 5},
		{"amd64", "", 5},
	};

	if (!streq(entry->os, "linux") || !streq(entry->architecture, arch))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (streq(table[i].arch, arch) && streq(table[i].variant, entry->variant))
			return table[i].fitness;
	return streq(arch, "arm") || streq(arch, "amd64") ? 0 : 1;
}

const struct index_entry *index_choose(const struct index *x, const char *arch, struct err *e)
{
	const struct index_entry *best = NULL;
	cleanup_str struct str has = {0};
	int best_fitness = 0;

	if (x->n == 1 && !*x->entries[0].os && !*x->entries[0].architecture)
		return &x->entries[0];
	for (size_t i = 0; i < x->n; i++) {
		const struct index_entry *entry = &x->entries[i];
		int f = fitness(entry, arch);

		if (f > best_fitness) {
			best = entry;
			best_fitness = f;
		}
		if (has.n < 256)
			str_addf(&has, "%s%.32s/%.32s%s%.32s", has.n ? ", " : "", entry->os,
				entry->architecture, *entry->variant ? "/" : "", entry->variant);
	}
	if (!best) {
		(void)err_set(e, -ENOENT, "the image is not made for linux/%s; it has: %s", arch,
			has.n ? has.p : "nothing");
		(void)err_reason(e, "Invalid");
	}
	return best;
}
