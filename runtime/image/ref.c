/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image references. A name without a host is a name at docker.io, a name without a slash there is in
 * "library/", a reference without tag and digest means ":latest". Everything else is taken as written or
 * refused: a reference ends up in a file name, an argument and an URL, so the grammar is kept to the letter.
 */
#include "runtime/image/ref.h"

#include "runtime/image/digest.h"

#define DEFAULT_DOMAIN "docker.io"
enum { NAME_MAX_BYTES = 255, TAG_MAX = 128, TEXT_MAX = 512 };

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

static const char *find(struct sv s, char c)
{
	return s.n ? memchr(s.p, c, s.n) : NULL;
}

/* [A-Za-z0-9_][A-Za-z0-9_.-]{0,127} */
static bool tag_ok(struct sv tag)
{
	if (tag.n == 0 || tag.n > TAG_MAX || tag.p[0] == '.' || tag.p[0] == '-')
		return false;
	for (size_t i = 0; i < tag.n; i++)
		if (!is_alnum(tag.p[i]) && !strchr("_.-", tag.p[i]))
			return false;
	return true;
}

/* One part of a path: runs of [a-z0-9] with ".", "_", "__" or dashes between them. */
static bool path_part_ok(struct sv part)
{
	size_t i = 0;

	while (i < part.n) {
		size_t run = i, sep;

		while (i < part.n && (is_lower(part.p[i]) || is_digit(part.p[i])))
			i++;
		if (i == run)
			return false;
		if (i == part.n)
			return true;
		sep = i;
		while (i < part.n && part.p[i] == part.p[sep])
			i++;
		if (part.p[sep] != '-' && !(part.p[sep] == '.' && i - sep == 1) &&
			!(part.p[sep] == '_' && i - sep <= 2))
			return false;
	}
	return false;
}

static bool label_ok(struct sv label)
{
	if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++)
		if (!is_alnum(label.p[i]) && label.p[i] != '-')
			return false;
	return true;
}

/* host[:port]: labels of [A-Za-z0-9-], no dash at their ends; or an IPv6 address in brackets. */
static bool domain_ok(struct sv domain)
{
	struct sv rest = domain, host;
	uint32_t port;

	if (rest.n && rest.p[0] == '[') {
		host = sv_cut(&rest, ']');
		for (size_t i = 1; i < host.n; i++)
			if (!strchr("0123456789abcdefABCDEF:", host.p[i]))
				return false;
		if (host.n < 3 || host.n + 1 > domain.n)
			return false;
		if (rest.n == 0)
			return domain.p[domain.n - 1] == ']';
		return rest.p[0] == ':' &&
		       parse_u32_max((struct sv){rest.p + 1, rest.n - 1}, 65535, &port) == 0;
	}
	host = sv_cut(&rest, ':');
	if (host.n == 0)
		return false;
	if (host.n < domain.n && parse_u32_max(rest, 65535, &port) < 0)
		return false;
	for (const char *p = host.p, *end = host.p + host.n;;) {
		const char *dot = memchr(p, '.', (size_t)(end - p));
		struct sv label = {p, (size_t)((dot ? dot : end) - p)};

		if (!label_ok(label))
			return false;
		if (!dot)
			return true;
		p = dot + 1;
	}
}

/* Is the first part of a name a host? It is when it looks like one: a dot, a port, a capital, or "localhost". */
static bool is_domain(struct sv part)
{
	if (sv_eq(part, "localhost") || find(part, '.') || find(part, ':') || find(part, '['))
		return true;
	for (size_t i = 0; i < part.n; i++)
		if (part.p[i] >= 'A' && part.p[i] <= 'Z')
			return true;
	return false;
}

static int check_path(struct sv path, const char *text, struct err *e)
{
	const char *end = path.p + path.n;

	for (const char *p = path.p;;) {
		const char *slash = find((struct sv){p, (size_t)(end - p)}, '/');
		struct sv part = {p, (size_t)((slash ? slash : end) - p)};

		if (!path_part_ok(part))
			return err_set(e, -EINVAL,
				"image reference \"%s\": \"%.*s\" is no part of a name: lower-case "
				"letters and digits, single \".\", \"_\", \"__\" or dashes between "
				"them",
				text, (int)part.n, part.p);
		if (!slash)
			return 0;
		p = slash + 1;
	}
}

void image_ref_done(struct image_ref *ref)
{
	free(ref->domain);
	free(ref->path);
	free(ref->tag);
	free(ref->digest);
	*ref = (struct image_ref){0};
}

/* Takes "@digest" and ":tag" off the end of @name. */
static int cut_suffixes(struct sv *name, const char *text, struct image_ref *ref, struct err *e)
{
	const char *at = find(*name, '@');
	struct digest digest;

	if (at) {
		struct sv tail = {at + 1, (size_t)(name->p + name->n - at - 1)};

		if (digest_parse(tail, &digest) < 0)
			return err_set(e, -EINVAL,
				"image reference \"%s\": behind \"@\" stands \"sha256:\" and 64 "
				"lower-case hex digits",
				text);
		ref->digest = xstrdup(digest.text);
		name->n = (size_t)(at - name->p);
	}
	for (size_t i = name->n; i > 0 && name->p[i - 1] != '/'; i--) {
		struct sv tag = {name->p + i, name->n - i};

		if (name->p[i - 1] != ':')
			continue;
		if (!tag_ok(tag))
			return err_set(e, -EINVAL,
				"image reference \"%s\": \"%.*s\" is no tag: up to 128 letters, "
				"digits, \"_\", \".\" and \"-\"",
				text, (int)tag.n, tag.p);
		ref->tag = xstrndup(tag.p, tag.n);
		name->n = i - 1;
		break;
	}
	if (!ref->tag && !ref->digest)
		ref->tag = xstrdup("latest");
	return 0;
}

static int split_name(struct sv name, const char *text, struct image_ref *ref, struct err *e)
{
	const char *slash = find(name, '/');
	struct sv path = name, domain = sv(DEFAULT_DOMAIN);
	int r;

	if (slash && is_domain((struct sv){name.p, (size_t)(slash - name.p)})) {
		domain = (struct sv){name.p, (size_t)(slash - name.p)};
		path = (struct sv){slash + 1, name.n - domain.n - 1};
		if (!domain_ok(domain))
			return err_set(e, -EINVAL,
				"image reference \"%s\": \"%.*s\" is no registry host", text,
				(int)domain.n, domain.p);
		if (sv_eq(domain, "index.docker.io"))
			domain = sv(DEFAULT_DOMAIN);
	}
	r = check_path(path, text, e);
	if (r < 0)
		return r;
	ref->domain = xstrndup(domain.p, domain.n);
	if (sv_eq(domain, DEFAULT_DOMAIN) && !find(path, '/'))
		ref->path = xasprintf("library/%.*s", (int)path.n, path.p);
	else
		ref->path = xstrndup(path.p, path.n);
	if (strlen(ref->domain) + 1 + strlen(ref->path) > NAME_MAX_BYTES)
		return err_set(e, -EINVAL, "image reference: the name is longer than %d bytes",
			NAME_MAX_BYTES);
	return 0;
}

int image_ref_parse(const char *text, struct image_ref *ret, struct err *e)
{
	cleanup_image_ref struct image_ref ref = {0};
	struct sv name = sv(text);
	cleanup_free char *as_id = NULL;
	struct digest id;
	int r;

	if (name.n == 0)
		return err_set(e, -EINVAL, "image reference is empty");
	if (name.n > TEXT_MAX)
		return err_set(e, -EINVAL, "image reference is longer than %d bytes", TEXT_MAX);
	as_id = xasprintf("sha256:%.*s", DIGEST_HEX, text);
	if (name.n == DIGEST_HEX && digest_parse(sv(as_id), &id) == 0)
		return err_set(e, -EINVAL,
			"image reference \"%s\": 64 hex digits are an image's id, not a name: "
			"write "
			"\"sha256:…\"",
			text);
	r = cut_suffixes(&name, text, &ref, e);
	if (r == 0)
		r = split_name(name, text, &ref, e);
	if (r < 0)
		return r;
	*ret = ref;
	ref = (struct image_ref){0};
	return 0;
}

char *image_ref_name(const struct image_ref *ref)
{
	return xasprintf("%s/%s", ref->domain, ref->path);
}

char *image_ref_text(const struct image_ref *ref)
{
	return xasprintf("%s/%s%s%s%s%s", ref->domain, ref->path, ref->tag ? ":" : "",
		ref->tag ? ref->tag : "", ref->digest ? "@" : "", ref->digest ? ref->digest : "");
}
