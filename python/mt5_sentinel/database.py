"""SQLite files that money depends on: opened in one way, written whole, and missed when they are taken away."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

LOG_BYTES_MAX = 16 * 2**20
"""What is kept of a write-ahead log that grew while somebody read for long: a few times its usual size."""


def connect(path: Path, *, durable: bool) -> sqlite3.Connection:
    """Open or create a file; each statement is a transaction of its own unless one is begun.

    Args:
        path: the file.
        durable: fsync every commit. Only what can be repeated does without.

    Raises:
        sqlite3.Error: it cannot be opened, or is no database.
    """
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(
            f"PRAGMA journal_size_limit = {LOG_BYTES_MAX}"
        )  # cut off when the log begins anew; all is copied then
        db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
    except BaseException:
        db.close()
        raise
    return db


@contextlib.contextmanager
def whole(db: sqlite3.Connection) -> Iterator[None]:
    """What is written inside is on disk as a whole or not at all."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def is_in_place(path: Path, inode: int) -> bool:
    """Whether the name is still that of the file that was opened: a removed one takes writes, and forgets them."""
    try:
        return path.stat().st_ino == inode
    except OSError:
        return False
