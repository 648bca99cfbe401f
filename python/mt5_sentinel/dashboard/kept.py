"""Buckets of the journal that no cycle changes any more, kept for the next page that shows them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path

from mt5_sentinel.dashboard.reader import Book

SETTLED_S = 86_400
"""How much older than the newest cycle: none is under way for so long, and no clock is set back by so much."""

KEPT_MAX = 50_000
"""Beyond them all are forgotten; a chart has some hundreds."""

Bucket = tuple[float | None, ...] | None


class Kept:
    """In memory, for the journal of one path. Threads may share it."""

    def __init__(self, journal: Path) -> None:
        """Keep nothing yet."""
        self._journal = journal
        self._found: dict[Hashable, Bucket] = {}

    def of(self, found: Book) -> Hashable:
        """What tells this journal from another that is put in its place, and from one that lost its oldest cycles."""
        file = self._journal.stat()
        first = found.db.execute("SELECT id, started_utc FROM cycle ORDER BY id LIMIT 1").fetchone()
        return file.st_dev, file.st_ino, found.mode, None if first is None else tuple(first)

    def get(self, key: Hashable, read: Callable[[], Bucket]) -> Bucket:
        """The bucket of this key; it is read where it is not kept."""
        if key in self._found:
            return self._found[key]
        if len(self._found) >= KEPT_MAX:
            self._found = {}
        bucket = self._found[key] = read()
        return bucket
