/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth logs`: the subresource pods/NAME/log of one or several containers; with -f over several of them the streams
 * run side by side.
 */
#include "agent/cli/api_path.h"
#include "agent/cli/handlers.h"
#include "agent/cli/lines.h"
#include "agent/cli/pod.h"
#include "agent/spec/spec.h"

enum { SELECTED_TAIL = 10 }; /* lines of each when pods are picked by labels, as kubectl */

/* One container's log. */
struct source {
	struct cli *cli;
	char *path;
	char *prefix; /* "[pod/web-1/nginx] ", or NULL */
	struct lines lines;
};

struct sources {
	struct cli *cli;
	const json_t *pod; /* while it is taken in */
	struct source *items;
	size_t n, cap;
};

static void sources_done(struct sources *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->items[i].path);
		free(s->items[i].prefix);
		str_done(&s->items[i].lines.rest);
	}
	free(s->items);
}

static int write_out(const struct source *s, struct sv bytes)
{
	FILE *out = s->cli->out;

	if (bytes.n && fwrite(bytes.p, 1, bytes.n, out) != bytes.n)
		return -EPIPE;
	return 0;
}

static int on_line(void *data, struct sv line)
{
	struct source *s = data;

	if (fprintf(s->cli->out, "%s%.*s\n", s->prefix, (int)line.n, line.p) < 0)
		return -EPIPE;
	return 0;
}

static int on_data(void *data, struct sv piece)
{
	struct source *s = data;
	int r = s->prefix ? lines_feed(&s->lines, piece) : write_out(s, piece);

	if (r == 0 && fflush(s->cli->out) != 0)
		return -errno;
	return r;
}

static void log_query(struct cli *c, struct str *path)
{
	const struct flag_values *f = &c->flags;
	int64_t tail = flag_number(f, "tail", -1);

	if (tail < 0 && flag_given(f, "selector") && !flag_given(f, "tail"))
		tail = SELECTED_TAIL;
	query_add(path, "follow", flag_on(f, "follow") ? "true" : NULL);
	query_add(path, "previous", flag_on(f, "previous") ? "true" : NULL);
	if (flag_given(f, "run"))
		query_add_int(path, "berthRun", flag_number(f, "run", 0));
	query_add(path, "timestamps", flag_on(f, "timestamps") ? "true" : NULL);
	query_add(path, "sinceTime", flag_text(f, "since-time"));
	if (tail >= 0)
		query_add_int(path, "tailLines", tail);
	if (flag_given(f,
		    "since")) /* the API has whole seconds: rounded up, so that nothing asked for is missing */
		query_add_int(path, "sinceSeconds",
			(int64_t)((flag_duration_ns(f, "since", 0) + NS_PER_SEC - 1) / NS_PER_SEC));
	if (flag_given(f, "limit-bytes"))
		query_add_int(path, "limitBytes", flag_number(f, "limit-bytes", 0));
}

static int add_source(void *data, const char *container)
{
	struct sources *s = data;
	const json_t *metadata = json_map(s->pod, "metadata");
	const char *pod = json_str_or(metadata, "name", "");
	cleanup_str struct str path = {0};

	path_start(&path, kind_by_name("v1", "Pod"),
		json_str_or(metadata, "namespace", namespace_of(s->cli)), pod, "log");
	query_add(&path, "container", container);
	log_query(s->cli, &path);
	GROW(s->items, s->n + 1, s->cap);
	s->items[s->n++] = (struct source){
		.cli = s->cli,
		.path = str_take(&path),
		.prefix = flag_on(&s->cli->flags, "prefix")
				  ? xasprintf("[pod/%s/%s] ", pod, container)
				  : NULL,
	};
	return 0;
}

static int add_pod(struct sources *s, const json_t *pod, const char *wanted)
{
	const char *container;

	s->pod = pod;
	if (flag_on(&s->cli->flags, "all-containers"))
		return containers_each(pod, add_source, s);
	container = container_find(s->cli, pod, wanted, false);
	return container ? add_source(s, container) : EXIT_FAILED;
}

static int find_sources(struct cli *c, struct sources *s)
{
	const char *selector = flag_text(&c->flags, "selector"),
		   *wanted = flag_text(&c->flags, "container");
	cleanup_json json_t *pods = NULL, *pod = NULL;
	json_t *one;
	size_t i;
	int status = EXIT_OK;

	if (!selector) {
		if (word_count(c) < 1 || word_count(c) > 2)
			return fail_usage(c, "expected 'logs (POD | TYPE/NAME) [CONTAINER]'. POD "
					     "or TYPE/NAME is a required "
					     "argument for the logs command");
		pod = pod_find(c, word(c, 0), false);
		return pod ? add_pod(s, pod, wanted ? wanted : word(c, 1)) : EXIT_FAILED;
	}
	if (word_count(c))
		return fail_usage(c, "only a selector (-l) or a POD name is allowed");
	pods = pods_find(c, selector);
	if (!pods)
		return EXIT_FAILED;
	if (json_array_size(pods) == 0)
		(void)fprintf(c->err, "No resources found in %s namespace.\n", namespace_of(c));
	json_array_foreach (pods, i, one)
		status |= add_pod(s, one, wanted);
	return status;
}

static struct request request_of(struct source *s)
{
	s->lines.on_line = on_line;
	s->lines.data = s;
	return (struct request){
		.method = "GET", .path = s->path, .accept = "*/*", .on_data = on_data, .data = s};
}

static int finish_source(struct source *s)
{
	return s->prefix ? lines_end(&s->lines) : 0;
}

static int read_one(struct cli *c, struct source *s)
{
	struct request q = request_of(s);
	cleanup_response struct response response = {0};

	if (call(c, &q, &response, NULL) != EXIT_OK)
		return flag_on(&c->flags, "ignore-errors") ? EXIT_OK : EXIT_FAILED;
	return finish_source(s) < 0 ? EXIT_FAILED : EXIT_OK;
}

static int read_together(struct cli *c, struct sources *s)
{
	cleanup_free struct request *requests = xcalloc(s->n, sizeof *requests);
	cleanup_free struct response *responses = xcalloc(s->n, sizeof *responses);
	int64_t most = flag_number(&c->flags, "max-log-requests", 5);
	struct err e = {0};
	int status = EXIT_OK;

	if ((int64_t)s->n > most)
		return fail(c,
			"you are attempting to follow %zu log streams, but maximum allowed "
			"concurrency is %lld, use "
			"--max-log-requests to increase the limit",
			s->n, (long long)most);
	for (size_t i = 0; i < s->n; i++)
		requests[i] = request_of(&s->items[i]);
	if (client_do_all(c->client, requests, s->n, responses, &e) < 0)
		status = fail_err(c, &e);
	for (size_t i = 0; i < s->n; i++) {
		if (responses[i].code >= 400 && !flag_on(&c->flags, "ignore-errors"))
			status = fail_response(c, &responses[i], NULL);
		(void)finish_source(&s->items[i]);
		response_done(&responses[i]);
	}
	return status;
}

int cmd_logs(struct cli *c)
{
	struct sources s = {.cli = c};
	int status;

	if (flag_given(&c->flags, "since") && flag_given(&c->flags, "since-time"))
		return fail(c, "at most one of --since and --since-time may be used");
	status = find_sources(c, &s);
	if (status == EXIT_OK && flag_on(&c->flags, "follow") && s.n > 1) {
		status = read_together(c, &s);
	} else if (status == EXIT_OK) {
		for (size_t i = 0; i < s.n; i++)
			status |= read_one(c, &s.items[i]);
	}
	sources_done(&s);
	return status;
}
