"""The results as text."""

from .results import EACH, FIGURES, GROWING

LIMIT = "limit"
CALLS = "calls"
CADRE = "cadre"


def table(results):
    """Medians, with half of the rounds' spread in percent; the first among the supervisors has a star."""
    kinds = list(results.kinds)
    rows = [["", "workers", *results.kinds.values()]]
    for figure, (title, unit) in FIGURES.items():
        for size in results.sizes(figure):
            first = best(results, figure, size)
            cells = [cell(results, figure, size, kind, kind in first) for kind in kinds]
            rows.append([f"{title}, {unit}" if unit else title, f"{size:,}", *cells])
        if figure == "death_p99":
            for size in results.sizes("death_p50"):
                counts = [results.deaths(size, kind) for kind in kinds]
                if any(counts):
                    rows.append(["… of so many deaths", f"{size:,}", *(f"{count:,}" if count else "–" for count in counts)])
    for figure in GROWING:
        title = f"growth with the number of workers, exponent: {FIGURES[figure][0]}"
        rows += exponents(title, "", [results.exponent(figure, kind) for kind in kinds])
    for size in results.sizes("storm_1000"):
        values = [results.storm_exponent(size, kind) for kind in kinds]
        rows += exponents("growth with the number killed at once, exponent", f"{size:,}", values)
    return align(rows)


def exponents(title, size, values):
    """A row, or none if there is no number for it."""
    if all(value is None for value in values):
        return []
    return [[title, size, *("–" if value is None else f"{value:.2f}" for value in values)]]


def align(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    previous = None
    for row in rows:
        # A figure of several sizes is named once.
        title = "" if row[0] == previous else row[0]
        previous = row[0]
        cells = [title.ljust(widths[0])] + [text.rjust(width) for text, width in zip(row[1:], widths[1:])]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def number(value):
    if value == 0 or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def count(size):
    return f"{size:,} worker{'' if size == 1 else 's'}"


def cell(results, figure, size, kind, is_first):
    value = results.median(figure, size, kind)
    if value is None:
        return "–"
    noise = results.noise(figure, size, kind)
    spread = f" ±{noise * 100:.0f}%" if noise else ""
    return ("*" if is_first else "") + number(value) + spread


def best(results, figure, size):
    """Who is first; the limits don't take part, as they are no supervisors."""
    medians = {kind: results.median(figure, size, kind) for kind in results.kinds if kind not in (LIMIT, CALLS)}
    medians = {kind: value for kind, value in medians.items() if value is not None}
    if len(medians) < 2:
        return []
    least = min(medians.values())
    return [kind for kind, value in medians.items() if value == least]


def behind(results):
    """What Cadre is not first at, one line each."""
    lines = []
    for figure, (title, unit) in FIGURES.items():
        if figure in EACH:
            continue  # which says the same again
        for size in results.sizes(figure):
            first = best(results, figure, size)
            mine = results.median(figure, size, CADRE)
            if mine is None or not first or CADRE in first:
                continue
            theirs = results.median(figure, size, first[0])
            ratio = f"{mine / theirs:.2f} ×" if theirs else "more than"
            names = ", ".join(results.kinds[kind] for kind in first)
            lines.append(f"{title}, {count(size)}: {number(mine)} {unit}, {ratio} {names} ({number(theirs)})")
    return lines


def beside(program, results):
    """Cadre as a multiple of a bare C program, where that does the same."""
    lines = []
    for figure in ("start", "death_p50", "death_p99", "storm_100", "storm_1000", "stop"):
        for size in results.sizes(figure):
            limit, mine = (results.median(figure, size, kind) for kind in (program, CADRE))
            if limit and mine:
                lines.append(f"{FIGURES[figure][0]}, {count(size)}: {mine / limit:.2f} ×")
    return lines


def text(results):
    machine = results.document.get("machine", {})
    parts = []
    if machine:
        parts.append(
            f"{machine['processors']} processors ({machine['processor']}), {machine['memory_mib']:,} MiB,"
            f" Linux {machine['kernel']}, {machine['architecture']}; load {machine['load']:.1f} at the end,"
            f" sched_autogroup {'on' if machine['autogroup'] else 'off'}")  # fmt: skip
    parts.append("Medians of the rounds, ± half of their spread; * is first of the supervisors. Less is better.")
    parts.append(table(results))
    for title, lines in (
        ("Where Cadre is not first:", behind(results)),
        ("Cadre beside the bare C program:", beside(LIMIT, results)),
        ("Cadre beside the bare C program that makes all of its calls:", beside(CALLS, results)),
        ("Left out:", list(results.document["left_out"].values())),
        ("Notes:", results.document["notes"]),
    ):
        if lines:
            parts.append("\n".join([title, *(f"  {line}" for line in lines)]))
    return "\n\n".join(parts)
