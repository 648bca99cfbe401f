"""The screen of ``top``: how it stands, in less room than ``status`` takes, and below it what went before."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from mt5_sentinel import spans
from mt5_sentinel.commands import status_screen
from mt5_sentinel.commands.status_words import harmless, moment, money
from mt5_sentinel.types import CycleRecord
from mt5_sentinel.view.lights import Light
from mt5_sentinel.view.recent import Recent
from mt5_sentinel.view.standing import Standing, SymbolStanding

BLOCKS = "▁▂▃▄▅▆▇█"

SURE_LEAST = 1 / 3
"""The smallest that the highest of three probabilities can be."""

BARS = 60
"""Of the line of confidence."""


def draw(console: Console, standing: Standing, found: list[Light], recent: Recent) -> RenderableType:
    """As many cycles as the window has room for, the newest first."""
    head = Group(
        status_screen.heading(standing),
        status_screen.verdict(standing, found),
        Text(),
        _symbols(standing),
        *_curves(console, standing, recent),
        Text(),
        Text(_account(standing)),
        *_lights(found),
        Text(),
    )
    taken = len(console.render_lines(head, pad=False))
    room = max(0, console.size.height - taken - 2)
    foot = Text(f"{moment(standing.now_s, standing.now_s)} UTC; q ends", style="dim")
    return Group(head, _cycles(recent.cycles[:room], standing.now_s), foot)


def trouble(message: str) -> RenderableType:
    """What stands there while nothing can be read; it is tried again."""
    return Group(Text(harmless(message), style="bold red"), Text("tried again; q ends", style="dim"))


def _table(names: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim", expand=False)
    for name in names.split():
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    return table


def _symbols(standing: Standing) -> Table:
    table = _table("symbol decision conf. reason position data cycle")
    for one in standing.symbols:
        table.add_row(*(harmless(cell) for cell in _symbol(one)))
    return table


def _symbol(one: SymbolStanding) -> tuple[str, ...]:
    said, last = one.decided, one.last
    held = "; ".join(f"{position.side} {position.lots:g}" for position in one.held)
    return (
        one.facts.symbol,
        "-" if said is None else str(said.action),
        "-" if said is None or said.confidence is None else f"{said.confidence:.4f}",
        "-" if last is None else last.reason,
        held or "-",
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
    parts = [
        f"equity {money(standing.equity)} {facts.account_currency}",
        f"drawdown {money(standing.drawdown)} of {money(facts.drawdown_max)}",
        f"exposure {money(standing.exposure)} of {money(facts.exposure_total_max)}",
        f"risk {standing.risk_state or '-'}",
    ]
    return "  ".join(parts)


def _lights(found: list[Light]) -> list[RenderableType]:
    wrong = [light for light in found if light.level != "ok"]
    well = list(dict.fromkeys(light.name for light in found if light.level == "ok"))
    parts: list[RenderableType] = [status_screen.lights_table(wrong)] if wrong else []
    return [*parts, Text(f"ok: {', '.join(well)}", style="green")] if well else parts


def _cycles(cycles: list[CycleRecord], now_s: float) -> Table:
    table = _table("started symbol action conf. reason detail")
    for cycle in cycles:
        confidence = "" if cycle.confidence is None else f"{cycle.confidence:.4f}"
        order = f"{cycle.outcome}" if cycle.outcome else ""
        detail = harmless("  ".join(part for part in (order, cycle.detail or "") if part))
        cells = (moment(cycle.started_s, now_s), cycle.symbol, cycle.action or "-", confidence, cycle.reason, detail)
        table.add_row(*cells, style="red" if cycle.status == "failed" else "")
    return table
