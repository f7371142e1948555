/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came back becomes a verdict in the kubelet's words. Pure and bounded: this is where a container's own bytes are
 * looked at, inside berth-probe's jail. Must hold: a text for people is UTF-8, one line long and short.
 * No redirect is followed (safety R25): one counts as success, with a warning, as the kubelet has it for
 * redirects to another host.
 */
#include "agent/probe/reply.h"

#include <strings.h>

void reply_done(struct reply *r)
{
	str_done(&r->body);
	free(take(r->grpc_message));
}

/* ---- taking -------------------------------------------------------------------------------------------- */

static void note_grpc(struct reply *r, struct sv name, struct sv value)
{
	static const char status[] = "grpc-status", message[] = "grpc-message";
	uint32_t code;

	if (name.n == sizeof status - 1 && strncasecmp(name.p, status, name.n) == 0) {
		/* Codes go to 16; whatever else a stranger says is UNKNOWN. */
		r->grpc_status = parse_u32_max(value, 99, &code) == 0 ? (int)code : 2;
	} else if (name.n == sizeof message - 1 && strncasecmp(name.p, message, name.n) == 0) {
		struct str text = {0};

		str_add_utf8(&text, value.p, value.n);
		free(r->grpc_message);
		r->grpc_message = str_take(&text);
	}
}

bool reply_header(struct reply *r, struct sv line)
{
	struct sv name;

	r->header_bytes += line.n;
	if (r->header_bytes > PROBE_HEADERS_MAX) {
		r->headers_too_long = true;
		return false;
	}
	if (sv_trim(line).n == 0)
		r->headers_whole = true;
	name = sv_cut(&line, ':');
	note_grpc(r, sv_trim(name), sv_trim(line));
	return true;
}

bool reply_body(struct reply *r, struct sv bytes)
{
	size_t room = PROBE_BODY_MAX - r->body.n;

	str_addn(&r->body, bytes.p, bytes.n < room ? bytes.n : room);
	r->body_full = bytes.n >= room;
	return !r->body_full;
}

/* ---- addresses ----------------------------------------------------------------------------------------- */

char *reply_authority(const struct probe_request *q)
{
	return xasprintf(strchr(q->host, ':') ? "[%s]:%u" : "%s:%u", q->host, q->port);
}

/* As a browser would send it: what has no place in a request line is written in hex. */
static void add_path(struct str *out, const char *path)
{
	if (path[0] != '/')
		str_add(out, "/");
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;

		if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}", c))
			str_addf(out, "%%%02X", c);
		else
			str_addn(out, path, 1);
	}
}

char *reply_url(const struct probe_request *q)
{
	cleanup_free char *authority = reply_authority(q);
	struct str out = {0};

	str_addf(&out, "%s://%s", q->https ? "https" : "http", authority);
	add_path(&out, q->kind == PROBE_GRPC ? "/grpc.health.v1.Health/Check"
		       : q->path	     ? q->path
					     : "/");
	return str_take(&out);
}

/* ---- verdicts ------------------------------------------------------------------------------------------ */

/* Cut at a character's end; what would move a terminal's cursor is a blank. */
char *reply_short(char *own_text)
{
	size_t n = strlen(own_text);

	if (n > PROBE_TEXT_MAX) {
		n = PROBE_TEXT_MAX;
		while (n > 0 && ((unsigned char)own_text[n] & 0xc0) == 0x80)
			n--;
		own_text[n] = '\0';
	}
	for (char *p = own_text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	return own_text;
}

static enum probe_result verdict(enum probe_result result, char **ret, char *own_text)
{
	*ret = reply_short(own_text);
	return result;
}

static char *body_text(const struct reply *r)
{
	struct str text = {0};
	size_t n = r->body.n < PROBE_TEXT_MAX ? r->body.n : PROBE_TEXT_MAX;

	if (n)
		str_add_utf8(&text, r->body.p, n);
	return str_take(&text);
}

/* Why a page did not come, behind `Get "URL": `. */
static char *http_trouble(const struct probe_request *q, const struct reply *r)
{
	cleanup_free char *at = reply_authority(q);

	if (r->headers_too_long)
		return xasprintf("the answer has more than %d bytes of headers", PROBE_HEADERS_MAX);
	if (r->end == REPLY_TIMEOUT)
		return xasprintf("context deadline exceeded (Client.Timeout exceeded while %s)",
			r->headers_whole ? "reading body" : "awaiting headers");
	if (r->end == REPLY_REFUSED)
		return xasprintf("dial tcp %s: connect: %s", at, r->trouble);
	return xstrdup(r->trouble ? r->trouble : "EOF");
}

enum probe_result http_verdict(
	const struct probe_request *q, const struct reply *r, char **ret_text)
{
	cleanup_free char *url = reply_url(q), *why = NULL, *body = NULL;

	if (r->end != REPLY_WHOLE || r->headers_too_long) {
		why = http_trouble(q, r);
		return verdict(PROBE_FAILURE, ret_text, xasprintf("Get \"%s\": %s", url, why));
	}
	*ret_text = NULL;
	if (q->any_status || (r->status >= 200 && r->status < 300))
		return PROBE_SUCCESS;
	if (r->status < 300 || r->status >= 400)
		return verdict(PROBE_FAILURE, ret_text,
			xasprintf("HTTP probe failed with statuscode: %ld", r->status));
	body = body_text(r);
	return verdict(PROBE_WARNING, ret_text,
		xasprintf("Probe terminated redirects, Response body: %s", body));
}

enum probe_result tcp_verdict(const struct probe_request *q, const struct reply *r, char **ret_text)
{
	cleanup_free char *at = reply_authority(q);

	*ret_text = NULL;
	if (r->end == REPLY_WHOLE)
		return PROBE_SUCCESS;
	if (r->end == REPLY_TIMEOUT)
		return verdict(PROBE_FAILURE, ret_text, xasprintf("dial tcp %s: i/o timeout", at));
	return verdict(PROBE_FAILURE, ret_text,
		xasprintf("dial tcp %s: connect: %s", at, r->trouble ? r->trouble : "EOF"));
}
