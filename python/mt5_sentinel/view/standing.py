"""How trading stands: one reading of journal and cache, under the terminal, the dashboard and the alerts."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import msgspec

from mt5_sentinel import journal, process_place
from mt5_sentinel.bar_store import day_utc
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.readiness import Check, Readiness, Seen, halted_because
from mt5_sentinel.types import CycleRecord, DeskFacts
from mt5_sentinel.view import bar_cache, cycle_rows, newest
from mt5_sentinel.view.newest import HeldPosition, SentOrder


class SymbolStanding(msgspec.Struct):
    """One symbol; ages are seconds."""

    facts: DeskFacts
    last: CycleRecord | None
    """The newest cycle that has ended; a skipped minute is none."""
    seconds_since_cycle: float | None
    """Since it ended, whichever process ran it."""
    bar_open_s: int | None
    """Open time of the newest bar that any cycle had, UTC seconds."""
    data_age_s: float | None
    """Of open market since that bar closed."""
    data_age_limit_s: float
    is_open: bool
    """Whether the market is."""
    failed_in_a_row: int
    checks: list[Check]
    """As ``readiness`` tells them."""
    features: list[float] | None
    """The newest row that was scored; its columns are ``facts.columns``."""
    valued: CycleRecord | None = None
    """The newest cycle that knew the account."""
    risk: CycleRecord | None = None
    """The newest cycle that told what risk allows; a broker that is away keeps none from it."""
    halted_because: str | None = None
    """Why nothing may be opened: the daemon's guard, the gateway, or risk; as ``readiness`` tells it."""
    silent_s: float = 0.0
    """Since the newest sign of life of this daemon: a cycle that ended, or its start."""
    decided: CycleRecord | None = None
    """The newest cycle in which the model had its say."""
    running_s: float | None = None
    """How long the cycle that runs now has been running; None between cycles."""
    held: list[HeldPosition] = []
    """Open positions of this program, by the journal."""
    sent: SentOrder | None = None
    """The newest order."""

    @property
    def heard_s(self) -> float:
        """When a cycle last told of it, UTC seconds; 0 where none ever did."""
        return 0.0 if self.last is None else self.last.ended_s


class Standing(msgspec.Struct):
    """All symbols of the newest way of trading in a journal; money in account currency.

    What is known of the account is of the newest cycle that knew it: a cycle that failed before leaves it as it was.
    What risk allows is of the newest cycle that told it: none needs the broker for that.
    """

    now_s: float
    mode: str
    since_s: float
    """When the daemon started, or last read its configuration."""
    symbols: list[SymbolStanding]
    equity: float | None
    drawdown: float | None
    exposure: float | None
    positions: int | None
    risk_state: str | None
    risk_because: str | None
    quota_used: int | None
    """Units of the data API that were spent this UTC day; None where the cache of bars, which counts them, cannot be
    read."""
    quota_units: float
    """What may be; 0 where nothing is counted."""
    equity_s: float | None = None
    """When the account was known, UTC seconds."""
    risk_s: float | None = None
    """When it was told what risk allows, UTC seconds."""
    is_gone: bool = False
    """Whether the daemon's process has ended, as far as can be told from here."""


def look(state_dir: Path, now_s: float) -> Standing | None:
    """How it stands; None where a journal knows no desk yet (an older program wrote it, or none ever ran).

    Raises:
        Misconfigured: there is no journal, or it cannot be read.
        Unusable: a row of it is damaged; names it.
    """
    return look_at(state_dir / "journal.db", now_s)


def look_at(path: Path, now_s: float) -> Standing | None:
    """The same of a journal under any name; the cache of bars is looked for beside it."""
    with journal.reading(path) as db:
        db.execute("BEGIN")  # all that follows is of one moment
        start = newest.start(db)
        if start is None:
            return None
        since_s = cycle_rows.unix_s(start.at_utc)
        symbols = [_symbol(db, start.mode, facts, since_s, now_s) for facts in start.facts]
    valued = [one.valued for one in symbols if one.valued is not None]
    known = max(valued, key=lambda cycle: cycle.ended_s, default=None)
    told = [one.risk for one in symbols if one.risk is not None]
    risk = max(told, key=lambda cycle: cycle.ended_s, default=None)
    facts = symbols[0].facts
    # One account of a data API serves every symbol that is not brought by the gateway.
    counted = next((one for one in start.facts if one.quota_units), facts)
    return Standing(
        now_s=now_s,
        mode=start.mode,
        since_s=since_s,
        symbols=symbols,
        equity=None if known is None else known.equity,
        drawdown=None if known is None else known.drawdown_max,
        exposure=None if known is None else known.exposure,
        positions=None if known is None else known.positions,
        risk_state=None if risk is None else risk.risk_state,
        risk_because=None if risk is None else risk.risk_because,
        quota_used=_quota_used(path.parent / "bars.db", counted.bars_source, now_s),
        quota_units=counted.quota_units,
        equity_s=None if known is None else known.ended_s,
        risk_s=None if risk is None else risk.ended_s,
        is_gone=process_place.is_gone(facts.pid, facts.pid_place),
    )


def _symbol(db: sqlite3.Connection, mode: str, facts: DeskFacts, since_s: float, now_s: float) -> SymbolStanding:
    place = (mode, facts.symbol)
    last, bar_open_s = newest.ended(db, place), newest.bar_open_s(db, place)
    running_since_s = newest.running_since_s(db, place)
    # A daemon that has just started is not silent for what an earlier one left undone, nor one that never ended a
    # cycle for ever in its first.
    alive_s = since_s if last is None else max(since_s, last.ended_s)
    silent_s = max(0.0, now_s - alive_s)
    readiness = Readiness(facts)
    valued = newest.valued(db, place)
    risk = newest.risk(db, place)
    seen = Seen(last, bar_open_s, silent_s, newest.is_late(db, place), valued, risk)
    return SymbolStanding(
        facts=facts,
        last=last,
        seconds_since_cycle=None if last is None else max(0.0, now_s - last.ended_s),
        bar_open_s=bar_open_s,
        data_age_s=readiness.data_age_s(bar_open_s, now_s),
        data_age_limit_s=readiness.data_age_limit_s,
        is_open=readiness.is_open(now_s),
        failed_in_a_row=newest.failed_in_a_row(db, place),
        checks=readiness.checks(seen, now_s),
        features=newest.features(db, place),
        valued=valued,
        risk=risk,
        halted_because=halted_because(seen),
        silent_s=silent_s,
        decided=newest.decided(db, place),
        running_s=None if running_since_s is None else max(0.0, now_s - running_since_s),
        held=newest.held(db, place),
        sent=newest.sent(db, place),
    )


def unlooked(facts: DeskFacts, now_s: float, held: list[HeldPosition]) -> SymbolStanding:
    """A symbol of which no cycle can be told, only what it ``held``."""
    readiness = Readiness(facts)
    return SymbolStanding(
        facts=facts,
        last=None,
        seconds_since_cycle=None,
        bar_open_s=None,
        data_age_s=None,
        data_age_limit_s=readiness.data_age_limit_s,
        is_open=readiness.is_open(now_s),
        failed_in_a_row=0,
        checks=[],
        features=None,
        held=held,
    )


def _quota_used(cache: Path, source: str, now_s: float) -> int | None:
    """Units of this UTC day; 0 where the cache is not there: it may be thrown away at any time."""
    with contextlib.suppress(Misconfigured), bar_cache.reading(cache) as db:
        query = "SELECT units FROM quota WHERE source = ? AND day_utc = ?"
        found = None if db is None else db.execute(query, (source, day_utc(now_s))).fetchone()
        return 0 if found is None else int(found["units"])
    return None
