/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs in the containers of the fault harness: one static program, alone in its image, that keeps the tapes the
 * oracles read. In the directory /tape (a hostPath, the same for all pods):
 *
 *   KEY.lock    held by flock for as long as this process lives: who finds it held says so in "duplicates"
 *   KEY.tape    one line a start: "N BOOT PID-NAMESPACE HOSTNAME", N counted from 0
 *   KEY.count   how many numbered lines write() has taken from the run N: "N COUNT", always of the newest
 *
 * Any wrong use ends with 99, which no exit script plays.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WRONG_USE = 99, STEP = 1 << 20 };

/* ---- the tape ----------------------------------------------------------------------------------------- */

static int tape_open(const char *key, const char *kind, int flags)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "/tape/%s.%s", key, kind);
	int fd = open(path, flags | O_CLOEXEC | O_CREAT, 0666);
	if (fd < 0)
		_exit(WRONG_USE);
	return fd;
}

static void say_duplicate(const char *key)
{
	char line[300];
	int fd = open("/tape/duplicates", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	int n = snprintf(line, sizeof(line), "%s\n", key);

	if (fd < 0 || write(fd, line, (size_t)n) != n)
		_exit(WRONG_USE);
}

static unsigned count_lines(int fd)
{
	char buf[4096];
	unsigned n = 0;

	for (ssize_t r; (r = read(fd, buf, sizeof(buf))) > 0;)
		for (ssize_t i = 0; i < r; i++)
			n += buf[i] == '\n';
	return n;
}

/* Takes the lock, which is kept until this process ends, and writes the line. Returns: N. */
static unsigned tape_begin(const char *key)
{
	char boot[40] = "", ns[64] = "", host[80] = "", line[256];
	int lock = tape_open(key, "lock", O_RDWR), tape = tape_open(key, "tape", O_RDWR | O_APPEND);
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		say_duplicate(key);
	if (fd >= 0 && read(fd, boot, 36) == 36)
		(void)close(fd);
	if (readlink("/proc/self/ns/pid", ns, sizeof(ns) - 1) < 0)
		_exit(WRONG_USE);
	(void)gethostname(host, sizeof(host) - 1);
	unsigned n = count_lines(tape);
	int size = snprintf(line, sizeof(line), "%u %s %s %s\n", n, boot, ns, host);
	if (write(tape, line, (size_t)size) != size)
		_exit(WRONG_USE);
	return n;
}

/* ---- scripts ------------------------------------------------------------------------------------------ */

/* splitmix64; tests/faults/script.py has the same. */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static void nap_us(uint64_t us)
{
	struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};

	(void)nanosleep(&t, NULL);
}

static _Noreturn void rest(void)
{
	for (;;)
		(void)pause();
}

static int verb_keep(char **a)
{
	(void)tape_begin(a[0]);
	rest();
}

/* KEY SEED: attempt k lives 0 … 5 ms and exits with 1 + f(seed, k) mod 90. */
static int verb_script(char **a)
{
	uint64_t f = mix(strtoull(a[1], NULL, 10) + tape_begin(a[0]));

	nap_us(f >> 32 & 0xfff);
	return (int)(1 + f % 90);
}

/* KEY CODE MS */
static int verb_once(char **a)
{
	(void)tape_begin(a[0]);
	nap_us(strtoull(a[2], NULL, 10) * 1000);
	return (int)strtol(a[1], NULL, 10);
}

static int verb_exit(char **a)
{
	return (int)strtol(a[0], NULL, 10);
}

/* KEY LINES PAUSE-US WIDTH: numbered lines "KEY N I xxxx", then ends with 0; LINES 0: for ever. */
static int verb_lines(char **a)
{
	unsigned n = tape_begin(a[0]);
	uint64_t lines = strtoull(a[1], NULL, 10), pause_us = strtoull(a[2], NULL, 10);
	size_t width = strtoul(a[3], NULL, 10);
	int count = tape_open(a[0], "count", O_RDWR);
	static char line[1 << 16];
	char note[64];

	for (uint64_t i = 0; !lines || i < lines; i++) {
		int head = snprintf(line, 256, "%s %u %llu ", a[0], n, (unsigned long long)i);
		size_t size = (size_t)head + width;

		memset(line + head, 'x', width);
		line[size] = '\n';
		for (size_t at = 0; at < size + 1;) {
			ssize_t r = write(1, line + at, size + 1 - at);
			if (r < 0 && errno != EINTR)
				return WRONG_USE;
			at += r > 0 ? (size_t)r : 0;
		}
		head = snprintf(note, sizeof(note), "%u %020llu\n", n, (unsigned long long)i + 1);
		if (pwrite(count, note, (size_t)head, 0) != head)
			return WRONG_USE;
		if (pause_us)
			nap_us(pause_us);
	}
	return 0;
}

/* ---- those that do not behave --------------------------------------------------------------------------- */

static void grow(void)
{
	for (;;) {
		char *p = mmap(
			NULL, STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p != MAP_FAILED)
			memset(p, 1, STEP);
	}
}

/* KEY self|child: grows until the kernel kills it, or a child of it; with a child it lives on. */
static int verb_oom(char **a)
{
	(void)tape_begin(a[0]);
	if (strcmp(a[1], "self") == 0)
		grow();
	for (;;) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			grow();
		if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status)) {
			(void)!write(1, "a child was killed\n", 19);
			return 3;
		}
	}
}

static void ignore_all(void)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)signal(signals[i], SIG_IGN);
}

static int verb_ignore(char **a)
{
	ignore_all();
	return verb_keep(a);
}

/* KEY COUNT: daemons, each twice forked and in a session of its own, deaf to signals, with stdout held open. */
static int verb_daemons(char **a)
{
	long count = strtol(a[1], NULL, 10);

	ignore_all();
	for (long i = 0; i < count; i++) {
		if (fork() == 0) {
			(void)setsid();
			if (fork() == 0)
				rest();
			_exit(0);
		}
	}
	return verb_keep(a);
}

/* KEY: forks for as long as the kernel lets it, for ever; the children do the same. */
static _Noreturn int verb_bomb(char **a)
{
	(void)tape_begin(a[0]);
	ignore_all();
	for (;;)
		if (fork() < 0)
			nap_us(1000);
}

/* KEY COUNT: zombies, never reaped. */
static int verb_zombies(char **a)
{
	long count = strtol(a[1], NULL, 10);

	for (long i = 0; i < count; i++)
		if (fork() == 0)
			_exit(0);
	return verb_keep(a);
}

/* COUNT: so many processes, one after the other; prints how often their numbers began anew. */
static int verb_burn(char **a)
{
	long count = strtol(a[0], NULL, 10);
	unsigned rounds = 0;
	pid_t last = 0;

	for (long i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid > 0 && waitpid(pid, NULL, 0) == pid) {
			rounds += pid < last;
			last = pid;
		}
	}
	return printf("%u\n", rounds) < 0;
}

static const struct verb {
	const char *name;
	int arguments;
	int (*fn)(char **arguments);
} verbs[] = {
	{"keep", 1, verb_keep},
	{"script", 2, verb_script},
	{"once", 3, verb_once},
	{"exit", 1, verb_exit},
	{"lines", 4, verb_lines},
	{"oom", 2, verb_oom},
	{"ignore", 1, verb_ignore},
	{"daemons", 2, verb_daemons},
	{"bomb", 1, verb_bomb},
	{"zombies", 2, verb_zombies},
	{"burn", 1, verb_burn},
};

static void end_well(int signal)
{
	(void)signal;
	_exit(0);
}

int main(int argc, char **argv)
{
	/* As the first of its pid namespace it gets no signal that it has no handler for. */
	(void)signal(SIGTERM, end_well);
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].name) == 0 && argc - 2 == verbs[i].arguments)
			return verbs[i].fn(argv + 2);
	return WRONG_USE;
}
