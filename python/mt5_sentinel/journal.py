"""The memory: one SQLite row per cycle and per order intent, on disk before anything depends on it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from mt5_sentinel.errors import Misconfigured, Unsafe
from mt5_sentinel.types import CycleRecord, FillReport, OrderRequest

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE cycle (
    id            INTEGER PRIMARY KEY,
    started_utc   TEXT NOT NULL,
    finished_utc  TEXT,
    symbol        TEXT NOT NULL,
    mode          TEXT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'interrupted')),
    reason        TEXT NOT NULL,
    detail        TEXT,
    rows          INTEGER,
    bars          INTEGER,
    dropped       TEXT,
    repaired      INTEGER,
    bar_open_s    INTEGER,
    price         REAL,
    score_sell    REAL,
    score_hold    REAL,
    score_buy     REAL,
    action        TEXT,
    confidence    REAL,
    settled       INTEGER NOT NULL DEFAULT 0,
    req_id        TEXT,
    outcome       TEXT,
    equity        REAL,
    drawdown_max  REAL,
    stages_s      TEXT
) STRICT;
CREATE INDEX cycle_settled ON cycle (symbol, mode, bar_open_s) WHERE settled = 1;
CREATE TABLE intent (
    req_id        TEXT PRIMARY KEY,
    cycle_id      INTEGER NOT NULL REFERENCES cycle (id),
    symbol        TEXT NOT NULL,
    mode          TEXT NOT NULL,
    bar_open_s    INTEGER NOT NULL,
    side          TEXT NOT NULL CHECK (side IN ('BUY', 'SELL')),
    close_lots    REAL NOT NULL,
    open_lots     REAL NOT NULL,
    created_utc   TEXT NOT NULL,
    not_after_utc TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('intended', 'filled', 'refused', 'unknown', 'not_sent')),
    detail        TEXT,
    price         REAL,
    closed_lots   REAL,
    opened_lots   REAL,
    profit        REAL
) STRICT;
CREATE INDEX intent_unresolved ON intent (symbol, mode) WHERE state IN ('intended', 'unknown');
"""


class Journal:
    """The daemon's own journal, opened for writing by one process at a time."""

    def __init__(self, state_dir: Path, mode: str, *, durable: bool = True) -> None:
        """Open or create ``state_dir/journal.db`` and close what an earlier process left running.

        Args:
            state_dir: directory of the journal; created when missing.
            mode: what this process trades; decisions and orders of other modes are not its own.
            durable: fsync every commit. Only a replay that can be repeated does without.

        Raises:
            Misconfigured: the directory cannot be written, another daemon holds it, or the file is not ours.
        """
        self.path = state_dir / "journal.db"
        self._mode = mode
        with contextlib.ExitStack() as undo:
            self._open(state_dir, durable, undo)
            undo.pop_all()

    def _open(self, state_dir: Path, durable: bool, undo: contextlib.ExitStack) -> None:
        try:
            state_dir.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(state_dir / "journal.lock")
            undo.callback(os.close, self._lock)
            self._db = sqlite3.connect(self.path, isolation_level=None)
            undo.callback(self._db.close)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
            self._migrate()
            self._db.execute(
                "UPDATE cycle SET status = 'interrupted', reason = 'interrupted',"
                " detail = 'the daemon ended during this cycle' WHERE status = 'running'"
            )
            self._inode = self.path.stat().st_ino
        except sqlite3.OperationalError as error:
            raise self._unwritable(error) from None
        except sqlite3.DatabaseError as error:
            message = f"{self.path} is no journal of this program ({error}); move it away, or set another state_dir"
            raise Misconfigured(message, "journal_foreign") from None
        except OSError as error:
            raise self._unwritable(error) from None

    def begin(self, record: CycleRecord) -> None:
        """Insert the cycle's row before its work starts, so that a kill leaves a trace.

        Raises:
            Unsafe: the file was removed or replaced under us; what is written now would be lost.
        """
        self._check_place()
        cursor = self._db.execute(
            "INSERT INTO cycle (started_utc, symbol, mode, status, reason) VALUES (?, ?, ?, ?, ?)",
            (utc(record.started_s), record.symbol, record.mode, record.status, record.reason),
        )
        record.cycle_id = cursor.lastrowid or 0

    def finish(self, record: CycleRecord) -> None:
        """Write everything the cycle found out, in a row of its own if ``begin`` could not."""
        self._check_place()
        if record.cycle_id == 0:
            self.begin(record)
        sell, hold, buy = record.scores or (None, None, None)
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
        }
        assignments = ", ".join(f"{name} = ?" for name in columns)
        statement = f"UPDATE cycle SET {assignments} WHERE id = ?"  # noqa: S608 - the names are the literals above
        self._db.execute(statement, (*columns.values(), record.cycle_id))

    def intend(self, request: OrderRequest, record: CycleRecord) -> None:
        """Write an order down before it is sent; the same request id can be written only once."""
        self._check_place()
        self._db.execute(
            "INSERT INTO intent (req_id, cycle_id, symbol, mode, bar_open_s, side, close_lots, open_lots,"
            " created_utc, not_after_utc, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'intended')",
            (
                request.req_id,
                record.cycle_id,
                request.symbol,
                self._mode,
                request.bar_open_s,
                request.side,
                request.close_lots,
                request.open_lots,
                utc(request.created_s),
                utc(request.not_after_s),
            ),
        )

    def settle(self, req_id: str, state: str, *, fill: FillReport | None = None, detail: str | None = None) -> None:
        """Write what became of an order."""
        parts = (fill.price, fill.closed_lots, fill.opened_lots, fill.profit) if fill else (None,) * 4
        self._db.execute(
            "UPDATE intent SET state = ?, detail = ?, price = ?, closed_lots = ?, opened_lots = ?, profit = ?"
            " WHERE req_id = ?",
            (state, detail, *parts, req_id),
        )
        # A cycle that was killed after its intent learns here what became of it.
        self._db.execute(
            "UPDATE cycle SET req_id = intent.req_id, outcome = intent.state, bar_open_s = intent.bar_open_s"
            " FROM intent WHERE intent.req_id = ? AND cycle.id = intent.cycle_id AND cycle.status = 'interrupted'",
            (req_id,),
        )

    def unresolved(self, symbol: str) -> list[str]:
        """Request ids whose outcome is not known, oldest first."""
        found = self._db.execute(
            "SELECT req_id FROM intent WHERE symbol = ? AND mode = ? AND state IN ('intended', 'unknown')"
            " ORDER BY created_utc",
            (symbol, self._mode),
        )
        return [row[0] for row in found]

    def decided_bar_s(self, symbol: str) -> int | None:
        """Open time of the newest bar that was decided or for which an order was written."""
        found = self._db.execute(
            "SELECT max(bar_open_s) FROM (SELECT max(bar_open_s) AS bar_open_s FROM cycle"
            " WHERE symbol = ? AND mode = ? AND settled = 1 UNION ALL"
            " SELECT max(bar_open_s) FROM intent WHERE symbol = ? AND mode = ?)",
            (symbol, self._mode, symbol, self._mode),
        ).fetchone()
        return found[0] if found else None

    def close(self) -> None:
        """Close the file and give up the lock."""
        self._db.close()
        os.close(self._lock)

    def _unwritable(self, error: Exception) -> Misconfigured:
        message = f"the journal {self.path} cannot be written: {error}; set state_dir to a writable directory"
        return Misconfigured(message, "journal_unwritable")

    def _check_place(self) -> None:
        try:
            is_there = self.path.stat().st_ino == self._inode
        except OSError:
            is_there = False
        if not is_there:
            raise Unsafe(f"the journal {self.path} was removed or replaced while in use; restart", "journal_gone")

    def _migrate(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        elif version != SCHEMA_VERSION:
            message = f"{self.path} has schema {version}, this program writes schema {SCHEMA_VERSION}"
            raise Misconfigured(message, "journal_schema")


def read(path: Path, last: int | None = None) -> Iterator[dict[str, Any]]:
    """Cycles of a journal, oldest first, each with its order under ``intent``; safe while a daemon writes.

    Raises:
        Misconfigured: there is no journal at ``path``, or it cannot be read.
    """
    if not path.is_file():
        raise Misconfigured(f"{path}: no journal there; run a cycle first, or name it with --journal", "no_journal")
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        db.row_factory = sqlite3.Row
        cycles = db.execute("SELECT * FROM cycle ORDER BY id DESC LIMIT ?", (-1 if last is None else last,)).fetchall()
        for row in reversed(cycles):
            cycle = dict(row)
            for packed in ("dropped", "stages_s"):
                cycle[packed] = msgspec.json.decode(cycle[packed]) if cycle[packed] else None
            found = db.execute("SELECT * FROM intent WHERE cycle_id = ?", (row["id"],)).fetchone()
            cycle["settled"] = bool(cycle["settled"])
            yield cycle | {"intent": dict(found) if found else None}
        db.close()
    except sqlite3.Error as error:
        message = (
            f"{path}: not a readable journal: {error}; where its directory is read-only, copy it to one that is not"
        )
        raise Misconfigured(message, "no_journal") from None


def utc(seconds: float | None) -> str | None:
    """ISO 8601 with milliseconds and a Z."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        message = f"another daemon is writing {path.parent}; stop it or set another state_dir"
        raise Misconfigured(message, "journal_locked") from None
    return descriptor
