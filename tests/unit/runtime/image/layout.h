/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes OCI layouts.
 */
#ifndef TESTS_UNIT_RUNTIME_IMAGE_LAYOUT_H
#define TESTS_UNIT_RUNTIME_IMAGE_LAYOUT_H

#include "tests/unit/runtime/image/build.h"

#include "runtime/image/digest.h"

struct layout {
	int fd;
	json_t *manifests; /* of index.json */
};

BUILDS void layout_open(struct layout *l, int parent_fd, const char *name)
{
	static const char mark[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

	l->fd = fs_open_dir(parent_fd, name, 0755);
	assert_true(l->fd >= 0);
	assert_int_equal(fs_mkdir_p(l->fd, "blobs/sha256", 0755), 0);
	assert_int_equal(
		fs_write_atomic(l->fd, "oci-layout", mark, sizeof mark - 1, 0644, FS_NO_SYNC), 0);
	l->manifests = json_array();
}

BUILDS json_t *layout_blob(struct layout *l, const char *media_type, const void *bytes, size_t n)
{
	cleanup_close int dir = fs_open_dir(l->fd, "blobs/sha256", 0755);
	struct digest d = digest_of(bytes, n);
	json_t *j = json_object();

	assert_int_equal(fs_write_atomic(dir, digest_hex(&d), bytes, n, 0644, FS_NO_SYNC), 0);
	json_put_str(j, "mediaType", media_type);
	json_put_str(j, "digest", d.text);
	json_put_int(j, "size", (json_int_t)n);
	return j;
}

struct layer_blob {
	struct str tar;	 /* the archive, whose digest is the diffID */
	struct str blob; /* as it is stored; empty: the archive itself */
};

/* Writes an image and names it in the index. @config_text: NULL or the "config" member. */
BUILDS void layout_image(struct layout *l, const char *ref, const struct layer_blob *layers,
	size_t n, const char *config_text)
{
	static const char gzip_type[] = "application/vnd.oci.image.layer.v1.tar+gzip";
	static const char plain_type[] = "application/vnd.oci.image.layer.v1.tar";
	cleanup_json json_t *config = json_object(), *manifest = json_object(), *inner = NULL;
	cleanup_free char *config_bytes = NULL, *manifest_bytes = NULL, *index_bytes = NULL;
	cleanup_json json_t *index = json_object();
	json_t *blobs = json_array(), *diff_ids = json_array(), *entry;

	for (size_t i = 0; i < n; i++) {
		const struct str *blob = layers[i].blob.n ? &layers[i].blob : &layers[i].tar;
		struct digest diff_id = digest_of(layers[i].tar.p, layers[i].tar.n);

		json_push(diff_ids, json_string(diff_id.text));
		json_push(blobs, layout_blob(l, layers[i].blob.n ? gzip_type : plain_type, blob->p,
					 blob->n));
	}
	json_put_str(config, "architecture", "amd64");
	json_put_str(config, "os", "linux");
	if (config_text) {
		assert_int_equal(json_parse(sv(config_text), &inner, NULL), 0);
		json_put(config, "config", json_incref(inner));
	}
	json_put_str(json_sub(config, "rootfs"), "type", "layers");
	json_put(json_sub(config, "rootfs"), "diff_ids", diff_ids);
	config_bytes = json_text(config);
	json_put_int(manifest, "schemaVersion", 2);
	json_put_str(manifest, "mediaType", "application/vnd.oci.image.manifest.v1+json");
	json_put(manifest, "config",
		layout_blob(l, "application/vnd.oci.image.config.v1+json", config_bytes,
			strlen(config_bytes)));
	json_put(manifest, "layers", blobs);
	manifest_bytes = json_text(manifest);
	entry = layout_blob(l, "application/vnd.oci.image.manifest.v1+json", manifest_bytes,
		strlen(manifest_bytes));
	json_put_str(json_sub(entry, "annotations"), "org.opencontainers.image.ref.name", ref);
	json_push(l->manifests, entry);
	json_put_int(index, "schemaVersion", 2);
	json_put(index, "manifests", json_incref(l->manifests));
	index_bytes = json_text(index);
	assert_int_equal(fs_write_atomic(l->fd, "index.json", index_bytes, strlen(index_bytes),
				 0644, FS_NO_SYNC),
		0);
}

BUILDS void layout_close(struct layout *l)
{
	json_decref(l->manifests);
	(void)close(l->fd);
}

#endif
