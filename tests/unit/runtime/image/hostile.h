/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers made to do harm (T17).
 */
#ifndef TESTS_UNIT_RUNTIME_IMAGE_HOSTILE_H
#define TESTS_UNIT_RUNTIME_IMAGE_HOSTILE_H

#include "tests/unit/runtime/image/layers.h"

/*
 * The corpus (T17): every planted thing, then every way to use it. CANARY stands for the canary's absolute path, REL for a
 * way to it from the layer's root.
 */
static const struct member plants[] = {
	{'2', "a", "CANARY"},
	{'2', "a", "CANARY/file"},
	{'2', "a", "../canary"},
	{'2', "a", "."},
	{'2', "a", "a"},
	{'2', "a", "/"},
	{'5', "a/"},
	{'0', "a", .text = "mine"},
	{'0', "a", .text = "mine", .mode = 06755},
	{'1', "a", "CANARY/file"},
	{'1', "a", "../canary/file"},
	{'6', "a"},
	{'3', "a", .major = 1, .minor = 3},
	{'3', "a", .major = 0, .minor = 0},
	{'0', ".wh.a"},
	{'5', "a/", .pax = "SCHILY.xattr.trusted.overlay.redirect=/canary"},
	{'5', "a/", .pax = "SCHILY.xattr.trusted.overlay.opaque=y"},
	{'0', "a", .pax = "SCHILY.xattr.user.overlay.opaque=y\nSCHILY.xattr.user.keep=1"},
};

static const struct member hits[] = {
	{'0', "a", .text = "evil"},
	{'0', "a/file", .text = "evil"},
	{'0', "a/file", .text = "evil", .mode = 04777, .uid = 12},
	{'0', "a/dir/new", .text = "evil"},
	{'5', "a/", .mode = 0777, .uid = 12},
	{'5', "a/.", .mode = 0777},
	{'5', "a/dir/", .mode = 0777},
	{'5', "a/file", .mode = 0777},
	{'1', "h", "a"},
	{'1', "h", "a/file"},
	{'1', "a/h", "a"},
	{'1', "a", "a"},
	{'2', "a", "CANARY"},
	{'2', "a/file", "x"},
	{'0', "a/.wh.file"},
	{'0', "a/.wh.dir"},
	{'0', "a/.wh..wh..opq"},
	{'5', "a/.wh..wh..opq"},
	{'2', ".wh..wh..opq", "CANARY"},
	{'0', ".wh.a"},
	{'5', ".wh.a"},
	{'0', ".wh.."},
	{'0', ".wh..."},
	{'0', "a/../../canary/file", .text = "evil"},
	{'0', "../canary/file", .text = "evil"},
	{'0', "CANARY/file", .text = "evil"},
	{'6', "a/file"},
	{'4', "a/sda", .major = 8},
	{'0', "x", .text = "evil", .pax = "path=../canary/file"},
	{'1', "x", "y", .pax = "linkpath=a/../../canary/file"},
	{'0', "a/file",
		.pax = "SCHILY.xattr.trusted.overlay.metacopy=\nSCHILY.xattr.security.capability="
		       "x"},
};

/* After the hit, once more through whatever stands there now. */
static const struct member last_hits[] = {
	{'0', "h", .text = "evil again", .mode = 0777},
	{'0', "a", .text = "evil again", .mode = 0777},
};

BUILDS char *with_canary(const struct ground *g, const char *text)
{
	struct str out = {0};
	const char *mark = text ? strstr(text, "CANARY") : NULL;

	if (!text)
		return NULL;
	if (!mark)
		return xstrdup(text);
	str_addn(&out, text, (size_t)(mark - text));
	str_addf(&out, "%s/canary%s", g->s.path, mark + strlen("CANARY"));
	return str_take(&out);
}

BUILDS void put_member(const struct ground *g, struct str *out, const struct member *m)
{
	cleanup_free char *path = with_canary(g, m->path), *link = with_canary(g, m->link);
	struct member copy = *m;

	copy.path = path;
	copy.link = link;
	tar_put(out, &copy);
}

/* The layer number @i. Returns false behind the last. */
BUILDS bool hostile_layer(
	const struct ground *g, size_t i, struct str *out, char *name, size_t size)
{
	size_t plant = i / ARRAY_SIZE(hits), hit = i % ARRAY_SIZE(hits);

	if (plant >= ARRAY_SIZE(plants))
		return false;
	put_member(g, out, &plants[plant]);
	put_member(g, out, &hits[hit]);
	for (size_t k = 0; k < ARRAY_SIZE(last_hits); k++)
		put_member(g, out, &last_hits[k]);
	tar_end(out);
	(void)snprintf(name, size, "%c %s>%s, then %c %s>%s", plants[plant].type,
		plants[plant].path, plants[plant].link ? plants[plant].link : "", hits[hit].type,
		hits[hit].path, hits[hit].link ? hits[hit].link : "");
	return true;
}

#endif
