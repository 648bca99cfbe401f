"""The kill switch: files in the state directory by which a person and the daemon understand each other."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Literal

from mt5_sentinel import files
from mt5_sentinel.errors import Misconfigured, Unusable

Switch = Literal["off", "halt", "flatten"]

HALT, RESUME = "HALT", "RESUME"

FLATTEN = "flatten"

NO_WAIT = getattr(os, "O_NONBLOCK", 0)

REASON_MAX = 200
"""Characters of a reason that are kept."""

SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._#+-]{0,31}")


def read(path: Path) -> Switch:
    """What a file says: its existence halts, a text that begins with ``flatten`` closes own positions too.

    What is no file, cannot be read, or is a link that leads nowhere halts as well. A pipe is not waited for.
    """
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | NO_WAIT)) as file:
            text = file.read(len(FLATTEN)) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
    except FileNotFoundError:
        return "halt" if path.is_symlink() else "off"
    except OSError:
        return "halt"
    return "flatten" if text.lower() == FLATTEN.encode() else "halt"


def strictest(paths: tuple[Path, ...]) -> Switch:
    """What several files say together."""
    said = {read(path) for path in paths}
    return "flatten" if "flatten" in said else "halt" if "halt" in said else "off"


def resume_mark(state_dir: Path) -> str | None:
    """What tells one ``resume`` from the next; ``None`` where nobody asked for it."""
    try:
        return f"resume {(state_dir / RESUME).stat().st_mtime_ns}"
    except OSError:
        return None


def forget_resume(state_dir: Path, mark: str | None = None) -> None:
    """Take a request away, or only the one with this mark. Where that fails, its mark keeps it from a second time."""
    if mark not in (None, resume_mark(state_dir)):
        return  # a newer request
    try:
        (state_dir / RESUME).unlink(missing_ok=True)
    except OSError:
        return


def halt(state_dir: Path, *, flatten: bool, reason: str) -> Path:
    """Halt, from the daemon's next look on.

    Raises:
        Unusable: the file cannot be written; nothing is halted.
    """
    path = state_dir / HALT
    line = " ".join(reason.split())[:REASON_MAX]
    files.lay_down(state_dir, HALT, f"{FLATTEN if flatten else 'halt'}\n{line}\n")
    forget_resume(state_dir)
    return path


def resume(state_dir: Path) -> bool:
    """End the halt, and ask the daemon to begin the highest mark anew; whether there was a halt by file.

    Raises:
        Unusable: a file cannot be written or removed.
    """
    # First the request: a daemon that looks in between is still halted, and no request is lost.
    files.lay_down(state_dir, RESUME, "resume\n")
    path = state_dir / HALT
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise Unusable(f"{path}: cannot be removed: {error.strerror}; it still halts", "unwritable_file") from None
    return True


def adopt(state_dir: Path, symbol: str) -> Path:
    """Ask the daemon to take the broker's book of a symbol for its own.

    Raises:
        Misconfigured: not the name of a symbol.
        Unusable: the file cannot be written.
    """
    if not SYMBOL.fullmatch(symbol):
        raise Misconfigured(f"--adopt {symbol[:40]!r}: no symbol's name, such as EURUSD", "bad_argument")
    path = state_dir / f"ADOPT.{symbol}"
    files.lay_down(state_dir, path.name, "adopt\n")
    return path
