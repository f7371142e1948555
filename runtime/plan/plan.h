/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: a pod compiled into what the shim executes, with nothing left to decide. Names are resolved,
 * defaults filled in, limits computed, paths checked (safety R4, R7, R9, R12); the agent writes it as
 * pods/UID/plan.json (0600), the shim reads it once and again at each start of a container.
 * No secret is in it: what is secret comes over the socket as the payload (link.h).
 *
 * Step "compiled" of a pod's life (architecture.md, section 3). Times in ns.
 */
#ifndef RUNTIME_PLAN_PLAN_H
#define RUNTIME_PLAN_PLAN_H

#include "cgroups/limits.h"
#include "runtime/base/err.h"
#include "runtime/base/str.h"
#include "runtime/plan/handler.h"
#include "runtime/plan/snapshot.h"
#include "runtime/plan/volume.h"

#include <jansson.h>

enum {
	PLAN_CONTAINERS_MAX = 64,
	PLAN_VOLUMES_MAX = 128,
	PLAN_MOUNTS_MAX = 128,
	PLAN_RULES_MAX = 20,
	PLAN_RULE_CODES_MAX = 255,
	PLAN_NONE = -1
};

enum plan_restart {
	PLAN_RESTART_ALWAYS, /* "Always" */
	PLAN_RESTART_ON_FAILURE,
	PLAN_RESTART_NEVER,
	PLAN_RESTART_MAX
};

struct plan_user {
	char *image_user; /* the image's USER, looked up in its passwd at each start; NULL: root */
	int64_t run_as_user;  /* overrides it; PLAN_NONE: not set */
	int64_t run_as_group; /* PLAN_NONE: the user's, or 0 */
	bool run_as_non_root; /* judged on the final number at each start, restart and exec (R9) */
};

enum plan_seccomp {
	PLAN_SECCOMP_DEFAULT,
	PLAN_SECCOMP_UNCONFINED,
	PLAN_SECCOMP_LOCALHOST, /* seccomp_profile: absolute path of a file in the OCI form */
	PLAN_SECCOMP_MAX
};

enum plan_rule_action { PLAN_RULE_RESTART, PLAN_RULE_RESTART_ALL, PLAN_RULE_ACTION_MAX };
enum plan_rule_op { PLAN_RULE_IN, PLAN_RULE_NOT_IN, PLAN_RULE_OP_MAX };

/* What follows an exit with one of these codes (or none of them), whatever the policy says; the first that fits counts. */
struct plan_rule {
	enum plan_rule_action action;
	enum plan_rule_op op;
	int64_t *codes;
	size_t n_codes;
};

/* How long a container waits before it is started again: at once, base, base*factor … cap. */
struct plan_backoff {
	uint64_t base_ns;	 /* default 10 s */
	uint64_t cap_ns;	 /* default 300 s */
	uint32_t factor;	 /* default 2 */
	uint64_t reset_ns;	 /* a run this long forgets all crashes; default 600 s */
	uint32_t jitter_percent; /* a wait is longer by a random part of at most this; default 0 */
};

/* When a container writes faster than its log may grow, or than the disk takes it. */
enum plan_log_policy {
	PLAN_LOG_BLOCK, /* it waits */
	PLAN_LOG_DROP,	/* whole lines are left out, counted, and a line says how many */
	PLAN_LOG_MAX
};

enum plan_message_policy { PLAN_MESSAGE_FILE, PLAN_MESSAGE_FALLBACK_TO_LOGS, PLAN_MESSAGE_MAX };

struct plan_container {
	char *name; /* a DNS label, unique in the pod */
	bool init; /* comes before the others, in order: runs to its end, or (sidecar) is kept running */
	bool sidecar; /* init only: kept running beside the others, stopped after them */
	bool tty;     /* its standard streams are a terminal */
	bool stdin;   /* its standard input stays open for those who attach; else it is /dev/null */
	bool stdin_once; /* … and ends with the first who had it */
	bool standby;	 /* its next attempt is made ahead */
	bool startup_gate; /* it has a startup probe: it counts as started after the agent's "started" only */
	char *image;	/* as the user wrote it, for messages */
	char *image_id; /* "sha256:…" */
	char **layers;	/* directories below plan.image_dir, top first */
	size_t n_layers;
	char **argv; /* final: command and args, or the image's; $(VAR) expanded */
	size_t n_argv;
	char *cwd;  /* absolute; made when missing */
	char **env; /* "NAME=VALUE"; just "NAME": the value comes in the payload */
	size_t n_env;
	struct plan_user user;
	uint64_t caps; /* final bounding/permitted/effective set, bit N = capability N */
	bool privileged;
	bool no_new_privs;
	bool read_only_rootfs;
	bool proc_unmasked; /* no masked and read-only paths */
	enum plan_seccomp seccomp;
	char *seccomp_profile;
	struct plan_mount *mounts;
	size_t n_mounts;
	struct cgroup_limits limits;
	int32_t oom_score_adj;
	int32_t stop_signal;	/* number; default SIGTERM */
	char *termination_path; /* of the termination message, absolute; NULL: none */
	enum plan_message_policy termination_policy;
	enum plan_restart restart_policy; /* its own, or the pod's */
	struct plan_rule *rules;
	size_t n_rules;
	struct plan_backoff backoff;
	struct plan_handler post_start, pre_stop;
	uint32_t base_restarts; /* restarts of earlier shims of this pod */
	struct container_run
		*done; /* its last run under an earlier shim, when it is not to run again; NULL */
	uint64_t log_max_bytes;		 /* of one file; default 10 MiB */
	uint32_t log_max_files;		 /* of one run, with the current one; default 5 */
	enum plan_log_policy log_policy; /* default drop: a full disk does not stop a container */
	uint64_t log_rate;		 /* bytes a second; 0: any */
	uint32_t log_runs;		 /* whose logs are kept, with the current one; default 10 */
};

struct plan {
	char *uid, *name, *namespace;
	char *hostname;
	bool host_network, host_ipc, host_pid;
	bool share_process_namespace;
	uint64_t
		runtime_timeout_ns; /* how long a start or an exec may take before it is given up; default 60 s */
	char *runtime; /* absolute path of the OCI runtime */
	char *probe_program,
		*runner_program; /* absolute paths of berth-probe and berth-runner; NULL: none */
	char *image_dir;	 /* absolute path of the image store */
	char *cgroup_base;	 /* "berth": see cgroups/names.h */
	struct cgroup_limits limits; /* of the pod as a whole */
	char *log_dir;		     /* absolute; DIR/var/log/pods/NS_POD_UID; its parent exists */
	uint64_t grace_ns; /* of a stop that names none (SIGTERM to the shim); default 30 s */
	uint64_t
		deadline_wall_ns; /* when the shim ends the pod (activeDeadlineSeconds); 0: never */
	char *hosts;		  /* text of /etc/hosts */
	char *resolv_conf;	  /* text of /etc/resolv.conf */
	int64_t *supplemental_groups;
	size_t n_supplemental_groups;
	int64_t fs_group; /* PLAN_NONE: none. Owns files, empty_dir and tmpfs volumes; a group of every process */
	char **sysctls; /* "net.ipv4.ip_local_port_range=1024 65000": checked by the agent (R12) */
	size_t n_sysctls;
	struct plan_volume *volumes;
	size_t n_volumes;
	struct plan_container *containers; /* in start order: init containers first */
	size_t n_containers;
};

/**
 * Reads a plan and checks what the shim relies on: names, references from mounts to volumes, absolute paths,
 * signal numbers.  Returns: 0 and a plan the caller frees, or -EINVAL with the member's path in @e.
 */
int plan_decode(const json_t *j, struct plan **ret, struct err *e);
/** The same from text. -EBADMSG: no JSON. */
int plan_parse(struct sv text, struct plan **ret, struct err *e);

/** The plan as JSON. Returns: a new reference, never NULL. */
json_t *plan_encode(const struct plan *p);

/** A plan with all defaults in it, for compilers: strings and lists are then set by the caller (owned by the plan). */
struct plan *plan_new(void);
/** Room for @n containers / volumes / mounts of a container, each with its defaults. Call once each. */
struct plan_container *plan_add_containers(struct plan *p, size_t n);
struct plan_volume *plan_add_volumes(struct plan *p, size_t n);
struct plan_mount *plan_add_mounts(struct plan_container *c, size_t n);

void plan_free(struct plan *p);
DEFINE_CLEANUP(struct plan, plan_free);

/** Borrowed, or NULL. */
const struct plan_container *plan_find_container(const struct plan *p, const char *name);
const struct plan_volume *plan_find_volume(const struct plan *p, const char *name);

struct record;
extern const struct record plan_backoff_record, plan_rule_record;

/* The words of restart policies ("Always" …) and so on, ended by NULL. */
extern const char *const plan_restart_names[];
extern const char *const plan_volume_kind_names[];
extern const char *const plan_host_type_names[];
extern const char *const plan_message_names[];

/** R4: may a volume be mounted at @path? 0, or -EINVAL with the reason in @e. Pure. */
int plan_check_mount_path(const char *path, struct err *e);

#endif
