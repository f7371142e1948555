/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials in the form of docker's config.json, cut down to what one pull needs. Messages never quote a value.
 */
#include "runtime/image/auth.h"

#include "runtime/base/json.h"

#include <fnmatch.h>

/* "https://index.docker.io/v1/" and "docker.io" are the same registry. */
static struct sv key_name(const char *key)
{
	struct sv k = sv(key);
	static const char *const schemes[] = {"https://", "http://"};
	static const char *const ends[] = {"/", "/v1", "/v2"};

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (sv_starts(k, schemes[i]))
			k = (struct sv){k.p + strlen(schemes[i]), k.n - strlen(schemes[i])};
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t n = strlen(ends[i]);

		if (k.n > n && memcmp(k.p + k.n - n, ends[i], n) == 0)
			k.n -= n;
	}
	if (sv_eq(k, "index.docker.io") || sv_eq(k, "registry-1.docker.io"))
		k = sv("docker.io");
	return k;
}

static size_t count(struct sv s, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == c;
	return n;
}

static bool host_fits(struct sv pattern, const char *domain)
{
	cleanup_free char *text = xstrndup(pattern.p, pattern.n);

	if (streq(text, domain))
		return true;
	/* Only "*", and only within one label: each must have as many labels as the other. */
	return strchr(text, '*') && !strpbrk(text, "?[\\") &&
	       count(pattern, '.') == count(sv(domain), '.') && fnmatch(text, domain, 0) == 0;
}

/* How well the key fits: 0 not at all, else the longer the better. */
static size_t fitness(const char *key, const struct image_ref *ref)
{
	struct sv path = key_name(key), host = sv_cut(&path, '/');

	if (!host_fits(host, ref->domain))
		return 0;
	if (path.n && (strncmp(ref->path, path.p, path.n) != 0 ||
			      (ref->path[path.n] != '/' && ref->path[path.n] != '\0')))
		return 0;
	return 1 + host.n + path.n;
}

/* skopeo reads only "auth" (base64 of user:password) and "identitytoken"; secrets may spell the former out. */
static json_t *normal_entry(const json_t *entry)
{
	json_t *j = json_object();
	const char *user = json_str(entry, "username"), *password = json_str(entry, "password");

	json_put_str(j, "auth", json_str(entry, "auth"));
	json_put_str(j, "identitytoken", json_str(entry, "identitytoken"));
	if (!json_str(entry, "auth") && user && password) {
		cleanup_free char *both = xasprintf("%s:%s", user, password);
		cleanup_free char *auth = base64_encode(both, strlen(both));

		json_put_str(j, "auth", auth);
		explicit_bzero(both, strlen(both));
	}
	return j;
}

static int parse(const char *text, const char *what, json_t **ret, struct err *e)
{
	int r = json_parse(sv(text), ret, NULL);

	if (r < 0 || !json_is_object(*ret))
		return err_set(e, -EINVAL, "%s: it is no docker config.json", what);
	return 0;
}

int auth_compose(const char *node_json, const char *pod_json, const struct image_ref *ref,
	char **ret, struct err *e)
{
	cleanup_json json_t *node = NULL, *pod = NULL, *result = json_object();
	json_t *auths = json_sub(result, "auths"), *entry;
	const json_t *best = NULL;
	size_t best_fitness = 0;
	const char *key;

	if (node_json && parse(node_json, "the node's credentials", &node, e) < 0)
		return -EINVAL;
	if (pod_json && parse(pod_json, "the pull secret", &pod, e) < 0)
		return -EINVAL;
	json_object_foreach (json_map(node, "auths"), key, entry)
		json_put(auths, key, normal_entry(entry));
	json_object_foreach (json_map(pod, "auths"), key, entry) {
		size_t f = fitness(key, ref);

		if (f > best_fitness) {
			best = entry;
			best_fitness = f;
		}
	}
	if (best)
		json_put(auths, ref->domain, normal_entry(best));
	*ret = json_text(result);
	return 0;
}
