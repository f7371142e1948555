/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short list of answers, newest last. Must hold: its size does not depend on what a container answers.
 */
#include "agent/probe/history.h"

#include "runtime/base/clock.h"
#include "runtime/base/json.h"

static char *cut(const char *text)
{
	struct str out = {0};
	size_t n = text ? strlen(text) : 0;

	if (n == 0)
		return NULL;
	str_add_utf8(&out, text, n < PROBE_HISTORY_TEXT_MAX ? n : PROBE_HISTORY_TEXT_MAX);
	return str_take(&out);
}

/* The last of this probe, when it said the same. */
static struct probe_answers *same_as_last(
	struct probe_history *h, enum probe_type type, enum probe_result result)
{
	for (size_t i = h->n; i-- > 0;)
		if (h->entries[i].type == type)
			return h->entries[i].result == result ? &h->entries[i] : NULL;
	return NULL;
}

void probe_history_add(struct probe_history *h, enum probe_type type, enum probe_result result,
	const char *text, uint64_t wall_ns)
{
	struct probe_answers *a = same_as_last(h, type, result);

	if (!a) {
		if (h->n == PROBE_HISTORY_MAX) {
			free(h->entries[0].text);
			memmove(h->entries, h->entries + 1, --h->n * sizeof h->entries[0]);
		}
		a = &h->entries[h->n++];
		*a = (struct probe_answers){.type = type, .result = result, .first_at = wall_ns};
	}
	a->n++;
	a->last_at = wall_ns;
	free(a->text);
	a->text = cut(text);
}

json_t *probe_history_json(const struct probe_history *h)
{
	json_t *list = json_array();

	for (size_t i = 0; i < h->n; i++) {
		const struct probe_answers *a = &h->entries[i];
		char first[RFC3339_SIZE], last[RFC3339_SIZE];
		json_t *one = json_object();

		json_put_str(one, "probe", probe_type_names[a->type]);
		json_put_str(one, "result", probe_result_names[a->result]);
		json_put_int(one, "count", a->n);
		json_put_str(one, "firstTime", rfc3339(a->first_at, first));
		json_put_str(one, "lastTime", rfc3339(a->last_at, last));
		json_put_str(one, "message", a->text);
		json_push(list, one);
	}
	return list;
}

void probe_history_done(struct probe_history *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->entries[i].text);
	*h = (struct probe_history){0};
}
