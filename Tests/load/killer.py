"""Kills the supervisor of a keeper with SIGKILL, again and again, at random instants of its life.

Usage: killer.py [--kills N] [--seed N] [--longest MILLISECONDS] KEEPER

The instants are spread evenly over the time from a supervisor's first instruction on, so that some die while they are
executed, some while they adopt what their predecessor left, and some while they do nothing. The last line of output is
the process ID of the supervisor that lives on.
"""

import argparse
import os
import random
import select
import signal
import time

parser = argparse.ArgumentParser()
parser.add_argument("--kills", type=int, default=100)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--longest", type=float, default=700)
parser.add_argument("keeper", type=int)
options = parser.parse_args()


def cgroup(process: int) -> str:
    with open(f"/proc/{process}/cgroup") as file:
        return next(line.strip()[3:] for line in file if line.startswith("0::"))


def supervisor(besides: int) -> int | None:
    """The keeper's child that is in its own cgroup, or in the supervisor's; its other children are workers."""
    home = cgroup(options.keeper)
    groups = {home, home.rpartition("/")[0] + "/supervisor", home + "/supervisor"}
    with open(f"/proc/{options.keeper}/task/{options.keeper}/children") as file:
        children = [int(word) for word in file.read().split()]
    for child in children:
        try:
            if child != besides and cgroup(child) in groups:
                return child
        except (OSError, StopIteration):
            pass
    return None


def successor(of: int) -> int:
    deadline = time.monotonic() + 60
    while not (found := supervisor(besides=of)):
        if time.monotonic() > deadline:
            raise SystemExit(f"no supervisor within a minute of the death of {of}")
        # Nothing tells of a child of somebody else.
        time.sleep(0.001)
    return found


instants = random.Random(options.seed)
print("seed", options.seed, flush=True)
victim = 0
for kill in range(1, options.kills + 1):
    victim = successor(of=victim)
    descriptor = os.pidfd_open(victim)
    wait = instants.uniform(0, options.longest) / 1000
    # A supervisor that ends by itself is a fault.
    if select.select([descriptor], [], [], wait)[0]:
        raise SystemExit(f"supervisor {victim} ended by itself before kill {kill}")
    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    select.select([descriptor], [], [])
    os.close(descriptor)
    print(f"kill {kill}: {victim} after {wait * 1000:.0f} ms", flush=True)
print(successor(of=victim), flush=True)
