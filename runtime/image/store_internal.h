/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the image store, for the files of this folder.
 */
#ifndef RUNTIME_IMAGE_STORE_INTERNAL_H
#define RUNTIME_IMAGE_STORE_INTERNAL_H

#include "runtime/base/map.h"
#include "runtime/base/spawn.h"
#include "runtime/image/digest.h"
#include "runtime/image/image.h"

enum { LAYER_NAME_HEX = 20, SWEEPERS_MAX = 4, TMP_NAME_SIZE = 40 };

/* One layer that is on disk. */
struct layer {
	struct digest diff_id;
	uint64_t bytes; /* of its files */
};

struct image_store {
	struct image_options options;
	int fd, layers_fd, images_fd, tmp_fd; /* images/, and l/, i/, tmp/ in it */
	struct map images;		      /* reference → struct image */
	struct map layers;		      /* diffID → struct layer */
	struct image_job *jobs;		      /* utlist */
	struct child sweepers[SWEEPERS_MAX];  /* children that delete what nobody waits for */
	unsigned next_tmp;
	pid_t pid;	 /* of the agent */
	uid_t fetch_uid; /* who skopeo runs as */
	gid_t fetch_gid;
	char arch[72];
};

/** The layer with this diffID, or NULL. Borrowed. */
struct layer *store_layer(const struct image_store *s, const char *diff_id);

/** "l/HEX20/fs", relative to images/. Owned by the caller. */
char *store_layer_path(const char *diff_id);

/** A new directory in tmp/ (0700). @name: TMP_NAME_SIZE bytes. Returns its fd, or -errno. */
int store_tmp(struct image_store *s, char *name, struct err *e);

/**
 * Moves the unpacked directory @name of @dir_fd (berth-unpack's: fs/ and layer.json) into the store. When the layer
 * is there already, @name stays where it is. Returns: 0, -EEXIST when another layer has the same name.
 */
int store_add_layer(struct image_store *s, int dir_fd, const char *name, struct err *e);

/**
 * Writes the image's record, not yet to the disk for certain, and sets its time. *ret_path: relative to images/, owned by the
 * caller.
 */
int store_write_record(struct image_store *s, struct image *image, char **ret_path, struct err *e);
/** Takes the image into the store, in place of one of the same reference. Its record must be on disk. */
void store_show_image(struct image_store *s, struct image *own_image);
/** Undoes store_write_record, so that disk and store agree again. */
void store_take_back(struct image_store *s, const struct image *image);

/** Moves a layer out of the store, to @name in tmp/ (TMP_NAME_SIZE bytes). */
int store_drop_layer(struct image_store *s, struct layer *own_layer, char *name, struct err *e);

/**
 * Starts a child that deletes @names (ended by NULL) in tmp/. With @ret NULL nobody waits for it; the
 * store reaps it some time later.
 */
int store_discard(
	struct image_store *s, const char *const *names, struct child *ret, struct err *e);

/**
 * For struct spawn's prepare, @store being its data: the child is killed when the agent ends, however it ends, so that
 * a new agent finds nobody at work in tmp/. 0 or -errno.
 */
int store_tie_child(const void *store);

/**
 * An image of a decoded config (moved out of *config on success) whose layers are all in the store.
 * Layers that occur twice are kept once, at their upper place: overlayfs refuses the same directory twice, and the
 * upper one hides the lower one whole.
 * Returns: owned by the caller, or NULL with -ENOENT when a layer is missing.
 */
struct image *store_compose(struct image_store *s, const char *ref, const struct digest *id,
	const struct digest *digest, struct image_config *config, struct err *e);

#endif
