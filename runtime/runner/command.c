/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands: a session each, one pipe for what they write, an answer when the first process has ended. What a
 * command leaves in the background lives on, as after any exec; a command that is killed takes its session along.
 */
#include "runtime/runner/command.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum stage { STAGE_NONE, STAGE_DIRECTORY, STAGE_EXEC };

/* Why a child could not become the command: written by it, gone from it with its exec. */
struct failure {
	enum stage stage;
	int code;
};

static struct command {
	pid_t pid; /* 0: free */
	int fd;
	uint64_t id;
	char program[128]; /* its first word, for messages */
	size_t n;
	char output[RUNNER_OUTPUT_MAX];
} commands[RUNNER_COMMANDS_MAX];
static struct failure *failures; /* one a command, shared with the children */
static char directory[4096];	 /* the container's working directory */

extern char **environ;

int command_open(void)
{
	failures = mmap(NULL, sizeof *failures * RUNNER_COMMANDS_MAX, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (failures == MAP_FAILED)
		return -errno;
	if (!getcwd(directory, sizeof directory))
		directory[0] = '\0';
	return 0;
}

static void answer(enum runner_verb verb, uint64_t id, int code, const char *text, size_t n)
{
	static char buf[sizeof(struct runner_head) + RUNNER_OUTPUT_MAX];
	const struct runner_head head = {.id = id, .verb = verb, .number = (uint32_t)code};
	struct pollfd p = {.fd = RUNNER_FD_SOCKET, .events = POLLOUT};

	memcpy(buf, &head, sizeof head);
	memcpy(buf + sizeof head, text, n);
	/* The shim reads at once; should it not, there is nobody to answer to, and waiting is all there is to do. */
	while (send(RUNNER_FD_SOCKET, buf, sizeof head + n, MSG_NOSIGNAL) < 0)
		if ((errno != EAGAIN && errno != EINTR) || poll(&p, 1, -1) < 0)
			return;
}

/* The words of the runtime for the same thing. */
static void answer_failure(uint64_t id, const struct failure *f, const char *program)
{
	char text[512], why[64];

	(void)snprintf(why, sizeof why, "%s", strerror(f->code));
	why[0] = (char)tolower((unsigned char)why[0]);
	if (f->stage == STAGE_DIRECTORY)
		(void)snprintf(text, sizeof text, "chdir to cwd (\"%.200s\"): %s", directory, why);
	else if (f->code == ENOENT && !strchr(program, '/'))
		(void)snprintf(text, sizeof text,
			"exec: \"%.200s\": executable file not found in $PATH", program);
	else
		(void)snprintf(text, sizeof text, "exec: \"%.200s\": %s", program, why);
	answer(RUNNER_FAILED, id, 0, text, strlen(text));
}

/* ---- the child ------------------------------------------------------------------------------------------ */

/* execvp would hand a file without a known format to a shell; the runtime does not. */
static int exec_in_path(char *const *argv)
{
	struct sv rest = sv(getenv("PATH"));
	int r = -ENOENT;

	while (rest.n) {
		struct sv dir = sv_cut(&rest, ':');
		char path[4096];

		if (!dir.n)
			dir = sv(".");
		if (snprintf(path, sizeof path, "%.*s/%s", (int)dir.n, dir.p, argv[0]) >=
			(int)sizeof path)
			continue;
		(void)execve(path, argv, environ);
		if (errno == EACCES)
			r = -EACCES;
		else if (errno != ENOENT && errno != ENOTDIR)
			return -errno;
	}
	return r;
}

static int exec_command(char *const *argv)
{
	if (!strchr(argv[0], '/'))
		return exec_in_path(argv);
	(void)execve(argv[0], argv, environ);
	return -errno;
}

_Noreturn static void become(char *const *argv, int output, pid_t runner, struct failure *f)
{
	enum { EXIT_NOT_STARTED = 127 };
	sigset_t none;

	(void)setsid();
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* With the runner goes what it has to answer for. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != runner)
		_exit(EXIT_NOT_STARTED);
	f->stage = STAGE_EXEC;
	if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0) {
		f->code = errno;
	} else if (directory[0] && chdir(directory) < 0) {
		*f = (struct failure){STAGE_DIRECTORY, errno};
	} else {
		/* Until the exec has failed there is nothing to be read here. */
		f->code = -exec_command(argv);
	}
	_exit(EXIT_NOT_STARTED);
}

/* ---- starting ------------------------------------------------------------------------------------------- */

static struct command *free_command(void)
{
	for (size_t i = 0; i < RUNNER_COMMANDS_MAX; i++)
		if (!commands[i].pid)
			return &commands[i];
	return NULL;
}

static int start(struct command *c, uint64_t id, char *const *argv)
{
	struct failure *f = &failures[c - commands];
	pid_t runner = getpid(), pid;
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*f = (struct failure){STAGE_NONE, 0};
	pid = fork();
	if (pid == 0)
		become(argv, ends[1], runner, f);
	r = pid < 0 ? -errno : 0;
	(void)close(ends[1]);
	if (r < 0) {
		(void)close(ends[0]);
		return r;
	}
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	c->pid = pid;
	c->fd = ends[0];
	c->id = id;
	c->n = 0;
	(void)snprintf(c->program, sizeof c->program, "%.*s", (int)sizeof c->program - 1, argv[0]);
	return 0;
}

void command_run(uint64_t id, char *const *argv)
{
	struct command *c = free_command();
	int r = c ? start(c, id, argv) : -EBUSY;

	if (r < 0)
		answer_failure(id, &(const struct failure){STAGE_EXEC, -r}, argv[0]);
}

/* ---- killing -------------------------------------------------------------------------------------------- */

/* The session of a process, by its stat: the fourth number behind the name in brackets. 0: not known. */
static pid_t session_of(const char *pid)
{
	char path[64], text[512];
	const char *at;
	int fd, session = 0;
	ssize_t n;

	if (snprintf(path, sizeof path, "/proc/%.20s/stat", pid) >= (int)sizeof path)
		return 0;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		(void)close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	at = strrchr(text, ')');
	return at && sscanf(at, ") %*c %*d %*d %d", &session) == 1 ? session : 0;
}

/* Those of the session that left its first process group. The session's number is not given to another while its
 * leader is not reaped; a member's might be, between the look and the kill: so the look comes second. */
static bool kill_members(pid_t session)
{
	DIR *proc = opendir("/proc");
	bool found = false;

	for (struct dirent *entry; proc && (entry = readdir(proc)) != NULL;) {
		uint32_t pid;
		int pidfd;

		if (parse_u32_max(sv(entry->d_name), INT32_MAX, &pid) < 0 || pid == 0)
			continue;
		pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
		if (pidfd < 0)
			continue;
		if (pid != (uint32_t)session && session_of(entry->d_name) == session &&
			syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0)
			found = true;
		(void)close(pidfd);
	}
	if (proc)
		(void)closedir(proc);
	return found;
}

static void kill_command(const struct command *c)
{
	enum { ROUNDS = 4 }; /* for those that were being born meanwhile */

	(void)kill(c->pid, SIGKILL);
	(void)kill(-c->pid, SIGKILL);
	for (int i = 0; i < ROUNDS && kill_members(c->pid); i++)
		;
}

void command_kill(uint64_t id)
{
	for (size_t i = 0; i < RUNNER_COMMANDS_MAX; i++)
		if (commands[i].pid && commands[i].id == id)
			kill_command(&commands[i]);
}

void command_kill_all(void)
{
	for (size_t i = 0; i < RUNNER_COMMANDS_MAX; i++)
		if (commands[i].pid)
			kill_command(&commands[i]);
}

/* ---- what they write, and their end --------------------------------------------------------------------- */

void command_poll(struct pollfd *fds)
{
	for (size_t i = 0; i < RUNNER_COMMANDS_MAX; i++)
		fds[i] = (struct pollfd){
			.fd = commands[i].pid ? commands[i].fd : -1, .events = POLLIN};
}

/* Returns false when there is nothing more to read now. */
static bool read_some(struct command *c)
{
	static char beyond[4096];
	size_t room = sizeof c->output - c->n;
	ssize_t n = read(c->fd, room ? c->output + c->n : beyond, room ? room : sizeof beyond);

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			(void)close(c->fd);
			c->fd = -1;
		}
		return false;
	}
	if (room)
		c->n += (size_t)n;
	return true;
}

void command_read(const struct pollfd *fds)
{
	for (size_t i = 0; i < RUNNER_COMMANDS_MAX; i++)
		if (fds[i].fd >= 0 && fds[i].revents && commands[i].fd == fds[i].fd)
			(void)read_some(&commands[i]);
}

/* What is in the pipe is the command's; what others may still write there is not waited for. */
static void finish(struct command *c, int status)
{
	enum { READS_MAX = 32 };
	const struct failure *f = &failures[c - commands];
	int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);

	for (int i = 0; i < READS_MAX && c->fd >= 0 && read_some(c); i++)
		;
	if (c->fd >= 0)
		(void)close(c->fd);
	c->pid = 0;
	if (f->code)
		answer_failure(c->id, f, c->program);
	else
		answer(RUNNER_EXITED, c->id, code, c->output, c->n);
}

void command_reap(void)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < RUNNER_COMMANDS_MAX; i++)
			if (commands[i].pid == pid)
				finish(&commands[i], status);
}
