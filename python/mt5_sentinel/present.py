"""How the daemon stands at this moment, for a scrape and for a health check: kept in memory, never asked of a cycle,
the journal or a socket.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mt5_sentinel import training_range
from mt5_sentinel.bar_store import day_utc
from mt5_sentinel.crew import HANG_S
from mt5_sentinel.ports import Clock
from mt5_sentinel.readiness import Check, Readiness, Seen
from mt5_sentinel.types import STILL_RUNNING, CycleRecord, DeskFacts, Remembered

ALIVE_WITHIN_S = HANG_S
"""How long the loop may take for a turn: the longest cycle; systemd's watchdog waits as long."""

NOTHING: Mapping[str, Remembered] = {}


class SymbolPresent(NamedTuple):
    """What the newest cycles of one symbol left behind; replaced as a whole, so that a reader sees whole values."""

    facts: DeskFacts
    readiness: Readiness
    ended_s: float
    """When its newest cycle ended, or the daemon began, by the steady clock."""
    last: CycleRecord | None = None
    account: CycleRecord | None = None
    """The newest cycle that read the broker's book, of an earlier process too."""
    risk: CycleRecord | None = None
    """The newest cycle that told what risk allows, of an earlier process too."""
    bar_open_s: int | None = None
    clock_skew_s: float | None = None
    """As its newest cycle measured it; None where that did not ask a source, as while the market is closed."""
    out_of_range: int | None = None
    """Columns of the newest scored row outside their range in training; None where no range is known."""
    failed_in_a_row: int | None = None
    """None until a cycle has ended, or was skipped."""
    unknown_orders: int | None = None
    """As the newest cycle told that could read the journal."""
    is_late: bool = False

    def seen(self, monotonic_s: float) -> Seen:
        """The same as ``readiness`` takes it."""
        return Seen(self.last, self.bar_open_s, monotonic_s - self.ended_s, self.is_late, self.account, self.risk)


class Present:
    """Told by the loop and by each cycle; read from any thread without waiting."""

    def __init__(self, clock: Clock, mode: str) -> None:
        """Begin with no symbol known.

        Args:
            clock: for ages; it is only read.
            mode: of trading: dry-run, demo or live.
        """
        self.clock, self.mode = clock, mode
        self.account: CycleRecord | None = None
        self.risk: CycleRecord | None = None
        """The newest cycle of any symbol that told what risk allows."""
        self._lock = threading.Lock()  # between writers
        self._symbols: dict[str, SymbolPresent] = {}
        self._turned_s, self._hanging = clock.monotonic_s(), list[str]()
        self._units = "", 0

    @property
    def symbols(self) -> list[SymbolPresent]:
        """Each symbol, in the order of the configuration; empty until the desks stand."""
        return list(self._symbols.values())

    @property
    def hanging(self) -> list[str]:
        """Symbols whose cycle runs for longer than any may."""
        return self._hanging

    def beat_age_s(self) -> float:
        """Seconds since the loop last turned."""
        return max(0.0, self.clock.monotonic_s() - self._turned_s)

    def units_today(self) -> int:
        """Units of the data API spent on this UTC day, as the newest cycle left them."""
        day, units = self._units
        return units if day == day_utc(self.clock.wall_s()) else 0

    def checks(self) -> dict[str, list[Check]]:
        """Whether each symbol could trade now, and why not."""
        now_s, monotonic_s = self.clock.wall_s(), self.clock.monotonic_s()
        return {one.facts.symbol: one.readiness.checks(one.seen(monotonic_s), now_s) for one in self.symbols}

    def take(self, facts: Iterable[DeskFacts], remembered: Mapping[str, Remembered] = NOTHING) -> None:
        """What is traded with from now on; what is known of a symbol's cycles stays known.

        Args:
            facts: of each symbol.
            remembered: what the journal has of earlier processes, for symbols that were not known.
        """
        with self._lock:
            known, now_s = self._symbols, self.clock.monotonic_s()
            self._symbols = {
                one.symbol: known[one.symbol]._replace(facts=one, readiness=Readiness(one))
                if one.symbol in known
                else SymbolPresent(one, Readiness(one), now_s, **remembered.get(one.symbol, Remembered())._asdict())
                for one in facts
            }

    def turned(self, hanging: list[str]) -> None:
        """The loop turned; ``hanging`` are the symbols whose cycle runs for too long."""
        self._hanging, self._turned_s = hanging, self.clock.monotonic_s()

    def note_units(self, units: int) -> None:
        """What was spent of the data API's units on this UTC day."""
        self._units = day_utc(self.clock.wall_s()), units

    def observe(self, record: CycleRecord) -> None:
        """Note a finished cycle, or a skipped minute."""
        with self._lock:
            one = self._symbols.get(record.symbol)
            if one is None:
                return
            changed = _skipped(one) if record.reason == STILL_RUNNING else self._after(one, record)
            self._symbols[record.symbol] = changed
            if record.reason != STILL_RUNNING:
                self.account = self.account if record.equity is None else record
                self.risk = self.risk if record.risk_state is None else record

    def _after(self, one: SymbolPresent, record: CycleRecord) -> SymbolPresent:
        outside = one.out_of_range if record.features is None else _out_of_range(one.facts, record.features)
        return one._replace(
            ended_s=self.clock.monotonic_s(),
            last=record,
            account=one.account if record.equity is None else record,
            risk=one.risk if record.risk_state is None else record,
            bar_open_s=one.bar_open_s if record.bar_open_s is None else record.bar_open_s,
            clock_skew_s=record.clock_skew_s,
            out_of_range=outside,
            failed_in_a_row=(one.failed_in_a_row or 0) + 1 if record.status == "failed" else 0,
            unknown_orders=one.unknown_orders if record.unknown_orders is None else record.unknown_orders,
            is_late=False,
        )


def _skipped(one: SymbolPresent) -> SymbolPresent:
    return one._replace(is_late=True, failed_in_a_row=(one.failed_in_a_row or 0) + 1)


def _out_of_range(facts: DeskFacts, row: list[float]) -> int | None:
    """How many columns lie outside, NaN included; None for a row of other columns, or without ranges."""
    if facts.model is None or not facts.model.ranges or len(row) != len(facts.columns):
        return None
    return len(training_range.outside(facts, row))
