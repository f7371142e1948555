/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of values in pods: images, resources, capabilities, sysctls; and what of a field that berth does not
 * honour in general it honours in one place.
 * Source: Kubernetes API reference; capabilities(7); safety R12.
 */
#include "agent/spec/check.h"
#include "agent/spec/quantity.h"

#include <ctype.h>

void check_image(struct walk *w, const json_t *value)
{
	enum { IMAGE_MAX = 1024 };
	const char *image = json_string_value(value);
	if (strlen(image) > IMAGE_MAX)
		walk_too_long(w, IMAGE_MAX);
	for (const char *p = image; *p; p++)
		if (isspace((unsigned char)*p) || (unsigned char)*p < 0x20 || *p == 0x7f) {
			walk_invalid(w, value, "must not contain white space");
			return;
		}
}

static void unsupported_resource(struct walk *w, const char *name)
{
	cleanup_json json_t *value = json_string(name);
	walk_unsupported(w, value, (const char *const[]){"cpu", "memory", NULL});
}

static void check_resource(struct walk *w, const char *name, const json_t *value, bool limit)
{
	struct quantity q;
	if (quantity_of(value, &q) < 0)
		return; /* said when it was decoded */
	if (q.nano < 0)
		walk_invalid(w, value, "must be greater than or equal to 0");
	if (streq(name, "memory") && q.nano % 1000000000 != 0)
		problems_warn(w->problems,
			"%s: fractional byte value %s: did you mean \"Mi\" in place of \"m\"?",
			walk_path(w), json_string_value(value));
	if (streq(name, "cpu") || streq(name, "memory"))
		return;
	if (streq(name, "ephemeral-storage") && !limit)
		problems_warn(
			w->problems, "%s: has no effect: disk space is not reserved", walk_path(w));
	else if (streq(name, "ephemeral-storage"))
		walk_forbidden(w, "berth does not limit disk space yet; take it out");
	else if (sv_starts(sv(name), "hugepages-"))
		walk_forbidden(w, "berth does not limit huge pages");
	else if (strchr(name, '/'))
		walk_forbidden(w, "berth has no devices to give");
	else
		unsupported_resource(w, name);
}

static void check_resources(struct walk *w, const json_t *map, bool limit)
{
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)map, name, value) {
		size_t mark = walk_key(w, name);
		check_resource(w, name, value, limit);
		walk_up(w, mark);
	}
}

void check_limits(struct walk *w, const json_t *map)
{
	check_resources(w, map, true);
}

void check_requests(struct walk *w, const json_t *map)
{
	check_resources(w, map, false);
}

static const char *const capability_names[] = {"ALL", "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE",
	"BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH",
	"FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE", "LINUX_IMMUTABLE",
	"MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST",
	"NET_RAW", "PERFMON", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN",
	"SYS_BOOT", "SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO",
	"SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "WAKE_ALARM", NULL};

void check_capability(struct walk *w, const json_t *value)
{
	if (value_in(value, capability_names))
		return;
	const char *name = json_string_value(value);
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	cleanup_free char *upper = xstrdup(name);
	for (char *p = upper; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	const char *nearest =
		nearest_word(upper, capability_names, ARRAY_SIZE(capability_names) - 1);
	walk_invalid(w, value,
		"must be a capability without CAP_ in front, like \"NET_ADMIN\"%s%s%s",
		nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

/* Settings that belong to a namespace of the pod; everything else would change the host. */
static const char *const sysctl_names[] = {"kernel.shm_rmid_forced", "kernel.shmmax",
	"kernel.shmall", "kernel.shmmni", "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni",
	"kernel.sem", "fs.mqueue.msg_default", "fs.mqueue.msg_max", "fs.mqueue.msgsize_default",
	"fs.mqueue.msgsize_max", "fs.mqueue.queues_max", "net.core.somaxconn",
	"net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
	"net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range",
	"net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
	"net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies",
	"net.ipv4.tcp_wmem", NULL};

void check_sysctl_name(struct walk *w, const json_t *value)
{
	if (!value_in(value, sysctl_names)) {
		const char *nearest = nearest_word(
			json_string_value(value), sysctl_names, ARRAY_SIZE(sysctl_names) - 1);
		walk_invalid(w, value, "is not among the settings that belong to a pod alone%s%s%s",
			nearest ? "; did you mean \"" : "", nearest ? nearest : "",
			nearest ? "\"?" : "");
		return;
	}
	bool net = sv_starts(sv(json_string_value(value)), "net.");
	if (json_flag(w->pod_spec, net ? "hostNetwork" : "hostIPC", false))
		walk_invalid(w, value, "may not be set with %s: it would change the host",
			net ? "hostNetwork" : "hostIPC");
}

void check_sysctl_value(struct walk *w, const json_t *value)
{
	enum { SYSCTL_VALUE_MAX = 64 };
	const char *text = json_string_value(value);
	bool bad = strlen(text) > SYSCTL_VALUE_MAX;
	for (const char *p = text; *p; p++)
		bad |= !isalnum((unsigned char)*p) && !strchr(" ._-", *p);
	if (bad)
		walk_invalid(
			w, value, "must have 1 to 64 letters, digits, blanks, '.', '_' and '-'");
}

bool allow_size_limit(const struct walk *w, const json_t *value)
{
	(void)value;
	return streq(json_str(w->parent, "medium"), "Memory");
}

bool allow_host_port(const struct walk *w, const json_t *value)
{
	/* On the host's network a port is a port of the host anyway. */
	return json_flag(w->pod_spec, "hostNetwork", false) &&
	       json_equal(value, json_object_get(w->parent, "containerPort"));
}
