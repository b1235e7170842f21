"""What was caused, what was seen of it, and what the machine tells: the accounting of a soak."""

import os
import re
import sys
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../api"))

from control import Supervisor, report  # noqa: E402

# Growth that is no leak: an allocator keeps what was free when it looked. Bytes, and a share of what there is.
TOLERATED_GROWTH = (1 << 20, 0.1)


class Table:
    """The rows of the accounting, and whether each is as it should be."""

    def __init__(self):
        self.rows = []

    def add(self, what, found, wanted, isGood):
        self.rows.append((what, str(found), str(wanted), isGood))

    def equal(self, what, found, wanted):
        self.add(what, found, wanted, found == wanted)

    @property
    def isGood(self):
        return all(row[3] for row in self.rows)

    def print(self):
        widths = [max(len(row[column]) for row in self.rows) for column in range(3)]
        for what, found, wanted, isGood in self.rows:
            report(
                f"{'  ' if isGood else '✘ '}{what:<{widths[0]}}  {found:>{widths[1]}}  {wanted:<{widths[2]}}".rstrip())


def slope(samples):
    """The least-squares line through (time, value): its slope."""
    count = len(samples)
    mean_time = sum(time for time, _ in samples) / count
    mean_value = sum(value for _, value in samples) / count
    spread = sum((time - mean_time) ** 2 for time, _ in samples)
    return sum((time - mean_time) * (value - mean_value) for time, value in samples) / spread if spread else 0.0


class Samples:
    """The memory of a process over time."""

    def __init__(self, name):
        self.name = name
        self.all = []

    def take(self, time, pid):
        try:
            self.all.append((time, pid, Supervisor(pid).memory()))
        except (OSError, TypeError):
            # It is gone, or about to.
            pass

    def add_to(self, table):
        """Of the last process that there was, without the first quarter of its samples, while it got warm."""
        last = [(time, value) for time, pid, value in self.all if pid == self.all[-1][1]]
        last = last[len(last) // 4 :]
        if len(last) < 10:
            return table.add(f"memory of {self.name}", f"{len(last)} samples", "at least 10", False)
        length = last[-1][0] - last[0][0]
        growth = slope(last) * length
        mean = sum(value for _, value in last) / len(last)
        most = max(TOLERATED_GROWTH[0], TOLERATED_GROWTH[1] * mean)
        table.add(
            f"memory of {self.name}, {mean / 1024:.0f} KiB: growth",
            f"{slope(last) * 60 / 1024:+.1f} KiB a minute",
            f"at most {most / 1024:.0f} KiB in these {length:.0f} s",
            growth <= most,
        )


class Commands:
    """What was commanded, and what the supervisors noted of it."""

    def __init__(self):
        self.accepted = Counter()
        # Whether they were heard nobody knows: the supervisor died.
        self.unanswered = Counter()

    def add_to(self, table, log):
        """log: the supervisors' log."""
        with open(log) as file:
            noted = Counter(re.findall(r" commanded: (\w+)", file.read()))
        for command, accepted in sorted(self.accepted.items()):
            most = accepted + self.unanswered[command]
            wanted = f"{accepted}" if most == accepted else f"{accepted} to {most}"
            table.add(f"{command}: notes of who commanded it", noted[command], wanted, accepted <= noted[command] <= most)


class Lines:
    """What workers printed that count their lines from 1 on in each incarnation (`3@17 1`)."""

    def __init__(self, lines):
        self.all = lines

    def add_to(self, table):
        last = Counter()
        wrong = []
        for line in self.all:
            who, _, number = line.partition(" ")
            if number != str(last[who] + 1):
                wrong.append(line)
            last[who] = int(number) if number.isdigit() else last[who]
        table.add("lines that were printed", len(self.all), "", True)
        table.add("of them lost, doubled or torn", len(wrong), f"0 {' '.join(wrong[:3])}", not wrong)


class Kills:
    """The incarnations that were killed from outside, and what was told of their ends."""

    def __init__(self):
        # By (service, worker, incarnation): when.
        self.caused = {}
        self.told = Counter()
        # When nobody told events: from the last one of a supervisor to the first one of the next.
        self.gaps = []

    def note_event(self, event):
        if event["kind"] == "exited" and event.get("incarnation") is not None:
            self.told[(event["service"], event["worker"], event["incarnation"])] += 1

    def add_to(self, table, services, exact):
        """
        exact: the services whose workers end for no other reason, so that each end must be counted once.
        """
        workers = {(name, worker["number"]): worker for name in exact for worker in services[name]["workers"]}
        expected = Counter(key[:2] for key in self.caused)
        wrong = []
        for key, worker in workers.items():
            found = worker["restartsByReason"].get("signal", 0)
            if found != expected[key]:
                wrong.append(f"{key[0]}/{key[1]}: {found} of {expected[key]}")
        caused = sum(expected[key] for key in workers)
        counted = sum(worker["restartsByReason"].get("signal", 0) for worker in workers.values())
        table.add("workers killed, of which restarts were counted", f"{counted}", f"{caused} {' '.join(wrong[:5])}", not wrong)
        sums = [
            f"{name}/{worker['number']}"
            for name, service in services.items()
            for worker in service["workers"]
            if worker["restarts"] != sum(worker["restartsByReason"].values())
        ]
        table.add("workers whose restarts by reason don't add up", len(sums), "0", not sums)
        numbers = [
            f"{name}/{number}" for (name, number), worker in workers.items() if worker["incarnation"] != worker["restarts"] + 1
        ]
        table.add("workers with an incarnation too many or too few", len(numbers), "0", not numbers)
        mine = [key for key in self.caused if key[:2] in workers]
        twice = [key for key in mine if self.told[key] > 1]
        untold = [key for key in mine if self.told[key] == 0 and not self.is_in_gap(self.caused[key])]
        excused = sum(1 for key in mine if self.told[key] == 0) - len(untold)
        table.add("ends that events told of", sum(1 for key in mine if self.told[key]), f"{caused}, but for {excused} as a "
                  "supervisor died", not untold)
        table.add("ends that events told of twice", len(twice), "0", not twice)

    def is_in_gap(self, time):
        # What was told a moment before the end of a supervisor may not have come through.
        return any(start - 2 <= time <= end + 1 for start, end in self.gaps)


def processes_below(path):
    """How many processes there are in a cgroup and all below, and how many cgroups."""
    processes = groups = 0
    for directory, _, _ in os.walk(path):
        groups += 1
        try:
            with open(f"{directory}/cgroup.procs") as file:
                processes += len(file.read().split())
        except OSError:
            pass
    return processes, groups
