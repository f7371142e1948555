# SPDX-License-Identifier: Apache-2.0
"""P16, P17: an agent without descriptors, processes or memory; a socket that is abused."""
import os
import resource
import socket
import time

from oracles import starts
from world import PODS, check, keeper, read, wait_for


def raw(w, data=b"", timeout=30):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.settimeout(timeout)
    s.connect(w.socket)
    try:
        s.sendall(data)
    except OSError:
        pass
    return s


def memory_kib(w):
    for line in read(f"/proc/{w.pid()}/status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def cpu_s(w):
    words = read(f"/proc/{w.pid()}/stat").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def healthy(w, seconds=20):
    """The agent answers a client that behaves."""
    wait_for(seconds, "berthd answers", lambda: w.call("GET", "/healthz", timeout=10)[0] == 200)


def socket_abuse(run):
    """FIGURE connections, slow ones, half-open ones, endless headers, descriptors nobody asked for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    w = run.world()
    w.create(keeper(w, "near"))
    w.wait_running("near")
    rss = memory_kib(w)
    descriptors = len(os.listdir(f"/proc/{w.pid()}/fd"))
    line = b"GET /api/v1/namespaces/default/pods HTTP/1.1\r\nHost: b\r\n"
    # Slow ones first: a byte a second, for as long as they are let.
    slow = []
    for _ in range(min(run.figure, 1000) // 4):
        try:
            slow.append(raw(w, b"G"))
        except OSError:
            break
    for n in range(run.figure):
        kind = run.rng.randrange(6)
        try:
            s = raw(w, [b"", line, line + b"Content-Length: 99999999999\r\n\r\nx", b"\0\xff" * 50, b"POST " + b"/" * 9000,
                        line + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"][kind], timeout=5)
            if kind == 1 and n % 50 == 0:
                # A header without end.
                for _ in range(512):
                    try:
                        s.sendall(b"X-" + b"a" * 2046)
                    except OSError:
                        break
            if n % 97 == 0:
                try:
                    socket.send_fds(s, [b"x"], [0, 1, 2])
                except OSError:
                    pass
            s.close()
        except OSError:
            pass
        if n % 200 == 0:
            for s in slow:
                try:
                    s.send(b"E")
                except OSError:
                    pass
            healthy(w)
    healthy(w)
    for s in slow:
        s.close()
    wait_for(60, lambda: f"the connections are gone: {len(os.listdir(f'/proc/{w.pid()}/fd'))} descriptors, {descriptors} before",
             lambda: len(os.listdir(f"/proc/{w.pid()}/fd")) <= descriptors, 0.2)
    grown = memory_kib(w) - rss
    check(grown <= 16 << 10, f"berthd has grown by {grown} KiB")
    check(w.restarts("near") == 0 and len(starts(w, "near")) == 1, "a pod suffered:", w.status("near"))
    run.note(f"berthd grew by {grown} KiB")


def starved(run):
    """Without descriptors, then processes: pods go on, berthd does not spin, and works when it has them again."""
    w = run.world()
    w.create(keeper(w, "near"))
    w.wait_running("near")
    used = len(os.listdir(f"/proc/{w.pid()}/fd"))
    for n in range(run.figure):
        what, low = run.rng.choice(((resource.RLIMIT_NOFILE, run.rng.randrange(used - 4, used + 8)), (resource.RLIMIT_NPROC, 0),
                                    (resource.RLIMIT_AS, 1 << 20), (resource.RLIMIT_FSIZE, 0)))
        before = resource.prlimit(w.pid(), what)
        resource.prlimit(w.pid(), what, (low, before[1]))
        name = f"p{n}"
        code, _ = w.call("POST", PODS, keeper(w, name), timeout=5)
        w.call("GET", PODS, timeout=5)
        at, cpu = time.monotonic(), cpu_s(w)
        time.sleep(1)
        spent = (cpu_s(w) - cpu) / (time.monotonic() - at) if w.process.poll() is None else 0
        if w.process.poll() is not None:
            # Memory that cannot be had may end it: what counts is what is left, and that it comes back.
            check(what == resource.RLIMIT_AS or what == resource.RLIMIT_FSIZE, f"berthd ended without {what}: {w.log_tail()}")
            w.ended()
            w.start()
        else:
            check(spent < 0.5, f"berthd without {what} takes {spent:.0%} of a processor")
            resource.prlimit(w.pid(), what, before)
        healthy(w, 60)
        if code == 201:
            w.wait_running(name)
        w.create(keeper(w, f"after{n}"))
        w.wait_running(f"after{n}")
        for other in (name, f"after{n}"):
            w.delete(other)
        wait_for(60, "the pods are deleted", lambda: list(w.pods()) == ["near"])
        check(w.restarts("near") == 0, "a pod suffered:", w.status("near"))


