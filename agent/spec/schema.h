/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema tables: one array of fields for each API type, from which decode, default, validate, the diff of
 * updates, patches, explain, the support matrix and OpenAPI are all driven. Private to agent/spec.
 */
#ifndef AGENT_SPEC_SCHEMA_H
#define AGENT_SPEC_SCHEMA_H

#include "agent/spec/spec.h"

/* Rows name only what differs from "nothing special". */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

struct walk;

enum value_type {
	STRING,
	INT32,
	INT64,
	BOOL,
	QUANTITY, /* a string or a number, kept as the canonical string */
	INT_OR_STRING,
	TIME,	    /* RFC 3339, seconds */
	MICRO_TIME, /* RFC 3339, microseconds */
	BYTES,	    /* base64 */
	OBJECT,	    /* .of says which */
	ANY,	    /* not looked into */
	VALUE_TYPE_MAX,
};

enum field_flag {
	LIST = 1 << 0,
	MAP = 1 << 1,	   /* string to value */
	REQUIRED = 1 << 2, /* may not be missing, "", [] */
	ONE_OF = 1 << 3,   /* a member of the type's union: present even when {} */
	ZERO = 1 << 4, /* false, 0 and "" say something: a refused field is refused with them too */
	MERGE = 1
		<< 6, /* strategic merge patch of a list of scalars; lists with .key always merge */
	RETAIN = 1 << 7,    /* items are unions: patches send $retainKeys */
	IMMUTABLE = 1 << 8, /* may not change once set */
	FROZEN = 1 << 9,    /* nothing below may change, but for what is MUTABLE */
	MUTABLE = 1 << 10,
	DROPPED = 1 << 11,  /* taken out when decoding: the server's own, or obsolete */
	OBSERVED = 1 << 12, /* status: written by berth, support is not asked */
};

enum support {
	HONOURED,
	REFUSED,  /* a problem, .why says why and what to do */
	ACCEPTED, /* a warning, .why says what does not happen */
};

struct field {
	const char *name;
	enum value_type type;
	const char *doc; /* one line */
	unsigned flags;
	const struct type *of;
	const char *key;    /* merge key of a list of objects */
	const char *unique; /* member in which the items of a list differ */
	enum support support;
	const char *why;
	const char *const *accepts; /* values that are honoured all the same; ended by NULL */
	bool (*allow)(const struct walk *w,
		const json_t *value); /* the same, decided by looking around */
	const char *const *values;    /* enumeration, ended by NULL */
	const char *fallback;	      /* default: text of the value */
	void (*check)(struct walk *w, const json_t *value); /* of each value (of the whole map) */
	int64_t min,
		max; /* of numbers when max > min; of lists: how many items; of strings: bytes */
};

struct type {
	const char *name; /* "Container" */
	const char *doc;
	const struct field *fields;   /* ended by a NULL name */
	const char *one_of;	      /* what the ONE_OF members are: "a volume type" */
	bool meta;		      /* of apimachinery, not of the group (OpenAPI names) */
	void (*fill)(json_t *object); /* defaults that a fallback cannot say */
	void (*rule)(struct walk *w, const json_t *object); /* what must hold between members */
};

#define VALUES(...)                                                                                \
	.values = (const char *const[])                                                            \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}
#define ONLY(...)                                                                                  \
	.accepts = (const char *const[])                                                           \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}
#define REFUSE(text) .support = REFUSED, .why = (text)
#define WARN(text) .support = ACCEPTED, .why = (text)
#define RANGE(a, b) .min = (a), .max = (b)
#define END                                                                                        \
	{                                                                                          \
		.name = NULL                                                                       \
	}

/* Limits of input: safety.md section 4. */
enum {
	CONTAINERS_MAX = 64,
	VOLUMES_MAX = 128,
	MOUNTS_MAX = 128,
	ENV_MAX = 1024,
	ENV_BYTES_MAX = 512 << 10,
	PORTS_MAX = 256,
	TOLERATIONS_MAX = 128,
	OWNERS_MAX = 64, /* and finalizers */
	META_BYTES_MAX = 256 << 10,
	SECRET_BYTES_MAX = 1 << 20,
};
#define ID_MAX INT64_C(2147483647)

const struct field *type_field(const struct type *t, const char *name);
/** The name of @t's field that @name was probably meant to be, or NULL. */
const char *type_nearest(const struct type *t, const char *name);
/** How a field's type is written for people: "[]Container", "map[string]Quantity". */
void field_type_text(const struct field *f, struct str *out);
/** Is @value "nothing" (null, false, 0, "", [], {})? */
bool value_is_empty(const json_t *value);
/** Is @value one of the words of @list (ended by NULL)? Booleans as "true", "false". */
bool value_in(const json_t *value, const char *const *list);

/* Top-level types */
extern const struct type type_pod, type_replication_controller, type_secret, type_config_map,
	type_namespace, type_node, type_event, type_scale, type_delete_options;
/* Shared between files of tables */
extern const struct type type_object_meta, type_label_selector, type_local_reference,
	type_object_reference, type_pod_spec, type_pod_status, type_pod_template, type_container,
	type_ephemeral_container, type_container_port, type_env_var, type_env_from,
	type_volume_mount, type_volume_device, type_probe, type_lifecycle, type_resources,
	type_security_context, type_pod_security_context, type_volume, type_volume_projection,
	type_field_selector, type_resource_selector, type_affinity, type_toleration,
	type_spread_constraint, type_node_selector_term, type_container_status, type_downward_file,
	type_env_source, type_host_path, type_empty_dir;

/* Rows that several types have */
#define TYPE_META                                                                                  \
	{"apiVersion", STRING, "Version of the API that the object is written in."},               \
	{                                                                                          \
		"kind", STRING, "Kind of the object."                                              \
	}
#define OBJECT_META                                                                                \
	{                                                                                          \
		"metadata", OBJECT, "Name, labels and what the server keeps about the object.",    \
			.of = &type_object_meta                                                    \
	}

#endif
