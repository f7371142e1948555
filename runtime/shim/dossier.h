/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing down how a run ended, with the evidence that is gone soon after. For this folder only.
 */
#ifndef RUNTIME_SHIM_DOSSIER_H
#define RUNTIME_SHIM_DOSSIER_H

#include "runtime/plan/death.h"

struct container;

/* What is known of the end beside the container's last run (c->ended[0]). */
struct dossier_facts {
	uint32_t attempt;
	uint64_t ran_ns, oom_kills;
	const char *cause; /* NULL: none */
	enum death_next next;
	uint64_t next_at_wall_ns; /* 0: at once */
};

/**
 * Has a child gather the evidence and write deaths/NAME-N.json, synced. Call it when c->ended[0] is the run in question,
 * before the next one begins. Never fails: with no child to do it, the shim writes the file itself, without waiting for the disk.
 */
void dossier_write(struct container *c, const struct dossier_facts *facts);

#endif
