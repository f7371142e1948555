/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pods/NAME/log: what a container wrote, read from the CRI files of its run as the client takes it, a block at a time;
 * with follow it goes on with the events of inotify, over rotations and restarts, until the container is not started again
 * (kubectl's ends with the run; who follows a service wants to see it come back). ?berthRun=N is the run N.
 *
 * Source: Kubernetes API reference, "read log of the specified Pod"; kubelet validateContainerLogStatus.
 */
#include "agent/api/crilog.h"
#include "agent/api/logfiles.h"
#include "agent/api/routes.h"
#include "agent/api/server.h"
#include "agent/api/stream.h"
#include "agent/spec/object.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <utlist.h>

enum {
	LOG_BLOCK = 64 << 10,
	LOG_BLOCKS = 8,		    /* in one turn of the loop */
	LOG_WAITING_MAX = 64 << 10, /* bytes for the client, before more is read (safety R18) */
};

struct log_session {
	struct api *api;
	struct stream *stream;
	char *ns, *pod, *uid, *container;
	uint32_t run;
	int dir_fd;
	struct logfiles files, later; /* later: found behind them, and entered at their end */
	uint32_t later_run;
	size_t at;	 /* the file that is being read */
	uint64_t offset; /* in it */
	struct crilog log;
	struct crilog_tail tail;
	bool tailing, follow, finished;
	bool one_run; /* an older one: nothing follows it */
	bool ended;   /* no more comes */
	bool moved;   /* files came or went since the last look */
	sd_event_source *changes, *go_on;
	struct store_sub *sub;
};

/* ---- which container, which run ---------------------------------------------------------------- */

static const char *const lists[] = {"containers", "initContainers", "ephemeralContainers"};
static const char *const status_lists[] = {
	"containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"};

static const json_t *named(const json_t *list, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (streq(json_str(item, "name"), name))
			return item;
	return NULL;
}

static const json_t *status_of(const json_t *pod, const char *container)
{
	const json_t *found = NULL;

	for (size_t i = 0; !found && i < ARRAY_SIZE(status_lists); i++)
		found = named(json_list(json_map(pod, "status"), status_lists[i]), container);
	return found;
}

static void add_names(struct str *out, const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		str_addf(out, "%s%s", i ? " " : "", json_str(item, "name"));
}

/* The container that is asked for, or the only one. */
static int choose_container(
	const struct request *r, const json_t *pod, const char **ret, struct err *e)
{
	const char *asked = target_param(&r->target, "container");
	const json_t *spec = json_map(pod, "spec");
	const json_t *containers = json_list(spec, "containers");
	cleanup_str struct str names = {0};

	if (asked && asked[0]) {
		*ret = asked;
		for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
			if (named(json_list(spec, lists[i]), asked))
				return 0;
		return err_set(e, -EBADMSG, "container %s is not valid for pod %s", asked, r->name);
	}
	if (json_array_size(containers) == 1) {
		*ret = json_str(json_array_get(containers, 0), "name");
		return 0;
	}
	add_names(&names, containers);
	if (json_array_size(json_list(spec, "initContainers")) > 0) {
		str_add(&names, "] or one of the init containers: [");
		add_names(&names, json_list(spec, "initContainers"));
	}
	return err_set(e, -EBADMSG,
		"a container name must be specified for pod %s, choose one of: [%s]", r->name,
		names.p ? names.p : "");
}

/* Will no more come, neither from run @run nor from a later one? */
static bool is_over(const json_t *pod, const char *container, uint32_t run)
{
	const json_t *status = status_of(pod, container);
	const char *phase = json_str_or(json_map(pod, "status"), "phase", "");

	if (streq(phase, "Succeeded") || streq(phase, "Failed"))
		return true;
	return status && json_int(status, "restartCount", 0) <= (int64_t)run &&
	       json_at(status, "state", "terminated", NULL);
}

/* Has run @run of the container ended, as the pod's status tells? */
static bool run_has_ended(const json_t *pod, const char *container, uint32_t run)
{
	const json_t *status = status_of(pod, container);
	const json_t *state = json_map(status, "state");
	int64_t count = json_int(status, "restartCount", 0);

	if (!status || count < (int64_t)run)
		return false;
	if (count > (int64_t)run || json_map(state, "terminated"))
		return true;
	return json_map(state, "waiting") && json_at(status, "lastState", "terminated", NULL);
}

static bool no_more(const struct log_session *s, const json_t *pod)
{
	return s->one_run ? run_has_ended(pod, s->container, s->run)
			  : is_over(pod, s->container, s->run);
}

/* Which run to show. Returns: 0, or -errno with Kubernetes' words. */
static int choose_run(const struct request *r, const json_t *pod, const char *container, int dir_fd,
	uint32_t *ret, struct err *e)
{
	const json_t *status = status_of(pod, container);
	const char *why = json_str_or(
		json_at(status, "state", "waiting", NULL), "reason", "ContainerCreating");
	bool previous = target_flag(&r->target, "previous");
	uint32_t newest = 0, before = 0;
	size_t n = dir_fd >= 0 ? logfiles_runs(dir_fd, &newest, &before) : 0;
	int64_t asked;
	int given = target_number(&r->target, "berthRun", &asked, e);

	if (given < 0)
		return given;
	if (given && previous)
		return err_set(e, -EINVAL, "at most one of previous and berthRun may be specified");
	if (given && (asked < 0 || asked > UINT32_MAX || dir_fd < 0 ||
			     !logfiles_has(dir_fd, (uint32_t)asked)))
		return err_set(e, -EBADMSG,
			"there is no log of run %lld of container \"%s\" in pod \"%s\" (any more); "
			"the newest run is %u",
			(long long)asked, container, r->name, newest);
	if (given) {
		*ret = (uint32_t)asked;
		return 0;
	}

	if (!previous) {
		*ret = newest;
		return n > 0 ? 0
			     : err_set(e, -EBADMSG,
				       "container \"%s\" in pod \"%s\" is waiting to start: %s",
				       container, r->name, why);
	}
	/* While it waits for its restart, the newest run is the previous one. */
	if (n > 0 && run_has_ended(pod, container, newest) &&
		json_at(status, "state", "waiting", NULL)) {
		*ret = newest;
		return 0;
	}
	*ret = before;
	return n > 1 ? 0
		     : err_set(e, -EBADMSG,
			       "previous terminated container \"%s\" in pod \"%s\" not found",
			       container, r->name);
}

/* ---- reading ----------------------------------------------------------------------------------- */

static uint64_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void begin_tail(struct log_session *s, uint64_t lines)
{
	s->at = s->files.n - 1;
	crilog_tail_begin(&s->tail, lines, size_of(s->files.files[s->at].fd));
}

/* One block towards the front. Returns: false when the place to read from is found. */
static bool step_tail(struct log_session *s, char *block)
{
	struct crilog_tail *t = &s->tail;
	size_t n = t->at < LOG_BLOCK ? (size_t)t->at : LOG_BLOCK;
	ssize_t got;

	if (!t->done) {
		got = pread(s->files.files[s->at].fd, block, n, (off_t)(t->at - n));
		if (got == (ssize_t)n) {
			crilog_tail_feed(t, block, n);
			return true;
		}
		/* Cut under our hands: show it from here. */
		t->done = true;
	}
	/* The whole file, and still too few lines: the one before it as well. */
	if (t->start == 0 && t->found < t->lines && s->at > 0) {
		s->at--;
		crilog_tail_begin(t, t->lines - t->found, size_of(s->files.files[s->at].fd));
		return true;
	}
	s->offset = t->start;
	s->tailing = false;
	return false;
}

/*
 * What there is behind the last file: later ones of its run, or else the next run. Whether there is a next run is asked
 * first: only then are the files of this one all there. Returns: whether there is anything; it waits in s->later.
 */
static bool find_later(struct log_session *s)
{
	const struct logfile last = s->files.files[s->files.n - 1];
	uint32_t next;
	bool over = !s->one_run && logfiles_next(s->dir_fd, s->run, &next);

	s->later_run = s->run;
	if (logfiles_open(s->dir_fd, s->run, &last, &s->later) == 0 && s->later.n > 0)
		return true;
	logfiles_done(&s->later);
	if (!over)
		return false;
	s->later_run = next;
	if (logfiles_open(s->dir_fd, next, NULL, &s->later) == 0 && s->later.n > 0)
		return true;
	logfiles_done(&s->later);
	return false;
}

/* The first file of another run. */
static void begin_run(struct log_session *s)
{
	cleanup_json json_t *pod = NULL;
	cleanup_str struct str rest = {0};

	s->moved = true; /* it may have been rotated as well … */
	crilog_end(&s->log, &rest);
	if (rest.n > 0)
		stream_write(s->stream, rest.p, rest.n);
	/* … or be over, and the pod's status says nothing more. */
	if (store_get(s->api->o.store, s->api->pods, s->ns, s->pod, &pod, NULL) == 0)
		s->ended = s->ended || is_over(pod, s->container, s->run);
}

static void enter_later(struct log_session *s)
{
	bool other = s->later_run != s->run;

	logfiles_done(&s->files);
	s->files = s->later;
	s->later = (struct logfiles){0};
	s->run = s->later_run;
	s->at = 0;
	s->offset = 0;
	if (other)
		begin_run(s);
}

/* The end of a file. Returns: false when there is nothing more to read now. */
static bool at_end_of_file(struct log_session *s)
{
	if (s->at + 1 < s->files.n) {
		s->at++;
		s->offset = 0;
		return true;
	}
	if (s->later.n > 0) {
		enter_later(s);
		return true;
	}
	if (!s->follow || !s->moved)
		return false;
	s->moved = false;
	/* Now that there is a later one, this one has its last byte: it is read to its end once more before it is left. */
	return find_later(s);
}

static void finish(struct log_session *s, struct str *out)
{
	crilog_end(&s->log, out);
	if (out->n > 0)
		stream_write(s->stream, out->p, out->n);
	stream_end(s->stream);
	s->finished = true;
	s->changes = sd_event_source_disable_unref(s->changes);
}

/* Reads on, as far as the client takes it. */
static void pump(struct log_session *s)
{
	char block[LOG_BLOCK];
	cleanup_str struct str out = {0};

	for (int i = 0; i < LOG_BLOCKS; i++) {
		ssize_t n;

		if (stream_waiting(s->stream) > LOG_WAITING_MAX)
			return;
		if (s->tailing) {
			(void)step_tail(s, block);
			continue;
		}
		n = pread(s->files.files[s->at].fd, block, sizeof block, (off_t)s->offset);
		if (n > 0) {
			s->offset += (uint64_t)n;
			str_clear(&out);
			crilog_feed(&s->log, block, (size_t)n, &out);
			if (out.n > 0)
				stream_write(s->stream, out.p, out.n);
		}
		str_clear(&out);
		if (crilog_full(&s->log)) {
			finish(s, &out);
			return;
		}
		if (n > 0 || at_end_of_file(s))
			continue;
		if (!s->follow || s->ended)
			finish(s, &out);
		return;
	}
	/* More to read: after the others have had their turn. */
	(void)sd_event_source_set_enabled(s->go_on, SD_EVENT_ONESHOT);
}

static int go_on(sd_event_source *source, void *data)
{
	struct log_session *s = data;

	(void)source;
	if (!s->finished)
		pump(s);
	return 0;
}

static void log_drained(void *data)
{
	struct log_session *s = data;

	if (!s->finished)
		pump(s);
}

static int files_changed(sd_event_source *source, const struct inotify_event *event, void *data)
{
	struct log_session *s = data;

	(void)source;
	if (event->mask & ~(uint32_t)IN_MODIFY)
		s->moved = true;
	if (!s->tailing && !s->finished)
		pump(s);
	return 0;
}

static void pod_changed(void *data, const struct store_event *event)
{
	struct log_session *s = data;

	if (!s->follow || !streq(event->ns, s->ns) || !streq(event->name, s->pod))
		return;
	if (event->change != STORE_DELETED && !no_more(s, event->object))
		return;
	s->ended = true;
	s->moved = true; /* its last run may have begun and ended since the last look */
	(void)sd_event_source_set_enabled(s->go_on, SD_EVENT_ONESHOT);
}

/* ---- start and end ----------------------------------------------------------------------------- */

static void session_free(void *data)
{
	struct log_session *s = data;

	if (!s)
		return;
	store_unsubscribe(s->sub);
	(void)sd_event_source_disable_unref(s->changes);
	(void)sd_event_source_disable_unref(s->go_on);
	logfiles_done(&s->files);
	logfiles_done(&s->later);
	crilog_done(&s->log);
	if (s->dir_fd >= 0)
		(void)close(s->dir_fd);
	free(s->ns);
	free(s->pod);
	free(s->uid);
	free(s->container);
	free(s);
}
DEFINE_CLEANUP(void, session_free);

static int parse_since(const struct request *r, uint64_t *ret, struct err *e)
{
	const char *time = target_param(&r->target, "sinceTime");
	uint64_t now = clock_wall_ns(r->api->o.clock);
	int64_t seconds = 0;
	int given = target_number(&r->target, "sinceSeconds", &seconds, e);

	if (given < 0)
		return given;
	if (given && time && time[0])
		return err_set(
			e, -EINVAL, "at most one of sinceTime or sinceSeconds may be specified");
	if (given && seconds < 1)
		return err_set(e, -EINVAL, "sinceSeconds must be greater than 0");
	if (given)
		*ret = (uint64_t)seconds < now / NS_PER_SEC ? now - (uint64_t)seconds * NS_PER_SEC
							    : 0;
	if (time && time[0] && rfc3339_parse(time, ret) < 0)
		return err_set(e, -EBADMSG, "sinceTime must be an RFC 3339 time, not \"%s\"", time);
	return 0;
}

static int parse_options(const struct request *r, struct log_session *s, struct err *e)
{
	static const struct {
		const char *word;
		enum crilog_stream streams;
	} words[] = {{"All", CRILOG_ALL}, {"Stdout", CRILOG_STDOUT}, {"Stderr", CRILOG_STDERR}};
	const char *stream = target_param(&r->target, "stream");
	int64_t limit = 0, tail = -1;
	int given, code = parse_since(r, &s->log.since_wall_ns, e);

	if (code < 0)
		return code;
	s->follow = target_flag(&r->target, "follow");
	s->log.timestamps = target_flag(&r->target, "timestamps");
	given = target_number(&r->target, "limitBytes", &limit, e);
	if (given < 0)
		return given;
	if (given && limit < 1)
		return err_set(e, -EINVAL, "limitBytes must be greater than 0");
	if (given)
		s->log.limit_bytes = (uint64_t)limit;
	given = target_number(&r->target, "tailLines", &tail, e);
	if (given < 0)
		return given;
	if (given && tail < 0)
		return err_set(e, -EINVAL, "tailLines must be greater than or equal to 0");
	s->tailing = given > 0;
	s->tail.lines = (uint64_t)tail;
	if (!stream || !stream[0])
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (streq(stream, words[i].word)) {
			s->log.streams = words[i].streams;
			return 0;
		}
	}
	return err_set(e, -EINVAL, "stream must be All, Stdout or Stderr, not \"%s\"", stream);
}

/* Finds the pod, the container, the run and its files. */
static int open_session(const struct request *r, struct log_session *s, struct err *e)
{
	cleanup_json json_t *pod = NULL;
	const char *container = NULL;
	int code = store_get(r->api->o.store, r->kind, r->ns, r->name, &pod, e);

	if (code == 0)
		code = parse_options(r, s, e);
	if (code == 0)
		code = choose_container(r, pod, &container, e);
	if (code < 0)
		return code;
	s->ns = xstrdup(r->ns);
	s->pod = xstrdup(r->name);
	s->uid = xstrdup(meta_str(pod, "uid"));
	s->container = xstrdup(container);
	s->dir_fd = logfiles_dir(r->api->o.root_fd, s->ns, s->pod, s->uid, container);
	if (s->dir_fd < 0 && s->dir_fd != -ENOENT)
		return err_errno(e, s->dir_fd, "opening the logs of container %s", container);
	code = choose_run(r, pod, container, s->dir_fd, &s->run, e);
	if (code < 0)
		return code;
	code = logfiles_open(s->dir_fd, s->run, NULL, &s->files);
	if (code == 0 && s->files.n == 0)
		code = -ENOENT;
	if (code < 0)
		return err_set(e, -EIO, "the log of container %s cannot be opened safely: %s",
			container, strerror(-code));
	s->one_run = target_flag(&r->target, "previous") || target_param(&r->target, "berthRun");
	s->ended = no_more(s, pod);
	return 0;
}

static int listen_for_more(struct log_session *s, struct err *e)
{
	int r = sd_event_add_defer(s->api->o.loop, &s->go_on, go_on, s);

	if (r >= 0 && s->follow)
		r = sd_event_add_inotify_fd(s->api->o.loop, &s->changes, s->dir_fd,
			IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM, files_changed, s);
	if (r < 0)
		return err_errno(e, r, "watching the log");
	s->sub = store_subscribe(s->api->o.store, s->api->pods, pod_changed, s);
	return 0;
}

void get_log(struct request *r)
{
	CLEANUP(session_free) void *owned = NULL;
	struct log_session *s = xcalloc(1, sizeof *s);
	struct err e = {0};

	owned = s;
	*s = (struct log_session){
		.api = r->api, .dir_fd = -EBADF, .moved = true, .log = CRILOG_INIT};
	if (open_session(r, s, &e) < 0 || listen_for_more(s, &e) < 0) {
		reply_err(r, &e);
		return;
	}
	if (s->tailing)
		begin_tail(s, s->tail.lines);
	owned = NULL;
	s->stream =
		stream_open(r, "text/plain", &(struct stream_calls){log_drained, session_free, s});
}
