#!/usr/bin/env python3
"""Runs a command on a terminal of its own and plays a script on it:

    terminal.py [STEP...] -- COMMAND [ARGUMENT...]

    see:TEXT      wait until TEXT has come (10 s); what came before it is not looked at again
    type:TEXT     \\n, \\x11 and so on as in Python
    size:33x111   change the size, with SIGWINCH
    raw / cooked  wait until the terminal's modes are that
    signal:HUP    to the command

Prints what the command printed; exits as the command did (128 + signal), or with 99 when a step did not come true.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

TIMEOUT = 15


class Terminal:
    def __init__(self, command):
        self.seen = b""
        self.at = 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)

    def pump(self, seconds):
        """Reads for a while. False: the other side has gone."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.seen += data
        return bool(data)

    def until(self, what, holds):
        end = time.monotonic() + TIMEOUT
        while not holds():
            if time.monotonic() > end or not self.pump(0.05) and not holds():
                self.fail(what)

    def fail(self, what):
        os.write(1, self.seen)
        print(f"\n[terminal.py: {what} did not come true]", file=sys.stderr)
        os.kill(self.pid, signal.SIGKILL)
        sys.exit(99)

    def see(self, text):
        text = text.encode()
        self.until(f"see {text}", lambda: self.seen.find(text, self.at) >= 0)
        self.at = self.seen.find(text, self.at) + len(text)

    def mode(self, canonical):
        self.until("the mode", lambda: bool(termios.tcgetattr(self.fd)[3] & termios.ICANON) == canonical)

    def step(self, step):
        verb, _, argument = step.partition(":")
        argument = argument.encode().decode("unicode_escape")
        if verb == "see":
            self.see(argument)
        elif verb == "type":
            os.write(self.fd, argument.encode())
        elif verb == "size":
            rows, columns = map(int, argument.split("x"))
            fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        elif verb == "raw":
            self.mode(False)
        elif verb == "cooked":
            self.mode(True)
        elif verb == "signal":
            os.kill(self.pid, getattr(signal, "SIG" + argument))
        else:
            self.fail(f"the step {step}")

    def end(self):
        end = time.monotonic() + TIMEOUT
        while self.pump(0.05):
            if time.monotonic() > end:
                self.fail("its end")
        os.write(1, self.seen)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def main():
    split = sys.argv.index("--")
    terminal = Terminal(sys.argv[split + 1 :])
    for step in sys.argv[1:split]:
        terminal.step(step)
    code = terminal.end()
    sys.exit(code if code >= 0 else 128 - code)


main()
