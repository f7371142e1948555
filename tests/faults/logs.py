# SPDX-License-Identifier: Apache-2.0
"""P14: a flood of lines neither tears, nor loses its order, nor fills the disk."""
import os
import time

from oracles import counted, log_files, no_duplicates, numbered
from world import PODS, check, container, pod, wait_for

MIB = 1 << 20


def size_of(path):
    try:
        return os.path.getsize(path)
    except OSError: # rotated meanwhile
        return 0


def flood(run):
    """FIGURE rotations, by containers that write as fast as they can, with small files; the agent is killed meanwhile."""
    w = run.world()
    size, files, width = 256 << 10, 3, 200
    note = {"berth.dev/log": f"max-size={size},max-files={files},policy=block"}
    names = [f"flood{i}" for i in range(6 if run.size == "ci" else 50)]
    per_file = size // (width + 60)
    lines = per_file * (run.figure // len(names) + files + 1)
    for n in names:
        w.create(pod(w, n, container("c", "lines", n, lines, 0, width), policy="Never", annotations=note))
    slowest, kills = 0.0, 0
    end = time.monotonic() + 600

    def over(n):
        p = w.pod(n)
        return p and p["status"].get("phase") in ("Succeeded", "Failed")

    left = set(names)
    while left:
        check(time.monotonic() < end, "these write for ever:", left)
        asked = time.monotonic()
        w.ok("GET", PODS)
        slowest = max(slowest, time.monotonic() - asked)
        for n in names:
            found = log_files(w, n)
            total = sum(map(size_of, found))
            check(total <= size * (files + 1), f"{n}: {total} bytes of logs in {len(found)} files")
        if kills < 5 and run.rng.random() < 0.2:
            w.restart()
            kills += 1
        left = {n for n in left if not over(n)}
        time.sleep(0.05)
    for n in names:
        check(w.status(n)["state"]["terminated"]["exitCode"] == 0, n, "ended as", w.status(n)["state"])
        got = numbered(w, n, n, width, from_start=False)
        check(got == {0: lines}, f"{n} wrote {lines} lines; the log ends behind {got}")
    run.note(f"{lines * len(names)} lines, {kills} kills of berthd meanwhile, slowest list {slowest * 1000:.0f} ms")


def full_disk(run):
    """With no room for logs: what blocks loses nothing once there is room again; pods go on, deletes work."""
    w = run.world(start=False, var="size=48m,mode=755")
    w.start()
    w.load_image()
    run.first_pod(w)
    fill = os.path.join(w.agent_root, "var/fill")
    note = {"berth.dev/log": "max-size=1Mi,max-files=3,policy=block"}
    for _ in range(run.figure):
        w.create(pod(w, "blocks", container("c", "lines", "blocks", 0, 2000, 100), annotations=note))
        w.create(pod(w, "goes", container("c", "keep", "goes")))
        w.wait_running("blocks", "goes")
        with open(fill, "wb", 0) as f:
            try:
                while f.write(b"x" * 65536):
                    pass
            except OSError:
                pass
        time.sleep(run.rng.uniform(0.5, 2))
        check(w.delete("goes") in (200, 202), "no pod can be deleted on a full disk")
        wait_for(60, "the pod is deleted on a full disk", lambda: not w.pod("goes"))
        check(w.restarts("blocks") == 0, "a full disk ended a container:", w.status("blocks"))
        os.unlink(fill)
        want = counted(w, "blocks")[1] + 100
        wait_for(60, f"lines are written again, to {want}", lambda n=want: counted(w, "blocks")[1] >= n)
        wait_for(60, "the log is whole", lambda n=want: numbered(w, "blocks", "blocks", 100, from_start=False).get(0, 0) >= n, 0.2)
        w.delete_all()
        for kind in ("tape", "lock", "count"):
            for key in ("blocks", "goes"):
                path = os.path.join(w.tape, f"{key}.{kind}")
                if os.path.exists(path):
                    os.unlink(path)
    no_duplicates(w)
