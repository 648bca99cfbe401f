"""The screen of ``top``: what is wrong, how it stands, what went before, as far as the window has room."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.segment import Segment, Segments
from rich.style import Style
from rich.table import Table
from rich.text import Text

from mt5_sentinel import spans
from mt5_sentinel.commands import status_screen, top_matters
from mt5_sentinel.commands.status_words import harmless, moment, money, plain
from mt5_sentinel.commands.top_matters import Lines
from mt5_sentinel.types import CycleRecord
from mt5_sentinel.view.lights import Light
from mt5_sentinel.view.recent import Recent
from mt5_sentinel.view.standing import Standing, SymbolStanding

BLOCKS = "▁▂▃▄▅▆▇█"

SURE_LEAST = 1 / 3
"""The smallest that the highest of three probabilities can be."""

BARS = 60
"""Of the line of confidence."""

CYCLES_LEAST, CYCLES_WANTED = 3, 8
"""What the symbols, and then the curves, leave room for."""

TABLE_LEAST = 3
"""Lines: a head, a row, and how many more there are."""

NARROW = 64
"""Columns of a window below which a table has only what fits."""

GAPS = 3
"""Empty lines of a window that has room for them."""


def draw(console: Console, standing: Standing, found: list[Light], recent: Recent) -> RenderableType:
    """What fits the window: what is wrong, the account, the symbols, the newest cycles, curves; then how to end it."""
    foot = _lines(console, Text(f"q ends; {moment(standing.now_s, standing.now_s)} UTC", style="dim"), is_cut=True)
    head = _lines(console, Group(status_screen.heading(standing), status_screen.verdict(standing, found)), is_cut=True)
    head += top_matters.lines(console, found, len(standing.symbols), console.size.height - len(head) - len(foot))
    head += _lines(console, Text(_account(standing)))
    room = console.size.height - len(head) - len(foot)
    least = min(len(recent.cycles), CYCLES_LEAST) + 1
    symbols = _fitting(_lines(console, _symbols(standing, console.size.width)), room - least, "symbols")
    well = _lines(console, top_matters.well(found), is_cut=True)[: max(0, room - least - len(symbols))]
    room -= len(symbols) + len(well)
    wanted = min(len(recent.cycles), CYCLES_WANTED) + 1
    curves = _lines(console, Group(*_curves(console, standing, recent)))[: max(0, room - wanted)]
    room -= len(curves)
    gap: Lines = [[]] if room >= wanted + GAPS else []
    rows = max(0, room - 1 - GAPS * len(gap))
    cycles = _lines(console, _cycles(recent.cycles[:rows], standing.now_s, console.size.width)) if rows else []
    return _window(console, [*head, *well, *gap, *symbols, *gap, *cycles, *gap, *curves], foot)


def trouble(console: Console, message: str) -> RenderableType:
    """What stands there while nothing can be read; it is tried again."""
    told = _lines(console, Text(harmless(message), style="bold red"))
    return _window(console, told, _lines(console, Text("q ends; it is tried again", style="dim"), is_cut=True))


def _lines(console: Console, what: RenderableType, *, is_cut: bool = False) -> Lines:
    """What it takes in this window; cut: no line goes on below."""
    options = console.options.update(no_wrap=True, overflow="ellipsis") if is_cut else console.options
    return console.render_lines(what, options, pad=False)


def _fitting(lines: Lines, room: int, what: str) -> Lines:
    """A table with a head in so many lines; those left out are counted."""
    if len(lines) <= room:
        return lines
    if room < TABLE_LEAST:
        return []
    return [*lines[: room - 1], [Segment(f"and {len(lines) - room + 1} more {what}", Style(dim=True))]]


def _window(console: Console, body: Lines, foot: Lines) -> RenderableType:
    """Exactly these lines, the foot whatever the height."""
    shown = [*body[: max(0, console.size.height - len(foot))], *foot]
    return Segments([segment for line in shown for segment in (*line, Segment.line())])


def _table(names: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim", expand=False)
    for name in names.split():
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    return table


def _symbols(standing: Standing, width: int) -> Table:
    table = _table("symbol decision conf. position" + ("" if width < NARROW else " reason data cycle"))
    for one in standing.symbols:
        table.add_row(*(harmless(cell) for cell in _symbol(one)[: len(table.columns)]))
    return table


def _symbol(one: SymbolStanding) -> tuple[str, ...]:
    said, last = one.decided, one.last
    held = "; ".join(f"{position.side} {plain(position.lots)}" for position in one.held)
    return (
        one.facts.symbol,
        "-" if said is None else str(said.action),
        "-" if said is None or said.confidence is None else f"{said.confidence:.4f}",
        held or "-",
        "-" if last is None else last.reason,
        "-" if one.data_age_s is None else spans.told(one.data_age_s),
        "-" if one.seconds_since_cycle is None else spans.told(one.seconds_since_cycle),
    )


def _curves(console: Console, standing: Standing, recent: Recent) -> list[Text]:
    if not console.encoding.startswith("utf"):
        return []
    found = []
    for one in standing.symbols:
        symbol, threshold = one.facts.symbol, one.facts.threshold
        room = min(BARS, console.size.width - len(symbol) - 1)
        line = Text(f"{symbol} ", style="dim", no_wrap=True)
        for confidence in recent.confidences.get(symbol, [])[-room:]:
            line.append(block(confidence), style="not dim green" if confidence > threshold else "not dim blue")
        found.append(line)
    return found


def block(confidence: float) -> str:
    """A sign as high as the model was sure."""
    share = (min(1.0, max(SURE_LEAST, confidence)) - SURE_LEAST) / (1 - SURE_LEAST)
    return BLOCKS[round(share * (len(BLOCKS) - 1))]


def _account(standing: Standing) -> str:
    facts = standing.symbols[0].facts
    known = "" if standing.equity_s is None else f" at {moment(standing.equity_s, standing.now_s)}"
    parts = [
        f"equity {money(standing.equity)} {facts.account_currency}{known}",
        f"drawdown {money(standing.drawdown)} of {money(facts.drawdown_max)}",
        f"exposure {money(standing.exposure)} of {money(facts.exposure_total_max)}",
        f"risk {standing.risk_state or '-'}",
    ]
    return "  ".join(parts)


def _cycles(cycles: list[CycleRecord], now_s: float, width: int) -> Table:
    table = _table("started symbol action reason" + ("" if width < NARROW else " conf. detail"))
    for cycle in cycles:
        confidence = "" if cycle.confidence is None else f"{cycle.confidence:.4f}"
        order = f"{cycle.outcome}" if cycle.outcome else ""
        detail = harmless("  ".join(part for part in (order, cycle.detail or "") if part))
        cells = (moment(cycle.started_s, now_s), cycle.symbol, cycle.action or "-", cycle.reason, confidence, detail)
        table.add_row(*cells[: len(table.columns)], style="red" if cycle.status == "failed" else "")
    return table
