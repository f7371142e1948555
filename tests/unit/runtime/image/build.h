/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds what the image tests take apart: tar streams (also broken ones), compressed blobs, OCI layouts.
 */
#ifndef TESTS_UNIT_RUNTIME_IMAGE_BUILD_H
#define TESTS_UNIT_RUNTIME_IMAGE_BUILD_H

#include "tests/unit/unit.h"

#include "runtime/base/json.h"
#include "runtime/base/spawn.h"
#include "runtime/image/digest.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

/* A case names only the fields that it is about. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define BUILDS static inline __attribute__((unused))

/* ---- tar ------------------------------------------------------------------------------------------ */

struct member {
	char type; /* '0' … as in the header */
	const char *path, *link;
	const char *text; /* contents; NULL: none */
	unsigned mode;	  /* 0: 0644 */
	unsigned uid, gid;
	unsigned major, minor;
	const char *
		pax; /* records for an extended header before it: "key=value\n" lines; NULL: none */
};

BUILDS void tar_pad(struct str *out)
{
	static const char zeros[512];

	str_addn(out, zeros, -out->n & 511);
}

BUILDS void tar_put_octal(unsigned char *field, size_t n, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%0*llo", (int)n - 1, (unsigned long long)value);
	memcpy(field, text, n);
}

BUILDS void tar_put_sum(unsigned char *h)
{
	unsigned sum = 0;

	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += h[i];
	(void)snprintf((char *)h + 148, 8, "%06o", sum);
}

BUILDS void tar_header(unsigned char h[512], char type, const char *path, uint64_t size)
{
	memset(h, 0, 512);
	memcpy(h, path, strnlen(path, 100));
	tar_put_octal(h + 100, 8, 0644);
	tar_put_octal(h + 108, 8, 0);
	tar_put_octal(h + 116, 8, 0);
	tar_put_octal(h + 124, 12, size);
	tar_put_octal(h + 136, 12, 1700000000);
	h[156] = (unsigned char)type;
	memcpy(h + 257, "ustar\00000", 8);
	tar_put_octal(h + 329, 8, 0);
	tar_put_octal(h + 337, 8, 0);
	tar_put_sum(h);
}

/* An entry with a body, and no questions asked. */
BUILDS void tar_put_raw(struct str *out, char type, const char *path, const void *body, size_t n)
{
	unsigned char h[512];

	tar_header(h, type, path, n);
	str_addn(out, h, sizeof h);
	if (n)
		str_addn(out, body, n);
	tar_pad(out);
}

/* "key=value\n" lines become records with their lengths. */
BUILDS void tar_put_pax(struct str *out, char type, const char *lines)
{
	cleanup_str struct str body = {0};
	struct sv rest = sv(lines);

	while (rest.n) {
		struct sv line = sv_cut(&rest, '\n');
		size_t length = line.n + 3, before;

		do {
			char digits[16];

			before = length;
			(void)snprintf(digits, sizeof digits, "%zu", length);
			length = line.n + 2 + strlen(digits);
		} while (length != before);
		str_addf(&body, "%zu %.*s\n", length, (int)line.n, line.p);
	}
	tar_put_raw(out, type, "pax", body.p, body.n);
}

BUILDS void tar_put(struct str *out, const struct member *m)
{
	unsigned char h[512];
	size_t n = m->text ? strlen(m->text) : 0;

	if (m->pax)
		tar_put_pax(out, 'x', m->pax);
	tar_header(h, m->type, m->path, n);
	tar_put_octal(h + 100, 8, m->mode ? m->mode : m->type == '5' ? 0755 : 0644);
	tar_put_octal(h + 108, 8, m->uid);
	tar_put_octal(h + 116, 8, m->gid);
	tar_put_octal(h + 329, 8, m->major);
	tar_put_octal(h + 337, 8, m->minor);
	if (m->link)
		memcpy(h + 157, m->link, strnlen(m->link, 100));
	tar_put_sum(h);
	str_addn(out, h, sizeof h);
	if (n)
		str_addn(out, m->text, n);
	tar_pad(out);
}

BUILDS void tar_end(struct str *out)
{
	static const char zeros[1024];

	str_addn(out, zeros, sizeof zeros);
}

BUILDS void tar_of(struct str *out, const struct member *members, size_t n)
{
	for (size_t i = 0; i < n; i++)
		tar_put(out, &members[i]);
	tar_end(out);
}

/* ---- compression ---------------------------------------------------------------------------------- */

BUILDS void gzip_add(struct str *out, const void *bytes, size_t n)
{
	struct isal_zstream z;
	size_t room = n + n / 8 + 1024;
	cleanup_free unsigned char *buf = xmalloc(room);

	isal_deflate_stateless_init(&z);
	z.gzip_flag = IGZIP_GZIP;
	z.end_of_stream = 1;
	z.next_in = (uint8_t *)(uintptr_t)bytes;
	z.avail_in = (uint32_t)n;
	z.next_out = buf;
	z.avail_out = (uint32_t)room;
	assert_int_equal(isal_deflate_stateless(&z), COMP_OK);
	str_addn(out, buf, z.total_out);
}

BUILDS void zstd_add(struct str *out, const void *bytes, size_t n)
{
	size_t room = ZSTD_compressBound(n);
	cleanup_free unsigned char *buf = xmalloc(room);
	size_t got = ZSTD_compress(buf, room, bytes, n, 3);

	assert_false(ZSTD_isError(got));
	str_addn(out, buf, got);
}

/* ---- programs ------------------------------------------------------------------------------------- */

/* The berth-unpack that was built with this test (a sanitizer build may have no programs of its own). */
BUILDS char *unpack_program(void)
{
	static const char *const ups[] = {
		"/../../../../berth-unpack", "/../../../../../berth-unpack"};
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	assert_true(n > 0);
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(ups); i++) {
		cleanup_free char *path = xasprintf("%s%s", self, ups[i]);
		char *real = realpath(path, NULL);

		if (real)
			return real;
	}
	fail_msg("berth-unpack is not built beside %s", self);
	return NULL;
}

/* Runs a program to its end. Returns the wait status. */
BUILDS int run_program(const char *const *argv)
{
	struct spawn s = {.argv = argv};
	struct child c;
	struct err e = {0};
	int status = -1;

	if (spawn(&s, &c, &e) < 0)
		fail_msg("%s", err_text(&e));
	assert_int_equal(child_wait(&c, 60000, &status), 0);
	return status;
}

/* ---- OCI layouts ---------------------------------------------------------------------------------- */

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
