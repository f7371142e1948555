/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of /etc/hosts and /etc/resolv.conf of a pod.
 * Source: Kubernetes docs "Adding entries to Pod /etc/hosts", "DNS for Services and Pods"; resolv.conf(5).
 */
#include "agent/control/compile.h"
#include "agent/spec/object.h"

char *compile_hosts(const json_t *pod, const char *address, const char *hostname)
{
	const json_t *spec = json_map(pod, "spec"), *alias;
	const char *subdomain = json_str(spec, "subdomain");
	struct str out = {0};
	size_t i;

	str_add(&out, "# Kubernetes-managed hosts file.\n"
		      "127.0.0.1\tlocalhost\n"
		      "::1\tlocalhost ip6-localhost ip6-loopback\n"
		      "fe00::0\tip6-localnet\n"
		      "fe00::0\tip6-mcastprefix\n"
		      "fe00::1\tip6-allnodes\n"
		      "fe00::2\tip6-allrouters\n");
	if (address[0] && subdomain)
		str_addf(&out, "%s\t%s.%s.%s.svc.cluster.local\t%s\n", address, hostname, subdomain,
			meta_str(pod, "namespace"), hostname);
	else if (address[0])
		str_addf(&out, "%s\t%s\n", address, hostname);
	if (json_array_size(json_list(spec, "hostAliases")))
		str_add(&out, "\n# Entries added by HostAliases.\n");
	json_array_foreach (json_list(spec, "hostAliases"), i, alias) {
		const json_t *name;
		size_t k;
		str_add(&out, json_str_or(alias, "ip", ""));
		json_array_foreach (json_list(alias, "hostnames"), k, name)
			str_addf(&out, "\t%s", json_string_value(name));
		str_add(&out, "\n");
	}
	return str_take(&out);
}

/* Lines of @text that begin with @word, what stands behind it put into @list unless it is there. */
static void collect(const char *text, const char *word, json_t *list)
{
	struct sv rest = sv(text);

	while (rest.n) {
		struct sv line = sv_trim(sv_cut(&rest, '\n'));
		struct sv first = line;
		size_t n = strcspn(line.p ? line.p : "", " \t\n");
		if (!line.n || n >= line.n)
			continue;
		first.n = n;
		struct sv value = sv_trim((struct sv){line.p + n, line.n - n});
		if (sv_eq(first, word))
			json_push(list, json_stringn(value.p, value.n));
	}
}

static void append_strings(json_t *list, const json_t *more)
{
	const json_t *item;
	size_t i;

	json_array_foreach (more, i, item)
		json_push(list, json_incref((json_t *)(uintptr_t)item));
}

/* Options are "name" or "name:value"; the pod's win over the host's of the same name. */
static void add_options(struct str *out, const json_t *host, const json_t *own)
{
	const json_t *item;
	size_t i;
	bool any = false;

	json_array_foreach (own, i, item) {
		const char *value = json_str(item, "value");
		str_addf(out, "%s %s%s%s", any ? "" : "options", json_str_or(item, "name", ""),
			value && value[0] ? ":" : "", value ? value : "");
		any = true;
	}
	json_array_foreach (host, i, item) {
		str_addf(out, "%s %s", any ? "" : "options", json_string_value(item));
		any = true;
	}
	if (any)
		str_add(out, "\n");
}

static void add_words(struct str *out, const char *word, const json_t *list)
{
	const json_t *item;
	size_t i;

	if (json_array_size(list))
		str_add(out, word);
	json_array_foreach (list, i, item)
		str_addf(out, " %s", json_string_value(item));
	if (json_array_size(list))
		str_add(out, "\n");
}

enum { NAMESERVERS_MAX = 3 };

char *compile_resolv_conf(const json_t *pod, const char *host_text)
{
	const json_t *config = json_at(pod, "spec", "dnsConfig", NULL), *server;
	const char *policy = json_str_or(json_map(pod, "spec"), "dnsPolicy", "ClusterFirst");
	cleanup_json json_t *servers = json_array(), *searches = json_array();
	cleanup_json json_t *options = json_array();
	struct str out = {0};
	size_t i;

	/* Without a cluster there is no cluster DNS: every policy but None is the host's. */
	if (!streq(policy, "None")) {
		collect(host_text, "nameserver", servers);
		collect(host_text, "search", searches);
		collect(host_text, "options", options);
	}
	append_strings(servers, json_list(config, "nameservers"));
	append_strings(searches, json_list(config, "searches"));
	json_array_foreach (servers, i, server) {
		if (i < NAMESERVERS_MAX)
			str_addf(&out, "nameserver %s\n", json_string_value(server));
	}
	add_words(&out, "search", searches);
	add_options(&out, options, json_list(config, "options"));
	return str_take(&out);
}
