/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes in the plan, and where a container has them. Their tables are plan.c's. */
#ifndef RUNTIME_PLAN_VOLUME_H
#define RUNTIME_PLAN_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

/* What a volume is made from. */
enum plan_volume_kind {
	PLAN_VOLUME_FILES, /* "files": secret, configMap, downwardAPI, projected; bytes from the payload */
	PLAN_VOLUME_EMPTY_DIR, /* "empty_dir": a directory on disk that lives as long as the pod */
	PLAN_VOLUME_TMPFS,     /* "tmpfs": emptyDir with medium Memory */
	PLAN_VOLUME_HOST_PATH, /* "host_path" */
	PLAN_VOLUME_MAX
};

/* hostPath.type; the names in JSON are those of Kubernetes, "" (not checked) is PLAN_HOST_ANY. */
enum plan_host_type {
	PLAN_HOST_ANY,
	PLAN_HOST_DIRECTORY_OR_CREATE,
	PLAN_HOST_DIRECTORY,
	PLAN_HOST_FILE_OR_CREATE,
	PLAN_HOST_FILE,
	PLAN_HOST_SOCKET,
	PLAN_HOST_CHAR_DEVICE,
	PLAN_HOST_BLOCK_DEVICE,
	PLAN_HOST_MAX
};

struct plan_volume {
	char *name;
	enum plan_volume_kind kind;
	char *host_path; /* host_path: absolute and clean */
	enum plan_host_type host_type;
	uint64_t
		size_bytes; /* tmpfs: its size (0: half the machine's memory); files: 0 = computed */
	uint32_t mode;	    /* empty_dir, tmpfs: of the directory, default 0777 */
};

struct plan_mount {
	char *volume;	/* name in plan.volumes */
	char *path;	/* in the container: absolute, clean, not reserved (R4) */
	char *sub_path; /* relative, no ".."; NULL: the volume itself */
	bool read_only;
};

#endif
