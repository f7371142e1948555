# SPDX-License-Identifier: Apache-2.0
"""P22: two agents never run on one root."""
import subprocess

from world import PATH, check, keeper, wait_for

OTHER_AGENT = 75


def many_starts(run):
    """Of agents started at the same time one owns the root, the others say so and leave it alone."""
    w = run.world(start=False)
    for round_ in range(2):
        argv = [w.program, "--root", w.agent_root, *w.options]
        with open(w.log, "ab") as log:
            agents = [subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env={"PATH": PATH})
                      for _ in range(run.figure)]
        wait_for(240, lambda: f"all but one have ended: {sum(a.poll() is None for a in agents)} are left",
                 lambda: sum(a.poll() is None for a in agents) <= 1, 0.1)
        codes = [a.poll() for a in agents]
        check(codes.count(None) == 1, "of the agents there run", codes.count(None), "codes", sorted(set(map(str, codes))))
        check(codes.count(OTHER_AGENT) == run.figure - 1, "the others ended with", sorted(set(map(str, codes))))
        w.process = next(a for a in agents if a.poll() is None)
        w.starts += 1
        wait_for(60, "the owner serves", lambda: w.call("GET", "/readyz")[0] == 200)
        if round_ == 0:
            w.load_image()
            w.create(keeper(w, "one"))
        w.wait_running("one")
        check(w.restarts("one") == 0, "its pod was restarted:", w.status("one"))
        if round_ == 0:
            w.kill()
