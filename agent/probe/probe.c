/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a probe's worker. Must hold: a run's answers never count for another run; a container is not lost twice in
 * one run; what an earlier agent said of a run holds until this one knows better; many probes that begin
 * together are not asked together (safety R25).
 */
#include "agent/probe/probe.h"

#include "runtime/base/clock.h"

const char *const probe_type_names[] = {"Startup", "Liveness", "Readiness", NULL};

#define SOON_NS (250 * NS_PER_MS)

void probe_worker_done(struct probe_worker *w)
{
	free(take(w->run));
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* A part of @span_ns that is the worker's own. */
static uint64_t spread(const struct probe_worker *w, uint64_t span_ns)
{
	enum { PARTS = 1024 };

	return span_ns / PARTS * (w->seed % PARTS);
}

static void begin_run(struct probe_worker *w, const struct probe_view *v)
{
	free(w->run);
	w->run = v->run ? xstrdup(v->run) : NULL;
	w->active = w->on_hold = w->asking = w->ever_ok = false;
	w->in_row = w->n_soon = 0;
	w->last = PROBE_ERROR;
	w->ok = w->ever_ok = w->type == PROBE_READINESS && v->adopted && v->was_ready;
}

static void begin_questions(struct probe_worker *w, const struct probe_view *v, uint64_t now_ns)
{
	uint64_t span = w->times.period_ns;

	bool patient = v->adopted && (w->type != PROBE_READINESS || v->was_ready);

	/* After a restart of the agent all of the node's probes begin at once; else only a pod's. */
	if (!patient && span > NS_PER_SEC / 4)
		span = NS_PER_SEC / 4;
	w->beat_ns = later(v->started_ns + w->times.initial_delay_ns, now_ns) + spread(w, span);
	w->due_ns = w->beat_ns;
}

/* Is there anything to ask of this run? */
static bool wanted(const struct probe_worker *w, const struct probe_view *v)
{
	if (!v->running || w->on_hold)
		return false;
	/* What ends is not restarted, but those who use it are told as long as it serves. */
	if (v->ending && w->type != PROBE_READINESS)
		return false;
	return w->type == PROBE_STARTUP ? !v->started && !w->ok : v->started;
}

bool probe_worker_see(struct probe_worker *w, const struct probe_view *v, uint64_t now_ns)
{
	bool was_ok = w->ok, was_asking = w->asking, was_active;

	if (!streq(w->run, v->run))
		begin_run(w, v);
	was_active = w->active;
	w->active = v->run && wanted(w, v);
	if (w->active && !was_active)
		begin_questions(w, v, now_ns);
	if (!w->active)
		w->asking = false;
	if (!v->running)
		w->ok = false;
	return w->ok != was_ok || w->asking != was_asking;
}

uint64_t probe_worker_due(const struct probe_worker *w)
{
	return w->active && !w->asking ? w->due_ns : UINT64_MAX;
}

/* What is not ready yet may be asked between the beats. */
static void plan_next(struct probe_worker *w, uint64_t now_ns)
{
	uint64_t soon = now_ns + (SOON_NS << (w->n_soon < 16 ? w->n_soon : 16));

	w->due_ns = w->beat_ns;
	if (w->type != PROBE_READINESS || w->ever_ok || soon >= w->beat_ns)
		return;
	w->due_ns = soon;
	w->n_soon++;
}

void probe_worker_ask(struct probe_worker *w, uint64_t now_ns)
{
	uint64_t period = w->times.period_ns;

	w->off_beat = now_ns < w->beat_ns;
	w->asking = true;
	/* Beats that were slept through are not made up for. */
	if (!w->off_beat)
		w->beat_ns += period * ((now_ns - w->beat_ns) / period + 1);
}

static enum probe_effect conclude(struct probe_worker *w, bool success)
{
	bool turned = w->ok != success;

	w->ok = success;
	w->ever_ok |= success;
	if (!success && w->type != PROBE_READINESS) {
		w->on_hold = true;
		w->active = false;
		return PROBE_LOST;
	}
	if (w->type == PROBE_STARTUP)
		w->active = false;
	return turned && w->type != PROBE_LIVENESS ? PROBE_TURNED : PROBE_NO_EFFECT;
}

enum probe_effect probe_worker_answer(
	struct probe_worker *w, enum probe_result result, uint64_t now_ns, bool *ret_said)
{
	bool success = result == PROBE_SUCCESS || result == PROBE_WARNING;
	uint32_t threshold = success ? w->times.success_threshold : w->times.failure_threshold;
	enum probe_effect effect = PROBE_NO_EFFECT;

	*ret_said = false;
	if (!w->asking)
		return PROBE_NO_EFFECT;
	w->asking = false;
	*ret_said = !w->off_beat || success;
	/* What could not be asked says nothing of the container; what fails before its time, neither. */
	if (result != PROBE_ERROR && (success || !w->off_beat)) {
		enum probe_result kind = success ? PROBE_SUCCESS : PROBE_FAILURE;

		w->in_row = w->last == kind ? w->in_row + 1 : 1;
		w->last = kind;
		if (w->in_row >= threshold)
			effect = conclude(w, success);
	}
	/* Successes of a row are a period apart. */
	if (success)
		w->due_ns = w->off_beat ? later(w->beat_ns, now_ns) : w->beat_ns;
	else
		plan_next(w, now_ns);
	return effect;
}
