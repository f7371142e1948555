/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the addresses that every command asks the agent for. Names come from the command line, so each part is
 * escaped.
 */
#include "agent/cli/api_path.h"

void url_escape(struct str *out, const char *text)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *text; text++) {
		if (strchr(plain, *text))
			str_addn(out, text, 1);
		else
			str_addf(out, "%%%02X", (unsigned char)*text);
	}
}

void path_start(
	struct str *out, const struct kind *k, const char *ns, const char *name, const char *sub)
{
	str_clear(out);
	if (*k->group)
		str_addf(out, "/apis/%s/%s", k->group, k->version);
	else
		str_addf(out, "/api/%s", k->version);
	if (k->namespaced && ns) {
		str_add(out, "/namespaces/");
		url_escape(out, ns);
	}
	str_addf(out, "/%s", k->plural);
	if (name) {
		str_add(out, "/");
		url_escape(out, name);
	}
	if (sub)
		str_addf(out, "/%s", sub);
}

void query_add(struct str *out, const char *key, const char *value)
{
	if (!value)
		return;
	str_add(out, strchr(out->p, '?') ? "&" : "?");
	url_escape(out, key);
	str_add(out, "=");
	url_escape(out, value);
}

void query_add_int(struct str *out, const char *key, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%lld", (long long)value);
	query_add(out, key, text);
}
