"""The screen of ``status`` and ``top``. Imported by them alone, when they draw: rich is not for the daemon."""

from __future__ import annotations

import io
import sys

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mt5_sentinel import spans
from mt5_sentinel.commands.status_words import harmless, moment, money, plain
from mt5_sentinel.readiness import SILENT_AFTER_S
from mt5_sentinel.view.lights import Level, Light, worst
from mt5_sentinel.view.newest import HeldPosition, SentOrder
from mt5_sentinel.view.standing import Standing, SymbolStanding

STYLES: dict[Level, str] = {"ok": "green", "warn": "yellow", "bad": "bold red"}
WORDS: dict[Level, str] = {"ok": "ok", "warn": "WARN", "bad": "BAD"}
"""Told by letters too: colours do not pass a pipe, nor reach everyone."""


NARROW = 36
"""Columns below which the texts of lights would have a few each."""


def console() -> Console:
    """Standard output; in a terminal with colours unless NO_COLOR is set, in a pipe 80 columns without."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return Console(highlight=False, markup=False, emoji=False)


def show(what: RenderableType) -> None:
    """Print it; without the blanks at the ends of lines where it is no terminal."""
    screen = console()
    if screen.is_terminal:
        screen.print(what)
        return
    with screen.capture() as drawn:
        screen.print(what)
    print("\n".join(line.rstrip() for line in drawn.get().splitlines()))


def screen(standing: Standing, found: list[Light]) -> RenderableType:
    """Everything on one screen."""
    parts: list[RenderableType] = [heading(standing), verdict(standing, found), Text()]
    for one in standing.symbols:
        parts += [_title(one), Padding(_symbol(one, standing.now_s), (0, 0, 0, 2))]
    parts += [Text("account", style="bold"), Padding(_account(standing), (0, 0, 0, 2))]
    parts += [Text("lights", style="bold"), Padding(_Lights(found), (0, 0, 0, 2))]
    return Group(*parts)


def heading(standing: Standing) -> Text:
    """Which program, how it trades, and since when."""
    facts = standing.symbols[0].facts
    text = Text("mt5-sentinel ", style="bold")
    text.append(facts.version, style="not bold")
    text.append(f"  {standing.mode}", style="bold red" if standing.mode == "live" else "bold cyan")
    text.append(f"  since {moment(standing.since_s, standing.now_s)} UTC", style="not bold")
    return text


def verdict(standing: Standing, found: list[Light]) -> Text:
    """The one line that matters."""
    level = worst(found)
    silent = min(standing.symbols, key=lambda one: one.silent_s)
    if (standing.is_gone and level == "bad") or silent.silent_s > SILENT_AFTER_S:
        text = f"NOT RUNNING: nothing was heard of it for {spans.told(silent.silent_s)}"
    elif level == "ok":
        text = "all is well"
    else:
        wrong = [f"{light.name} {light.symbol or ''}".strip() for light in found if light.level == level]
        text = f"{WORDS[level]}: {', '.join(wrong)}"
    return Text(text, style=STYLES[level])


class _Lights:
    """A line a light; where there is no room for that, its text below."""

    def __init__(self, found: list[Light]) -> None:
        self._found = found

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        return self._beside() if options.max_width >= NARROW else self._below()

    def _beside(self) -> RenderResult:
        table = Table.grid(padding=(0, 1))
        for _ in range(3):
            table.add_column(no_wrap=True)
        table.add_column(ratio=1, overflow="fold")
        for light in self._found:
            level = Text(WORDS[light.level], style=STYLES[light.level])
            table.add_row(level, light.name, light.symbol or "", Text(harmless(light.text)))
        yield table

    def _below(self) -> RenderResult:
        for light in self._found:
            level = Text(WORDS[light.level], style=STYLES[light.level])
            yield level.append(f" {light.name} {light.symbol or ''}".rstrip(), style="not bold default")
            yield Padding(Text(harmless(light.text)), (0, 0, 0, 2))


def _title(one: SymbolStanding) -> Text:
    market = "open" if one.is_open else "closed"
    return Text(f"{one.facts.symbol} {one.facts.interval}").append(f"  market {market}", style="dim")


def _rows(rows: list[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(ratio=1, overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(harmless(value)))
    return table


def _symbol(one: SymbolStanding, now_s: float) -> Table:
    return _rows(
        [
            ("decision", decision(one, now_s)),
            ("cycle", _cycle(one, now_s)),
            ("data", data(one)),
            ("position", "; ".join(_held(position) for position in one.held) or "none"),
            ("order", "none yet" if one.sent is None else _sent(one.sent)),
        ]
    )


def decision(one: SymbolStanding, now_s: float) -> str:
    """What the model said last, against the threshold, and what was made of it."""
    said = one.decided
    if said is None or said.confidence is None:
        return "none yet"
    against = f"{said.confidence:.4f} against {one.facts.threshold:.4f}"
    return f"{said.action} {against}  {said.reason}  {moment(said.finished_s, now_s)}"


def _cycle(one: SymbolStanding, now_s: float) -> str:
    running = "" if one.running_s is None else f"; one runs since {spans.told(one.running_s)}"
    if one.last is None:
        return f"none has ended{running}"
    detail = f": {one.last.detail}" if one.last.detail and one.last.status != "done" else ""
    failed = f" ({one.failed_in_a_row} in a row)" if one.failed_in_a_row > 1 else ""
    return f"{one.last.status}{failed}  {one.last.reason}{detail}  {moment(one.last.finished_s, now_s)}{running}"


def data(one: SymbolStanding) -> str:
    """How old the newest bar is, and what is allowed."""
    if one.data_age_s is None:
        return "no bar yet"
    return f"{spans.told(one.data_age_s)} of open market old, {spans.told(one.data_age_limit_s)} allowed"


def _held(one: HeldPosition) -> str:
    sides = [f"{name} {plain(value)}" for name, value in (("stop", one.sl), ("target", one.tp)) if value is not None]
    return ", ".join([f"{one.side} {plain(one.lots)} at {plain(one.price)}", *sides])


def _sent(one: SentOrder) -> str:
    price = "" if one.price is None else f" at {plain(one.price)}"
    profit = "" if not one.profit else f", profit {one.profit:+,.2f}"
    detail = "" if not one.detail else f": {one.detail}"
    when = one.created_utc.replace("T", " ").partition(".")[0]
    return f"{one.kind} {one.side} {plain(one.lots)}{price} {one.state}{profit}{detail}  {when}"


def _account(standing: Standing) -> Table:
    facts, now_s = standing.symbols[0].facts, standing.now_s
    currency = facts.account_currency
    known = "" if standing.equity_s is None else f"  {moment(standing.equity_s, now_s)}"
    risk = standing.risk_state or "-"
    used = "not known," if standing.quota_used is None else f"{standing.quota_used:,}"
    quota = f"{used} of {standing.quota_units:,.0f} units today" if standing.quota_units else "-"
    return _rows(
        [
            ("equity", f"{money(standing.equity)} {currency}{known}"),
            ("drawdown", f"{money(standing.drawdown)} of {money(facts.drawdown_max)} {currency}"),
            ("exposure", f"{money(standing.exposure)} of {money(facts.exposure_total_max)} {currency}"),
            ("positions", "-" if standing.positions is None else str(standing.positions)),
            ("risk", f"{risk}: {standing.risk_because}" if standing.risk_because else risk),
            ("quota", quota),
        ]
    )
