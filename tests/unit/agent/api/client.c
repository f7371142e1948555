/* SPDX-License-Identifier: Apache-2.0 */
/* An API server in this process, and a client that drives it by hand. */
#include "tests/unit/agent/api/client.h"

#include <sys/socket.h>
#include <sys/un.h>

void server_up(struct server *s)
{
	cleanup_free char *path = NULL;
	struct api_options o = {0};
	struct err e = {0};

	scratch_open(&s->dir);
	path = xasprintf("%s/store.db", s->dir.path);
	assert_true(sd_event_new(&s->loop) >= 0);
	if (store_open(path, &clock_kernel, &s->store, &e) < 0)
		fail_msg("%s", err_text(&e));
	o.loop = s->loop;
	o.store = s->store;
	o.clock = &clock_kernel;
	o.root_fd = s->dir.fd;
	o.backend = s->backend;
	o.listen_fd = api_bind(s->dir.fd, "berth.sock", 0, &e);
	assert_true(o.listen_fd >= 0);
	if (api_new(&o, &s->api, &e) < 0)
		fail_msg("%s", err_text(&e));
}

void server_down(struct server *s)
{
	api_free(s->api);
	store_close(s->store);
	(void)sd_event_unref(s->loop);
	scratch_close(&s->dir);
}

void turn(struct server *s)
{
	assert_true(sd_event_run(s->loop, 2000) >= 0);
}

int dial(struct server *s)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	(void)snprintf(to.sun_path, sizeof to.sun_path, "%s/berth.sock", s->dir.path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

void send_text(struct server *s, int fd, const void *text, size_t n)
{
	const char *p = text;

	for (int i = 0; n > 0 && i < 20000; i++) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

		if (done < 0 && errno != EAGAIN)
			return;
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		} else {
			turn(s);
		}
	}
}

/* Reads what there is to *in; turns the loop. Returns: false at the end of the connection. */
bool pump(struct server *s, int fd, struct str *in)
{
	char buf[65536];
	ssize_t n;

	turn(s);
	n = recv(fd, buf, sizeof buf, 0);
	if (n > 0)
		str_addn(in, buf, (size_t)n);
	return n > 0 || (n < 0 && errno == EAGAIN);
}

/* Waits until @in holds @text, or gives up. */
bool pump_until(struct server *s, int fd, struct str *in, const char *text)
{
	for (int i = 0; i < 3000; i++) {
		if (in->p && memmem(in->p, in->n, text, strlen(text)))
			return true;
		if (!pump(s, fd, in))
			return in->p && memmem(in->p, in->n, text, strlen(text));
	}
	return false;
}

void answer_done(struct answer *a)
{
	free(a->head);
	free(a->body);
	json_decref(a->json);
	*a = (struct answer){0};
}
/* The body of a chunked answer that has come to its end. */
static void unchunk(struct answer *a, const char *p)
{
	struct str out = {0};
	char *end;

	for (;;) {
		unsigned long n = strtoul(p, &end, 16);

		if (n == 0)
			break;
		p = strstr(end, "\r\n") + 2;
		str_addn(&out, p, n);
		p += n + 2;
	}
	a->n = out.n;
	a->body = str_take(&out);
}

/* Reads one answer; what is behind it stays in @in. */
struct answer read_answer(struct server *s, int fd, struct str *in)
{
	struct answer a = {0};
	const char *body, *length;
	size_t head, n = 0;

	assert_true(pump_until(s, fd, in, "\r\n\r\n"));
	body = strstr(in->p, "\r\n\r\n") + 4;
	head = (size_t)(body - in->p);
	a.head = xstrndup(in->p, head);
	a.code = (unsigned)strtoul(a.head + strlen("HTTP/1.1 "), NULL, 10);
	length = strcasestr(a.head, "\r\nContent-Length: ");
	if (length) {
		n = strtoul(length + strlen("\r\nContent-Length: "), NULL, 10);
		for (int i = 0; in->n < head + n && i < 20000; i++)
			if (!pump(s, fd, in))
				break;
		assert_true(in->n >= head + n);
		a.n = n;
		a.body = xstrndup(in->p + head, n);
		memmove(in->p, in->p + head + n, in->n - head - n + 1);
		in->n -= head + n;
	} else {
		assert_true(pump_until(s, fd, in, "\r\n0\r\n\r\n"));
		unchunk(&a, in->p + head);
		str_clear(in);
	}
	if (json_parse_max((struct sv){a.body, a.n}, 64 << 20, &a.json, NULL) < 0)
		a.json = NULL;
	return a;
}

/* One request on one connection. @headers: "" or lines, each ended by \r\n. */
struct answer request(struct server *s, const char *method, const char *path, const char *headers,
	const char *body)
{
	cleanup_free char *text =
		xasprintf("%s %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %zu\r\n\r\n%s",
			method, path, headers, strlen(body), body);
	cleanup_str struct str in = {0};
	cleanup_close int fd = dial(s);

	send_text(s, fd, text, strlen(text));
	return read_answer(s, fd, &in);
}

struct answer get(struct server *s, const char *path)
{
	return request(s, "GET", path, "", "");
}

struct answer post(struct server *s, const char *path, const char *body)
{
	return request(s, "POST", path, "Content-Type: application/json\r\n", body);
}

/* A pod of one container, as text. Owned by the caller. */
char *pod_text(const char *name, const char *label)
{
	return xasprintf("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"%s\","
			 "\"labels\":{\"app\":\"%s\"}},\"spec\":{\"containers\":[{\"name\":\"c\","
			 "\"image\":\"busybox:1\"}]}}",
		name, label);
}

void make_pod(struct server *s, const char *name, const char *label)
{
	cleanup_free char *text = pod_text(name, label);
	cleanup_answer struct answer a = post(s, "/api/v1/namespaces/default/pods", text);

	if (a.code != 201)
		fail_msg("creating %s: %s", name, a.body);
}
