"""What is measured: a running supervisor, and what is asked of it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .common import Failure, Fifo, Late, cgroup_processes, field, remove_cgroup, wait_empty

# Moves itself to the cgroup, says so, and becomes the supervisor when it is told to: the move isn't the supervisor's.
LAUNCHER = 'echo $$ >"$0" && echo ready && read -r _ && exec "$@" </dev/null >"$OUTPUT" 2>&1'

# What worker.c prints.
LINE = "GET /index.html 200 1234 0.012 a line such as a server prints for each request\n"


class Subject:
    """A running supervisor with `count` workers. Each kind is a subclass, and says how it is configured and stopped."""

    name = ""
    # What the table says of it.
    title = ""
    # Whether it makes cgroups for its workers by itself, below the one that it is given.
    makes_cgroups = False
    # Whether it does something with what its workers print.
    keeps_lines = True
    # How often it looks, if it finds deaths by looking. They are spread over this time, as they are in life.
    poll_seconds = 0

    @classmethod
    def unavailable(cls, bench):
        """Why it can't be measured on this machine, if so."""
        return None

    def __init__(self, bench, count, lines=None):
        """Starts it. With `lines`, each worker prints so many of them, and they are kept in files."""
        self.bench = bench
        self.count = count
        self.lines = lines
        self.directory = Path(tempfile.mkdtemp(prefix="run-", dir=bench.scratch))
        self.cgroup = bench.cgroup / f"{self.name}-{self.directory.name.rsplit('-')[-1]}"
        self.cgroup.mkdir()
        self.fifo = Fifo(self.directory / "fifo")
        self.output = self.directory / "output"
        self.process = None
        self.memory_before = kernel_memory()
        try:
            self.launch()
        except BaseException:
            self.clean()
            raise

    # What a kind defines.

    def command(self):
        """Writes the configuration, and returns the supervisor's command line."""
        raise NotImplementedError

    def environment(self):
        return {}

    def ask_to_stop(self):
        """Has the supervisor stop all workers, and end."""
        self.process.send_signal(signal.SIGTERM)

    def scrape(self):
        """Asks for the state of all workers; returns the processor time in ns that the kind's own tools took for it, or
        None if there is no way to ask."""
        return None

    # What is the same for all.

    def worker_arguments(self, number):
        return [str(self.fifo.path), str(number)] + ([str(self.lines)] if self.lines else [])

    def launcher(self):
        return ["/bin/sh", "-c", LAUNCHER]

    def launch(self):
        command = self.command()
        if self.makes_cgroups:
            self.began = time.monotonic_ns()
            with open(self.output, "wb") as output:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            return
        environment = {**os.environ, **self.environment(), "OUTPUT": str(self.output)}
        self.process = subprocess.Popen(
            [*self.launcher(), self.cgroup / "cgroup.procs", *command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=self.directory)  # fmt: skip
        if self.process.stdout.readline() != b"ready\n":
            raise Failure(f"{self.name} could not be launched")
        self.began = time.monotonic_ns()
        self.process.stdin.write(b"\n")
        self.process.stdin.close()
        self.process.stdout.close()

    def start(self, count, seconds=60):
        """Waits for all workers: their process IDs by number, the span of their beginnings, and the whole time."""
        records = self.fifo.read(count, seconds, self.check)
        times = [record[0] for record in records]
        pids = {number: pid for _, pid, number in records}
        return pids, max(times) - min(times), max(times) - self.began

    def kill(self, pids, number, seconds=60):
        """Kills a worker: the time from the kill to the beginning of its successor's main."""
        killed = time.monotonic_ns()
        os.kill(pids[number], signal.SIGKILL)
        ((began, pid, successor),) = self.fifo.read(1, seconds, self.check)
        if successor != number:
            raise Failure(f"{self.name}: worker {number} was killed and worker {successor} was started")
        pids[number] = pid
        return began - killed

    def deaths(self, pids, count, pause=0.002, seconds=float("inf"), age=0):
        """Kills `count` workers, one after another, each once if there are as many; none any more after `seconds`. Who was
        started here is killed again when it is `age` seconds old."""
        latencies = []
        numbers = sorted(pids)
        deadline = time.monotonic() + seconds
        started = {}
        for turn in range(count):
            # Deaths are rare: the supervisor is asleep and done with the last one. The golden ratio spreads them evenly.
            time.sleep(pause + turn * 0.618 % 1 * self.poll_seconds)
            number = numbers[turn * 7919 % len(numbers)]
            time.sleep(max(0, started.get(number, -age) + age - time.monotonic()))
            latencies.append(self.kill(pids, number))
            started[number] = time.monotonic()
            if time.monotonic() > deadline:
                break
        return latencies

    def storm(self, pids, count, seconds=60):
        """Kills `count` workers at once: the time from the first kill to the beginning of the last successor's main."""
        victims = sorted(pids)[:count]
        killed = time.monotonic_ns()
        for number in victims:
            os.kill(pids[number], signal.SIGKILL)
        records = self.fifo.read(count, seconds, self.check)
        pids.update((number, pid) for _, pid, number in records)
        return max(record[0] for record in records) - killed

    def print_lines(self, pids, seconds=60):
        """Has all workers print, and waits until they have."""
        for pid in pids.values():
            os.kill(pid, signal.SIGUSR1)
        self.fifo.read(len(pids), seconds, self.check)

    def stop(self, seconds=60):
        """Stops all: the time until no process is left."""
        began = time.monotonic_ns()
        self.ask_to_stop()
        wait_empty(self.cgroup, seconds)
        took = time.monotonic_ns() - began
        self.process.wait(seconds)
        return took

    def wait_for_lines(self, count, seconds):
        """Waits until so many lines of the workers' are in files."""
        expected = count * len(LINE)
        deadline = time.monotonic() + seconds
        while (kept := sum(map(size, self.directory.glob("log-*")))) < expected:
            if time.monotonic() > deadline:
                raise Late(f"{kept} of {expected} bytes were kept after {seconds:g} s")
            time.sleep(0.01)

    def processes(self):
        """The supervisor's own: all but the workers."""
        return [pid for pid in cgroup_processes(self.cgroup) if executable(pid) not in (None, str(self.bench.worker))]

    def threads(self):
        return [task for pid in self.processes() for task in Path(f"/proc/{pid}/task").iterdir()]

    def wake_ups(self):
        return sum(field(thread / "status", "voluntary_ctxt_switches") for thread in self.threads())

    def processor_time(self):
        """Of all threads of the supervisor's, in nanoseconds."""
        return sum(schedule_time(thread) for thread in self.threads())

    def anonymous_memory(self):
        """In KiB."""
        return sum(field(Path(f"/proc/{pid}/status"), "RssAnon") for pid in self.processes())

    def proportional_memory(self):
        """What is resident, each page divided by the number of processes that share it, in KiB."""
        return sum(field(Path(f"/proc/{pid}/smaps_rollup"), "Pss") for pid in self.processes())

    def kernel_memory(self):
        """What the kernel has allocated since this was started, in KiB; the workers' part included."""
        return kernel_memory() - self.memory_before

    def check(self):
        if self.process.poll() is not None:
            raise Failure(f"{self.name} ended: {self.said()}")

    def said(self):
        return self.output.read_text(errors="replace")[-2000:].strip() if self.output.exists() else ""

    def end(self):
        self.check()
        self.ask_to_stop()
        self.process.wait(60)

    def clean(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        remove_cgroup(self.cgroup)
        self.fifo.close()
        shutil.rmtree(self.directory)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.process and self.process.poll() is None:
                self.end()
            elif kind and issubclass(kind, Failure):
                print(self.said(), file=sys.stderr)
        finally:
            self.clean()


def size(path):
    """Of a file, or of what is in a directory, in bytes."""
    try:
        return sum(map(size, path.iterdir())) if path.is_dir() else path.stat().st_size
    except FileNotFoundError:
        return 0  # its name has just been changed, as that of a file which is full


def executable(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return None  # it has just ended


def schedule_time(thread):
    try:
        return int((thread / "schedstat").read_text().split()[0])
    except OSError:
        return 0  # it has just ended


def kernel_memory():
    path = Path("/proc/meminfo")
    return sum(field(path, name) for name in ("Slab", "KernelStack", "PageTables", "Percpu"))
