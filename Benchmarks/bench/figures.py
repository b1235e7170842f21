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
    """{kind: [(workers, (median, lowest, highest) × scale)]}, for kinds that have more than one. Of the two limits the lower
    one is enough."""
    series = {}
    for kind in [kind for kind in results.kinds if kind != CALLS]:
        points = []
        for size in results.sizes(figure):
            value = results.median(figure, size, kind)
            if value:
                points.append((size, [part * scale for part in (value, *results.span(figure, size, kind))]))
        if len(points) > 1:
            series[kind] = points
    return series


def spans(results, figures, size):
    """{kind: [(median, lowest, highest) of each figure that was measured]}, the least first."""
    found = {}
    for kind in results.kinds:
        values = {figure: results.median(figure, size, kind) for figure in figures}
        if values[figures[0]]:
            found[kind] = [(value, *results.span(figure, size, kind)) for figure, value in values.items() if value]
    return dict(sorted(found.items(), key=lambda item: item[1]))


def large(sizes):
    """Those of 1,000 workers or more, or the most that there are."""
    return [size for size in sizes if size >= 1000] or sizes[-1:]


def draw(results: Results, directory, prefix=""):
    """Writes what the results have numbers for; returns the files."""
    machine = results.document.get("machine", {})
    kernel = ".".join(machine.get("kernel", "").split(".")[:2])
    where = (
        f"{machine.get('processors')} processors, Linux {kernel}; medians, and lines from the lowest to the highest round;"
        " both axes are logarithmic")  # fmt: skip
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
    rows = [
        (f"of {size:,} workers", spans(results, ("death_p50", "death_p99"), size)) for size in large(results.sizes("death_p50"))
    ]
    if rows:
        figures["death"] = svg.dots(
            "From a worker's death to its successor, p50 to p99", where, results.kinds, rows, milliseconds)  # fmt: skip
    rows = [
        (f"{count:,} of {size:,} workers", spans(results, (f"storm_{count}",), size))
        for count in (100, 1000)
        for size in large(results.sizes(f"storm_{count}"))
    ]
    if rows:
        figures["storm"] = svg.dots(
            "From the death of many workers at once to the last successor", where, results.kinds, rows,
            milliseconds)  # fmt: skip
    directory.mkdir(parents=True, exist_ok=True)
    files = []
    for name, text in figures.items():
        path = directory / f"{prefix}{name}.svg"
        path.write_text(text)
        files.append(path)
    return files
