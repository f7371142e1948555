/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words for the OCI runtime, and its answers. An exit code of 0 proves nothing (safety, ground truth 3): what
 * counts is a pid-file with a pid that is our child.
 */
#include "runtime/runc/runc.h"

#include "runtime/base/fs.h"
#include "runtime/base/json.h"

#include <fcntl.h>

static const char *const verbs[RUNC_VERB_MAX] = {
	[RUNC_RUN] = "run",
	[RUNC_CREATE] = "create",
	[RUNC_START] = "start",
	[RUNC_EXEC] = "exec",
	[RUNC_DELETE] = "delete",
};

struct words {
	const char **argv;
	size_t n;
};

static void add(struct words *w, const char *option, const char *value)
{
	if (!value)
		return;
	if (option)
		w->argv[w->n++] = option;
	w->argv[w->n++] = value;
}

size_t runc_argv(enum runc_verb verb, const struct runc *rc, const char *argv[RUNC_ARGV_MAX])
{
	struct words w = {argv, 0};

	add(&w, NULL, rc->program);
	add(&w, "--root", rc->root);
	add(&w, "--log", rc->log);
	add(&w, "--log-format", "json");
	add(&w, NULL, verbs[verb]);
	if (verb == RUNC_RUN)
		add(&w, NULL, "--detach");
	if (verb == RUNC_RUN || verb == RUNC_CREATE) {
		add(&w, "--bundle", rc->bundle);
		add(&w, "--pid-file", rc->pid_file);
		add(&w, "--console-socket", rc->console_socket);
	} else if (verb == RUNC_EXEC) {
		add(&w, NULL, "--detach");
		add(&w, "--process", rc->process);
		add(&w, "--pid-file", rc->pid_file);
		add(&w, "--console-socket", rc->console_socket);
		add(&w, "--preserve-fds", rc->preserve_fds);
	}
	add(&w, NULL, rc->id);
	argv[w.n] = NULL;
	return w.n;
}

int runc_pid(int dir_fd, const char *name, pid_t *ret)
{
	enum { PID_MAX = 1 << 22 }; /* PID_MAX_LIMIT of the kernel */
	cleanup_close int fd =
		openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	char text[32];
	uint32_t pid;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof text);
	if (n < 0)
		return -errno;
	if (parse_u32_max(sv_trim((struct sv){text, (size_t)n}), PID_MAX, &pid) < 0 || pid == 0)
		return -EBADMSG;
	*ret = (pid_t)pid;
	return 0;
}

static void keep_line(const char *message, char *buf, size_t size)
{
	size_t n = 0;

	for (; *message && n + 1 < size; message++) {
		unsigned char c = (unsigned char)*message;

		buf[n++] = c < ' ' || c == 0x7f ? ' ' : (char)c;
	}
	buf[n] = '\0';
}

const char *runc_error_text(struct sv log, char *buf, size_t size)
{
	buf[0] = '\0';
	while (log.n) {
		cleanup_json json_t *line = NULL;
		const char *level, *message;

		if (json_parse(sv_cut(&log, '\n'), &line, NULL) < 0)
			continue;
		level = json_str_or(line, "level", "");
		message = json_str(line, "msg");
		if (message && (streq(level, "error") || streq(level, "fatal")))
			keep_line(message, buf, size);
	}
	return buf;
}

const char *runc_error(int dir_fd, const char *name, char *buf, size_t size)
{
	enum { TAIL = 16 << 10 };
	cleanup_close int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_free char *text = xmalloc(TAIL);
	struct stat st;
	ssize_t n;

	buf[0] = '\0';
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return buf;
	n = pread(fd, text, TAIL, st.st_size > TAIL ? st.st_size - TAIL : 0);
	return n > 0 ? runc_error_text((struct sv){text, (size_t)n}, buf, size) : buf;
}
