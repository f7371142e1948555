# SPDX-License-Identifier: Apache-2.0
"""Oracle (a): everything on this host that a pod could leave behind, as lines without numbers that change by themselves.

Two ledgers, one before and one after, must be equal; a difference has 3 s to go away (process 1 may reap slowly).
With LEDGER_SHARED=1 only what carries the world's own names is counted: for a machine on which somebody else's pods
come and go at the same time.
"""
import os
import re
import subprocess
import time

from world import Violation, alive, hierarchies, read

PROGRAMS = {"berth", "berth-shim", "berth-runner", "berth-unpack", "berth-probe", "runc", "skopeo", "w"}
SHARED = bool(os.environ.get("LEDGER_SHARED"))
ALLOWANCE_S = 3


def output(*argv):
    return subprocess.run(argv, capture_output=True, check=False).stdout.decode(errors="replace").splitlines()


def ports(bridge):
    """What the names of this root's veths begin with (runtime/net/net.c)."""
    h = 0xcbf29ce484222325
    for c in bridge.encode():
        h = (h ^ c) * 0x100000001b3 % 2**64
    h ^= h >> 29
    return "bth" + "".join("abcdefghijklmnopqrstuvwxyz234567"[h >> 5 * i & 31] for i in range(3))


def processes(world):
    for pid in os.listdir("/proc"):
        if not pid.isdigit() or not alive(pid):
            continue
        name = os.path.basename(os.readlink(f"/proc/{pid}/exe")) if alive(pid) else ""
        words = read(f"/proc/{pid}/cgroup") + read(f"/proc/{pid}/cmdline")
        if world.tag in words or (name in PROGRAMS and (not SHARED or world.root in words)):
            if name not in ("berthd", "tracer"):
                yield f"process {pid} {name}"


def groups(world):
    for top in hierarchies():
        for path, names, _ in os.walk(top):
            if "process_api" in names:
                names.remove("process_api")
            if world.tag in path or not SHARED:
                yield f"cgroup {path}"


def mounts(world):
    for who, pid in (("host", "self"), ("agent", world.process.pid if world.process else "self")):
        for line in read(f"/proc/{pid}/mountinfo").splitlines():
            words = line.split()
            kind = line.partition(" - ")[2].split()
            if not SHARED or world.root in line:
                yield f"mount {who} {words[4]} {' '.join(kind[:2])}"


def network(world):
    bridge = world.tag.replace("berth", "bth", 1)
    for line in output("ip", "-o", "link", "show"):
        name = re.match(r"\d+: ([^:@]*)", line)[1]
        if not SHARED or name == bridge or name.startswith(ports(bridge)):
            yield f"link {name}"
    for line in output("ip", "-4", "-o", "route", "show"):
        if not SHARED or ports(bridge) in line:
            yield f"route {line.strip()}"
    inside = False
    for line in output("nft", "list", "ruleset"):
        if line.startswith("table"):
            inside = not SHARED or world.tag in line
        if inside:
            yield f"nft {line.strip()}"
    if not SHARED:
        spaces = set()
        for pid in os.listdir("/proc"):
            try:
                spaces.add(os.readlink(f"/proc/{pid}/ns/net"))
            except OSError:
                continue
        yield from (f"netns {x}" for x in spaces)


# Files whose coming and going is the store's own business, and records kept of the dead on purpose.
IGNORED = re.compile(r"/store\.db|/berth/deaths(/|$)|/berth/images/")


def files(world):
    for path, names, others in os.walk(world.agent_root):
        for name in names + others:
            full = os.path.join(path, name)
            if not IGNORED.search(full):
                yield f"file {full[len(world.agent_root):]}"
    if not SHARED:
        for path in ("/run/netns", "/run/runc", "/run/berth", "/dev/shm", "/var/lib/berth", "/var/log/pods"):
            if os.path.isdir(path):
                yield from (f"file {path}/{x}" for x in os.listdir(path))
        for kind in ("shm", "msg", "sem"):
            yield from (f"sysv {kind} {x.split()[0]}" for x in read(f"/proc/sysvipc/{kind}").splitlines()[1:])
        yield from (f"loop {x}" for x in output("losetup", "-n", "-O", "NAME,BACK-FILE"))


def agent(world):
    """Its descriptors by kind (the store opens and closes files as it likes) and its threads."""
    pid = world.pid() if world.process else 0
    if not pid:
        return
    kinds = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            to = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        kind = re.sub(r"\[?\d+\]?", "", to)
        if "store.db" not in kind:
            kinds[kind] = kinds.get(kind, 0) + 1
    yield from (f"fd {n} of {kind}" for kind, n in kinds.items())
    yield f"threads {len(os.listdir(f'/proc/{pid}/task'))}"


def take(world):
    lines = set()
    for part in (processes, groups, mounts, network, files, agent):
        lines.update(part(world))
    return lines


def compare(world, before, lines=lambda line: True):
    """Violation unless the ledger is what it was, at the latest after the allowance."""
    end = time.monotonic() + ALLOWANCE_S
    while True:
        now = take(world)
        gone, new = filter(lines, before - now), filter(lines, now - before)
        differ = [f"> {x}" for x in sorted(new)] + [f"< {x}" for x in sorted(gone)]
        if not differ:
            return
        if time.monotonic() > end:
            break
        time.sleep(0.2)
    raise Violation(f"{len(differ)} lines of the ledger differ:\n" + "\n".join(differ[:30]))
