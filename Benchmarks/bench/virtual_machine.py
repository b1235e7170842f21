"""The same in a virtual machine, where systemd is process 1."""

import json
import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from .common import HERE, ROOT, Failure, build
from .results import Results

# Emulated processors are some twenty times slower, and with 1,000 workers a round of systemd's takes minutes.
DEFAULTS = {
    "sizes": [1, 10, 100, 1000], "rounds": 2, "large": 100, "large_rounds": 1, "deaths": 30, "death_seconds": 30, "idle": 10,
    "idle_workers": 100, "young_workers": 10, "lines": 10_000, "rolling": 0, "limit": 600,
}  # fmt: skip
KINDS = "limit,calls,cadre,systemd,transient"
TIMEOUT = 5400
SCRIPT = """#!/bin/sh
cd /opt/benchmarks && mkdir -p /out && exec ./Benchmarks/peers --no-get --programs programs --cadre /usr/bin/cadre \\
    --json /out/results.json "$@"
"""


def run_in_machine(options, directory):
    """Runs this program there, and returns its results."""
    if not options.cadre.exists():
        raise Failure(f"there is no {options.cadre}; build it with: make release")
    with tempfile.TemporaryDirectory(prefix="cadre-bench-") as scratch:
        stage = Path(scratch)
        (stage / "programs").mkdir()
        build(stage / "programs", "worker", "-static")
        build(stage / "programs", "limit", "-static")
        subprocess.run(["strip", "-o", stage / "cadre", options.cadre], check=True)
        script = stage / "run"
        script.write_text(SCRIPT)
        out = stage / "out"
        command = [
            ROOT / "Tests/VM/vm", "run", "--timeout", str(TIMEOUT), "--memory", "4G", "--out", out,
            "--copy", f"{HERE}:/opt/benchmarks/Benchmarks", "--copy", f"{stage}/programs:/opt/benchmarks/programs",
            "--copy", f"{stage}/cadre:/usr/bin/cadre", script, *forwarded(options),
        ]  # fmt: skip
        print(shlex.join(map(str, command)), flush=True)
        status = subprocess.run(command, env={**os.environ, "VM_PACKAGES": "python3-dbus"}).returncode
        if status != 0:
            raise Failure(f"the run in the virtual machine ended with {status}")
        document = json.loads((out / "results.json").read_text())
    results = Results(document)
    results.write(options.json or directory / ("quick-vm.json" if options.quick else "results-vm.json"))
    return results


def forwarded(options):
    """The options for the run there: those that were given, and what suits the machine."""
    values = dict(DEFAULTS)
    if options.quick:
        values.update(sizes=[1, 10], rounds=1, deaths=10, idle=2, idle_workers=10)
    values.update({name: getattr(options, name) for name in values if name in options.given})
    values["only"] = options.only or KINDS
    words = []
    for name, value in values.items():
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        words += [f"--{name.replace('_', '-')}", text]
    return words
