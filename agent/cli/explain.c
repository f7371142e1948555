/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth explain`: the schema table in words. Needs no agent.
 */
#include "agent/cli/handlers.h"
#include "agent/cli/targets.h"

int cmd_explain(struct cli *c)
{
	cleanup_str struct str text = {0};
	cleanup_free char *type = NULL;
	const struct kind *k;
	struct err e = {0};
	struct sv path, head;

	if (word_count(c) != 1)
		return fail_usage(c,
			"You must specify the type of resource to explain: berth explain pod.spec");
	path = sv(word(c, 0));
	head = sv_cut(&path, '.');
	type = xstrndup(head.p, head.n);
	k = kind_of_word(c, type);
	if (!k)
		return EXIT_FAILED;
	if (spec_explain(k, path.p, flag_on(&c->flags, "recursive"), &text, &e) < 0)
		return fail_err(c, &e);
	(void)fwrite(text.p, 1, text.n, c->out);
	return EXIT_OK;
}
