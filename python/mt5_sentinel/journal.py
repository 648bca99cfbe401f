"""The memory of cycles: one row each, on disk before anything depends on it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec

from mt5_sentinel.errors import Misconfigured, Unusable
from mt5_sentinel.journal_file import JournalFile, utc
from mt5_sentinel.types import CycleRecord, DeskFacts, Mode, Remembered

NEWER = (
    *("conditions", "source", "calls", "fetch_calls", "quota_units", "hub_calls", "hub_error", "scored_by"),
    *("other_sell", "other_hold", "other_buy"),
    *("trace_id", "clock_skew_s", "exposure", "positions", "risk_state", "risk_because", "halted_because"),
    "unknown_orders",
)
"""Columns that a journal of version 1 has not got."""

REMEMBERED = (
    "SELECT {} FROM cycle WHERE mode = ? AND symbol = ? AND finished_utc IS NOT NULL AND {} IS NOT NULL"
    " ORDER BY id DESC LIMIT 1"
)

PACKED: dict[str, Any] = {
    "dropped": dict[str, int],
    "stages_s": dict[str, float],
    "conditions": list[str],
    "calls": dict[str, int],
}
"""Columns that hold JSON, and of what form."""


class Journal:
    """Cycles in the journal's file."""

    def __init__(self, file: JournalFile) -> None:
        """Write into a file that is open."""
        self.file = file

    @property
    def path(self) -> Path:
        """The file."""
        return self.file.path

    def begin(self, record: CycleRecord) -> None:
        """Insert the cycle's row before its work starts, so that a kill leaves a trace.

        Raises:
            Unsafe: the file was removed or replaced under us; what is written now would be lost.
        """
        record.cycle_id = self.file.write(
            "INSERT INTO cycle (started_utc, symbol, mode, status, reason) VALUES (?, ?, ?, ?, ?)",
            (utc(record.started_s), record.symbol, record.mode, record.status, record.reason),
        )

    def finish(self, record: CycleRecord) -> None:
        """Write everything the cycle found out, in a row of its own if ``begin`` could not."""
        if record.cycle_id == 0:
            self.begin(record)
        sell, hold, buy = record.scores or (None,) * 3
        other_sell, other_hold, other_buy = record.other_scores or (None,) * 3
        columns: dict[str, Any] = {
            "finished_utc": utc(record.finished_s),
            "status": record.status,
            "reason": record.reason,
            "detail": record.detail,
            "rows": record.rows,
            "bars": record.bars,
            "dropped": _json(record.dropped),
            "repaired": record.repaired,
            "bar_open_s": record.bar_open_s,
            "price": record.price,
            "score_sell": sell,
            "score_hold": hold,
            "score_buy": buy,
            "action": record.action,
            "confidence": record.confidence,
            "settled": int(record.settled),
            "req_id": record.req_id,
            "outcome": record.outcome,
            "equity": record.equity,
            "drawdown_max": record.drawdown_max,
            "stages_s": _json(record.stages_s),
            "conditions": _json(record.conditions),
            "source": record.source,
            "calls": _json(record.calls),
            "fetch_calls": record.fetch_calls,
            "quota_units": record.quota_units,
            "hub_calls": record.hub_calls,
            "hub_error": record.hub_error,
            "scored_by": record.scored_by,
            "other_sell": other_sell,
            "other_hold": other_hold,
            "other_buy": other_buy,
            "trace_id": record.trace_id,
            "clock_skew_s": record.clock_skew_s,
            "exposure": record.exposure,
            "positions": record.positions,
            "risk_state": record.risk_state,
            "risk_because": record.risk_because,
            "halted_because": record.halted_because,
            "unknown_orders": record.unknown_orders,
        }
        assignments = ", ".join(f"{name} = ?" for name in columns)
        statement = f"UPDATE cycle SET {assignments} WHERE id = ?"  # noqa: S608 - the names are the literals above
        with self.file.whole():
            self.file.write(statement, (*columns.values(), record.cycle_id))
            if record.features is not None:
                row = (record.mode, record.symbol, record.bar_open_s, _json(record.features))
                self.file.write("INSERT OR REPLACE INTO newest_row VALUES (?, ?, ?, ?)", row)

    def note_desk(self, facts: DeskFacts, now_s: float) -> None:
        """Write down what a symbol is traded with from now on, for those who only read.

        Of starts in a row with the same facts the first and the newest are kept: ``run --once`` makes one a minute.
        """
        place = (self.file.mode, facts.symbol)
        former = "SELECT id, facts FROM desk WHERE mode = ? AND symbol = ? ORDER BY id DESC LIMIT 2"
        with self.file.whole():
            found = self.file.rows(former, place)
            if len(found) == 2 and all(_is_as(packed, facts) for _, packed in found):
                self.file.write("DELETE FROM desk WHERE id = ?", (found[0][0],))
            row = (utc(now_s), *place, _json(facts))
            self.file.write("INSERT INTO desk (at_utc, mode, symbol, facts) VALUES (?, ?, ?, ?)", row)

    def remembered(self, symbol: str) -> Remembered:
        """What earlier cycles of a symbol left: for a daemon that has just started."""
        place = (self.file.mode, symbol)
        bars = self.file.rows(REMEMBERED.format("bar_open_s", "bar_open_s"), place)
        told = "risk_state, risk_because, halted_because"
        account, risk = (
            [
                CycleRecord(
                    symbol, cast("Mode", self.file.mode), 0.0, risk_state=state, risk_because=why, halted_because=who
                )
                for state, why, who in self.file.rows(REMEMBERED.format(told, known), place)
            ]
            for known in ("equity", "risk_state")
        )
        return Remembered(bars[0][0] if bars else None, account[0] if account else None, risk[0] if risk else None)

    def decided_bar_s(self, symbol: str) -> int | None:
        """Open time of the newest bar that was decided, or for which an opening was written that may have been sent."""
        found = self.file.rows(
            "SELECT max(bar_open_s) FROM (SELECT max(bar_open_s) AS bar_open_s FROM cycle"
            " WHERE symbol = ? AND mode = ? AND settled = 1 UNION ALL"
            " SELECT max(bar_open_s) FROM intent WHERE symbol = ? AND mode = ? AND kind = 'open'"
            " AND state <> 'not_sent')",
            (symbol, self.file.mode, symbol, self.file.mode),
        )
        return found[0][0] if found else None


def read(path: Path, last: int | None = None, symbol: str | None = None) -> Iterator[dict[str, Any]]:
    """Cycles of a journal, of all symbols or one, oldest first, each with its orders under ``intents``.

    Safe while a daemon writes; a journal of an older version is read as it is, what it lacks is ``None``.

    Raises:
        Misconfigured: there is no journal at ``path``, or it cannot be read.
    """
    with reading(path) as db:
        query = "SELECT * FROM cycle WHERE ?1 IS NULL OR symbol = ?1 ORDER BY id DESC LIMIT ?2"
        for row in reversed(db.execute(query, (symbol, -1 if last is None else last)).fetchall()):
            yield told(db, row)


def told(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """A row of ``cycle`` as it is told to people and scripts: JSON as what it holds, its orders under ``intents``.

    Raises:
        Unusable: JSON of the row is damaged; names row and column.
    """
    cycle: dict[str, Any] = dict.fromkeys(NEWER) | dict(row)
    cycle |= {packed: _unpacked(row["id"], packed, cycle[packed]) for packed in PACKED}
    cycle["settled"] = bool(cycle["settled"])
    found = db.execute("SELECT * FROM intent WHERE cycle_id = ? ORDER BY rowid", (row["id"],)).fetchall()
    return cycle | {"intents": [dict(one) for one in found]}


def read_positions(path: Path) -> list[dict[str, Any]]:
    """Positions of a journal, in the order they were opened. Raises as ``read``."""
    with reading(path) as db:
        return [dict(row) for row in db.execute("SELECT * FROM position ORDER BY opened_utc, ticket")]


def read_symbols(path: Path, since_s: float) -> list[str]:
    """Symbols that had a cycle since then (UTC unix seconds), by name. Raises as ``read``."""
    with reading(path) as db:
        query = "SELECT DISTINCT symbol FROM cycle WHERE started_utc >= ? ORDER BY symbol"
        return [str(row["symbol"]) for row in db.execute(query, (utc(since_s),))]


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """The journal, to read only; safe while a daemon writes.

    Raises:
        Misconfigured: there is no journal at ``path``, or it cannot be read.
    """
    if not path.is_file():
        raise Misconfigured(f"{path}: no journal there; run a cycle first, or name it with --journal", "no_journal")
    try:
        with contextlib.closing(connected(path)) as db:
            yield db
    except sqlite3.Error as error:
        raise Misconfigured(f"{path}: not a readable journal: {error}; {_remedy(path)}", "no_journal") from None


def connected(path: Path) -> sqlite3.Connection:
    """A database of the state directory, to read only; its faults show with the first query."""
    db = sqlite3.connect(f"{path.resolve().as_uri()}?{_way(path)}", uri=True)
    db.row_factory = sqlite3.Row
    return db


def _is_as(packed: str, facts: DeskFacts) -> bool:
    """Whether a note says the same, but for the process."""
    try:
        noted = msgspec.json.decode(packed, type=DeskFacts)
    except msgspec.DecodeError:
        return False
    return msgspec.structs.replace(noted, pid=facts.pid, pid_place=facts.pid_place) == facts


def _unpacked(cycle_id: int, column: str, packed: str | None) -> Any:  # noqa: ANN401 - as JSON has it
    try:
        return msgspec.json.decode(packed) if packed else None
    except msgspec.DecodeError as error:
        message = f"journal: cycle {cycle_id}, {column}: {error}; `--format csv` exports the row as it is"
        raise Unusable(message, "journal_row") from None


def _way(path: Path) -> str:
    """How the file is opened: one that no process has open lacks the files beside it, and here none can be made."""
    is_still = not path.with_name(f"{path.name}-wal").exists() and not os.access(path.parent, os.W_OK)
    return "mode=ro&immutable=1" if is_still else "mode=ro"


def _remedy(path: Path) -> str:
    """What to do about a journal that cannot be read."""
    log, index = (path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm"))
    if log.exists() and not index.exists() and not os.access(path.parent, os.W_OK):
        return (
            f"its daemon was killed and {index.name} is gone, which only a user who may write there can make again:"
            f" start the daemon, or copy {path.name} together with {log.name} to a directory of your own"
        )
    return "where its directory is read-only, copy it to one that is not; where its disk is full, make room there"


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
