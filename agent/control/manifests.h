/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manifest directory (/etc/berth/manifests): objects from files, a second source beside the
 * API. What a file says is made so, also after somebody changed or deleted the object; when the
 * file goes, its objects go.
 * Source: Kubernetes docs "Create static Pods"; here for every kind that berth serves.
 */
#ifndef AGENT_CONTROL_MANIFESTS_H
#define AGENT_CONTROL_MANIFESTS_H

#include "runtime/base/clock.h"
#include "runtime/base/err.h"

#include <systemd/sd-event.h>

struct manifests;
struct store;

/* The annotation that names the file ("web.yaml") an object comes from. */
#define MANIFEST_ANNOTATION "berth.dev/manifest"

/* Told of what is wrong with a file, once for each version of it. @message has line or field path. */
typedef void (*manifests_problem_fn)(void *data, const char *file, const char *message);

/**
 * Reads DIR's *.yaml, *.yml and *.json now and whenever one changes (inotify), in the order of
 * their names, namespaces first.  @dir_fd: borrowed for the call.  @path: of the same directory,
 * for inotify.  All else: borrowed.
 * Returns: 0, or -errno (a file with a mistake is no error: its objects stay as they are).
 */
int manifests_open(sd_event *loop, struct store *store, const struct clock *clock, int dir_fd,
	const char *path, manifests_problem_fn problem, void *data, struct manifests **ret,
	struct err *e);
void manifests_close(struct manifests *own_m);
DEFINE_CLEANUP(struct manifests, manifests_close);

/** One round, as after a change. For tests and the start. Returns: how many objects were written, or -errno. */
int manifests_sync(struct manifests *m);

#endif
