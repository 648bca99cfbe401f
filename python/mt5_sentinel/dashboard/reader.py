"""The journal and the cache of bars, opened to answer one question and closed again."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from mt5_sentinel import journal
from mt5_sentinel.dashboard.parameters import Span
from mt5_sentinel.journal_file import utc
from mt5_sentinel.types import DeskFacts

CYCLES_WITHIN = "mode = :mode AND symbol = :symbol AND started_utc BETWEEN :from AND :to"
"""The condition that finds the cycles of ``values_of``."""


class Book:
    """A journal that is open to be read, in its newest way of trading; what older schemas lack reads as empty."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Look what the file has."""
        self.db = db
        self._columns: dict[str, set[str]] = {}
        tables = ("desk", "cycle") if self.has("desk") else ("cycle",)
        found = (db.execute(f"SELECT mode FROM {name} ORDER BY id DESC LIMIT 1").fetchone() for name in tables)  # noqa: S608
        self.mode: str | None = next((row["mode"] for row in found if row is not None), None)

    def has(self, table: str) -> bool:
        """Whether there is such a table."""
        return bool(self._names(table))

    def listed(self, table: str, *names: str) -> str:
        """A list of columns for SELECT, NULL for those that the file lacks."""
        known = self._names(table)
        return ", ".join(name if name in known else f"NULL AS {name}" for name in names)

    def knows(self, symbol: str) -> bool:
        """Whether the symbol was traded."""
        query = "SELECT 1 FROM cycle WHERE mode = ? AND symbol = ? LIMIT 1"
        return self.facts(symbol) is not None or bool(self.db.execute(query, (self.mode, symbol)).fetchone())

    def facts(self, symbol: str) -> DeskFacts | None:
        """What it was traded with last; None where an older program wrote the journal."""
        found = next(self.desks(symbol), None)
        return None if found is None else msgspec.json.decode(found["facts"], type=DeskFacts)

    def desks(self, symbol: str) -> Iterator[sqlite3.Row]:
        """The notes of what it was traded with (``at_utc``, ``facts``), newest first, read as they are asked for."""
        if not self.has("desk"):
            return iter(())
        query = "SELECT at_utc, facts FROM desk WHERE mode = ? AND symbol = ? ORDER BY id DESC"
        return self.db.execute(query, (self.mode, symbol))

    def _names(self, table: str) -> set[str]:
        if table not in self._columns:
            found = self.db.execute("SELECT name FROM pragma_table_info(?)", (table,))
            self._columns[table] = {row["name"] for row in found}
        return self._columns[table]


@contextlib.contextmanager
def book(state_dir: Path) -> Iterator[Book]:
    """The journal of a state directory.

    Raises:
        Misconfigured: there is none, or it cannot be read now.
    """
    with journal.reading(state_dir / "journal.db") as db:
        yield Book(db)


def values_of(found: Book, span: Span) -> dict[str, Any]:
    """Named values for a query over a stretch of time."""
    return {"mode": found.mode, "symbol": span.symbol, "from": utc(span.from_s), "to": utc(span.to_s)}


def rows(db: sqlite3.Connection, query: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    """All rows of a query, by column."""
    return [dict(row) for row in db.execute(query, values)]
