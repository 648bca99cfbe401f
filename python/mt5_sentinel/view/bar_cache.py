"""The daemon's cache of bars, to read only."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from mt5_sentinel import journal
from mt5_sentinel.errors import Misconfigured


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """The cache; None where there is none, for it may be thrown away at any time.

    Raises:
        Misconfigured: it cannot be read now.
    """
    if not path.is_file():
        yield None
        return
    try:
        with contextlib.closing(journal.connected(path)) as db:
            yield db
    except sqlite3.Error as error:
        message = (
            f"{path}: the cache of bars cannot be read: {error}; where it is damaged, restart the daemon, which begins"
            " it anew"
        )
        raise Misconfigured(message, "bar_cache") from None
