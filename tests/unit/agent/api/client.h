/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server in this process on a socket of its own, and a raw HTTP client that turns the server's loop
 * while it waits. For the tests of agent/api.
 */
#ifndef TESTS_UNIT_AGENT_API_CLIENT_H
#define TESTS_UNIT_AGENT_API_CLIENT_H

#include "tests/unit/unit.h"

#include "agent/api/api.h"
#include "agent/spec/spec.h"
#include "agent/store/store.h"

struct server {
	struct scratch dir;
	sd_event *loop;
	struct store *store;
	struct api *api;
	const struct api_backend *backend; /* of a test that has one */
};

/* An answer. */
struct answer {
	unsigned code;
	char *head, *body;
	size_t n;
	json_t *json; /* of the body, or NULL */
};

void server_up(struct server *s);
void server_down(struct server *s);
void turn(struct server *s);
int dial(struct server *s);
void send_text(struct server *s, int fd, const void *text, size_t n);
bool pump(struct server *s, int fd, struct str *in);
bool pump_until(struct server *s, int fd, struct str *in, const char *text);
void answer_done(struct answer *a);
struct answer read_answer(struct server *s, int fd, struct str *in);
struct answer request(struct server *s, const char *method, const char *path, const char *headers,
	const char *body);
struct answer get(struct server *s, const char *path);
struct answer post(struct server *s, const char *path, const char *body);
char *pod_text(const char *name, const char *label);
void make_pod(struct server *s, const char *name, const char *label);

#define cleanup_answer __attribute__((cleanup(answer_done)))
#define PODS "/api/v1/namespaces/default/pods"

#endif
