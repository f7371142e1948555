/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image jobs. A job has a directory in tmp/ for all it makes, an epoll that anything it waits for is in, and a body
 * (pull, load, removal) that is a state machine. When the body is done or has failed, a child deletes the directory,
 * and only then the job is over: what a job leaves behind is in the store or nowhere.
 */
#include "runtime/image/job.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <utlist.h>

int job_watch(struct image_job *job, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(job->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

void job_wake(struct image_job *job)
{
	(void)eventfd_write(job->wake_fd, 1);
}

int job_new(
	struct image_store *s, const struct job_kind *kind, struct image_job **ret, struct err *e)
{
	CLEANUP(image_job_free) struct image_job *job = xcalloc(1, sizeof *job);

	job->store = s;
	job->kind = kind;
	job->tmp_fd = -EBADF;
	job->cleaner = (struct child){-1, -EBADF};
	job->progress.stage = "starting";
	DL_APPEND(s->jobs, job);
	job->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	job->wake_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	if (job->epoll_fd < 0 || job->wake_fd < 0 || job_watch(job, job->wake_fd) < 0)
		return err_errno(e, -errno, "starting an image job");
	job->tmp_fd = store_tmp(s, job->tmp_name, e);
	if (job->tmp_fd < 0) {
		job->tmp_name[0] = '\0';
		return job->tmp_fd;
	}
	*ret = take(job);
	return 0;
}

static void add_text(char ***list, size_t *n, size_t *cap, const char *text)
{
	GROW(*list, *n + 2, *cap);
	(*list)[(*n)++] = xstrdup(text);
	(*list)[*n] = NULL;
}

static void free_texts(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

void job_add_ref(struct image_job *job, const char *ref)
{
	add_text(&job->refs, &job->n_refs, &job->cap_refs, ref);
}

void job_pin(struct image_job *job, const char *diff_id)
{
	add_text(&job->pins, &job->n_pins, &job->cap_pins, diff_id);
}

bool jobs_pin(const struct image_store *s, const char *diff_id)
{
	const struct image_job *job;

	DL_FOREACH (s->jobs, job)
		for (size_t i = 0; i < job->n_pins; i++)
			if (streq(job->pins[i], diff_id))
				return true;
	return false;
}

static void end_body(struct image_job *job)
{
	if (job->body)
		job->kind->free(take(job->body));
}

/* Lets a child delete the job's directory. */
static int start_cleaning(struct image_job *job, struct child *ret)
{
	const char *const names[] = {job->tmp_name, NULL};
	int r = store_discard(job->store, names, ret, NULL);

	if (r == 0)
		job->tmp_name[0] = '\0';
	return r;
}

static int step_body(struct image_job *job)
{
	int r = job->kind->step(job->body, &job->error);

	if (r == 0)
		return 0;
	job->result = r;
	end_body(job);
	r = start_cleaning(job, &job->cleaner);
	if (r == 0)
		r = job_watch(job, job->cleaner.pidfd);
	/* What cannot be deleted now is when the store is opened next. */
	if (r < 0) {
		child_kill(&job->cleaner);
		job->cleaned = true;
	}
	return 0;
}

int image_job_step(struct image_job *job, struct err *e)
{
	eventfd_t ignored;
	int status;

	(void)eventfd_read(job->wake_fd, &ignored);
	if (job->result == 0)
		(void)step_body(job);
	if (job->result == 0)
		return 0;
	if (!job->cleaned && child_wait(&job->cleaner, 0, &status) == -ETIMEDOUT)
		return 0;
	job->cleaned = true;
	if (job->result > 0)
		job->progress.stage = "done";
	else if (e)
		*e = job->error;
	return job->result;
}

int image_job_fd(const struct image_job *job)
{
	return job->epoll_fd;
}

struct image_progress image_job_progress(const struct image_job *job)
{
	return job->progress;
}

size_t image_job_refs(const struct image_job *job, const char *const **ret)
{
	*ret = (const char *const *)job->refs;
	return job->n_refs;
}

void image_job_free(struct image_job *job)
{
	if (!job)
		return;
	end_body(job);
	/* Not waited for: the store reaps it. */
	if (job->tmp_name[0])
		(void)start_cleaning(job, NULL);
	child_kill(&job->cleaner);
	DL_DELETE(job->store->jobs, job);
	own_close_p(&job->epoll_fd);
	own_close_p(&job->wake_fd);
	own_close_p(&job->tmp_fd);
	free_texts(job->refs, job->n_refs);
	free_texts(job->pins, job->n_pins);
	free(job);
}
