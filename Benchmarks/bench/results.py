"""What was measured: figures by name, number of workers and kind, a value for each round."""

import json
import math
import statistics

# name: (title, unit); in the order of the table. Less is better in all of them.
FIGURES = {
    "start": ("start, from the supervisor's exec to the last worker's main", "ms"),
    "death_p50": ("death to successor, p50", "ms"),
    "death_p99": ("death to successor, p99", "ms"),
    "young_death": ("death within a worker's first second to successor", "ms"),
    "storm_100": ("100 killed at once to the last successor", "ms"),
    "storm_1000": ("1,000 killed at once to the last successor", "ms"),
    "stop": ("stop all", "ms"),
    "pss": ("memory of the supervisor, Pss", "KiB"),
    "anonymous": ("memory of the supervisor, RssAnon", "KiB"),
    "pss_each": ("memory of the supervisor for each worker, Pss", "KiB"),
    "anonymous_each": ("memory of the supervisor for each worker, RssAnon", "KiB"),
    "kernel": ("memory of the kernel, the workers' part included", "KiB"),
    "idle_processor": ("idle: processor time a minute", "ms"),
    "idle_each": ("idle: processor time a minute for each worker", "µs"),
    "idle_wakes": ("idle: wake-ups a second", ""),
    "scrape_processor": ("state of all workers: processor time", "ms"),
    "scrape_time": ("state of all workers: time", "ms"),
    "log_processor": ("a million log lines: processor time of the supervisor", "ms"),
    "log_worker": ("a million log lines: processor time of the workers", "ms"),
    "log_time": ("a million log lines: time", "ms"),
    "rolling_failed": ("rolling restart under load: failed requests", ""),
    "rolling_longest": ("rolling restart under load: longest answer", "ms"),
    "rolling_time": ("rolling restart under load: time", "ms"),
    "broken_silence": ("a release that crashes at its start, for ten seconds: time without any answer", "ms"),
}
# What shall grow no faster than the number of workers.
GROWING = ("start", "pss", "stop", "death_p50", "death_p99", "storm_100", "storm_1000")
# The same for each worker: name: (the figure, what its unit is multiplied by).
EACH = {"pss_each": ("pss", 1), "anonymous_each": ("anonymous", 1), "idle_each": ("idle_processor", 1000)}


class Results:
    def __init__(self, document=None):
        self.document = document or {"kinds": {}, "left_out": {}, "notes": [], "figures": {}}

    @classmethod
    def read(cls, path):
        return cls(json.loads(path.read_text()))

    def write(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.document, indent=1, sort_keys=False) + "\n")

    @property
    def kinds(self):
        """Their titles by name."""
        return self.document["kinds"]

    def add(self, figure, size, kind, value):
        sizes = self.document["figures"].setdefault(figure, {})
        sizes.setdefault(str(size), {}).setdefault(kind, []).append(round(value, 4))

    def set_span(self, figure, size, kind, low, high):
        """Says between what the rounds were, if there is one value for all of them."""
        sizes = self.document.setdefault("spans", {}).setdefault(figure, {})
        sizes.setdefault(str(size), {})[kind] = [round(low, 4), round(high, 4)]

    def count_deaths(self, size, kind, count):
        """Says of how many deaths the figures are."""
        self.document.setdefault("deaths", {}).setdefault(str(size), {})[kind] = count

    def deaths(self, size, kind):
        return self.document.get("deaths", {}).get(str(size), {}).get(kind)

    def note(self, text):
        if text not in self.document["notes"]:
            self.document["notes"].append(text)

    def sizes(self, figure):
        figure = EACH[figure][0] if figure in EACH else figure
        return sorted(int(size) for size in self.document["figures"].get(figure, {}))

    def values(self, figure, size, kind):
        if figure in EACH:
            whole, scale = EACH[figure]
            return [value * scale / size for value in self.values(whole, size, kind)]
        return self.document["figures"].get(figure, {}).get(str(size), {}).get(kind, [])

    def median(self, figure, size, kind):
        """None if it wasn't measured."""
        values = self.values(figure, size, kind)
        return statistics.median(values) if values else None

    def span(self, figure, size, kind):
        """The lowest and the highest round."""
        values = self.values(figure, size, kind)
        spans = self.document.get("spans", {}).get(figure, {}).get(str(size), {})
        return tuple(spans.get(kind, (min(values), max(values))))

    def noise(self, figure, size, kind):
        """Half of what lies between the lowest and the highest round, as a part of the median."""
        middle = self.median(figure, size, kind)
        if not middle:
            return 0
        low, high = self.span(figure, size, kind)
        return (high - low) / 2 / middle

    def exponent(self, figure, kind):
        """How the figure grows with the number of workers, from 10 on: 1 is linearly. None if there are too few."""
        return slope((size, self.median(figure, size, kind)) for size in self.sizes(figure) if size >= 10)

    def storm_exponent(self, size, kind):
        """The same with the number of those of them that are killed at once."""
        return slope((count, self.median(f"storm_{count}", size, kind)) for count in (100, 1000))


def slope(points):
    points = [(math.log(number), math.log(value)) for number, value in points if value]
    return statistics.linear_regression(*zip(*points)).slope if len(points) > 1 else None
