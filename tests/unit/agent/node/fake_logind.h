/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logind's part in a shutdown, on a bus of the test's own: gives delay locks, has the two properties, says
 * PrepareForShutdown, and sees when the lock is let go.
 */
#ifndef TESTS_UNIT_AGENT_NODE_FAKE_LOGIND_H
#define TESTS_UNIT_AGENT_NODE_FAKE_LOGIND_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

struct fake_logind {
	sd_bus *bus;
	sd_event_source *watch;
	uint64_t delay_us;
	int preparing;
	int lock_fd;	/* the end that hears of the lock's release; -1: none is held */
	unsigned locks; /* given so far */
	void (*released)(struct fake_logind *f);
	char asked[128]; /* "what|who|why|mode" of the last one */
};

/** Takes logind's name on the bus at @address. */
void fake_logind_open(struct fake_logind *f, sd_event *loop, const char *address);
void fake_logind_close(struct fake_logind *f);
/** The machine goes down, or does not after all. */
void fake_logind_prepare(struct fake_logind *f, bool preparing);

/** A bus daemon; its address to be freed. @ret_pid: ended by the caller. */
char *fake_bus_start(int *ret_pid);
void fake_bus_stop(int pid);

#endif
