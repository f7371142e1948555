/* SPDX-License-Identifier: Apache-2.0 */
/* Watches: from now, from a version, with selectors, bookmarks and initial events; slow and dead clients. */
#include "tests/unit/agent/api/client.h"

static int up(void **state)
{
	struct server *s = xcalloc(1, sizeof *s);

	server_up(s);
	*state = s;
	return 0;
}

static int down(void **state)
{
	server_down(*state);
	free(*state);
	return 0;
}

struct watch {
	struct server *s;
	int fd;
	struct str in;
};

static void watch_open_as(struct watch *w, struct server *s, const char *query, const char *accept)
{
	cleanup_free char *text =
		xasprintf("GET /api/v1/%s HTTP/1.1\r\nHost: x\r\n%s\r\n", query, accept);

	*w = (struct watch){.s = s, .fd = dial(s)};
	send_text(s, w->fd, text, strlen(text));
	assert_true(pump_until(s, w->fd, &w->in, "\r\n\r\n"));
}

static void watch_open(struct watch *w, struct server *s, const char *query)
{
	watch_open_as(w, s, query, "");
}

static void watch_close(struct watch *w)
{
	(void)close(w->fd);
	str_done(&w->in);
	/* The server notices. */
	turn(w->s);
	turn(w->s);
}

static bool sees(struct watch *w, const char *text)
{
	return pump_until(w->s, w->fd, &w->in, text);
}

/* Everything that has come by now. */
static const char *seen(struct watch *w)
{
	for (int i = 0; i < 20; i++)
		(void)pump(w->s, w->fd, &w->in);
	return w->in.p;
}

static void label(struct server *s, const char *name, const char *value)
{
	cleanup_free char *path = xasprintf(PODS "/%s", name);
	cleanup_free char *body = xasprintf("{\"metadata\":{\"labels\":{\"app\":\"%s\"}}}", value);
	cleanup_answer struct answer a =
		request(s, "PATCH", path, "Content-Type: application/merge-patch+json\r\n", body);

	assert_int_equal(a.code, 200);
}

static void vanish(struct server *s, const char *name)
{
	assert_int_equal(store_delete(s->store, kind_by_resource("", "v1", "pods"), "default", name,
				 NULL, NULL, NULL),
		0);
}

static void all_that_is_and_comes(void **state)
{
	struct server *s = *state;
	struct watch w;

	make_pod(s, "old", "x");
	watch_open(&w, s, "pods?watch=true");
	assert_true(sees(
		&w, "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\","));
	assert_true(sees(&w, "\"name\":\"old\""));
	make_pod(s, "new", "x");
	assert_true(sees(&w, "\"name\":\"new\""));
	label(s, "new", "y");
	assert_true(sees(&w, "{\"type\":\"MODIFIED\""));
	vanish(s, "new");
	assert_true(sees(&w, "{\"type\":\"DELETED\""));
	watch_close(&w);
}

static void from_a_version(void **state)
{
	struct server *s = *state;
	cleanup_answer struct answer list, old, text;
	cleanup_free char *query = NULL;
	struct watch w;

	make_pod(s, "before", "x");
	list = get(s, PODS);
	make_pod(s, "after", "x");
	query = xasprintf("namespaces/default/pods?watch=1&resourceVersion=%s",
		json_str(json_map(list.json, "metadata"), "resourceVersion"));
	watch_open(&w, s, query);
	assert_true(sees(&w, "\"name\":\"after\""));
	assert_null(strstr(seen(&w), "\"name\":\"before\""));
	watch_close(&w);
	old = get(s, PODS "?watch=1&resourceVersion=777777");
	assert_int_equal(old.code, 410);
	assert_string_equal(json_str(old.json, "reason"), "Expired");
	text = get(s, PODS "?watch=1&resourceVersion=new");
	assert_int_equal(text.code, 400);
}

static void selectors_are_evaluated_anew(void **state)
{
	struct server *s = *state;
	struct watch w;

	make_pod(s, "a", "x");
	make_pod(s, "b", "y");
	watch_open(&w, s, "pods?watch=1&labelSelector=app%3Dx");
	assert_true(sees(&w, "\"name\":\"a\""));
	assert_null(strstr(seen(&w), "\"name\":\"b\""));
	label(s, "a", "y");
	assert_true(sees(&w, "{\"type\":\"DELETED\""));
	label(s, "b", "x");
	assert_true(sees(&w, "\"name\":\"b\""));
	assert_null(strstr(w.in.p, "MODIFIED"));
	watch_close(&w);
}

static void initial_events_and_their_end(void **state)
{
	struct server *s = *state;
	cleanup_answer struct answer without;
	struct watch w;
	const char *end, *pod;

	make_pod(s, "a", "x");
	watch_open(&w, s,
		"pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
		"&allowWatchBookmarks=true");
	assert_true(sees(&w, "k8s.io/initial-events-end"));
	pod = strstr(w.in.p, "\"name\":\"a\"");
	end = strstr(w.in.p, "{\"type\":\"BOOKMARK\"");
	assert_non_null(pod);
	assert_true(end > pod);
	make_pod(s, "b", "x");
	assert_true(sees(&w, "\"name\":\"b\""));
	watch_close(&w);
	without = get(s, PODS "?watch=1&sendInitialEvents=true");
	assert_int_equal(without.code, 422);
}

static void tables(void **state)
{
	static const char accept[] =
		"Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json\r\n";
	struct server *s = *state;
	struct watch w;
	const char *first, *second;

	make_pod(s, "a", "x");
	watch_open_as(&w, s, "pods?watch=1", accept);
	assert_true(sees(&w, "\"cells\":[\"a\",\"0/1\",\"Pending\",\"0\""));
	make_pod(s, "b", "x");
	assert_true(sees(&w, "\"cells\":[\"b\""));
	first = strstr(w.in.p, "columnDefinitions");
	second = first ? strstr(first + 1, "columnDefinitions") : NULL;
	assert_non_null(first);
	assert_null(second);
	watch_close(&w);
}

static void timeouts_end_it(void **state)
{
	struct server *s = *state;
	struct watch w;

	watch_open(&w, s, "pods?watch=1&timeoutSeconds=1");
	for (int i = 0; i < 2000 && !strstr(w.in.p, "\r\n0\r\n\r\n"); i++)
		(void)pump(s, w.fd, &w.in);
	assert_non_null(strstr(w.in.p, "\r\n0\r\n\r\n"));
	watch_close(&w);
}

static void rewrite(struct server *s, json_t *pod, int i)
{
	json_put_int(json_sub(json_sub(pod, "metadata"), "annotations"), "n", i);
	assert_int_equal(
		store_update(s->store, kind_by_resource("", "v1", "pods"), pod, STORE_NORMAL, NULL),
		0);
}

/* A client that does not read for a while gets everything, in order, without the server keeping it for it. */
static void slow_clients_catch_up_from_history(void **state)
{
	struct server *s = *state;
	cleanup_json json_t *pod = NULL;
	cleanup_free char *filler = xcalloc(1, 8193);
	struct watch w;
	unsigned seen_events = 0;

	make_pod(s, "a", "x");
	watch_open(&w, s, "pods?watch=1");
	assert_true(sees(&w, "ADDED"));
	assert_int_equal(
		store_get(s->store, kind_by_resource("", "v1", "pods"), "default", "a", &pod, NULL),
		0);
	memset(filler, 'x', 8192);
	json_put_str(json_sub(json_sub(pod, "metadata"), "annotations"), "filler", filler);
	/* 8 MiB of events, far beyond what socket and queue hold. */
	for (int i = 0; i < 1000; i++) {
		rewrite(s, pod, i);
		if (i % 50 == 0)
			turn(s);
	}
	assert_true(pump_until(s, w.fd, &w.in, "\"n\":999"));
	for (const char *p = w.in.p; (p = strstr(p, "{\"type\":\"MODIFIED\"")); p++) {
		cleanup_free char *mark = xasprintf("\"n\":%u}", seen_events++);
		const char *n = strstr(p, "\"n\":");

		assert_memory_equal(n, mark, strlen(mark));
	}
	assert_int_equal(seen_events, 1000);
	/* It is live again. */
	rewrite(s, pod, 5000);
	assert_true(sees(&w, "\"n\":5000"));
	watch_close(&w);
}

/* … and when history has moved on meanwhile, 410 inside the stream. */
static void too_slow_clients_are_told_so(void **state)
{
	struct server *s = *state;
	cleanup_json json_t *pod = NULL;
	cleanup_free char *filler = xcalloc(1, 2049);
	struct watch w;

	make_pod(s, "a", "x");
	watch_open(&w, s, "pods?watch=1");
	assert_int_equal(
		store_get(s->store, kind_by_resource("", "v1", "pods"), "default", "a", &pod, NULL),
		0);
	memset(filler, 'x', 2048);
	json_put_str(json_sub(json_sub(pod, "metadata"), "annotations"), "filler", filler);
	for (int i = 0; i < 10500; i++) {
		rewrite(s, pod, i);
		if (i % 500 == 0)
			turn(s);
	}
	assert_true(sees(&w, "{\"type\":\"ERROR\""));
	assert_true(sees(&w, "\"reason\":\"Expired\""));
	watch_close(&w);
}

static void dead_clients_are_forgotten(void **state)
{
	struct server *s = *state;
	cleanup_answer struct answer a;

	for (int i = 0; i < 300; i++) {
		struct watch w;

		watch_open(&w, s, "pods?watch=1");
		watch_close(&w);
	}
	a = get(s, "/metrics");
	assert_int_equal(a.code, 200);
	assert_non_null(strstr(a.body, "berth_api_connections 1\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_that_is_and_comes, up, down),
		cmocka_unit_test_setup_teardown(from_a_version, up, down),
		cmocka_unit_test_setup_teardown(selectors_are_evaluated_anew, up, down),
		cmocka_unit_test_setup_teardown(initial_events_and_their_end, up, down),
		cmocka_unit_test_setup_teardown(tables, up, down),
		cmocka_unit_test_setup_teardown(timeouts_end_it, up, down),
		cmocka_unit_test_setup_teardown(slow_clients_catch_up_from_history, up, down),
		cmocka_unit_test_setup_teardown(too_slow_clients_are_told_so, up, down),
		cmocka_unit_test_setup_teardown(dead_clients_are_forgotten, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
