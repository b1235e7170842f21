"""Small figures as SVG: lines over logarithmic axes, and dots on one.

There is no library here that draws what follows the reader's light or dark theme, which takes a style sheet in the figure,
and gives the same bytes for the same numbers. The text is the reader's own font.
"""

import math
from html import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 44, 48
# Okabe and Ito's colours, which nearly everybody can tell apart; each kind has a shape as well. For dark backgrounds
# there are lighter ones of the same hues where the first is too dark.
COLOURS = {
    "cadre": ("#d55e00", "#ff8a3c"),
    "limit": ("#6b6b6b", "#a8a8a8"),
    "calls": ("#7a5230", "#c9a27a"),
    "s6": ("#0072b2", "#56a8e8"),
    "runit": ("#009e73", "#2fc79b"),
    "supervisord": ("#a07a00", "#f0e442"),
    "circus": ("#aa4482", "#e79ac6"),
    "systemd": ("#0072b2", "#56a8e8"),
    "transient": ("#009e73", "#2fc79b"),
}
SHAPES = ("circle", "square", "triangle", "diamond", "plus", "cross")


def style(kinds):
    def rules(which):
        ink, grid = (("#24292f", "#d0d7de"), ("#e6edf3", "#3d444d"))[which]
        lines = [f"text{{fill:{ink}}}.grid{{stroke:{grid}}}.axis{{stroke:{ink}}}"]
        lines += [f".{kind}{{stroke:{COLOURS[kind][which]};fill:{COLOURS[kind][which]}}}" for kind in kinds]
        lines += [f"text.{kind}{{stroke:none}}" for kind in kinds]
        return "".join(lines)

    return (
        "<style>text{font:13px system-ui,sans-serif}.title{font-weight:600;font-size:15px}.small{font-size:11px}"
        ".line{fill:none;stroke-width:2}.strong{stroke-width:3.5}.band{opacity:.35;stroke-width:7}"
        ".range{fill:none;stroke-width:1.5}.group{font-weight:600}"
        f"{rules(0)}@media(prefers-color-scheme:dark){{{rules(1)}}}</style>"
    )


def mark(kind, index, x, y):
    shape, r = SHAPES[index % len(SHAPES)], 4.5
    if shape == "circle":
        return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{r}"/>'
    paths = {
        "square": f"M{x - r:.1f} {y - r:.1f}h{2 * r}v{2 * r}h{-2 * r}z",
        "triangle": f"M{x:.1f} {y - r - 1:.1f}l{r + 1} {2 * r}h{-2 * r - 2}z",
        "diamond": f"M{x:.1f} {y - r - 1:.1f}l{r + 1} {r + 1}l{-r - 1} {r + 1}l{-r - 1} {-r - 1}z",
        "plus": f"M{x - r:.1f} {y:.1f}h{2 * r}M{x:.1f} {y - r:.1f}v{2 * r}",
        "cross": f"M{x - r:.1f} {y - r:.1f}l{2 * r} {2 * r}m0 {-2 * r}l{-2 * r} {2 * r}",
    }
    width = ' stroke-width="2.5"' if shape in ("plus", "cross") else ""
    return f'<path class="{kind}"{width} d="{paths[shape]}"/>'


class Axis:
    """A logarithmic axis from whole powers of ten to whole powers of ten."""

    def __init__(self, values, start, end):
        self.low = math.floor(math.log10(min(values)))
        self.high = max(self.low + 1, math.ceil(math.log10(max(values))))
        self.start, self.end = start, end

    def at(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self):
        return [10.0**power for power in range(self.low, self.high + 1)]


def frame(title, note, kinds, body, height=HEIGHT):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f'{style(kinds)}<text class="title" x="12" y="22">{escape(title)}</text>'
        f"{''.join(body)}"
        f'<text class="small" x="12" y="{height - 8}">{escape(note)}</text></svg>\n'
    )


def lines(title, note, kinds, series, format_y):
    """Lines of `series`, {kind: [(x, (y, lowest, highest))]}, over two logarithmic axes, each with its kind's name at its
    end."""
    points = [point for values in series.values() for point in values]
    across = Axis([x for x, _ in points], LEFT, WIDTH - RIGHT)
    up = Axis([y for _, ys in points for y in ys], HEIGHT - BOTTOM, TOP)
    body = []
    for tick in up.ticks():
        y = up.at(tick)
        body.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        body.append(f'<text class="small" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{format_y(tick)}</text>')
    for tick in across.ticks():
        x = across.at(tick)
        body.append(f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        body.append(
            f'<text class="small" x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{tick:,.0f}</text>')
    ends = []
    for index, (kind, values) in enumerate(series.items()):
        path = "L".join(f"{across.at(x):.1f} {up.at(y):.1f}" for x, (y, _, _) in values)
        strong = " strong" if kind == "cadre" else ""
        body.append(f'<path class="{kind} line{strong}" style="fill:none" d="M{path}"/>')
        for x, (y, low, high) in values:
            at, bottom, top = across.at(x), up.at(low), up.at(high)
            if bottom - top > 1:
                ends_of_range = f"M{at - 4:.1f} {top:.1f}h8M{at - 4:.1f} {bottom:.1f}h8"
                body.append(f'<path class="{kind} range" d="M{at:.1f} {top:.1f}V{bottom:.1f}{ends_of_range}"/>')
            body.append(mark(kind, index, at, up.at(y)))
        x, (y, _, _) = values[-1]
        ends.append([up.at(y), across.at(x), kind])
    body += labels(ends, kinds)
    return frame(title, note, series, body)


def labels(ends, kinds):
    """Names beside the ends of lines, moved apart where they would cover each other."""
    ends.sort()
    last = -math.inf
    texts = []
    for y, x, kind in ends:
        place = max(y, last + 15)
        last = place
        texts.append(f'<text class="{kind}" x="{WIDTH - RIGHT + 10}" y="{place + 4:.1f}">{escape(kinds[kind])}</text>')
    return texts


def whisker(low, high, y):
    return f"M{low:.1f} {y}H{high:.1f}M{low:.1f} {y - 4}v8M{high:.1f} {y - 4}v8"


def dots(title, note, kinds, rows, format_x):
    """Rows below each label, for [(label, {kind: [(value, lowest, highest)]})], on one logarithmic axis: a dot at the first
    value, a band to the last, and at each a line from the lowest to the highest."""
    kept = [(label, kind, values) for label, spans in rows for kind, values in spans.items()]
    step = 24
    height = TOP + BOTTOM + step * (len(kept) + len(rows)) + 8
    across = Axis([number for _, _, values in kept for value in values for number in value], 110, WIDTH - 130)
    bottom = height - BOTTOM
    body = []
    for tick in across.ticks():
        x = across.at(tick)
        body.append(f'<path class="grid" d="M{x:.1f} {TOP}V{bottom}"/>')
        body.append(f'<text class="small" x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{format_x(tick)}</text>')
    y = TOP + 14
    order = list(kinds)
    previous = None
    for label, kind, values in kept:
        if label != previous:
            body.append(f'<text class="group" x="12" y="{y + 4}">{escape(label)}</text>')
            y += step
            previous = label
        first, last = values[0][0], values[-1][0]
        x, end = across.at(first), across.at(last)
        body.append(f'<text class="{kind}" x="100" y="{y + 4}" text-anchor="end">{escape(kinds[kind])}</text>')
        if end > x:
            body.append(f'<path class="{kind} band" d="M{x:.1f} {y}H{end:.1f}"/>')
        for _, low, high in values:
            if across.at(high) - across.at(low) > 1:
                body.append(f'<path class="{kind} range" d="{whisker(across.at(low), across.at(high), y)}"/>')
            end = max(end, across.at(high))
        body.append(mark(kind, order.index(kind), x, y))
        value = format_x(first) + (f" – {format_x(last)}" if last > first else "")
        body.append(f'<text class="small" x="{end + 10:.1f}" y="{y + 4}">{value}</text>')
        y += step
    return frame(title, note, dict.fromkeys(kind for _, kind, _ in kept), body, height)
