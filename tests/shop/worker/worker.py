"""The shop's worker: one numbered line for each piece of work, until SIGTERM."""

import os
import signal
import socket
import sys
import threading

stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())


def main():
    pause = float(os.environ.get("WORKER_PAUSE_SECONDS", "1"))
    print(f"worker {socket.gethostname()} starts, pid {os.getpid()}", flush=True)
    n = 0
    while not stop.wait(pause):
        n += 1
        print(f"job {n} done", flush=True)
    print(f"worker ends after {n} jobs", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
