# SPDX-License-Identifier: Apache-2.0
"""The table of promises: what is run, how often, and which seeds once found a fault and are played for ever."""
import dataclasses
import typing

import abuse
import agents
import clocks
import containers
import kills
import logs
import runtime
import syscalls


@dataclasses.dataclass
class Promise:
    name: str
    unit: str  # what the figure counts
    ci: int
    release: int
    fn: typing.Callable
    kept: list = dataclasses.field(default_factory=list)  # (seed, figure) of faults found, played at each size


# Open, and so not in the CI share: P3 (20 calls in a row that fail with ENOSPC while a secret changes end berthd by abort; seed 368537),
# P14 on a full disk (a line was torn by ENOSPC; seed 927643).
PROMISES = [
    Promise("p1", "kills of berthd in a storm", 12, 500, kills.agent_in_a_storm),
    Promise("p2", "kills at a system call", 15, 3000, syscalls.killed),
    Promise("p3", "failing system calls", 0, 2000, syscalls.failing),
    Promise("p7", "kills of shims", 12, 300, kills.shims),
    Promise("p8", "rounds of berthd and shims killed together", 5, 100, kills.agent_and_shims),
    Promise("p9", "containers that live 0 to 5 ms", 96, 10000, containers.short_lives),
    Promise("p10", "lies of a runtime", 14, 41, runtime.lies),
    Promise("p10k", "kills of the real runtime", 20, 1000, runtime.real_kills),
    Promise("p11", "pods that will not die", 5, 20, containers.deaf),
    Promise("p12", "OOM kills", 12, 500, containers.out_of_memory),
    Promise("p13", "s of crash loops under kills of berthd", 10, 120, containers.back_off),
    Promise("p14", "rotations in a flood of lines", 60, 1000, logs.flood),
    Promise("p14d", "full disks", 0, 20, logs.full_disk),
    Promise("p16", "times without descriptors, processes or memory", 6, 60, abuse.starved),
    Promise("p17", "abusive connections", 1500, 10000, abuse.socket_abuse),
    Promise("p18", "jumps of the clock", 60, 1200, clocks.jumping),
    Promise("p19", "rounds of the pids", 1, 5, clocks.pid_reuse),
    Promise("p20", "boots", 3, 50, clocks.boots),
    Promise("p22", "simultaneous starts", 20, 200, agents.many_starts),
]
