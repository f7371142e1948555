/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /healthz, /livez, /readyz: plain "ok" as Kubernetes answers; and the server's own numbers for
 * Prometheus.
 */
#include "agent/api/routes.h"
#include "agent/api/server.h"

static void reply_plain(struct request *r, unsigned code, const char *text)
{
	reply_text(r, code, "text/plain; charset=utf-8", xstrdup(text), strlen(text));
}

void get_healthz(struct request *r)
{
	/* Whoever gets an answer has seen the loop run and the socket work; the store is asked too. */
	if (store_count(r->api->o.store, r->api->namespaces, NULL) < 0)
		reply_plain(r, 500, "the store cannot be read\n");
	else
		reply_plain(r, 200, "ok");
}

void get_readyz(struct request *r)
{
	const struct api_options *o = &r->api->o;

	if (o->ready && !o->ready(o->ready_data))
		reply_plain(r, 503, "the first round over all pods is not done yet\n");
	else
		get_healthz(r);
}

void get_metrics(struct request *r)
{
	const struct api *a = r->api;
	struct str out = {0};

	for (size_t i = 0; kinds[i]; i++) {
		int n = kinds[i]->plural ? store_count(a->o.store, kinds[i], NULL) : -1;

		if (n >= 0)
			str_addf(&out, "berth_objects{resource=\"%s\"} %d\n", kinds[i]->plural, n);
	}
	str_addf(&out,
		"berth_api_requests_total %llu\nberth_api_refusals_total %llu\n"
		"berth_api_connections %u\nberth_resource_version %llu\n",
		(unsigned long long)a->requests, (unsigned long long)a->refusals, a->n_peers,
		(unsigned long long)store_version(a->o.store));
	reply_text(r, 200, "text/plain; version=0.0.4", out.p, out.n);
}
