/* SPDX-License-Identifier: Apache-2.0 */
/*
 * berth-unpack: one image layer from a stream to a directory.
 *
 *	berth-unpack [--digest D] [--size N] [--diff-id D]	<layer 3<directory >result
 *	berth-unpack --discard NAME…				3<directory
 *	berth-unpack --sync NAME…				3<directory
 *
 * The first form makes fs/ (the files) and layer.json (the result) in the directory, and is two processes: this one
 * keeps root, touches no byte of the layer, and waits; the other does all the work in the jail (jail.h). What the
 * jail may not do, marking directories as opaque, it asks of this one by sending the directory's descriptor.
 * The result is one line of JSON, also on standard output, written after the layer is on disk:
 * {"digest", "diff_id", "size", "bytes", "entries", "dropped_xattrs"} or {"code", "error"}.
 *
 * The others do what would hold up the agent's loop: delete trees; wait until files and directories are on disk.
 * Exit status: 0 done, 1 refused or failed (see the result), 2 wrong arguments.
 */
#include "runtime/base/fs.h"
#include "runtime/base/json.h"
#include "runtime/base/msg.h"
#include "runtime/image/jail.h"
#include "runtime/image/unpack.h"

#include <fcntl.h>
#include <getopt.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>

enum { BLOB_FD = 0, RESULT_FD = 1, DIR_FD = 3, SOCKET_FD = 4 };
enum { DEADLINE_MS = 10 * 60 * 1000, CPU_SECONDS = 10 * 60 };
#define MEMORY_BYTES (256ull << 20)

struct wanted {
	const char *digest, *diff_id; /* NULL: any */
	uint64_t size_bytes;	      /* UINT64_MAX: any */
	bool has_size;
};

/* What the jail says to the outside. */
enum message_kind { SAYS_OPAQUE, SAYS_RESULT, SAYS_FAILED };
struct message {
	enum message_kind kind;
	int code;
	struct unpack_result result;
	char text[512];
};

/* ---- inside the jail ----------------------------------------------------------------------------- */

/* Sends the directory out and waits until it is marked: one descriptor is under way at any time. */
static int ask_opaque(void *data, int dir_fd, struct err *e)
{
	struct message m = {.kind = SAYS_OPAQUE};
	struct msg_fds fds = {{dir_fd}, 1};
	int answer, r = msg_send(SOCKET_FD, &m, sizeof m, &fds);

	(void)data;
	if (r == 0 && msg_recv(SOCKET_FD, &answer, sizeof answer, NULL) != sizeof answer)
		r = -EPIPE;
	if (r == 0)
		r = answer;
	return r < 0 ? err_errno(e, r, "marking an opaque directory") : 0;
}

static int work(const struct wanted *wanted, struct unpack_result *ret, struct err *e)
{
	struct unpack_job job = {
		.blob_fd = BLOB_FD,
		.size_max = wanted->size_bytes,
		.limits = inflate_limits_layer,
		.options = {.opaque = ask_opaque},
	};
	struct jail jail = {MEMORY_BYTES, inflate_limits_layer.out_bytes, CPU_SECONDS};
	int r = jail_enter(&jail, e);

	if (r < 0)
		return r;
	job.root_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (job.root_fd < 0)
		return err_errno(e, -errno, "opening the layer's directory");
	return unpack(&job, ret, e);
}

_Noreturn static void run_jailed(int socket, const struct wanted *wanted)
{
	struct message m = {.kind = SAYS_RESULT};
	struct err e = {0};

	if (dup2(socket, SOCKET_FD) < 0 || close(RESULT_FD) < 0 || close(DIR_FD) < 0 ||
		syscall(SYS_close_range, SOCKET_FD + 1, ~0u, 0) < 0)
		_exit(126);
	m.code = work(wanted, &m.result, &e);
	if (m.code < 0) {
		m.kind = SAYS_FAILED;
		(void)snprintf(m.text, sizeof m.text, "%s", err_text(&e));
	}
	_exit(msg_send(SOCKET_FD, &m, sizeof m, NULL) < 0 ? 126 : 0);
}

/* ---- outside -------------------------------------------------------------------------------------- */

static int mark_opaque(int root_fd, int fd)
{
	struct stat layer, dir;

	if (fstat(root_fd, &layer) < 0 || fstat(fd, &dir) < 0)
		return -errno;
	if (!S_ISDIR(dir.st_mode) || dir.st_dev != layer.st_dev)
		return -EPERM;
	return fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0 ? -errno : 0;
}

/* Serves the jail until it has its result. */
static int serve(int socket, int root_fd, struct unpack_result *ret, struct err *e)
{
	for (;;) {
		cleanup_msg_fds struct msg_fds fds = {.n = 0};
		struct message m;
		ssize_t n = msg_recv(socket, &m, sizeof m, &fds);
		int answer;

		if (n == -EAGAIN)
			return err_set(
				e, -ETIMEDOUT, "unpacking took more than %d s", DEADLINE_MS / 1000);
		if (n < 0)
			return err_errno(e, (int)n, "waiting for the layer");
		if (n == 0)
			return -ECHILD;
		if (n != sizeof m)
			return err_set(e, -EPROTO, "the unpacker sent nonsense");
		switch (m.kind) {
		case SAYS_OPAQUE:
			answer = fds.n == 1 ? mark_opaque(root_fd, fds.fd[0]) : -EPROTO;
			if (msg_send(socket, &answer, sizeof answer, NULL) < 0)
				return -ECHILD;
			break;
		case SAYS_RESULT:
			*ret = m.result;
			ret->digest.text[DIGEST_SIZE - 1] = '\0';
			ret->diff_id.text[DIGEST_SIZE - 1] = '\0';
			return 0;
		case SAYS_FAILED:
		default:
			m.text[sizeof m.text - 1] = '\0';
			return err_set(e, m.code < 0 ? m.code : -EPROTO, "%s", m.text);
		}
	}
}

/* Why the jail ended without a word. */
static int explain_end(struct child *child, struct err *e)
{
	static const struct {
		int signal;
		const char *why;
	} reasons[] = {
		{SIGSYS, "its system call filter stopped it"},
		{SIGKILL, "it was killed (out of memory, or out of processor time?)"},
	};
	int status;

	if (child_wait(child, 5000, &status) < 0) {
		child_kill(child);
		return err_set(e, -EIO, "the unpacker hung up");
	}
	for (size_t i = 0; WIFSIGNALED(status) && i < ARRAY_SIZE(reasons); i++)
		if (WTERMSIG(status) == reasons[i].signal)
			return err_set(e, -EIO, "the unpacker died: %s", reasons[i].why);
	return err_set(e, -EIO, "the unpacker died (%s %d)",
		WIFSIGNALED(status) ? "signal" : "exit status",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static int check(const struct wanted *w, const struct unpack_result *got, struct err *e)
{
	if (w->has_size && got->in_bytes != w->size_bytes)
		return err_set(e, -EBADMSG, "it has %llu bytes where %llu were announced",
			(unsigned long long)got->in_bytes, (unsigned long long)w->size_bytes);
	if (w->digest && !streq(w->digest, got->digest.text))
		return err_set(
			e, -EBADMSG, "its digest is %s, not %s", got->digest.text, w->digest);
	if (w->diff_id && !streq(w->diff_id, got->diff_id.text))
		return err_set(
			e, -EBADMSG, "its diffID is %s, not %s", got->diff_id.text, w->diff_id);
	return 0;
}

static int run(int root_fd, const struct wanted *wanted, struct unpack_result *ret, struct err *e)
{
	struct timeval deadline = {.tv_sec = DEADLINE_MS / 1000};
	cleanup_close int ours = -EBADF, theirs = -EBADF;
	struct child child;
	int pair[2], status, r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(e, -errno, "unpacking a layer");
	ours = pair[0];
	theirs = pair[1];
	if (setsockopt(ours, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline) < 0)
		return err_errno(e, -errno, "unpacking a layer");
	r = jail_fork(root_fd, &child, e);
	if (r < 0)
		return r;
	if (r == 0)
		run_jailed(theirs, wanted);
	(void)close(take_fd(theirs));
	r = serve(ours, root_fd, ret, e);
	if (r == -ECHILD)
		return explain_end(&child, e);
	if (r < 0 || child_wait(&child, 5000, &status) < 0)
		child_kill(&child);
	if (r == 0)
		r = check(wanted, ret, e);
	return r;
}

/* The message may quote an entry's name, which is any bytes. */
static const char *printable(char *text)
{
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return text;
}

static char *result_text(const struct unpack_result *result)
{
	cleanup_json json_t *j = json_object();

	json_put_str(j, "digest", result->digest.text);
	json_put_str(j, "diff_id", result->diff_id.text);
	json_put_int(j, "size", (json_int_t)result->in_bytes);
	json_put_int(j, "bytes", (json_int_t)result->counts.file_bytes);
	json_put_int(j, "entries", (json_int_t)result->counts.entries);
	json_put_int(j, "dropped_xattrs", (json_int_t)result->counts.dropped_xattrs);
	return json_text(j);
}

static char *error_text(int code, struct err *e)
{
	cleanup_json json_t *j = json_object();

	json_put_int(j, "code", code);
	json_put_str(j, "error", printable(e->msg));
	return json_text(j);
}

static int unpack_layer(const struct wanted *wanted, char **ret_text, struct err *e)
{
	struct unpack_result result = {0};
	cleanup_close int root_fd = -EBADF;
	cleanup_free char *text = NULL;
	int r;

	if (mkdirat(DIR_FD, "fs", 0755) < 0)
		return err_errno(e, -errno, "making the layer's directory");
	root_fd = openat(DIR_FD, "fs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root_fd < 0)
		return err_errno(e, -errno, "opening the layer's directory");
	r = run(root_fd, wanted, &result, e);
	if (r < 0)
		return r;
	text = result_text(&result);
	r = fs_write_atomic(DIR_FD, "layer.json", text, strlen(text), 0600, FS_NO_SYNC);
	/* The agent renames the directory into its store: half a layer must never be seen there. */
	if (r == 0 && syncfs(DIR_FD) < 0)
		r = -errno;
	if (r < 0)
		return err_errno(e, r, "writing the layer to disk");
	*ret_text = take(text);
	return 0;
}

static int discard(char *const *names)
{
	int status = 0;

	for (; *names; names++) {
		int r = fs_remove_tree(DIR_FD, *names);

		if (r < 0) {
			(void)fprintf(
				stderr, "berth-unpack: removing %s: %s\n", *names, strerror(-r));
			status = 1;
		}
	}
	return status;
}

static int sync_to_disk(char *const *names)
{
	for (; *names; names++) {
		cleanup_close int fd = fs_open_beneath(DIR_FD, *names, O_RDONLY, 0);

		if (fd < 0 || fsync(fd) < 0) {
			(void)fprintf(stderr, "berth-unpack: writing %s to disk: %s\n", *names,
				strerror(fd < 0 ? -fd : errno));
			return 1;
		}
	}
	return 0;
}

static const struct option options[] = {
	{"digest", required_argument, NULL, 'd'},
	{"size", required_argument, NULL, 's'},
	{"diff-id", required_argument, NULL, 'i'},
	{"discard", no_argument, NULL, 'x'},
	{"sync", no_argument, NULL, 'y'},
	{0},
};

/* Unpacks, and says how it went in one line. Returns: the exit code. */
static int unpack_and_tell(const struct wanted *wanted)
{
	struct err e = {0};
	char *text = NULL;
	int r = unpack_layer(wanted, &text, &e), told;

	if (r < 0)
		text = error_text(r, &e);
	told = fs_write_all(RESULT_FD, text, strlen(text));
	if (told == 0)
		told = fs_write_all(RESULT_FD, "\n", 1);
	free(text);
	return r < 0 || told < 0;
}

int main(int argc, char **argv)
{
	struct wanted wanted = {.size_bytes = UINT64_MAX};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'd') {
			wanted.digest = optarg;
		} else if (c == 'i') {
			wanted.diff_id = optarg;
		} else if (c == 's' && parse_u64(sv(optarg), &wanted.size_bytes) == 0) {
			wanted.has_size = true;
		} else if (c == 'x') {
			return discard(argv + optind);
		} else if (c == 'y') {
			return sync_to_disk(argv + optind);
		} else {
			(void)fprintf(stderr, "usage: berth-unpack [--digest D] [--size N] "
					      "[--diff-id D] <layer 3<dir\n");
			return 2;
		}
	}
	(void)umask(0);
	return unpack_and_tell(&wanted);
}
