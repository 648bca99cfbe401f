"""The service's lines in systemd's journal, its own and those of systemd about it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

CYCLE = "TRADING CYCLE START:"
ERROR = "!!! CYCLE ERROR:"
STOPPED = "stopped, the last cycle was finished"

FIELDS = (
    *("MESSAGE", "_PID", "SYSLOG_IDENTIFIER", "INVOCATION_ID", "_SYSTEMD_INVOCATION_ID", "_BOOT_ID"),
    *("COMMAND", "EXIT_CODE", "EXIT_STATUS", "UNIT_RESULT", "N_RESTARTS", "JOB_TYPE"),
)
"""What of an entry is asked for."""

SYSTEMD = 1
"""The process whose word about ends is believed."""


class Line(NamedTuple):
    """One line. Fields about jobs and ends are systemd's own, and empty in lines of others."""

    at_s: float
    """When the journal took it, UTC unix seconds."""
    pid: int
    text: str
    run: str = ""
    """The start of the service it belongs to: the invocation's id."""
    boot: str = ""
    exit_code: str = ""
    """How the main process ended: ``exited``, ``killed``, ``dumped``."""
    exit_status: str = ""
    """Its exit code, or the number of the signal."""
    result: str = ""
    """Why the unit failed, as ``signal``, ``exit-code``, ``watchdog``, ``oom-kill``, ``timeout``."""
    restarts: int = 0
    """The count of a restart that systemd decided on by itself."""
    job: str = ""
    """``stop`` where somebody asked for one."""


def lines(output: str) -> list[Line]:
    """What ``journalctl -o json`` printed; lines that are no objects are left out."""
    found = []
    for text in output.split("\n"):  # a message may hold other signs that end a line
        try:
            entry = json.loads(text)
        except ValueError:
            continue
        if isinstance(entry, dict):
            found.append(_line(entry))
    # The journal cannot always tell any more which start a line was of, once its process is gone.
    runs = {(one.boot, one.pid): one.run for one in found if one.run and one.pid != SYSTEMD}
    return [one if one.run else one._replace(run=runs.get((one.boot, one.pid), f"PID {one.pid}")) for one in found]


def _line(entry: dict[str, Any]) -> Line:
    message = entry.get("MESSAGE")
    if isinstance(message, list):  # text that is no UTF-8 comes as numbers
        message = bytes(one for one in message if isinstance(one, int) and 0 <= one < 256).decode("utf-8", "replace")
    if not isinstance(message, str):
        message = ""
    at_s, pid = _number(entry, "__REALTIME_TIMESTAMP") / 1e6, _number(entry, "_PID")
    boot = _text(entry, "_BOOT_ID")
    if pid != SYSTEMD:
        return Line(at_s, pid, message, _text(entry, "_SYSTEMD_INVOCATION_ID"), boot)
    is_main = _text(entry, "COMMAND") in ("ExecStart", "")
    return Line(
        at_s,
        pid,
        message,
        _text(entry, "INVOCATION_ID"),
        boot,
        _text(entry, "EXIT_CODE") if is_main else "",
        _text(entry, "EXIT_STATUS") if is_main else "",
        _text(entry, "UNIT_RESULT"),
        _number(entry, "N_RESTARTS"),
        _text(entry, "JOB_TYPE"),
    )


def _text(entry: dict[str, Any], name: str) -> str:
    return str(entry.get(name, ""))


def _number(entry: dict[str, Any], name: str) -> int:
    text = _text(entry, name)
    return int(text) if text.isdecimal() else 0
