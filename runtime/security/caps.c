/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capability names and the arithmetic of add and drop.
 *
 * Used by the agent when a pod is compiled into a plan, and by the bundle writer. What must hold (safety
 * R8): nothing here ever fills the inheritable or the ambient set.
 */
#include "runtime/security/caps.h"

#include "runtime/base/json.h"

#include <linux/capability.h>

/* In the kernel's order: the index is the number. */
static const char *const words[] = {
	"CHOWN",
	"DAC_OVERRIDE",
	"DAC_READ_SEARCH",
	"FOWNER",
	"FSETID",
	"KILL",
	"SETGID",
	"SETUID",
	"SETPCAP",
	"LINUX_IMMUTABLE",
	"NET_BIND_SERVICE",
	"NET_BROADCAST",
	"NET_ADMIN",
	"NET_RAW",
	"IPC_LOCK",
	"IPC_OWNER",
	"SYS_MODULE",
	"SYS_RAWIO",
	"SYS_CHROOT",
	"SYS_PTRACE",
	"SYS_PACCT",
	"SYS_ADMIN",
	"SYS_BOOT",
	"SYS_NICE",
	"SYS_RESOURCE",
	"SYS_TIME",
	"SYS_TTY_CONFIG",
	"MKNOD",
	"LEASE",
	"AUDIT_WRITE",
	"AUDIT_CONTROL",
	"SETFCAP",
	"MAC_OVERRIDE",
	"MAC_ADMIN",
	"SYSLOG",
	"WAKE_ALARM",
	"BLOCK_SUSPEND",
	"AUDIT_READ",
	"PERFMON",
	"BPF",
	"CHECKPOINT_RESTORE",
};

enum { CAP_COUNT = ARRAY_SIZE(words) };

/* "CAP_" of the longest word, with NUL. */
enum { NAME_BYTES = 32 };

uint64_t caps_default(void)
{
	return CAPS_BIT(CAP_CHOWN) | CAPS_BIT(CAP_DAC_OVERRIDE) | CAPS_BIT(CAP_FSETID) |
	       CAPS_BIT(CAP_FOWNER) | CAPS_BIT(CAP_MKNOD) | CAPS_BIT(CAP_SETGID) |
	       CAPS_BIT(CAP_SETUID) | CAPS_BIT(CAP_SETFCAP) | CAPS_BIT(CAP_SETPCAP) |
	       CAPS_BIT(CAP_NET_BIND_SERVICE) | CAPS_BIT(CAP_SYS_CHROOT) | CAPS_BIT(CAP_KILL) |
	       CAPS_BIT(CAP_AUDIT_WRITE);
}

uint64_t caps_all(void)
{
	return CAPS_BIT(CAP_COUNT) - 1;
}

static const char *without_prefix(const char *name)
{
	return strncmp(name, "CAP_", 4) == 0 ? name + 4 : name;
}

int caps_find(const char *name)
{
	name = without_prefix(name);
	for (int i = 0; i < CAP_COUNT; i++)
		if (streq(words[i], name))
			return i;
	return -EINVAL;
}

const char *caps_name(int cap)
{
	/* Made once of the words: two tables of names could disagree. */
	static char names[CAP_COUNT][NAME_BYTES];

	if (cap < 0 || cap >= CAP_COUNT)
		return NULL;
	if (names[cap][0] == '\0')
		(void)snprintf(names[cap], NAME_BYTES, "CAP_%s", words[cap]);
	return names[cap];
}

/* The set that @names name; *@ret_all when "ALL" is among them. */
static int read_names(const char *const *names, size_t n, const char *verb, uint64_t *ret,
	bool *ret_all, struct err *e)
{
	uint64_t set = 0;

	*ret_all = false;
	for (size_t i = 0; i < n; i++) {
		const char *near;
		int cap;

		if (streq(without_prefix(names[i]), "ALL")) {
			*ret_all = true;
			continue;
		}
		cap = caps_find(names[i]);
		if (cap >= 0) {
			set |= CAPS_BIT(cap);
			continue;
		}
		near = nearest_word(without_prefix(names[i]), words, CAP_COUNT);
		return err_set(e, -EINVAL, "capabilities.%s: \"%.64s\" is no capability%s%s%s",
			verb, names[i], near ? " (did you mean \"" : "", near ? near : "",
			near ? "\"?)" : "");
	}
	*ret = set;
	return 0;
}

int caps_resolve(const struct caps_request *q, uint64_t *ret, struct err *e)
{
	uint64_t add = 0, drop = 0, set, refused;
	bool add_all, drop_all;
	int r;

	/* Read first, so that a misspelt word is told even where it would not count. */
	r = read_names(q->add, q->n_add, "add", &add, &add_all, e);
	if (r == 0)
		r = read_names(q->drop, q->n_drop, "drop", &drop, &drop_all, e);
	if (r < 0)
		return r;
	if (q->privileged) {
		*ret = caps_all() & q->available;
		return 0;
	}
	refused = add & ~drop & ~q->available;
	if (refused)
		return err_set(e, -EPERM,
			"capabilities.add: this host cannot give %s: the agent itself runs without "
			"it",
			words[__builtin_ctzll(refused)]);
	set = drop_all ? 0 : caps_default();
	if (add_all)
		set = caps_all();
	*ret = (set | add) & ~drop & q->available;
	return 0;
}

int caps_of_host(uint64_t *ret)
{
	cleanup_fclose FILE *f = fopen("/proc/self/status", "re");
	char line[256];

	if (!f)
		return -errno;
	while (fgets(line, sizeof line, f)) {
		unsigned long long set;

		if (sscanf(line, "CapBnd: %llx", &set) == 1) {
			*ret = set & caps_all();
			return 0;
		}
	}
	return -ENODATA;
}

json_t *caps_json(uint64_t set)
{
	static const char *const filled[] = {"bounding", "effective", "permitted"};
	static const char *const empty[] = {"inheritable", "ambient"};
	json_t *j = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(filled); i++) {
		json_t *list = json_array();

		for (int c = 0; c < CAP_COUNT; c++)
			if (set & CAPS_BIT(c))
				json_push(list, json_string(caps_name(c)));
		json_put(j, filled[i], list);
	}
	for (size_t i = 0; i < ARRAY_SIZE(empty); i++)
		json_put(j, empty[i], json_array());
	return j;
}
