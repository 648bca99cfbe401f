"""Where this process keeps what it has to tell: a directory of its own, below the daemon's state."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from mt5_sentinel import database, file_lock
from mt5_sentinel.alerting.letters import Message
from mt5_sentinel.alerting.outbox import Outbox
from mt5_sentinel.errors import Misconfigured, SentinelError

DIRECTORY = "alerts"
FILE = "alerts.db"

log = logging.getLogger("mt5_sentinel")


@contextlib.contextmanager
def outbox(state_dir: Path, endpoints: Sequence[str], machine: str, now_s: float) -> Iterator[Outbox]:
    """The outbox of a state directory, held by this process alone: two would tell everything twice.

    A file that is damaged is moved aside, and that is told: alerts must not end with it.

    Raises:
        Misconfigured: the directory cannot be written, or another process has it.
        Transient: the disk is full, or fails.
    """
    directory = state_dir / DIRECTORY
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = file_lock.acquire(directory / "alerts.lock")
    except BlockingIOError:
        message = f"{directory}: another `mt5-sentinel alerts` runs there and tells the same"
        raise Misconfigured(message, "bad_configuration") from None
    except OSError as error:
        raise _unwritable(directory, error) from None
    try:
        box = _open(directory / FILE, endpoints, machine, now_s)
        try:
            yield box
        finally:
            box.close()
    finally:
        os.close(lock)


def _open(path: Path, endpoints: Sequence[str], machine: str, now_s: float) -> Outbox:
    try:
        return Outbox(path, endpoints, machine)
    except sqlite3.OperationalError as error:  # a full or read-only disk is no damage
        raise _unwritable(path, error) from None
    except sqlite3.DatabaseError as error:
        aside = path.with_name(f"{path.name}.damaged")
        text = f"{path} was damaged ({error}) and is now {aside.name}; what waited in it may not have been told"
    try:
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + suffix).replace(aside.with_name(aside.name + suffix))
        log.error("%s", text)
        box = Outbox(path, endpoints, machine)
    except (OSError, sqlite3.OperationalError) as error:
        raise _unwritable(path, error) from None
    box.queue([Message("alerts", "note", "warn", text, now_s, now_s)], [], now_s)
    return box


def _unwritable(path: Path, error: Exception) -> SentinelError:
    place = "alerts writes the directory `alerts` in state_dir, which its user has to be allowed to"
    return database.unwritable("what waits to be told,", path, error, place=place, reason="alerts_unwritable")
