/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of names, keys and labels.
 * Source: Kubernetes docs, "Object Names and IDs", "Labels and Selectors"; RFC 1123; safety R11, R22.
 */
#include "agent/spec/annotations.h"
#include "agent/spec/check.h"

#include <arpa/inet.h>
#include <ctype.h>

enum { LABEL_MAX = 63, SUBDOMAIN_MAX = 253, PORT_NAME_MAX = 15 };

static bool lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_dns_label(struct sv s)
{
	if (!s.n || s.n > LABEL_MAX || !lower_alnum(s.p[0]) || !lower_alnum(s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!lower_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

bool is_dns_subdomain(struct sv s)
{
	if (!s.n || s.n > SUBDOMAIN_MAX || s.p[s.n - 1] == '.')
		return false;
	while (s.n) {
		struct sv part = sv_cut(&s, '.');
		/* Kubernetes limits the whole, not its parts. */
		if (!part.n || !lower_alnum(part.p[0]) || !lower_alnum(part.p[part.n - 1]))
			return false;
		for (size_t i = 0; i < part.n; i++)
			if (!lower_alnum(part.p[i]) && part.p[i] != '-')
				return false;
	}
	return true;
}

static const char *name_part_fault(struct sv s)
{
	if (!s.n)
		return "name part must be non-empty";
	if (s.n > LABEL_MAX)
		return "name part must be no more than 63 characters";
	if (!isalnum((unsigned char)s.p[0]) || !isalnum((unsigned char)s.p[s.n - 1]))
		return "name part must start and end with an alphanumeric character";
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && !strchr("-_.", s.p[i]))
			return "name part must consist of alphanumeric characters, '-', '_' or '.'";
	return NULL;
}

const char *qualified_name_fault(struct sv s)
{
	const char *slash = memchr(s.p, '/', s.n);
	if (!slash)
		return name_part_fault(s);
	struct sv prefix = sv_cut(&s, '/');
	if (!prefix.n)
		return "prefix part must be non-empty";
	if (!is_dns_subdomain(prefix))
		return "prefix part must be a DNS subdomain, like \"example.com\"";
	if (memchr(s.p, '/', s.n))
		return "there may be one '/' only";
	return name_part_fault(s);
}

const char *label_value_fault(struct sv s)
{
	if (!s.n)
		return NULL;
	if (s.n > LABEL_MAX)
		return "a label's value must be no more than 63 characters";
	return name_part_fault(s)
		       ? "a valid label must be an empty string or consist of alphanumeric "
			 "characters, '-', '_' or '.', and must start and end with an "
			 "alphanumeric character"
		       : NULL;
}

#define LABEL_RULE                                                                                 \
	"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "   \
	"must start and end with an alphanumeric character, and have no more than 63 characters"
#define SUBDOMAIN_RULE                                                                             \
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' "  \
	"or '.', must start and end with an alphanumeric character, and have no more than 253 "    \
	"characters"

void check_dns_label(struct walk *w, const json_t *value)
{
	if (!is_dns_label(sv(json_string_value(value))))
		walk_invalid(w, value, LABEL_RULE);
}

void check_dns_subdomain(struct walk *w, const json_t *value)
{
	if (!is_dns_subdomain(sv(json_string_value(value))))
		walk_invalid(w, value, SUBDOMAIN_RULE);
}

void check_search_domain(struct walk *w, const json_t *value)
{
	struct sv s = sv(json_string_value(value));
	if (s.n > 1 && s.p[s.n - 1] == '.')
		s.n--;
	if (!is_dns_subdomain(s) && !sv_eq(s, "."))
		walk_invalid(w, value, SUBDOMAIN_RULE);
}

void check_qualified_name(struct walk *w, const json_t *value)
{
	const char *fault = qualified_name_fault(sv(json_string_value(value)));
	if (fault)
		walk_invalid(w, value, "%s", fault);
}

static void invalid_text(struct walk *w, const char *text, const char *fault)
{
	cleanup_json json_t *value = json_string(text);
	walk_invalid(w, value, "%s", fault);
}

void check_labels(struct walk *w, const json_t *map)
{
	const char *key;
	json_t *value;
	/* jansson's iteration wants no const, and changes nothing. */
	json_object_foreach ((json_t *)(uintptr_t)map, key, value) {
		const char *fault = qualified_name_fault(sv(key));
		if (fault)
			invalid_text(w, key, fault);
		const char *text = json_string_value(value);
		fault = text ? label_value_fault(sv(text)) : NULL;
		if (fault)
			invalid_text(w, text, fault);
	}
}

void check_annotations(struct walk *w, const json_t *map)
{
	const char *key;
	json_t *value;
	size_t total = 0;
	json_object_foreach ((json_t *)(uintptr_t)map, key, value) {
		total += strlen(key) + json_string_length(value);
		cleanup_free char *lower = xstrdup(key);
		for (char *p = lower; *p; p++)
			*p = (char)tolower((unsigned char)*p);
		const char *fault = qualified_name_fault(sv(lower));
		if (fault)
			invalid_text(w, key, fault);
		else if (annotation_is_own(key))
			check_own_annotation(w, key);
	}
	if (total > META_BYTES_MAX)
		walk_too_long(w, META_BYTES_MAX);
}

static const char *data_key_fault(struct sv s)
{
	if (!s.n || s.n > SUBDOMAIN_MAX)
		return "a key must have 1 to 253 characters";
	if (sv_eq(s, ".") || sv_starts(s, ".."))
		return "a key may not be '.' or start with '..'";
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && !strchr("-_.", s.p[i]))
			return "a valid config key must consist of alphanumeric characters, '-', "
			       "'_' or '.'";
	return NULL;
}

void check_data_key(struct walk *w, const json_t *value)
{
	const char *fault = data_key_fault(sv(json_string_value(value)));
	if (fault)
		walk_invalid(w, value, "%s", fault);
}

void check_data_keys(struct walk *w, const json_t *map)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)map, key, value) {
		const char *fault = data_key_fault(sv(key));
		size_t mark = walk_key(w, key);
		if (fault)
			invalid_text(w, key, fault);
		walk_up(w, mark);
	}
}

void check_port_name(struct walk *w, const json_t *value)
{
	struct sv s = sv(json_string_value(value));
	bool letter = false, bad = s.n > PORT_NAME_MAX || !s.n;
	for (size_t i = 0; i < s.n; i++) {
		letter |= s.p[i] >= 'a' && s.p[i] <= 'z';
		bad |= !lower_alnum(s.p[i]) && s.p[i] != '-';
		bad |= s.p[i] == '-' && (i == 0 || i + 1 == s.n || s.p[i - 1] == '-');
	}
	if (bad || !letter)
		walk_invalid(w, value,
			"must have 1 to 15 lower case letters, digits and single '-', at "
			"least one letter, and no '-' at its ends");
}

void check_port(struct walk *w, const json_t *value)
{
	if (json_is_string(value))
		check_port_name(w, value);
}

/* RFC 9110 allows more characters in a token; Kubernetes does not. */
void check_header_name(struct walk *w, const json_t *value)
{
	const char *name = json_string_value(value);
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-') {
			walk_invalid(w, value,
				"a valid HTTP header must consist of alphanumeric characters or "
				"'-' (e.g. 'X-Header-Name')");
			return;
		}
}

/* A line's end in it would be another header. */
void check_header_value(struct walk *w, const json_t *value)
{
	for (const char *c = json_string_value(value); *c; c++)
		if ((unsigned char)*c < ' ' && *c != '\t') {
			walk_invalid(w, value, "must not contain control characters");
			return;
		}
}

void check_env_name(struct walk *w, const json_t *value)
{
	for (const char *p = json_string_value(value); *p; p++)
		if (*p < 0x20 || *p > 0x7e || *p == '=') {
			walk_invalid(w, value,
				"a valid environment variable name must consist only "
				"of printable ASCII characters other than '='");
			return;
		}
}

void check_word(struct walk *w, const json_t *value)
{
	for (const char *p = json_string_value(value); *p; p++)
		if (*p <= 0x20 || *p > 0x7e) {
			walk_invalid(w, value, "must be one word of printable ASCII characters");
			return;
		}
}

void check_ip(struct walk *w, const json_t *value)
{
	unsigned char address[16];
	const char *text = json_string_value(value);
	if (inet_pton(AF_INET, text, address) != 1 && inet_pton(AF_INET6, text, address) != 1)
		walk_invalid(
			w, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
}

static void check_name(struct walk *w, const json_t *meta, const char *member, bool prefix)
{
	json_t *value = json_object_get(meta, member);
	size_t mark = walk_field(w, member);
	struct sv s = sv(json_string_value(value));
	/* What the server completes may end in '-'. */
	while (prefix && s.n > 1 && s.p[s.n - 1] == '-')
		s.n--;
	if (!(w->kind->name_is_label ? is_dns_label(s) : is_dns_subdomain(s)))
		walk_invalid(w, value, "%s", w->kind->name_is_label ? LABEL_RULE : SUBDOMAIN_RULE);
	walk_up(w, mark);
}

void check_object_names(struct walk *w, const json_t *object)
{
	const json_t *meta = json_object_get(object, "metadata");
	size_t mark = walk_field(w, "metadata");
	const char *name = json_str_or(meta, "name", ""),
		   *prefix = json_str_or(meta, "generateName", "");
	if (*name)
		check_name(w, meta, "name", false);
	if (*prefix)
		check_name(w, meta, "generateName", true);
	if (!*name && !*prefix) {
		size_t inner = walk_field(w, "name");
		walk_required(w, "name or generateName is required");
		walk_up(w, inner);
	}
	size_t inner = walk_field(w, "namespace");
	const char *space = json_str_or(meta, "namespace", "");
	if (w->kind->namespaced && !*space)
		walk_required(w, NULL);
	else if (!w->kind->namespaced && *space)
		walk_forbidden(w, "not allowed on this type");
	walk_up(w, inner);
	walk_up(w, mark);
}
