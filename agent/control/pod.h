/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pod as its worker sees it: what is known beside the object in the store, which is read when it is needed and
 * not kept. Inside this folder only.
 */
#ifndef AGENT_CONTROL_POD_H
#define AGENT_CONTROL_POD_H

#include "agent/control/control_internal.h"
#include "agent/control/decide.h"
#include "runtime/plan/link.h"
#include "runtime/plan/plan.h"

/* What is known of the image of one container. */
struct pod_image {
	char *container; /* its name */
	bool init;	 /* it is one of initContainers */
	char *ref;	 /* as the spec has it */
	char *why; /* ErrImagePull, ImagePullBackOff, ErrImageNeverPull …; NULL: nothing wrong */
	char *message;
	char *name,
		*id; /* for the status: normalised reference, "NAME@DIGEST"; NULL: not launched by this agent */
	uint64_t retry_ns, delay_ns; /* back-off of pulling */
	bool pulling, pulled;	     /* pulled: this pod need not pull it again */
};

/* The kubelet's words for a pod whose activeDeadlineSeconds are over. */
#define DEADLINE_REASON "DeadlineExceeded"
#define DEADLINE_MESSAGE "Pod was active on the node longer than the specified deadline"

struct control_exec;
struct pod_probe;

/* Which build its shim is (pod_upgrade.c). */
struct pod_upgrade {
	char *build; /* NULL: not known, or one too old to say */
	bool wanted; /* it is not the installed one */
	bool asked; /* to go on as that, and at_ns is the end of our patience; else not before that */
	uint64_t at_ns, delay_ns;
};

struct pod {
	struct control *control;
	char *uid, *ns, *name;
	enum pod_stage stage;
	bool admitted, stale, sandbox, orderly; /* orderly: the shim said "stopped" */
	bool host_network;
	bool held; /* the machine goes down, and its turn has come */
	int64_t priority;
	uint64_t own_grace_ns,
		hold_grace_ns;		/* what it wants of a shutdown's time, and what it gets */
	bool scheduled_unsaid;		/* the record of its admission is still to be made */
	struct node_load asked;		/* while admitted */
	char *why_not;			/* not admitted because */
	char *trouble, *trouble_reason; /* why it cannot be launched: shown by its containers */
	struct pod_image *images;	/* one a container, in start order */
	size_t n_images;
	char *sources; /* "Secret/a\nConfigMap/b\n": what it refers to */
	uint64_t admitted_wall_ns;
	uint32_t address;      /* 0: none */
	json_t *payload;       /* built and not sent yet */
	uint64_t payload_hash; /* of the last that was sent */
	int sock, netns_fd, pidfd;
	pid_t pid;
	sd_event_source *sock_source, *pidfd_source;
	struct pod_snapshot *snapshot;
	const char *failed_reason, *failed_message; /* the pod ends with this; static */
	uint64_t stop_by_ns;			    /* LEAVING: the grace that was sent ends */
	int64_t stop_seconds;			    /* what the object asked for then */
	uint64_t bury_delay_ns;
	uint64_t launch_ns;	  /* not before */
	uint64_t launch_delay_ns; /* back-off of launches that failed */
	uint64_t crash_delay_ns;  /* back-off of shims that died young */
	uint64_t launched_ns;
	struct control_exec *execs;
	struct pod_probe *probes; /* pod_probe.h */
	struct probing *probing;  /* probing.h */
	struct pod_upgrade upgrade;
};

/* pod.c */
struct pod *pod_find(const struct control *c, const char *uid);
struct pod *pod_find_named(const struct control *c, const char *ns, const char *name);
struct pod *pod_add(struct control *c, const char *uid, const char *ns, const char *name);
/** Out of the map, with everything it holds open. NULL is a no-op. */
void pod_drop(struct pod *own_p);
void pod_work(void *control, const char *uid);
/** Called for each event of the store that is about a pod, a secret or a configMap. */
void pod_object_changed(struct control *c, const struct store_event *event);
/** The object with this pod's uid. 0 and a new reference, or -ENOENT. */
int pod_object(struct pod *p, json_t **ret);
/** To be looked at now; at @at_ns; its status to be written. */
void pod_mark(struct pod *p);
void pod_mark_at(struct pod *p, uint64_t at_ns);
void pod_mark_report(struct pod *p);
/** Says a record about the pod. */
void pod_say(struct pod *p, bool warning, const char *reason, const char *format, ...)
	PRINTF_LIKE(4, 5);
void pod_say_of(struct pod *p, const char *container, bool warning, const char *reason,
	const char *format, ...) PRINTF_LIKE(5, 6);
/** A warning about what happened to a container at @at_wall_ns, unless it stands in a record already. */
void pod_say_once(struct pod *p, const char *container, const char *reason, const char *message,
	uint64_t at_wall_ns);
/** Why it cannot be launched (NULL: it can). @reason: static text, "CreateContainerConfigError". Returns: whether this is news. */
bool pod_set_trouble(struct pod *p, const char *reason, const char *message);

/* Hands: 1 something has changed, decide again; 0 wait. */
int pod_admit(struct pod *p, const json_t *object); /* pod_compile.c */
/** compile_pod() with what this node knows. Returns as that. */
int pod_compile(struct pod *p, const json_t *object, struct plan **ret, json_t **ret_payload,
	struct err *e);
/** Wall ns at which activeDeadlineSeconds are over; 0: there is no such time. */
uint64_t pod_deadline_wall(const struct pod *p, const json_t *object);
/** Equal for equal payloads; never 0. */
uint64_t pod_payload_digest(const json_t *payload);
/** What the status says of the images that the containers get now. */
void pod_note_images(struct pod *p);

/* pod_launch.c */
/* In the pod's directory, on disk before its containers start, when they are not to be started twice whatever happens. */
#define POD_STARTED_MARK "started"

/** plan.json in the pod's directory. */
int pod_write_plan(int state_fd, const struct plan *plan, struct err *e);
/** Seals @payload and sends it with a verb. 0, -EAGAIN, -errno. */
int pod_send_payload(struct pod *p, enum link_type type, const json_t *payload);
/** A connection to the socket @name in @run_fd, which does not wait. Returns: fd or -errno. */
int pod_connect_socket(int run_fd, const char *name);

/* pod_prepare.c */
int pod_pull(struct pod *p, const json_t *object);    /* pod_prepare.c */
int pod_launch(struct pod *p, const json_t *object);  /* pod_launch.c */
int pod_connect(struct pod *p, const json_t *object); /* pod_launch.c */
int pod_refresh(struct pod *p, const json_t *object); /* pod_refresh.c */
int pod_stop(struct pod *p, const json_t *object);    /* pod_end.c */
int pod_bury(struct pod *p, const json_t *object);    /* pod_end.c */
int pod_delete(struct pod *p, const json_t *object);  /* pod_end.c */
/** The pod, of which nothing runs, is over: its final status is written, what it held is given back. */
int pod_end_here(struct pod *p); /* pod_end.c; 0, or -errno: the status is not written */

/* pod_prepare.c */
bool pod_has_images(struct pod *p, const json_t *object);
void pod_release_load(struct pod *p);
void pod_say_scheduled(struct pod *p);
/** Notes which images the pod asks for now. */
void pod_make_images(struct pod *p, const json_t *object);
void pod_free_images(struct pod *p);
/** A pull that the pod waits for has ended: @r 0 or -errno. */
void pod_pull_ended(struct control *c, const char *uid, const char *ref, int r, uint64_t took_ns,
	const char *message);

/* pod_link.c */
/** Takes the connection to the shim, whose messages are read from now on. */
int pod_link_open(struct pod *p, int own_sock, struct err *e);
void pod_link_close(struct pod *p);
/** @memfd: passed along; -1: none. 0, -EAGAIN (full: try again), -errno. */
int pod_send(struct pod *p, const struct link_message *m, int memfd);
int pod_watch_child(struct pod *p, struct err *e);
/** The shim is gone: everything else follows. */
void pod_lost(struct pod *p);

/* pod_hooks.c */
/** Says which hooks have failed since @before (NULL: nothing is known). */
void pod_say_hooks(
	struct pod *p, const struct pod_snapshot *before, const struct pod_snapshot *now);

/* pod_upgrade.c */
/** Compares the build of @now with the installed one. */
void pod_upgrade_look(struct pod *p, const struct pod_snapshot *now);
void pod_upgrade_refused(struct pod *p, const char *why);
/** The chore: asks the next one. */
void pods_upgrade(struct control *c);
/** A finding for `berth check`. A new reference. */
json_t *pods_builds(const struct control *c);

/* pod_report.c */
void report_work(void *control, const char *uid);
/** Writes the status now when it has changed. 0; -errno: it was not written and is tried again. */
int pod_report(struct pod *p);

/* pod_adopt.c */
/** Fills the map from the store, the run directory and the cgroups. */
int pods_adopt(struct control *c, struct err *e);

/* exec.c */
void exec_message(struct pod *p, struct link_message *m, int *own_fd);
/** There is room again on the line: says what could not be said. */
void exec_flush(struct pod *p);
void exec_end_all(struct pod *p, const char *why);

/* pulls.c */
int pulls_new(struct control *c, struct pulls **ret);
void pulls_free(struct pulls *own_p);
/** The pod waits for @ref; one pull serves all that want the same with the same credentials. 0 or -errno. */
int pulls_want(
	struct pulls *p, const char *ref, const char *auth_json, const char *uid, struct err *e);
/** The pod no longer waits for anything. */
void pulls_forget(struct pulls *p, const char *uid);

#endif
