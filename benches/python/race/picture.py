"""Nanoseconds a bar as bars on a logarithmic scale; one SVG file, light and dark."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, TOP, ROW, GAP = 960, 230, 70, 62, 18, 34

STYLE = """
  svg { background: #ffffff; font: 12px system-ui, sans-serif; }
  text { fill: #57606a; } .title { fill: #1f2328; font-size: 15px; font-weight: 600; }
  .group { fill: #1f2328; font-weight: 600; } .grid { stroke: #d8dee4; }
  .ours { fill: #0969da; } .peer { fill: #8c959f; } .bound { fill: #d4a72c; }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117; } text { fill: #9198a1; } .title, .group { fill: #f0f6fc; } .grid { stroke: #2f353d; }
    .ours { fill: #4493f8; } .peer { fill: #656c76; } .bound { fill: #bb8009; }
  }
"""


def svg(title: str, groups: Mapping[str, Sequence[tuple[str, float]]]) -> Iterator[str]:
    """Lines of the file: a title over groups of (name, number above zero)."""
    values = [value for group in groups.values() for _, value in group]
    low = 10.0 ** math.floor(math.log10(min(values)))
    high = 10.0 ** math.ceil(math.log10(max(values) * 1.01))
    height = TOP + sum(GAP + ROW * len(group) for group in groups.values()) + 24
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">\n'
    yield f"<style>{STYLE}</style>\n"
    yield f'<text class="title" x="16" y="26">{escape(title)}</text>\n'
    decade = low
    while decade <= high * 1.001:
        x = _x(decade, low, high)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{height - 12}"/>\n'
        yield f'<text x="{x:.1f}" y="{TOP - 14}" text-anchor="middle">{decade:,.0f}</text>\n'
        decade *= 10
    top = TOP
    for heading, group in groups.items():
        yield f'<text class="group" x="16" y="{top + 20}">{escape(heading)}</text>\n'
        top += GAP - 6
        for name, value in group:
            yield from _bar(name, value, top, low, high)
            top += ROW
        top += 6
    yield "</svg>\n"


def _bar(name: str, value: float, top: int, low: float, high: float) -> Iterator[str]:
    kind = "ours" if name.startswith("mt5-sentinel") else "bound" if name.startswith(("fill", "memset")) else "peer"
    end = _x(value, low, high)
    yield f'<text x="{LEFT - 8}" y="{top + 12}" text-anchor="end">{escape(name)}</text>\n'
    yield f'<rect class="{kind}" x="{LEFT}" y="{top + 2}" width="{max(end - LEFT, 1):.1f}" height="{ROW - 5}"/>\n'
    yield f'<text x="{end + 6:.1f}" y="{top + 12}">{value:,.{1 if value < 100 else 0}f}</text>\n'


def _x(value: float, low: float, high: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * math.log(value / low) / math.log(high / low)
