/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default seccomp profile compiled from its table, and the reading of an administrator's own.
 *
 * Step "bundled" of a pod's life. What must hold: the result is never absent and never looser than asked;
 * it is small, because the runtime builds the filter anew at every start: one architecture, one rule for
 * all calls that need no condition.
 */
#include "runtime/security/seccomp.h"

#include "runtime/base/fs.h"
#include "runtime/base/json.h"
#include "runtime/security/caps.h"
#include "runtime/security/seccomp_table.h"

#include <fcntl.h>
#include <linux/capability.h>

#if defined(__x86_64__)
#define NATIVE "SCMP_ARCH_X86_64"
#elif defined(__aarch64__)
#define NATIVE "SCMP_ARCH_AARCH64"
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE "SCMP_ARCH_RISCV64"
#else
#error "name this architecture for seccomp, and look through seccomp_table.c for its calls"
#endif

static json_t *names_of_one(const char *name)
{
	json_t *j = json_array();

	json_push(j, json_string(name));
	return j;
}

static json_t *rule(json_t *own_names, const char *action)
{
	json_t *j = json_object();

	json_put(j, "names", own_names);
	json_put_str(j, "action", action);
	return j;
}

static json_t *unconditional(uint64_t caps)
{
	json_t *names = json_array();

	for (const char *const *n = seccomp_always; *n; n++)
		json_push(names, json_string(*n));
	for (const struct seccomp_for_caps *c = seccomp_for_caps; c->name; c++)
		if (c->caps & caps)
			json_push(names, json_string(c->name));
	return rule(names, "SCMP_ACT_ALLOW");
}

static json_t *with_argument(const struct seccomp_for_args *a)
{
	json_t *j = rule(names_of_one(a->name), "SCMP_ACT_ALLOW");
	json_t *args = json_array(), *arg = json_object();

	json_put_int(arg, "index", 0);
	json_put_int(arg, "value", (int64_t)a->value);
	json_put_int(arg, "valueTwo", (int64_t)a->value_two);
	json_put_str(arg, "op", a->op);
	json_push(args, arg);
	json_put(j, "args", args);
	return j;
}

json_t *seccomp_default(uint64_t caps)
{
	json_t *j = json_object(), *rules = json_array();

	json_put_str(j, "defaultAction", "SCMP_ACT_ERRNO");
	json_put_int(j, "defaultErrnoRet", EPERM);
	json_put(j, "architectures", names_of_one(NATIVE));
	json_push(rules, unconditional(caps));
	for (const struct seccomp_for_args *a = seccomp_for_args; a->name; a++)
		if (!(a->unless_caps & caps))
			json_push(rules, with_argument(a));
	if (!(caps & CAPS_BIT(CAP_SYS_ADMIN))) {
		/* Its flags are behind a pointer, out of a filter's sight; told ENOSYS, libc falls back. */
		json_t *r = rule(names_of_one("clone3"), "SCMP_ACT_ERRNO");

		json_put_int(r, "errnoRet", ENOSYS);
		json_push(rules, r);
	}
	json_put(j, "syscalls", rules);
	return j;
}

/* ---- an administrator's profile ---- */

static const char *const actions[] = {"SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS",
	"SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE",
	"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", NULL};
static const char *const operators[] = {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ",
	"SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL};
static const char *const architectures[] = {"SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32",
	"SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64",
	"SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32",
	"SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_S390",
	"SCMP_ARCH_S390X", "SCMP_ARCH_RISCV64", NULL};

enum member_type { MEMBER_WORD, MEMBER_NUMBER, MEMBER_WORDS, MEMBER_OBJECTS, MEMBER_ANY_WORDS };

/* A member that OCI has in an object of the profile; what is in none of these tables is refused. */
struct member {
	const char *name;
	enum member_type type;
	bool required;
	const char *const *words; /* NULL: any */
	const struct member *inner;
};

static const struct member arg_members[] = {
	{"index", MEMBER_NUMBER, true, NULL, NULL},
	{"value", MEMBER_NUMBER, true, NULL, NULL},
	{"valueTwo", MEMBER_NUMBER, false, NULL, NULL},
	{"op", MEMBER_WORD, true, operators, NULL},
	{0},
};
static const struct member rule_members[] = {
	{"names", MEMBER_ANY_WORDS, true, NULL, NULL},
	{"action", MEMBER_WORD, true, actions, NULL},
	{"errnoRet", MEMBER_NUMBER, false, NULL, NULL},
	{"args", MEMBER_OBJECTS, false, NULL, arg_members},
	{0},
};
/* Without listenerPath and flags: a listener would hand the container's calls to another process. */
static const struct member profile_members[] = {
	{"defaultAction", MEMBER_WORD, true, actions, NULL},
	{"defaultErrnoRet", MEMBER_NUMBER, false, NULL, NULL},
	{"architectures", MEMBER_WORDS, false, architectures, NULL},
	{"syscalls", MEMBER_OBJECTS, false, NULL, rule_members},
	{0},
};

static bool is_word(const json_t *j, const char *const *words)
{
	if (!json_is_string(j))
		return false;
	if (!words)
		return true;
	for (; *words; words++)
		if (streq(*words, json_string_value(j)))
			return true;
	return false;
}

static int check_object(json_t *j, const struct member *members, const char *where, struct err *e);

static int check_list(json_t *list, const struct member *m, const char *where, struct err *e)
{
	if (!json_is_array(list) || (m->type == MEMBER_ANY_WORDS && json_array_size(list) == 0))
		return err_set(e, -EINVAL, "%s.%s: a list was expected", where, m->name);
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *item = json_array_get(list, i);
		char at[128];

		(void)snprintf(at, sizeof at, "%s.%s[%zu]", where, m->name, i);
		if (m->type == MEMBER_OBJECTS) {
			int r = check_object(item, m->inner, at, e);

			if (r < 0)
				return r;
		} else if (!is_word(item, m->words)) {
			return err_set(e, -EINVAL, "%s: not a word that OCI has here", at);
		}
	}
	return 0;
}

static int check_member(json_t *j, const struct member *m, const char *where, struct err *e)
{
	if (m->type == MEMBER_NUMBER && !(json_is_integer(j) && json_integer_value(j) >= 0))
		return err_set(
			e, -EINVAL, "%s.%s: a number of 0 or more was expected", where, m->name);
	if (m->type == MEMBER_WORD && !is_word(j, m->words))
		return err_set(e, -EINVAL, "%s.%s: not a word that OCI has here", where, m->name);
	if (m->type == MEMBER_NUMBER || m->type == MEMBER_WORD)
		return 0;
	return check_list(j, m, where, e);
}

static int check_object(json_t *j, const struct member *members, const char *where, struct err *e)
{
	const char *key;
	json_t *value;

	if (!json_is_object(j))
		return err_set(e, -EINVAL, "%s: an object was expected", where);
	json_object_foreach (j, key, value) {
		const struct member *m = members;
		int r;

		while (m->name && !streq(m->name, key))
			m++;
		if (streq(key, "archMap") || streq(key, "includes") || streq(key, "excludes"))
			return err_set(e, -EINVAL,
				"%s.%s: this is Docker's form of a profile; berth takes the OCI "
				"form "
				"(linux.seccomp of a config.json)",
				where, key);
		if (!m->name)
			return err_set(
				e, -EINVAL, "%s: there is no member \"%.64s\" here", where, key);
		r = check_member(value, m, where, e);
		if (r < 0)
			return r;
	}
	for (const struct member *m = members; m->name; m++)
		if (m->required && !json_object_get(j, m->name))
			return err_set(e, -EINVAL, "%s.%s: missing", where, m->name);
	return 0;
}

static int read_profile(const char *path, char **ret, size_t *ret_n, struct err *e)
{
	struct stat st;
	int r;
	cleanup_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(e, -errno, "seccomp profile %s", path);
	if (fstat(fd, &st) < 0)
		return err_errno(e, -errno, "seccomp profile %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "seccomp profile %s: not a regular file", path);
	r = fs_read_fd(fd, SECCOMP_PROFILE_BYTES_MAX, ret, ret_n);
	if (r < 0)
		return err_errno(e, r, "seccomp profile %s", path);
	return 0;
}

int seccomp_localhost(const char *path, json_t **ret, struct err *e)
{
	cleanup_free char *text = NULL;
	cleanup_json json_t *j = NULL;
	size_t n;
	int r;

	if (!path || path[0] != '/')
		return err_set(e, -EINVAL,
			"seccomp profile \"%.64s\": an absolute path was expected",
			path ? path : "");
	r = read_profile(path, &text, &n, e);
	if (r < 0)
		return r;
	r = json_parse((struct sv){text, n}, &j, e);
	if (r < 0)
		return err_wrap(e, r, "seccomp profile %s", path);
	r = check_object(j, profile_members, "profile", e);
	if (r < 0)
		return err_wrap(e, r, "seccomp profile %s", path);
	*ret = take(j);
	return 0;
}
