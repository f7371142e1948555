/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two lists of kernel files that a container gets masked or read-only.
 *
 * What must hold: the parents of all of them are the fresh proc and sysfs that the runtime mounts, so
 * that an image cannot redirect a mask (safety R2, R4).
 */
#include "runtime/security/paths.h"

#include "runtime/base/json.h"

static const char *const masked[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
};

static const char *const readonly[] = {
	"/proc/bus",
	"/proc/fs",
	"/proc/irq",
	"/proc/sys",
	"/proc/sysrq-trigger",
};

static json_t *strings(const char *const *list, size_t n)
{
	json_t *j = json_array();

	for (size_t i = 0; i < n; i++)
		json_push(j, json_string(list[i]));
	return j;
}

json_t *paths_masked(void)
{
	return strings(masked, ARRAY_SIZE(masked));
}

json_t *paths_readonly(void)
{
	return strings(readonly, ARRAY_SIZE(readonly));
}
