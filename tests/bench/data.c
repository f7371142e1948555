/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes through berth: log lines, image layers.
 */
#include "tests/bench/bench.h"

#include "runtime/base/str.h"
#include "runtime/image/image.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { LOG_MIB = 128, DATA_REPS = 9 };

/* The two stamps of a `probe lines` in @path; seconds between them. */
static double seconds_between(const char *path)
{
	char text[128] = "";
	long long a, c;
	int fd;

	(void)stamp_wait(path, 2);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof text - 1) <= 0 ||
		sscanf(text, "%lld %lld", &a, &c) != 2)
		die("%s: %s", path, text);
	(void)close(fd);
	return (double)(c - a) / 1e9;
}

/* The same lines through a pipe into `cat > file`, on the disk that the logs are on. */
static double cat_seconds(const struct bench *b, const char *stamp, const char *mib)
{
	cleanup_free char *probe = xasprintf("%s/tests/bench/probe", b->build);
	cleanup_free char *file = xasprintf("%s/cat.out", b->root);
	int channel[2], status, out = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	pid_t cat, lines;

	if (out < 0 || pipe2(channel, O_CLOEXEC) < 0)
		die("%s: %s", file, strerror(errno));
	stamp_reset(stamp);
	cat = fork();
	if (cat == 0) {
		(void)dup2(channel[0], 0);
		(void)dup2(out, 1);
		(void)execl("/bin/cat", "cat", NULL);
		_exit(127);
	}
	lines = fork();
	if (lines == 0) {
		(void)dup2(channel[1], 1);
		(void)execl(probe, "probe", "lines", stamp, mib, NULL);
		_exit(127);
	}
	(void)close(channel[0]);
	(void)close(channel[1]);
	(void)close(out);
	if (waitpid(lines, &status, 0) != lines || status != 0 || waitpid(cat, &status, 0) != cat)
		die("probe | cat failed");
	(void)unlink(file);
	return seconds_between(stamp);
}

void bench_logs(struct bench *b)
{
	cleanup_free char *stamp = xasprintf("%s/stamps/stamp", b->root);
	cleanup_free char *mib = xasprintf("%d", LOG_MIB);
	const struct pod_spec pod = {.name = "logs0",
		.verb = "lines",
		.argument = mib,
		.policy = "Never",
		.containers = 1};
	struct series own = {0}, cat = {0};

	agent_start(b);
	for (int n = 0; n < DATA_REPS; n++) {
		cleanup_free char *uid = NULL;

		stamp_reset(stamp);
		uid = pod_create(b, &pod);
		series_add(&own, LOG_MIB / seconds_between(stamp));
		pods_delete(b, "logs", 1);
		series_add(&cat, LOG_MIB / cat_seconds(b, stamp, mib));
	}
	say_series("through a container's log", &own, "MiB/s");
	say_series("through cat > file", &cat, "MiB/s");
	say_figure("log-throughput", series_at(&own, 0.5) / series_at(&cat, 0.5), "x", -0.5);
}

/* ---- layers ---- */

double load_seconds(const struct bench *b, const char *dir, const char *layout)
{
	cleanup_free char *unpack = xasprintf("%s/berth-unpack", b->build);
	const struct image_options options = {.unpack_path = unpack};
	CLEANUP(image_store_close) struct image_store *store = NULL;
	CLEANUP(image_job_free) struct image_job *job = NULL;
	cleanup_close int lib = -EBADF, in = -EBADF;
	struct err e = {0};
	uint64_t begin;
	int r = 0;

	run_ok((const char *const[]){"/bin/mkdir", "-p", dir, NULL});
	lib = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	in = open(layout, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (image_store_open(lib, &options, &store, &e) < 0)
		die("%s", err_text(&e));
	begin = now_ns();
	if (image_load_start(store, in, &job, &e) < 0)
		die("%s", err_text(&e));
	while (r == 0) {
		struct pollfd p = {.fd = image_job_fd(job), .events = POLLIN};

		(void)poll(&p, 1, 60000);
		r = image_job_step(job, &e);
	}
	if (r < 0)
		die("%s", err_text(&e));
	return (double)(now_ns() - begin) / 1e9;
}

static double tar_seconds(const char *dir, const char *layer)
{
	uint64_t begin;

	run_ok((const char *const[]){"/bin/mkdir", "-p", dir, NULL});
	begin = now_ns();
	run_ok((const char *const[]){"/bin/tar", "-xzf", layer, "-C", dir, NULL});
	return (double)(now_ns() - begin) / 1e9;
}

void bench_unpack(struct bench *b)
{
	cleanup_free char *layout = xasprintf("%s/layout", b->tmpfs);
	cleanup_free char *layer = xasprintf("%s/layer.tar.gz", b->tmpfs);
	cleanup_free char *dir = xasprintf("%s/unpacked", b->tmpfs);
	struct series own = {0}, tar = {0};
	struct stat st;

	if (stat(layer, &st) < 0)
		die("%s: %s", layer, strerror(errno));
	for (int n = 0; n < DATA_REPS; n++) {
		series_add(&own, load_seconds(b, dir, layout));
		run_ok((const char *const[]){"/bin/rm", "-rf", dir, NULL});
		series_add(&tar, tar_seconds(dir, layer));
		run_ok((const char *const[]){"/bin/rm", "-rf", dir, NULL});
	}
	say("a layer of %.1f MiB, compressed", (double)st.st_size / (1 << 20));
	say_series("berth: unpack, two digests, store", &own, "s");
	say_series("tar -xzf", &tar, "s");
	say_figure("unpack-speed", series_at(&tar, 0.5) / series_at(&own, 0.5), "x", -1.3);
}
