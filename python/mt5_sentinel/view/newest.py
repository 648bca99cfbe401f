"""The newest of each kind that a journal holds of a symbol. Each query walks an index from its end."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

import msgspec

from mt5_sentinel.errors import Unusable
from mt5_sentinel.types import INTERVAL_S, STILL_RUNNING, CycleRecord, DeskFacts, Side
from mt5_sentinel.view import cycle_rows

FAILING_MAX = 1000
"""Cycles that are looked back for the run of failures."""

Place = tuple[str, str]
"""Mode and symbol."""

OF_PLACE = "FROM cycle WHERE mode = ? AND symbol = ?"
"""The index ``cycle_newest`` has a symbol's cycles in the order of their ids, so its end is all that is read, also of a
symbol that had its last cycle long ago, or none."""


class HeldPosition(msgspec.Struct, frozen=True):
    """A position that is open by the journal; volumes in lots, prices in price units."""

    ticket: int
    side: Side
    lots: float
    price: float
    sl: float | None
    tp: float | None
    opened_utc: str


class SentOrder(msgspec.Struct, frozen=True):
    """An order as the journal knows it; ``profit`` is what it realised, account currency."""

    req_id: str
    created_utc: str
    kind: str
    side: Side
    lots: float
    """What was asked for."""
    state: str
    """``intended``, ``filled``, ``refused``, ``unknown`` or ``not_sent``."""
    purpose: str
    price: float | None
    profit: float | None
    detail: str | None


class Start(NamedTuple):
    """The newest start of a daemon, or its newest reading of the configuration."""

    mode: str
    at_utc: str
    facts: list[DeskFacts]
    """Of each symbol, in the order of the configuration."""


def start(db: sqlite3.Connection) -> Start | None:
    """What is traded with now; None where the journal knows no desk.

    Raises:
        Unusable: what it knows is damaged; names the row.
    """
    if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'desk'").fetchone():
        return None
    newest = db.execute("SELECT mode, at_utc FROM desk ORDER BY id DESC LIMIT 1").fetchone()
    if newest is None:
        return None
    # The symbols of the newest start: those of an earlier one may not be traded any more.
    query = "SELECT id, facts FROM desk WHERE mode = ? AND at_utc = ? ORDER BY id"
    found = [_facts(row) for row in db.execute(query, tuple(newest))]
    return Start(newest["mode"], newest["at_utc"], list({facts.symbol: facts for facts in found}.values()))


def _facts(row: sqlite3.Row) -> DeskFacts:
    try:
        facts = msgspec.json.decode(row["facts"], type=DeskFacts)
    except msgspec.DecodeError as error:
        fault = str(error)
    else:
        if facts.interval in INTERVAL_S:
            return facts
        fault = f"interval {facts.interval!r} is not known"
    message = f"journal: table desk, row {row['id']}, facts: {fault}; restart the daemon, which writes them anew"
    raise Unusable(message, "journal_row")


def ended(db: sqlite3.Connection, place: Place) -> CycleRecord | None:
    """The newest cycle that has ended; a minute that was skipped for one that still runs is none."""
    return _cycle(db, place, f"finished_utc IS NOT NULL AND reason <> '{STILL_RUNNING}'")


def is_late(db: sqlite3.Connection, place: Place) -> bool:
    """Whether the newest minute was skipped, and the cycle it was skipped for still runs."""
    newest = db.execute(f"SELECT id, reason {OF_PLACE} ORDER BY id DESC LIMIT 1", place).fetchone()
    if newest is None or newest["reason"] != STILL_RUNNING:
        return False
    query = f"SELECT 1 {OF_PLACE} AND status = 'running' AND id > ? LIMIT 1"
    return db.execute(query, (*place, newest["id"] - FAILING_MAX)).fetchone() is not None


def decided(db: sqlite3.Connection, place: Place) -> CycleRecord | None:
    """The newest cycle in which the model had its say."""
    return _cycle(db, place, "action IS NOT NULL")


def valued(db: sqlite3.Connection, place: Place) -> CycleRecord | None:
    """The newest cycle that knew the account."""
    return _cycle(db, place, "finished_utc IS NOT NULL AND equity IS NOT NULL")


def risk(db: sqlite3.Connection, place: Place) -> CycleRecord | None:
    """The newest cycle that told what risk allows."""
    return _cycle(db, place, "finished_utc IS NOT NULL AND risk_state IS NOT NULL")


def _cycle(db: sqlite3.Connection, place: Place, condition: str) -> CycleRecord | None:
    query = f"SELECT * {OF_PLACE} AND {condition} ORDER BY id DESC LIMIT 1"
    row = db.execute(query, place).fetchone()
    return None if row is None else cycle_rows.record(row)


def running_since_s(db: sqlite3.Connection, place: Place) -> float | None:
    """When the cycle that runs now began, UTC unix seconds; None between cycles."""
    query = f"SELECT status, started_utc {OF_PLACE} ORDER BY id DESC LIMIT 1"
    row = db.execute(query, place).fetchone()
    return cycle_rows.unix_s(row["started_utc"]) if row is not None and row["status"] == "running" else None


def bar_open_s(db: sqlite3.Connection, place: Place) -> int | None:
    """Open time of the newest bar that any cycle had, UTC unix seconds."""
    query = f"SELECT bar_open_s {OF_PLACE} AND bar_open_s IS NOT NULL ORDER BY id DESC LIMIT 1"
    row = db.execute(query, place).fetchone()
    return None if row is None else int(row["bar_open_s"])


def features(db: sqlite3.Connection, place: Place) -> list[float] | None:
    """The newest row that was scored; None where there is none, or it is damaged."""
    row = db.execute("SELECT features FROM newest_row WHERE mode = ? AND symbol = ?", place).fetchone()
    try:
        return None if row is None else msgspec.json.decode(row["features"], type=list[float])
    except msgspec.DecodeError:
        return None


def failed_in_a_row(db: sqlite3.Connection, place: Place) -> int:
    """How many of the newest cycles failed, up to ``FAILING_MAX``; one that a restart cut short counts as none."""
    query = f"SELECT status {OF_PLACE} AND status IN ('done', 'failed') ORDER BY id DESC LIMIT ?"
    count = 0
    for row in db.execute(query, (*place, FAILING_MAX)):
        if row["status"] == "done":
            break
        count += 1
    return count


def held(db: sqlite3.Connection, place: Place) -> list[HeldPosition]:
    """Open positions, oldest first."""
    query = (
        "SELECT ticket, side, lots, price, sl, tp, opened_utc FROM position"
        " WHERE mode = ? AND symbol = ? AND state = 'open' ORDER BY opened_utc, ticket"
    )
    return [HeldPosition(*row) for row in db.execute(query, place)]


def sent(db: sqlite3.Connection, place: Place) -> SentOrder | None:
    """The newest order."""
    query = (
        "SELECT req_id, created_utc, kind, side, open_lots + close_lots, state, purpose, price, profit, detail"
        " FROM intent WHERE mode = ? AND symbol = ? ORDER BY created_utc DESC, rowid DESC LIMIT 1"
    )
    row = db.execute(query, place).fetchone()
    return None if row is None else SentOrder(*row)


def cycles(db: sqlite3.Connection, place: Place, count: int) -> list[CycleRecord]:
    """The newest cycles, also one that runs, the newest first."""
    query = f"SELECT * {OF_PLACE} ORDER BY id DESC LIMIT ?"
    return [cycle_rows.record(row) for row in db.execute(query, (*place, count))]


def confidences(db: sqlite3.Connection, place: Place, count: int) -> list[float]:
    """Confidence at each of the newest bars that were decided, the oldest first."""
    query = (
        "SELECT confidence FROM cycle WHERE mode = ? AND symbol = ? AND settled = 1 AND bar_open_s IS NOT NULL"
        " ORDER BY bar_open_s DESC LIMIT ?"
    )
    rows = db.execute(query, (*place, count)).fetchall()
    return [row["confidence"] for row in reversed(rows) if row["confidence"] is not None]
