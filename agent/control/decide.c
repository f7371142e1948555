/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision table of a pod's worker: what is wanted against where the pod is. Kept pure, so that a test looks at every
 * pair; what a row asks for is done in pod_*.c.
 */
#include "agent/control/decide.h"

#include "runtime/base/own.h"

#define BIT(x) (1u << (x))
#define NO_SHIM (BIT(POD_PENDING) | BIT(POD_ENDED))
#define HAS_SHIM (BIT(POD_SPAWNED) | BIT(POD_STARTED) | BIT(POD_LEAVING))
#define UNWANTED (BIT(WANT_REST) | BIT(WANT_STOP) | BIT(WANT_GONE) | BIT(WANT_HOLD))

enum need { ANY, YES, NO };

static bool meets(enum need need, bool fact)
{
	return need == ANY || (need == YES) == fact;
}

enum pod_action pod_decide(const struct pod_view *v)
{
	/* The first row that holds. */
	static const struct {
		unsigned wants, stages;
		enum need admitted, images, sandbox, stale;
		enum pod_action action;
	} rows[] = {
		{~0u, BIT(POD_DYING), ANY, ANY, ANY, ANY, DO_BURY},
		{BIT(WANT_GONE), NO_SHIM, ANY, ANY, ANY, ANY, DO_FORGET},
		{BIT(WANT_STOP), NO_SHIM, ANY, ANY, ANY, ANY, DO_DELETE},
		{BIT(WANT_REST), BIT(POD_PENDING), ANY, ANY, ANY, ANY, DO_SETTLE},
		{BIT(WANT_EXPIRE), BIT(POD_PENDING), ANY, ANY, ANY, ANY, DO_EXPIRE},
		{UNWANTED, HAS_SHIM, ANY, ANY, ANY, ANY, DO_STOP},
		{BIT(WANT_RUN), BIT(POD_PENDING), NO, ANY, ANY, ANY, DO_ADMIT},
		{BIT(WANT_RUN), BIT(POD_PENDING), YES, NO, ANY, ANY, DO_PULL},
		{BIT(WANT_RUN), BIT(POD_PENDING), YES, YES, ANY, ANY, DO_LAUNCH},
		{BIT(WANT_RUN), BIT(POD_SPAWNED), ANY, ANY, YES, ANY, DO_CONNECT},
		/* An image was changed in the spec: it comes first. */
		{BIT(WANT_RUN), BIT(POD_STARTED), ANY, NO, ANY, YES, DO_PULL},
		{BIT(WANT_RUN), BIT(POD_STARTED), ANY, YES, ANY, YES, DO_REFRESH},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].wants & BIT(v->want) && rows[i].stages & BIT(v->stage) &&
			meets(rows[i].admitted, v->admitted) && meets(rows[i].images, v->images) &&
			meets(rows[i].sandbox, v->sandbox) && meets(rows[i].stale, v->stale))
			return rows[i].action;
	return DO_NOTHING;
}
