/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CRI log format: lines of "TIME stdout|stderr F|P text"; P marks a part of a line that goes on. Sans-IO:
 * bytes in, text out. Source: Kubernetes design proposals, "CRI logging"; kubelet pkg/kubelet/kuberuntime/logs.
 */
#ifndef AGENT_API_CRILOG_H
#define AGENT_API_CRILOG_H

#include "runtime/base/str.h"

enum {
	CRILOG_ENTRY_MAX =
		64 << 10, /* of a line of the file; what is longer is cut (the shim's are 16 KiB) */
	CRILOG_HEADER_MAX = 64, /* TIME stream tag, with blanks */
};

enum crilog_stream { CRILOG_STDOUT = 1, CRILOG_STDERR = 2, CRILOG_ALL = 3 };

struct crilog {
	/* What to show; set by the caller before the first bytes. */
	uint64_t since_wall_ns; /* entries before are left out */
	uint64_t limit_bytes;	/* of output; UINT64_MAX: none */
	bool timestamps;
	enum crilog_stream streams;
	/* State. */
	struct str entry; /* the beginning of an entry whose end has not come yet */
	bool overlong;	  /* … and what is left of it is thrown away */
	bool line_open;	  /* the last output ended without a newline … */
	enum crilog_stream open_stream;
};

/** Shows everything. */
#define CRILOG_INIT                                                                                \
	{                                                                                          \
		.limit_bytes = UINT64_MAX, .streams = CRILOG_ALL                                   \
	}

/** Takes the next @n bytes of a file, adds what is to be shown to @out. Damaged entries are left out. */
void crilog_feed(struct crilog *l, const char *bytes, size_t n, struct str *out);
/** The file has ended (or another begins): what was begun is forgotten, an open line is closed. */
void crilog_end(struct crilog *l, struct str *out);
/** Nothing more will be shown: limit_bytes has been reached. */
bool crilog_full(const struct crilog *l);
void crilog_done(struct crilog *l);

/* One entry, taken apart. */
struct crilog_entry {
	uint64_t wall_ns;
	enum crilog_stream stream;
	bool partial;
	struct sv time, text;
};
/** @line: without its newline. Returns: 0, or -EBADMSG. */
int crilog_parse(struct sv line, struct crilog_entry *ret);

/* Finding the last N lines, from the end of a file to its front, a block at a time. */
struct crilog_tail {
	uint64_t lines; /* wanted */
	uint64_t found; /* so far */
	uint64_t at;	/* the front of what has been looked at */
	uint64_t start; /* where the lines found so far begin */
	bool done;
	char carry[CRILOG_HEADER_MAX]; /* the bytes behind `at` */
	size_t carried;
	bool any; /* an entry has been seen */
};
/** @size: of the file, whose last byte is a newline or is waited for. */
void crilog_tail_begin(struct crilog_tail *t, uint64_t lines, uint64_t size);
/** Takes the @n bytes that end at t->at. When t->done is set, t->start is the answer. */
void crilog_tail_feed(struct crilog_tail *t, const char *bytes, size_t n);

#endif
