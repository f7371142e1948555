/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this folder share. Inside this folder only.
 */
#ifndef AGENT_CONTROL_CONTROL_INTERNAL_H
#define AGENT_CONTROL_CONTROL_INTERNAL_H

#include "agent/control/compile.h"
#include "agent/control/control.h"
#include "agent/control/queue.h"
#include "agent/node/node.h"
#include "agent/spec/object.h"
#include "agent/spec/spec.h"
#include "agent/status/recorder.h"
#include "agent/store/store.h"
#include "runtime/base/map.h"

struct briefs;
struct prober;
struct pulls;
struct trash;

struct control {
	struct control_options o;
	struct queue *queue;
	struct recorder *recorder;
	struct briefs *briefs;
	struct store_sub *sub;
	struct pulls *pulls;
	struct trash *trash;
	struct prober *prober;
	struct node_facts *facts;
	char *message; /* MSG_BYTES_MAX: what a shim says is read into it, and of it used up at once */
	struct node_load load;			  /* what the admitted pods ask for */
	struct map pods;			  /* uid → struct pod */
	struct lane *pod_lane;			  /* keys: uid */
	struct lane *replication_lane;		  /* keys: namespace/name */
	struct lane *collect_lane;		  /* keys: kind/namespace/name */
	struct lane *report_lane;		  /* keys: uid */
	struct lane *probe_lane;		  /* keys: uid */
	struct lane *chore_lane;		  /* keys: names in the table of control.c */
	int state_fd;				  /* DIR/var/lib/berth/pods */
	int run_fd;				  /* DIR/run/berth/pods */
	int logs_fd;				  /* DIR/var/log/pods */
	int deaths_fd;				  /* DIR/var/lib/berth/deaths */
	char *image_dir, *logs_dir, *seccomp_dir; /* absolute paths, for plans */
	struct compile_node node;
	struct control_image_job *collection; /* of layers that nothing uses; NULL: none runs */
	json_t *gone; /* objects that were deleted and whose dependents have not been looked at */
	char *shim_build; /* of the installed berth-shim; NULL: not asked yet */
	uint64_t next_exec_id;
	struct {
		bool active, told; /* told: the machine may go */
		uint64_t deadline_ns;
		uint64_t
			next_ns; /* when the next priority is stopped, whatever the present one does */
	} shutdown;
	const struct kind *pod_kind, *secret_kind, *config_kind, *node_kind;
};

/** Writes the Node object, on disk when it returns. */
void control_write_node(struct control *c);

/* Who says a record. */
#define BY_KUBELET "kubelet"
#define BY_SCHEDULER "default-scheduler"

static inline uint64_t control_wall(const struct control *c)
{
	return clock_wall_ns(c->o.clock);
}

static inline uint64_t control_now(const struct control *c)
{
	return clock_now_ns(c->o.clock);
}

/* trash.c: directories that are being removed, by a child so that the loop does not wait for the disk */

/** @c: borrowed. What an earlier agent left is taken up at once. */
int trash_new(struct control *c, struct trash **ret, struct err *e);
void trash_free(struct trash *own_t);
/** Takes @name, an entry of @dir_fd (state_fd or logs_fd), out of sight and has it removed. A missing one is fine. */
int trash_put(struct trash *t, int dir_fd, const char *name);
/** The same for an entry of the directory @sub of @dir_fd. */
int trash_put_in(struct trash *t, int dir_fd, const char *sub, const char *name);
/** Is @name one that trash_put made? */
bool trash_is(const char *name);

#endif
