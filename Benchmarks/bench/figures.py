"""The figures of the README, from the results."""

from . import svg
from .report import CALLS
from .results import Results


def milliseconds(value):
    if value >= 1000:
        return f"{value / 1000:,.3g} s"
    return f"{value:.3g} ms" if value >= 1 else f"{value * 1000:.3g} µs"


def mebibytes(value):
    return f"{value:,.3g} MiB" if value < 1000 else f"{value:,.0f} MiB"


def growth(results, figure, scale):
    """{kind: [(workers, median × scale)]}, for kinds that have more than one. Of the two limits the lower one is enough."""
    series = {}
    for kind in [kind for kind in results.kinds if kind != CALLS]:
        points = [(size, results.median(figure, size, kind)) for size in results.sizes(figure)]
        points = [(size, value * scale) for size, value in points if value]
        if len(points) > 1:
            series[kind] = points
    return series


def spans(results, low, high, size):
    found = {}
    for kind in results.kinds:
        value = results.median(low, size, kind)
        if value:
            found[kind] = (value, max(value, results.median(high, size, kind) or value))
    return dict(sorted(found.items(), key=lambda item: item[1]))


def draw(results: Results, directory, prefix=""):
    """Writes what the results have numbers for; returns the files."""
    machine = results.document.get("machine", {})
    kernel = ".".join(machine.get("kernel", "").split(".")[:2])
    where = f"{machine.get('processors')} processors, Linux {kernel}; medians of the rounds; both axes are logarithmic"
    figures = {}
    for name, figure, title, scale, unit in (
        ("start", "start", "Time from the supervisor's exec until N workers run", 1, milliseconds),
        ("memory", "pss", "Memory of the supervisor's processes (Pss) with N workers", 1 / 1024, mebibytes),
        ("anonymous", "anonymous", "Anonymous memory of the supervisor's processes with N workers", 1 / 1024, mebibytes),
        ("stop", "stop", "Time to stop N workers", 1, milliseconds),
    ):
        series = growth(results, figure, scale)
        if series:
            figures[name] = svg.lines(title, where, results.kinds, series, unit)
    where = where.replace("both axes are", "the axis is")
    sizes = [size for size in results.sizes("death_p50") if size <= 1000]
    if sizes:
        rows = [("", spans(results, "death_p50", "death_p99", sizes[-1]))]
        figures["death"] = svg.dots(
            f"From a worker's death to its successor, p50 to p99, of {sizes[-1]:,} workers", where,
            results.kinds, rows, milliseconds)  # fmt: skip
    storms = [(count, f"storm_{count}") for count in (100, 1000)]
    rows = []
    for count, figure in storms:
        measured = [size for size in results.sizes(figure) if size <= 1000]
        if measured:
            rows.append((f"{count:,}", spans(results, figure, figure, measured[-1])))
    if rows:
        figures["storm"] = svg.dots(
            "From the death of 100 and 1,000 workers at once to the last successor", where, results.kinds, rows,
            milliseconds)  # fmt: skip
    directory.mkdir(parents=True, exist_ok=True)
    files = []
    for name, text in figures.items():
        path = directory / f"{prefix}{name}.svg"
        path.write_text(text)
        files.append(path)
    return files
