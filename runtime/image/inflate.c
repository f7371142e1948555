/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompression. gzip is done by ISA-L, about three times as fast as zlib and streaming with a fixed state;
 * zstd by its own library with a bounded window. One table row for each form; every byte that comes out passes
 * give(), which keeps the limits.
 */
#include "runtime/image/inflate.h"

#include <isa-l/igzip_lib.h>
#include <stdbool.h>
#include <zstd.h>

enum { OUT_SIZE = 256 << 10, MAGIC_MAX = 6 };

const struct inflate_limits inflate_limits_layer = {
	.out_bytes = 10ull << 30,
	.ratio_after = 64ull << 20,
	.ratio = 100,
};

struct form {
	const char *name;
	unsigned char magic[MAGIC_MAX];
	size_t magic_n;
	int (*feed)(struct inflate *f, const void *p, size_t n, struct err *e); /* NULL: refused */
};

struct inflate {
	struct inflate_limits limits;
	struct inflate_sink sink;
	uint64_t in, out;
	unsigned char head[MAGIC_MAX]; /* the first bytes, until the form is known */
	size_t n_head;
	const struct form *form;
	bool inside; /* of a gzip member or a zstd frame */
	struct inflate_state gzip;
	ZSTD_DCtx *zstd;
	unsigned char buf[OUT_SIZE];
};

static int give(struct inflate *f, const void *p, size_t n, struct err *e)
{
	if (n == 0)
		return 0;
	f->out += n;
	if (f->out > f->limits.out_bytes)
		return err_set(e, -EFBIG, "it unpacks to more than %llu bytes",
			(unsigned long long)f->limits.out_bytes);
	if (f->out > f->limits.ratio_after && f->out / f->limits.ratio > f->in)
		return err_set(e, -EFBIG,
			"it unpacks to more than %u times its size (a decompression bomb)",
			f->limits.ratio);
	return f->sink.bytes(f->sink.data, p, n, e);
}

static int feed_plain(struct inflate *f, const void *p, size_t n, struct err *e)
{
	return give(f, p, n, e);
}

static int feed_gzip(struct inflate *f, const void *p, size_t n, struct err *e)
{
	struct inflate_state *s = &f->gzip;

	/* ISA-L takes a non-const pointer and does not write through it. */
	s->next_in = (uint8_t *)(uintptr_t)p;
	s->avail_in = (uint32_t)n;
	for (;;) {
		size_t room, before = s->avail_in;
		int r;

		if (!f->inside) {
			if (s->avail_in == 0)
				return 0;
			isal_inflate_reset(s);
			s->crc_flag = ISAL_GZIP;
			f->inside = true;
		}
		s->next_out = f->buf;
		s->avail_out = OUT_SIZE;
		r = isal_inflate(s);
		if (r < 0)
			return err_set(e, -EBADMSG,
				r == ISAL_INCORRECT_CHECKSUM ? "gzip: the checksum is wrong"
							     : "gzip: the data is broken");
		room = s->avail_out;
		r = give(f, f->buf, OUT_SIZE - room, e);
		if (r < 0)
			return r;
		if (s->block_state == ISAL_BLOCK_FINISH)
			f->inside = false;
		else if (s->avail_in == 0 && room > 0)
			return 0;
		else if (s->avail_in == before && room == OUT_SIZE)
			return err_set(e, -EBADMSG, "gzip: the data is broken");
	}
}

static int feed_zstd(struct inflate *f, const void *p, size_t n, struct err *e)
{
	ZSTD_inBuffer in = {p, n, 0};

	for (;;) {
		ZSTD_outBuffer out = {f->buf, OUT_SIZE, 0};
		size_t left = ZSTD_decompressStream(f->zstd, &out, &in);
		int r;

		if (ZSTD_isError(left))
			return err_set(e, -EBADMSG, "zstd: %s", ZSTD_getErrorName(left));
		f->inside = left != 0;
		r = give(f, f->buf, out.pos, e);
		if (r < 0)
			return r;
		if (in.pos == in.size && out.pos < out.size)
			return 0;
	}
}

static const struct form forms[] = {
	{"gzip", {0x1f, 0x8b}, 2, feed_gzip},
	{"zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4, feed_zstd},
	{"xz", {0xfd, '7', 'z', 'X', 'Z', 0}, 6, NULL},
	{"bzip2", {'B', 'Z', 'h'}, 3, NULL},
};
static const struct form plain = {"plain", {0}, 0, feed_plain};

struct inflate *inflate_new(const struct inflate_limits *limits, const struct inflate_sink *sink)
{
	CLEANUP(inflate_free) struct inflate *f = calloc(1, sizeof *f);

	if (!f)
		return NULL;
	f->limits = *limits;
	f->sink = *sink;
	isal_inflate_init(&f->gzip);
	f->zstd = ZSTD_createDCtx();
	if (!f->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(
				f->zstd, ZSTD_d_windowLogMax, INFLATE_ZSTD_WINDOW_LOG)))
		return NULL;
	return take(f);
}

void inflate_free(struct inflate *f)
{
	if (!f)
		return;
	(void)ZSTD_freeDCtx(f->zstd);
	free(f);
}

/* The form whose magic the head is; NULL while it could still become one of several. */
static const struct form *recognise(const struct inflate *f, bool at_end)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		size_t n = f->n_head < forms[i].magic_n ? f->n_head : forms[i].magic_n;

		if (memcmp(f->head, forms[i].magic, n) != 0)
			continue;
		if (n == forms[i].magic_n)
			return &forms[i];
		if (!at_end)
			return NULL;
	}
	return &plain;
}

static int start(struct inflate *f, const struct form *form, struct err *e)
{
	f->form = form;
	if (!form->feed)
		return err_set(e, -EBADMSG,
			"it is compressed with %s; image layers are gzip, zstd or plain tar",
			form->name);
	return form->feed(f, f->head, f->n_head, e);
}

int inflate_feed(struct inflate *f, const void *bytes, size_t n, struct err *e)
{
	const unsigned char *p = bytes;

	f->in += n;
	while (!f->form && n) {
		const struct form *form;
		int r;

		f->head[f->n_head++] = *p++;
		n--;
		form = recognise(f, false);
		if (!form)
			continue;
		r = start(f, form, e);
		if (r < 0)
			return r;
	}
	return n ? f->form->feed(f, p, n, e) : 0;
}

int inflate_finish(struct inflate *f, struct err *e)
{
	if (!f->form && f->n_head) {
		int r = start(f, recognise(f, true), e);

		if (r < 0)
			return r;
	}
	if (f->inside)
		return err_set(e, -EBADMSG, "%s: the data ends in the middle", f->form->name);
	return 0;
}
