/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a tar stream: the same is heard whatever the pieces, contents are as long as announced, and a name that
 * passes layer_path_clean leads nowhere but down.
 */
#include "runtime/base/str.h"
#include "runtime/image/layer_path.h"
#include "runtime/tar/tar.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

struct heard {
	struct str log;
	uint64_t left;
	int inside;
};

static void check_path(const char *path)
{
	cleanup_free char *clean = NULL;
	struct sv rest;
	size_t n;

	if (layer_path_clean(path, &clean, NULL) < 0)
		return;
	assert(clean[0] != '/' && strlen(clean) <= TAR_PATH_MAX);
	rest = sv(clean);
	while (rest.n) {
		struct sv part = sv_cut(&rest, '/');

		assert(part.n && !sv_eq(part, ".") && !sv_eq(part, ".."));
	}
	if (*clean)
		assert(*layer_path_split(clean, &n) && n < strlen(clean));
}

static int on_entry(void *data, const struct tar_entry *m, struct err *e)
{
	struct heard *h = data;

	(void)e;
	assert(!h->inside && strlen(m->path) <= TAR_PATH_MAX && strlen(m->link) <= TAR_PATH_MAX);
	assert(m->mode <= 07777 && m->uid != UINT32_MAX && m->gid != UINT32_MAX);
	assert(m->mtime_ns < 1000000000 && m->n_xattrs <= TAR_XATTRS_MAX);
	assert(m->type == TAR_FILE || m->size_bytes == 0);
	check_path(m->path);
	check_path(m->link);
	h->inside = 1;
	h->left = m->size_bytes;
	str_addf(&h->log, "%d %s>%s %o %u:%u %llu\n", (int)m->type, m->path, m->link, m->mode,
		m->uid, m->gid, (unsigned long long)m->size_bytes);
	return 0;
}

static int on_bytes(void *data, const void *bytes, size_t n, struct err *e)
{
	struct heard *h = data;

	(void)bytes;
	(void)e;
	assert(h->inside && n > 0 && n <= h->left);
	h->left -= n;
	return 0;
}

static int on_done(void *data, struct err *e)
{
	struct heard *h = data;

	(void)e;
	assert(h->inside && h->left == 0);
	h->inside = 0;
	return 0;
}

static int run(const uint8_t *in, size_t n, size_t step, struct heard *h)
{
	struct tar_sink sink = {on_entry, on_bytes, on_done, h};
	CLEANUP(tar_free) struct tar *tar = tar_new(&sink);
	struct err e = {0};
	int r = 0;

	for (size_t at = 0; at < n && r == 0; at += step)
		r = tar_feed(tar, in + at, n - at < step ? n - at : step, &e);
	if (r == 0)
		r = tar_finish(tar, &e);
	assert(r == 0 || e.msg[0]);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct heard whole = {0}, pieces = {0};
	int r = run(in, n, n ? n : 1, &whole);

	assert(run(in, n, 251, &pieces) == r);
	assert(streq(whole.log.p, pieces.log.p));
	str_done(&whole.log);
	str_done(&pieces.log);
	return 0;
}
