"""A soak as a picture: memory, equity with trades, stages; one SVG file, light and dark."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mt5_sentinel.ops.soak.evidence import thinned
from mt5_sentinel.ops.soak.sampling import warm
from mt5_sentinel.ops.soak.verdict import RSS_MB_MAX, Run

WIDTH, LEFT, RIGHT, HEIGHT = 960, 68, 20, 840
STAGE_TOP, STAGE_ROW = 606, 26
MARKS_MIN = 4
"""Of an axis there are at least so many steps."""

DECADES = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
"""Milliseconds of the stages' scale."""

STYLE = """
  svg { font: 12px system-ui, sans-serif; }
  .sheet { fill: #ffffff; } text { fill: #57606a; } .title { fill: #1f2328; font-size: 15px; font-weight: 600; }
  .grid { stroke: #d8dee4; } .limit { stroke: #cf222e; stroke-dasharray: 5 4; } .over { fill: #cf222e; }
  .line { fill: none; stroke-width: 1.4; stroke-linejoin: round; } .warm { fill: #afb8c1; opacity: .18; }
  .rss { stroke: #0969da; } .pss { stroke: #8250df; } .equity { stroke: #0969da; } .trade { stroke: #1a7f37; }
  .p50 { fill: #0969da; } .p99 { fill: #54aeff; opacity: .55; } .max { stroke: #57606a; stroke-width: 1.5; }
  .key-rss { fill: #0969da; } .key-pss { fill: #8250df; } .key-trade { fill: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    .sheet { fill: #0d1117; } text { fill: #9198a1; } .title { fill: #f0f6fc; } .grid { stroke: #2f353d; }
    .limit { stroke: #f85149; } .over { fill: #f85149; } .rss, .equity { stroke: #4493f8; } .pss { stroke: #ab7df8; }
    .trade { stroke: #3fb950; } .p50 { fill: #4493f8; } .p99 { fill: #1f6feb; } .max { stroke: #9198a1; }
    .key-rss { fill: #4493f8; } .key-pss { fill: #ab7df8; } .key-trade { fill: #3fb950; }
  }
"""

Points = Sequence[tuple[float, float]]


class Panel(NamedTuple):
    """One chart: its place on the sheet and its scales."""

    top: int
    height: int
    x_max: float
    low: float
    high: float

    def x(self, value: float) -> float:
        """Where a cycle stands."""
        return LEFT + (WIDTH - LEFT - RIGHT) * value / self.x_max

    def y(self, value: float) -> float:
        """Where a value stands."""
        return self.top + self.height * (self.high - value) / (self.high - self.low)


def svg(run: Run) -> Iterator[str]:
    """Lines of the file."""
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
    yield f'<style>{STYLE}</style>\n<rect class="sheet" width="{WIDTH}" height="{HEIGHT}"/>\n'
    x_max = max(1.0, float(run.minutes))
    yield from _memory(run, x_max)
    yield from _equity(run, x_max)
    yield from _stages(run)
    yield "</svg>\n"


def _memory(run: Run, x_max: float) -> Iterator[str]:
    values = [(one.cycles, one.rss_mb) for one in run.samples]
    most = max([RSS_MB_MAX, *(value for _, value in values)])
    marks = nice(0.0, most * 1.1)
    panel = Panel(58, 200, x_max, marks[0], marks[-1])
    yield f'<text class="title" x="{LEFT}" y="26">Memory of the daemon, MB, by cycles</text>\n'
    yield f'<text x="{LEFT}" y="45"><tspan class="key-rss">RSS</tspan> · <tspan class="key-pss">PSS (its share of what'
    yield f' is shared)</tspan> · <tspan class="over">limit {RSS_MB_MAX:g} MB</tspan> · shaded: warm-up</text>\n'
    after = warm(run.samples)
    if after:
        width = panel.x(after[0].cycles) - LEFT
        yield f'<rect class="warm" x="{LEFT}" y="{panel.top}" width="{width:.1f}" height="{panel.height}"/>\n'
    yield from _grid(panel, marks)
    y = panel.y(RSS_MB_MAX)
    yield f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>\n'
    yield _line("pss", panel, [(one.cycles, one.pss_mb) for one in run.samples])
    yield _line("rss", panel, values)
    yield from _cycles(panel)


def _equity(run: Run, x_max: float) -> Iterator[str]:
    values = run.cycles.equity
    low, high = min((y for _, y in values), default=0.0), max((y for _, y in values), default=1.0)
    marks = nice(low, high)
    panel = Panel(342, 190, x_max, marks[0], marks[-1])
    yield f'<text class="title" x="{LEFT}" y="310">Equity on paper, USD, and trades</text>\n'
    yield f'<text x="{LEFT}" y="329"><tspan class="key-trade">│ a position opened</tspan>'
    yield f", {run.ledgers.opened:,} in all; prices are a random walk: no promise of profit</text>\n"
    yield from _grid(panel, marks)
    yield from _trades(run, panel)
    yield _line("equity", panel, values)
    yield from _cycles(panel)


def _trades(run: Run, panel: Panel) -> Iterator[str]:
    """A tick for each column of the picture in which a position was opened."""
    began_s = run.began_s
    columns = {round(panel.x((moment_s - began_s) / 60)) for moment_s in run.ledgers.trades}
    foot = panel.top + panel.height
    marks = "".join(f"M{x} {foot}v-8" for x in sorted(columns))
    yield f'<path class="trade" d="{marks}"/>\n'


def _stages(run: Run) -> Iterator[str]:
    yield f'<text class="title" x="{LEFT}" y="{STAGE_TOP - 26}">Stages of a cycle, milliseconds</text>\n'
    yield f'<text x="{LEFT}" y="{STAGE_TOP - 8}">full: p50, pale: p99, line: longest; logarithmic scale</text>\n'
    foot = STAGE_TOP + STAGE_ROW * len(run.cycles.stages) + 6
    for decade in DECADES:
        x = _decade(decade)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{STAGE_TOP}" y2="{foot}"/>\n'
        yield f'<text x="{x:.1f}" y="{foot + 16}" text-anchor="middle">{decade:g}</text>\n'
    for row, (name, stage) in enumerate(run.cycles.stages.items()):
        y, left = STAGE_TOP + 6 + STAGE_ROW * row, _decade(DECADES[0])
        told = f"{name}: p50 {stage.p50_ms:.2f} ms, p99 {stage.p99_ms:.2f} ms, max {stage.max_ms:.2f} ms"
        yield f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{name}</text>\n'
        for style, value in (("p99", stage.p99_ms), ("p50", stage.p50_ms)):
            width = max(0.0, _decade(value) - left)
            yield f'<rect class="{style}" x="{left}" y="{y}" width="{width:.1f}" height="16">'
            yield f"<title>{told}</title></rect>\n"
        x = _decade(stage.max_ms)
        yield f'<line class="max" x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 16}"/>\n'


def _decade(value_ms: float) -> float:
    """Where a duration stands on the logarithmic scale; beyond its ends at the end."""
    low, high = math.log10(DECADES[0]), math.log10(DECADES[-1])
    place = min(high, max(low, math.log10(value_ms) if value_ms > 0 else low))
    return LEFT + (WIDTH - LEFT - RIGHT) * (place - low) / (high - low)


def _line(style: str, panel: Panel, points: Points) -> str:
    shown = " ".join(f"{panel.x(x):.1f},{panel.y(y):.1f}" for x, y in thinned(points)) if points else ""
    return f'<polyline class="line {style}" points="{shown}"/>\n'


def nice(low: float, high: float) -> list[float]:
    """Marks of an axis that holds both: multiples of 1, 2 or 5 times a power of ten, at least four steps of it."""
    span = max(high - low, abs(high) * 1e-6, 1e-6)
    power = 10.0 ** math.floor(math.log10(span / MARKS_MIN))
    step = max(factor * power for factor in (1, 2, 5, 10) if factor * power <= span / MARKS_MIN * (1 + 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [mark * step for mark in range(first, max(last, first + 1) + 1)]


def _grid(panel: Panel, marks: Sequence[float]) -> Iterator[str]:
    digits = max(0, -math.floor(math.log10(marks[1] - marks[0]) + 1e-9))
    for value in marks:
        y = panel.y(value)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>\n'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,.{digits}f}</text>\n'


def _cycles(panel: Panel) -> Iterator[str]:
    for value in (mark for mark in nice(0.0, panel.x_max) if mark <= panel.x_max):
        anchor = "start" if value == 0 else "end" if value == panel.x_max else "middle"
        yield f'<text x="{panel.x(value):.1f}" y="{panel.top + panel.height + 18}" text-anchor="{anchor}">'
        yield f"{value:,.0f}</text>\n"
