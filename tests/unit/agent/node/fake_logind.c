/* SPDX-License-Identifier: Apache-2.0 */
/* See fake_logind.h. */
#include "tests/unit/agent/node/fake_logind.h"

#include "runtime/base/own.h"
#include "runtime/base/str.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	(void)fprintf(stderr, "fake logind: %s: %s\n", what, strerror(-r));
	abort();
}

static int on_release(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct fake_logind *f = data;

	(void)source;
	(void)events;
	f->watch = sd_event_source_disable_unref(f->watch);
	(void)close(fd);
	f->lock_fd = -1;
	if (f->released)
		f->released(f);
	return 0;
}

static int inhibit(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct fake_logind *f = data;
	const char *what, *who, *why, *mode;
	int ends[2], r;

	check(sd_bus_message_read(m, "ssss", &what, &who, &why, &mode), "Inhibit");
	/* Source: logind: no lock is given while what it is for is going on. */
	if (f->preparing)
		return sd_bus_error_set(error, "org.freedesktop.login1.OperationInProgress",
			"The operation inhibition has been requested for is already running");
	(void)snprintf(f->asked, sizeof f->asked, "%s|%s|%s", what, who, mode);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	if (f->lock_fd >= 0) {
		f->watch = sd_event_source_disable_unref(f->watch);
		(void)close(f->lock_fd);
	}
	f->lock_fd = ends[0];
	f->locks++;
	check(sd_event_add_io(sd_bus_get_event(f->bus), &f->watch, ends[0], 0, on_release, f),
		"watch");
	r = sd_bus_reply_method_return(m, "h", ends[1]);
	(void)close(ends[1]);
	return r;
}

static const sd_bus_vtable manager[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Inhibit", "ssss", "h", inhibit, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY(
		"InhibitDelayMaxUSec", "t", NULL, offsetof(struct fake_logind, delay_us), 0),
	SD_BUS_PROPERTY(
		"PreparingForShutdown", "b", NULL, offsetof(struct fake_logind, preparing), 0),
	SD_BUS_SIGNAL("PrepareForShutdown", "b", 0),
	SD_BUS_VTABLE_END,
};

void fake_logind_open(struct fake_logind *f, sd_event *loop, const char *address)
{
	f->lock_fd = -1;
	check(sd_bus_new(&f->bus), "new");
	check(sd_bus_set_address(f->bus, address), address);
	check(sd_bus_set_bus_client(f->bus, 1), "client");
	check(sd_bus_negotiate_fds(f->bus, 1), "fds");
	check(sd_bus_start(f->bus), "start");
	check(sd_bus_attach_event(f->bus, loop, SD_EVENT_PRIORITY_NORMAL), "loop");
	check(sd_bus_add_object_vtable(f->bus, NULL, "/org/freedesktop/login1",
		      "org.freedesktop.login1.Manager", manager, f),
		"vtable");
	check(sd_bus_request_name(f->bus, "org.freedesktop.login1", 0), "name");
}

void fake_logind_close(struct fake_logind *f)
{
	f->watch = sd_event_source_disable_unref(f->watch);
	if (f->lock_fd >= 0)
		(void)close(f->lock_fd);
	f->lock_fd = -1;
	f->bus = sd_bus_flush_close_unref(f->bus);
}

void fake_logind_prepare(struct fake_logind *f, bool preparing)
{
	f->preparing = preparing;
	check(sd_bus_emit_signal(f->bus, "/org/freedesktop/login1",
		      "org.freedesktop.login1.Manager", "PrepareForShutdown", "b", f->preparing),
		"PrepareForShutdown");
}

char *fake_bus_start(int *ret_pid)
{
	int ends[2];
	char address[256];
	pid_t pid;

	check(pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0, "pipe");
	pid = fork();
	check(pid < 0 ? -errno : 0, "fork");
	if (pid == 0) {
		sigset_t none;

		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		(void)dup2(ends[1], 3);
		(void)execlp("dbus-daemon", "dbus-daemon", "--session", "--nofork", "--nopidfile",
			"--print-address=3", NULL);
		_exit(127);
	}
	(void)close(ends[1]);
	ssize_t n = read(ends[0], address, sizeof address - 1);
	(void)close(ends[0]);
	check(n <= 0 ? -EIO : 0, "dbus-daemon (apt-get install dbus-daemon)");
	address[n] = '\0';
	address[strcspn(address, "\n")] = '\0';
	*ret_pid = pid;
	return xstrdup(address);
}

void fake_bus_stop(int pid)
{
	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, NULL, 0);
}
