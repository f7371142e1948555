/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File sets: what is in a secret, configMap, downwardAPI or projected volume, and the payload that carries them
 * from the agent to the shim (link.h). The agent builds them; the shim writes them into a tmpfs so that a
 * reader sees either the old set or the new one, whole (safety R22).
 *
 *	..2026_11_22_20_28_01.123456789/tls.crt		the files
 *	..data -> ..2026_11_22_20_28_01.123456789	swapped by rename
 *	tls.crt -> ..data/tls.crt			what programs open
 * Source: Kubernetes, atomic writer of volumes; the layout is what programs that watch "..data" rely on.
 */
#ifndef RUNTIME_VOLUME_FILESET_H
#define RUNTIME_VOLUME_FILESET_H

#include "runtime/base/json.h"

#include <sys/types.h>

/** An empty payload: {"files":{},"env":{}}. Returns: a new reference. */
json_t *payload_new(void);

/**
 * Adds one file to @volume of @payload. @path: relative, clean, no part starts with "..", each of
 * [-._A-Za-z0-9]{1,253}.
 * Returns: 0; -EINVAL with a message (a bad path, or one that is a directory of another); -EEXIST (twice).
 */
int payload_add_file(json_t *payload, const char *volume, const char *path, const void *bytes,
	size_t n, mode_t mode, struct err *e);
/** Makes @volume known, so that it is mounted even when it is empty. */
void payload_add_volume(json_t *payload, const char *volume);
void payload_add_env(json_t *payload, const char *container, const char *name, const char *value);

/** The payload in a sealed memfd (no name on any disk). Returns: a descriptor the caller closes, or -errno. */
int payload_seal(const json_t *payload);
/** Reads it back; -EBADMSG when it is not sealed or no payload. */
int payload_read(int fd, json_t **ret, struct err *e);

/** Bytes of tmpfs that two generations of the set @files (payload's "files" member of a volume) need. */
uint64_t fileset_size(const json_t *files);

struct fileset_owner {
	int64_t gid;	 /* fsGroup; -1: root. Gives the group what the owner may read */
	uint64_t now_ns; /* wall time, for the name of the generation */
};

/**
 * Replaces the set in the directory @dir_fd by @files; unchanged sets are left alone.
 * A crash in the middle leaves the old one. Returns: 1 when it changed, 0 when it was the same, or -errno with a message.
 */
int fileset_write(
	int dir_fd, const json_t *files, const struct fileset_owner *owner, struct err *e);

#endif
