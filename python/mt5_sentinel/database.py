"""SQLite files that money depends on: opened in one way, written whole, and missed when they are taken away."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from mt5_sentinel.errors import Misconfigured, SentinelError, Transient

LOG_BYTES_MAX = 16 * 2**20
"""What is kept of a write-ahead log that grew while somebody read for long: a few times its usual size."""

STATE_PLACE = "set state_dir to a writable directory"

PASSING = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EIO)
"""Faults of a file system that a later start may not meet again."""

PASSING_WORDS = ("is full", "is locked", "disk I/O error")
"""The same of SQLite, whose numbers of errors Python does not tell before 3.11."""


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
        # Cut off when the log begins anew: all of it is copied then.
        db.execute(f"PRAGMA journal_size_limit = {LOG_BYTES_MAX}")
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


def unwritable(what: str, path: Path, error: Exception, *, reason: str, place: str = STATE_PLACE) -> SentinelError:
    """What a file that cannot be opened for writing ends its program with.

    Args:
        what: the file, for people: ``the journal``.
        path: where it is.
        error: an ``OSError`` or one of SQLite.
        reason: the code.
        place: what to do where the place is wrong.

    Returns:
        ``Transient`` where a later start may succeed, so that systemd tries again; else ``Misconfigured``.
    """
    if _passes(error, path.parent):
        message = f"{what} {path} cannot be written now: {error}; make room on its disk, or end what holds it"
        return Transient(message, reason)
    return Misconfigured(f"{what} {path} cannot be written: {error}; {place}", reason)


def _passes(error: Exception, directory: Path) -> bool:
    if isinstance(error, OSError):
        return error.errno in PASSING
    told = str(error)
    return any(words in told for words in PASSING_WORDS) or ("unable to open" in told and _is_full(directory))


def _is_full(directory: Path) -> bool:
    """Whether no file could be made there: SQLite says no more of that than that it cannot open one."""
    if not hasattr(os, "statvfs"):
        return False
    try:
        room = os.statvfs(directory)
    except OSError:
        return False
    return (room.f_blocks > 0 and room.f_bavail == 0) or (room.f_files > 0 and room.f_favail == 0)
