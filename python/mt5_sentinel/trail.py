"""Files of lines that people keep: trades, and what was done to the service. The journal stays the truth."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from mt5_sentinel import files
from mt5_sentinel.logs import hide

TRADES = "trades.jsonl"
AUDIT = "audit.jsonl"
ECS = "ecs.jsonl"
"""The log in Elastic Common Schema, where it is asked for."""

SERVICE_LOGS = Path("/var/log/mt5-sentinel")
"""Where the installed service keeps them (LogsDirectory= in its unit)."""


def directory(environ: Mapping[str, str], fallback: Path = SERVICE_LOGS) -> Path | None:
    """Where a command finds these files: as systemd says, else the service's place where there is one."""
    given = environ.get("LOGS_DIRECTORY")
    if given:
        return Path(given)
    return fallback if fallback.is_dir() else None


def append(place: Path, name: str, facts: Mapping[str, object]) -> None:
    """Add one JSON line, on disk when this returns.

    The file is opened anew for each line, so that a rotated one is not written to.

    Raises:
        OSError: it cannot be written.
    """
    line = hide(json.dumps(facts, ensure_ascii=False, separators=(",", ":"))) + "\n"
    descriptor = opened(place, name)
    try:
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def opened(place: Path, name: str) -> int:
    """The descriptor of a file of lines, to read it and to append; it is made where there is none.

    A file made by root belongs to the owner of the directory, for logrotate and the service run as that one; the group
    may read it, whatever the umask, for a shipper of logs is put into that; links are not followed.

    Raises:
        OSError: it cannot be opened, or is no file.
    """
    path = place / name
    flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o640)
        is_new = True
    except FileExistsError:
        descriptor = os.open(path, flags)
        is_new = False
    try:
        if is_new:
            os.fchmod(descriptor, 0o640)
            files.give_to_owner_of(place, descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is no file")
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
