/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stored form of an object. apiVersion and kind stand in the row only, so that lists and watch
 * events are made of stored text without parsing it. What is read back is damaged until its sum
 * and its names agree.
 */
#include "agent/store/record.h"
#include "agent/spec/spec.h"

char *record_key(const struct kind *kind, char out[RECORD_KEY_SIZE])
{
	(void)snprintf(out, RECORD_KEY_SIZE, "%s%s%s", kind->plural, kind->group[0] ? "." : "",
		kind->group);
	return out;
}

const struct kind *record_kind(struct sv key)
{
	char name[RECORD_KEY_SIZE];

	for (size_t i = 0; kinds[i]; i++)
		if (kinds[i]->plural && sv_eq(key, record_key(kinds[i], name)))
			return kinds[i];
	return NULL;
}

char *stored_encode(const json_t *object)
{
	cleanup_json json_t *row = json_object();
	const char *key;
	json_t *value;

	(void)json_object_set(row, "metadata", json_object_get(object, "metadata"));
	json_object_foreach ((json_t *)(uintptr_t)object, key, value)
		if (!streq(key, "metadata") && !streq(key, "apiVersion") && !streq(key, "kind"))
			(void)json_object_set(row, key, value);
	return json_text(row);
}

int64_t record_sum(struct sv text)
{
	/* Eight bytes a step; an odd multiplier and a fold, so that every bit reaches the top. */
	const uint64_t factor = 0x9e3779b97f4a7c15ull;
	uint64_t sum = text.n * factor, word;
	size_t i = 0;

	for (; i + sizeof word <= text.n; i += sizeof word) {
		memcpy(&word, text.p + i, sizeof word);
		sum = (sum ^ word) * factor;
		sum ^= sum >> 29;
	}
	word = 0;
	if (i < text.n)
		memcpy(&word, text.p + i, text.n - i);
	sum = (sum ^ word) * factor;
	return (int64_t)(sum ^ sum >> 32);
}

int stored_decode(const struct kind *kind, struct sv text, int64_t sum, json_t **ret, struct err *e)
{
	cleanup_json json_t *row = NULL, *object = NULL;
	json_error_t where;

	if (record_sum(text) != sum)
		return err_set(e, -EUCLEAN, "the record's checksum is wrong");
	/* Twice the limit of a request: defaults and status come on top of what a user sent. */
	if (text.n > 2 * JSON_BYTES_MAX)
		return err_set(e, -EUCLEAN, "the record is %zu bytes long", text.n);
	row = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &where);
	if (!json_is_object(row) || !json_map(row, "metadata"))
		return err_set(e, -EUCLEAN, "the record is no object: %s", where.text);
	object = json_object();
	json_put_str(object, "apiVersion", kind_api_version(kind));
	json_put_str(object, "kind", kind->kind);
	if (json_object_update_missing(object, row) < 0)
		abort();
	*ret = take(object);
	return 0;
}

int record_check(const json_t *object, struct sv ns, struct sv name, uint64_t rv, struct err *e)
{
	const json_t *meta = json_map(object, "metadata");
	uint64_t version;

	if (!sv_eq(name, json_str_or(meta, "name", "")) ||
		!sv_eq(ns, json_str_or(meta, "namespace", "")))
		return err_set(e, -EUCLEAN, "the record names another object");
	if (!json_str(meta, "uid") || !json_str(meta, "creationTimestamp"))
		return err_set(e, -EUCLEAN, "the record has no identity");
	if (parse_u64(sv(json_str_or(meta, "resourceVersion", "")), &version) < 0 || version != rv)
		return err_set(e, -EUCLEAN, "the record is of another version");
	return 0;
}
