/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping dossiers and reading them. Files are the truth: nothing of them is in memory, and an agent that was not there
 * when a container died finds them all the same. Must hold: what is kept is bounded in number, age and bytes; a file that
 * cannot be read costs its own entry and no other.
 */
#include "agent/control/deaths.h"

#include "agent/control/control_internal.h"
#include "runtime/base/fs.h"
#include "runtime/plan/death.h"

#include <dirent.h>
#include <fcntl.h>

enum { PLAN_FILE_MAX = 8 << 20 };

static DIR *open_list(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? NULL : fdopendir(fd);
}

static json_t *read_json(int dir_fd, const char *name, size_t max)
{
	cleanup_free char *text = NULL;
	json_t *j = NULL;
	size_t n;

	if (fs_read(dir_fd, name, max, &text, &n) < 0 ||
		json_parse_max((struct sv){text, n}, max, &j, NULL) < 0)
		return NULL;
	return j;
}

/* ---- burial ------------------------------------------------------------------------------------------- */

#define WHOSE "pod.json" /* in the directory of a buried pod */

static void write_whose(
	struct control *c, int to_fd, const char *uid, const char *ns, const char *name)
{
	cleanup_json json_t *j = json_object();
	cleanup_free char *text = NULL;
	char time[RFC3339_SIZE];

	json_put_str(j, "namespace", ns);
	json_put_str(j, "name", name);
	json_put_str(j, "uid", uid);
	json_put_str(j, "buriedAt", rfc3339(control_wall(c), time));
	text = json_text(j);
	(void)fs_write_atomic(to_fd, WHOSE, text, strlen(text), 0600, FS_NO_SYNC);
}

static size_t move_all(int from_fd, int to_fd)
{
	DIR *dir = open_list(from_fd);
	size_t n = 0;

	for (struct dirent *d; dir && (d = readdir(dir));)
		if (d->d_name[0] != '.' && renameat(from_fd, d->d_name, to_fd, d->d_name) == 0)
			n++;
	if (dir)
		(void)closedir(dir);
	return n;
}

void deaths_bury(struct control *c, const char *uid, const char *ns, const char *name)
{
	cleanup_free char *path = xasprintf("%s/" DEATH_DIR, uid);
	cleanup_free char *plan_path = xasprintf("%s/plan.json", uid);
	cleanup_close int from = fs_open_beneath(c->state_fd, path, O_RDONLY | O_DIRECTORY, 0);
	cleanup_close int to = from < 0 ? -EBADF : fs_open_dir(c->deaths_fd, uid, 0700);
	cleanup_json json_t *plan = NULL;

	if (to < 0)
		return;
	if (!name[0]) {
		plan = read_json(c->state_fd, plan_path, PLAN_FILE_MAX);
		ns = json_str_or(plan, "namespace", "");
		name = json_str_or(plan, "name", "");
	}
	if (move_all(from, to) > 0)
		write_whose(c, to, uid, ns, name);
	lane_add_at(c->chore_lane, "deaths", control_now(c) + NS_PER_SEC);
}

/* ---- expiry ------------------------------------------------------------------------------------------- */

struct grave {
	char *uid;
	uint64_t at_s, bytes;
};

struct graves {
	struct grave *items;
	size_t n, cap;
};

static int youngest_first(const void *a, const void *b)
{
	const struct grave *left = a, *right = b;

	return left->at_s < right->at_s ? 1 : left->at_s > right->at_s ? -1 : 0;
}

static uint64_t bytes_in(int dir_fd, const char *name)
{
	cleanup_close int fd = fs_open_beneath(dir_fd, name, O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd < 0 ? NULL : open_list(fd);
	uint64_t sum = 0;
	struct stat st;

	for (struct dirent *d; dir && (d = readdir(dir));)
		if (d->d_name[0] != '.' && fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			sum += (uint64_t)st.st_blocks * 512;
	if (dir)
		(void)closedir(dir);
	return sum;
}

static void find_graves(struct control *c, struct graves *g)
{
	DIR *dir = open_list(c->deaths_fd);
	struct stat st;

	for (struct dirent *d; dir && (d = readdir(dir));) {
		if (d->d_name[0] == '.' ||
			fstatat(c->deaths_fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		GROW(g->items, g->n + 1, g->cap);
		g->items[g->n++] = (struct grave){xstrdup(d->d_name), (uint64_t)st.st_mtim.tv_sec,
			bytes_in(c->deaths_fd, d->d_name)};
	}
	if (dir)
		(void)closedir(dir);
	if (g->n)
		qsort(g->items, g->n, sizeof *g->items, youngest_first);
}

void deaths_expire(struct control *c)
{
	struct graves g = {0};
	uint64_t sum = 0, now_s = control_wall(c) / NS_PER_SEC;

	find_graves(c, &g);
	for (size_t i = 0; i < g.n; i++) {
		const struct grave *one = &g.items[i];

		sum += one->bytes;
		if (i >= DEATHS_PODS_MAX || sum > DEATHS_BYTES_MAX ||
			one->at_s + DEATHS_AGE_S < now_s)
			(void)fs_remove_tree(c->deaths_fd, one->uid);
		free(one->uid);
	}
	free(g.items);
}

/* ---- probes ------------------------------------------------------------------------------------------- */

#define PROBES ".probes"

int deaths_add_probes(struct control *c, const char *uid, const char *id, const json_t *answers)
{
	cleanup_free char *path = xasprintf("%s/" DEATH_DIR, uid);
	cleanup_free char *name = xasprintf("%s" PROBES, id);
	cleanup_free char *text = NULL;
	cleanup_close int dir = -EBADF;

	if (json_array_size(answers) == 0)
		return 0;
	text = json_text(answers);
	dir = fs_open_dir(c->state_fd, path, 0700);
	if (dir < 0)
		return dir;
	return fs_write_atomic(dir, name, text, strlen(text), 0600, FS_NO_SYNC);
}

/* ---- reading ------------------------------------------------------------------------------------------ */

static void put_time(json_t *to, const char *key, uint64_t wall_ns)
{
	char text[RFC3339_SIZE];

	if (wall_ns)
		json_put_str(to, key, rfc3339(wall_ns, text));
}

static void put_pressure(json_t *to, const char *key, const struct death_pressure *p)
{
	json_t *one = json_object();
	char some[16], full[16];

	if (!p) {
		json_decref(one);
		return;
	}
	(void)snprintf(
		some, sizeof some, "%u.%02u", p->some_avg10_centi / 100, p->some_avg10_centi % 100);
	(void)snprintf(
		full, sizeof full, "%u.%02u", p->full_avg10_centi / 100, p->full_avg10_centi % 100);
	json_put_str(one, "someAvg10", some);
	json_put_str(one, "fullAvg10", full);
	json_put_int(one, "someTotalMicros", (int64_t)p->some_total_us);
	json_put_int(one, "fullTotalMicros", (int64_t)p->full_total_us);
	json_put(json_sub(to, "pressure"), key, one);
}

static void put_memory(json_t *to, const struct death *d)
{
	const struct {
		const char *key;
		uint64_t bytes;
	} rows[] = {{"peakBytes", d->memory_peak_bytes}, {"lastBytes", d->memory_bytes},
		{"limitBytes", d->memory_limit_bytes}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].bytes)
			json_put_int(json_sub(to, "memory"), rows[i].key, (int64_t)rows[i].bytes);
	if (d->oom_killed)
		json_put_int(json_sub(to, "memory"), "oomKills", (int64_t)d->oom_kills);
}

static json_t *show(const struct death *d, const json_t *whose)
{
	static const char *const next[] = {"None", "Restart", "RestartAllContainers"};
	json_t *to = json_object();

	json_put(to, "pod", json_deep_copy(whose));
	json_put_str(to, "container", d->container);
	json_put_str(to, "id", d->id);
	json_put_int(to, "run", d->run);
	put_time(to, "startedAt", d->started_at);
	put_time(to, "finishedAt", d->finished_at);
	json_put_int(to, "ranMillis", (int64_t)(d->ran_ns / NS_PER_MS));
	json_put_int(to, "exitCode", d->exit_code);
	if (d->signal)
		json_put_int(to, "signal", d->signal);
	json_put_str(to, "reason", d->reason);
	json_put_str(to, "message", d->message);
	json_put_str(to, "cause", d->cause);
	if (d->told)
		json_put_flag(to, "askedToStop", true);
	put_memory(to, d);
	put_pressure(to, "cpu", d->cpu);
	put_pressure(to, "memory", d->memory);
	json_put_int(to, "crashesInRow", d->crashes);
	json_put_str(to, "logTail", d->log_tail);
	json_put_str(json_sub(to, "next"), "action", next[d->next]);
	put_time(json_sub(to, "next"), "at", d->next_at);
	return to;
}

static void read_one(int dir_fd, const char *name, const json_t *whose, json_t *items)
{
	CLEANUP(death_free) struct death *d = NULL;
	cleanup_json json_t *j = read_json(dir_fd, name, DEATH_FILE_MAX), *probes = NULL;
	cleanup_free char *beside = NULL;
	json_t *shown;

	if (!j || death_decode(j, &d, NULL) < 0)
		return;
	beside = xasprintf("%s" PROBES, d->id);
	probes = read_json(dir_fd, beside, DEATH_FILE_MAX);
	shown = show(d, whose);
	if (json_is_array(probes))
		json_put(shown, "probes", json_incref(probes));
	json_push(items, shown);
}

static void read_dir(int dir_fd, const json_t *whose, json_t *items)
{
	DIR *dir = dir_fd < 0 ? NULL : open_list(dir_fd);
	struct sv container;
	uint32_t attempt;

	for (struct dirent *d; dir && (d = readdir(dir));)
		if (death_file_parse(d->d_name, &container, &attempt) == 0)
			read_one(dir_fd, d->d_name, whose, items);
	if (dir)
		(void)closedir(dir);
}

static void read_graves(struct control *c, const char *ns, const char *name, json_t *items)
{
	DIR *dir = open_list(c->deaths_fd);

	for (struct dirent *d; dir && (d = readdir(dir));) {
		cleanup_close int fd = d->d_name[0] == '.'
					       ? -EBADF
					       : fs_open_beneath(c->deaths_fd, d->d_name,
							 O_RDONLY | O_DIRECTORY, 0);
		cleanup_json json_t *whose = fd < 0 ? NULL : read_json(fd, WHOSE, 4096);

		if (streq(json_str_or(whose, "name", ""), name) &&
			streq(json_str_or(whose, "namespace", ""), ns))
			read_dir(fd, whose, items);
	}
	if (dir)
		(void)closedir(dir);
}

static int latest_first(const void *a, const void *b)
{
	const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
	int order =
		strcmp(json_str_or(right, "finishedAt", ""), json_str_or(left, "finishedAt", ""));
	int64_t l = json_int(left, "run", 0), r = json_int(right, "run", 0);

	return order ? order : l < r ? 1 : l > r ? -1 : 0;
}

/* A new array; consumes @own_items. */
static json_t *sorted(json_t *own_items)
{
	size_t n = json_array_size(own_items);
	cleanup_free json_t **list = xcalloc(n + 1, sizeof *list);
	json_t *to = json_array();

	for (size_t i = 0; i < n; i++)
		list[i] = json_array_get(own_items, i);
	qsort(list, n, sizeof *list, latest_first);
	for (size_t i = 0; i < n; i++)
		json_push(to, json_incref(list[i]));
	json_decref(own_items);
	return to;
}

int control_deaths(struct control *c, const char *ns, const char *name, json_t **ret, struct err *e)
{
	cleanup_json json_t *pod = NULL, *whose = json_object(), *items = json_array();
	bool there = store_get(c->o.store, c->pod_kind, ns, name, &pod, NULL) == 0;

	if (there) {
		cleanup_free char *path = xasprintf("%s/" DEATH_DIR, meta_str(pod, "uid"));
		cleanup_close int fd =
			fs_open_beneath(c->state_fd, path, O_RDONLY | O_DIRECTORY, 0);

		json_put_str(whose, "namespace", ns);
		json_put_str(whose, "name", name);
		json_put_str(whose, "uid", meta_str(pod, "uid"));
		read_dir(fd, whose, items);
	}
	read_graves(c, ns, name, items);
	if (!there && json_array_size(items) == 0)
		return err_set(e, -ENOENT, "pods \"%s\" not found", name);
	*ret = sorted(take(items));
	return 0;
}
