/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image store's files as text. A record that does not decode is dropped by the store: an image can be
 * pulled again, so nothing here repairs.
 */
#include "runtime/image/record.h"

void image_record_done(struct image_record *r)
{
	free(take(r->ref));
	image_config_done(&r->config);
}

char *image_record_encode(const struct image_record *r)
{
	cleanup_json json_t *j = json_object();

	json_put_str(j, "ref", r->ref);
	json_put_str(j, "id", r->id.text);
	json_put_str(j, "digest", r->digest.text);
	json_put_int(j, "loaded_at_ns", (json_int_t)r->loaded_wall_ns);
	json_put(j, "config", image_config_encode(&r->config));
	return json_text(j);
}

static int read_digest(const json_t *j, const char *key, struct digest *ret, struct err *e)
{
	const char *text = json_str(j, key);

	if (!text || digest_parse(sv(text), ret) < 0)
		return err_set(e, -EBADMSG, "%s is no digest", key);
	return 0;
}

int image_record_decode(struct sv text, struct image_record *ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	struct image_record record = {0};
	int r = json_parse_max(text, IMAGE_JSON_MAX, &j, e);

	if (r < 0)
		return r;
	r = read_digest(j, "id", &record.id, e);
	if (r == 0)
		r = read_digest(j, "digest", &record.digest, e);
	if (r == 0 && !json_str(j, "ref"))
		r = err_set(e, -EBADMSG, "no ref");
	if (r == 0)
		r = image_config_from_json(json_object_get(j, "config"), &record.config, e);
	if (r < 0)
		return r;
	record.ref = xstrdup(json_str(j, "ref"));
	record.loaded_wall_ns = (uint64_t)json_int(j, "loaded_at_ns", 0);
	*ret = record;
	return 0;
}

char *record_name(const char *ref)
{
	struct digest d = digest_of(ref, strlen(ref));

	return xasprintf("%s.json", digest_hex(&d));
}

int layer_decode(struct sv text, struct layer *ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	struct layer layer = {0};
	int r = json_parse(text, &j, e);

	if (r == 0)
		r = read_digest(j, "diff_id", &layer.diff_id, e);
	if (r < 0)
		return r;
	layer.bytes = (uint64_t)json_int(j, "bytes", 0);
	*ret = layer;
	return 0;
}
