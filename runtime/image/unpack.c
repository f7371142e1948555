/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One layer, one pass: read, sum, decompress, sum, read the tar, write the files. Each byte is touched while it
 * is in the cache, and memory is the same for any layer. Runs in berth-unpack's jail.
 */
#include "runtime/image/unpack.h"

enum { READ_SIZE = 128 << 10 };

struct pass {
	struct digest_stream plain;
	uint64_t out_bytes;
	struct tar *tar;
};

static int on_plain(void *data, const void *bytes, size_t n, struct err *e)
{
	struct pass *p = data;

	digest_add(&p->plain, bytes, n);
	p->out_bytes += n;
	return tar_feed(p->tar, bytes, n, e);
}

static int read_all(const struct unpack_job *job, struct inflate *inflate, unsigned char *buf,
	struct unpack_result *result, struct err *e)
{
	struct digest_stream compressed;

	digest_start(&compressed);
	for (;;) {
		ssize_t n = read(job->blob_fd, buf, READ_SIZE);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, -errno, "reading the layer");
		if (n == 0)
			break;
		result->in_bytes += (uint64_t)n;
		if (result->in_bytes > job->size_max)
			return err_set(e, -EBADMSG, "it is longer than the %llu bytes announced",
				(unsigned long long)job->size_max);
		digest_add(&compressed, buf, (size_t)n);
		r = inflate_feed(inflate, buf, (size_t)n, e);
		if (r < 0)
			return r;
	}
	result->digest = digest_end(&compressed);
	return inflate_finish(inflate, e);
}

int unpack(const struct unpack_job *job, struct unpack_result *ret, struct err *e)
{
	CLEANUP(extract_free) struct extract *extract = extract_new(job->root_fd, &job->options);
	struct tar_sink sink = extract_sink(extract);
	CLEANUP(tar_free) struct tar *tar = tar_new(&sink);
	struct pass pass = {.tar = tar};
	CLEANUP(inflate_free)
	struct inflate *inflate =
		inflate_new(&job->limits, &(struct inflate_sink){on_plain, &pass});
	cleanup_free unsigned char *buf = malloc(READ_SIZE);
	struct unpack_result result = {0};
	int r;

	if (!inflate || !buf)
		return err_errno(e, -ENOMEM, "unpacking a layer");
	digest_start(&pass.plain);
	r = read_all(job, inflate, buf, &result, e);
	if (r == 0)
		r = tar_finish(tar, e);
	if (r == 0)
		r = extract_finish(extract, &result.counts, e);
	if (r < 0)
		return r;
	result.out_bytes = pass.out_bytes;
	result.diff_id = digest_end(&pass.plain);
	*ret = result;
	return 0;
}
