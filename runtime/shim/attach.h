/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Those who are attached to containers: what a container writes goes to its log and to each of them; one at a
 * time may write to its stdin. For this folder only.
 */
#ifndef RUNTIME_SHIM_ATTACH_H
#define RUNTIME_SHIM_ATTACH_H

#include "runtime/base/msg.h"
#include "runtime/plan/link.h"
#include "runtime/shim/shim.h"

enum { ATTACH_STREAMS = 2 };

/* For attach.c and handover.c. */
struct attach {
	struct attach *next;
	struct container *container;
	uint64_t id;
	uint64_t cut_at_ns; /* its pipe has been full; 0: it has not */
	bool has_input;
	struct source out[ATTACH_STREAMS];
};

/** Attaches as @m asks, with pipes for stdout and stderr in @fds (taken); answers over the line. */
void attach_start(struct shim *s, const struct link_message *m, struct msg_fds *fds);
/** Nobody there any more; @input_only: stdin has ended, the output goes on. */
void attach_end(struct shim *s, uint64_t id, bool input_only);
/** The line is gone, and with it all that were attached. */
void attach_end_all(struct shim *s);

/** The run of @c ends, its output is about to be taken for the last time: what is left in its pipes finds room. */
void attach_last(struct container *c);
/** … and has been: all who were attached to it are told. */
void attach_over(struct container *c);

/** In a shim that goes on from another's state: they are served again. */
void attach_resume(struct shim *s);

uint64_t attach_deadline(const struct shim *s);
void attach_timers(struct shim *s, uint64_t now_ns);

/** A socket to @m's port on the pod's loopback, as kubectl port-forward wants it; answers over the line. */
void dial_start(struct shim *s, const struct link_message *m);

#endif
