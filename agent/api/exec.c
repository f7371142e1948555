/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pods/NAME/exec: the request, up to the moment when the connection becomes a WebSocket. Refusals are answered as Status
 * and end the connection, so that bytes behind a refused upgrade are never taken for a request
 * (safety T29).
 */
#include "agent/api/exec.h"
#include "agent/api/routes.h"
#include "agent/api/ws.h"

static bool flag_or(const struct request *r, const char *key, bool fallback)
{
	return target_param(&r->target, key) ? target_flag(&r->target, key) : fallback;
}

static int read_options(const struct request *r, struct exec_options *o, struct err *e)
{
	for (size_t i = 0; i < r->target.n_params; i++)
		if (streq(r->target.params[i].key, "command"))
			o->argv[o->n_argv++] = r->target.params[i].value;
	o->argv[o->n_argv] = NULL;
	if (o->n_argv == 0 || !o->argv[0][0])
		return err_set(
			e, -EBADMSG, "you must specify at least one command for the container");
	o->ns = r->ns;
	o->pod = r->name;
	o->container = target_param(&r->target, "container");
	if (o->container && !o->container[0])
		o->container = NULL;
	/* Source: PodExecOptions: stdout and stderr default to true, stdin and tty to false. */
	o->in = flag_or(r, "stdin", false);
	o->out = flag_or(r, "stdout", true);
	o->tty = flag_or(r, "tty", false);
	o->err = flag_or(r, "stderr", true) && !o->tty;
	if (!o->in && !o->out && !o->err)
		return err_set(e, -EBADMSG, "you must specify at least 1 of stdin, stdout, stderr");
	return 0;
}

static int check_upgrade(const struct request *r, struct err *e)
{
	const char *upgrade = request_header(r, "Upgrade");

	if (!upgrade || !ws_has_token(request_header(r, "Connection"), "Upgrade"))
		return err_set(e, -EBADMSG,
			"Upgrade request required: exec speaks WebSocket (v5.channel.k8s.io)");
	if (!ws_has_token(upgrade, "websocket"))
		return err_set(e, -EBADMSG,
			"exec over %.40s is not served; use a client that speaks WebSocket "
			"(kubectl "
			"1.30 and later do)",
			upgrade);
	if (!streq(request_header(r, "Sec-WebSocket-Version"), "13"))
		return err_set(e, -EBADMSG, "Sec-WebSocket-Version must be 13");
	return 0;
}

static void on_upgrade(void *data, struct MHD_Connection *http, void *request, const char *extra,
	size_t n_extra, MHD_socket sock, struct MHD_UpgradeResponseHandle *handle)
{
	struct request *r = request;

	(void)http;
	r->exec = NULL;
	peer_streams(r->peer);
	exec_session_upgrade(data, sock, handle, extra, n_extra);
}

static void reply_upgrade(
	struct request *r, struct exec_session *s, int version, const char *accept)
{
	struct MHD_Response *response = MHD_create_response_for_upgrade(on_upgrade, s);
	char protocol[32];

	(void)snprintf(protocol, sizeof protocol, "v%d.channel.k8s.io", version);
	(void)MHD_add_response_header(response, "Upgrade", "websocket");
	(void)MHD_add_response_header(response, "Sec-WebSocket-Accept", accept);
	(void)MHD_add_response_header(response, "Sec-WebSocket-Protocol", protocol);
	/* Should the client go before the upgrade, the request's end frees the session. */
	r->exec = s;
	reply_response(r, MHD_HTTP_SWITCHING_PROTOCOLS, response);
}

void exec_pod(struct request *r)
{
	const char *argv[TARGET_PARAMS_MAX + 1];
	struct exec_options o = {.argv = argv};
	struct exec_session *s = NULL;
	char accept[WS_ACCEPT_SIZE];
	struct err e = {0};
	int code = check_upgrade(r, &e);

	if (code == 0)
		code = read_options(r, &o, &e);
	if (code == 0 && ws_accept_key(request_header(r, "Sec-WebSocket-Key"), accept) < 0)
		code = err_set(&e, -EBADMSG, "Sec-WebSocket-Key must be 16 bytes in base64");
	if (code == 0) {
		o.version = ws_choose_version(request_header(r, "Sec-WebSocket-Protocol"));
		if (o.version < 0)
			code = err_set(&e, -EBADMSG,
				"unable to negotiate protocol: client supports %.100s, server "
				"accepts "
				"v5.channel.k8s.io, v4.channel.k8s.io",
				request_header(r, "Sec-WebSocket-Protocol")
					? request_header(r, "Sec-WebSocket-Protocol")
					: "none");
	}
	if (code == 0)
		code = exec_session_new(r->api, &o, &s, &e);
	if (code < 0) {
		r->refused = true;
		reply_err(r, &e);
		return;
	}
	reply_upgrade(r, s, o.version, accept);
}

/* The old way in: POST with SPDY/3.1. */
void exec_spdy(struct request *r)
{
	r->refused = true;
	reply_failure(r, 400, "BadRequest",
		"exec over SPDY is not served; use a client that speaks WebSocket (kubectl 1.30 "
		"and "
		"later do)");
}
