/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each lane has a map from key to item; an item is dirty, or has a time, or both. One defer source wakes the loop
 * while anything is dirty, one timer while anything has a time: an idle agent has neither armed and sleeps.
 */
#include "agent/control/queue.h"

#include "runtime/base/map.h"

struct item {
	bool dirty;
	uint64_t at_ns; /* 0: no time */
};

struct lane {
	struct queue *queue;
	struct lane *next;
	lane_fn fn;
	void *data;
	struct map items;
	size_t n_dirty;
};

struct queue {
	sd_event_source *soon, *timer;
	const struct clock *clock;
	struct lane *lanes;
	uint64_t armed_ns; /* what the timer is set to; 0: off */
};

enum { TURN_NS = 4000000, TIMER_ACCURACY_US = 1000 };

static void arm(struct queue *q, uint64_t at_ns)
{
	if (q->armed_ns && q->armed_ns <= at_ns)
		return;
	q->armed_ns = at_ns;
	(void)sd_event_source_set_time(q->timer, at_ns / 1000 + 1);
	(void)sd_event_source_set_enabled(q->timer, SD_EVENT_ONESHOT);
}

static void wake(struct queue *q)
{
	(void)sd_event_source_set_enabled(q->soon, SD_EVENT_ONESHOT);
}

static void drop(struct lane *l, const char *key, struct item *item)
{
	if (item->dirty)
		l->n_dirty--;
	(void)map_remove(&l->items, key);
	free(item);
}

/* One key of one lane. False: nothing was dirty. */
static bool work_once(struct queue *q)
{
	for (struct lane *l = q->lanes; l; l = l->next) {
		if (!l->n_dirty)
			continue;
		for (struct map_item *i = map_first(&l->items); i; i = map_next(i)) {
			struct item *item = map_value(i);
			if (!item->dirty)
				continue;
			cleanup_free char *key = xstrdup(map_key(i));
			item->dirty = false;
			l->n_dirty--;
			if (!item->at_ns)
				drop(l, key, item);
			l->fn(l->data, key);
			return true;
		}
	}
	return false;
}

static int on_soon(sd_event_source *source, void *data)
{
	struct queue *q = data;
	uint64_t until = clock_now_ns(q->clock) + TURN_NS;
	(void)source;
	while (work_once(q))
		if (clock_now_ns(q->clock) >= until)
			break;
	if (!queue_idle(q))
		wake(q);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
	struct queue *q = data;
	uint64_t now = clock_now_ns(q->clock), next = UINT64_MAX;
	(void)source;
	(void)usec;
	q->armed_ns = 0;
	for (struct lane *l = q->lanes; l; l = l->next) {
		for (struct map_item *i = map_first(&l->items); i; i = map_next(i)) {
			struct item *item = map_value(i);
			if (item->at_ns && item->at_ns <= now) {
				item->at_ns = 0;
				l->n_dirty += !item->dirty;
				item->dirty = true;
			} else if (item->at_ns && item->at_ns < next) {
				next = item->at_ns;
			}
		}
	}
	if (next != UINT64_MAX)
		arm(q, next);
	if (!queue_idle(q))
		wake(q);
	return 0;
}

int queue_new(sd_event *loop, const struct clock *clock, struct queue **ret, struct err *e)
{
	CLEANUP(queue_free) struct queue *q = xcalloc(1, sizeof(*q));
	q->clock = clock;
	int r = sd_event_add_defer(loop, &q->soon, on_soon, q);
	if (r >= 0)
		r = sd_event_source_set_enabled(q->soon, SD_EVENT_OFF);
	/* Behind input and output: an answer goes out before work is taken up. */
	if (r >= 0)
		r = sd_event_source_set_priority(q->soon, SD_EVENT_PRIORITY_NORMAL + 10);
	if (r >= 0)
		r = sd_event_add_time(
			loop, &q->timer, CLOCK_BOOTTIME, 0, TIMER_ACCURACY_US, on_timer, q);
	if (r >= 0)
		r = sd_event_source_set_enabled(q->timer, SD_EVENT_OFF);
	if (r < 0)
		return err_errno(e, r, "making the work queue");
	*ret = take(q);
	return 0;
}

void queue_free(struct queue *own_q)
{
	if (!own_q)
		return;
	for (struct lane *l = own_q->lanes, *next; l; l = next) {
		next = l->next;
		for (struct map_item *i = map_first(&l->items); i; i = map_next(i))
			free(map_value(i));
		map_done(&l->items);
		free(l);
	}
	sd_event_source_disable_unref(own_q->soon);
	sd_event_source_disable_unref(own_q->timer);
	free(own_q);
}

struct lane *queue_lane(struct queue *q, lane_fn fn, void *data)
{
	struct lane *l = xcalloc(1, sizeof(*l)), **end = &q->lanes;
	*l = (struct lane){.queue = q, .fn = fn, .data = data};
	while (*end)
		end = &(*end)->next;
	*end = l;
	return l;
}

static struct item *item_of(struct lane *l, const char *key)
{
	struct item *item = map_get(&l->items, key);
	if (!item) {
		item = xcalloc(1, sizeof(*item));
		(void)map_put(&l->items, key, item);
	}
	return item;
}

void lane_add(struct lane *l, const char *key)
{
	struct item *item = item_of(l, key);
	l->n_dirty += !item->dirty;
	item->dirty = true;
	wake(l->queue);
}

void lane_add_at(struct lane *l, const char *key, uint64_t at_ns)
{
	struct item *item = item_of(l, key);
	if (!item->at_ns || at_ns < item->at_ns)
		item->at_ns = at_ns ? at_ns : 1;
	arm(l->queue, item->at_ns);
}

void lane_remove(struct lane *l, const char *key)
{
	struct item *item = map_get(&l->items, key);
	if (item)
		drop(l, key, item);
}

bool queue_idle(const struct queue *q)
{
	for (const struct lane *l = q->lanes; l; l = l->next)
		if (l->n_dirty)
			return false;
	return true;
}
