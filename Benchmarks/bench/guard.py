"""Removes what a run of the benchmarks leaves, when that is over: also if it was killed.

Usage: guard.py CGROUP SCRATCH PID, with the end of the run as the end of its standard input.
"""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

from .common import remove_cgroup
from .systemd import remove_units


def start(cgroup, scratch, pid):
    """Returns the guard's process; it acts when its input is closed, which the kernel does for who is killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "bench.guard", cgroup, scratch, str(pid)],
        cwd=Path(__file__).resolve().parent.parent, stdin=subprocess.PIPE, start_new_session=True)  # fmt: skip


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    cgroup, scratch, pid = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    sys.stdin.read()
    if Path("/run/systemd/system").exists() and Path(f"/sys/fs/cgroup/cadrebench{pid}.slice").exists():
        remove_units(f"cadrebench{pid}.slice", f"cadre-bench-{pid}")
    remove_cgroup(cgroup)
    shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
