"""How trading stands: one reading of journal and cache, under the terminal, the dashboard and the alerts."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from mt5_sentinel import journal
from mt5_sentinel.readiness import Check, Readiness, Seen
from mt5_sentinel.types import CycleRecord, DeskFacts
from mt5_sentinel.view import cycle_rows

FAILING_MAX = 1000
"""Cycles that are looked back for the run of failures."""


class SymbolStanding(msgspec.Struct):
    """One symbol; ages are seconds."""

    facts: DeskFacts
    last: CycleRecord | None
    """The newest cycle that has ended."""
    seconds_since_cycle: float | None
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


class Standing(msgspec.Struct):
    """All symbols of the newest way of trading in a journal; money in account currency."""

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
    quota_used: int
    """Units of the data API that were spent this UTC day."""
    quota_units: float
    """What may be; 0 where nothing is counted."""


def look(state_dir: Path, now_s: float) -> Standing | None:
    """How it stands; None where a journal knows no desk yet (an older program wrote it, or none ever ran).

    Raises:
        Misconfigured: there is no journal, or it cannot be read.
    """
    with journal.reading(state_dir / "journal.db") as db:
        if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'desk'").fetchone():
            return None
        newest = db.execute("SELECT mode, at_utc FROM desk ORDER BY id DESC LIMIT 1").fetchone()
        if newest is None:
            return None
        mode = newest["mode"]
        # The symbols of the newest start: those of an earlier one may not be traded any more.
        rows = db.execute("SELECT facts FROM desk WHERE mode = ? AND at_utc = ? ORDER BY id", tuple(newest)).fetchall()
        symbols = [_symbol(db, mode, msgspec.json.decode(row["facts"], type=DeskFacts), now_s) for row in rows]
    latest = max((one.last for one in symbols if one.last is not None), key=_ended, default=None)
    facts = symbols[0].facts
    return Standing(
        now_s=now_s,
        mode=mode,
        since_s=cycle_rows.unix_s(newest["at_utc"]),
        symbols=symbols,
        equity=None if latest is None else latest.equity,
        drawdown=None if latest is None else latest.drawdown_max,
        exposure=None if latest is None else latest.exposure,
        positions=None if latest is None else latest.positions,
        risk_state=None if latest is None else latest.risk_state,
        risk_because=None if latest is None else latest.risk_because,
        quota_used=_quota_used(state_dir / "bars.db", facts.bars_source, now_s),
        quota_units=facts.quota_units,
    )


def _symbol(db: sqlite3.Connection, mode: str, facts: DeskFacts, now_s: float) -> SymbolStanding:
    place = (mode, facts.symbol)
    query = "SELECT * FROM cycle WHERE mode = ? AND symbol = ? AND finished_utc IS NOT NULL ORDER BY id DESC LIMIT 1"
    found = db.execute(query, place).fetchone()
    last = None if found is None else cycle_rows.record(found)
    row = db.execute("SELECT bar_open_s, features FROM newest_row WHERE mode = ? AND symbol = ?", place).fetchone()
    query = (
        "SELECT bar_open_s FROM cycle WHERE mode = ? AND symbol = ? AND bar_open_s IS NOT NULL ORDER BY id DESC LIMIT 1"
    )
    bar = db.execute(query, place).fetchone()
    bar_open_s = None if bar is None else bar["bar_open_s"]
    silent_s = None if last is None else max(0.0, now_s - _ended(last))
    readiness = Readiness(facts)
    seen = Seen(last, bar_open_s, silent_s or 0.0)
    return SymbolStanding(
        facts=facts,
        last=last,
        seconds_since_cycle=silent_s,
        bar_open_s=bar_open_s,
        data_age_s=readiness.data_age_s(bar_open_s, now_s),
        data_age_limit_s=readiness.data_age_limit_s,
        is_open=readiness.is_open(now_s),
        failed_in_a_row=_failed_in_a_row(db, place),
        checks=readiness.checks(seen, now_s),
        features=None if row is None else msgspec.json.decode(row["features"]),
    )


def _failed_in_a_row(db: sqlite3.Connection, place: tuple[str, str]) -> int:
    query = "SELECT status FROM cycle WHERE mode = ? AND symbol = ? AND status <> 'running' ORDER BY id DESC LIMIT ?"
    count = 0
    for row in db.execute(query, (*place, FAILING_MAX)):
        if row["status"] != "failed":
            break
        count += 1
    return count


def _quota_used(cache: Path, source: str, now_s: float) -> int:
    """Units of this UTC day; 0 where the cache is not there: it may be thrown away at any time."""
    if not cache.is_file():
        return 0
    day = datetime.fromtimestamp(now_s, timezone.utc).strftime("%Y-%m-%d")
    try:
        with contextlib.closing(sqlite3.connect(f"{cache.resolve().as_uri()}?mode=ro", uri=True)) as db:
            found = db.execute("SELECT units FROM quota WHERE source = ? AND day_utc = ?", (source, day)).fetchone()
    except sqlite3.Error:
        return 0
    return 0 if found is None else int(found[0])


def _ended(last: CycleRecord) -> float:
    return last.finished_s or last.started_s
