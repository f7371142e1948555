/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may run again of a pod whose shim has died, or that comes back after a boot: judged from its spec and the status
 * written last, by the same rules as the shim's (runtime/plan/restart.h). Pure.
 *
 * What has completed is not run again. Init containers that have completed are not either, as long as all that they can
 * have left is still there; what they did to namespaces and memory went with the shim, and then all of them
 * run again, as under a kubelet that makes a new sandbox.
 */
#ifndef AGENT_STATUS_AGAIN_H
#define AGENT_STATUS_AGAIN_H

#include "runtime/base/json.h"
#include "runtime/plan/restart.h"

/** Exit code of a container whose end nobody saw (kubelet: ContainerStatusUnknown). */
enum { AGAIN_UNKNOWN_EXIT = 137 };

/** Is it an init container with restartPolicy Always? */
bool again_is_sidecar(const json_t *container, bool init);

/** The restart policy of @container: its own, or the pod's. */
enum plan_restart again_policy(const json_t *pod, const json_t *container, bool init);

/** Its restartPolicyRules. Returns: how many; *@ret is the caller's (again_rules_free). */
size_t again_rules(const json_t *container, struct plan_rule **ret);
void again_rules_free(struct plan_rule *own_rules, size_t n);

/** Is @container, whose status is @status, over for good by its policy and rules? Its end may not have been seen. */
bool again_is_over(const json_t *pod, const json_t *container, bool init, const json_t *status);

/** Is @container not to run again when @pod is built anew? It has ended, or its end was not seen. */
bool again_is_done(const json_t *pod, const json_t *container, bool init);

/** Is there nothing to build anew: all but the init containers are done, or an init container has failed for good? */
bool again_pod_ended(const json_t *pod);

#endif
