/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs on images behind a request: a pull, or a load whose archive is the request's body.
 */
#ifndef AGENT_API_UPLOAD_H
#define AGENT_API_UPLOAD_H

#include "agent/api/request.h"

struct upload;

/**
 * Takes a part of an archive; the job is started by the first. Returns: how many bytes were taken; fewer than @n: the
 * connection is suspended until the job has room for more.
 */
size_t upload_part(struct request *r, const char *bytes, size_t n);
/** Ends the job when it still runs. NULL is a no-op. */
void upload_free(struct upload *own_u);

#endif
