/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file side of a log. Must hold: a file has whole records only, also when the disk fills up in the middle of one; a
 * byte of the container's is in a file, held for it, or counted as lost, and the count is told in the log.
 */
#include "runtime/shim/logsink.h"

#include "runtime/base/own.h"
#include "runtime/base/str.h"
#include "runtime/shim/logfile.h"

enum { ALIGN_BYTES = 64 << 10, HELD_MAX = 8 << 20 };

/* ---- what the disk does not take --------------------------------------------------------------------- */

/* Behind the third blank. */
static size_t header_length(const char *record, size_t n)
{
	struct sv rest = {record, n};

	for (int i = 0; i < 3; i++)
		(void)sv_cut(&rest, ' ');
	return n - rest.n;
}

/* Whole records that are not written: the container's lines and bytes in them. */
static void count_lost(struct log *l, const char *bytes, size_t n, int error)
{
	struct sv rest = {bytes, n};

	l->lost.error = error;
	while (rest.n) {
		struct sv record = sv_cut(&rest, '\n');
		size_t header = header_length(record.p, record.n);
		bool ends = header >= 2 && record.p[header - 2] == 'F';

		l->lost.bytes += record.n - header + ends;
		l->lost.lines += ends;
	}
}

static void hold(struct log *l, const char *bytes, size_t n, int error)
{
	if (!l->waits || l->n_held + n > HELD_MAX) {
		count_lost(l, bytes, n, error);
		return;
	}
	l->held = xrealloc(l->held, l->n_held + n, 1);
	memcpy(l->held + l->n_held, bytes, n);
	l->n_held += n;
}

static int open_again(struct log *l)
{
	int fd =
		l->dir_fd < 0 ? -EBADF : logfile_create(l->dir_fd, l->run, clock_wall_ns(l->clock));

	if (fd < 0)
		return fd;
	l->file_fd = fd;
	l->size = 0;
	return 0;
}

/*
 * Writes records, of which the first @done bytes are in the file already. Returns: 0, or -errno and then in @done the bytes
 * of the whole records that did get there.
 */
static int write_records(struct log *l, const char *bytes, size_t n, size_t *ret_done)
{
	size_t done = *ret_done, before = done, cut;
	int r = l->file_fd < 0 ? open_again(l) : 0;

	while (r == 0 && done < n) {
		ssize_t k = write(l->file_fd, bytes + done, n - done);

		if (k > 0)
			done += (size_t)k;
		else if (k == 0 || errno != EINTR)
			r = k == 0 ? -EIO : -errno;
	}
	cut = done;
	while (r < 0 && cut > 0 && bytes[cut - 1] != '\n')
		cut--;
	/* A record that was torn is taken back: nobody who reads the file later could tell where it ends. */
	if (cut < done && ftruncate(l->file_fd, (off_t)(l->size - before + cut)) < 0)
		cut = done;
	l->size = l->size - before + cut;
	*ret_done = cut;
	return r;
}

int sink_tell_loss(struct log *l)
{
	const struct log_loss lost = l->lost;
	/* Not into a line of the container's that has begun. */
	const char *stream = l->streams[1].open && !l->streams[0].open ? "stdout" : "stderr";
	char time[RFC3339_SIZE], line[256];
	size_t done = 0;
	int n, r;

	if (!lost.lines && !lost.bytes)
		return 0;
	n = snprintf(line, sizeof line, "%s %s F [berth: %llu lines (%llu bytes) dropped%s%s]\n",
		rfc3339_nano(clock_wall_ns(l->clock), time), stream, (unsigned long long)lost.lines,
		(unsigned long long)lost.bytes, lost.error ? ": " : "",
		lost.error ? strerror(-lost.error) : "");
	r = write_records(l, line, (size_t)n, &done);
	if (r == 0)
		l->lost = (struct log_loss){0};
	return r;
}

int sink_retry(struct log *l)
{
	size_t done = 0;
	int r;

	if (!l->n_held)
		return 0;
	r = write_records(l, l->held, l->n_held, &done);
	l->n_held -= done;
	if (l->n_held) {
		memmove(l->held, l->held + done, l->n_held);
		return r;
	}
	free(l->held);
	l->held = NULL;
	return 0;
}

void sink_give_up(struct log *l)
{
	if (l->n_held)
		count_lost(l, l->held, l->n_held, -ENOSPC);
	free(l->held);
	l->held = NULL;
	l->n_held = 0;
}

/* ---- gathering --------------------------------------------------------------------------------------- */

static void flush_n(struct sink *k, size_t n)
{
	struct log *l = k->log;
	int r = 0;

	if (n == 0)
		return;
	if (l->lost.error)
		r = sink_tell_loss(l);
	if (r == 0 && l->n_held)
		r = sink_retry(l);
	if (r == 0)
		r = write_records(l, k->p, n, &k->done);
	if (r == 0)
		return;
	/* From here on whole records only are written: what is behind @n in the buffer goes the same way. */
	hold(l, k->p + k->done, k->n - k->done, r);
	k->n = k->done = 0;
}

void sink_flush(struct sink *k)
{
	flush_n(k, k->n);
	k->n = k->done = 0;
}

/* All but what stands behind the last multiple of ALIGN_BYTES in the file: whole pages cost the kernel less. */
static void flush_pages(struct sink *k)
{
	size_t tail = (k->log->size + k->n - k->done) % ALIGN_BYTES, n, cut;

	if (tail >= k->n - k->done)
		tail = 0;
	n = cut = k->n - tail;
	flush_n(k, n);
	if (!k->n)
		return;
	/* A record that is there in part stays whole in memory, should the disk not take the rest. */
	while (cut > 0 && k->p[cut - 1] != '\n')
		cut--;
	k->done = n - cut;
	k->n -= cut;
	memmove(k->p, k->p + cut, k->n);
}

static void rotate(struct log *l)
{
	int fd = logfile_rotate(l->dir_fd, l->run, l->max_files, clock_wall_ns(l->clock));

	if (fd < 0) /* go on in the old file rather than nowhere */
		return;
	(void)close(l->file_fd);
	l->file_fd = fd;
	l->size = 0;
}

void sink_put(struct sink *k, const struct cri_prefix *prefix, const struct cri_text *text)
{
	size_t need = prefix->n + text->n_carry + text->n + 1;
	struct log *l = k->log;

	if (k->n + need > SINK_BYTES)
		flush_pages(k);
	if (l->max_bytes && l->size + k->n - k->done > 0 &&
		l->size + k->n - k->done + need > l->max_bytes) {
		sink_flush(k);
		if (l->size && !l->n_held && l->file_fd >= 0)
			rotate(l);
	}
	k->n += cri_put(k->p + k->n, prefix, text);
}
