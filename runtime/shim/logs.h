/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's output as CRI log lines in files that rotate by size.
 *
 *	2026-11-22T20:28:01.123456789Z stdout F a whole line
 *	2026-11-22T20:28:01.123456789Z stdout P the first 16 KiB of a longer one
 *
 * Bytes are kept exactly: the texts of P and F lines put together are what the container wrote. A read's lines carry
 * the time of the read. Where the disk is full or a rate is set, the container waits, or whole lines are left out and a line
 * says how many: "[berth: 12 lines (3456 bytes) dropped]". Source: Kubernetes CRI, logging format; safety R20.
 */
#ifndef RUNTIME_SHIM_LOGS_H
#define RUNTIME_SHIM_LOGS_H

#include "runtime/base/clock.h"
#include "runtime/shim/lograte.h"
#include "runtime/shim/loop.h"

#include <stddef.h>

enum { LOG_LINE_MAX = 16 << 10, LOG_PIPE_BYTES = 256 << 10 };

/*
 * Room to read and to write in, shared by all logs of a shim and given back after a quiet time: not before every
 * sleep, because a container that floods has the shim sleep between any two of its writes, and new memory is
 * dearer than the work done in it.
 */
struct log_buffer {
	char *p; /* NULL: given back */
	bool used;
	uint64_t look_at_ns; /* when it is given back unless it was used; 0: to be set */
};

struct log_stream {
	struct source source;
	const char *name; /* "stdout", "stderr" */
	char *carry;	  /* the start of a line whose end has not come; NULL mostly */
	size_t n_carry;
	bool open;    /* a record has begun a line … */
	bool dropped; /* … which is left out */
};

/* What the container wrote and the log has not. */
struct log_loss {
	uint64_t lines, bytes;
	int error; /* what the disk said, -errno; 0: it was the rate */
};

/*
 * Who else wants the bytes (attach.c). They are asked before each read and handed what was read.
 */
struct log;
struct log_tap {
	/* How many bytes of stream 0 or 1 may be read; 0: none, and the stream is paused. */
	size_t (*room)(struct log *l, size_t stream);
	void (*spread)(struct log *l, size_t stream, const char *bytes, size_t n);
};

struct log {
	const struct log_tap *tap; /* NULL: nobody */
	struct loop *loop;
	const struct clock *clock;
	struct log_buffer *buffer;
	struct log_stream streams[2];
	int dir_fd; /* LOG_DIR/CONTAINER */
	int file_fd;
	uint32_t run;	    /* N of N.log */
	uint64_t size;	    /* of the current file */
	uint64_t max_bytes; /* of one file */
	uint32_t max_files; /* of one run */
	uint32_t runs;	    /* whose files are kept, this one too */
	bool waits;	    /* the policy: the container does; else lines are left out */
	struct log_rate rate;
	struct log_loss lost; /* and not told yet */
	char *held;	      /* whole records that wait for room on the disk; NULL mostly */
	size_t n_held;
	bool paused;	     /* the streams are not read */
	uint64_t look_at_ns; /* when log_timer() has something to do; 0: nothing */
};

/**
 * Opens CONTAINER/N.log below @log_dir_fd, new (R20); an older file of that name is set aside as a rotated one.
 * The limits are in @l already. 0 or -errno; the log works without a file, and tries again to make it.
 */
int log_open_run(struct log *l, int log_dir_fd, const char *container, uint32_t run);

/** Makes the two pipes; their write ends are the caller's to close. 0 or -errno. */
int log_open_pipes(struct log *l, int ret_write[2]);

/** The same in two steps: the pipes of a run that has not begun, and, their read ends taken, its output from now on. */
int log_make_pipes(int ret_read[2], int ret_write[2]);
int log_take_pipes(struct log *l, int own_read[2]);

/** A terminal's master in place of the pipes. @own_fd: does not wait. 0 or -errno. */
int log_open_terminal(struct log *l, int own_fd);

/** In a shim that goes on from another's state (handover.h): the pipes are read again. 0 or -errno. */
int log_resume(
	struct log *l, struct loop *loop, const struct clock *clock, struct log_buffer *buffer);

/** Takes what is in the pipes, writes unfinished lines as P, closes the pipes. The file stays open. */
void log_close_pipes(struct log *l);
void log_close(struct log *l);

/** When log_timer() is to be called, CLOCK_BOOTTIME; UINT64_MAX: not at all. */
uint64_t log_deadline(const struct log *l);
/** Tries again what the disk did not take, tells what was dropped, reads on. */
void log_timer(struct log *l, uint64_t now_ns);

/** Last bytes of the run's output, at most @size-1 and at most 80 lines, without the CRI prefixes. For termination messages. */
size_t log_tail(const struct log *l, char *buf, size_t size);

/** When log_buffer_timer() wants to be called, CLOCK_BOOTTIME; UINT64_MAX: not at all. */
uint64_t log_buffer_deadline(const struct log_buffer *b);
/** After every step of the loop. */
void log_buffer_timer(struct log_buffer *b, uint64_t now_ns);

#endif
