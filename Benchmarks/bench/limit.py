"""The limit: the bare C program limit.c."""

import signal
import subprocess
import time

from .common import Late, remove_cgroup
from .subject import Subject


class Limit(Subject):
    name = "limit"
    title = "bare C"
    makes_cgroups = True
    keeps_lines = False

    def command(self):
        # What cadre has its workers' cgroups do, where the kernel offers it: each controller makes a cgroup dearer.
        offered = (self.cgroup / "cgroup.controllers").read_text().split()
        for controller in ("cpu", "io", "memory", "pids"):
            if controller in offered:
                (self.cgroup / "cgroup.subtree_control").write_text(f"+{controller}")
        return [self.bench.limit, self.cgroup, str(self.count), self.bench.worker, self.fifo.path]

    def processes(self):
        # It stays in the cgroup of who started it.
        return [self.process.pid]

    def ask_to_stop(self):
        self.process.send_signal(signal.SIGKILL)
        # So that its workers have no parent who would start successors while they die.
        self.process.wait()

    def stop(self, seconds=60):
        """The kernel's own way: `cgroup.kill`, and the removal of the directories."""
        began = time.monotonic_ns()
        self.ask_to_stop()
        remove_cgroup(self.cgroup, seconds)
        return time.monotonic_ns() - began


class Calls(Limit):
    """The same program with all the calls that Cadre makes."""

    name = "calls"
    title = "C, all calls"

    def command(self):
        sockets = self.directory / "sockets"
        sockets.mkdir()
        return [*super().command(), sockets]

    def ask_to_stop(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self, seconds=60):
        """As a supervisor does: SIGTERM to each, an account of each, and the removal of its directory."""
        began = time.monotonic_ns()
        self.ask_to_stop()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Late(f"{self.name} had not stopped after {seconds:g} s")
        return time.monotonic_ns() - began
