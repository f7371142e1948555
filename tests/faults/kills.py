# SPDX-License-Identifier: Apache-2.0
"""P1, P7, P8: kill -9 of the agent in a storm of calls, of shims, of both at once."""
import os
import signal
import threading
import time

from oracles import History, boots, counted, no_duplicates, numbered, starts
from world import alive, check, container, keeper, pod, wait_for


def agent_in_a_storm(run):
    """Nothing acknowledged is undone, nothing runs twice, nothing is restarted, nothing is left."""
    w = run.world()
    history = History(w, run.rng, most=50 if run.size == "release" else 12)
    stop = threading.Event()
    failures, ready = [], []

    def storm():
        try:
            while not stop.is_set():
                history.step()
        except Exception as e:  # pylint: disable=broad-except
            failures.append(e)

    for _ in range(run.figure):
        stop.clear()
        client = threading.Thread(target=storm)
        client.start()
        time.sleep(run.rng.uniform(0.02, 1.0))
        w.kill()
        stop.set()
        client.join()
        check(not failures, failures[:1])
        began = time.monotonic()
        w.start()
        ready.append(time.monotonic() - began)
        history.look()
    history.settle()
    run.note(f"{history.calls} calls, {len(history.model)} pods, ready again p99 {sorted(ready)[int(len(ready) * .99)] * 1000:.0f} ms")


def shims(run):
    """The pod goes with its shim and is built anew: once, counted, with every line that its log had got."""
    w = run.world()
    names = [f"p{i}" for i in range(5)]
    for name in names:
        w.create(pod(w, name, container("c", "lines", name, 0, 500, 20), container("d", "keep", name + "d")))
    w.wait_running(*names)
    uids = {n: w.pod(n)["metadata"]["uid"] for n in names}
    gone, back, in_flight = [], [], [0]
    for i in range(run.figure):
        name = names[i % len(names)]
        uid, count = uids[name], w.restarts(name)
        time.sleep(run.rng.uniform(0, 0.1))
        shim, members = w.shim(uid), w.members(uid)
        check(shim and len(members) >= 2, name, "has no shim or too few processes:", shim, members)
        run_before = counted(w, name)
        wait_for(30, f"the log of {name} has {run_before}", lambda n=name, r=run_before: numbered(w, n, n, 20).get(r[0], 0) >= r[1])
        began = time.monotonic()
        os.kill(shim, signal.SIGKILL)
        wait_for(10, f"the processes of {name} are gone with their shim", lambda m=members: not any(map(alive, m)), 0.005)
        gone.append(time.monotonic() - began)
        written = counted(w, name)
        # Shims that die young are built anew with a delay that doubles: the pod's 10 s come round, for there are five.
        wait_for(120, lambda n=name, c=count: f"{n} is back after {c} restarts: {w.status(n)}",
                 lambda n=name, c=count: w.running(n) and w.restarts(n) == c + 1)
        back.append(time.monotonic() - began)
        check(w.restarts(name, 1) == count + 1, name, "d: restartCount", w.restarts(name, 1), "not", count + 1)
        wait_for(20, lambda n=name, c=count: f"{n} has begun {c + 2} times: {len(starts(w, n + 'd'))}",
                 lambda n=name, c=count: len(starts(w, n + "d")) == c + 2)
        # What the shim had not yet read when it died is nowhere; what it had is there, and stays.
        lines = numbered(w, name, name, 20).get(run_before[0], 0)
        check(lines >= run_before[1], f"{name}: the log had {run_before[1]} lines of run {run_before[0]}, and has {lines}")
        if written[0] == run_before[0]:
            in_flight.append(max(0, written[1] - lines))
        no_duplicates(w)
    run.note(f"pod gone after at most {max(gone) * 1000:.0f} ms, back median {sorted(back)[len(back) // 2] * 1000:.0f} ms, "
             f"lines in flight lost: {sum(in_flight)}")


def agent_and_shims(run):
    """Both at once: what comes back is whole, single and supervised."""
    w = run.world()
    names = [f"p{i}" for i in range(6)]
    for name in names:
        w.create(keeper(w, name))
    w.wait_running(*names)
    back = []
    for _ in range(run.figure):
        counts = {n: w.restarts(n) for n in names}
        victims = run.rng.sample(names, run.rng.randrange(1, 4))
        pids = [w.shim(w.pod(n)["metadata"]["uid"]) for n in victims]
        order = [*pids, w.pid()]
        run.rng.shuffle(order)
        for pid in order:
            os.kill(pid, signal.SIGKILL)
        w.ended()
        w.start()
        began = time.monotonic()
        for n in names:
            want = counts[n] + (n in victims)
            wait_for(60, lambda n=n, want=want: f"{n} runs with {want} restarts: {w.status(n)}",
                     lambda n=n, want=want: w.running(n) and w.restarts(n) == want)
            wait_for(20, lambda n=n, want=want: f"{n} has begun {want + 1} times: {len(starts(w, n))}",
                     lambda n=n, want=want: len(starts(w, n)) == want + 1)
            uid = w.pod(n)["metadata"]["uid"]
            check(w.shim(uid) and len(w.members(uid)) == 1, n, "has", w.members(uid), "below shim", w.shim(uid))
        back.append(time.monotonic() - began)
        no_duplicates(w)
    run.note(f"converged after at most {max(back):.1f} s, {sum(boots(w).values())} starts")
