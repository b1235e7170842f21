"""The measurements, each of one kind in one round."""

import time
from pathlib import Path

from .common import MILLISECOND, Failure, Late, percentile
from .results import Results
from .rolling import ROLLING, WORKERS, roll

# s6 and runit wait for up to a second before the successor of a worker that has been up, in s6 ready, for less than one. A
# worker that is older is replaced at once, so that deaths are measured beside this; "young" deaths are about this.
FLOOR = 1.1
YOUNG_DEATHS = 3
# Between two deaths: what the slowest takes to go back to sleep.
PAUSE = 0.02
# So many deaths are enough to speak of the hundredth, and so many in a round to say how much rounds differ in it.
TAIL = 500
TAIL_OF_ROUND = 100
# From this size on each worker may die more than once a round: when its turn comes again, it is old enough.
MANY = 100


class Measurement:
    """All rounds of all kinds, turn about."""

    def __init__(self, surroundings, kinds, options):
        self.surroundings = surroundings
        self.options = options
        self.results = Results()
        self.kinds = []
        for kind in kinds:
            reason = kind.unavailable(surroundings)
            if reason:
                self.results.document["left_out"][kind.name] = f"{kind.title}: {reason}"
                print(f"Left out: {kind.title}: {reason}", flush=True)
            else:
                self.kinds.append(kind)
                self.results.kinds[kind.name] = kind.title
        # Why a kind is not measured with this number of workers, or more.
        self.given_up = {}
        # Of each round, as one alone has too few deaths for their p99.
        self.latencies = {}

    def turns(self, rounds):
        """Each kind once a round; who is first changes."""
        for number in range(rounds):
            shift = number % len(self.kinds)
            for kind in self.kinds[shift:] + self.kinds[:shift]:
                yield number, kind

    def attempt(self, kind, size, measure, what):
        """Measures, unless this kind has been too slow, or didn't work, with as many workers."""
        key = kind.name, measure.__name__
        if size >= self.given_up.get(key, size + 1):
            return
        try:
            measure(kind, size)
        except Failure as failure:
            self.given_up[key] = size
            why = str(failure) if isinstance(failure, Late) else f"failed: {failure}"
            more = f"; not measured with {size} or more workers" if size else ""
            self.results.note(f"{kind.title}, {what}: {why}{more}")
            print(f"  {kind.title}: {why}", flush=True)

    def run(self):
        for size in self.options.sizes:
            rounds = self.rounds(size)
            for number, kind in self.turns(rounds):
                print(f"{size} workers, round {number + 1} of {rounds}: {kind.title}", flush=True)
                self.attempt(kind, size, self.life, f"{size} workers")
        if self.options.lines:
            for number, kind in self.turns(self.options.rounds):
                if kind.keeps_lines:
                    print(f"log lines, round {number + 1} of {self.options.rounds}: {kind.title}", flush=True)
                    self.attempt(kind, 0, self.log_lines, "log lines")
        if self.options.rolling:
            for number, kind in self.turns(self.options.rolling):
                if kind.name in ROLLING:
                    print(f"rolling restart, round {number + 1} of {self.options.rolling}: {kind.title}", flush=True)
                    self.attempt(kind, 0, self.roll, "rolling restart")

    def rounds(self, size):
        rounds = self.options.rounds
        return rounds if size <= self.options.large else min(rounds, self.options.large_rounds)

    def finish(self):
        """The results, when all has been measured, or no more will be."""
        for (size, kind), rounds in self.latencies.items():
            deaths = [latency for latencies in rounds for latency in latencies]
            self.results.count_deaths(size, kind, len(deaths))
            if len(deaths) >= TAIL:
                self.results.add("death_p99", size, kind, tail(deaths))
                tails = [tail(latencies) for latencies in rounds if len(latencies) >= TAIL_OF_ROUND]
                if tails:
                    self.results.set_span("death_p99", size, kind, min(tails), max(tails))
        return self.results

    def roll(self, kind, _):
        roll(self.surroundings, kind, lambda figure, value: self.results.add(figure, WORKERS, kind.name, value))

    def life(self, kind, size):
        """A supervisor's life: start, idle, deaths, storms, stop."""
        options, most = self.options, self.options.limit

        def add(figure, value):
            self.results.add(figure, size, kind.name, value)

        with kind(self.surroundings, size) as subject:
            pids, _, total = subject.start(size, most)
            add("start", total / MILLISECOND)
            time.sleep(FLOOR)
            subject.check()
            add("pss", subject.proportional_memory())
            add("anonymous", subject.anonymous_memory())
            if size >= 1000:
                # With fewer, what else the kernel allocates and frees hides it.
                add("kernel", subject.kernel_memory())
            if size == options.idle_workers:
                self.idle(subject, add, total / 1e9)
                self.scrape(subject, add)
            # As many in all, where there are fewer rounds.
            most_deaths = options.deaths * options.rounds // self.rounds(size)
            count = most_deaths if size >= MANY else min(size, most_deaths)
            latencies = subject.deaths(pids, count, PAUSE, options.death_seconds, FLOOR)
            add("death_p50", median(latencies))
            self.latencies.setdefault((size, kind.name), []).append(latencies)
            for count in (100, 1000):
                if size >= count:
                    time.sleep(FLOOR)
                    add(f"storm_{count}", subject.storm(pids, count, most) / MILLISECOND)
            if size == options.young_workers:
                number = min(pids)
                time.sleep(FLOOR)
                subject.kill(pids, number)
                add("young_death", median([subject.kill(pids, number) for _ in range(YOUNG_DEATHS)]))
            time.sleep(FLOOR)
            subject.check()
            add("stop", subject.stop(most) / MILLISECOND)

    def idle(self, subject, add, start):
        # What a start leaves to do takes no longer than the start did.
        time.sleep(max(1, start))
        threads = subject.processor_time(), subject.wake_ups()
        time.sleep(self.options.idle)
        add("idle_processor", (subject.processor_time() - threads[0]) / MILLISECOND * 60 / self.options.idle)
        add("idle_wakes", (subject.wake_ups() - threads[1]) / self.options.idle)

    def scrape(self, subject, add):
        """One look at all workers, by who scrapes them every few seconds."""
        if subject.scrape() is None:
            return
        before, began = subject.processor_time(), time.monotonic_ns()
        tools = subject.scrape()
        add("scrape_time", (time.monotonic_ns() - began) / MILLISECOND)
        add("scrape_processor", (subject.processor_time() - before + tools) / MILLISECOND)

    def log_lines(self, kind, _):
        """Four workers print, and their supervisor keeps it in files as is its way."""
        count, lines = 4, self.options.lines
        with kind(self.surroundings, count, lines) as subject:
            pids, _, _ = subject.start(count, self.options.limit)
            # What is left of the start isn't the lines'.
            time.sleep(FLOOR)
            before, began = subject.processor_time(), time.monotonic_ns()
            subject.print_lines(pids, self.options.limit)
            workers = sum(worker_time(pid) for pid in pids.values())
            subject.wait_for_lines(count * lines, self.options.limit)
            took = time.monotonic_ns() - began
            used = subject.processor_time() - before
        share = 1_000_000 / (count * lines) / MILLISECOND
        for figure, value in (("log_time", took), ("log_processor", used), ("log_worker", workers)):
            self.results.add(figure, count, kind.name, value * share)


def median(latencies):
    return percentile(sorted(latencies), 50) / MILLISECOND


def tail(latencies):
    return percentile(sorted(latencies), 99) / MILLISECOND


def worker_time(pid):
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
