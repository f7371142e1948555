# SPDX-License-Identifier: Apache-2.0
"""P2, P3, P23: berthd killed at its Nth system call of an operation; its Nth system call of it fails."""
import errno
import os
import signal
import time

from oracles import no_duplicates, starts
from world import BUILD, PODS, check, container, keeper, pod, read, wait_for

TRACER = os.path.join(BUILD, "tests/faults/tracer")
ERRORS = ("EIO", "ENOSPC", "EMFILE", "ENOMEM", "EINTR", "EAGAIN")


class Operations:
    """Each is what a client asks, and what must be true when it has been done, in the end."""

    def __init__(self, run, w):
        self.run, self.w, self.n = run, w, 0
        self.name = ""
        self.value = ""

    def fresh(self):
        self.n += 1
        self.name = f"o{self.n}"

    # what there has to be before; the asking (its code); is it done?

    def before_create(self):
        self.fresh()

    def ask_create(self):
        return self.w.call("POST", PODS, keeper(self.w, self.name), timeout=15)[0]

    def done_create(self):
        return self.w.running(self.name) and len(starts(self.w, self.name)) == 1

    def before_delete(self):
        self.fresh()
        self.w.create(pod(self.w, self.name, container("c", "keep", self.name), grace=self.run.rng.choice((0, 1))))
        self.w.wait_running(self.name)

    def ask_delete(self):
        return self.w.call("DELETE", f"{PODS}/{self.name}", timeout=15)[0]

    def done_delete(self):
        return self.w.call("GET", f"{PODS}/{self.name}")[0] == 404

    def before_secret(self):
        self.before_plain()
        self.value = str(self.run.rng.randrange(10**9))

    def before_plain(self):
        if "swap" not in self.w.pods():
            self.w.call("POST", "/api/v1/namespaces/default/secrets",
                        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "first"}})
            p = keeper(self.w, "swap")
            p["spec"]["volumes"].append({"name": "s", "secret": {"secretName": "s"}})
            p["spec"]["containers"][0]["volumeMounts"].append({"name": "s", "mountPath": "/s"})
            self.w.create(p)
        self.w.wait_running("swap")
        self.name = "swap"

    def ask_secret(self):
        return self.w.call("PATCH", "/api/v1/namespaces/default/secrets/s", {"stringData": {"k": self.value}}, timeout=15,
                           content="application/merge-patch+json")[0]

    def done_secret(self):
        members = self.w.members(self.w.pod("swap")["metadata"]["uid"])
        return bool(members) and read(f"/proc/{members[0]}/root/s/k") == self.value

    def before_exec(self):
        self.before_plain()

    def ask_exec(self):
        code = self.w.berth("exec", "swap", "--", "/w", "exit", "7").returncode
        return {7: 200}.get(code, 0)

    def done_exec(self):
        uid = self.w.pod("swap")["metadata"]["uid"]
        return len(self.w.members(uid)) == 1

    before_start = before_plain

    def ask_start(self):
        return 0

    def done_start(self):
        return self.w.running("swap")

    def settled(self, words):
        self.w.wait_running("swap") if "swap" in self.w.pods() else None
        wait_for(60, lambda: f"{words} is done: {self.name} {(self.w.pod(self.name) or {}).get('status')}", lambda: getattr(self, "done_" + self.kind)())
        no_duplicates(self.w)
        if "swap" in self.w.pods():
            check(self.w.restarts("swap") == 0 and len(starts(self.w, "swap")) == 1, words, "hurt a pod", self.w.status("swap"))

    def drop(self):
        if self.name not in ("", "swap") and self.w.pod(self.name):
            self.w.delete(self.name)
            wait_for(60, f"{self.name} is deleted", lambda: not self.w.pod(self.name))


KINDS = ("create", "delete", "secret", "exec", "start")


def traced_world(run):
    w = run.world(wrap=[TRACER])
    w.plan, w.out = os.path.join(w.root, "plan"), os.path.join(w.root, "calls")
    w.env.update(TRACER_PLAN=w.plan, TRACER_OUT=w.out)
    w.restart()
    return w


def arm(w, text):
    with open(w.plan, "w", encoding="ascii") as f:
        f.write(text)
    os.kill(w.process.pid, signal.SIGUSR1)


def disarm(w):
    if w.process and w.process.poll() is None:
        os.kill(w.process.pid, signal.SIGUSR2)


def count_calls(w, ops, kind):
    """How many calls berthd makes for it, as a measure for where to strike."""
    ops.kind = kind
    getattr(ops, "before_" + kind)()
    if kind == "start":
        start_at(w, "count")
        disarm(w)
    else:
        arm(w, "count")
        getattr(ops, "ask_" + kind)()
        ops.settled(kind)
        disarm(w)
    wait_for(20, "the tracer has counted", lambda: (w.call("GET", "/healthz"), os.path.exists(w.out))[1])
    calls = int(read(w.out).split()[1])
    os.unlink(w.out)
    ops.drop()
    return calls


def start_at(w, text):
    """A new agent, to which it is done while it starts. True: it is ready."""
    with open(w.plan, "w", encoding="ascii") as f:
        f.write(text)
    w.kill()
    w.env["TRACER_BEGIN"] = "1"
    w.spawn()
    del w.env["TRACER_BEGIN"]
    return w.wait_ready()


def killed(run):
    """FIGURE points, spread over the operations: afterwards each is there or absent as acknowledged, and can be had."""
    w = traced_world(run)
    ops = Operations(run, w)
    share = max(1, run.figure // len(KINDS))
    struck = 0
    for kind in KINDS:
        calls = count_calls(w, ops, kind)
        ops.kind = kind
        for i in range(share):
            n = 1 + int((i + run.rng.random()) * calls / share)
            getattr(ops, "before_" + kind)()
            code = 0
            if kind == "start":
                start_at(w, f"kill {n}")
            else:
                arm(w, f"kill {n}")
                code = getattr(ops, "ask_" + kind)()
                # What an acknowledged one has set going meets the Nth call, too, or is done before it.
                end = time.monotonic() + 1
                while w.process.poll() is None and time.monotonic() < end:
                    time.sleep(0.01)
            struck += w.process is not None and w.process.poll() is not None
            disarm(w)
            w.kill()
            w.start()
            there = w.call("GET", f"{PODS}/{ops.name}")[0] == 200
            if kind == "create":
                check(there or not code, f"the pod was acknowledged and is lost (kill at call {n} of create)")
            if kind in ("create", "secret", "delete") and not code:
                # Nobody knows: asking again is always right.
                again = getattr(ops, "ask_" + kind)()
                check(again in (200, 201, 202, 404, 409), f"{kind} again after a kill at call {n} answered {again}")
            ops.settled(f"{kind} killed at call {n} of {calls}")
            ops.drop()
    run.note(f"{struck} hit")


def failing(run):
    """FIGURE calls fail, once or in a row, with each error: berthd lives, the answer is honest, the second try works."""
    w = traced_world(run)
    ops = Operations(run, w)
    kinds = [k for k in KINDS if k != "start"]
    share = max(1, run.figure // len(kinds))
    refused = 0
    for kind in kinds:
        calls = count_calls(w, ops, kind) * 2 // 3
        ops.kind = kind
        for i in range(share):
            n, error, times = 1 + int((i + run.rng.random()) * calls / share), run.rng.choice(ERRORS), run.rng.choice((1, 1, 1, 3, 20))
            words = f"{kind} with {error} at call {n}, {times} times,"
            getattr(ops, "before_" + kind)()
            arm(w, f"fail {n} {getattr(errno, error)} {times}")
            code = getattr(ops, "ask_" + kind)()
            time.sleep(0.1)
            disarm(w)
            check(w.process.poll() is None, words, "ended berthd with", w.process.poll(), w.log_tail())
            wait_for(30, words + " berthd answers", lambda: w.call("GET", "/healthz", timeout=10)[0] == 200)
            if kind == "create":
                check(code != 201 or w.pod(ops.name), words, "was acknowledged and is lost")
            if not 200 <= code < 300:
                refused += 1
                again = getattr(ops, "ask_" + kind)()
                check(again in (200, 201, 202, 404, 409), words, "second try:", again)
            ops.settled(words)
            ops.drop()
    run.note(f"{refused} said so to the client")
