/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As docker and podman have them (their default is ctrl-p,ctrl-q, too).
 */
#include "agent/cli/detach.h"

static int parse_key(struct sv text, char *ret)
{
	static const char ctrl[] = "ctrl-";
	const size_t n = sizeof ctrl - 1;
	char c;

	if (text.n == 1) {
		*ret = text.p[0];
		return 0;
	}
	if (text.n != n + 1 || strncasecmp(text.p, ctrl, n) != 0)
		return -EINVAL;
	c = text.p[n];
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c < '@' || c > '_')
		return -EINVAL;
	*ret = (char)(c - '@');
	return 0;
}

int detach_parse(const char *text, struct detach *ret, struct err *e)
{
	struct sv left = sv(text);

	*ret = (struct detach){0};
	while (left.n) {
		struct sv key = sv_cut(&left, ',');

		if (ret->n == DETACH_KEYS_MAX || parse_key(key, &ret->keys[ret->n]) < 0)
			return err_set(e, -EINVAL,
				"--detach-keys \"%s\": wanted are up to %d of a … z or ctrl-a … "
				"ctrl-z, ctrl-@, ctrl-[, ctrl-], ctrl-^, ctrl-_, separated by "
				"commas",
				text, DETACH_KEYS_MAX);
		ret->n++;
	}
	return 0;
}

/* After a key that does not fit: the longest end of what was held, with it, that begins the keys anew. */
static void miss(struct detach *d, char c, struct str *out)
{
	char held[DETACH_KEYS_MAX + 1];
	size_t n = d->matched + 1;

	memcpy(held, d->keys, d->matched);
	held[d->matched] = c;
	for (size_t from = 1; from <= n; from++) {
		if (memcmp(held + from, d->keys, n - from) != 0)
			continue;
		str_addn(out, held, from);
		d->matched = n - from;
		return;
	}
}

bool detach_filter(struct detach *d, struct sv typed, struct str *out)
{
	for (size_t i = 0; i < typed.n; i++) {
		if (d->n && typed.p[i] == d->keys[d->matched])
			d->matched++;
		else
			miss(d, typed.p[i], out);
		if (d->n && d->matched == d->n)
			return true;
	}
	return false;
}
