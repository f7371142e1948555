# SPDX-License-Identifier: Apache-2.0
"""P9, P11, P12, P13: containers that live shortly, will not die, eat memory, crash for ever."""
import glob
import json
import os
import threading
import time

from oracles import no_duplicates, script_code, starts
from world import PODS, check, container, pod, read, wait_for

BATCH = 8  # containers of one pod


def ended(w, name, reason=None):
    p = w.pod(name)
    statuses = (p or {}).get("status", {}).get("containerStatuses") or []
    return len(statuses) == len(p["spec"]["containers"]) and all("terminated" in s["state"] for s in statuses) and p


def short_lives(run):
    """Every container's code is the one that it ended with, however shortly it lived; then execs that lose their pod."""
    w = run.world()
    left, number = run.figure, 0
    while left:
        pods = {}
        while left and len(pods) * BATCH < (200 if run.size == "release" else 48):
            name, n = f"p{number}", min(BATCH, left)
            codes = [run.rng.randrange(256) for _ in range(n)]
            w.create(pod(w, name, *(container(f"c{i}", "once", f"{name}-{i}", code, run.rng.randrange(6))
                                    for i, code in enumerate(codes)), policy="Never"))
            pods[name] = codes
            left -= n
            number += 1
        for name, codes in pods.items():
            wait_for(300, lambda n=name: f"{n} has ended: {json.dumps((w.pod(n) or {}).get('status'))}", lambda n=name: ended(w, n), 0.05)
            got = [s["state"]["terminated"]["exitCode"] for s in w.pod(name)["status"]["containerStatuses"]]
            check(got == codes, f"{name} ended with {codes}, recorded are {got}")
            for i in range(len(codes)):
                check(len(starts(w, f"{name}-{i}")) == 1, f"{name}-{i} was started {len(starts(w, f'{name}-{i}'))} times")
        w.delete_all()
    no_duplicates(w)
    lose_execs(run, w)


def lose_execs(run, w):
    """Execs at work when their container's first process is killed: each client gets an end, the exit is recorded."""
    count = 500 if run.size == "release" else 24
    w.create(pod(w, "execs", container("c", "keep", "execs")))
    w.wait_running("execs")
    codes = []

    def one():
        codes.append(w.berth("exec", "execs", "--", "/w", "once", "exec", "3", "20000", timeout=120).returncode)

    done = 0
    while done < count:
        n, before = min(24, count - done), w.restarts("execs")
        clients = [threading.Thread(target=one) for _ in range(n)]
        for c in clients:
            c.start()
        time.sleep(run.rng.uniform(0.05, 0.6))
        uid = w.pod("execs")["metadata"]["uid"]
        init = first_process(w, uid)
        if init:
            os.kill(init, 9)
        for c in clients:
            c.join()
        if init:
            wait_for(400, lambda: f"execs is back: {w.status('execs')}", lambda b=before: w.restarts("execs") == b + 1 and w.running("execs"))
            last = w.status("execs")["lastState"].get("terminated", {})
            check(last.get("exitCode") == 137, "the killed container's exit is recorded as", last)
        done += n
    check(len(codes) == count and 0 not in codes, "an exec whose container was killed ended with 0")
    wait_for(10, lambda: f"no exec is left: {w.members(uid)}", lambda: len(w.members(uid)) == 1)
    run.note(f"{count} execs lost with their container")


def first_process(w, uid):
    """The process that is 1 in its own namespace."""
    for pid in w.members(uid):
        for line in read(f"/proc/{pid}/status").splitlines():
            if line.startswith("NSpid:") and line.split()[-1] == "1":
                return pid
    return 0


# ---- P11 ------------------------------------------------------------------------------------------------------


def deaf(run):
    """Whatever a pod's processes do, they are gone after the grace, and the API answers meanwhile."""
    w = run.world()
    grace, kinds = 1, {
        "ignore": lambda n: pod(w, n, container("c", "ignore", n), grace=grace),
        "daemons": lambda n: pod(w, n, container("c", "daemons", n, 40), grace=grace),
        "shared": lambda n: pod(w, n, container("c", "daemons", n, 10), container("d", "ignore", n + "d"), grace=grace, shareProcessNamespace=True),
        "zombies": lambda n: pod(w, n, container("c", "zombies", n, 1000), grace=grace),
        "bomb": lambda n: pod(w, n, container("c", "bomb", n, resources={"limits": {"memory": "256Mi"}}), grace=grace),
    }
    slowest, over = 0.0, 0.0
    for i in range(run.figure):
        kind = list(kinds)[i % len(kinds)]
        name = f"{kind}{i}"
        w.create(kinds[kind](name))
        w.wait_running(name)
        uid = w.pod(name)["metadata"]["uid"]
        if kind == "bomb":
            limit_pids(w, uid, 512)
            wait_for(60, lambda u=uid: f"the bomb has grown: {len(w.members(u))}", lambda u=uid: len(w.members(u)) > 200, 0.2)
        began = time.monotonic()
        check(w.delete(name, grace) in (200, 202), "delete of", name)
        while True:
            asked = time.monotonic()
            code, _ = w.call("GET", f"{PODS}/{name}")
            slowest = max(slowest, time.monotonic() - asked)
            if code == 404:
                break
            check(time.monotonic() - began < 60, f"{name} is still there: {w.members(uid)[:5]}")
            time.sleep(0.02)
        over = max(over, time.monotonic() - began - grace)
        check(not w.members(uid), f"{name} is deleted and these live: {w.members(uid)[:5]}")
    run.note(f"gone at most {over:.1f} s after the grace, slowest answer {slowest * 1000:.0f} ms")


def limit_pids(w, uid, limit):
    """pids.max of the pod, as a node with a limit of pids for pods sets it."""
    paths = glob.glob(f"/sys/fs/cgroup/pids/{w.tag}/{uid}/pids.max") + glob.glob(f"/sys/fs/cgroup/{w.tag}/{uid}/pids.max")
    check(paths, "no pids.max of", uid)
    for path in paths:
        with open(path, "w", encoding="ascii") as f:
            f.write(str(limit))


# ---- P12 ------------------------------------------------------------------------------------------------------


def out_of_memory(run):
    """Each OOM is told from other ends, a killed child is none of the container, neighbours go on."""
    w = run.world()
    limits = {"resources": {"limits": {"memory": "16Mi"}}}
    done, number = 0, 0
    w.create(pod(w, "near", container("c", "keep", "near")))
    w.wait_running("near")
    while done < run.figure:
        n, names = min(8, run.figure - done), {}
        for _ in range(n):
            name, who = f"oom{number}", run.rng.choice(("self", "child"))
            w.create(pod(w, name, container("c", "oom", name, who, **limits), container("d", "once", name + "d", 0, 1), policy="Never"))
            names[name] = who
            number += 1
        for name, who in names.items():
            wait_for(300, lambda n=name: f"{n} has ended: {json.dumps((w.pod(n) or {}).get('status'))}", lambda n=name: ended(w, n), 0.05)
            c, d = w.pod(name)["status"]["containerStatuses"]
            got = (c["state"]["terminated"]["reason"], c["state"]["terminated"]["exitCode"])
            # On v2 the whole group goes with the first; on v1 the child alone is killed, and its parent says 3.
            right = [("OOMKilled", 137)] if who == "self" else [("OOMKilled", 137), ("OOMKilled", 3), ("Error", 3)]
            check(got in right, f"{name} ({who}) ended as {got}")
            check(d["state"]["terminated"]["exitCode"] == 0, f"{name}: the neighbour ended as {d['state']}")
        done += n
        for name in names:
            w.delete(name)
        wait_for(60, "the pods are gone", lambda names=names: not set(names) & set(w.pods()))
    check(w.restarts("near") == 0 and len(starts(w, "near")) == 1, "a neighbour was restarted:", w.status("near"))


# ---- P13 ------------------------------------------------------------------------------------------------------


def back_off(run):
    """A crash loop keeps its schedule and its count over kills of the agent; every code fits the script."""
    w = run.world()
    base, cap = 0.4, 1.6
    names = [f"crash{i}" for i in range(4)]
    seeds = {n: run.rng.randrange(10**6) for n in names}
    note = {"berth.dev/backoff": f"base={int(base * 1000)}ms,factor=2,cap={int(cap * 1000)}ms"}
    began = {n: time.monotonic() for n in names}
    for n in names:
        w.create(pod(w, n, container("c", "script", n, seeds[n]), annotations=note))
    count, seen = {n: 0 for n in names}, 0
    end = time.monotonic() + run.figure
    while time.monotonic() < end:
        time.sleep(run.rng.uniform(0.2, 0.7))
        w.restart()
        for n in names:
            s = w.status(n)
            check(s.get("restartCount", 0) >= count[n], f"restartCount of {n} fell from {count[n]} to {s}")
            count[n] = s.get("restartCount", 0)
            # Runs are numbered in their containers' identities.
            last = s.get("lastState", {}).get("terminated")
            if last:
                k = int(last["containerID"].rpartition("-")[2])
                check(k in (count[n], count[n] - 1), f"{n}: the last run is {k}: {s}")
                check(last["exitCode"] == script_code(seeds[n], k), f"{n}: run {k} is recorded as {s}, not {script_code(seeds[n], k)}")
                seen += 1
    for n in names:
        ran, most, t = len(starts(w, n)), 2, base
        while t < time.monotonic() - began[n]:
            most, t = most + 1, t + min(base * 2 ** (most - 1), cap)
        check(ran <= most, f"{n} was started {ran} times; its back-off allows {most}")
        check(ran >= 2, f"{n} was started only {ran} times")
    no_duplicates(w)
    run.note(f"{seen} codes checked, {sum(len(starts(w, n)) for n in names)} starts")
