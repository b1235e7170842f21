"""Where workers report, and what the kernel says of processes and cgroups."""

import os
import re
import select
import struct
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent
RECORD = struct.Struct("=qii")  # CLOCK_MONOTONIC in ns, process ID, number
MILLISECOND = 1_000_000


class Failure(Exception):
    """Something did not run; the message is for the user."""


class Late(Failure):
    """Something took longer than it was given."""


class Fifo:
    """Where the workers report, record by record."""

    def __init__(self, path):
        self.path = path
        os.mkfifo(path)
        # A writer of our own, so that there is no end of file between two workers.
        self.descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)

    def read(self, count, seconds=60, check=lambda: None):
        """The next `count` records as (time, pid, number). While it waits, it asks `check` now and then, which may throw."""
        records = []
        deadline = time.monotonic() + seconds
        while len(records) < count:
            try:
                data = os.read(self.descriptor, RECORD.size * min(count - len(records), 4096))
                records += RECORD.iter_unpack(data)
            except BlockingIOError:
                left = deadline - time.monotonic()
                if wait_readable(self.descriptor, min(left, 1)):
                    continue
                check()
                if left <= 0:
                    raise Late(f"{count - len(records)} of {count} workers did not start within {seconds:g} s")
        return records

    def close(self):
        os.close(self.descriptor)
        os.unlink(self.path)


def wait_readable(descriptor, seconds):
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(0, seconds) * 1000))


def build(scratch, name, *flags):
    """Compiles one of the C programs beside this directory."""
    program = scratch / name
    subprocess.run(["cc", "-O2", *flags, "-o", program, HERE / f"{name}.c"], check=True)
    return program


def field(path, name):
    """A number from one of the kernel's lists of `Name: number`."""
    for line in path.read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise Failure(f"{path} has no {name}")


def percentile(ordered, percent):
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def cgroup2_mount():
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, after = line.split(" - ")
        if after.split()[0] == "cgroup2":
            return Path(before.split()[4])
    raise Failure("no cgroup v2 is mounted")


def cgroup_processes(path):
    """The IDs of the processes in the cgroup and below."""
    found = []
    for directory, _, _ in os.walk(path):
        try:
            found += [int(line) for line in Path(directory, "cgroup.procs").read_text().split()]
        except OSError:
            continue  # it has just been removed
    return found


def wait_empty(path, seconds):
    """Waits until there is no process in the cgroup and below, or no such cgroup."""
    deadline = time.monotonic() + seconds
    try:
        with open(path / "cgroup.events") as events:
            poll = select.poll()
            poll.register(events, select.POLLPRI)
            while "populated 1" in (events.seek(0), events.read())[1]:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Late(f"there were processes in {path} after {seconds:g} s")
                poll.poll(left * 1000)
    except OSError:
        if path.exists():
            raise


def remove_cgroup(path, seconds=60):
    """Kills what runs in the cgroup, and removes it."""
    if not path.exists():
        return
    (path / "cgroup.kill").write_text("1")
    wait_empty(path, seconds)
    for directory, _, _ in os.walk(path, topdown=False):
        os.rmdir(directory)


def machine():
    """What the figures were measured on."""
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = field(Path("/proc/meminfo"), "MemTotal") // 1024
    system = os.uname()
    autogroup = Path("/proc/sys/kernel/sched_autogroup_enabled")
    return {
        "kernel": system.release,
        "architecture": system.machine,
        "processor": processor[1] if processor else system.machine,
        "processors": os.cpu_count(),
        "memory_mib": memory,
        # Whether what leads a session is scheduled as a group of its own, where the cpu controller doesn't do that.
        "autogroup": autogroup.exists() and autogroup.read_text().strip() == "1",
        "load": os.getloadavg()[0],
    }
