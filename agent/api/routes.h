/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The routes, as a table, and the match of a target against it. Pure.
 */
#ifndef AGENT_API_ROUTES_H
#define AGENT_API_ROUTES_H

#include "agent/api/request.h"

enum route_flags {
	ROUTE_BODY = 1 << 0,	   /* takes a body of at most BODY_BYTES_MAX */
	ROUTE_BODY_FILE = 1 << 1,  /* takes a body of any size, into a file, with ?load */
	ROUTE_LONG_LINE = 1 << 2,  /* request line up to TARGET_BYTES_EXEC */
	ROUTE_KIND = 1 << 3,	   /* {resource} must be served at this group and version */
	ROUTE_CLUSTER = 1 << 4,	   /* … and be cluster-scoped */
	ROUTE_NAMESPACED = 1 << 5, /* … and be namespaced */
	ROUTE_STATUS = 1 << 6,	   /* … and have a status */
	ROUTE_SCALE = 1 << 7,	   /* … and a scale */
	ROUTE_POD = 1 << 8,	   /* … and be pods */
};

struct route {
	enum method method;
	/* Segments, "{name}" takes one, "{rest}" all that are left. A leading '*' stands for /api/v1 or
	 * /apis/{group}/{version}. */
	const char *pattern;
	void (*handler)(struct request *r);
	unsigned flags;
};

extern const struct route routes[];
extern const size_t n_routes;

/** "GET" … Returns: 0, or -EOPNOTSUPP. */
int method_of(const char *name, enum method *ret);
const char *method_name(enum method method);

/**
 * Finds the route of r->method and r->target; sets route, group … kind.
 * Returns: 0; -ENOENT: no such path (or kind); -EOPNOTSUPP: another method (allowed ones as bits in *ret_methods).
 */
int route_match(struct request *r, unsigned *ret_methods);

/* The handlers, by file. */
void get_api_versions(struct request *r); /* discovery.c */
void get_groups(struct request *r);
void get_group(struct request *r);
void get_resources(struct request *r);
void get_version(struct request *r);
void get_openapi_index(struct request *r);
void get_openapi(struct request *r);
void get_healthz(struct request *r); /* health.c */
void get_readyz(struct request *r);
void get_metrics(struct request *r);
void get_list(struct request *r); /* read.c */
void get_object(struct request *r);
void create_object(struct request *r); /* write.c */
void replace_object(struct request *r);
void patch_object(struct request *r);
void replace_status(struct request *r);
void patch_status(struct request *r);
void delete_object(struct request *r); /* delete.c */
void delete_objects(struct request *r);
void evict_pod(struct request *r);
void get_scale(struct request *r); /* scale.c */
void replace_scale(struct request *r);
void patch_scale(struct request *r);
void get_log(struct request *r);  /* logs.c */
void exec_pod(struct request *r); /* exec.c */
void attach_pod(struct request *r);
void forward_pod(struct request *r);
void retry_pod(struct request *r);  /* retry.c */
void get_deaths(struct request *r); /* deaths.c */
void get_images(struct request *r); /* images.c */
void post_image(struct request *r);
void delete_image(struct request *r);
void get_check(struct request *r);

#endif
