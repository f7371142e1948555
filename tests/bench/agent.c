/* SPDX-License-Identifier: Apache-2.0 */
/*
 * berthd below a root of its own, spoken to as any client would: HTTP over its socket.
 */
#include "tests/bench/bench.h"

#include "cgroups/group.h"
#include "cgroups/kill.h"
#include "cgroups/members.h"
#include "runtime/base/fs.h"
#include "runtime/base/json.h"
#include "runtime/base/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { READY_S = 30, ANSWER_MAX = 16 << 20, GONE_MS = 60000, STOP_MS = 10000 };

/* ---- HTTP, as little as one needs ---- */

static int connect_to(const struct bench *b)
{
	cleanup_free char *path = xasprintf("%s/run/berth/berth.sock", b->agent_root);
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof a.sun_path)
		die("%s: too long for a socket: set BENCH_DIR to a shorter one", path);
	memcpy(a.sun_path, path, strlen(path) + 1);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof a) < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

/* The body behind the header; chunks are put together in place. */
static struct sv body_of(char *answer, size_t n)
{
	char *body = strstr(answer, "\r\n\r\n"), *to, *at;

	if (!body)
		die("an answer without an end of its header: %.200s", answer);
	body += 4;
	if (!strcasestr(answer, "\r\nTransfer-Encoding: chunked\r\n"))
		return (struct sv){body, n - (size_t)(body - answer)};
	for (to = at = body;;) {
		char *end;
		size_t size = strtoul(at, &end, 16);

		if (size == 0 || end + 2 + size > answer + n)
			return (struct sv){body, (size_t)(to - body)};
		memmove(to, end + 2, size);
		to += size;
		at = end + 2 + size + 2;
	}
}

char *agent_ask(const struct bench *b, const char *method, const char *path, const json_t *body,
	size_t *ret_n, int *ret_status)
{
	cleanup_free char *text = body ? json_text(body) : xstrdup("");
	cleanup_free char *request =
		xasprintf("%s %s HTTP/1.1\r\nHost: berth\r\nConnection: close\r\n"
			  "Content-Type: application/json\r\nContent-Length: "
			  "%zu\r\n\r\n%s",
			method, path, strlen(text), text);
	cleanup_close int fd = connect_to(b);
	char *answer = NULL;

	if (fs_write_all(fd, request, strlen(request)) < 0 ||
		fs_read_fd(fd, ANSWER_MAX, &answer, ret_n) < 0)
		die("%s %s: %s", method, path, strerror(errno));
	if (sscanf(answer, "HTTP/1.1 %d", ret_status) != 1)
		die("%s %s: not HTTP: %.200s", method, path, answer);
	return answer;
}

json_t *agent_call(const struct bench *b, const char *method, const char *path, const json_t *body,
	int *ret_status)
{
	size_t n;
	cleanup_free char *answer = agent_ask(b, method, path, body, &n, ret_status);
	struct err e = {0};
	json_t *j = NULL;

	(void)json_parse(body_of(answer, n), &j, &e);
	return j;
}

/* ---- its life ---- */

pid_t run_beside(const char *const *argv, const char *const *env, int out_fd)
{
	struct spawn s = {.argv = argv, .env = env, .fds = {{out_fd, 1}, {out_fd, 2}}, .n_fds = 2};
	struct child c;
	struct err e = {0};

	if (spawn(&s, &c, &e) < 0)
		die("%s: %s", argv[0], err_text(&e));
	(void)close(c.pidfd);
	return c.pid;
}

static void wait_ready(int notify_fd, const char *log)
{
	struct pollfd p = {.fd = notify_fd, .events = POLLIN};
	char text[512];

	for (;;) {
		ssize_t n;

		if (poll(&p, 1, READY_S * 1000) != 1)
			die("berthd is not ready after %d s; see %s", READY_S, log);
		n = recv(notify_fd, text, sizeof text - 1, 0);
		text[n > 0 ? n : 0] = '\0';
		if (strstr(text, "READY=1"))
			return;
	}
}

static int notify_socket(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&a, sizeof a) < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

void agent_start(struct bench *b)
{
	cleanup_free char *program = xasprintf("%s/berthd", b->build);
	cleanup_free char *lib = xasprintf("%s/var/lib/berth", b->agent_root);
	cleanup_free char *image = xasprintf("%s/probe", b->root);
	cleanup_free char *log = xasprintf("%s/berthd.log", b->root);
	cleanup_free char *notify = xasprintf("%s/notify", b->root);
	cleanup_free char *env = xasprintf("NOTIFY_SOCKET=%s", notify);
	cleanup_close int fd = -EBADF, log_fd = -EBADF;

	if (b->berthd)
		return;
	(void)umask(077);
	(void)load_seconds(b, lib, image);
	fd = notify_socket(notify);
	log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	b->berthd = run_beside((const char *const[]){program, "--root", b->agent_root, "--cgroup",
				       b->agent_base, NULL},
		(const char *const[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin", env, NULL}, log_fd);
	wait_ready(fd, log);
}

static void remove_groups(const struct bench *b, const char *base)
{
	if (cgroup_kill(&b->host, base) < 0 || cgroup_wait_empty(&b->host, base, 5000) < 0 ||
		cgroup_remove(&b->host, base) < 0)
		die("the cgroup %s cannot be removed", base);
}

void agent_stop(struct bench *b)
{
	cleanup_free char *shims = NULL;
	json_t *unused;
	int status;

	if (!b->berthd)
		return;
	(void)kill(b->berthd, SIGCONT); /* a measurement that failed may have left it stopped */
	unused = agent_call(
		b, "DELETE", "/api/v1/namespaces/default/pods?gracePeriodSeconds=0", NULL, &status);
	json_drop(unused);
	for (int i = 0; i < GONE_MS / 100; i++) {
		cleanup_json json_t *list =
			agent_call(b, "GET", "/api/v1/namespaces/default/pods", NULL, &status);

		if (json_array_size(json_list(list, "items")) == 0)
			break;
		sleep_ms(100);
	}
	(void)kill(b->berthd, SIGTERM);
	/* Not this process's child: its group says when it is gone. */
	if (cgroup_wait_empty(&b->host, b->group, STOP_MS) < 0)
		die("berthd has not ended");
	b->berthd = 0;
	shims = xasprintf("%s-shims", b->agent_base);
	remove_groups(b, b->agent_base);
	remove_groups(b, shims);
}

/* ---- pods ---- */

static json_t *container_json(const struct pod_spec *p, int i)
{
	json_t *c = json_object(), *args = json_array(), *mounts = json_array();
	json_t *mount = json_object(), *name = json_sprintf("c%d", i);

	json_put(c, "name", name);
	json_put_str(c, "image", "localhost/bench/probe:latest");
	json_put_str(c, "imagePullPolicy", "Never");
	json_push(args, json_string("/probe"));
	json_push(args, json_string(p->verb));
	json_push(args, json_string("/bench/stamp"));
	if (p->argument)
		json_push(args, json_string(p->argument));
	json_put(c, "command", args);
	json_put_str(mount, "name", "bench");
	json_put_str(mount, "mountPath", "/bench");
	json_push(mounts, mount);
	json_put(c, "volumeMounts", mounts);
	return c;
}

static json_t *pod_json(const struct bench *b, const struct pod_spec *p)
{
	json_t *pod = json_object(), *containers = json_array(), *volumes = json_array();
	json_t *volume = json_object(), *spec;

	json_put_str(pod, "apiVersion", "v1");
	json_put_str(pod, "kind", "Pod");
	json_put_str(json_sub(pod, "metadata"), "name", p->name);
	if (p->annotation)
		json_put_str(json_sub(json_sub(pod, "metadata"), "annotations"), p->annotation,
			p->value);
	spec = json_sub(pod, "spec");
	json_put_str(spec, "restartPolicy", p->policy);
	for (int i = 0; i < p->containers; i++)
		json_push(containers, container_json(p, i));
	json_put(spec, "containers", containers);
	json_put_str(volume, "name", "bench");
	json_put(json_sub(volume, "hostPath"), "path", json_sprintf("%s/stamps", b->root));
	json_push(volumes, volume);
	json_put(spec, "volumes", volumes);
	return pod;
}

char *pod_create(const struct bench *b, const struct pod_spec *p)
{
	cleanup_json json_t *pod = pod_json(b, p);
	int status;
	cleanup_json json_t *answer =
		agent_call(b, "POST", "/api/v1/namespaces/default/pods", pod, &status);

	if (status != 201)
		die("pod %s: %d %s", p->name, status, json_str_or(answer, "message", ""));
	return xstrdup(json_str_or(json_map(answer, "metadata"), "uid", ""));
}

void pods_delete(const struct bench *b, const char *prefix, int n)
{
	for (int wait = 0; wait < 2; wait++)
		for (int i = 0; i < n; i++) {
			cleanup_free char *path =
				xasprintf("/api/v1/namespaces/default/pods/%s%d%s", prefix, i,
					wait ? "" : "?gracePeriodSeconds=0");
			int status = 0;

			for (int k = 0; k < (wait ? GONE_MS / 5 : 1); k++) {
				json_drop(agent_call(
					b, wait ? "GET" : "DELETE", path, NULL, &status));
				if (!wait || status == 404)
					break;
				sleep_ms(5);
			}
			if (wait ? status != 404 : status >= 300)
				die("%s: %d", path, status);
		}
}

static int keep_shim(pid_t pid, void *arg)
{
	char file[32], name[32] = "";
	FILE *f;

	(void)snprintf(file, sizeof file, "/proc/%d/comm", (int)pid);
	f = fopen(file, "re");
	if (f && fgets(name, sizeof name, f) && strcmp(name, "berth-shim\n") == 0 &&
		(*(pid_t *)arg == 0 || pid < *(pid_t *)arg))
		*(pid_t *)arg = pid;
	if (f)
		(void)fclose(f);
	return 0;
}

static int keep_last(pid_t pid, void *arg)
{
	*(pid_t *)arg = pid;
	return 0;
}

static pid_t member(const struct bench *b, const char *path, int (*fn)(pid_t, void *))
{
	for (int i = 0; i < 500; i++) {
		pid_t pid = 0;

		if (cgroup_each_pid(&b->host, path, fn, &pid) < 0)
			die("no processes of the cgroup %s", path);
		if (pid > 0)
			return pid;
		sleep_ms(10);
	}
	die("the cgroup %s stays empty", path);
}

pid_t pod_shim(const struct bench *b, const char *uid)
{
	char path[CGROUP_PATH_MAX];

	if (cgroup_shim_path(path, sizeof path, b->agent_base, uid) < 0)
		die("pod uid %s", uid);
	return member(b, path, keep_shim);
}

pid_t pod_process(const struct bench *b, const char *uid)
{
	char path[CGROUP_PATH_MAX];

	if (cgroup_path(path, sizeof path, b->agent_base, uid, NULL) < 0)
		die("pod uid %s", uid);
	return member(b, path, keep_last);
}
