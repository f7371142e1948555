/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel has counted for a process.
 */
#include "tests/bench/bench.h"

#include <dirent.h>

double process_pss_kib(pid_t pid)
{
	cleanup_free char *path = xasprintf("/proc/%d/smaps_rollup", (int)pid);
	cleanup_fclose FILE *f = fopen(path, "re");
	char line[256];
	double kib;

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "Pss: %lf kB", &kib) == 1)
			return kib;
	die("%s: %s", path, strerror(errno));
}

static uint64_t thread_switches(const char *path)
{
	cleanup_fclose FILE *f = fopen(path, "re");
	char line[256];
	uint64_t sum = 0;

	while (f && fgets(line, sizeof line, f)) {
		unsigned long long n;

		if (sscanf(line, "voluntary_ctxt_switches: %llu", &n) == 1 ||
			sscanf(line, "nonvoluntary_ctxt_switches: %llu", &n) == 1)
			sum += n;
	}
	return sum;
}

uint64_t process_switches(pid_t pid)
{
	cleanup_free char *dir = xasprintf("/proc/%d/task", (int)pid);
	DIR *d = opendir(dir);
	uint64_t sum = 0;

	if (!d)
		die("%s: %s", dir, strerror(errno));
	for (const struct dirent *t; (t = readdir(d));) {
		cleanup_free char *path = xasprintf("%s/%s/status", dir, t->d_name);

		if (t->d_name[0] != '.')
			sum += thread_switches(path);
	}
	(void)closedir(d);
	return sum;
}

double process_cpu_ms(pid_t pid)
{
	cleanup_free char *path = xasprintf("/proc/%d/schedstat", (int)pid);
	cleanup_fclose FILE *f = fopen(path, "re");
	unsigned long long ns;

	/* Of the main thread, which does berthd's work. */
	if (!f || fscanf(f, "%llu", &ns) != 1)
		die("%s: %s", path, strerror(errno));
	return (double)ns / 1e6;
}
