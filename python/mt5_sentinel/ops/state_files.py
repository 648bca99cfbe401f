"""Looks into the files of a state directory, read only, while a daemon may be writing them."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mt5_sentinel import file_lock
from mt5_sentinel.ops.questions import Broken

LOCKS = Path("/proc/locks")


def rows(path: Path, query: str, values: Sequence[Any] = ()) -> list[Any]:
    """The answer to a query of a database; none where there is no file.

    What SQLite makes beside the file for reading belongs to the file's owner, even where root asks.

    Raises:
        Broken: it cannot be read.
    """
    if not path.exists():
        return []
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return db.execute(query, values).fetchall()
    except sqlite3.Error as error:
        todo = f"ls -l {path}; as its owner or root, and while no daemon runs: sqlite3 {path} .recover"
        raise Broken(f"{path} cannot be read: {error}", todo) from None


def spent(path: Path, source: str, day_utc: str) -> int:
    """Units spent on a day by the account in ``bars.db``; errors as ``rows``."""
    found = rows(path, "SELECT units FROM quota WHERE source = ? AND day_utc = ?", (source, day_utc))
    return int(found[0][0]) if found else 0


def is_held(lock: Path, locks: Path = LOCKS) -> bool:
    """Whether a process holds a lock file.

    Trying the lock would keep a daemon that starts at that very moment from it; so the kernel's list is asked first,
    and the lock only tried where an entry of that inode shows that it is taken, or where there is no list.

    Raises:
        OSError: it cannot be opened.
    """
    try:
        inode = lock.stat().st_ino
    except FileNotFoundError:
        return False
    if locks.exists():
        entries = locks.read_text(encoding="ascii", errors="replace").split()
        if not any(word.endswith(f":{inode}") for word in entries):
            return False
    try:
        os.close(file_lock.acquire(lock))
    except BlockingIOError:
        return True
    return False
