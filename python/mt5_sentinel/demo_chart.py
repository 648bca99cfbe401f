"""The demonstration as a picture: price with the orders on it, equity below; one SVG file, light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from mt5_sentinel.journal_file import unix_s
from mt5_sentinel.types import CycleRecord

WIDTH, LEFT, RIGHT = 960, 64, 16
POINTS = 800

STYLE = """
  svg { background: #ffffff; font: 12px system-ui, sans-serif; }
  text { fill: #57606a; } .title { fill: #1f2328; font-size: 15px; font-weight: 600; }
  .grid { stroke: #d8dee4; } .line { fill: none; stroke-width: 1.4; stroke-linejoin: round; }
  .price { stroke: #57606a; } .equity { stroke: #0969da; } .buy { fill: #1a7f37; } .sell { fill: #cf222e; }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117; } text { fill: #9198a1; } .title { fill: #f0f6fc; } .grid { stroke: #2f353d; }
    .price { stroke: #9198a1; } .equity { stroke: #4493f8; } .buy { fill: #3fb950; } .sell { fill: #f85149; }
  }
"""


class Panel(NamedTuple):
    """One chart: its place on the sheet and what it shows."""

    top: int
    height: int
    values: list[tuple[float, float]]
    digits: int
    style: str
    low: float
    high: float


def svg(records: Sequence[CycleRecord], positions: Sequence[dict[str, Any]], currency: str) -> Iterator[str]:
    """Lines of the file; nothing is drawn of a replay that never reached the book.

    Args:
        records: the cycles, oldest first.
        positions: rows of the journal's positions.
        currency: of the account.
    """
    priced = [(record.started_s, record.price) for record in records if record.price is not None]
    valued = [(record.started_s, record.equity) for record in records if record.equity is not None]
    if len(priced) < 2 or len(valued) < 2:
        return
    start_s, end_s = priced[0][0], priced[-1][0]
    price = Panel(64, 250, priced, 3, "price", *_bounds(priced))
    equity = Panel(366, 150, valued, 0, "equity", *_bounds(valued))
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} 560" role="img">\n<style>{STYLE}</style>\n'
    yield f'<text class="title" x="{LEFT}" y="26">{records[0].symbol}, replayed: price and paper orders</text>\n'
    yield f'<text x="{LEFT}" y="46">'
    yield '<tspan class="buy">▲ buy</tspan> <tspan class="sell">▼ sell</tspan> ● closed at stop or target'
    yield "; a demonstration, no promise of profit</text>\n"
    yield f'<text class="title" x="{LEFT}" y="350">Equity, {currency}</text>\n'
    for panel in (price, equity):
        yield from _panel(panel, start_s, end_s)
    for position in positions:
        yield from _marks(position, price, start_s, end_s)
    yield from _dates(start_s, end_s)
    yield "</svg>\n"


def _panel(panel: Panel, start_s: float, end_s: float) -> Iterator[str]:
    for share in (0.0, 0.5, 1.0):
        y = panel.top + panel.height * (1 - share)
        label = f"{panel.low + (panel.high - panel.low) * share:,.{panel.digits}f}"
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>\n'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>\n'
    step = max(1, len(panel.values) // POINTS)
    shown = [*panel.values[::step], panel.values[-1]]
    points = " ".join(f"{_x(t, start_s, end_s):.1f},{_y(v, panel):.1f}" for t, v in shown)
    yield f'<polyline class="line {panel.style}" points="{points}"/>\n'


def _marks(position: dict[str, Any], panel: Panel, start_s: float, end_s: float) -> Iterator[str]:
    x, y = _x(unix_s(position["opened_utc"]), start_s, end_s), _y(position["price"], panel)
    if position["side"] == "BUY":
        yield f'<path class="buy" d="M{x:.1f} {y + 5:.1f}l5 9h-10z"><title>buy {position["price"]}</title></path>\n'
    else:
        yield f'<path class="sell" d="M{x:.1f} {y - 5:.1f}l5 -9h-10z"><title>sell {position["price"]}</title></path>\n'
    if position["closed_by"] in ("stop_loss", "take_profit", "stop_out"):
        style = "buy" if position["profit"] > 0 else "sell"
        x, y = _x(unix_s(position["closed_utc"]), start_s, end_s), _y(position["closed_price"], panel)
        told = f"{position['closed_by'].replace('_', ' ')} {position['closed_price']}"
        yield f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"><title>{told}</title></circle>\n'


def _dates(start_s: float, end_s: float) -> Iterator[str]:
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        moment = datetime.fromtimestamp(start_s + (end_s - start_s) * share, timezone.utc)
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        x = LEFT + (WIDTH - LEFT - RIGHT) * share
        yield f'<text x="{x:.1f}" y="542" text-anchor="{anchor}">{moment:%Y-%m-%d}</text>\n'


def _bounds(points: list[tuple[float, float]]) -> tuple[float, float]:
    low, high = min(value for _, value in points), max(value for _, value in points)
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _x(time_s: float, start_s: float, end_s: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (time_s - start_s) / (end_s - start_s)


def _y(value: float, panel: Panel) -> float:
    return panel.top + panel.height * (panel.high - value) / (panel.high - panel.low)
