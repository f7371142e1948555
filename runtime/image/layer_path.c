/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names in a layer. A name is taken as relative to the layer's root whatever it begins with; nothing in
 * it may lead upwards, and only a last part may look like a whiteout.
 */
#include "runtime/image/layer_path.h"

#include "runtime/base/str.h"
#include "runtime/tar/tar.h"

static const char whiteout_prefix[] = ".wh.";
static const char aufs_prefix[] = ".wh..wh.";
static const char opaque_name[] = ".wh..wh..opq";

int layer_path_clean(const char *path, char **ret, struct err *e)
{
	cleanup_str struct str clean = {0};
	struct sv rest = sv(path), part = {0};
	size_t depth = 0;

	if (rest.n > TAR_PATH_MAX)
		return err_set(e, -EBADMSG, "%.60s…: the name is longer than %d bytes", path,
			TAR_PATH_MAX);
	while (rest.n) {
		bool was_whiteout = sv_starts(part, whiteout_prefix);
		struct sv next = sv_cut(&rest, '/');

		if (next.n == 0 || sv_eq(next, "."))
			continue;
		if (sv_eq(next, ".."))
			return err_set(e, -EBADMSG, "%.200s: \"..\" in a name", path);
		if (was_whiteout)
			return err_set(
				e, -EBADMSG, "%.200s: a directory is named like a whiteout", path);
		if (++depth > LAYER_DEPTH_MAX)
			return err_set(e, -EBADMSG, "%.60s…: more than %d directories deep", path,
				LAYER_DEPTH_MAX);
		if (clean.n)
			str_add(&clean, "/");
		str_addn(&clean, next.p, next.n);
		part = next;
	}
	*ret = str_take(&clean);
	return 0;
}

const char *layer_path_split(const char *path, size_t *ret_n)
{
	const char *slash = strrchr(path, '/');

	*ret_n = slash ? (size_t)(slash - path) : 0;
	return slash ? slash + 1 : path;
}

int layer_whiteout(const char *name, const char **ret_name, struct err *e)
{
	const char *hidden = name + sizeof whiteout_prefix - 1;

	if (!sv_starts(sv(name), whiteout_prefix))
		return WHITEOUT_NONE;
	if (streq(name, opaque_name))
		return WHITEOUT_OPAQUE;
	if (sv_starts(sv(name), aufs_prefix))
		return WHITEOUT_OTHER;
	if (!*hidden || streq(hidden, ".") || streq(hidden, ".."))
		return err_set(e, -EBADMSG, "%s: a whiteout of nothing", name);
	*ret_name = hidden;
	return WHITEOUT_FILE;
}
