/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions about the images that are there: by reference, by digest, by id; and forgetting one.
 */
#include "runtime/image/record.h"
#include "runtime/image/store_internal.h"

/* "repo@sha256:…" also means an image that was pulled by tag and turned out to be that one. */
static const struct image *find_by_digest(const struct image_store *s, const struct image_ref *ref)
{
	cleanup_free char *name = image_ref_name(ref);
	size_t n = strlen(name);

	for (struct map_item *m = map_first(&s->images); m; m = map_next(m)) {
		const struct image *i = map_value(m);

		if (streq(i->digest, ref->digest) && strncmp(i->ref, name, n) == 0 &&
			(i->ref[n] == ':' || i->ref[n] == '@'))
			return i;
	}
	return NULL;
}

static const struct image *find_by_id(const struct image_store *s, const char *id)
{
	for (struct map_item *m = map_first(&s->images); m; m = map_next(m))
		if (streq(((const struct image *)map_value(m))->id, id))
			return map_value(m);
	return NULL;
}

int image_find(struct image_store *s, const char *text, const struct image **ret, struct err *e)
{
	cleanup_image_ref struct image_ref ref = {0};
	cleanup_free char *normal = NULL;
	const struct image *i = NULL;
	struct digest id;
	int r;

	if (digest_parse(sv(text), &id) == 0) {
		i = find_by_id(s, text);
	} else {
		r = image_ref_parse(text, &ref, e);
		if (r < 0)
			return r;
		normal = image_ref_text(&ref);
		i = map_get(&s->images, normal);
		if (!i && ref.digest)
			i = find_by_digest(s, &ref);
	}
	if (!i)
		return err_set(e, -ENOENT, "image %s is not on this machine", text);
	*ret = i;
	return 0;
}

static int compare_refs(const void *a, const void *b)
{
	const struct image *const *left = a, *const *right = b;

	return strcmp((*left)->ref, (*right)->ref);
}

size_t image_list(struct image_store *s, const struct image ***ret)
{
	size_t n = 0;
	const struct image **list = xcalloc(map_count(&s->images) + 1, sizeof *list);

	for (struct map_item *m = map_first(&s->images); m; m = map_next(m))
		list[n++] = map_value(m);
	qsort(list, n, sizeof *list, compare_refs);
	*ret = list;
	return n;
}

static int forget(struct image_store *s, const struct image *image, struct err *e)
{
	cleanup_free char *name = record_name(image->ref), *ref = xstrdup(image->ref);

	if (unlinkat(s->images_fd, name, 0) < 0 && errno != ENOENT)
		return err_errno(e, -errno, "removing image %s", ref);
	image_free(map_remove(&s->images, ref));
	return 0;
}

int image_remove(struct image_store *s, const char *ref, struct err *e)
{
	/* The caller's may be a member of the image that goes. */
	cleanup_free char *text = xstrdup(ref);
	const struct image *i;
	struct digest id;
	int r = image_find(s, text, &i, e);

	if (r == 0)
		r = forget(s, i, e);
	/* An id stands for all references to it. */
	while (r == 0 && digest_parse(sv(text), &id) == 0 && (i = find_by_id(s, text)))
		r = forget(s, i, e);
	return r;
}
