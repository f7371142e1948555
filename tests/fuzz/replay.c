/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main function of a fuzz target that is not built for fuzzing: calls the target once with each file named on
 * the command line, and with each file of each directory named. What a fuzzer once found is so tried again in every
 * test run, by any compiler. An empty corpus is an error: a test that tries nothing must not pass.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

/* Feeds one open file, whole, from a block of exactly its size: a sanitizer sees a read one byte past it. */
static int replay_file(int fd, size_t size)
{
	uint8_t *block = malloc(size ? size : 1);
	size_t have = 0;

	if (!block)
		return -1;
	while (have < size) {
		ssize_t r = read(fd, block + have, size - have);

		if (r <= 0) {
			free(block);
			return -1;
		}
		have += (size_t)r;
	}
	(void)LLVMFuzzerTestOneInput(block, size);
	free(block);
	return 0;
}

static int replay(int dirfd, const char *name, unsigned *count);

static int replay_directory(int fd, unsigned *count)
{
	DIR *dir = fdopendir(fd);
	int r = 0;

	if (!dir) {
		close(fd);
		return -1;
	}
	for (struct dirent *entry; r == 0 && (entry = readdir(dir));) {
		if (entry->d_name[0] != '.')
			r = replay(fd, entry->d_name, count);
	}
	closedir(dir);
	return r;
}

static int replay(int dirfd, const char *name, unsigned *count)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0) {
		perror(name);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (S_ISDIR(st.st_mode))
		return replay_directory(fd, count);
	r = replay_file(fd, (size_t)st.st_size);
	if (r < 0)
		perror(name);
	(*count)++;
	close(fd);
	return r;
}

int main(int argc, char **argv)
{
	unsigned count = 0;

	for (int i = 1; i < argc; i++) {
		if (replay(AT_FDCWD, argv[i], &count) < 0)
			return 1;
	}
	if (count == 0) {
		(void)fprintf(stderr, "%s: no input below what was named\n", argv[0]);
		return 1;
	}
	printf("%u inputs\n", count);
	return 0;
}
