/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Speaks to logind over the system bus, only by messages that are waited for in the loop. The lock is handed to systemd
 * for keeping (FDSTORE): an agent that is killed while the machine goes down does not let it go on, and the next agent
 * finds that it is going down.
 */
#include "agent/node/logind.h"

#include "runtime/base/clock.h"
#include "runtime/base/log.h"
#include "runtime/base/own.h"
#include "runtime/base/str.h"

#include <fcntl.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>

static const char NAME[] = "org.freedesktop.login1", PATH[] = "/org/freedesktop/login1",
		  MANAGER[] = "org.freedesktop.login1.Manager",
		  PROPERTIES[] = "org.freedesktop.DBus.Properties", FD_NAME[] = "shutdown-lock";

enum { DELAY_DEFAULT_S = 5, AGAIN_S = 60 };

struct logind {
	struct logind_options o;
	sd_bus *bus;
	sd_event_source *again; /* after the bus has gone away */
	int lock_fd;
	uint64_t delay_ns; /* InhibitDelayMaxSec */
	bool said, preparing;
};

static void say_missing(struct logind *l, const char *what, const char *why)
{
	if (l->said)
		return;
	l->said = true;
	log_line(LOG_NOTICE, "a shutdown of this machine will not wait for pods to stop in order",
		"because", what, "error", why);
}

/* ---- the lock ----------------------------------------------------------------------------------------- */

static void keep_lock(struct logind *l, int own_fd)
{
	if (l->lock_fd >= 0)
		(void)close(l->lock_fd);
	l->lock_fd = own_fd;
}

/* The lock that an agent before this one gave systemd to keep. */
static void inherit_lock(struct logind *l)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names);

	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;
		if (streq(names[i], FD_NAME) && l->lock_fd < 0)
			l->lock_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		(void)close(fd);
		free(names[i]);
	}
	free(names);
}

void logind_release(struct logind *l)
{
	(void)sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=shutdown-lock");
	keep_lock(l, -EBADF);
}

static int on_lock(sd_bus_message *m, void *data, sd_bus_error *ignored)
{
	struct logind *l = data;
	const sd_bus_error *error = sd_bus_message_get_error(m);
	int fd = -EBADF;

	(void)ignored;
	if (error) {
		/* In the middle of a shutdown none is given: it is known from the property. */
		if (!l->preparing)
			say_missing(l, "logind gives no lock", error->message);
		return 0;
	}
	if (sd_bus_message_read(m, "h", &fd) < 0 || (fd = fcntl(fd, F_DUPFD_CLOEXEC, 3)) < 0)
		return 0;
	keep_lock(l, fd);
	(void)sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=shutdown-lock");
	(void)sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=shutdown-lock", &fd, 1);
	return 0;
}

static void ask_lock(struct logind *l)
{
	(void)sd_bus_call_method_async(l->bus, NULL, NAME, PATH, MANAGER, "Inhibit", on_lock, l,
		"ssss", "shutdown", "berth", "Stopping pods in order", "delay");
}

/* ---- what logind says --------------------------------------------------------------------------------- */

static void take_preparing(struct logind *l, bool preparing)
{
	bool before = l->preparing;

	l->preparing = preparing;
	if (preparing && !before) {
		l->o.begins(l->o.data, l->delay_ns);
	} else if (!preparing) {
		l->o.stays(l->o.data);
		ask_lock(l);
	}
}

static int on_prepare(sd_bus_message *m, void *data, sd_bus_error *ignored)
{
	int preparing;

	(void)ignored;
	if (sd_bus_message_read(m, "b", &preparing) >= 0)
		take_preparing(data, preparing);
	return 0;
}

static int on_preparing(sd_bus_message *m, void *data, sd_bus_error *ignored)
{
	struct logind *l = data;
	int preparing;

	(void)ignored;
	if (sd_bus_message_is_method_error(m, NULL) ||
		sd_bus_message_read(m, "v", "b", &preparing) < 0)
		l->o.stays(l->o.data);
	else
		take_preparing(l, preparing);
	return 0;
}

static int on_delay(sd_bus_message *m, void *data, sd_bus_error *ignored)
{
	struct logind *l = data;
	uint64_t us;

	(void)ignored;
	if (sd_bus_message_is_method_error(m, NULL)) {
		const sd_bus_error *error = sd_bus_message_get_error(m);
		say_missing(l, "there is no logind", error ? error->message : "");
		return 0;
	}
	if (sd_bus_message_read(m, "v", "t", &us) >= 0 && us < UINT64_MAX / 1000)
		l->delay_ns = us * 1000;
	return 0;
}

/* Answers come in the order of the questions: how long, then whether. */
static void ask(struct logind *l)
{
	(void)sd_bus_call_method_async(l->bus, NULL, NAME, PATH, PROPERTIES, "Get", on_delay, l,
		"ss", MANAGER, "InhibitDelayMaxUSec");
	(void)sd_bus_call_method_async(l->bus, NULL, NAME, PATH, PROPERTIES, "Get", on_preparing, l,
		"ss", MANAGER, "PreparingForShutdown");
}

/* logind has come, or come back: it keeps locks over its own restart, a new one does no harm. */
static int on_owner(sd_bus_message *m, void *data, sd_bus_error *ignored)
{
	const char *name, *old, *new;

	(void)ignored;
	if (sd_bus_message_read(m, "sss", &name, &old, &new) >= 0 && new[0])
		ask(data);
	return 0;
}

/* ---- the bus ------------------------------------------------------------------------------------------ */

static int on_again(sd_event_source *source, uint64_t usec, void *data);

static int on_gone(sd_bus_message *m, void *data, sd_bus_error *ignored)
{
	struct logind *l = data;

	(void)m;
	(void)ignored;
	log_line(LOG_WARNING, "the system bus is gone; it is looked for again");
	(void)sd_event_add_time_relative(l->o.loop, &l->again, CLOCK_BOOTTIME,
		(uint64_t)AGAIN_S * 1000000, 1000000, on_again, l);
	return 0;
}

static int connect_bus(struct logind *l)
{
	int r = sd_bus_open_system_with_description(&l->bus, "berthd");

	if (r >= 0)
		r = sd_bus_attach_event(l->bus, l->o.loop, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = sd_bus_match_signal_async(l->bus, NULL, NAME, PATH, MANAGER,
			"PrepareForShutdown", on_prepare, NULL, l);
	if (r >= 0)
		r = sd_bus_add_match_async(l->bus, NULL,
			"type='signal',sender='org.freedesktop.DBus',"
			"interface='org.freedesktop.DBus',member='NameOwnerChanged',"
			"arg0='org.freedesktop.login1'",
			on_owner, NULL, l);
	if (r >= 0)
		r = sd_bus_match_signal(l->bus, NULL, NULL, "/org/freedesktop/DBus/Local",
			"org.freedesktop.DBus.Local", "Disconnected", on_gone, l);
	if (r >= 0)
		ask(l);
	else
		l->bus = sd_bus_close_unref(l->bus);
	return r;
}

static int on_again(sd_event_source *source, uint64_t usec, void *data)
{
	struct logind *l = data;

	(void)source;
	l->again = sd_event_source_disable_unref(l->again);
	l->bus = sd_bus_close_unref(l->bus);
	if (connect_bus(l) < 0)
		(void)sd_event_add_time(l->o.loop, &l->again, CLOCK_BOOTTIME,
			usec + (uint64_t)AGAIN_S * 1000000, 1000000, on_again, l);
	return 0;
}

int logind_open(const struct logind_options *options, struct logind **ret, struct err *e)
{
	struct logind *l = xcalloc(1, sizeof *l);
	int r;

	(void)e;
	*l = (struct logind){
		.o = *options, .lock_fd = -EBADF, .delay_ns = DELAY_DEFAULT_S * NS_PER_SEC};
	inherit_lock(l);
	r = connect_bus(l);
	if (r < 0) {
		say_missing(l, "there is no system bus", strerror(-r));
		l->o.stays(l->o.data);
	}
	*ret = l;
	return 0;
}

void logind_close(struct logind *own_l)
{
	if (!own_l)
		return;
	sd_event_source_disable_unref(own_l->again);
	sd_bus_close_unref(own_l->bus);
	if (own_l->lock_fd >= 0)
		(void)close(own_l->lock_fd);
	free(own_l);
}
