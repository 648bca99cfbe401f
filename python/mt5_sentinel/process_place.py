"""Where a process id means something: it names a process within one boot of a machine and one namespace only."""

from __future__ import annotations

import os
import sys
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")
NAMESPACE = Path("/proc/self/ns/pid")


def here() -> str:
    """Where this process's ids are valid; empty where the system does not tell."""
    try:
        return f"{BOOT.read_text(encoding='ascii').strip()} {NAMESPACE.readlink()}"
    except OSError:
        return ""


def is_same_boot(place: str) -> bool:
    """Whether a place is of this boot of this machine; a process of another boot has ended, or is elsewhere."""
    return place.partition(" ")[0] == here().partition(" ")[0] != ""


def is_gone(pid: int, place: str) -> bool:
    """Whether a process has certainly ended; False where it is not of this place, or that cannot be told."""
    if sys.platform == "win32" or not place or place != here():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # it is another user's, and lives
        return False
    return False
