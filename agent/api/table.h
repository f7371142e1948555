/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table output: what `kubectl get` prints is computed here. Source: Kubernetes docs, "Receiving
 * resources as Tables"; the columns are those of pkg/printers/internalversion.
 */
#ifndef AGENT_API_TABLE_H
#define AGENT_API_TABLE_H

#include "agent/spec/spec.h"

/* What goes with each row: the parameter includeObject. */
enum table_object { TABLE_METADATA, TABLE_OBJECT, TABLE_NONE };

struct column {
	const char *name;
	const char *type;   /* "string", "integer" */
	const char *format; /* "name" for the first, or "" */
	int priority;	    /* 0; 1 is shown with -o wide only */
	const char *doc;
	/* A new reference. @now: wall ns. */
	json_t *(*cell)(const json_t *object, uint64_t now);
};

/** "Table": does the header ask for one? */
bool table_wanted(const char *accept);
/** "None", "Metadata", "Object" or NULL. Returns: 0, or -EBADMSG. */
int table_object_of(const char *include, enum table_object *ret);

/** An empty Table. @columns: with columnDefinitions (a watch sends them once). A new reference. */
json_t *table_new(const struct kind *kind, const char *resource_version, bool columns);
/** Adds the row of @object. */
void table_add(json_t *table, const struct kind *kind, const json_t *object, enum table_object with,
	uint64_t now);

/** The columns of a kind. */
const struct column *columns_of(const struct kind *kind, size_t *ret_n);

enum { DURATION_SIZE = 32 };
/** "5s", "3m20s", "26h", "4d", "2y31d": as Kubernetes prints ages. Returns: @out. */
char *duration_text(uint64_t ns, char out[DURATION_SIZE]);
/** The age of a timestamp member, "<unknown>" when it is missing. */
json_t *age_cell(const char *timestamp, uint64_t now);

/* pod_columns.c */
json_t *pod_ready_cell(const json_t *pod, uint64_t now);
json_t *pod_status_cell(const json_t *pod, uint64_t now);
json_t *pod_restarts_cell(const json_t *pod, uint64_t now);

#endif
