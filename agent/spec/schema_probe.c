/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of probes and lifecycle hooks.
 * Source: Kubernetes API reference 1.35, "Probe" and "Lifecycle".
 */
#include "agent/spec/check.h"
#include "agent/spec/rules.h"
#include "agent/spec/schema.h"

static const struct field exec_action[] = {
	{"command", STRING, "Program and arguments, run in the container without a shell.",
		.flags = LIST | REQUIRED},
	END,
};
static const struct type type_exec_action = {"ExecAction", "Runs a command.", exec_action};
static const struct field http_header[] = {
	{"name", STRING, "Name of the header.", .flags = REQUIRED, .check = check_header_name},
	{"value", STRING, "Its value.", .check = check_header_value},
	END,
};
static const struct type type_http_header = {"HTTPHeader", "A header to send.", http_header};
static const struct field http_get[] = {
	{"path", STRING, "Path to ask for.", .fallback = "/"},
	{"port", INT_OR_STRING, "Number or name of the port.", .flags = REQUIRED, RANGE(1, 65535),
		.check = check_port},
	{"host", STRING, "Host to connect to; the pod's address when missing. Not for probes."},
	{"scheme", STRING, "HTTP or HTTPS.", VALUES("HTTP", "HTTPS"), .fallback = "HTTP"},
	{"httpHeaders", OBJECT, "Headers to send.", .flags = LIST, .of = &type_http_header},
	END,
};
static const struct type type_http_get = {"HTTPGetAction", "Asks for a page.", http_get};
static const struct field tcp_socket[] = {
	{"port", INT_OR_STRING, "Number or name of the port.", .flags = REQUIRED, RANGE(1, 65535),
		.check = check_port},
	{"host", STRING, "Host to connect to; the pod's address when missing. Not for probes."},
	END,
};
static const struct type type_tcp_socket = {"TCPSocketAction", "Opens a connection.", tcp_socket};
static const struct field grpc[] = {
	{"port", INT32, "Port of the service.", .flags = REQUIRED, RANGE(1, 65535)},
	{"service", STRING, "Service to ask about.", .fallback = ""},
	END,
};
static const struct type type_grpc = {"GRPCAction", "Asks a gRPC health service.", grpc};

static const struct field probe[] = {
	{"exec", OBJECT, "Runs a command; 0 is success.", .flags = ONE_OF, .of = &type_exec_action},
	{"httpGet", OBJECT, "Asks for a page; 200 to 399 is success.", .flags = ONE_OF,
		.of = &type_http_get},
	{"tcpSocket", OBJECT, "Opens a connection.", .flags = ONE_OF, .of = &type_tcp_socket},
	{"grpc", OBJECT, "Asks a gRPC health service.", .flags = ONE_OF, .of = &type_grpc},
	{"initialDelaySeconds", INT32, "Seconds before the first.", RANGE(0, INT32_MAX)},
	{"timeoutSeconds", INT32, "Seconds for an answer.", RANGE(1, INT32_MAX), .fallback = "1"},
	{"periodSeconds", INT32, "Seconds from one to the next.", RANGE(1, INT32_MAX),
		.fallback = "10"},
	{"successThreshold", INT32, "Successes in a row to count.", RANGE(1, INT32_MAX),
		.fallback = "1"},
	{"failureThreshold", INT32, "Failures in a row to count.", RANGE(1, INT32_MAX),
		.fallback = "3"},
	{"terminationGracePeriodSeconds", INT64, "Seconds of grace after its failure.",
		RANGE(1, INT32_MAX)},
	END,
};
const struct type type_probe = {"Probe", "A question asked of the container again and again.",
	probe, .one_of = "a handler type"};

static const struct field sleep_action[] = {
	{"seconds", INT64, "How long.", .flags = REQUIRED, RANGE(0, INT32_MAX)},
	END,
};
static const struct type type_sleep = {"SleepAction", "Waits.", sleep_action};
static const struct field handler[] = {
	{"exec", OBJECT, "Runs a command in the container.", .flags = ONE_OF,
		.of = &type_exec_action},
	{"httpGet", OBJECT, "Asks for a page.", .flags = ONE_OF, .of = &type_http_get},
	{"sleep", OBJECT, "Waits.", .flags = ONE_OF, .of = &type_sleep},
	{"tcpSocket", OBJECT, "Opens a connection (obsolete: a kubelet fails such a hook).",
		.flags = ONE_OF, .of = &type_tcp_socket},
	END,
};
static const struct type type_handler = {"LifecycleHandler",
	"What to do at a turn of the container's life.", handler, .one_of = "a handler type"};
static const struct field lifecycle[] = {
	{"postStart", OBJECT, "Done right after its start.", .of = &type_handler},
	{"preStop", OBJECT, "Done before it is asked to stop.", .of = &type_handler},
	/* Of the names that Kubernetes lists, those that can sensibly ask a process to stop. */
	{"stopSignal", STRING, "Signal that asks it to stop, instead of the image's.",
		VALUES("SIGABRT", "SIGALRM", "SIGCONT", "SIGHUP", "SIGINT", "SIGIO", "SIGKILL",
			"SIGPIPE", "SIGPWR", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2",
			"SIGWINCH")},
	END,
};
const struct type type_lifecycle = {
	"Lifecycle", "Hooks of a container.", lifecycle, .rule = rule_lifecycle};
