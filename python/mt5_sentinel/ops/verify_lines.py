"""The service's lines in systemd's journal, and what they say of cycles that failed and processes that ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

CYCLE = "TRADING CYCLE START:"
ERROR = "!!! CYCLE ERROR:"
STOPPED = "stopped, the last cycle was finished"

EXITS_MEANT = ("0", "78")
"""A stop, and a configuration that can never work."""

OWN_FAULTS = ("SEGV", "BUS", "ILL", "FPE", "SYS", "TRAP")
"""Signals a process brings upon itself; the others come from outside: a person, the watchdog, the kernel's memory."""


class Line(NamedTuple):
    """One line: when the journal took it (UTC unix seconds), of which process, and how one ended, if it says so."""

    at_s: float
    pid: int
    text: str
    exit_code: str
    exit_status: str


class Survival(NamedTuple):
    """Failed cycles by what their process did next, and how processes ended."""

    errors: list[Line]
    survived: list[Line]
    """The same process began another cycle."""
    died: list[Line]
    """The process was gone, by a fault of its own or without a word."""
    ended_from_outside: list[Line]
    """It was stopped, or killed by a signal from outside, before its next cycle."""
    undecided: list[Line]
    """The newest failure of the process that runs; its next cycle has not begun."""
    crashes: list[Line]
    """Exits of a main process that nobody asked for."""


def lines(output: str) -> list[Line]:
    """What ``journalctl -o json`` printed; lines that are no objects are left out."""
    found = []
    for text in output.splitlines():
        try:
            entry = json.loads(text)
        except ValueError:
            continue
        if isinstance(entry, dict):
            found.append(_line(entry))
    return found


def survival(found: Sequence[Line], pid_now: int) -> Survival:
    """What became of the process after each failed cycle.

    Args:
        found: the lines, oldest first.
        pid_now: the main process.
    """
    errors = [(at, one) for at, one in enumerate(found) if ERROR in one.text]
    newest_cycle = {one.pid: at for at, one in enumerate(found) if CYCLE in one.text}
    newest_line = {one.pid: at for at, one in enumerate(found) if not one.exit_code}
    told = Survival([one for _, one in errors], [], [], [], [], [one for one in found if _is_crash(one)])
    for at, one in errors:
        if newest_cycle.get(one.pid, -1) > at:
            told.survived.append(one)
        elif one.pid == pid_now:
            told.undecided.append(one)
        elif _ended_from_outside(found, newest_line[one.pid], one.pid):
            told.ended_from_outside.append(one)
        else:
            told.died.append(one)
    return told


def _ended_from_outside(found: Sequence[Line], last: int, pid: int) -> bool:
    """Whether a process that said its last line there was stopped in order, or killed by somebody else."""
    if any(one.pid == pid and STOPPED in one.text for one in found[: last + 1]):
        return True
    ended = next((one for one in found[last:] if one.exit_code), None)
    return ended is not None and ended.exit_code in ("killed", "dumped") and not _is_crash(ended)


def _is_crash(one: Line) -> bool:
    if one.exit_code == "exited":
        return one.exit_status not in EXITS_MEANT
    return one.exit_code in ("killed", "dumped") and one.exit_status in OWN_FAULTS


def _line(entry: dict[str, Any]) -> Line:
    message = entry.get("MESSAGE")
    if isinstance(message, list):  # text that is no UTF-8 comes as numbers
        message = bytes(one for one in message if isinstance(one, int) and 0 <= one < 256).decode("utf-8", "replace")
    at, pid = str(entry.get("__REALTIME_TIMESTAMP", "0")), str(entry.get("_PID", "0"))
    return Line(
        int(at) / 1e6 if at.isdecimal() else 0.0,
        int(pid) if pid.isdecimal() else 0,
        message if isinstance(message, str) else "",
        str(entry.get("EXIT_CODE", "")),
        str(entry.get("EXIT_STATUS", "")),
    )
