/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network probes under way: each an easy handle of libcurl with one deadline over all of it, no redirects, no proxy, no
 * connection that is used twice, and an end to what is read (safety R25). What differs between the kinds stands in
 * one table. Must hold: whatever the other side does, there is an answer at the deadline.
 */
#include "agent/probe/ask.h"

#include "agent/probe/reply.h"

#include <curl/curl.h>
#include <poll.h>
#include <strings.h>

#define AGENT_NAME "kube-probe/1.35"

struct ask {
	struct probe_request q;
	struct reply reply;
	struct curl_slist *headers;
	struct str question; /* grpc */
	char *url;
	char trouble[CURL_ERROR_SIZE];
};

static struct {
	CURLM *multi;
	ask_fn fn;
	void *data;
	size_t n;
} asks;

/* ---- set up by kind -------------------------------------------------------------------------------------- */

static void add_header(struct ask *a, const char *line)
{
	struct curl_slist *list = curl_slist_append(a->headers, line);

	if (list)
		a->headers = list;
}

static bool has_header(const struct probe_request *q, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < q->n_headers; i++)
		if (strncasecmp(q->headers[i], name, n) == 0 && q->headers[i][n] == ':')
			return true;
	return false;
}

/* libcurl sends "Name;" as a header without a value, and "Name:" not at all, which is what asking for no Accept means. */
static void add_own_header(struct ask *a, const char *line)
{
	struct sv value = sv(line), name = sv_cut(&value, ':');
	cleanup_free char *text = xstrndup(name.p, name.n);
	bool removed = strcasecmp(text, "Accept") == 0 || strcasecmp(text, "User-Agent") == 0;
	cleanup_free char *empty = xasprintf("%s%c", text, removed ? ':' : ';');

	add_header(a, sv_trim(value).n ? line : empty);
}

static void set_http(struct ask *a, CURL *curl)
{
	(void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	if (!has_header(&a->q, "User-Agent"))
		add_header(a, "User-Agent: " AGENT_NAME);
	if (!has_header(&a->q, "Accept"))
		add_header(a, "Accept: */*");
	add_header(a, "Connection: close");
	for (size_t i = 0; i < a->q.n_headers; i++)
		add_own_header(a, a->q.headers[i]);
}

static void set_tcp(struct ask *a, CURL *curl)
{
	(void)a;
	(void)curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
}

static void set_grpc(struct ask *a, CURL *curl)
{
	grpc_question(a->q.service ? a->q.service : "", &a->question);
	(void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
	(void)curl_easy_setopt(curl, CURLOPT_POST, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)a->question.n);
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, a->question.p);
	add_header(a, "User-Agent: " AGENT_NAME);
	add_header(a, "Content-Type: application/grpc");
	add_header(a, "TE: trailers");
	add_header(a, "Accept:");
}

static const struct {
	void (*set)(struct ask *a, CURL *curl);
	enum probe_result (*verdict)(
		const struct probe_request *q, const struct reply *r, char **ret_text);
} kinds[PROBE_KIND_MAX] = {
	[PROBE_HTTP] = {set_http, http_verdict},
	[PROBE_TCP] = {set_tcp, tcp_verdict},
	[PROBE_GRPC] = {set_grpc, grpc_verdict},
};

/* ---- begin and end --------------------------------------------------------------------------------------- */

static size_t on_header(char *bytes, size_t size, size_t n, void *data)
{
	struct ask *a = data;

	return reply_header(&a->reply, (struct sv){bytes, size * n}) ? size * n : 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *data)
{
	struct ask *a = data;

	return reply_body(&a->reply, (struct sv){bytes, size * n}) ? size * n : 0;
}

static void ask_free(struct ask *own_a)
{
	if (!own_a)
		return;
	curl_slist_free_all(own_a->headers);
	probe_request_done(&own_a->q);
	reply_done(&own_a->reply);
	str_done(&own_a->question);
	free(own_a->url);
	free(own_a);
}

static void answer(struct ask *own_a, enum probe_result result, char *own_text)
{
	asks.fn(asks.data, &(const struct probe_answer){
				   .id = own_a->q.id, .result = result, .text = own_text});
	free(own_text);
	ask_free(own_a);
}

static void set_limits(struct ask *a, CURL *curl)
{
	uint64_t ms = (a->q.timeout_ns + 999999) / 1000000;

	(void)curl_easy_setopt(
		curl, CURLOPT_TIMEOUT_MS, ms > INT32_MAX ? (long)INT32_MAX : (long)ms);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	/* Nobody is verified, so there is nothing to read the host's certificates for. */
	(void)curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
	(void)curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
}

static CURL *make_easy(struct ask *a)
{
	CURL *curl = curl_easy_init();

	if (!curl)
		return NULL;
	set_limits(a, curl);
	kinds[a->q.kind].set(a, curl);
	(void)curl_easy_setopt(curl, CURLOPT_URL, a->url);
	(void)curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, a->headers);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, a->trouble);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, a);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
	(void)curl_easy_setopt(curl, CURLOPT_PRIVATE, a);
	return curl;
}

void ask_start(struct probe_request *q)
{
	struct ask *a = xcalloc(1, sizeof *a);
	CURL *curl;

	a->q = *q;
	*q = (struct probe_request){0};
	a->reply.grpc_status = -1;
	a->url = reply_url(&a->q);
	curl = asks.n < PROBES_AT_ONCE ? make_easy(a) : NULL;
	if (!curl || curl_multi_add_handle(asks.multi, curl) != CURLM_OK) {
		curl_easy_cleanup(curl);
		answer(a, PROBE_ERROR, xstrdup("too many probes at once"));
		return;
	}
	asks.n++;
}

/* The system's word for it, as Go writes it: in small letters. */
static const char *trouble_of(struct ask *a, CURL *curl)
{
	long number = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
	if (number > 0)
		(void)snprintf(a->trouble, sizeof a->trouble, "%s", strerror((int)number));
	if (a->trouble[0] >= 'A' && a->trouble[0] <= 'Z')
		a->trouble[0] = (char)(a->trouble[0] - 'A' + 'a');
	return a->trouble[0] ? a->trouble : NULL;
}

static enum reply_end end_of(const struct ask *a, CURLcode code)
{
	if (code == CURLE_OPERATION_TIMEDOUT)
		return REPLY_TIMEOUT;
	if (code == CURLE_COULDNT_CONNECT)
		return REPLY_REFUSED;
	if (code == CURLE_OK || a->reply.body_full)
		return REPLY_WHOLE;
	return REPLY_BROKEN;
}

static void finish(CURL *curl, CURLcode code)
{
	struct ask *a = NULL;
	char *text = NULL;
	curl_off_t connect_us = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&a);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &a->reply.status);
	(void)curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connect_us);
	a->reply.connected = connect_us > 0;
	a->reply.end = end_of(a, code);
	a->reply.trouble = code == CURLE_GOT_NOTHING ? "EOF" : trouble_of(a, curl);
	enum probe_result result = kinds[a->q.kind].verdict(&a->q, &a->reply, &text);
	(void)curl_multi_remove_handle(asks.multi, curl);
	curl_easy_cleanup(curl);
	asks.n--;
	answer(a, result, text);
}

/* ---- the whole -------------------------------------------------------------------------------------------- */

int ask_open(ask_fn fn, void *data, struct err *e)
{
	asks.fn = fn;
	asks.data = data;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, -EIO, "libcurl does not start");
	asks.multi = curl_multi_init();
	if (!asks.multi)
		return err_set(e, -ENOMEM, "libcurl does not start");
	/* As connections are not kept, there is nothing to keep room for. */
	(void)curl_multi_setopt(asks.multi, CURLMOPT_MAXCONNECTS, 1L);
	return 0;
}

void ask_close(void)
{
	(void)curl_multi_cleanup(asks.multi);
	curl_global_cleanup();
}

size_t ask_count(void)
{
	return asks.n;
}

static int drive(void)
{
	const CURLMsg *m;
	int running, left;

	if (curl_multi_perform(asks.multi, &running) != CURLM_OK)
		return -EIO;
	while ((m = curl_multi_info_read(asks.multi, &left)))
		if (m->msg == CURLMSG_DONE)
			finish(m->easy_handle, m->data.result);
	return 0;
}

int ask_wait(int fd)
{
	enum { EVER_MS = 3600 * 1000, IDLE_MS = 60 * 1000 };
	struct curl_waitfd wait = {.fd = fd, .events = CURL_WAIT_POLLIN};

	if (asks.n == 0) {
		struct pollfd idle = {.fd = fd, .events = POLLIN};

		int r = poll(&idle, 1, IDLE_MS);

		return r < 0 ? (errno == EINTR ? 0 : -errno) : r == 0 ? -ETIME : 1;
	}
	if (curl_multi_poll(asks.multi, &wait, fd >= 0, EVER_MS, NULL) != CURLM_OK)
		return -EIO;
	int r = drive();
	return r < 0 ? r : wait.revents != 0;
}
