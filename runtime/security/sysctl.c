/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel parameters that a pod may set, as one table.
 *
 * Checked when a pod is validated and again where the value is written. What must hold: a row is
 * there only when the kernel keeps the parameter per namespace; a prefix is never enough (CVE-2022-0532
 * began with one).
 */
#include "runtime/security/sysctl.h"

#include "runtime/base/str.h"

enum { VALUE_MAX = 64, NAME_MAX_BYTES = 128 };

enum owner { OWNER_NET, OWNER_IPC };

static const struct {
	const char *name;
	enum owner owner;
} rows[] = {
	/* Kubernetes calls these safe. */
	{"kernel.shm_rmid_forced", OWNER_IPC},
	{"net.ipv4.ip_local_port_range", OWNER_NET},
	{"net.ipv4.ip_local_reserved_ports", OWNER_NET},
	{"net.ipv4.ip_unprivileged_port_start", OWNER_NET},
	{"net.ipv4.ping_group_range", OWNER_NET},
	{"net.ipv4.tcp_fin_timeout", OWNER_NET},
	{"net.ipv4.tcp_keepalive_intvl", OWNER_NET},
	{"net.ipv4.tcp_keepalive_probes", OWNER_NET},
	{"net.ipv4.tcp_keepalive_time", OWNER_NET},
	{"net.ipv4.tcp_rmem", OWNER_NET},
	{"net.ipv4.tcp_syncookies", OWNER_NET},
	{"net.ipv4.tcp_wmem", OWNER_NET},
	/* Namespaced too; a kubelet wants its administrator's word for them, berth's user is that person. */
	{"fs.mqueue.msg_default", OWNER_IPC},
	{"fs.mqueue.msg_max", OWNER_IPC},
	{"fs.mqueue.msgsize_default", OWNER_IPC},
	{"fs.mqueue.msgsize_max", OWNER_IPC},
	{"fs.mqueue.queues_max", OWNER_IPC},
	{"kernel.msgmax", OWNER_IPC},
	{"kernel.msgmnb", OWNER_IPC},
	{"kernel.msgmni", OWNER_IPC},
	{"kernel.sem", OWNER_IPC},
	{"kernel.shmall", OWNER_IPC},
	{"kernel.shmmax", OWNER_IPC},
	{"kernel.shmmni", OWNER_IPC},
	{"net.core.somaxconn", OWNER_NET},
	{"net.ipv4.ip_forward", OWNER_NET},
	{"net.ipv4.tcp_max_syn_backlog", OWNER_NET},
	{"net.ipv4.tcp_max_tw_buckets", OWNER_NET},
	{"net.ipv4.tcp_mtu_probing", OWNER_NET},
	{"net.ipv4.tcp_retries2", OWNER_NET},
	{"net.ipv4.tcp_slow_start_after_idle", OWNER_NET},
	{"net.ipv4.tcp_syn_retries", OWNER_NET},
	{"net.ipv4.tcp_synack_retries", OWNER_NET},
	{"net.ipv4.tcp_tw_reuse", OWNER_NET},
	{"net.ipv6.conf.all.disable_ipv6", OWNER_NET},
	{"net.ipv6.conf.default.disable_ipv6", OWNER_NET},
};

/* "net/ipv4/tcp_rmem" and "net.ipv4.tcp_rmem" are the same. */
static bool dotted(const char *name, char *buf, size_t size)
{
	size_t n = strlen(name);

	if (n >= size)
		return false;
	for (size_t i = 0; i <= n; i++)
		buf[i] = name[i] == '/' ? '.' : name[i];
	return true;
}

static int find(const char *name)
{
	char buf[NAME_MAX_BYTES];

	if (!dotted(name, buf, sizeof buf))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (streq(rows[i].name, buf))
			return (int)i;
	return -EINVAL;
}

static bool value_ok(const char *value)
{
	size_t n = strlen(value);

	return n > 0 && n <= VALUE_MAX &&
	       strspn(value,
		       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._-") == n;
}

int sysctl_check(const char *name, const char *value, bool host_net, bool host_ipc, struct err *e)
{
	int i = find(name);

	if (i < 0) {
		const char *words[ARRAY_SIZE(rows)];
		const char *near;

		for (size_t k = 0; k < ARRAY_SIZE(rows); k++)
			words[k] = rows[k].name;
		near = nearest_word(name, words, ARRAY_SIZE(rows));
		return err_set(e, -EINVAL,
			"sysctl \"%.80s\" may not be set by a pod: it is not one that belongs to "
			"the "
			"pod's own network or IPC namespace%s%s%s",
			name, near ? " (did you mean \"" : "", near ? near : "",
			near ? "\"?)" : "");
	}
	if (rows[i].owner == OWNER_NET ? host_net : host_ipc)
		return err_set(e, -EPERM,
			"sysctl \"%s\" may not be set with %s: it would change the host",
			rows[i].name, rows[i].owner == OWNER_NET ? "hostNetwork" : "hostIPC");
	if (!value_ok(value))
		return err_set(e, -EINVAL,
			"sysctl \"%s\": the value must be 1 to %d of letters, digits, space, '.', "
			"'_', '-'",
			rows[i].name, VALUE_MAX);
	return 0;
}
