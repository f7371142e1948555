/* SPDX-License-Identifier: Apache-2.0 */
/*
 * berth.dev/v1: images and findings. A pull or load answers with a line of JSON for each step; the last one is
 * {"refs":[…]} or a Status. An archive goes through a pipe as it comes, so that it is never stored
 * twice; the connection waits while the pipe is full.
 */
#include "agent/api/backend.h"
#include "agent/api/body.h"
#include "agent/api/routes.h"
#include "agent/api/server.h"
#include "agent/api/stream.h"
#include "agent/api/upload.h"
#include "runtime/image/image.h"

#include <fcntl.h>

struct upload {
	struct api *api;
	const struct api_backend *backend;
	struct control_image_job *job;
	struct stream *stream;		/* the answer, once the request is complete */
	struct MHD_Connection *waiting; /* suspended, until the pipe has room */
	struct peer *peer;
	int pipe_fd; /* of a load; -1: closed */
	sd_event_source *room;
	char *last; /* what the job has said, for a stream that opens later; NULL: nothing */
	bool ended; /* … and it was the last */
};

static bool available(struct request *r)
{
	if (r->api->o.backend)
		return true;
	reply_failure(r, 503, "ServiceUnavailable", "this server has no images");
	return false;
}

/* ---- what the job says ------------------------------------------------------------------------- */

static json_t *progress_line(const struct image_progress *p)
{
	json_t *line = json_object();

	json_put_str(line, "stage", p->stage);
	json_put_int(line, "layersDone", (int64_t)p->layers_done);
	json_put_int(line, "layers", (int64_t)p->layers);
	json_put_int(line, "bytesDone", (int64_t)p->bytes_done);
	json_put_int(line, "bytes", (int64_t)p->bytes);
	return line;
}

static json_t *refs_line(const char *const *refs, size_t n)
{
	json_t *line = json_object(), *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_push(list, json_any_string(refs[i]));
	json_put_str(line, "stage", "done");
	json_put(line, "refs", list);
	return line;
}

/* The client gets @u->last, and the end when it was the last. */
static void tell_client(struct upload *u)
{
	if (!u->stream || !u->last)
		return;
	stream_write(u->stream, u->last, strlen(u->last));
	stream_write(u->stream, "\n", 1);
	free(u->last);
	u->last = NULL;
	if (u->ended)
		stream_end(u->stream);
}

static void let_in(struct upload *u)
{
	(void)sd_event_source_set_enabled(u->room, SD_EVENT_OFF);
	if (!u->waiting)
		return;
	peer_enter(u->peer, PEER_BODY, HEADER_DEADLINE_NS);
	MHD_resume_connection(u->waiting);
	server_kick(u->api);
	u->waiting = NULL;
}

static void job_says(void *data, int r, const struct image_progress *progress,
	const char *const *refs, size_t n_refs, const struct err *e)
{
	struct upload *u = data;
	cleanup_json json_t *line = NULL;

	if (r < 0)
		line = status_of_err(e);
	else if (r > 0)
		line = refs_line(refs, n_refs);
	else if (progress)
		line = progress_line(progress);
	else
		return;
	u->ended = r != 0;
	free(u->last);
	u->last = json_text(line);
	tell_client(u);
	/* What is left of the archive is read and forgotten. */
	if (u->ended)
		let_in(u);
}

static struct upload *upload_new(struct request *r)
{
	struct upload *u = xcalloc(1, sizeof *u);

	*u = (struct upload){
		.api = r->api, .backend = r->api->o.backend, .peer = r->peer, .pipe_fd = -EBADF};
	return u;
}

void upload_free(struct upload *own_u)
{
	if (!own_u)
		return;
	own_u->backend->image_job_free(own_u->job);
	(void)sd_event_source_disable_unref(own_u->room);
	if (own_u->pipe_fd >= 0)
		(void)close(own_u->pipe_fd);
	free(own_u->last);
	free(own_u);
}

static void answer_closed(void *data)
{
	upload_free(data);
}

static void fail(struct upload *u, const struct err *e)
{
	job_says(u, e->code, NULL, NULL, 0, e);
}

/* The answer's stream takes the job over from the request. */
static void answer(struct request *r, struct upload *own_u)
{
	r->upload = NULL;
	own_u->stream = stream_open(r, "application/json",
		&(struct stream_calls){.closed = answer_closed, .data = own_u});
	tell_client(own_u);
}

/* ---- load -------------------------------------------------------------------------------------- */

static int has_room(sd_event_source *source, int fd, uint32_t events, void *data)
{
	(void)source;
	(void)fd;
	(void)events;
	let_in(data);
	return 0;
}

static int start_load(struct upload *u, struct err *e)
{
	cleanup_close int read_end = -EBADF;
	int fds[2], r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(e, -errno, "making a pipe for the archive");
	read_end = fds[0];
	u->pipe_fd = fds[1];
	(void)fcntl(u->pipe_fd, F_SETFL, O_NONBLOCK);
	(void)fcntl(u->pipe_fd, F_SETPIPE_SZ, 256 << 10);
	r = sd_event_add_io(u->api->o.loop, &u->room, u->pipe_fd, EPOLLOUT, has_room, u);
	if (r >= 0)
		r = sd_event_source_set_enabled(u->room, SD_EVENT_OFF);
	if (r < 0)
		return err_errno(e, r, "watching the pipe of the archive");
	return u->backend->image_load(u->api->o.control, read_end, job_says, u, &u->job, e);
}

static void wait_for_room(struct request *r, struct upload *u)
{
	u->waiting = r->http;
	peer_streams(r->peer);
	(void)sd_event_source_set_enabled(u->room, SD_EVENT_ON);
	MHD_suspend_connection(r->http);
}

size_t upload_part(struct request *r, const char *bytes, size_t n)
{
	struct upload *u = r->upload;
	struct err e = {0};
	size_t done = 0;

	if (!r->api->o.backend)
		return n;
	if (!u) {
		u = upload_new(r);
		r->upload = u;
		if (start_load(u, &e) < 0)
			fail(u, &e);
	}
	while (done < n && !u->ended && u->pipe_fd >= 0) {
		ssize_t part = write(u->pipe_fd, bytes + done, n - done);

		if (part < 0 && errno == EAGAIN)
			break;
		/* The job reads no more: its own word says why, and comes. */
		if (part < 0)
			return n;
		done += (size_t)part;
	}
	if (u->ended || u->pipe_fd < 0)
		return n;
	if (done < n)
		wait_for_room(r, u);
	return done;
}

static void finish_load(struct request *r)
{
	struct upload *u = r->upload;

	if (!u) {
		reply_failure(r, 400, "BadRequest", "the body must be an archive of images");
		return;
	}
	(void)sd_event_source_set_enabled(u->room, SD_EVENT_OFF);
	u->room = sd_event_source_disable_unref(u->room);
	if (u->pipe_fd >= 0)
		(void)close(u->pipe_fd);
	u->pipe_fd = -EBADF;
	answer(r, u);
}

/* ---- pull -------------------------------------------------------------------------------------- */

static void pull(struct request *r)
{
	cleanup_json json_t *body = NULL;
	cleanup_free char *auth_text = NULL;
	const json_t *auth;
	const char *ref;
	struct upload *u;
	struct err e = {0};
	int code = body_parse(r, &body, &e);

	ref = json_str_or(body, "ref", "");
	auth = json_map(body, "auth");
	if (code == 0 && !ref[0])
		code = err_set(&e, -EBADMSG,
			"the body must be {\"ref\": \"registry/name:tag\"}, or an archive with "
			"?load=true");
	if (code < 0) {
		reply_err(r, &e);
		return;
	}
	auth_text = auth ? json_text(auth) : NULL;
	u = upload_new(r);
	code = u->backend->image_pull(r->api->o.control, ref, auth_text, job_says, u, &u->job, &e);
	if (code < 0) {
		upload_free(u);
		reply_err(r, &e);
		return;
	}
	answer(r, u);
}

void post_image(struct request *r)
{
	if (!available(r))
		return;
	if (target_flag(&r->target, "load"))
		finish_load(r);
	else
		pull(r);
}

/* ---- the rest ---------------------------------------------------------------------------------- */

static void reply_items(struct request *r, const char *kind, json_t *own_items)
{
	json_t *list = json_object();

	json_put_str(list, "kind", kind);
	json_put_str(list, "apiVersion", "berth.dev/v1");
	json_put(list, "items", own_items);
	reply_json(r, 200, list);
}

void get_images(struct request *r)
{
	if (available(r))
		reply_items(r, "ImageList", r->api->o.backend->images(r->api->o.control));
}

void get_check(struct request *r)
{
	if (available(r))
		reply_items(r, "CheckList", r->api->o.backend->check(r->api->o.control));
}

/* The reference stands in ?ref=, or as the rest of the path (it may hold slashes). */
void delete_image(struct request *r)
{
	const char *ref = target_param(&r->target, "ref");
	cleanup_str struct str path = {0};
	struct err e = {0};

	if (!available(r))
		return;
	for (size_t i = 4; !ref && i < r->target.n_segments; i++)
		str_addf(&path, "%s%s", i > 4 ? "/" : "", r->target.segments[i]);
	if (!ref)
		ref = path.p ? path.p : "";
	if (!ref[0]) {
		reply_failure(r, 400, "BadRequest", "which image? ?ref=registry/name:tag");
		return;
	}
	if (r->api->o.backend->image_remove(r->api->o.control, ref, &e) < 0)
		reply_err(r, &e);
	else
		reply_json(r, 200,
			json_pack("{s:s,s:s,s:{},s:s}", "kind", "Status", "apiVersion", "v1",
				"metadata", "status", "Success"));
}
