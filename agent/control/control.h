/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reconcilers: they watch the store, compare what is wanted with what is, and act. One work
 * queue of dirty objects on the caller's sd-event loop; each reconciler is a pure decision plus the
 * hands that carry it out; actions are idempotent, so a restart at any point goes on where it was.
 *
 * What agent/api leaves to it, by writing to the store only:
 *	delete, pod		set metadata.deletionTimestamp and .deletionGracePeriodSeconds (a second DELETE may
 *				lower it; 0: kill at once); the object goes when the pod's last process has gone
 *	delete, Background	store_delete the owner; dependents follow by their ownerReferences
 *	delete, Foreground	deletionTimestamp and finalizer "foregroundDeletion"; the owner goes last
 *	delete, Orphan		deletionTimestamp and finalizer "orphan"; dependents lose the reference and stay
 *	delete, namespace	deletionTimestamp and status.phase Terminating; it goes with its last object
 *	other finalizers	deletionTimestamp; the object goes when the last finalizer is taken out of it
 * What it calls directly: the functions below (exec, images, findings).
 */
#ifndef AGENT_CONTROL_CONTROL_H
#define AGENT_CONTROL_CONTROL_H

#include "runtime/base/clock.h"
#include "runtime/base/err.h"
#include "runtime/base/json.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

struct control;
struct cgroup_host;
struct image_store;
struct image_progress;
struct net;
struct store;

/* All borrowed for the life of the control. */
struct control_options {
	sd_event *loop;
	struct store *store;
	struct image_store *images;
	struct net *net; /* NULL: no pod network; only pods with hostNetwork get an address */
	const struct cgroup_host *cgroups;
	const struct clock *clock;
	int root_fd;		 /* the root prefix */
	const char *root;	 /* its absolute path without a slash at the end: "" for "/" */
	const char *cgroup_base; /* "berth" */
	const char *node_name;
	const char *runtime;	       /* absolute path of the OCI runtime: "/usr/sbin/runc" */
	uint64_t runtime_timeout_ns;   /* for a start or an exec of it; 0: the plan's default */
	const char *shim;	       /* absolute path of berth-shim */
	const char *probe;	       /* of berth-probe, for hooks; NULL: none */
	const char *runner;	       /* of berth-runner; NULL: none */
	const char *skopeo;	       /* for the findings; NULL: /usr/bin/skopeo */
	const char *seccomp_dir;       /* localhost profiles; NULL: DIR/var/lib/berth/seccomp */
	void (*shut_down)(void *data); /* the pods are stopped: the machine may go down; NULL */
	void *shut_down_data;
};

/**
 * Registers the node, adopts the living shims, removes what belongs to no pod, subscribes to the
 * store and queues every object there is. Work begins with the loop.
 * Returns: 0, or -errno with a message.
 */
int control_new(const struct control_options *options, struct control **ret, struct err *e);

/** Leaves every pod running. NULL is a no-op. */
void control_free(struct control *own_c);
DEFINE_CLEANUP(struct control, control_free);

/* ---- the machine's shutdown ------------------------------------------------------------------------------- */

/**
 * The machine goes down within @max_ns: pods are stopped in the order of their priority, none is started, and the
 * options' `shut_down` is called when the machine may go. Called again in the same shutdown it changes nothing.
 */
void control_shutdown(struct control *c, uint64_t max_ns);
/** It does not go down: pods are started again. Nothing when it was not going to. */
void control_shutdown_cancel(struct control *c);

/** Has the first round over all objects been made (what /readyz says)? */
bool control_ready(const struct control *c);

/* ---- exec --------------------------------------------------------------------------------------------- */

enum control_exec_kind {
	CONTROL_EXEC,	/* a process of its own */
	CONTROL_ATTACH, /* the streams of the container's process */
	CONTROL_DIAL,	/* a connection to a port of the pod's loopback */
};

struct control_exec_request {
	enum control_exec_kind kind;
	const char *ns, *pod, *container; /* container NULL: the default one (as kubectl chooses) */
	bool in;			  /* attach: with the right to write to its stdin */
	uint16_t port;			  /* dial */
	/* The rest is exec's, but for fds: an attach has stdout and stderr, which must not wait. */
	const char *const *argv;
	size_t n_argv;
	bool tty;
	uint32_t rows, columns; /* first size of the terminal; 0: the kernel's default */
	uint64_t timeout_ns;	/* 0: none */
	int fds[3]; /* stdin, stdout, stderr; borrowed, duplicated; < 0: /dev/null. Unused with tty */
};

struct control_exec_calls {
	/*
	 * It runs. @own_fd, the callee's now: exec with tty: the terminal's master; attach: what to write
	 * stdin to, and of a container with a terminal in any case its master; dial: the connection,
	 * which may still be on its way; else -1.
	 */
	void (*started)(void *data, int own_fd);
	/* It has ended with @exit_code (128 + signal when killed), or could not be started: @e set. The last call. */
	void (*ended)(void *data, int exit_code, const struct err *e);
	void *data;
};

struct control_exec;

/**
 * Starts a process in a running container, attaches to it, or connects to the pod. Calls come from the loop, never
 * from inside this function.
 * Returns: 0 and a handle; -ENOENT (no such pod or container), -EINVAL "BadRequest" (an attach to the stdin of a
 * container that has none), -EAGAIN "Conflict" (it does not run; the message says what it does), -EBUSY (too many).
 */
int control_exec_start(struct control *c, const struct control_exec_request *request,
	const struct control_exec_calls *calls, struct control_exec **ret, struct err *e);

/** Would it be granted now? 0, or as control_exec_start, which asks this first. */
int control_exec_check(
	struct control *c, const struct control_exec_request *request, struct err *e);

/**
 * An attach's stdin has ended. Returns: whether its output is still of use; else the attach is over (a container whose
 * stdin stays open for the next who attaches, or a terminal).
 * Source: containerd, internal/cri/io: an attach ends with its stdin unless stdinOnce ends the container's.
 */
bool control_exec_close_input(struct control_exec *x);

/**
 * Ends it when it still runs: the process is killed, or what was attached let go; `ended` is not called any more.
 * NULL is a no-op.
 */
void control_exec_free(struct control_exec *own_exec);
DEFINE_CLEANUP(struct control_exec, control_exec_free);

/* ---- retry -------------------------------------------------------------------------------------------- */

/**
 * What of a pod waits to be tried again (a container in back-off, an image that could not be pulled, a launch) is tried
 * now. @container: only this one; NULL: all.
 * Returns: 0 and the names of the containers that waited, a new array; -ENOENT: no such pod or container; -EAGAIN
 * "Conflict": it has ended.
 */
int control_retry(struct control *c, const char *ns, const char *name, const char *container,
	json_t **ret_names, struct err *e);

/* ---- deaths ------------------------------------------------------------------------------------------- */

/**
 * How the containers of a pod ended, the latest first, also when it is gone: an array as `berth why -o yaml` prints it.
 * Returns: 0 and a new reference, or -ENOENT: nothing is known of such a pod.
 */
int control_deaths(
	struct control *c, const char *ns, const char *name, json_t **ret, struct err *e);

/* ---- images ------------------------------------------------------------------------------------------- */

struct control_image_job;

/**
 * Tells how a job goes. @r: 0 it goes on (@progress), 1 done (@refs are the @n_refs references that are there now),
 * -errno failed (@e). After 1 or -errno no more calls come; the handle must still be freed, also from in here.
 */
typedef void (*control_image_fn)(void *data, int r, const struct image_progress *progress,
	const char *const *refs, size_t n_refs, const struct err *e);

/** @auth_json: a docker config.json, or NULL. Returns: 0, or -errno with a message. */
int control_image_pull(struct control *c, const char *ref, const char *auth_json,
	control_image_fn fn, void *data, struct control_image_job **ret, struct err *e);
/** @fd: as image_load_start; duplicated. */
int control_image_load(struct control *c, int fd, control_image_fn fn, void *data,
	struct control_image_job **ret, struct err *e);
/** Ends the job when it still runs. NULL is a no-op. */
void control_image_job_free(struct control_image_job *own_job);
DEFINE_CLEANUP(struct control_image_job, control_image_job_free);

/** All images: an array of {"ref","id","digest","sizeBytes","layers":N,"loadedAt","usedBy":[pods]}. A new reference. */
json_t *control_images(struct control *c);
/** Forgets the reference (or id) and collects layers that nothing uses. -ENOENT; -EBUSY naming a pod that uses it. */
int control_image_remove(struct control *c, const char *ref, struct err *e);

/* ---- findings ----------------------------------------------------------------------------------------- */

/**
 * What this host lacks or has, for `berth check`, as findings() gives it, CVEs of the OCI runtime among it (safety R5).
 * May take some 10 ms the first time. A new reference.
 */
json_t *control_check(struct control *c);

#endif
