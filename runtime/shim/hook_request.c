/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpGet and tcpSocket hooks. A stranger's bytes are read by berth-probe, which has no privileges; what it says is
 * text of bounded length, through a pipe that holds no more.
 */
#include "runtime/shim/hook_request.h"
#include "runtime/base/json.h"
#include "runtime/base/spawn.h"
#include "runtime/shim/shim.h"

#include <fcntl.h>
#include <sys/mman.h>

struct hook_job {
	struct job job;
	struct container *container;
	hook_request_fn fn; /* NULL: forgotten */
	int answer_fd;
};

enum { ANSWER_MAX = 16 << 10, MARGIN_S = 2 };

char *hook_request_text(const struct plan_handler *h, uint64_t timeout_ns)
{
	cleanup_json json_t *j = json_object();
	json_t *headers = json_array();
	bool agent = false;

	for (size_t i = 0; i < h->n_headers; i++) {
		json_push(headers, json_any_string(h->headers[i]));
		agent |= strncasecmp(h->headers[i], "User-Agent:", 11) == 0;
	}
	if (h->kind == PLAN_HANDLER_HTTP && !agent)
		json_push(headers, json_string("User-Agent: kube-lifecycle/1.35"));
	json_put_int(j, "id", 1);
	json_put_str(j, "kind", h->kind == PLAN_HANDLER_HTTP ? "http" : "tcp");
	json_put_str(j, "host", h->host ? h->host : "127.0.0.1");
	json_put_int(j, "port", h->port);
	json_put_int(j, "timeout_ns", (int64_t)timeout_ns);
	if (h->kind != PLAN_HANDLER_HTTP) {
		json_decref(headers);
		return json_text(j);
	}
	json_put_str(j, "path", h->path);
	json_put_flag(j, "https", h->https);
	json_put(j, "headers", headers);
	json_put_flag(j, "any_status", true);
	return json_text(j);
}

char *hook_request_fault(struct sv answer)
{
	cleanup_json json_t *j = NULL;
	const char *result, *text;

	if (json_parse(answer, &j, NULL) < 0 || !json_is_object(j))
		return xstrdup("berth-probe gave no answer");
	result = json_str_or(j, "result", "");
	text = json_str_or(j, "text", "");
	if (streq(result, "success") || streq(result, "warning"))
		return NULL;
	return xstrdup(text[0] ? text : "it failed, and berth-probe does not say why");
}

/* ---- in the child ---------------------------------------------------------------------------------------- */

_Noreturn static void ask(
	const struct hook_job *j, const struct plan_handler *h, uint64_t timeout_ns, int answer)
{
	const struct shim *s = j->container->shim;
	const char *argv[] = {s->probe_program, "once", NULL};
	cleanup_free char *text = hook_request_text(h, timeout_ns);
	struct spawn sp = {.argv = argv, .n_fds = 2};
	int report = j->job.report_fd, request = memfd_create("hook", MFD_CLOEXEC), r;
	struct err e = {0};

	if (request < 0 || write(request, text, strlen(text)) != (ssize_t)strlen(text) ||
		lseek(request, 0, SEEK_SET) < 0)
		job_fail(report, "", &(struct err){.msg = "no memory for the request"});
	sp.fds[0] = (struct spawn_fd){request, STDIN_FILENO};
	sp.fds[1] = (struct spawn_fd){answer, STDOUT_FILENO};
	r = spawn_become(&sp, &report);
	(void)err_errno(&e, r, "running %s", argv[0]);
	job_fail(report, "", &e);
}

/* ---- in the shim ----------------------------------------------------------------------------------------- */

static void ended(struct shim *s, struct job *job, int status, const struct failure *f)
{
	struct hook_job *j = job->data;
	cleanup_free char *buf = xmalloc(ANSWER_MAX), *fault = NULL;
	ssize_t n = read(j->answer_fd, buf, ANSWER_MAX);
	struct container *c = j->container;
	hook_request_fn fn = j->fn;

	(void)s;
	(void)status;
	(void)close(j->answer_fd);
	free(j);
	if (!fn)
		return;
	if (f->text[0])
		fault = xstrdup(f->text);
	else
		fault = hook_request_fault((struct sv){buf, n > 0 ? (size_t)n : 0});
	fn(c, fault);
}

int hook_request(struct container *c, const struct plan_handler *h, uint64_t timeout_ns,
	hook_request_fn fn, struct hook_job **ret)
{
	cleanup_close int theirs = -EBADF;
	struct hook_job *j;
	int ends[2], r;

	if (!c->shim->probe_program)
		return -ENOENT;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	theirs = ends[1];
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	j = xcalloc(1, sizeof *j);
	*j = (struct hook_job){.container = c, .fn = fn, .answer_fd = ends[0]};
	j->job.data = j;
	j->job.ended = ended;
	r = job_start(c->shim, &j->job, timeout_ns + MARGIN_S * NS_PER_SEC);
	if (r == 0)
		ask(j, h, timeout_ns, theirs);
	if (r < 0) {
		(void)close(ends[0]);
		free(j);
		return r;
	}
	*ret = j;
	return 0;
}

void hook_request_forget(struct hook_job *j)
{
	j->fn = NULL;
	j->job.deadline_ns = 0; /* killed in the next round of the loop */
}
