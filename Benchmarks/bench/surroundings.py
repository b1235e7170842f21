"""Where a run happens: the programs, a directory for files, and a cgroup."""

import os
import resource
import signal
import subprocess
import tempfile
from pathlib import Path

from . import guard
from .common import ROOT, Failure, build, cgroup2_mount

TOOLS = ROOT / ".build" / "peers"
DEBIAN = ("s6", "runit", "supervisor", "python3-pkg-resources")
PYTHON = ("circus==0.19.0",)


class Surroundings:
    """Entered for a run; whatever ends it, nothing that it started stays."""

    def __init__(self, cadre, cgroup=None, scratch="/dev/shm", programs=None):
        self.cadre = Path(cadre).resolve()
        self.parent = cgroup or cgroup2_mount()
        self.scratch_parent = scratch
        self.programs = Path(programs).resolve() if programs else None
        self.peer_root = TOOLS / "root"
        self.peer_python = TOOLS / "python" / "bin" / "python"

    def __enter__(self):
        # A signal that asks for the end is one like Ctrl-C.
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, interrupt)
        # Thousands of workers take thousands of descriptors of some supervisors.
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        # In memory, as the /run that supervisors use on a real host.
        self.scratch = Path(tempfile.mkdtemp(prefix="cadre-bench-", dir=self.scratch_parent))
        self.cgroup = self.parent / f"cadre-bench-{os.getpid()}"
        self.guard = guard.start(self.cgroup, self.scratch, os.getpid())
        try:
            self.cgroup.mkdir()
            self.delegate()
            programs = self.programs
            self.worker = programs / "worker" if programs else build(self.scratch, "worker", "-static")
            self.limit = programs / "limit" if programs else build(self.scratch, "limit")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.guard.stdin.close()
        self.guard.wait()

    def delegate(self):
        """Every subject gets the controllers that there are, as in a delegated cgroup of systemd's."""
        offered = (self.cgroup / "cgroup.controllers").read_text().split()
        for controller in ("cpu", "io", "memory", "pids"):
            if controller in offered:
                (self.cgroup / "cgroup.subtree_control").write_text(f"+{controller}")

    def peer(self, name):
        """A program of a peer's that was unpacked."""
        return self.peer_root / "usr/bin" / name

    def missing_peer(self, name):
        return None if self.peer(name).exists() else f"there is no {self.peer(name)}"


def interrupt(number, _):
    raise KeyboardInterrupt


def get_peers():
    """Unpacks and installs the peers below .build; what is there already is kept."""
    tool = ROOT / "Tests" / "get-tools"
    try:
        subprocess.run([tool, "--into", "peers", "--debian", *DEBIAN, "--python", *PYTHON], check=True)
    except subprocess.CalledProcessError as error:
        raise Failure(f"the peers could not be had: {error}")
