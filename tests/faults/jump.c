/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded before libc into an agent whose wall clock is to jump: the seconds that stand in the file JUMP_FILE (an int64_t, mapped)
 * are added to CLOCK_REALTIME, and to nothing else. libfaketime also moves timers of the clocks that do not jump.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *seconds;

__attribute__((constructor)) static void open_file(void)
{
	const char *path = getenv("JUMP_FILE");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*seconds), PROT_READ, MAP_SHARED, fd, 0);

	if (p != MAP_FAILED)
		seconds = p;
	if (fd >= 0)
		(void)close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int r = (int)syscall(SYS_clock_gettime, clock, t);

	if (r == 0 && seconds && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		t->tv_sec += (time_t)*seconds;
	return r;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
	struct timespec now;
	int r = clock_gettime(CLOCK_REALTIME, &now);

	(void)zone;
	*t = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
	return r;
}

time_t time(time_t *ret)
{
	struct timespec now = {0, 0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}
