/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process inside the measured containers; static, so that its own start costs next to nothing.
 *
 *   probe start FILE        append "NS\n" to FILE at its first instruction, then wait for ever
 *   probe once FILE         the same, then end
 *   probe lines FILE MIB    append "NS\n", write that many MiB in lines of 100 bytes to standard output, append
 *                           "NS\n" again, then end
 *
 * NS is CLOCK_MONOTONIC, which a container shares with its host.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int tell(const char *file)
{
	struct timespec t;
	char text[32];
	int fd, n;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	n = snprintf(text, sizeof text, "%lld\n", (long long)t.tv_sec * 1000000000 + t.tv_nsec);
	fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
	return fd < 0 || write(fd, text, (size_t)n) != n;
}

static int lines(unsigned long mib)
{
	enum { LINE = 100, BLOCK = 64 << 10 };
	static char block[BLOCK / LINE * LINE];
	unsigned long long left = (unsigned long long)mib << 20;

	for (size_t i = 0; i < sizeof block; i++)
		block[i] = i % LINE == LINE - 1 ? '\n' : (char)('a' + i % 26);
	while (left > 0) {
		size_t want = left < sizeof block ? (size_t)left : sizeof block;
		ssize_t n = write(STDOUT_FILENO, block, want);

		if (n <= 0)
			return 1;
		left -= (unsigned long long)n;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	if (tell(argv[2]) != 0)
		return 1;
	if (argc == 4 && strcmp(argv[1], "lines") == 0)
		return lines(strtoul(argv[3], NULL, 10)) || tell(argv[2]);
	if (strcmp(argv[1], "once") == 0)
		return 0;
	for (;;)
		(void)pause();
}
