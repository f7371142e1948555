/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading CRI logs: what containers wrote, by the hands of the shim. The text is a stranger's and is handed on as
 * it is; the framing is checked entry by entry, so that damage costs one line.
 */
#include "agent/api/crilog.h"
#include "runtime/base/clock.h"

int crilog_parse(struct sv line, struct crilog_entry *ret)
{
	struct sv left = line, time = sv_cut(&left, ' '), stream = sv_cut(&left, ' '), tag;
	char text[RFC3339_SIZE + 8];
	struct crilog_entry entry = {.time = time};

	if (time.n == 0 || time.n >= sizeof text)
		return -EBADMSG;
	memcpy(text, time.p, time.n);
	text[time.n] = '\0';
	if (rfc3339_parse(text, &entry.wall_ns) < 0)
		return -EBADMSG;
	entry.stream = sv_eq(stream, "stdout")	 ? CRILOG_STDOUT
		       : sv_eq(stream, "stderr") ? CRILOG_STDERR
						 : 0;
	/* Tags are joined by colons, the first is F or P. An empty line may have no blank behind it. */
	tag = sv_cut(&left, ' ');
	entry.text = left;
	tag = sv_cut(&tag, ':');
	entry.partial = sv_eq(tag, "P");
	if (!entry.stream || !(entry.partial || sv_eq(tag, "F")))
		return -EBADMSG;
	*ret = entry;
	return 0;
}

static void show(struct crilog *l, const void *bytes, size_t n, struct str *out)
{
	if (n > l->limit_bytes)
		n = (size_t)l->limit_bytes;
	if (n == 0)
		return;
	str_addn(out, bytes, n);
	if (l->limit_bytes != UINT64_MAX)
		l->limit_bytes -= n;
}

static void show_entry(struct crilog *l, struct sv line, struct str *out)
{
	struct crilog_entry entry;

	if (crilog_parse(line, &entry) < 0)
		return;
	if (!(entry.stream & l->streams) || entry.wall_ns < l->since_wall_ns)
		return;
	/* The other stream came in between: its text must not stand in our line. */
	if (l->line_open && l->open_stream != entry.stream) {
		show(l, "\n", 1, out);
		l->line_open = false;
	}
	if (l->timestamps && !l->line_open) {
		show(l, entry.time.p, entry.time.n, out);
		show(l, " ", 1, out);
	}
	show(l, entry.text.p, entry.text.n, out);
	if (!entry.partial)
		show(l, "\n", 1, out);
	l->line_open = entry.partial;
	l->open_stream = entry.stream;
}

/* The end of an entry has come. */
static void finish_entry(struct crilog *l, const char *bytes, size_t n, struct str *out)
{
	if (l->overlong) {
		l->overlong = false;
		return;
	}
	if (l->entry.n == 0) {
		show_entry(l, (struct sv){bytes, n}, out);
		return;
	}
	str_addn(&l->entry, bytes, n);
	show_entry(l, (struct sv){l->entry.p, l->entry.n}, out);
	str_clear(&l->entry);
}

void crilog_feed(struct crilog *l, const char *bytes, size_t n, struct str *out)
{
	while (n > 0 && !crilog_full(l)) {
		const char *end = memchr(bytes, '\n', n);
		size_t part = end ? (size_t)(end - bytes) : n;

		if (end) {
			finish_entry(l, bytes, part, out);
			part++;
		} else if (!l->overlong && l->entry.n + part <= CRILOG_ENTRY_MAX) {
			str_addn(&l->entry, bytes, part);
		} else if (!l->overlong) {
			l->overlong = true;
			show_entry(l, (struct sv){l->entry.p ? l->entry.p : "", l->entry.n}, out);
			str_clear(&l->entry);
		}
		bytes += part;
		n -= part;
	}
}

void crilog_end(struct crilog *l, struct str *out)
{
	str_clear(&l->entry);
	l->overlong = false;
	if (l->line_open)
		show(l, "\n", 1, out);
	l->line_open = false;
}

bool crilog_full(const struct crilog *l)
{
	return l->limit_bytes == 0;
}

void crilog_done(struct crilog *l)
{
	str_done(&l->entry);
}

/* ---- the last lines ---------------------------------------------------------------------------- */

void crilog_tail_begin(struct crilog_tail *t, uint64_t lines, uint64_t size)
{
	*t = (struct crilog_tail){
		.lines = lines, .at = size, .start = size, .done = lines == 0 || size == 0};
}

/* The entry that begins at @offset, of which @head is the beginning. Met from the last to the first. */
static void meet_entry(struct crilog_tail *t, uint64_t offset, struct sv head)
{
	struct sv line = sv_cut(&head, '\n');
	struct crilog_entry entry;

	/* Damaged, or still being written, or nothing behind the last newline: it is not shown either. */
	if (crilog_parse(line, &entry) < 0)
		return;
	/* An entry tagged F ends a line; the last entry does so whatever it says. */
	if (!entry.partial || !t->any) {
		if (t->found == t->lines) {
			t->done = true;
			return;
		}
		t->found++;
	}
	t->any = true;
	t->start = offset;
}

void crilog_tail_feed(struct crilog_tail *t, const char *bytes, size_t n)
{
	uint64_t front = t->at - n;
	struct str text = {0};

	/* The header of an entry may stand across the blocks. */
	str_addn(&text, bytes, n);
	str_addn(&text, t->carry, t->carried);
	for (size_t i = n; i-- > 0 && !t->done;) {
		struct sv head = {text.p + i + 1, text.n - i - 1};

		if (text.p[i] != '\n')
			continue;
		if (head.n > CRILOG_HEADER_MAX)
			head.n = CRILOG_HEADER_MAX;
		meet_entry(t, front + i + 1, head);
	}
	if (front == 0 && !t->done) {
		meet_entry(t, 0,
			(struct sv){
				text.p, text.n < CRILOG_HEADER_MAX ? text.n : CRILOG_HEADER_MAX});
		t->done = true;
	}
	t->carried = text.n < CRILOG_HEADER_MAX ? text.n : CRILOG_HEADER_MAX;
	memcpy(t->carry, text.p, t->carried);
	t->at = front;
	str_done(&text);
}
