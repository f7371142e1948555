/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps one watch going: the server ends streams now and then, and berthd may be started anew at any time without a
 * pod noticing, so the stream is taken up again at the last version seen.
 */
#include "agent/cli/watch.h"

#include "agent/cli/api_path.h"
#include "agent/cli/lines.h"

#include <time.h>

#define AWAY_NS (30 * NS_PER_SEC) /* how long berthd may be away */
#define RETRY_NS (NS_PER_SEC / 5)

struct following {
	struct cli *cli;
	const struct watch *watch;
	char *version; /* of the last event */
	bool expired, stopped, alive;
};

const char *version_of(const json_t *object)
{
	return json_str_or(json_map(object, "metadata"), "resourceVersion", "");
}

/* The version of an event's object; a Table carries it in its metadata or in its row. */
static const char *event_version(const json_t *object)
{
	const char *version = version_of(object);

	if (!*version && streq(json_str(object, "kind"), "Table"))
		version = version_of(
			json_object_get(json_array_get(json_list(object, "rows"), 0), "object"));
	return version;
}

static int on_line(void *data, struct sv line)
{
	struct following *f = data;
	cleanup_json json_t *event = json_loadb(line.p, line.n, 0, NULL);
	const char *type = json_str_or(event, "type", ""), *version;
	json_t *object = json_map(event, "object");
	int r;

	f->alive = true;
	if (line.n == 0)
		return 0;
	if (!object)
		return -EPROTO;
	if (streq(type, "ERROR")) {
		f->expired = json_int(object, "code", 0) == 410;
		if (!f->expired)
			(void)fail(f->cli, "watching: %s",
				json_str_or(object, "message", "the server ended it"));
		return -ECANCELED;
	}
	version = event_version(object);
	if (*version) {
		free(f->version);
		f->version = xstrdup(version);
	}
	if (streq(type, "BOOKMARK"))
		return 0;
	r = f->watch->on_event(f->watch->data, type, object);
	f->stopped = r > 0;
	return r > 0 ? -ECANCELED : r;
}

static int on_data(void *data, struct sv piece)
{
	return lines_feed(data, piece);
}

static void watch_path(const struct watch *w, const char *version, struct str *path)
{
	cleanup_str struct str fields = {0};

	if (w->name)
		str_addf(&fields, "metadata.name=%s", w->name);
	if (w->fields && *w->fields)
		str_addf(&fields, "%s%s", fields.n ? "," : "", w->fields);
	path_start(path, w->kind, w->ns, NULL, NULL);
	query_add(path, "watch", "true");
	query_add(path, "allowWatchBookmarks", "true");
	query_add(path, "resourceVersion", version);
	query_add(path, "labelSelector", w->labels);
	query_add(path, "fieldSelector", fields.n ? fields.p : NULL);
}

/* One stream. Returns: 0 when the server has ended it, -ECANCELED as on_line left it, or an error. */
static int one_stream(struct following *f, struct response *response, struct err *e)
{
	const struct watch *w = f->watch;
	uint64_t now = clock_now_ns(f->cli->clock);
	cleanup_str struct str path = {0};
	struct lines lines = {.on_line = on_line, .data = f};
	int r;

	if (w->deadline_ns && now >= w->deadline_ns)
		return -ETIMEDOUT;
	watch_path(w, f->version, &path);
	r = client_do(f->cli->client,
		&(struct request){.method = "GET",
			.path = path.p,
			.accept = w->accept,
			.timeout_ns = w->deadline_ns ? w->deadline_ns - now : 0,
			.on_data = on_data,
			.data = &lines},
		response, e);
	str_done(&lines.rest);
	return r;
}

static bool is_away(int r)
{
	return r == -ECONNRESET || r == -ECONNREFUSED || r == -ENOENT || r == -EPROTO;
}

/* What the end of one stream means. Returns: true when the watch is over. */
static bool is_over(struct following *f, int r, const struct response *response,
	const struct err *e, uint64_t *away_since, enum watch_end *ret)
{
	uint64_t now = clock_now_ns(f->cli->clock);

	*ret = WATCH_FAILED;
	if (f->stopped)
		*ret = WATCH_STOPPED;
	else if (f->expired || response->code == 410)
		*ret = WATCH_EXPIRED;
	else if (r == -ETIMEDOUT)
		*ret = WATCH_TIMED_OUT;
	else if (response->code >= 400)
		(void)fail_response(f->cli, response, NULL);
	else if (r == -ECANCELED)
		return true;
	else if (r == 0 || (is_away(r) && (!*away_since || now - *away_since < AWAY_NS))) {
		if (r < 0 && !*away_since)
			*away_since = now;
		return false;
	} else
		(void)fail_err(f->cli, e);
	return true;
}

enum watch_end watch_run(struct cli *c, const struct watch *w, const char *version)
{
	struct following f = {.cli = c, .watch = w, .version = xstrdup(version)};
	const struct timespec pause = {.tv_nsec = RETRY_NS};
	enum watch_end end = WATCH_FAILED;
	uint64_t away_since = 0;
	bool over = false, told = false;

	while (!over) {
		cleanup_response struct response response = {0};
		struct err e = {0};
		int r;

		f.alive = false;
		r = one_stream(&f, &response, &e);
		if (f.alive)
			away_since = 0;
		over = is_over(&f, r, &response, &e, &away_since, &end);
		if (over)
			break;
		if (r < 0 && !told && c->err_is_tty)
			warn(c, "berthd is away; waiting for it to come back");
		told = told || r < 0;
		/* Also after a good end: a server that ends each stream at once must not make a busy loop. */
		(void)nanosleep(&pause, NULL);
	}
	free(f.version);
	return end;
}
