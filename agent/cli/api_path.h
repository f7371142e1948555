/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of objects in the API: /api/v1/namespaces/NS/pods/NAME?key=value, escaped.
 */
#ifndef AGENT_CLI_API_PATH_H
#define AGENT_CLI_API_PATH_H

#include "agent/spec/spec.h"

/**
 * Starts a path in @out (which is emptied first).
 * @ns: NULL: over all namespaces; ignored for kinds without one.  @name, @sub ("log"): NULL: none.
 */
void path_start(
	struct str *out, const struct kind *k, const char *ns, const char *name, const char *sub);
/** Adds "?key=value" or "&key=value"; a NULL value adds nothing. */
void query_add(struct str *out, const char *key, const char *value);
void query_add_int(struct str *out, const char *key, int64_t value);
/** Adds @text with everything escaped that has a meaning in a URL. */
void url_escape(struct str *out, const char *text);

#endif
