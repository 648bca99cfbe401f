"""The memory: one SQLite row per cycle and per order intent, on disk before anything depends on it."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec

from mt5_sentinel import journal_schema
from mt5_sentinel.errors import Misconfigured, Unsafe
from mt5_sentinel.types import CycleRecord, FillReport, OrderRequest

NEWER = (
    *("conditions", "source", "calls", "fetch_calls", "quota_units", "hub_calls", "hub_error", "scored_by"),
    *("other_sell", "other_hold", "other_buy"),
)
"""Columns that a journal of version 1 has not got."""

Given = ParamSpec("Given")
Found = TypeVar("Found")


def _in_turn(method: Callable[Concatenate[Journal, Given], Found]) -> Callable[Concatenate[Journal, Given], Found]:
    """One thread at a time."""

    @functools.wraps(method)
    def taking_turns(self: Journal, /, *args: Given.args, **kwargs: Given.kwargs) -> Found:
        with self._turn:
            return method(self, *args, **kwargs)

    return taking_turns


class Journal:
    """The daemon's own journal, opened for writing by one process at a time; its threads take turns."""

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
        self._turn = threading.RLock()
        with contextlib.ExitStack() as undo:
            self._open(state_dir, durable, undo)
            undo.pop_all()

    def _open(self, state_dir: Path, durable: bool, undo: contextlib.ExitStack) -> None:
        try:
            state_dir.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(state_dir / "journal.lock")
            undo.callback(os.close, self._lock)
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
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

    @_in_turn
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

    @_in_turn
    def finish(self, record: CycleRecord) -> None:
        """Write everything the cycle found out, in a row of its own if ``begin`` could not."""
        self._check_place()
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
        }
        assignments = ", ".join(f"{name} = ?" for name in columns)
        statement = f"UPDATE cycle SET {assignments} WHERE id = ?"  # noqa: S608 - the names are the literals above
        self._db.execute(statement, (*columns.values(), record.cycle_id))

    @_in_turn
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

    @_in_turn
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

    @_in_turn
    def unresolved(self, symbol: str) -> list[str]:
        """Request ids whose outcome is not known, oldest first."""
        found = self._db.execute(
            "SELECT req_id FROM intent WHERE symbol = ? AND mode = ? AND state IN ('intended', 'unknown')"
            " ORDER BY created_utc",
            (symbol, self._mode),
        )
        return [row[0] for row in found]

    @_in_turn
    def decided_bar_s(self, symbol: str) -> int | None:
        """Open time of the newest bar that was decided or for which an order was written."""
        found = self._db.execute(
            "SELECT max(bar_open_s) FROM (SELECT max(bar_open_s) AS bar_open_s FROM cycle"
            " WHERE symbol = ? AND mode = ? AND settled = 1 UNION ALL"
            " SELECT max(bar_open_s) FROM intent WHERE symbol = ? AND mode = ?)",
            (symbol, self._mode, symbol, self._mode),
        ).fetchone()
        return found[0] if found else None

    @_in_turn
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
        version = journal_schema.migrate(self._db)
        if version != journal_schema.VERSION:
            message = f"{self.path} has schema {version}, this program writes schema {journal_schema.VERSION}"
            raise Misconfigured(message, "journal_schema")


def read(path: Path, last: int | None = None, symbol: str | None = None) -> Iterator[dict[str, Any]]:
    """Cycles of a journal, of all symbols or one, oldest first, each with its order under ``intent``.

    Safe while a daemon writes; a journal of an older version is read as it is, what it lacks is ``None``.

    Raises:
        Misconfigured: there is no journal at ``path``, or it cannot be read.
    """
    if not path.is_file():
        raise Misconfigured(f"{path}: no journal there; run a cycle first, or name it with --journal", "no_journal")
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        db.row_factory = sqlite3.Row
        query = "SELECT * FROM cycle WHERE ?1 IS NULL OR symbol = ?1 ORDER BY id DESC LIMIT ?2"
        for row in reversed(db.execute(query, (symbol, -1 if last is None else last)).fetchall()):
            cycle: dict[str, Any] = dict.fromkeys(NEWER) | dict(row)
            for packed in ("dropped", "stages_s", "conditions", "calls"):
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
