# SPDX-License-Identifier: Apache-2.0
"""Oracles (b) tapes, (c) exit scripts, (d) numbered lines and (e) the history of acknowledged calls."""
import glob
import os
import random

from world import PODS, Violation, check, container, keeper, pod, read, wait_for

# ---- (b) the tape: who ran when, and never two at once ------------------------------------------------------


def starts(world, key):
    """Lines of the tape: [N, boot, pid namespace, host]; counted without a gap."""
    lines = [x.split() for x in read(os.path.join(world.tape, f"{key}.tape")).splitlines()]
    for i, words in enumerate(lines):
        check(int(words[0]) == i, f"tape of {key}: line {i} says {words}")
    return lines


def no_duplicates(world):
    said = read(os.path.join(world.tape, "duplicates"))
    check(not said, "two processes of one container ran at once:", said.split())


def boots(world):
    return {key: len(starts(world, key)) for key in
            (os.path.basename(x)[:-5] for x in glob.glob(os.path.join(world.tape, "*.tape")))}


# ---- (c) the exit script ------------------------------------------------------------------------------------


def mix(x):
    """splitmix64; workload.c has the same."""
    m = 2**64 - 1
    x = (x + 0x9e3779b97f4a7c15) & m
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9 & m
    x = (x ^ x >> 27) * 0x94d049bb133111eb & m
    return x ^ x >> 31


def script_code(seed, k):
    return 1 + mix(seed + k & 2**64 - 1) % 90


# ---- (d) numbered lines ---------------------------------------------------------------------------------------


def log_files(world, name, c="c"):
    """Of all runs of a container, oldest run first, within a run oldest file first."""
    found = glob.glob(os.path.join(world.agent_root, f"var/log/pods/default_{name}_*/{c}/*"))

    def order(path):
        base = os.path.basename(path)
        run, _, rest = base.partition(".log")
        return int(run), not rest, rest  # N.log.TIME before N.log

    return sorted((f for f in found if os.path.basename(f).split(".")[0].isdigit()), key=order)


def log_text(path):
    """What the container wrote: partial lines put together; every line of the file must be whole."""
    out, text = [], []
    with open(path, "rb") as f:
        data = f.read()
    check(not data or data.endswith(b"\n"), path, "ends in the middle of a line")
    for line in data.split(b"\n")[:-1]:
        words = line.split(b" ", 3)
        check(len(words) == 4 and words[1] in (b"stdout", b"stderr") and words[2] in (b"P", b"F") and
              words[0].endswith(b"Z") or len(words) == 4 and b"+" in words[0], path, "torn line:", line[:80])
        text.append(words[3])
        if words[2] == b"F":
            out.append(b"".join(text).decode())
            text = []
    if text:
        out.append(b"".join(text).decode())
    return out


def numbered(world, name, key, width, from_start=True, c="c"):
    """Every run's lines are gapless, ordered, untorn. Returns: {run N of the tape: lines}."""
    runs = {}
    for path in log_files(world, name, c):
        lines = log_text(path)
        for i, line in enumerate(lines):
            words = line.split(" ")
            if words[0] != key:
                continue
            n = int(words[1])
            last = path.endswith(".log") and i == len(lines) - 1
            if len(words) < 4 or len(words[3]) != width:
                # The process was killed in the middle of its write: only the last line of a run may be so.
                check(last and len(line) < len(key) + 40 + width, path, f"line {i} is torn:", line[:60])
                continue
            if n not in runs:
                check(not from_start or words[2] == "0", path, f"run {n} begins with line {words[2]}")
                runs[n] = int(words[2])
            check(int(words[2]) == runs[n], path, f"run {n}: line {runs[n]} is missing; got {words[2]}")
            runs[n] += 1
    return runs


def counted(world, key):
    """(run, lines that its write() had taken)"""
    words = read(os.path.join(world.tape, f"{key}.count")).split()
    return (int(words[0]), int(words[1])) if len(words) >= 2 else (0, 0)


# ---- (e) the history ------------------------------------------------------------------------------------------

PRESENT, ABSENT, UNKNOWN = "present", "absent", "unknown"


class History:
    """A client in a storm, and a model of what its acknowledged calls have made."""

    def __init__(self, world, rng, prefix="s", most=50):
        self.world, self.rng, self.prefix, self.most = world, rng, prefix, most
        self.model = {}  # name: [state, label]
        self.restarts = {}
        self.next = 0
        self.calls = 0
        self.allow_restarts = False

    def alive(self):
        return [n for n, (state, _) in self.model.items() if state == PRESENT]

    def step(self):
        kind = self.rng.choices(("create", "label", "exec", "delete"), (5, 3, 2, 3))[0]
        if kind == "create" and len(self.alive()) >= self.most:
            kind = "delete"
        self.calls += 1
        getattr(self, kind)()

    def create(self):
        name = f"{self.prefix}{self.next}"
        self.next += 1
        code, _ = self.world.call("POST", PODS, keeper(self.world, name, grace=self.rng.choice((0, 0, 1))))
        check(code in (0, 201, 503, 429), "create answered", code)
        self.model[name] = [PRESENT if code == 201 else UNKNOWN, None]

    def label(self):
        if not self.alive():
            return
        name, value = self.rng.choice(self.alive()), str(self.rng.randrange(1000))
        code, answer = self.world.call("PATCH", f"{PODS}/{name}", {"metadata": {"labels": {"n": value}}},
                                       content="application/merge-patch+json")
        check(code in (0, 200, 409, 503, 429), "patch of", name, "answered", code, answer)
        if code == 200:
            self.model[name][1] = {value}
        elif code == 0:
            self.model[name][1] = (self.model[name][1] or {None}) | {value}

    def exec(self):
        if not self.alive():
            return
        # It may not run yet, or berthd may die meanwhile: only that nothing stays behind counts here.
        self.world.berth("exec", self.rng.choice(self.alive()), "--", "/w", "exit", "7", timeout=60)

    def delete(self):
        if not self.alive():
            return
        name = self.rng.choice(self.alive())
        code = self.world.delete(name)
        check(code in (0, 200, 202, 503, 429), "delete of", name, "answered", code)
        self.model[name][0] = ABSENT if code in (200, 202) else UNKNOWN

    def look(self):
        """What an agent that has just come back says: no acknowledged call is undone, no count falls."""
        pods = self.world.pods()
        for name, (state, labels) in self.model.items():
            check(state != PRESENT or name in pods, f"pod {name} was acknowledged and is lost")
            p = pods.get(name)
            if not p:
                if state == UNKNOWN:
                    self.model[name][0] = ABSENT
                continue
            deleted = "deletionTimestamp" in p["metadata"]
            check(state != PRESENT or not deleted, f"pod {name} is being deleted, and nobody asked")
            check(state != ABSENT or deleted, f"the acknowledged delete of {name} is undone")
            if state == UNKNOWN:
                self.model[name][0] = ABSENT if deleted else PRESENT
            label = p["metadata"].get("labels", {}).get("n")
            if labels:
                check(label in labels, f"pod {name}: label {label}, acknowledged {labels}")
                self.model[name][1] = {label}
            for s in p.get("status", {}).get("containerStatuses", []):
                key = (p["metadata"]["uid"], s["name"])
                check(s["restartCount"] >= self.restarts.get(key, 0), f"restartCount of {name} fell: "
                      f"{self.restarts.get(key)} to {s['restartCount']}")
                self.restarts[key] = s["restartCount"]

    def settle(self, seconds=180):
        """Everything converges to the model: present pods run, once; absent ones are gone."""
        self.look()
        absent = [n for n, (state, _) in self.model.items() if state == ABSENT]
        wait_for(seconds, lambda: f"deleted pods are gone: {[n for n in absent if n in self.world.pods()]}",
                 lambda: not set(absent) & set(self.world.pods()), 0.1)
        self.world.wait_running(*self.alive(), seconds=seconds)
        for name in self.alive():
            n = wait_for(20, f"{name} has begun", lambda name=name: len(starts(self.world, name)))
            check(n == 1 or self.allow_restarts, f"{name} was started {n} times")
            check(n <= self.world.restarts(name) + 1, f"{name} ran {n} times, restartCount {self.world.restarts(name)}")
        no_duplicates(self.world)


__all__ = ["History", "Violation", "boots", "container", "counted", "keeper", "log_files", "log_text", "mix", "no_duplicates",
           "numbered", "pod", "random", "script_code", "starts"]
