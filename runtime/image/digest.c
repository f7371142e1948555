/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 of manifests, configs and layers: the names under which images are known. nettle does the sum:
 * it uses the processor's SHA instructions, needs no set-up and cannot fail, and the agent has it in
 * memory already (GnuTLS stands on it).
 */
#include "runtime/image/digest.h"

static const char algorithm[] = "sha256:";

int digest_parse(struct sv text, struct digest *ret)
{
	if (text.n != DIGEST_SIZE - 1 || !sv_starts(text, algorithm))
		return -EINVAL;
	for (size_t i = sizeof algorithm - 1; i < text.n; i++) {
		char c = text.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return -EINVAL;
	}
	memcpy(ret->text, text.p, text.n);
	ret->text[text.n] = '\0';
	return 0;
}

const char *digest_hex(const struct digest *d)
{
	return d->text + sizeof algorithm - 1;
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
	return strcmp(a->text, b->text) == 0;
}

void digest_start(struct digest_stream *s)
{
	sha256_init(&s->ctx);
}

void digest_add(struct digest_stream *s, const void *bytes, size_t n)
{
	sha256_update(&s->ctx, n, bytes);
}

struct digest digest_end(struct digest_stream *s)
{
	uint8_t sum[SHA256_DIGEST_SIZE];
	struct digest d;

	sha256_digest(&s->ctx, sizeof sum, sum);
	memcpy(d.text, algorithm, sizeof algorithm - 1);
	hex_encode(sum, sizeof sum, d.text + sizeof algorithm - 1);
	return d;
}

struct digest digest_of(const void *bytes, size_t n)
{
	struct digest_stream s;

	digest_start(&s);
	digest_add(&s, bytes, n);
	return digest_end(&s);
}
