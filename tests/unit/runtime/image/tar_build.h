/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds the tar streams that the image tests take apart, also broken ones.
 */
#ifndef TESTS_UNIT_RUNTIME_IMAGE_TAR_BUILD_H
#define TESTS_UNIT_RUNTIME_IMAGE_TAR_BUILD_H

#include "tests/unit/unit.h"

#include "runtime/base/str.h"

/* A case names only the fields that it is about. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define BUILDS static inline __attribute__((unused))

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
	memcpy(h, path, strlen(path) < 100 ? strlen(path) : 100);
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
		memcpy(h + 157, m->link, strlen(m->link) < 100 ? strlen(m->link) : 100);
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

#endif
