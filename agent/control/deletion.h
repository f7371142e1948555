/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What asking for a deletion does to an object: some go at once, some are marked and go when their
 * processes, dependents or finalizers have gone. The API's DELETE and the reconcilers share it.
 * Source: Kubernetes docs "Garbage Collection", "Finalizers"; API conventions, deletionTimestamp.
 */
#ifndef AGENT_CONTROL_DELETION_H
#define AGENT_CONTROL_DELETION_H

#include "agent/store/store.h"

#define FINALIZER_FOREGROUND "foregroundDeletion"
#define FINALIZER_ORPHAN "orphan"

enum propagation {
	PROPAGATION_BACKGROUND, /* the object goes, its dependents follow */
	PROPAGATION_FOREGROUND, /* its dependents go first */
	PROPAGATION_ORPHAN,	/* its dependents stay */
	PROPAGATION_MAX
};
/* "Background" …, ended by NULL. */
extern const char *const propagation_names[];

struct deletion {
	int64_t grace_seconds; /* of a pod; negative: the pod's own. 0: kill at once */
	enum propagation propagation;
	const struct store_precondition *precondition; /* NULL: none */
};

/**
 * Deletes the object, or marks it: metadata.deletionTimestamp is when its grace ends. A second call
 * may shorten the grace of a pod, never lengthen it.
 * @ret: (may be NULL) the object as it is now, or as it last was.
 * Returns: 1 it is gone, 0 it is marked, -ENOENT, -ESTALE (a precondition), -ENOSPC, -errno.
 */
int deletion_begin(struct store *s, const struct clock *clock, const struct kind *kind,
	const char *ns, const char *name, const struct deletion *how, json_t **ret, struct err *e);

/** Is it marked? */
bool deletion_is_begun(const json_t *object);

/** Has it that finalizer? */
bool deletion_has_finalizer(const json_t *object, const char *finalizer);

/**
 * Takes a finalizer (NULL: none) out of a marked object, in the store; the object goes with the
 * last one, unless it is a pod or a namespace, which go when they are empty.
 * Returns: 1 it is gone, 0, or -errno.
 */
int deletion_finish(struct store *s, const struct kind *kind, json_t *object, const char *finalizer,
	struct err *e);

#endif
