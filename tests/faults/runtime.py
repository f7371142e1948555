# SPDX-License-Identifier: Apache-2.0
"""P10: a runtime that hangs, fails, dies or lies. A container's name says what the fake does at its first call
(fake-runc); what is asked is that it runs soon all the same, one at a time, and that nothing is left."""
import os
import shutil
import signal
import subprocess
import tempfile
import time

from oracles import no_duplicates, starts
from world import check, container, pod, read, wait_for

RUN = ("hang", "hang-after", "stop", "stop-after", "fail", "fail-after", "fail-255", "nothing", "die", "die-after", "die-during-1",
       "die-during-3", "die-during-6", "garbage", "empty", "first", "stranger", "negative", "none", "fifo", "flood", "slow", "forget", "twice")
EXEC = ("hang", "hang-after", "fail", "die", "die-after", "garbage", "empty", "stranger", "none", "flood", "nothing", "stop")
DELETE = ("hang", "fail", "nothing", "die", "stop")
SHORT = {"berth.dev/backoff": "base=200ms,factor=1,cap=200ms"}


def fake_world(run):
    place = tempfile.mkdtemp(prefix="berth-fake.", dir="/tmp")
    os.chmod(place, 0o755)
    os.mkdir(os.path.join(place, "played"))
    runtime = os.path.join(place, "runc")
    with open(runtime, "w", encoding="utf-8") as f:
        f.write(read(os.path.join(os.path.dirname(os.path.abspath(__file__)), "fake-runc")).replace("@OWN@", place))
    os.chmod(runtime, 0o755)
    canary = subprocess.Popen(["/bin/sleep", "100000"])
    with open(os.path.join(place, "canary"), "w", encoding="ascii") as f:
        f.write(str(canary.pid))
    return run.world("--runtime", runtime, "--runtime-timeout", "12s"), place, canary


def lies(run):
    """FIGURE modes of the three verbs."""
    w, place, canary = fake_world(run)
    try:
        modes = ([("run", m) for m in RUN] + [("exec", m) for m in EXEC] + [("delete", m) for m in DELETE])
        if run.figure < len(modes):
            modes = run.rng.sample(modes, run.figure)
        play_modes(run, w, modes)
        check(canary.poll() is None, "a stranger whose pid was in a pid-file was killed")
        played = set(os.listdir(os.path.join(place, "played")))
        for verb, mode in modes:
            check(f"{verb}-{mode}-{verb}" in played, f"{verb} {mode} was not played: {sorted(played)}")
        w.delete_all()
        run.settle(w)
    finally:
        canary.kill()
        canary.wait()
        shutil.rmtree(place, ignore_errors=True)


def play_modes(run, w, modes):
    for verb, mode in modes:
        name = f"{verb}-{mode}"
        share = run.rng.random() < 0.3
        w.create(pod(w, name, container(name, "keep", name), annotations=SHORT, shareProcessNamespace=share))
    for verb, mode in modes:
        name = f"{verb}-{mode}"
        w.wait_running(name)
        # Running is said when the runtime is through; the program's first instruction comes a moment later.
        wait_for(20, f"{name} has begun", lambda n=name: starts(w, n))
        ran = len(starts(w, name))
        check(1 <= ran <= 2, f"{name} was started {ran} times")
    no_duplicates(w)
    for verb, mode in modes:
        name = f"{verb}-{mode}"
        if verb == "exec":
            began, count = time.monotonic(), w.restarts(name)
            first = w.berth("exec", name, "--", "/w", "exit", "7")
            check(time.monotonic() - began < 60, f"exec with {mode} took {time.monotonic() - began:.0f} s")
            check(first.returncode != 0, f"exec with {mode} ended with 0")
            again = w.berth("exec", name, "--", "/w", "exit", "7")
            check(again.returncode == 7, f"the exec after {mode} ended with {again.returncode}: {again.stderr}")
            check(w.running(name) and w.restarts(name) == count, f"exec with {mode} hurt its container: {w.status(name)}")
        elif verb == "delete":
            uid = w.pod(name)["metadata"]["uid"]
            pids = w.members(uid)
            os.kill(pids[0], signal.SIGKILL)
            wait_for(60, f"{name} runs again", lambda n=name: w.running(n) and w.restarts(n) == 1)
    no_duplicates(w)
    time.sleep(1)
    for verb, mode in modes:
        name = f"{verb}-{mode}"
        uid = w.pod(name)["metadata"]["uid"]
        share = w.pod(name)["spec"].get("shareProcessNamespace", False)
        wait_for(20, lambda u=uid, n=name: f"{n}: only its process is left: {w.members(u)}",
                 lambda u=uid, s=share: len(w.members(u)) in ((1, 2) if s else (1,)))


def real_kills(run):
    """The real runtime is killed at random moments of starts, execs and deletes; every pod runs in the end, once."""
    w, place, canary = fake_world(run)
    try:
        number = execs = 0
        while (killed := len(os.listdir(os.path.join(place, "played")))) < run.figure:
            names = [f"k{number + i}" for i in range(6)]
            number += len(names)
            for n in names:
                w.create(pod(w, n, container("kill-c", "keep", n), container("kill-d", "keep", n + "d"), annotations=SHORT))
            for n in run.rng.sample(names, 2):
                w.delete(n)
                names.remove(n)
            w.wait_running(*names[:2])
            # A killed runtime is no answer that a client may take for its command's.
            code = w.berth("exec", names[0], "-c", "kill-c", "--", "/w", "exit", "7").returncode
            check(code in (1, 7), "exec ended with", code)
            execs += code == 7
            for n in names:
                wait_for(120, lambda n=n: f"{n} keeps its first container: {w.status(n)}", lambda n=n: "running" in w.status(n).get("state", {}), 0.05)
            no_duplicates(w)
            for n in names:
                check(len(starts(w, n)) <= 1 + killed + number, n)
                w.delete(n)
        no_duplicates(w)
        run.note(f"{number} pods, {execs} execs answered")
        run.settle(w)
    finally:
        canary.kill()
        canary.wait()
        shutil.rmtree(place, ignore_errors=True)
