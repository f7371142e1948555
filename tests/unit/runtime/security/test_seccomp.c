/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profile is compiled by libseccomp as the runtime does, and the resulting program is run by an
 * interpreter over every call number: what is tested is what the kernel would get.
 */
#include "tests/unit/unit.h"

#include "runtime/base/fs.h"
#include "runtime/base/json.h"
#include "runtime/security/caps.h"
#include "runtime/security/seccomp.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>

/* ---- JSON to a program ---- */

static uint32_t action_of(const json_t *rule, const char *key, const char *errno_key)
{
	const char *word = json_str(rule, key);

	assert_non_null(word);
	if (streq(word, "SCMP_ACT_ALLOW"))
		return SCMP_ACT_ALLOW;
	assert_string_equal(word, "SCMP_ACT_ERRNO");
	return SCMP_ACT_ERRNO((uint32_t)json_int(rule, errno_key, EPERM));
}

static enum scmp_compare op_of(const char *word)
{
	if (streq(word, "SCMP_CMP_EQ"))
		return SCMP_CMP_EQ;
	if (streq(word, "SCMP_CMP_NE"))
		return SCMP_CMP_NE;
	assert_string_equal(word, "SCMP_CMP_MASKED_EQ");
	return SCMP_CMP_MASKED_EQ;
}

static void add_rule(scmp_filter_ctx ctx, const json_t *rule, int nr)
{
	json_t *args = json_list(rule, "args");
	struct scmp_arg_cmp cmp[6];
	unsigned n = 0;
	int r;

	for (; n < json_array_size(args); n++) {
		const json_t *a = json_array_get(args, n);

		cmp[n] = (struct scmp_arg_cmp){.arg = (unsigned)json_int(a, "index", 0),
			.op = op_of(json_str(a, "op")),
			.datum_a = (scmp_datum_t)json_int(a, "value", 0),
			.datum_b = (scmp_datum_t)json_int(a, "valueTwo", 0)};
	}
	r = seccomp_rule_add_array(ctx, action_of(rule, "action", "errnoRet"), nr, n, cmp);
	assert_true(r == 0 || r == -EACCES); /* the default action said once more */
}

struct program {
	struct sock_filter code[8192];
	size_t n;
};

static void compile(const json_t *profile, struct program *ret)
{
	scmp_filter_ctx ctx = seccomp_init(action_of(profile, "defaultAction", "defaultErrnoRet"));
	json_t *arches = json_list(profile, "architectures"), *rule, *name;
	size_t i, k;
	int fd = memfd_create("bpf", MFD_CLOEXEC);
	ssize_t n;

	assert_non_null(ctx);
	assert_int_equal(json_array_size(arches), 1);
	assert_string_equal(json_string_value(json_array_get(arches, 0)), "SCMP_ARCH_X86_64");
	assert_int_equal(seccomp_arch_native(), SCMP_ARCH_X86_64);
	json_array_foreach (json_list(profile, "syscalls"), i, rule)
		json_array_foreach (json_list(rule, "names"), k, name) {
			int nr = seccomp_syscall_resolve_name(json_string_value(name));

			if (nr != __NR_SCMP_ERROR)
				add_rule(ctx, rule, nr);
		}
	assert_int_equal(seccomp_export_bpf(ctx, fd), 0);
	n = pread(fd, ret->code, sizeof ret->code, 0);
	assert_true(n > 0 && (size_t)n < sizeof ret->code);
	ret->n = (size_t)n / sizeof *ret->code;
	(void)close(fd);
	seccomp_release(ctx);
}

/* ---- the interpreter: the part of classic BPF that libseccomp writes ---- */

static uint32_t run(const struct program *p, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < p->n; pc++) {
		const struct sock_filter *f = &p->code[pc];
		bool yes = false;

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(f->k + 4 <= sizeof *data);
			memcpy(&a, (const char *)data + f->k, 4);
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= f->k;
			continue;
		case BPF_RET | BPF_K:
			return f->k;
		case BPF_JMP | BPF_JA:
			pc += f->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == f->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= f->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > f->k;
			break;
		default:
			fail_msg("instruction %zu: code %x", pc, f->code);
		}
		pc += yes ? f->jt : f->jf;
	}
	fail_msg("ran off the end");
	return 0;
}

static uint32_t verdict(const struct program *p, int nr, uint64_t arg0)
{
	struct seccomp_data data = {.nr = nr, .arch = AUDIT_ARCH_X86_64, .args = {arg0}};

	return run(p, &data);
}

static int nr_of(const char *name)
{
	int nr = seccomp_syscall_resolve_name(name);

	assert_true(nr >= 0);
	return nr;
}

/* ---- the other side of the table: what is refused ---- */

#define ADMIN CAPS_BIT(CAP_SYS_ADMIN)
#define NICE CAPS_BIT(CAP_SYS_NICE)
#define TRACE CAPS_BIT(CAP_SYS_PTRACE)

static const struct {
	const char *name;
	uint64_t unless; /* a container with one of these may */
} refused[] = {
	{"_sysctl", 0},
	{"acct", CAPS_BIT(CAP_SYS_PACCT)},
	{"add_key", 0},
	{"afs_syscall", 0},
	{"bpf", ADMIN | CAPS_BIT(CAP_BPF)},
	{"chroot", CAPS_BIT(CAP_SYS_CHROOT)},
	{"clock_settime", CAPS_BIT(CAP_SYS_TIME)},
	{"create_module", 0},
	{"delete_module", CAPS_BIT(CAP_SYS_MODULE)},
	{"fanotify_init", ADMIN},
	{"finit_module", CAPS_BIT(CAP_SYS_MODULE)},
	{"fsconfig", ADMIN},
	{"fsmount", ADMIN},
	{"fsopen", ADMIN},
	{"fspick", ADMIN},
	{"get_kernel_syms", 0},
	{"get_mempolicy", NICE},
	{"getpmsg", 0},
	{"init_module", CAPS_BIT(CAP_SYS_MODULE)},
	{"io_uring_enter", 0},
	{"io_uring_register", 0},
	{"io_uring_setup", 0},
	{"ioperm", CAPS_BIT(CAP_SYS_RAWIO)},
	{"iopl", CAPS_BIT(CAP_SYS_RAWIO)},
	{"kcmp", TRACE},
	{"kexec_file_load", 0},
	{"kexec_load", 0},
	{"keyctl", 0},
	{"lookup_dcookie", ADMIN},
	{"mbind", NICE},
	{"migrate_pages", 0},
	{"mount", ADMIN},
	{"mount_setattr", ADMIN},
	{"move_mount", ADMIN},
	{"move_pages", 0},
	{"nfsservctl", 0},
	{"open_by_handle_at", CAPS_BIT(CAP_DAC_READ_SEARCH)},
	{"open_tree", ADMIN},
	{"perf_event_open", ADMIN | CAPS_BIT(CAP_PERFMON)},
	{"pidfd_getfd", TRACE},
	{"pivot_root", 0},
	{"process_madvise", TRACE},
	{"putpmsg", 0},
	{"query_module", 0},
	{"quotactl", ADMIN},
	{"quotactl_fd", ADMIN},
	{"reboot", CAPS_BIT(CAP_SYS_BOOT)},
	{"request_key", 0},
	{"security", 0},
	{"set_mempolicy", NICE},
	{"set_mempolicy_home_node", NICE},
	{"setdomainname", ADMIN},
	{"sethostname", ADMIN},
	{"setns", ADMIN},
	{"settimeofday", CAPS_BIT(CAP_SYS_TIME)},
	{"swapoff", 0},
	{"swapon", 0},
	{"sysfs", 0},
	{"syslog", ADMIN | CAPS_BIT(CAP_SYSLOG)},
	{"tuxcall", 0},
	{"umount2", ADMIN},
	{"unshare", ADMIN},
	{"uselib", 0},
	{"userfaultfd", 0},
	{"ustat", 0},
	{"vhangup", CAPS_BIT(CAP_SYS_TTY_CONFIG)},
	{"vserver", 0},
};

static bool may(const char *name, uint64_t caps)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (streq(refused[i].name, name))
			return (refused[i].unless & caps) != 0;
	return true;
}

static const char *const by_argument[] = {"clone", "clone3", "personality", "socket"};

static void every_number(void **state)
{
	const uint64_t sets[] = {caps_default(), 0, caps_all(), ADMIN, NICE, TRACE,
		CAPS_BIT(CAP_BPF), CAPS_BIT(CAP_PERFMON), CAPS_BIT(CAP_SYSLOG),
		CAPS_BIT(CAP_SYS_TIME), CAPS_BIT(CAP_SYS_MODULE), CAPS_BIT(CAP_SYS_RAWIO)};
	static struct program p;

	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(sets); s++) {
		cleanup_json json_t *profile = seccomp_default(sets[s]);
		int known = 0;

		compile(profile, &p);
		for (int nr = 0; nr < 1024; nr++) {
			char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, nr);
			bool special = false;
			uint32_t want = SECCOMP_RET_ERRNO | EPERM;

			for (size_t i = 0; name && i < ARRAY_SIZE(by_argument); i++)
				special |= streq(by_argument[i], name);
			if (name && may(name, sets[s]))
				want = SECCOMP_RET_ALLOW;
			known += name != NULL;
			if (!special && verdict(&p, nr, 0) != want)
				fail_msg("set %zu: %d %s: %x, not %x", s, nr, name ? name : "?",
					verdict(&p, nr, 0), want);
			free(name);
		}
		/* Enough of the kernel's calls were really looked at. */
		assert_true(known > 350);
	}
}

static void arguments(void **state)
{
	const uint32_t yes = SECCOMP_RET_ALLOW, no = SECCOMP_RET_ERRNO | EPERM;
	const struct {
		const char *name;
		uint64_t arg0;
		uint32_t plain, admin;
	} cases[] = {
		{"clone", 0x01200011, yes, yes}, /* fork */
		{"clone", 0x003d0f00, yes, yes}, /* pthread_create */
		{"clone", 0x00020000, no, yes},	 /* each namespace */
		{"clone", 0x02000000, no, yes},
		{"clone", 0x04000000, no, yes},
		{"clone", 0x08000000, no, yes},
		{"clone", 0x10000000, no, yes},
		{"clone", 0x20000000, no, yes},
		{"clone", 0x40000000, no, yes},
		{"clone", 0x10000011, no, yes},
		{"clone", UINT64_C(0x100000011), yes,
			yes}, /* the kernel looks at the low half only */
		{"clone3", 0, SECCOMP_RET_ERRNO | ENOSYS, yes},
		{"personality", 0, yes, yes},
		{"personality", 8, yes, yes},
		{"personality", 0x20000, yes, yes},
		{"personality", 0x20008, yes, yes},
		{"personality", 0xffffffff, yes, yes},
		{"personality", 0x40000, no, no}, /* ADDR_NO_RANDOMIZE */
		{"personality", 1, no, no},
		{"personality", UINT64_C(0xffffffffffffffff), no, no},
		{"socket", 1, yes, yes},
		{"socket", 2, yes, yes},
		{"socket", 16, yes, yes},
		{"socket", 40, no, no},
	};
	static struct program plain, admin;
	cleanup_json json_t *a = seccomp_default(caps_default());
	cleanup_json json_t *b = seccomp_default(ADMIN);

	(void)state;
	compile(a, &plain);
	compile(b, &admin);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int nr = nr_of(cases[i].name);

		assert_int_equal(verdict(&plain, nr, cases[i].arg0), cases[i].plain);
		assert_int_equal(verdict(&admin, nr, cases[i].arg0), cases[i].admin);
	}
}

/* 32-bit and x32 calls end the process, whatever their number. */
static void foreign_architectures(void **state)
{
	static struct program p;
	cleanup_json json_t *profile = seccomp_default(caps_all());

	(void)state;
	compile(profile, &p);
	for (int nr = 0; nr < 512; nr++) {
		struct seccomp_data i386 = {.nr = nr, .arch = AUDIT_ARCH_I386};
		struct seccomp_data x32 = {.nr = nr | 0x40000000, .arch = AUDIT_ARCH_X86_64};
		struct seccomp_data arm = {.nr = nr, .arch = AUDIT_ARCH_AARCH64};

		assert_int_equal(run(&p, &i386), SECCOMP_RET_KILL_THREAD);
		assert_int_equal(run(&p, &x32), SECCOMP_RET_KILL_THREAD);
		assert_int_equal(run(&p, &arm), SECCOMP_RET_KILL_THREAD);
	}
}

/* What makes it cheap: see tests/bench/seccomp. */
static void small(void **state)
{
	static struct program p;
	cleanup_json json_t *profile = seccomp_default(caps_default());

	(void)state;
	compile(profile, &p);
	assert_true(p.n < 400);
	assert_true(json_array_size(json_list(profile, "syscalls")) <= 9);
}

/* ---- profiles of the administrator ---- */

#define OK_RULE "{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\""

static void localhost(void **state)
{
	static const struct {
		const char *text;
		int r;
		const char *says;
	} cases[] = {
		{"{\"defaultAction\":\"SCMP_ACT_ERRNO\"}", 0, ""},
		{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"architectures\":["
		 "\"SCMP_ARCH_X86_64\"],\"syscalls\":[" OK_RULE
		 ",\"args\":[{\"index\":0,\"value\":1,\"valueTwo\":2,\"op\":\"SCMP_CMP_EQ\"}]}]}",
			0, ""},
		{"", -EBADMSG, ""},
		{"{", -EBADMSG, ""},
		{"[]", -EINVAL, "object"},
		{"{}", -EINVAL, "defaultAction: missing"},
		{"{\"defaultAction\":\"ALLOW\"}", -EINVAL, "profile.defaultAction"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscals\":[]}", -EINVAL, "syscals"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[]}", -EINVAL, "Docker"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/x\"}", -EINVAL,
			"listenerPath"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"x86\"]}", -EINVAL,
			"architectures[0]"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":{}}", -EINVAL, "list"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[7]}", -EINVAL, "syscalls[0]"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[],\"action\":"
		 "\"SCMP_ACT_LOG\"}]}",
			-EINVAL, "names"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[" OK_RULE
		 ",\"args\":[{\"index\":0,\"value\":-1,\"op\":\"SCMP_CMP_EQ\"}]}]}",
			-EINVAL, "args[0].value"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[" OK_RULE
		 ",\"args\":[{\"index\":0,\"value\":1,\"op\":\"EQ\"}]}]}",
			-EINVAL, "args[0].op"},
		{"{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}", -EINVAL, "defaultAction"},
	};
	char path[] = "/tmp/berth-seccomp-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *j = NULL;
		struct err e = {0};

		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(
			pwrite(fd, cases[i].text, strlen(cases[i].text), 0), strlen(cases[i].text));
		assert_int_equal(seccomp_localhost(path, &j, &e), cases[i].r);
		assert_int_equal(j != NULL, cases[i].r == 0);
		assert_non_null(strstr(e.msg, cases[i].says));
		json_drop(j);
	}
	assert_int_equal(ftruncate(fd, SECCOMP_PROFILE_BYTES_MAX + 1), 0);
	assert_int_equal(seccomp_localhost(path, NULL, NULL), -EFBIG);
	(void)close(fd);
	(void)unlink(path);
	assert_int_equal(seccomp_localhost(path, NULL, NULL), -ENOENT);
	assert_int_equal(seccomp_localhost("", NULL, NULL), -EINVAL);
	assert_int_equal(seccomp_localhost(NULL, NULL, NULL), -EINVAL);
	assert_int_equal(seccomp_localhost("profile.json", NULL, NULL), -EINVAL);
	assert_int_equal(seccomp_localhost("/tmp", NULL, NULL), -EINVAL);
	assert_int_equal(seccomp_localhost("/dev/null", NULL, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number),
		cmocka_unit_test(arguments),
		cmocka_unit_test(foreign_architectures),
		cmocka_unit_test(small),
		cmocka_unit_test(localhost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
