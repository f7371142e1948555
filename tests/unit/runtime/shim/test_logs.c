/* SPDX-License-Identifier: Apache-2.0 */
/* Logs from pipes to files: every byte, in order, within the limits (R20, P14). */
#include "tests/unit/unit.h"

#include "runtime/base/str.h"
#include "runtime/shim/logfile.h"
#include "runtime/shim/logs.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static uint64_t ticks;

static uint64_t next_tick(void *data)
{
	(void)data;
	return 1795000000000000000 + ++ticks;
}

static const struct clock ticking = {next_tick, next_tick, NULL};

struct bench {
	struct scratch dir;
	struct loop loop;
	struct log_buffer buffer;
	struct log log;
	int write_fds[2];
};

static void bench_open(struct bench *b, uint64_t max_bytes, uint32_t max_files)
{
	*b = (struct bench){.log = {.clock = &ticking,
				    .dir_fd = -EBADF,
				    .file_fd = -EBADF,
				    .max_bytes = max_bytes,
				    .max_files = max_files}};
	b->log.loop = &b->loop;
	b->log.buffer = &b->buffer;
	scratch_open(&b->dir);
	assert_int_equal(loop_open(&b->loop), 0);
	assert_int_equal(log_open_run(&b->log, b->dir.fd, "c", 3), 0);
	assert_int_equal(log_open_pipes(&b->log, b->write_fds), 0);
}

static void bench_close(struct bench *b)
{
	log_close_pipes(&b->log);
	log_close(&b->log);
	loop_close(&b->loop);
	scratch_close(&b->dir);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in c/, oldest first, N.log last. Returns how many. */
static size_t list(const struct bench *b, char *names[64])
{
	int fd = openat(b->dir.fd, "c", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	size_t n = 0;

	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			names[n++] = xstrdup(entry->d_name);
	(void)closedir(dir);
	qsort(names, n, sizeof *names, by_name);
	if (n > 1 &&
		strlen(names[0]) == 5) { /* "3.log" sorts before "3.log.TIME" and is the newest */
		char *newest = names[0];

		memmove(names, names + 1, (n - 1) * sizeof *names);
		names[n - 1] = newest;
	}
	return n;
}

/* The container's bytes again, out of all files; records are checked on the way. */
static char *texts(const struct bench *b, size_t *ret_files)
{
	char *names[64];
	struct str all = {0};
	size_t n = list(b, names);

	for (size_t i = 0; i < n; i++) {
		cleanup_free char *path = xasprintf("c/%s", names[i]);
		cleanup_free char *raw = NULL;
		struct sv rest;
		size_t size;

		assert_int_equal(fs_read(b->dir.fd, path, 64 << 20, &raw, &size), 0);
		rest = (struct sv){raw, size};
		assert_true(size == 0 || raw[size - 1] == '\n');
		while (rest.n) {
			struct sv line = sv_cut(&rest, '\n'), time = sv_cut(&line, ' '),
				  stream = sv_cut(&line, ' '), tag = sv_cut(&line, ' ');

			assert_int_equal(time.n, strlen("2026-11-22T20:28:01.123456789Z"));
			assert_true(sv_eq(stream, "stdout") || sv_eq(stream, "stderr"));
			assert_true(sv_eq(tag, "F") || sv_eq(tag, "P"));
			assert_true(line.n <= LOG_LINE_MAX);
			str_addn(&all, line.p, line.n);
			if (sv_eq(tag, "F"))
				str_add(&all, "\n");
		}
		free(names[i]);
	}
	*ret_files = n;
	return str_take(&all);
}

/* Writes @bytes from another process, in odd pieces, and runs the loop until the pipes end. */
static void feed(struct bench *b, const char *bytes, size_t n)
{
	pid_t writer = fork();

	if (writer == 0) {
		size_t piece = 1;

		while (n) {
			size_t k = piece < n ? piece : n;

			if (fs_write_all(b->write_fds[0], bytes, k) < 0)
				_exit(1);
			bytes += k;
			n -= k;
			piece = piece * 7 % 65537 + 1;
		}
		_exit(0);
	}
	(void)close(b->write_fds[0]);
	(void)close(b->write_fds[1]);
	while (b->log.streams[0].source.fd >= 0)
		assert_true(loop_step(&b->loop, UINT64_MAX, true) >= 0);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
}

static char *pattern(size_t n, unsigned seed)
{
	char *bytes = xmalloc(n + 1);
	size_t line = 0;

	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		bytes[i] = (char)('a' + (seed >> 16) % 26);
		/* Mostly short lines, some beyond the limit of a record. */
		if (line++ > (seed >> 8) % (seed % 97 == 0 ? 60000 : 300)) {
			bytes[i] = '\n';
			line = 0;
		}
	}
	bytes[n] = '\0';
	return bytes;
}

static const struct {
	const char *name, *bytes;
} small[] = {
	{"nothing", ""},
	{"one line", "a\n"},
	{"no end", "a"},
	{"empty lines", "\n\n\n"},
	{"an end and none", "a\nb"},
	{"blanks", " a  b \n"},
};

static void small_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(small); i++) {
		struct bench b;
		size_t files;
		cleanup_free char *got = NULL;

		bench_open(&b, 1 << 20, 5);
		feed(&b, small[i].bytes, strlen(small[i].bytes));
		got = texts(&b, &files);
		if (!streq(got, small[i].bytes))
			fail_msg("case \"%s\": \"%s\"", small[i].name, got);
		bench_close(&b);
	}
}

static void every_byte(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 4; seed++) {
		struct bench b;
		size_t n = 3 << 20, files;
		cleanup_free char *bytes = pattern(n, seed);
		cleanup_free char *got = NULL;

		bench_open(&b, 64 << 20, 5);
		feed(&b, bytes, n);
		got = texts(&b, &files);
		assert_int_equal(files, 1);
		assert_int_equal(strlen(got), n);
		assert_true(memcmp(got, bytes, n) == 0);
		bench_close(&b);
	}
}

/* Rotation tears no record; what is left is the newest, whole files. */
static void rotation(void **state)
{
	struct bench b;
	size_t n = 2 << 20, files;
	cleanup_free char *bytes = pattern(n, 9);
	cleanup_free char *got = NULL, *all = NULL;

	(void)state;
	bench_open(&b, 100 << 10, 4);
	feed(&b, bytes, n);
	got = texts(&b, &files);
	assert_int_equal(files, 4);
	assert_true(strlen(got) > 100 << 10);
	assert_string_equal(got, bytes + n - strlen(got));
	bench_close(&b);

	bench_open(&b, 100 << 10, 60);
	feed(&b, bytes, n);
	all = texts(&b, &files);
	assert_true(files > 20);
	assert_string_equal(all, bytes);
	bench_close(&b);
}

static void the_buffer_is_given_back(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 1 << 20, 5);
	feed(&b, "a\n", 2);
	assert_non_null(b.buffer.p);
	log_buffer_timer(&b.buffer, 1);
	log_buffer_timer(&b.buffer, UINT64_MAX - 1);
	assert_null(b.buffer.p);
	assert_true(log_buffer_deadline(&b.buffer) == UINT64_MAX);
	bench_close(&b);
}

static void tails(void **state)
{
	struct bench b;
	char buf[64];
	size_t n;

	(void)state;
	bench_open(&b, 1 << 20, 5);
	feed(&b, "first\nsecond\nlast", 17);
	n = log_tail(&b.log, buf, sizeof buf);
	buf[n] = '\0';
	assert_string_equal(buf, "first\nsecond\nlast");
	n = log_tail(&b.log, buf, 8);
	buf[n] = '\0';
	assert_string_equal(buf, "nd\nlast");
	bench_close(&b);
}

/* R20: what stands under the log's name is set aside, not followed. */
static void strangers_under_the_name(void **state)
{
	struct bench b;
	cleanup_free char *victim = NULL;
	int fd;

	(void)state;
	bench_open(&b, 1 << 20, 5);
	assert_int_equal(fs_write_atomic(b.dir.fd, "victim", "x", 1, 0600, FS_NO_SYNC), 0);
	assert_int_equal(symlinkat("../victim", b.log.dir_fd, "7.log"), 0);
	fd = logfile_create(b.log.dir_fd, 7, 1);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "log", 3), 3);
	(void)close(fd);
	assert_int_equal(fs_read(b.dir.fd, "victim", 100, &victim, NULL), 0);
	assert_string_equal(victim, "x");
	assert_int_equal(mkfifoat(b.log.dir_fd, "8.log", 0600), 0);
	fd = logfile_create(b.log.dir_fd, 8, 2);
	assert_true(fd >= 0);
	(void)close(fd);
	(void)close(b.write_fds[0]);
	(void)close(b.write_fds[1]);
	bench_close(&b);
}

static void old_runs_are_forgotten(void **state)
{
	static const char *const names[] = {"0.log", "0.log.20260101-000000.1", "1.log", "2.log.x",
		"12.log", "x.log", "1.txt", "1", "-1.log", "99999999999.log"};
	struct bench b;
	static const bool stays[] = {false, false, false, true, true, true, true, true, true, true};

	(void)state;
	bench_open(&b, 1 << 20, 5);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(
			fs_write_atomic(b.log.dir_fd, names[i], "12345", 5, 0600, FS_NO_SYNC), 0);
	/* 3.log is the current one, and empty; run 1 has 5 bytes, run 0 ten. */
	assert_int_equal(logfile_forget(b.log.dir_fd, 3, 10, 100), 0);
	assert_int_equal(logfile_forget(b.log.dir_fd, 3, 4, 20), 0);
	assert_int_equal(faccessat(b.log.dir_fd, "0.log", F_OK, 0), 0);
	assert_int_equal(logfile_forget(b.log.dir_fd, 3, 4, 19), 0);
	assert_int_equal(faccessat(b.log.dir_fd, "0.log", F_OK, 0), -1);
	assert_int_equal(faccessat(b.log.dir_fd, "1.log", F_OK, 0), 0);
	assert_int_equal(logfile_forget(b.log.dir_fd, 3, 2, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_case(
			(faccessat(b.log.dir_fd, names[i], F_OK, 0) == 0) == stays[i], names[i]);
	(void)close(b.write_fds[0]);
	(void)close(b.write_fds[1]);
	bench_close(&b);
}

/* A disk that is full: the container goes on, what is lost is counted and said. */
static void a_full_disk(void **state)
{
	struct bench b;
	cleanup_free char *raw = NULL;
	int kept;

	(void)state;
	bench_open(&b, 1 << 20, 5);
	kept = b.log.file_fd;
	b.log.file_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(b.write_fds[0], "lost\n", 5), 5);
	assert_int_equal(loop_step(&b.loop, UINT64_MAX, true), 1);
	assert_int_equal(b.log.lost.lines, 1);
	assert_int_equal(b.log.lost.bytes, 5);
	(void)close(b.log.file_fd);
	b.log.file_fd = kept;
	feed(&b, "kept\n", 5);
	assert_int_equal(fs_read(b.dir.fd, "c/3.log", 1000, &raw, NULL), 0);
	assert_non_null(strstr(
		raw, "stderr F [berth: 1 lines (5 bytes) dropped: No space left on device]\n"));
	assert_non_null(strstr(raw, "stdout F kept\n"));
	assert_int_equal(b.log.lost.bytes, 0);
	bench_close(&b);
}

/* Stands for a disk that takes no more: files may grow to @bytes. RLIM_INFINITY: there is room again. */
static void disk_takes(rlim_t bytes)
{
	struct rlimit limit;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Sums of the marker lines in @text, which are taken out of it. */
static struct log_loss take_markers(char *text)
{
	struct log_loss sum = {0};
	char *at;

	while ((at = strstr(text, "[berth: "))) {
		unsigned long long lines, bytes;
		char *end = strchr(at, '\n');

		assert_int_equal(
			sscanf(at, "[berth: %llu lines (%llu bytes) dropped", &lines, &bytes), 2);
		sum.lines += lines;
		sum.bytes += bytes;
		memmove(at, end + 1, strlen(end + 1) + 1);
	}
	return sum;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

/* P14: what the disk does not take is counted to the byte, and no record is torn. */
static void drops_are_counted_exactly(void **state)
{
	size_t n = 3 << 20, files;
	cleanup_free char *bytes = pattern(n, 5), *got = NULL;
	struct log_loss lost;
	struct bench b;

	(void)state;
	bench_open(&b, 0, 5);
	bytes[n / 2] = bytes[n - 1] = '\n'; /* each feed ends a line */
	disk_takes(1000003);
	for (size_t at = 0; at < n / 2;) {
		ssize_t k = write(b.write_fds[0], bytes + at,
			n / 2 + 1 - at > 60000 ? 60000 : n / 2 + 1 - at);

		assert_true(k > 0);
		at += (size_t)k;
		assert_int_equal(loop_step(&b.loop, UINT64_MAX, true), 1);
	}
	assert_true(b.log.lost.lines > 100);
	disk_takes(RLIM_INFINITY);
	feed(&b, bytes + n / 2 + 1, n - n / 2 - 1);
	got = texts(&b, &files);
	lost = take_markers(got);
	assert_int_equal(strlen(got) + lost.bytes, n);
	assert_int_equal(count_lines(got) + lost.lines, count_lines(bytes));
	assert_true(lost.bytes > n / 2 - 1000003);
	bench_close(&b);
}

/* P14: a container that may wait loses nothing. */
static void blocked_loses_nothing(void **state)
{
	size_t n = 3 << 20, files;
	cleanup_free char *bytes = pattern(n, 6), *got = NULL;
	struct bench b;
	pid_t writer;

	(void)state;
	bench_open(&b, 700 << 10, 50);
	b.log.waits = true;
	disk_takes(500001);
	writer = fork();
	if (writer == 0)
		_exit(fs_write_all(b.write_fds[0], bytes, n) < 0);
	(void)close(b.write_fds[0]);
	(void)close(b.write_fds[1]);
	while (!b.log.paused)
		assert_true(loop_step(&b.loop, UINT64_MAX, true) >= 0);
	assert_true(b.log.n_held > 0);
	/* It is not read meanwhile, and tried again. */
	log_timer(&b.log, log_deadline(&b.log));
	assert_true(b.log.paused && log_deadline(&b.log) != UINT64_MAX);
	assert_int_equal(waitpid(writer, NULL, WNOHANG), 0);
	disk_takes(RLIM_INFINITY);
	log_timer(&b.log, log_deadline(&b.log));
	assert_false(b.log.paused);
	while (b.log.streams[0].source.fd >= 0)
		assert_true(loop_step(&b.loop, UINT64_MAX, true) >= 0);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	got = texts(&b, &files);
	assert_string_equal(got, bytes);
	assert_true(log_deadline(&b.log) == UINT64_MAX);
	bench_close(&b);
}

/* Its last words wait for the disk, too, when it has ended meanwhile. */
static void blocked_until_after_the_end(void **state)
{
	cleanup_free char *got = NULL;
	struct bench b;
	size_t files;

	(void)state;
	bench_open(&b, 1 << 20, 5);
	b.log.waits = true;
	disk_takes(10);
	assert_int_equal(write(b.write_fds[0], "one\n", 4), 4);
	assert_int_equal(loop_step(&b.loop, UINT64_MAX, true), 1);
	assert_int_equal(write(b.write_fds[0], "two", 3), 3);
	(void)close(b.write_fds[0]);
	(void)close(b.write_fds[1]);
	log_close_pipes(&b.log);
	disk_takes(RLIM_INFINITY);
	log_timer(&b.log, log_deadline(&b.log));
	got = texts(&b, &files);
	assert_string_equal(got, "one\ntwo");
	bench_close(&b);
}

static uint64_t fixed_ns;

static uint64_t fixed(void *data)
{
	(void)data;
	return fixed_ns;
}

/* A flood beyond the rate: whole lines go, a line counts them, also when nothing more comes. */
static void a_rate(void **state)
{
	static const struct clock stopped = {fixed, next_tick, NULL};
	cleanup_free char *got = NULL;
	struct log_loss lost;
	struct bench b;
	size_t files;

	(void)state;
	fixed_ns = NS_PER_SEC;
	bench_open(&b, 1 << 20, 5);
	b.log.clock = &stopped;
	b.log.rate.per_sec = 4096;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(b.write_fds[0], "0123456789\n", 11), 11);
	assert_int_equal(write(b.write_fds[0], "begun", 5), 5);
	assert_int_equal(loop_step(&b.loop, UINT64_MAX, true), 1);
	assert_int_equal(b.log.lost.lines, 1000 - (4096 + 10) / 11);
	assert_true(log_deadline(&b.log) > fixed_ns);
	fixed_ns = log_deadline(&b.log);
	log_timer(&b.log, fixed_ns);
	assert_int_equal(b.log.lost.lines, 0);
	assert_true(log_deadline(&b.log) == UINT64_MAX);
	feed(&b, "\nend\n", 5);
	got = texts(&b, &files);
	lost = take_markers(got);
	assert_int_equal(lost.lines, 1000 - (4096 + 10) / 11);
	assert_int_equal(lost.bytes, lost.lines * 11);
	assert_non_null(strstr(got, "begun\nend\n"));
	bench_close(&b);
}

/* 1 GiB without a newline: parts of 16 KiB, rotated like any others, and no more memory than for a line. */
static void a_line_without_end(void **state)
{
	enum { PIECE = 1 << 20, PIECES = 1024 };
	cleanup_free char *piece = xmalloc(PIECE), *got = NULL;
	struct bench b;
	size_t files;
	pid_t writer;

	(void)state;
	memset(piece, 'x', PIECE);
	bench_open(&b, 2 << 20, 3);
	writer = fork();
	if (writer == 0) {
		for (int i = 0; i < PIECES; i++)
			if (fs_write_all(b.write_fds[1], piece, PIECE) < 0)
				_exit(1);
		_exit(0);
	}
	(void)close(b.write_fds[0]);
	(void)close(b.write_fds[1]);
	while (b.log.streams[1].source.fd >= 0) {
		assert_true(loop_step(&b.loop, UINT64_MAX, true) >= 0);
		assert_true(b.log.streams[1].n_carry <= LOG_LINE_MAX);
	}
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	got = texts(&b, &files);
	assert_int_equal(files, 3);
	assert_null(strchr(got, '\n'));
	assert_true(strlen(got) > 2 << 20 && strlen(got) <= 6 << 20);
	bench_close(&b);
}

/* One container's flood is read for a bounded time: its neighbour's line does not wait behind it. */
static void a_flood_beside(void **state)
{
	struct bench flood, quiet;
	pid_t writer;
	int steps = 0;

	(void)state;
	bench_open(&flood, 1 << 20, 2);
	bench_open(&quiet, 1 << 20, 2);
	loop_drop(&quiet.loop, &quiet.log.streams[0].source);
	loop_drop(&quiet.loop, &quiet.log.streams[1].source);
	(void)close(quiet.write_fds[0]);
	(void)close(quiet.write_fds[1]);
	quiet.log.loop = &flood.loop;
	assert_int_equal(log_open_pipes(&quiet.log, quiet.write_fds), 0);
	writer = fork();
	if (writer == 0) {
		char line[4096];

		memset(line, '\n', sizeof line);
		for (;;)
			if (fs_write_all(flood.write_fds[0], line, sizeof line) < 0)
				_exit(0);
	}
	for (int i = 0; i < 10; i++)
		assert_int_equal(loop_step(&flood.loop, UINT64_MAX, true), 1);
	assert_int_equal(write(quiet.write_fds[0], "here\n", 5), 5);
	while (!quiet.log.size && steps++ < 100)
		assert_int_equal(loop_step(&flood.loop, UINT64_MAX, true), 1);
	assert_true(steps <= 3);
	assert_int_equal(kill(writer, SIGKILL), 0);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	for (int i = 0; i < 2; i++) {
		(void)close(quiet.write_fds[i]);
		(void)close(flood.write_fds[i]);
	}
	bench_close(&quiet);
	bench_close(&flood);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_texts),
		cmocka_unit_test(every_byte),
		cmocka_unit_test(rotation),
		cmocka_unit_test(the_buffer_is_given_back),
		cmocka_unit_test(tails),
		cmocka_unit_test(strangers_under_the_name),
		cmocka_unit_test(old_runs_are_forgotten),
		cmocka_unit_test(a_full_disk),
		cmocka_unit_test(drops_are_counted_exactly),
		cmocka_unit_test(blocked_loses_nothing),
		cmocka_unit_test(blocked_until_after_the_end),
		cmocka_unit_test(a_rate),
		cmocka_unit_test(a_line_without_end),
		cmocka_unit_test(a_flood_beside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
