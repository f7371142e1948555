/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dossier's table, its files and their number. Must hold: a file is whole or not there (written beside, synced,
 * renamed); there are never more than DEATHS_KEPT of a container, so a crash loop cannot fill the disk.
 */
#include "runtime/plan/death.h"

#include "runtime/base/json.h"
#include "runtime/plan/record.h"

#include <dirent.h>
#include <fcntl.h>

static const char *const next_names[] = {"none", "restart", "restart_all", NULL};

#define PRESSURE(member, kind)                                                                     \
	{                                                                                          \
		FIELD(struct death_pressure, member, kind)                                         \
	}
static const struct field pressure_fields[] = {
	PRESSURE(some_avg10_centi, FIELD_U32),
	PRESSURE(full_avg10_centi, FIELD_U32),
	PRESSURE(some_total_us, FIELD_U64),
	PRESSURE(full_total_us, FIELD_U64),
};
static const struct record pressure_record = RECORD(struct death_pressure, pressure_fields);

#define DEATH(member, kind) FIELD(struct death, member, kind)
static const struct field death_fields[] = {
	{DEATH(container, FIELD_STRING), .required = true},
	{DEATH(id, FIELD_STRING), .required = true},
	{DEATH(attempt, FIELD_U32)},
	{DEATH(run, FIELD_U32)},
	{DEATH(started_at, FIELD_U64)},
	{DEATH(finished_at, FIELD_U64)},
	{DEATH(ran_ns, FIELD_U64)},
	{DEATH(exit_code, FIELD_I32)},
	{DEATH(signal, FIELD_I32)},
	{DEATH(reason, FIELD_STRING), .required = true},
	{DEATH(message, FIELD_STRING)},
	{DEATH(cause, FIELD_STRING)},
	{DEATH(told, FIELD_BOOL)},
	{DEATH(oom_killed, FIELD_BOOL)},
	{DEATH(oom_kills, FIELD_U64)},
	{DEATH(memory_peak_bytes, FIELD_U64)},
	{DEATH(memory_bytes, FIELD_U64)},
	{DEATH(memory_limit_bytes, FIELD_U64)},
	{DEATH(cpu, FIELD_OPTIONAL), .record = &pressure_record},
	{DEATH(memory, FIELD_OPTIONAL), .record = &pressure_record},
	{DEATH(crashes, FIELD_U32)},
	{DEATH(log_tail, FIELD_STRING)},
	{DEATH(next, FIELD_ENUM), .names = next_names},
	{DEATH(next_at, FIELD_U64)},
};
static const struct record death_record = RECORD(struct death, death_fields);

int death_decode(const json_t *j, struct death **ret, struct err *e)
{
	struct death *d = xcalloc(1, sizeof *d);
	int r = record_decode(&death_record, j, d, e);

	if (r < 0) {
		free(d);
		return r;
	}
	*ret = d;
	return 0;
}

int death_parse(struct sv text, struct death **ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	int r = json_parse(text, &j, e);

	return r < 0 ? r : death_decode(j, ret, e);
}

json_t *death_encode(const struct death *d)
{
	return record_encode(&death_record, d);
}

void death_free(struct death *own_d)
{
	record_free(&death_record, own_d);
}

/* ---- files ------------------------------------------------------------------------------------------ */

#define SUFFIX ".json"

void death_file_name(const char *container, uint32_t attempt, char *out)
{
	(void)snprintf(out, DEATH_NAME_SIZE, "%.*s-%u" SUFFIX, 64, container, attempt);
}

int death_file_parse(const char *name, struct sv *ret_container, uint32_t *ret_attempt)
{
	const char *dash = strrchr(name, '-');
	struct sv number = dash ? sv(dash + 1) : sv("");
	const size_t suffix = strlen(SUFFIX);

	if (!dash || dash == name || number.n <= suffix ||
		!streq(number.p + number.n - suffix, SUFFIX))
		return -EINVAL;
	number.n -= suffix;
	*ret_container = (struct sv){name, (size_t)(dash - name)};
	return parse_u32_max(number, UINT32_MAX, ret_attempt);
}

/* Attempts count upwards, so what is DEATHS_KEPT or more below @newest is too old. Probe answers go with theirs. */
static void prune(int dir_fd, const char *container, uint32_t newest)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct sv of;
		uint32_t attempt;

		if (death_file_parse(entry->d_name, &of, &attempt) < 0 || !sv_eq(of, container) ||
			attempt > newest || newest - attempt < DEATHS_KEPT)
			continue;
		(void)unlinkat(dir_fd, entry->d_name, 0);
	}
	if (dir)
		(void)closedir(dir);
}

int death_write(int state_fd, const struct death *d, enum fs_sync sync)
{
	cleanup_close int dir = fs_open_dir(state_fd, DEATH_DIR, 0700);
	cleanup_json json_t *j = death_encode(d);
	cleanup_free char *text = json_text(j);
	char name[DEATH_NAME_SIZE];
	int r;

	if (dir < 0)
		return dir;
	death_file_name(d->container, d->attempt, name);
	r = fs_write_atomic(dir, name, text, strlen(text), 0600, sync);
	if (r == 0)
		prune(dir, d->container, d->attempt);
	return r;
}
