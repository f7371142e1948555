/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real berth-shim with a real OCI runtime, without an agent: a busybox image, a plan, the socket, and waiting for
 * what the shim says. Needs root; rig_usable() says whether the tests can run at all.
 */
#ifndef TESTS_UNIT_RUNTIME_SHIM_RIG_H
#define TESTS_UNIT_RUNTIME_SHIM_RIG_H

#include "tests/unit/unit.h"

#include "runtime/base/msg.h"
#include "runtime/base/spawn.h"
#include "runtime/plan/link.h"
#include "runtime/plan/plan.h"
#include "runtime/volume/fileset.h"

#define RIG_CGROUP "berth-unit"

struct rig {
	struct scratch dir;
	char uid[64];
	struct plan *plan; /* to be completed before rig_start */
	json_t *payload;
	struct child shim;
	int listener;
	int sock;
	int netns;
	struct pod_snapshot *snap; /* the newest */
	struct link_message reply; /* the newest that is no status */
	struct msg_fds reply_fds;
	bool stopped;
};

bool rig_usable(void);
void rig_open(struct rig *r);
/** Kills what is left and asserts that nothing is. */
void rig_close(struct rig *r);
/** Of this pod nothing is mounted in the host's namespace, while it runs and after (R3). */
void rig_assert_no_mounts(const struct rig *r);
/** After a failed test: kills what its rig left. For RIG_TEST. */
int rig_teardown(void **state);
#define RIG_TEST(test) cmocka_unit_test_teardown(test, rig_teardown)

/** Containers with the busybox image that run `sh -c SCRIPT`. */
struct plan_container *rig_containers(struct rig *r, size_t n);
void rig_script(struct plan_container *c, const char *name, const char *script);
void rig_env(struct plan_container *c, const char *const *env);

/** Writes the plan, spawns the shim, connects, waits for the sandbox, sends start. */
void rig_start(struct rig *r);
/** The same without sending start. */
void rig_spawn(struct rig *r);
void rig_send(struct rig *r, const struct link_message *m, const struct msg_fds *fds);
void rig_send_start(struct rig *r);
void rig_connect(struct rig *r);
void rig_disconnect(struct rig *r);
/** Sends stop and waits for the shim's end. */
void rig_stop(struct rig *r, uint64_t grace_ns);

/** Takes messages until @is holds for the newest snapshot; fails the test after @timeout_ms. */
void rig_wait(struct rig *r, bool (*is)(const struct pod_snapshot *), int timeout_ms);
/** Until a message that is no status has come. */
const struct link_message *rig_reply(struct rig *r, enum link_type type, int timeout_ms);

/** The whole of N.log of @container, the text after the prefixes only (P and F put together). Freed by the caller. */
char *rig_log(const struct rig *r, const char *container, unsigned run);
/** Waits up to 10 s until that log is @wanted. */
void rig_wait_log(struct rig *r, const char *container, unsigned run, const char *wanted);
char *rig_raw_log(const struct rig *r, const char *container, const char *file);

bool rig_all_running(const struct pod_snapshot *s);
bool rig_all_terminated(const struct pod_snapshot *s);
bool rig_first_terminated(const struct pod_snapshot *s);
bool rig_first_restarted(const struct pod_snapshot *s);
bool rig_first_backs_off(const struct pod_snapshot *s);
bool rig_has_message(const struct pod_snapshot *s);
bool rig_first_waits_with_text(const struct pod_snapshot *s);

/** Is there a directory @path ("berth-unit/UID/a-0") in any cgroup hierarchy? */
bool rig_cgroup_exists(const char *path);
#endif
