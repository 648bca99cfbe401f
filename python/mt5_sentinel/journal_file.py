"""The journal's file: one process writes it, its threads take turns, and it is fsynced when a statement returns."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from mt5_sentinel import database, file_lock, journal_schema
from mt5_sentinel.errors import Misconfigured, SentinelError, Unsafe

Values = tuple[Any, ...]


class JournalFile:
    """``journal.db`` in the state directory, held by this process."""

    def __init__(self, state_dir: Path, mode: str, *, durable: bool = True) -> None:
        """Open or create it and close what an earlier process left running.

        Args:
            state_dir: directory of the journal; created when missing.
            mode: what this process trades; what other modes wrote is not its own.
            durable: fsync every commit. Only a replay that can be repeated does without.

        Raises:
            Misconfigured: the directory cannot be written, another daemon holds it, or the file is not ours.
            Transient: the disk is full, or fails.
        """
        self.path = state_dir / "journal.db"
        self.mode = mode
        self._turn = threading.RLock()
        self._depth = 0
        with contextlib.ExitStack() as undo:
            self._open(state_dir, durable, undo)
            undo.pop_all()

    def write(self, statement: str, values: Values = ()) -> int:
        """Run a statement that changes something; on disk when this returns, or when the transaction ends.

        Returns:
            The id of an inserted row.

        Raises:
            Unsafe: the file was removed or replaced under us; what is written now would be lost.
            sqlite3.Error: it cannot be written, and nothing of it is.
        """
        with self._turn:
            self._check_place()
            return self._db.execute(statement, values).lastrowid or 0

    def rows(self, query: str, values: Values = ()) -> list[Any]:
        """All rows of a query."""
        with self._turn:
            return self._db.execute(query, values).fetchall()

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """What is written inside is on disk as a whole or not at all, and no other thread comes between."""
        with self._turn:
            if self._depth:
                yield
                return
            self._check_place()
            with database.whole(self._db):
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1

    def close(self) -> None:
        """Close the file and give up the lock."""
        with self._turn:
            self._db.close()
            os.close(self._lock)

    def _open(self, state_dir: Path, durable: bool, undo: contextlib.ExitStack) -> None:
        try:
            state_dir.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(state_dir / "journal.lock")
            undo.callback(os.close, self._lock)
            self._db = database.connect(self.path, durable=durable)
            undo.callback(self._db.close)
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

    def _unwritable(self, error: Exception) -> SentinelError:
        return database.unwritable("the journal", self.path, error, reason="journal_unwritable")

    def _check_place(self) -> None:
        if not database.is_in_place(self.path, self._inode):
            raise Unsafe(f"the journal {self.path} was removed or replaced while in use; restart", "journal_gone")

    def _migrate(self) -> None:
        version = journal_schema.migrate(self._db)
        if version != journal_schema.VERSION:
            message = f"{self.path} has schema {version}, this program writes schema {journal_schema.VERSION}"
            raise Misconfigured(message, "journal_schema")


def utc(seconds: float | None) -> str | None:
    """ISO 8601 with milliseconds and a Z."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unix_s(text: str) -> float:
    """UTC unix seconds of a time as ``utc`` writes it.

    Raises:
        ValueError: it is none.
    """
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _lock(path: Path) -> int:
    try:
        return file_lock.acquire(path)
    except BlockingIOError:
        message = f"another daemon is writing {path.parent}; stop it or set another state_dir"
        raise Misconfigured(message, "journal_locked") from None
