/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image store: images that are on disk, and jobs that bring more of them.
 *
 * Below lib_fd (DIR/var/lib/berth), all of it 0700 root:
 *	images/l/HEX20/{fs/, layer.json}	one unpacked layer, by the first 20 digits of its diffID
 *	images/i/HEX64.json			one image: a reference and what it stands for
 *	images/tmp/				what jobs are at; emptied when the store is opened
 * A layer appears by one rename, after its bytes have been verified and are on disk; an image appears after
 * all its layers. So a crash at any instruction leaves whole layers, whole images, and tmp/.
 *
 * Nothing here blocks: a job is a state machine that the agent's event loop steps whenever image_job_fd
 * is readable. Registries are spoken to by skopeo, layers are unpacked by berth-unpack, both jailed.
 */
#ifndef RUNTIME_IMAGE_IMAGE_H
#define RUNTIME_IMAGE_IMAGE_H

#include "runtime/base/err.h"
#include "runtime/base/str.h"
#include "runtime/image/config.h"
#include "runtime/image/ref.h"

struct image_store;
struct image_job;

/* All strings are borrowed for the life of the store; NULL takes the default that is named. */
struct image_options {
	const char *unpack_path;     /* absolute path of berth-unpack; needed */
	const char *skopeo_path;     /* /usr/bin/skopeo */
	const char *registries_conf; /* skopeo's own default: /etc/containers/registries.conf */
	const char *policy;	     /* skopeo's own default: /etc/containers/policy.json */
	const char *authfile;	     /* node-wide credentials, a docker config.json; none */
	const char *arch; /* Go's name of this machine's architecture ("amd64"): uname's */
	/* who skopeo runs as; "_berth", and when there is no such user: uid 65534 */
	const char *fetch_user;
	/* for skopeo, "NAME=value", ended by NULL; the agent's own proxy and certificate settings */
	const char *const *env;
	uint64_t stall_ns; /* a registry that sends nothing for so long is given up; 2 minutes */
};

/* One image. Everything is owned by it. */
struct image {
	char *ref; /* normalised: "docker.io/library/nginx:1.25", or with "@sha256:…" */
	char *id;  /* "sha256:…" of the config: equal for equal images */
	char *digest; /* "sha256:…" of what the registry gave for the reference (manifest or index) */
	char **layers;	 /* directories relative to images/, top first: overlay's lowerdir order */
	char **diff_ids; /* "sha256:…" each, in the same order */
	size_t n_layers;
	struct image_config config;
	uint64_t size_bytes; /* of the unpacked files, shared layers counted fully */
	uint64_t loaded_wall_ns;
};
void image_free(struct image *own_image);
DEFINE_CLEANUP(struct image, image_free);

/**
 * Opens (and creates) the store below @lib_fd (borrowed for the call).  Records that do not hold, or whose layers
 * are missing, are dropped; what an earlier run left in tmp/ is removed by a child in the background.
 * Returns: 0, or -errno with a message.
 */
int image_store_open(
	int lib_fd, const struct image_options *options, struct image_store **ret, struct err *e);
/** Kills nothing: jobs must have been freed before. */
void image_store_close(struct image_store *own_store);
DEFINE_CLEANUP(struct image_store, image_store_close);

/** The directory images/ itself, which image.layers are relative to. Borrowed; valid until close. */
int image_store_fd(const struct image_store *store);

/**
 * Looks up a reference as a user writes it ("nginx", "nginx:1.25", "repo@sha256:…"), or an id ("sha256:…").
 * Returns: 0, -ENOENT, or -EINVAL (not a reference). *ret is borrowed: valid until the next job step or removal.
 */
int image_find(struct image_store *store, const char *ref, const struct image **ret, struct err *e);

/** All images, sorted by reference. Returns: an array of borrowed images, freed by the caller with free(). */
size_t image_list(struct image_store *store, const struct image ***ret);

/** Forgets one reference (or, for an id, all that stand for it). Layers stay until image_gc_start. -ENOENT, -errno. */
int image_remove(struct image_store *store, const char *ref, struct err *e);

/**
 * Pulls @ref from its registry.  @auth_json: credentials in the form of a docker config.json, or
 * NULL; of them only the entry for the reference's own registry and repository is ever shown to
 * skopeo (beside the node's authfile).
 * Returns: 0 and a job, or -EINVAL (not a reference), -errno.
 */
int image_pull_start(struct image_store *store, const char *ref, const char *auth_json,
	struct image_job **ret, struct err *e);

/**
 * Loads every image of an archive: @fd is a tar stream (file or pipe; plain, gzip or zstd) of an OCI layout or of
 * `docker save`, or a directory that holds an OCI layout. It is duplicated.
 */
int image_load_start(struct image_store *store, int fd, struct image_job **ret, struct err *e);

/**
 * Removes the layers that no image, no running job and none of @in_use (`layers` entries of running pods,
 * @n of them) refers to. They are out of the store when this returns; the job deletes their files.
 */
int image_gc_start(struct image_store *store, const char *const *in_use, size_t n,
	struct image_job **ret, struct err *e);

/** Becomes readable (epoll, POLLIN) when the job wants to be stepped. Borrowed. */
int image_job_fd(const struct image_job *job);

/** Goes on with the job. Returns: 1 done, 0 not yet, -errno failed: @e has the registry's own words. */
int image_job_step(struct image_job *job, struct err *e);

struct image_progress {
	const char *stage; /* "resolving", "fetching", "unpacking", "loading", "removing", "done" */
	size_t layers_done, layers; /* layers: 0 while it is not known */
	uint64_t bytes_done, bytes; /* compressed bytes that had to be fetched */
};
struct image_progress image_job_progress(const struct image_job *job);

/** What a finished pull or load brought: borrowed references ("docker.io/library/nginx:latest"). */
size_t image_job_refs(const struct image_job *job, const char *const **ret);

/** Ends the job if it still runs (its children are killed), and removes what it left in tmp/. */
void image_job_free(struct image_job *own_job);
DEFINE_CLEANUP(struct image_job, image_job_free);

#endif
