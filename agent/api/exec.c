/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pods/NAME/exec, attach and portforward: the request, up to the moment when the connection becomes a WebSocket. Refusals
 * are answered as Status and end the connection, so that bytes behind a refused upgrade are never taken for a request
 * (safety T29).
 */
#include "agent/api/exec.h"
#include "agent/api/forward.h"
#include "agent/api/routes.h"

static bool flag_or(const struct request *r, const char *key, bool fallback)
{
	return target_param(&r->target, key) ? target_flag(&r->target, key) : fallback;
}

/* ---- what is asked for ------------------------------------------------------------------------- */

static int read_options(const struct request *r, struct exec_options *o, struct err *e)
{
	for (size_t i = 0; i < r->target.n_params; i++)
		if (!o->attach && streq(r->target.params[i].key, "command"))
			o->argv[o->n_argv++] = r->target.params[i].value;
	o->argv[o->n_argv] = NULL;
	if (!o->attach && (o->n_argv == 0 || !o->argv[0][0]))
		return err_set(
			e, -EBADMSG, "you must specify at least one command for the container");
	o->ns = r->ns;
	o->pod = r->name;
	o->container = target_param(&r->target, "container");
	if (o->container && !o->container[0])
		o->container = NULL;
	/* Source: PodExecOptions, PodAttachOptions: stdout and stderr default to true, stdin and tty to false. */
	o->in = flag_or(r, "stdin", false);
	o->out = flag_or(r, "stdout", true);
	o->tty = flag_or(r, "tty", false);
	o->err = flag_or(r, "stderr", true) && !o->tty;
	if (!o->in && !o->out && !o->err)
		return err_set(e, -EBADMSG, "you must specify at least 1 of stdin, stdout, stderr");
	return 0;
}

static int add_ports(struct forward_options *o, const char *list, struct err *e)
{
	struct sv left = sv(list);

	while (left.n > 0) {
		struct sv item = sv_trim(sv_cut(&left, ','));
		uint32_t port;

		if (parse_u32_max(item, UINT16_MAX, &port) < 0 || port == 0)
			return err_set(e, -EBADMSG,
				"ports: \"%.*s\" is not a port number (1 to 65535)",
				(int)(item.n < 40 ? item.n : 40), item.p);
		if (o->n_ports == FORWARD_PORTS_MAX)
			return err_set(
				e, -EBADMSG, "ports: at most %d in one request", FORWARD_PORTS_MAX);
		o->ports[o->n_ports++] = (uint16_t)port;
	}
	return 0;
}

static int read_ports(const struct request *r, struct forward_options *o, struct err *e)
{
	int code = 0;

	o->ns = r->ns;
	o->pod = r->name;
	for (size_t i = 0; code == 0 && i < r->target.n_params; i++)
		if (streq(r->target.params[i].key, "ports"))
			code = add_ports(o, r->target.params[i].value, e);
	if (code == 0 && o->n_ports == 0)
		return err_set(e, -EBADMSG, "you must specify at least 1 port (?ports=80)");
	return code;
}

/* ---- the upgrade ------------------------------------------------------------------------------- */

/* @what: "exec"; @instead: who does what this client cannot. */
static int check_upgrade(
	const struct request *r, const char *what, const char *instead, struct err *e)
{
	const char *upgrade = request_header(r, "Upgrade");

	if (!upgrade || !ws_has_token(request_header(r, "Connection"), "Upgrade"))
		return err_set(e, -EBADMSG,
			"Upgrade request required: %s speaks WebSocket (v5.channel.k8s.io)", what);
	if (!ws_has_token(upgrade, "websocket"))
		return err_set(
			e, -EBADMSG, "%s over %.40s is not served; %s", what, upgrade, instead);
	if (!streq(request_header(r, "Sec-WebSocket-Version"), "13"))
		return err_set(e, -EBADMSG, "Sec-WebSocket-Version must be 13");
	return 0;
}

/*
 * What is wrong with the request itself goes before what is wrong with its protocol: a client that was refused over
 * WebSocket asks again by SPDY, and shows this answer only (client-go tools/remotecommand/fallback.go).
 */
static void say_the_reason(
	const struct request *r, const struct control_exec_request *q, struct err *e)
{
	const struct api_backend *backend = r->api->o.backend;
	struct err why = {0};

	if (backend && backend->exec_check(r->api->o.control, q, &why) < 0)
		*e = why;
}

/* The protocol's version, or -errno. */
static int negotiate(
	const struct request *r, const char *instead, char accept[WS_ACCEPT_SIZE], struct err *e)
{
	const char *wanted = request_header(r, "Sec-WebSocket-Protocol");
	int version = ws_choose_version(wanted);

	if (ws_accept_key(request_header(r, "Sec-WebSocket-Key"), accept) < 0)
		return err_set(e, -EBADMSG, "Sec-WebSocket-Key must be 16 bytes in base64");
	if (version < 0)
		return err_set(e, -EBADMSG,
			"unable to negotiate protocol: client supports %.100s, server accepts "
			"v5.channel.k8s.io, v4.channel.k8s.io; %s",
			wanted ? wanted : "none", instead);
	return version;
}

static void on_upgrade(void *data, struct MHD_Connection *http, void *request, const char *extra,
	size_t n_extra, MHD_socket sock, struct MHD_UpgradeResponseHandle *handle)
{
	struct request *r = request;

	(void)http;
	r->remote = NULL;
	peer_streams(r->peer);
	remote_upgrade(data, sock, handle, extra, n_extra);
}

static void reply_upgrade(
	struct request *r, struct remote *own_remote, int version, const char *accept)
{
	struct MHD_Response *response = MHD_create_response_for_upgrade(on_upgrade, own_remote);
	char protocol[32];

	(void)snprintf(protocol, sizeof protocol, "v%d.channel.k8s.io", version);
	(void)MHD_add_response_header(response, "Upgrade", "websocket");
	(void)MHD_add_response_header(response, "Sec-WebSocket-Accept", accept);
	(void)MHD_add_response_header(response, "Sec-WebSocket-Protocol", protocol);
	/* Should the client go before the upgrade, the request's end frees it. */
	r->remote = own_remote;
	reply_response(r, MHD_HTTP_SWITCHING_PROTOCOLS, response);
}

static void refuse(struct request *r, const struct err *e)
{
	r->refused = true;
	reply_err(r, e);
}

/* ---- handlers ---------------------------------------------------------------------------------- */

static void stream_pod(struct request *r, const char *what, bool attach)
{
	static const char instead[] =
		"use a client that speaks WebSocket (berth; kubectl 1.30 and later)";
	const char *argv[TARGET_PARAMS_MAX + 1];
	struct exec_options o = {.argv = argv, .attach = attach};
	struct remote *remote = NULL;
	char accept[WS_ACCEPT_SIZE];
	struct err e = {0};
	int code = check_upgrade(r, what, instead, &e);

	if (code == 0)
		code = read_options(r, &o, &e);
	else if (read_options(r, &o, NULL) == 0)
		say_the_reason(r,
			&(const struct control_exec_request){
				.kind = attach ? CONTROL_ATTACH : CONTROL_EXEC,
				.ns = o.ns,
				.pod = o.pod,
				.container = o.container,
				.in = o.in},
			&e);
	if (code == 0)
		code = o.version = negotiate(r, instead, accept, &e);
	if (code >= 0)
		code = exec_session_new(r->api, &o, &remote, &e);
	if (code < 0)
		refuse(r, &e);
	else
		reply_upgrade(r, remote, o.version, accept);
}

void exec_pod(struct request *r)
{
	stream_pod(r, "exec", false);
}

void attach_pod(struct request *r)
{
	stream_pod(r, "attach", true);
}

void forward_pod(struct request *r)
{
	static const char instead[] = "use `berth port-forward`";
	struct forward_options o = {0};
	struct remote *remote = NULL;
	char accept[WS_ACCEPT_SIZE];
	struct err e = {0};
	int code = check_upgrade(r, "port-forward", instead, &e);

	/* First: kubectl asks without ports, they come with its SPDY streams. */
	if (code == 0)
		code = o.version = negotiate(r, instead, accept, &e);
	if (code < 0)
		say_the_reason(r,
			&(const struct control_exec_request){
				.kind = CONTROL_DIAL, .ns = r->ns, .pod = r->name},
			&e);
	if (code >= 0)
		code = read_ports(r, &o, &e);
	if (code >= 0)
		code = forward_new(r->api, &o, &remote, &e);
	if (code < 0)
		refuse(r, &e);
	else
		reply_upgrade(r, remote, o.version, accept);
}
