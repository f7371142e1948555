# SPDX-License-Identifier: Apache-2.0
"""P18, P19, P20: a clock that jumps, numbers of processes that come again, a machine that boots."""
import os
import shutil
import subprocess
import sys
import time

from oracles import no_duplicates, script_code, starts
from world import BUILD, alive, check, container, hierarchies, keeper, pids_of, pod, wait_for

BURNER = os.path.join(BUILD, "tests/faults/workload")
JUMP = os.path.join(BUILD, "tests/faults/jump.so")


def jumping(run):
    """The agent's wall clock jumps by years, back and forth, FIGURE times; back-off and counts do not care."""
    w = run.world(start=False)
    stamp = os.path.join(w.root, "jump")

    def jump(seconds):
        with open(stamp, "r+b" if os.path.exists(stamp) else "wb", 0) as f:
            f.write(seconds.to_bytes(8, sys.byteorder, signed=True))

    jump(0)
    w.env = {"LD_PRELOAD": JUMP, "JUMP_FILE": stamp}
    w.start()
    w.load_image()
    run.first_pod(w)
    seeds = run.rng.randrange(10**6)
    w.create(pod(w, "loop", container("c", "script", "loop", seeds), annotations={"berth.dev/backoff": "base=300ms,factor=1,cap=300ms"}))
    w.create(keeper(w, "near", grace=1))
    w.wait_running("near")
    began, count = time.monotonic(), 0
    for n in range(run.figure):
        jump(run.rng.randrange(-10, 11) * 365 * 86400)
        time.sleep(0.05)
        if n % 10 == 0:
            s = w.status("loop")
            check(s.get("restartCount", 0) >= count, "restartCount fell", count, s)
            count = s.get("restartCount", 0)
            last = s.get("lastState", {}).get("terminated")
            if last:
                k = int(last["containerID"].rpartition("-")[2])
                check(last["exitCode"] == script_code(seeds, k), f"run {k} is recorded as {last}")
            w.create(keeper(w, f"p{n}", grace=1))
            w.wait_running(f"p{n}")
            w.delete(f"p{n}", 1)
            wait_for(30, f"p{n} is deleted while the clock jumps", lambda n=n: not w.pod(f"p{n}"))
    ran, most = len(starts(w, "loop")), 2 + (time.monotonic() - began) / 0.3
    check(2 <= ran <= most, f"the loop started {ran} times, allowed are {most:.0f}")
    check(w.restarts("near") == 0, "a pod suffered", w.status("near"))
    jump(0)
    ages = w.berth("get", "pods", "--no-headers").stdout.decode().split("\n")
    check(all(x.split()[-1].isalnum() for x in ages if x), "a negative age:", ages)
    run.note(f"{ran} starts of the loop")


def pid_reuse(run):
    """Numbers come round while pods are stopped in storms: no stranger is ever hit."""
    w = run.world()
    limit, kept = "/proc/sys/kernel/pid_max", None
    with open(limit, encoding="ascii") as f:
        kept = f.read()
    canaries = [subprocess.Popen(["/bin/sleep", "100000"]) for _ in range(50)]
    try:
        if int(kept) > 32768:
            with open(limit, "w", encoding="ascii") as f:
                f.write("32768")
        wraps, number = 0, 0
        while wraps < run.figure:
            names = [f"p{number + i}" for i in range(5)]
            number += 5
            for n in names:
                w.create(keeper(w, n))
            # Numbers are burnt while pods start and stop.
            burnt = subprocess.run([BURNER, "burn", "8000"], capture_output=True, check=True).stdout
            wraps += int(burnt)
            for n in names:
                w.delete(n)
            canaries += [subprocess.Popen(["/bin/sleep", "100000"]) for _ in range(5)]
            check(all(c.poll() is None for c in canaries), "a stranger was killed")
            wait_for(120, "the pods are gone", lambda: not w.pods())
        run.note(f"{number} pods, {len(canaries)} strangers alive")
    finally:
        with open(limit, "w", encoding="ascii") as f:
            f.write(kept)
        for c in canaries:
            c.kill()
            c.wait()


def remove_groups(tag):
    """Those that are left (a zombie that nobody has reaped holds its group)."""
    left = []
    for top in hierarchies():
        for group in (tag, f"{tag}-shims"):
            for path, _, _ in os.walk(os.path.join(top, group), topdown=False):
                try:
                    os.rmdir(path)
                except OSError:
                    left.append(path)
    return left


def boots(run):
    """All processes, groups and run directories gone, another boot: policy decides who runs again, once."""
    w = run.world()
    policies = {"always": "Always", "onfailure": "OnFailure", "never": "Never"}
    for name, policy in policies.items():
        w.create(pod(w, name, container("c", "keep", name), policy=policy))
    w.create(pod(w, "done", container("c", "once", "done", 0, 1), policy="OnFailure"))
    w.wait_running(*policies)
    wait_for(60, "done has ended", lambda: w.pod("done")["status"]["phase"] == "Succeeded")
    for n in range(1, run.figure + 1):
        if run.rng.random() < 0.3:
            w.kill(15)
        else:
            w.kill()
        for _ in range(200):
            pids = pids_of(f"/{w.tag}")
            if not pids:
                break
            for pid in pids:
                try:
                    os.kill(pid, 9)
                except OSError:
                    pass
            time.sleep(0.02)
        check(not any(map(alive, pids_of(f"/{w.tag}"))), "the machine is not off")
        wait_for(30, "the groups are gone", lambda: not remove_groups(w.tag))
        shutil.rmtree(os.path.join(w.agent_root, "run/berth"), ignore_errors=True)
        w.start()
        for name in ("always", "onfailure"):
            wait_for(60, lambda n=name: f"{n} runs after the boot: {w.status(n)}",
                     lambda n=name, k=n: w.running(n) and w.restarts(n) == k)
            wait_for(20, f"{name} has begun", lambda n=name, k=n: len(starts(w, n)) == k + 1)
        wait_for(60, lambda: f"never stays ended: {w.status('never')}", lambda: w.pod("never")["status"]["phase"] == "Failed")
        check(w.status("never")["state"]["terminated"]["reason"] == "ContainerStatusUnknown", w.status("never"))
        check(w.pod("done")["status"]["phase"] == "Succeeded" and len(starts(w, "done")) == 1, "what was done ran again")
        check(len(starts(w, "never")) == 1, "Never was started again")
        no_duplicates(w)
