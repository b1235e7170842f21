"""systemd itself, where it is process 1: instances of a template unit, and transient units."""

import os
import resource
import subprocess
import time
from pathlib import Path

from .common import Failure, Late, cgroup2_mount, wait_empty
from .subject import Subject, kernel_memory

UNITS = Path("/run/systemd/system")


class Systemd(Subject):
    """One manager, which runs before and after: what is measured of its start begins with the command."""

    name = "systemd"
    title = "systemd app@N"
    # Its memory is that of process 1 with all else that it manages; what grows with the workers is their part.

    @classmethod
    def unavailable(cls, bench):
        if Path("/proc/1/comm").read_text().strip() != "systemd":
            return "it isn't process 1 here; --in-vm measures it in a virtual machine"
        return None

    def launch(self):
        self.slice = f"cadrebench{os.getpid()}.slice"
        # Not the cgroup of a peer, but the one that systemd makes.
        self.cgroup.rmdir()
        self.cgroup = cgroup2_mount() / self.slice
        self.unit = f"cadre-bench-{os.getpid()}@"
        # A manager with no past, as far as there is such a thing: memory that it once had stays its own.
        systemctl("daemon-reexec")
        self.prepare()
        self.memory_before = kernel_memory()
        self.began = time.monotonic_ns()
        self.command_units()

    def prepare(self):
        (UNITS / f"{self.unit}.service").write_text(
            # Without the dependencies that each unit has by default, which are work for nothing here.
            "[Unit]\nDefaultDependencies=no\nStartLimitIntervalSec=0\n"
            f"[Service]\n{self.properties('%i')}ExecStart={' '.join([str(self.bench.worker), *self.worker_arguments('%i')])}\n"
        )
        systemctl("daemon-reload")

    def properties(self, number):
        # Files of the workers' own, as Cadre's: no journal, which would take most of the time.
        log = f"append:{self.directory}/log-{number}" if self.lines else "null"
        return f"Slice={self.slice}\nRestart=always\nRestartSec=0\nStandardOutput={log}\nStandardError={log}\n"

    def command_units(self):
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                ["systemctl", "start", *(f"{self.unit}{number}.service" for number in range(self.count))],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)  # fmt: skip

    def stop(self, seconds=60):
        began = time.monotonic_ns()
        systemctl("stop", f"{self.unit}*.service", seconds=seconds)
        wait_empty(self.cgroup, seconds)
        return time.monotonic_ns() - began

    def processes(self):
        return [1]

    def scrape(self):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            ["systemctl", "show", "--property=Id,ActiveState,MainPID,NRestarts", f"{self.unit}*.service"],
            check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return int((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e9)

    def check(self):
        if self.process.poll() not in (None, 0):
            raise Failure(f"systemctl start failed: {self.said()}")

    def end(self):
        self.check()

    def clean(self):
        remove_units(self.slice, self.unit)
        super().clean()


class TransientSystemd(Systemd):
    """Units that exist only as requests on the bus."""

    name = "transient"
    title = "systemd transient"
    # As the template's do.
    keeps_lines = False
    bus = None

    @classmethod
    def unavailable(cls, bench):
        try:
            import dbus  # noqa: F401
        except ImportError:
            return super().unavailable(bench) or "there is no python3-dbus"
        return super().unavailable(bench)

    def prepare(self):
        self.unit = f"cadre-bench-{os.getpid()}-"

    def command_units(self):
        import dbus

        # The manager's own socket, as systemctl does it for root: no bus in between.
        self.bus = dbus.connection.Connection("unix:path=/run/systemd/private")
        manager = self.bus.get_object(None, "/org/freedesktop/systemd1", introspect=False)
        start = manager.get_dbus_method("StartTransientUnit", "org.freedesktop.systemd1.Manager")
        for number in range(self.count):
            command = [str(self.bench.worker), *self.worker_arguments(number)]
            properties = [
                ("DefaultDependencies", False),
                ("StartLimitIntervalUSec", dbus.UInt64(0)),
                ("Slice", self.slice),
                ("Restart", "always"),
                ("RestartUSec", dbus.UInt64(0)),
                ("StandardOutput", "null"),
                ("StandardError", "null"),
                ("ExecStart", dbus.Array([(command[0], dbus.Array(command, "s"), False)], "(sasb)")),
            ]
            start(f"{self.unit}{number}.service", "fail", dbus.Array(properties, "(sv)"), dbus.Array([], "(sa(sv))"))

    def check(self):
        pass

    def clean(self):
        if self.bus:
            self.bus.close()
        super().clean()


def systemctl(*arguments, seconds=120):
    try:
        done = subprocess.run(["systemctl", *arguments], stderr=subprocess.PIPE, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Late(f"systemctl {arguments[0]} took more than {seconds:g} s")
    if done.returncode != 0:
        raise Failure(f"systemctl {' '.join(arguments)}: {done.stderr.strip()}")


def remove_units(slice, unit):
    """Stops the units of a slice, and forgets them; for those who clean up, so it goes on whatever fails."""
    subprocess.run(["systemctl", "kill", "--signal=KILL", f"{unit}*.service"], stderr=subprocess.DEVNULL)
    subprocess.run(["systemctl", "stop", f"{unit}*.service", slice], stderr=subprocess.DEVNULL)
    subprocess.run(["systemctl", "reset-failed", f"{unit}*.service"], stderr=subprocess.DEVNULL)
    for path in UNITS.glob(f"{unit}*.service"):
        path.unlink()
    subprocess.run(["systemctl", "daemon-reload"], stderr=subprocess.DEVNULL)
