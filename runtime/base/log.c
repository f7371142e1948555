/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines on standard error. A value with blanks or control characters is quoted and escaped, so
 * that nothing that a pod or an image says can forge a line (safety R20).
 */
#include "runtime/base/log.h"

#include "runtime/base/str.h"

#include <stdarg.h>

static struct {
	int level;
	bool prefix;
} options = {LOG_INFO, false};

void log_open(int level, bool prefix)
{
	options.level = level;
	options.prefix = prefix;
}

static bool is_plain(const char *value)
{
	for (const unsigned char *p = (const unsigned char *)value; *p; p++)
		if (*p <= ' ' || *p == '"' || *p == '=' || *p == '\\' || *p == 0x7f)
			return false;
	return value[0] != '\0';
}

static void add_escaped(struct str *line, const char *value)
{
	for (const unsigned char *p = (const unsigned char *)value; *p; p++) {
		if (*p < ' ' || *p == 0x7f)
			str_addf(line, "\\x%02x", *p);
		else if (*p == '"' || *p == '\\')
			str_addf(line, "\\%c", *p);
		else
			str_addn(line, p, 1);
	}
}

static void add_value(struct str *line, const char *value)
{
	if (is_plain(value)) {
		str_add(line, value);
		return;
	}
	str_add(line, "\"");
	add_escaped(line, value);
	str_add(line, "\"");
}

void log_pairs(int level, const char *message, ...)
{
	cleanup_str struct str line = {0};
	const char *key;
	va_list ap;

	if (level > options.level)
		return;
	if (options.prefix)
		str_addf(&line, "<%d>", level);
	add_escaped(&line, message);
	va_start(ap, message);
	while ((key = va_arg(ap, const char *))) {
		const char *value = va_arg(ap, const char *);

		str_addf(&line, " %s=", key);
		add_value(&line, value ? value : "-");
	}
	va_end(ap);
	str_add(&line, "\n");
	(void)!write(STDERR_FILENO, line.p, line.n);
}
