/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.json of `docker save`: a list of images, each with the paths of its config and its layers.
 */
#include "runtime/image/archive.h"

static void list_free(char **list)
{
	for (char **s = list; s && *s; s++)
		free(*s);
	free(list);
}

void archive_done(struct archive *a)
{
	for (size_t i = 0; i < a->n; i++) {
		free(a->images[i].config);
		list_free(a->images[i].layers);
		list_free(a->images[i].refs);
	}
	free(a->images);
	*a = (struct archive){0};
}

static bool is_text(const json_t *j)
{
	const char *s = json_string_value(j);

	return s && *s && strlen(s) == json_string_length(j);
}

static int decode_list(const json_t *j, const char *name, char ***ret_list, struct err *e)
{
	const json_t *item;
	size_t i;

	if (j && !json_is_array(j) && !json_is_null(j))
		return err_set(e, -EINVAL, "manifest.json: %s is no list", name);
	if (json_array_size(j) > IMAGE_LAYERS_MAX)
		return err_set(e, -EINVAL, "manifest.json: %s has more than %d entries", name,
			IMAGE_LAYERS_MAX);
	*ret_list = xcalloc(json_array_size(j) + 1, sizeof **ret_list);
	json_array_foreach (j, i, item) {
		if (!is_text(item))
			return err_set(
				e, -EINVAL, "manifest.json: %s has an entry that is no text", name);
		(*ret_list)[i] = xstrdup(json_string_value(item));
	}
	return 0;
}

static int decode_image(const json_t *j, struct archive_image *image, struct err *e)
{
	int r;

	if (!is_text(json_object_get(j, "Config")))
		return err_set(e, -EINVAL, "manifest.json: an image without Config");
	image->config = xstrdup(json_str(j, "Config"));
	r = decode_list(json_object_get(j, "Layers"), "Layers", &image->layers, e);
	return r < 0 ? r : decode_list(json_object_get(j, "RepoTags"), "RepoTags", &image->refs, e);
}

int archive_decode(struct sv bytes, struct archive *ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	cleanup_archive struct archive a = {0};
	const json_t *item;
	size_t i;
	int r = json_parse_max(bytes, ARCHIVE_JSON_MAX, &j, e);

	if (r < 0)
		return err_wrap(e, r, "manifest.json");
	if (!json_is_array(j) || json_array_size(j) > ARCHIVE_IMAGES_MAX)
		return err_set(e, -EINVAL, "manifest.json: no list of at most %d images",
			ARCHIVE_IMAGES_MAX);
	a.images = xcalloc(json_array_size(j) + 1, sizeof *a.images);
	json_array_foreach (j, i, item) {
		a.n = i + 1;
		r = decode_image(item, &a.images[i], e);
		if (r < 0)
			return r;
	}
	*ret = a;
	a = (struct archive){0};
	return 0;
}
