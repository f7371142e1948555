/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests and indexes: the two good forms of each, and what registries could try (T20). */
#include "tests/unit/unit.h"

#include "runtime/image/manifest.h"

#define HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define D "\"digest\":\"sha256:" HEX "\""
#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."
#define V2 "\"schemaVersion\":2"
#define MT(t) "\"mediaType\":\"" t "\""
#define CONFIG "\"config\":{" MT(OCI "config.v1+json") "," D ",\"size\":10}"
#define LAYER "{" MT(OCI "layer.v1.tar+gzip") "," D ",\"size\":20}"
#define LAYERS "\"layers\":[" LAYER "]"
#define CHILD                                                                                      \
	"{" MT(OCI "manifest.v1+json") "," D ",\"size\":30,\"platform\":{\"os\":\"linux\","        \
				       "\"architecture\":\"amd64\"}}"
#define MANIFESTS "\"manifests\":[" CHILD "]"

struct sample {
	const char *name, *text;
};

static const struct sample good_manifests[] = {
	{"oci", "{" V2 "," MT(OCI "manifest.v1+json") "," CONFIG "," LAYERS "}"},
	{"oci without mediaType", "{" V2 "," CONFIG "," LAYERS "}"},
	{"docker", "{" V2 "," MT(DOCKER "distribution.manifest.v2+json") ",\"config\":{" MT(DOCKER
			   "container.image.v1+json") "," D ",\"size\":1},\"layers\":[{" MT(DOCKER
			   "image.rootfs.diff.tar.gzip") "," D ",\"size\":2}]}"},
	{"zstd and plain layers", "{" V2 "," CONFIG ",\"layers\":[{" MT(
					  OCI "layer.v1.tar+zstd") "," D ",\"size\":1},{" MT(OCI
					  "layer.v1.tar") "," D ",\"size\":0,\"urls\":[]}]}"},
	{"unknown members",
		"{" V2 "," CONFIG "," LAYERS ",\"annotations\":{\"a\":\"b\"},\"x\":[1]}"},
	{"no layers", "{" V2 "," CONFIG ",\"layers\":[]}"},
};

#define WITH_CONFIG(c) "{" V2 "," LAYERS ",\"config\":" c "}"
#define WITH_LAYER(l) "{" V2 "," CONFIG ",\"layers\":[" l "]}"
#define LAYER_TYPE MT(OCI "layer.v1.tar+gzip")

static const struct sample bad_manifests[] = {
	{"nothing", ""},
	{"null", "null"},
	{"a list", "[]"},
	{"empty", "{}"},
	{"cut", "{" V2 "," CONFIG},
	{"more behind it", "{" V2 "," CONFIG "," LAYERS "}{}"},
	{"config twice", "{" V2 "," CONFIG "," CONFIG "," LAYERS "}"},
	{"layers twice", "{" V2 "," CONFIG "," LAYERS "," LAYERS "}"},
	{"schema 1", "{\"schemaVersion\":1,\"fsLayers\":[],\"history\":[]}"},
	{"schema 1 in disguise", "{" V2 ",\"fsLayers\":[]," CONFIG "," LAYERS "}"},
	{"schema 3", "{\"schemaVersion\":3," CONFIG "," LAYERS "}"},
	{"schema as text", "{\"schemaVersion\":\"2\"," CONFIG "," LAYERS "}"},
	{"no schema", "{" CONFIG "," LAYERS "}"},
	{"both shapes", "{" V2 "," CONFIG "," LAYERS "," MANIFESTS "}"},
	{"layers and manifests", "{" V2 "," LAYERS "," MANIFESTS "}"},
	{"config and manifests", "{" V2 "," CONFIG "," MANIFESTS "}"},
	{"both, called a manifest",
		"{" V2 "," MT(OCI "manifest.v1+json") "," CONFIG "," LAYERS "," MANIFESTS "}"},
	{"index type", "{" V2 "," MT(OCI "index.v1+json") "," CONFIG "," LAYERS "}"},
	{"list type", "{" V2 "," MT(DOCKER "distribution.manifest.list.v2+json") "," CONFIG
										 "," LAYERS "}"},
	{"schema 1 type", "{" V2 "," MT(DOCKER
				  "distribution.manifest.v1+prettyjws") "," CONFIG "," LAYERS "}"},
	{"foreign type", "{" V2 "," MT("text/html") "," CONFIG "," LAYERS "}"},
	{"empty type", "{" V2 "," MT("") "," CONFIG "," LAYERS "}"},
	{"type is a number", "{" V2 ",\"mediaType\":1," CONFIG "," LAYERS "}"},
	{"type is null", "{" V2 ",\"mediaType\":null," CONFIG "," LAYERS "}"},
	{"type with parameters",
		"{" V2 "," MT(OCI "manifest.v1+json;charset=utf-8") "," CONFIG "," LAYERS "}"},
	{"no config", "{" V2 "," LAYERS "}"},
	{"no layers member", "{" V2 "," CONFIG "}"},
	{"layers is an object", "{" V2 "," CONFIG ",\"layers\":{}}"},
	{"layers is null", "{" V2 "," CONFIG ",\"layers\":null}"},
	{"config is null", WITH_CONFIG("null")},
	{"config is a list", WITH_CONFIG("[]")},
	{"config without type", WITH_CONFIG("{" D ",\"size\":1}")},
	{"config of a chart",
		WITH_CONFIG(
			"{" MT("application/vnd.cncf.helm.config.v1+json") "," D ",\"size\":1}")},
	{"config of layer type", WITH_CONFIG("{" LAYER_TYPE "," D ",\"size\":1}")},
	{"empty config (artifact)",
		WITH_CONFIG("{" MT("application/vnd.oci.empty.v1+json") "," D ",\"size\":2}")},
	{"config without digest", WITH_CONFIG("{" MT(OCI "config.v1+json") ",\"size\":1}")},
	{"config without size", WITH_CONFIG("{" MT(OCI "config.v1+json") "," D "}")},
	{"config of 5 MiB", WITH_CONFIG("{" MT(OCI "config.v1+json") "," D ",\"size\":5242880}")},
	{"layer is null", WITH_LAYER("null")},
	{"layer is text", WITH_LAYER("\"x\"")},
	{"layer is empty", WITH_LAYER("{}")},
	{"layer without type", WITH_LAYER("{" D ",\"size\":1}")},
	{"layer of xz", WITH_LAYER("{" MT(OCI "layer.v1.tar+xz") "," D ",\"size\":1}")},
	{"encrypted layer",
		WITH_LAYER("{" MT(OCI "layer.v1.tar+gzip+encrypted") "," D ",\"size\":1}")},
	{"non-distributable layer",
		WITH_LAYER("{" MT(OCI "layer.nondistributable.v1.tar+gzip") "," D ",\"size\":1}")},
	{"foreign layer", WITH_LAYER("{" MT(DOCKER
				  "image.rootfs.foreign.diff.tar.gzip") "," D ",\"size\":1}")},
	{"layer with URL",
		WITH_LAYER("{" LAYER_TYPE "," D ",\"size\":1,\"urls\":[\"http://evil/\"]}")},
	{"layer with URL object", WITH_LAYER("{" LAYER_TYPE "," D ",\"size\":1,\"urls\":{}}")},
	{"layer with URL text", WITH_LAYER("{" LAYER_TYPE "," D ",\"size\":1,\"urls\":\"x\"}")},
	{"layer without digest", WITH_LAYER("{" LAYER_TYPE ",\"size\":1}")},
	{"short digest", WITH_LAYER("{" LAYER_TYPE ",\"digest\":\"sha256:ab\",\"size\":1}")},
	{"digest is a path",
		WITH_LAYER("{" LAYER_TYPE ",\"digest\":\"../../../etc/passwd\",\"size\":1}")},
	{"digest of sha512",
		WITH_LAYER("{" LAYER_TYPE ",\"digest\":\"sha512:" HEX "\",\"size\":1}")},
	{"digest of md5", WITH_LAYER("{" LAYER_TYPE ",\"digest\":\"md5:" HEX "\",\"size\":1}")},
	{"upper case digest", WITH_LAYER("{" LAYER_TYPE ",\"digest\":\"sha256:"
					 "BA7816BF8F01CFEA414140DE5DAE2223B00361A396"
					 "177A9CB410FF61F20015AD\",\"size\":1}")},
	{"digest with NUL",
		WITH_LAYER("{" LAYER_TYPE ",\"digest\":\"sha256:" HEX "\\u0000\",\"size\":1}")},
	{"digest is null", WITH_LAYER("{" LAYER_TYPE ",\"digest\":null,\"size\":1}")},
	{"digest is a number", WITH_LAYER("{" LAYER_TYPE ",\"digest\":5,\"size\":1}")},
	{"no size", WITH_LAYER("{" LAYER_TYPE "," D "}")},
	{"size as text", WITH_LAYER("{" LAYER_TYPE "," D ",\"size\":\"1\"}")},
	{"size as float", WITH_LAYER("{" LAYER_TYPE "," D ",\"size\":1.5}")},
	{"negative size", WITH_LAYER("{" LAYER_TYPE "," D ",\"size\":-1}")},
	{"size above 10 GiB", WITH_LAYER("{" LAYER_TYPE "," D ",\"size\":10737418241}")},
	{"size above 2^63", WITH_LAYER("{" LAYER_TYPE "," D ",\"size\":99999999999999999999}")},
	{"data is a number", WITH_LAYER("{" LAYER_TYPE "," D ",\"size\":1,\"data\":1}")},
	{"second layer is bad", WITH_LAYER(LAYER ",{}")},
	{"not UTF-8", "{" V2 "," CONFIG "," LAYERS ",\"a\":\"\xff\"}"},
	{"comment", "{" V2 "," CONFIG "," LAYERS "}//"},
	{"byte order mark", "\xef\xbb\xbf{" V2 "," CONFIG "," LAYERS "}"},
	{"very deep", "{" V2 ",\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]"
		      "]]]]]]]]]]]]]]]}"},
	{"an index", "{" V2 "," MT(OCI "index.v1+json") "," MANIFESTS "}"},
};

static void takes_manifests(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good_manifests); i++) {
		cleanup_manifest struct manifest m = {0};
		struct err e = {0};

		if (manifest_decode(sv(good_manifests[i].text), &m, &e) < 0)
			fail_msg("%s: %s", good_manifests[i].name, err_text(&e));
		assert_case(manifest_type_of(sv(good_manifests[i].text), &e) == MANIFEST_IMAGE,
			good_manifests[i].name);
		assert_string_equal(m.config.digest.text, "sha256:" HEX);
	}
}

static void refuses_manifests(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_manifests); i++) {
		cleanup_manifest struct manifest m = {0};
		struct err e = {0};

		assert_case(manifest_decode(sv(bad_manifests[i].text), &m, &e) < 0,
			bad_manifests[i].name);
		assert_case(e.msg[0] && !m.layers, bad_manifests[i].name);
	}
}

static void refuses_too_much(void **state)
{
	cleanup_str struct str text = {0};
	struct err e = {0};

	(void)state;
	str_add(&text, "{" V2 "," CONFIG ",\"layers\":[" LAYER);
	for (int i = 0; i < IMAGE_LAYERS_MAX; i++)
		str_add(&text, "," LAYER);
	str_add(&text, "]}");
	assert_int_equal(
		manifest_decode((struct sv){text.p, text.n}, &(struct manifest){0}, &e), -EINVAL);
	str_clear(&text);
	str_add(&text, "{" V2 "," CONFIG "," LAYERS ",\"x\":\"");
	while (text.n < IMAGE_JSON_MAX)
		str_add(&text, "0123456789abcdef0123456789abcdef0123456789abcdef");
	str_add(&text, "\"}");
	assert_int_equal(
		manifest_decode((struct sv){text.p, text.n}, &(struct manifest){0}, &e), -E2BIG);
	str_clear(&text);
	str_add(&text, "{" V2 ",\"manifests\":[" CHILD);
	for (int i = 0; i < 1024; i++)
		str_add(&text, "," CHILD);
	str_add(&text, "]}");
	assert_int_equal(
		index_decode((struct sv){text.p, text.n}, &(struct index){0}, &e), -EINVAL);
}

static void refuses_indexes(void **state)
{
	static const struct sample bad[] = {
		{"an image", "{" V2 "," CONFIG "," LAYERS "}"},
		{"manifests is null", "{" V2 ",\"manifests\":null}"},
		{"manifests is an object", "{" V2 ",\"manifests\":{}}"},
		{"manifest type", "{" V2 "," MT(OCI "manifest.v1+json") "," MANIFESTS "}"},
		{"entry without type", "{" V2 ",\"manifests\":[{" D ",\"size\":1}]}"},
		{"entry without digest",
			"{" V2 ",\"manifests\":[{" MT(OCI "manifest.v1+json") ",\"size\":1}]}"},
		{"entry of 5 MiB", "{" V2 ",\"manifests\":[{" MT(
					   OCI "manifest.v1+json") "," D ",\"size\":5242880}]}"},
		{"entry with URLs",
			"{" V2 ",\"manifests\":[{" MT(OCI
				"manifest.v1+json") "," D ",\"size\":1,\"urls\":[\"http://x\"]}]}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cleanup_index struct index x = {0};
		struct err e = {0};

		assert_case(index_decode(sv(bad[i].text), &x, &e) < 0, bad[i].name);
		assert_case(e.msg[0] && !x.entries, bad[i].name);
	}
}

#define ENTRY(n, os, arch, variant)                                                                \
	"{" MT(OCI "manifest.v1+json") ",\"digest\":\"sha256:" n                                   \
				       "a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2" \
				       "0015ad\","                                                 \
				       "\"size\":1,\"platform\":{\"os\":\"" os                     \
				       "\",\"architecture\":\"" arch "\",\"variant\":\"" variant   \
				       "\"}}"

static void chooses_the_platform(void **state)
{
	static const char text[] = "{" V2 ",\"manifests\":[" ENTRY(
		"0", "windows", "amd64", "") "," ENTRY("1", "linux", "arm", "v6") "," ENTRY("2",
		"linux", "arm", "v7") "," ENTRY("3", "linux", "arm64", "v8") "," ENTRY("4", "linux",
		"amd64", "v3") "," ENTRY("5", "linux", "amd64", "") "," ENTRY("6", "unknown",
		"unknown", "") "," ENTRY("7", "linux", "s390x",
		"") ",{" MT("application/vnd.in-toto+json") "}]}";
	static const struct {
		const char *arch;
		char wanted; /* first digit of the digest; 0: none */
	} cases[] = {
		{"amd64", '5'},
		{"arm", '2'},
		{"arm64", '3'},
		{"s390x", '7'},
		{"riscv64", 0},
	};
	cleanup_index struct index x = {0};

	(void)state;
	assert_int_equal(index_decode(sv(text), &x, NULL), 0);
	assert_int_equal(x.n, 8);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = {0};
		const struct index_entry *entry = index_choose(&x, cases[i].arch, &e);

		if (cases[i].wanted)
			assert_int_equal(digest_hex(&entry->descriptor.digest)[0], cases[i].wanted);
		else
			assert_true(!entry && e.code == -ENOENT && strstr(e.msg, "linux/arm64/v8"));
	}
}

static void reads_names(void **state)
{
	static const char text[] = "{" V2 ",\"manifests\":[{" MT(OCI
		"manifest.v1+json") "," D ",\"size\":1,\"annotations\":{\"org.opencontainers.image."
				    "ref.name\":\"1.0\"}},{" MT(OCI
					    "index.v1+json") "," D ",\"size\":1,\"annotations\":{"
							     "\"org.opencontainers.image.ref."
							     "name\":\"1.0\","
							     "\"io.containerd.image.name\":"
							     "\"h/a:1.0\"}}]}";
	cleanup_index struct index x = {0};

	(void)state;
	assert_int_equal(index_decode(sv(text), &x, NULL), 0);
	assert_string_equal(x.entries[0].ref_name, "1.0");
	assert_int_equal(x.entries[0].type, MANIFEST_IMAGE);
	assert_string_equal(x.entries[1].ref_name, "h/a:1.0");
	assert_int_equal(x.entries[1].type, MANIFEST_INDEX);
	/* One entry that says nothing of platforms is meant for everybody; two are for nobody. */
	assert_null(index_choose(&x, "amd64", NULL));
	assert_non_null(index_choose(&(struct index){x.entries, 1}, "amd64", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_manifests),
		cmocka_unit_test(refuses_manifests),
		cmocka_unit_test(refuses_too_much),
		cmocka_unit_test(refuses_indexes),
		cmocka_unit_test(chooses_the_platform),
		cmocka_unit_test(reads_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
