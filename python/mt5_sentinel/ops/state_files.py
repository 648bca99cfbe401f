"""Looks into the files of a state directory, read only, while a daemon may be writing them."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mt5_sentinel import file_lock
from mt5_sentinel.ops.questions import Broken, within

LOCKS = Path("/proc/locks")

ANSWER_S = 5.0
"""What a query of a few rows may take."""

BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite opens together with a database."""


def is_there(path: Path) -> bool:
    """Whether a file is there that root may open: the service's user owns the directory, and can put anything there.

    A FIFO would hold its reader for ever, and a link would lead root to a file that is not meant.

    Raises:
        Broken: it is no regular file.
    """
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(facts.st_mode):
        kind = "a link" if stat.S_ISLNK(facts.st_mode) else "no regular file"
        raise Broken(f"{path} is {kind}; it is not opened", f"ls -l {path}; who put it there? Then: rm {path}")
    return True


def database(path: Path, question: Callable[[sqlite3.Connection], Any], limit_s: float = ANSWER_S) -> Any:  # noqa: ANN401 - of any query
    """What a question finds in a database that is there; read only, and given up after ``limit_s`` seconds.

    What SQLite makes beside the file for reading belongs to the file's owner, even where root asks.

    Raises:
        Broken: it, or a file beside it, is no regular file; it cannot be read; it takes too long.
    """
    for suffix in BESIDE:
        is_there(path.with_name(path.name + suffix))
    found: list[Any] = []

    def asked() -> str:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            found.append(question(db))
        return ""

    todo = f"ls -l {path}*; as its owner or root, and while no daemon runs: sqlite3 {path} .recover"
    try:
        within(limit_s, f"{path}", todo, asked)
    except sqlite3.Error as error:
        raise Broken(f"{path} cannot be read: {error}", todo) from None
    return found[0]


def rows(path: Path, query: str, values: Sequence[Any] = ()) -> list[Any]:
    """The answer to a query of a database; none where there is no file; errors as ``database``."""
    if not is_there(path):
        return []
    answer: list[Any] = database(path, lambda db: db.execute(query, values).fetchall())
    return answer


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
        Broken: it is no regular file.
    """
    if not is_there(lock):
        return False
    inode = lock.lstat().st_ino
    if locks.exists():
        entries = locks.read_text(encoding="ascii", errors="replace").split()
        if not any(word.endswith(f":{inode}") for word in entries):
            return False
    try:
        os.close(file_lock.acquire(lock))
    except BlockingIOError:
        return True
    return False
