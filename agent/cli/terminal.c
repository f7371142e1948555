/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw mode and signals for `berth exec -it`. Signals are read from a descriptor, so that the modes are put back by
 * ordinary code, never by a handler.
 */
#include "agent/cli/terminal.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>

static const int caught[] = {SIGWINCH, SIGTSTP, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGPIPE};

int terminal_open(struct terminal *t, int fd, bool raw, struct err *e)
{
	struct termios modes;
	sigset_t set;

	*t = (struct terminal){.fd = fd, .signal_fd = -EBADF};
	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		(void)sigaddset(&set, caught[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_errno(e, -errno, "sigprocmask");
	t->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (t->signal_fd < 0)
		return err_errno(e, -errno, "signalfd");
	if (!raw)
		return 0;
	if (tcgetattr(fd, &t->before) < 0)
		return err_errno(e, -errno, "reading the terminal's modes");
	modes = t->before;
	cfmakeraw(&modes);
	if (tcsetattr(fd, TCSADRAIN, &modes) < 0)
		return err_errno(e, -errno, "switching the terminal to raw mode");
	t->raw = true;
	return 0;
}

static void make_raw(struct terminal *t)
{
	struct termios modes = t->before;

	cfmakeraw(&modes);
	(void)tcsetattr(t->fd, TCSADRAIN, &modes);
}

void terminal_suspend(struct terminal *t)
{
	if (t->raw)
		(void)tcsetattr(t->fd, TCSADRAIN, &t->before);
	(void)raise(SIGSTOP);
	if (t->raw)
		make_raw(t);
}

void terminal_close(struct terminal *t)
{
	sigset_t set;

	if (t->signal_fd < 0)
		return;

	if (t->raw)
		(void)tcsetattr(t->fd, TCSADRAIN, &t->before);
	t->raw = false;
	(void)close(t->signal_fd);
	t->signal_fd = -EBADF;
	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		(void)sigaddset(&set, caught[i]);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int terminal_signal(const struct terminal *t)
{
	struct signalfd_siginfo got;

	return read(t->signal_fd, &got, sizeof got) == (ssize_t)sizeof got ? (int)got.ssi_signo : 0;
}

bool terminal_size(const struct terminal *t, unsigned *ret_width, unsigned *ret_height)
{
	struct winsize size;

	if (t->fd < 0 || ioctl(t->fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return false;
	*ret_width = size.ws_col;
	*ret_height = size.ws_row;
	return true;
}
