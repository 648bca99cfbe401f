"""The bar cache and the account of the API's quota: one SQLite file, shared by all symbols, safe from threads."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from mt5_sentinel import _core, database
from mt5_sentinel.errors import Transient

Row = tuple[int, float, float, float, float, float]
"""Open time in UTC seconds, open, high, low, close, volume."""

COUNTED_MAX = 20_000
"""No history wants more bars."""

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE series (
    id            INTEGER PRIMARY KEY,
    source        TEXT NOT NULL,
    origin        TEXT NOT NULL,
    interval_s    INTEGER NOT NULL,
    asked_from_s  INTEGER,
    answered_at_s INTEGER,
    price         REAL,
    UNIQUE (source, origin, interval_s)
) STRICT;
CREATE TABLE bar (
    series_id     INTEGER NOT NULL REFERENCES series (id),
    open_s        INTEGER NOT NULL,
    open          REAL NOT NULL,
    high          REAL NOT NULL,
    low           REAL NOT NULL,
    close         REAL NOT NULL,
    volume        REAL NOT NULL,
    revisions     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (series_id, open_s)
) STRICT, WITHOUT ROWID;
CREATE TABLE quota (
    source        TEXT NOT NULL,
    day_utc       TEXT NOT NULL,
    calls         INTEGER NOT NULL,
    units         INTEGER NOT NULL,
    PRIMARY KEY (source, day_utc)
) STRICT, WITHOUT ROWID;
"""

UPSERT = """
INSERT INTO bar (series_id, open_s, open, high, low, close, volume) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
    volume = excluded.volume, revisions = revisions + 1
WHERE (open, high, low, close, volume)
    IS NOT (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume)
"""

log = logging.getLogger("mt5_sentinel")


def day_utc(moment_s: float) -> str:
    """The day that a moment, UTC unix seconds, is counted to: ``YYYY-MM-DD``."""
    return datetime.fromtimestamp(moment_s, timezone.utc).strftime("%Y-%m-%d")


class Known(NamedTuple):
    """What is stored of a series; times in UTC seconds."""

    asked_from_s: int | None
    newest_open_s: int | None
    answered_at_s: int | None
    stored: int
    """Bars of that stretch, as far as they were counted."""
    price: float | None
    """The newest price of that answer, of the bar that was forming."""


class BarStore:
    """The file; ``series`` gives the bars of one symbol."""

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        """Open or create the file; one that is damaged is moved aside, for all in it can be fetched again.

        Raises:
            Misconfigured: it cannot be written.
        """
        self.path = path
        self._lock = threading.RLock()
        self._held_until_s: dict[str, float] = {}
        self._sharers: dict[str, dict[str, tuple[_core.Calendar, int]]] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._db = _open(path, durable)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                aside = _move_aside(path)
                log.warning("The bar cache was damaged (%s); it is kept as %s, and begun anew", error, aside.name)
                self._db = _open(path, durable)
        except (sqlite3.Error, OSError) as error:
            raise database.unwritable("the bar cache", path, error, reason="cache_unwritable") from None

    def series(self, source: str, origin: str, interval_s: int) -> Series:
        """The stored bars of one symbol of one source (``Market.origin``), which is registered if it is new."""
        with self.writing() as db:
            named = (source, origin, interval_s)
            db.execute("INSERT OR IGNORE INTO series (source, origin, interval_s) VALUES (?, ?, ?)", named)
            found = db.execute("SELECT id FROM series WHERE source = ? AND origin = ? AND interval_s = ?", named)
            return Series(self, found.fetchone()[0])

    def spend(self, source: str, day_utc: str, units: int, check: Callable[[int], None]) -> None:
        """Put one request on a day's account before it is sent.

        Args:
            source: whose account.
            day_utc: ``YYYY-MM-DD``.
            units: what it costs.
            check: told the units spent so far; what it raises keeps the request from being sent. No other thread can
                spend in between.
        """
        with self.writing() as db:
            check(self.spent(source, day_utc))
            db.execute(
                "INSERT INTO quota VALUES (?, ?, 1, ?) ON CONFLICT DO UPDATE"
                " SET calls = calls + excluded.calls, units = units + excluded.units",
                (source, day_utc, units),
            )

    def spent(self, source: str, day_utc: str) -> int:
        """Units spent on a day, ``YYYY-MM-DD`` in UTC."""
        with self.reading() as db:
            query = "SELECT units FROM quota WHERE source = ? AND day_utc = ?"
            found = db.execute(query, (source, day_utc)).fetchone()
        return found[0] if found else 0

    def share(self, source: str, origin: str, calendar: _core.Calendar, interval_s: int) -> None:
        """Note that bars of this origin are asked for on a source's account."""
        with self._lock:
            self._sharers.setdefault(source, {})[origin] = calendar, interval_s

    def sharers(self, source: str) -> list[tuple[_core.Calendar, int]]:
        """Calendar and length of a bar of all that are asked for on a source's account."""
        with self._lock:
            return list(self._sharers.get(source, {}).values())

    def hold(self, source: str, until_s: float) -> None:
        """Remember that a source wants no request before a moment; its account is that of all symbols."""
        with self._lock:
            self._held_until_s[source] = max(until_s, self.held_until_s(source))

    def held_until_s(self, source: str) -> float:
        """Until when a source is left alone, UTC seconds; forgotten by a restart or a reload."""
        return self._held_until_s.get(source, 0.0)

    def release(self) -> None:
        """Leave no source alone any more."""
        with self._lock:
            self._held_until_s.clear()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, to one thread at a time.

        Raises:
            Transient: the file cannot be read or written now.
        """
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as error:
                raise Transient(f"the bar cache {self.path}: {error}", "cache_failed") from None

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The same within a transaction: all of it is written, or nothing."""
        with self.reading() as db, db:
            db.execute("BEGIN IMMEDIATE")
            yield db

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()


class Series:
    """One symbol's bars of one source and interval."""

    def __init__(self, store: BarStore, series_id: int) -> None:
        """Made by ``BarStore.series``."""
        self._store = store
        self._id = series_id

    def known(self, counted_max: int = COUNTED_MAX) -> Known:
        """How far the stored bars reach; they are counted up to ``counted_max``."""
        with self._store.reading() as db:
            query = (
                "SELECT asked_from_s, (SELECT max(open_s) FROM bar WHERE series_id = id), answered_at_s,"
                " (SELECT count(*) FROM (SELECT 1 FROM bar WHERE series_id = series.id"
                " AND open_s >= ifnull(asked_from_s, 0) LIMIT ?2)), price"
                " FROM series WHERE id = ?1"
            )
            return Known(*db.execute(query, (self._id, counted_max)).fetchone())

    def keep(self, rows: Sequence[Row], price: float, *, asked_from_s: int, answered_at_s: int) -> int:
        """Store what an answer brought: closed bars, of which the newest revision wins, and the newest price.

        A bar that still forms must not be among them: here every bar counts as final.

        Returns:
            How many stored bars were revised.
        """
        with self._store.writing() as db:
            oldest_s = min((row[0] for row in rows), default=0)
            before = self._revisions(db, oldest_s)
            db.executemany(UPSERT, [(self._id, *row) for row in rows])
            db.execute(
                "UPDATE series SET asked_from_s = ?, answered_at_s = ?, price = ? WHERE id = ?",
                (asked_from_s, answered_at_s, price, self._id),
            )
            return self._revisions(db, oldest_s) - before

    def rows(self, count: int) -> list[Row]:
        """The newest bars, oldest first, of the stretch that was asked for without a break."""
        with self._store.reading() as db:
            found = db.execute(
                "SELECT open_s, open, high, low, close, volume FROM bar WHERE series_id = ?1 AND open_s >="
                " (SELECT ifnull(asked_from_s, 0) FROM series WHERE id = ?1) ORDER BY open_s DESC LIMIT ?2",
                (self._id, count),
            )
            return found.fetchall()[::-1]

    def _revisions(self, db: sqlite3.Connection, from_s: int) -> int:
        query = "SELECT ifnull(sum(revisions), 0) FROM bar WHERE series_id = ? AND open_s >= ?"
        found = db.execute(query, (self._id, from_s))
        count: int = found.fetchone()[0]
        return count


def _open(path: Path, durable: bool) -> sqlite3.Connection:
    db = database.connect(path, durable=durable)
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        elif version != SCHEMA_VERSION:
            raise sqlite3.DatabaseError(f"it has schema {version}, this program writes {SCHEMA_VERSION}")
        if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("its pages are damaged")
    except BaseException:
        db.close()
        raise
    return db


def _move_aside(path: Path) -> Path:
    """Rename a damaged file and what SQLite keeps beside it; an older one kept so is replaced."""
    aside = path.with_name(f"{path.name}.damaged")
    path.replace(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
    return aside
