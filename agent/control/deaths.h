/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dossiers of the dead: what shims wrote down about ends of runs (runtime/plan/death.h), for those who ask. When a pod's
 * directory goes, they move to DIR/var/lib/berth/deaths/UID, where they stay for a week, the newest pods' at most.
 */
#ifndef AGENT_CONTROL_DEATHS_H
#define AGENT_CONTROL_DEATHS_H

#include "runtime/base/json.h"

struct control;

enum { DEATHS_PODS_MAX = 500, DEATHS_BYTES_MAX = 32 << 20, DEATHS_AGE_S = 7 * 24 * 3600 };

/**
 * Before the directory of the pod @uid goes: its dossiers to the others. Again: what has come since.
 * @ns, @name: "" when they are not known any more; the pod's plan knows them.
 */
void deaths_bury(struct control *c, const char *uid, const char *ns, const char *name);

/** Removes what is too old, and the oldest of what is too much. A chore. */
void deaths_expire(struct control *c);

/**
 * The last answers of the probes of run @id ("NAME-N") of pod @uid, for its dossier. @answers: an array, borrowed; an empty
 * one is not kept.  0 or -errno.
 */
int deaths_add_probes(struct control *c, const char *uid, const char *id, const json_t *answers);

#endif
