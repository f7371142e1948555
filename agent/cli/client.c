/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP client: every command's way to the agent. libcurl connects and keeps the connection for the next request;
 * that it cannot connect is told with the cause and what to do.
 * A stream has no deadline; a plain request has that of the options.
 */
#include "agent/cli/client.h"

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/base/version.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/socket.h>

struct client {
	struct client_options options;
	char *socket_path;
	int dir_fd; /* of the socket's directory; -EBADF until it is needed */
	CURL *idle; /* the handle of the last request: it holds the connection */
};

/* One request on its way. */
struct transfer {
	struct client *client;
	const struct request *request;
	struct response *response;
	struct curl_slist *headers;
	CURL *curl;
	int error; /* of on_data or of reading the body */
	char text[CURL_ERROR_SIZE];
};

void response_done(struct response *r)
{
	str_done(&r->body);
	json_decref(r->json);
	*r = (struct response){0};
}

struct client *client_new(const struct client_options *options)
{
	struct client *c = xcalloc(1, sizeof *c);

	c->options = *options;
	c->socket_path = xstrdup(options->socket_path);
	c->dir_fd = -EBADF;
	return c;
}

void client_free(struct client *own_c)
{
	if (!own_c)
		return;
	if (own_c->idle)
		curl_easy_cleanup(own_c->idle);
	if (own_c->dir_fd >= 0)
		(void)close(own_c->dir_fd);
	free(own_c->socket_path);
	free(own_c);
}

/* Who may use the socket, in words: its owner and, when the mode says so, its group. */
static int denied(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set(e, -EACCES,
			"permission denied for %s: only root and users that the administrator has "
			"let in may talk to "
			"berthd (run this as root, or ask for the group that berthd was started "
			"with)",
			path);
	if (st.st_mode & S_IWGRP)
		return err_set(e, -EACCES,
			"permission denied for %s: it is open to user id %u and group id %u (run "
			"this as root, or be "
			"added to that group and log in again)",
			path, st.st_uid, st.st_gid);
	return err_set(e, -EACCES,
		"permission denied for %s: it is open to user id %u only (run this as that user; "
		"to let a group in, start "
		"berthd with --socket-group)",
		path, st.st_uid);
}

static int connect_failed(const char *path, int error, struct err *e)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return err_set(e, -ENOENT,
			"there is no socket at %s: is berthd running? (start it: systemctl start "
			"berth; what this host lacks: berthd --check; for an agent elsewhere: "
			"--root DIR, --socket PATH or BERTH_ROOT)",
			path);
	case ECONNREFUSED:
		return err_set(e, -ECONNREFUSED,
			"nobody listens at %s: berthd has ended and left its socket behind (start "
			"it: systemctl start berth)",
			path);
	case EACCES:
	case EPERM:
		return denied(path, e);
	default:
		return err_errno(e, -error, "connecting to %s", path);
	}
}

/* The socket's address, by way of a descriptor of its directory: a path of any length fits. */
static int find_address(struct client *c, struct sockaddr_un *ret, struct err *e)
{
	const char *slash = strrchr(c->socket_path, '/');
	cleanup_free char *parent =
		slash ? xstrndup(c->socket_path, (size_t)(slash - c->socket_path) + 1)
		      : xstrdup(".");
	int r;

	if (c->dir_fd < 0)
		c->dir_fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->dir_fd < 0)
		return connect_failed(c->socket_path, errno, e);
	r = fs_socket_address(c->dir_fd, slash ? slash + 1 : c->socket_path, ret);
	return r < 0 ? connect_failed(c->socket_path, -r, e) : 0;
}

int client_connect(struct client *c, struct err *e)
{
	struct sockaddr_un address;
	cleanup_close int fd = -EBADF;
	int r = find_address(c, &address, e);

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(e, -errno, "making a socket");
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return connect_failed(c->socket_path, errno, e);
	return take_fd(fd);
}

/* `Warning: 299 - "text"`: hands the text over without the quoting. Source: RFC 9111, 5.5. */
static void take_warning(const struct client *c, struct sv value)
{
	cleanup_str struct str text = {0};
	const char *open = memchr(value.p, '"', value.n);
	struct sv in;

	if (!open || !c->options.warn)
		return;
	in = (struct sv){open + 1, value.n - (size_t)(open + 1 - value.p)};
	for (; in.n && in.p[0] != '"'; in.p++, in.n--) {
		if (in.p[0] == '\\' && in.n > 1) {
			in.p++;
			in.n--;
		}
		str_addn(&text, in.p, 1);
	}
	c->options.warn(c->options.data, text.p ? text.p : "");
}

static size_t on_header(char *bytes, size_t size, size_t n, void *data)
{
	const struct transfer *t = data;
	struct sv line = sv_trim((struct sv){bytes, size * n});
	static const char name[] = "warning:";

	if (line.n > sizeof name - 1 && strncasecmp(line.p, name, sizeof name - 1) == 0)
		take_warning(t->client,
			sv_trim((struct sv){line.p + sizeof name - 1, line.n - sizeof name + 1}));
	return size * n;
}

/* Collected answers are bounded: the largest list that a full store gives is far below this. */
enum { BODY_BYTES_MAX = 256 << 20 };

static size_t on_body(char *bytes, size_t size, size_t n, void *data)
{
	struct transfer *t = data;
	long code = 0;
	int r;

	(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
	if (t->request->on_data && code < 400) {
		r = t->request->on_data(t->request->data, (struct sv){bytes, size * n});
		if (r < 0) {
			t->error = r;
			return 0;
		}
		return size * n;
	}
	if (t->response->body.n + size * n > BODY_BYTES_MAX) {
		t->error = -E2BIG;
		return 0;
	}
	str_addn(&t->response->body, bytes, size * n);
	return size * n;
}

static size_t read_body(char *bytes, size_t size, size_t n, void *data)
{
	struct transfer *t = data;
	ssize_t got = read(t->request->body_fd, bytes, size * n);

	if (got < 0) {
		t->error = -errno;
		return CURL_READFUNC_ABORT;
	}
	return (size_t)got;
}

static void add_header(struct transfer *t, const char *name, const char *value)
{
	cleanup_free char *line = xasprintf("%s: %s", name, value);
	struct curl_slist *more = curl_slist_append(t->headers, line);

	if (!more)
		abort();
	t->headers = more;
}

static void set_body(struct transfer *t)
{
	const struct request *q = t->request;

	if (q->body_fd > 0) {
		curl_easy_setopt(t->curl, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(t->curl, CURLOPT_READFUNCTION, read_body);
		curl_easy_setopt(t->curl, CURLOPT_READDATA, t);
	} else if (q->body.p) {
		curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.n);
		curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, q->body.p);
	}
	if (q->body_fd > 0 || q->body.p)
		add_header(
			t, "Content-Type", q->content_type ? q->content_type : "application/json");
	/* No "Expect: 100-continue": it costs a round trip, and the socket is local. */
	add_header(t, "Expect", "");
	curl_easy_setopt(t->curl, CURLOPT_CUSTOMREQUEST, q->method);
}

static void start(struct transfer *t, struct client *c, const char *socket_path,
	const struct request *q, struct response *ret)
{
	cleanup_free char *url = xasprintf("http://berth%s", q->path);
	cleanup_free char *agent = xasprintf("berth/%s", berth_version);
	bool stream = q->on_data || q->body_fd > 0;
	uint64_t timeout_ns = q->timeout_ns || stream ? q->timeout_ns : c->options.timeout_ns;

	*t = (struct transfer){.client = c, .request = q, .response = ret};
	*ret = (struct response){0};
	t->curl = c->idle ? take(c->idle) : curl_easy_init();
	if (!t->curl)
		abort();
	curl_easy_reset(t->curl);
	add_header(t, "Accept", q->accept ? q->accept : "application/json");
	set_body(t);
	curl_easy_setopt(t->curl, CURLOPT_URL, url);
	curl_easy_setopt(t->curl, CURLOPT_USERAGENT, agent);
	curl_easy_setopt(t->curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
	curl_easy_setopt(t->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(t->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(t->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(t->curl, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->text);
	curl_easy_setopt(t->curl, CURLOPT_PRIVATE, t);
	if (timeout_ns)
		curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, (long)(timeout_ns / NS_PER_MS) + 1);
}

static int explain(const struct transfer *t, CURLcode code, struct err *e)
{
	const char *text = t->text[0] ? t->text : curl_easy_strerror(code);
	long error = 0;

	if (code == CURLE_COULDNT_CONNECT) {
		(void)curl_easy_getinfo(t->curl, CURLINFO_OS_ERRNO, &error);
		return connect_failed(t->client->socket_path, error ? (int)error : ECONNREFUSED, e);
	}
	if (t->error)
		return e && e->code == t->error ? t->error
						: err_errno(e, t->error, "talking to berthd");
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(e, -ETIMEDOUT, "berthd at %s does not answer: %s",
			t->client->socket_path, text);
	if (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
		code == CURLE_PARTIAL_FILE)
		return err_set(e, -ECONNRESET, "berthd at %s closed the connection: %s",
			t->client->socket_path, text);
	return err_set(e, -EPROTO, "talking to berthd at %s: %s", t->client->socket_path, text);
}

/* Reads what came; @r is the transfer's result. */
static void finish(struct transfer *t)
{
	struct client *c = t->client;
	struct response *ret = t->response;

	(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &ret->code);
	if (ret->body.n && (ret->body.p[0] == '{' || ret->body.p[0] == '['))
		/* No limits of json.h here: the agent is trusted, and a list holds many documents. */
		ret->json = json_loadb(ret->body.p, ret->body.n, 0, NULL);
	curl_slist_free_all(t->headers);
	t->headers = NULL;
	if (c->idle)
		curl_easy_cleanup(t->curl);
	else
		c->idle = t->curl;
	t->curl = NULL;
}

int client_do(struct client *c, const struct request *q, struct response *ret, struct err *e)
{
	struct sockaddr_un address;
	struct transfer t;
	CURLcode code;
	int r;

	*ret = (struct response){0};
	r = find_address(c, &address, e);
	if (r < 0)
		return r;
	start(&t, c, address.sun_path, q, ret);
	code = curl_easy_perform(t.curl);
	r = code == CURLE_OK ? 0 : explain(&t, code, e);
	finish(&t);
	return r;
}

int client_do_all(
	struct client *c, const struct request *qs, size_t n, struct response *rets, struct err *e)
{
	cleanup_free struct transfer *ts = xcalloc(n, sizeof *ts);
	CURLM *multi = curl_multi_init();
	int running = 1, left, first = 0;
	struct sockaddr_un address;
	CURLMsg *m;

	if (!multi)
		abort();
	first = find_address(c, &address, e);
	if (first < 0) {
		curl_multi_cleanup(multi);
		return first;
	}
	for (size_t i = 0; i < n; i++) {
		start(&ts[i], c, address.sun_path, &qs[i], &rets[i]);
		curl_multi_add_handle(multi, ts[i].curl);
	}
	while (running) {
		if (curl_multi_perform(multi, &running) != CURLM_OK ||
			curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK)
			break;
		while ((m = curl_multi_info_read(multi, &left))) {
			struct transfer *t = NULL;

			if (m->msg != CURLMSG_DONE)
				continue;
			(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
			if (m->data.result != CURLE_OK && first == 0)
				first = explain(t, m->data.result, e);
		}
	}
	for (size_t i = 0; i < n; i++) {
		curl_multi_remove_handle(multi, ts[i].curl);
		finish(&ts[i]);
	}
	curl_multi_cleanup(multi);
	return first;
}
