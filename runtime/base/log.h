/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a program: one line an event, `<level>message key=value …` on standard error, which is
 * what journald and a terminal both read. Only programs log (main files and what stands right below
 * them); libraries return errors.
 *
 *	log_line(LOG_WARNING, "pod is back", "pod", name, "restarts", count_text);
 */
#ifndef RUNTIME_BASE_LOG_H
#define RUNTIME_BASE_LOG_H

#include <stdbool.h>
#include <syslog.h>

/** Lines below @level (LOG_DEBUG … LOG_ERR) are dropped. @prefix: "<6>" marks for journald. */
void log_open(int level, bool prefix);

/** One line: the message, then pairs of key and value, ended by NULL (values may be NULL: "-"). */
void log_pairs(int level, const char *message, ...) __attribute__((sentinel));
#define log_line(level, ...) log_pairs((level), __VA_ARGS__, (char *)0)

/** Says @message at most once in the life of the program (one static flag at the call's place). */
#define log_once(level, ...)                                                                       \
	do {                                                                                       \
		static bool said_;                                                                 \
		if (!said_) {                                                                      \
			said_ = true;                                                              \
			log_line((level), __VA_ARGS__);                                            \
		}                                                                                  \
	} while (0)

#endif
