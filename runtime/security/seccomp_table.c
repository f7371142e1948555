/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default seccomp profile: which calls are allowed, to whom, with which arguments.
 *
 * Names of the native 64-bit ABIs only; the runtime passes over those that its libseccomp does not know, and they
 * are refused then. What must hold: nothing is allowed here that the default profile of Docker and
 * containerd refuses; test_seccomp.c holds the other side of this table, the calls that are refused.
 */
#include "runtime/security/seccomp_table.h"

#include "runtime/security/caps.h"

#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/vm_sockets.h>
#include <sys/personality.h>
#include <sys/socket.h>

/* clang-format off */
const char *const seccomp_always[] = {
	/* files */
	"access", "cachestat", "chdir", "chmod", "chown", "close", "close_range", "copy_file_range",
	"creat", "dup", "dup2", "dup3", "faccessat", "faccessat2", "fadvise64", "fallocate",
	"fanotify_mark", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchownat", "fcntl",
	"fdatasync", "fgetxattr", "flistxattr", "flock", "fremovexattr", "fsetxattr", "fstat",
	"fstatfs", "fsync", "ftruncate", "futimesat", "getcwd", "getdents", "getdents64", "getxattr",
	"getxattrat", "inotify_add_watch", "inotify_init", "inotify_init1", "inotify_rm_watch",
	"ioctl", "lchown", "lgetxattr", "link", "linkat", "listmount", "listxattr", "listxattrat",
	"llistxattr", "lremovexattr", "lseek", "lsetxattr", "lstat", "mkdir", "mkdirat", "mknod",
	"mknodat", "name_to_handle_at", "newfstatat", "open", "openat", "openat2", "pread64",
	"preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read", "readahead", "readlink",
	"readlinkat", "readv", "removexattr", "removexattrat", "rename", "renameat", "renameat2",
	"rmdir", "sendfile", "setxattr", "setxattrat", "splice", "stat", "statfs", "statmount",
	"statx", "symlink", "symlinkat", "sync", "sync_file_range", "syncfs", "tee", "truncate",
	"umask", "unlink", "unlinkat", "utime", "utimensat", "utimes", "vmsplice", "write", "writev",
	/* asynchronous input and output, the old kind */
	"io_cancel", "io_destroy", "io_getevents", "io_pgetevents", "io_setup", "io_submit",
	"ioprio_get", "ioprio_set",
	/* waiting */
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait", "epoll_pwait2",
	"epoll_wait", "epoll_wait_old", "eventfd", "eventfd2", "pause", "poll", "ppoll", "pselect6",
	"select", "signalfd", "signalfd4", "timerfd_create", "timerfd_gettime", "timerfd_settime",
	/* memory */
	"brk", "madvise", "map_shadow_stack", "membarrier", "memfd_create", "memfd_secret", "mincore",
	"mlock", "mlock2", "mlockall", "mmap", "mprotect", "mremap", "mseal", "msync", "munlock",
	"munlockall", "munmap", "pkey_alloc", "pkey_free", "pkey_mprotect", "remap_file_pages",
	/* processes and threads */
	"arch_prctl", "execve", "execveat", "exit", "exit_group", "fork", "futex", "futex_requeue",
	"futex_wait", "futex_waitv", "futex_wake", "get_robust_list", "get_thread_area", "getcpu",
	"getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getrlimit", "getrusage", "getsid",
	"gettid", "modify_ldt", "pidfd_open", "pidfd_send_signal", "prctl", "prlimit64",
	"process_mrelease", "process_vm_readv", "process_vm_writev", "ptrace", "restart_syscall",
	"riscv_flush_icache", "riscv_hwprobe", "rseq", "sched_get_priority_max",
	"sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam",
	"sched_getscheduler", "sched_rr_get_interval", "sched_setaffinity", "sched_setattr",
	"sched_setparam", "sched_setscheduler", "sched_yield", "set_robust_list", "set_thread_area",
	"set_tid_address", "setpgid", "setpriority", "setrlimit", "setsid", "sysinfo", "times",
	"uname", "uretprobe", "vfork", "wait4", "waitid",
	/* signals */
	"alarm", "kill", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo",
	"rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo", "sigaltstack",
	"tgkill", "tkill",
	/* time; adjtimex and clock_adjtime only read without CAP_SYS_TIME */
	"adjtimex", "clock_adjtime", "clock_getres", "clock_gettime", "clock_nanosleep", "getitimer",
	"gettimeofday", "nanosleep", "setitimer", "time", "timer_create", "timer_delete",
	"timer_getoverrun", "timer_gettime", "timer_settime",
	/* who one is */
	"capget", "capset", "getegid", "geteuid", "getgid", "getgroups", "getresgid", "getresuid",
	"getuid", "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "seccomp",
	"setfsgid", "setfsuid", "setgid", "setgroups", "setregid", "setresgid", "setresuid",
	"setreuid", "setuid",
	/* sockets; "socket" itself is below */
	"accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen",
	"recvfrom", "recvmmsg", "recvmsg", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown",
	"socketpair",
	/* pipes, messages, System V IPC */
	"getrandom", "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend",
	"mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd", "pipe", "pipe2", "semctl", "semget",
	"semop", "semtimedop", "shmat", "shmctl", "shmdt", "shmget",
	NULL,
};

#define ADMIN CAPS_BIT(CAP_SYS_ADMIN)

const struct seccomp_for_caps seccomp_for_caps[] = {
	{"acct", CAPS_BIT(CAP_SYS_PACCT)},
	{"bpf", ADMIN | CAPS_BIT(CAP_BPF)},
	{"chroot", CAPS_BIT(CAP_SYS_CHROOT)},
	{"clock_settime", CAPS_BIT(CAP_SYS_TIME)},
	{"clone", ADMIN},
	{"clone3", ADMIN},
	{"delete_module", CAPS_BIT(CAP_SYS_MODULE)},
	{"fanotify_init", ADMIN},
	{"finit_module", CAPS_BIT(CAP_SYS_MODULE)},
	{"fsconfig", ADMIN},
	{"fsmount", ADMIN},
	{"fsopen", ADMIN},
	{"fspick", ADMIN},
	{"get_mempolicy", CAPS_BIT(CAP_SYS_NICE)},
	{"init_module", CAPS_BIT(CAP_SYS_MODULE)},
	{"ioperm", CAPS_BIT(CAP_SYS_RAWIO)},
	{"iopl", CAPS_BIT(CAP_SYS_RAWIO)},
	{"kcmp", CAPS_BIT(CAP_SYS_PTRACE)},
	{"lookup_dcookie", ADMIN},
	{"lsm_get_self_attr", ADMIN},
	{"lsm_list_modules", ADMIN},
	{"lsm_set_self_attr", ADMIN},
	{"mbind", CAPS_BIT(CAP_SYS_NICE)},
	{"mount", ADMIN},
	{"mount_setattr", ADMIN},
	{"move_mount", ADMIN},
	{"open_by_handle_at", CAPS_BIT(CAP_DAC_READ_SEARCH)},
	{"open_tree", ADMIN},
	{"perf_event_open", ADMIN | CAPS_BIT(CAP_PERFMON)},
	{"pidfd_getfd", CAPS_BIT(CAP_SYS_PTRACE)},
	{"process_madvise", CAPS_BIT(CAP_SYS_PTRACE)},
	{"quotactl", ADMIN},
	{"quotactl_fd", ADMIN},
	{"reboot", CAPS_BIT(CAP_SYS_BOOT)},
	{"set_mempolicy", CAPS_BIT(CAP_SYS_NICE)},
	{"set_mempolicy_home_node", CAPS_BIT(CAP_SYS_NICE)},
	{"setdomainname", ADMIN},
	{"sethostname", ADMIN},
	{"setns", ADMIN},
	{"settimeofday", CAPS_BIT(CAP_SYS_TIME)},
	{"syslog", ADMIN | CAPS_BIT(CAP_SYSLOG)},
	{"umount2", ADMIN},
	{"unshare", ADMIN},
	{"vhangup", CAPS_BIT(CAP_SYS_TTY_CONFIG)},
	{0},
};
/* clang-format on */

/* New namespaces: all but the time namespace, which needs CAP_SYS_ADMIN in any case, as does clone with it. */
#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | \
		CLONE_NEWCGROUP)

const struct seccomp_for_args seccomp_for_args[] = {
	{"clone", "SCMP_CMP_MASKED_EQ", NAMESPACES, 0, ADMIN},
	{"personality", "SCMP_CMP_EQ", PER_LINUX, 0, 0},
	{"personality", "SCMP_CMP_EQ", PER_LINUX32, 0, 0},
	{"personality", "SCMP_CMP_EQ", UNAME26, 0, 0},
	{"personality", "SCMP_CMP_EQ", UNAME26 | PER_LINUX32, 0, 0},
	/* Only asks what the personality is. */
	{"personality", "SCMP_CMP_EQ", 0xffffffff, 0, 0},
	/* A virtual machine's line to its host goes past every network namespace. */
	{"socket", "SCMP_CMP_NE", AF_VSOCK, 0, 0},
	{0},
};
