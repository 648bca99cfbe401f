"""What the daemon tells systemd, and nothing else: datagrams to the socket it names (sd_notify(3))."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping

from mt5_sentinel.guard import BUGS
from mt5_sentinel.logs import hide
from mt5_sentinel.types import CycleRecord

STATUS_CHARS_MAX = 200

FAULT = "FAULT"
"""Begins the status while the newest cycle of a symbol failed by a fault of the program."""

log = logging.getLogger("mt5_sentinel")


class Notifier:
    """Tells the service manager how the daemon is; says nothing where there is none to hear it."""

    def __init__(self, environ: Mapping[str, str] = os.environ, symbols: int = 1) -> None:
        """Remember the socket that ``NOTIFY_SOCKET`` names, ``@`` marks one without a place in the file system.

        ``symbols``: of how many the status tells.
        """
        self._symbols, self._newest = symbols, dict[str, str]()
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._is_told = False

    def ready(self, status: str) -> None:
        """It is configured, and its preflight was healthy; also said when a reload is over."""
        self._tell("READY=1", f"STATUS={_line(status)}")

    def beat(self) -> None:
        """The work loop turns. Silence for WatchdogSec= makes systemd kill and restart the process."""
        self._tell("WATCHDOG=1")

    def status(self, record: CycleRecord) -> None:
        """The newest decision, for ``systemctl status``; called from the threads of the symbols.

        ``FAULT`` stays in front until each symbol's newest cycle is without one, ``first cycles: N of M`` until each
        has had one: an installer waits for that before it calls a release good.
        """
        self._newest[record.symbol] = text = told(record)
        newest = dict(self._newest)  # whole, whatever another thread adds meanwhile
        faults = [line for line in newest.values() if line.startswith(FAULT)]
        if faults:
            text = faults[0]
        elif len(newest) < self._symbols:
            text = f"first cycles: {len(newest)} of {self._symbols}; {text}"
        self._tell(f"STATUS={_line(text)}")

    def reloading(self) -> None:
        """The configuration is read again; ``ready`` ends it."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """It finishes what runs, and ends."""
        self._tell("STOPPING=1", "STATUS=stopping: the cycle that runs is finished first")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
                door.setblocking(False)  # a full queue must not hold up a cycle
                door.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            if not self._is_told:
                log.warning("systemd does not take what the daemon tells it: %s", error)
            self._is_told = True


def told(record: CycleRecord) -> str:
    """A finished cycle in a line: symbol, what came of it, why.

    ``FAULT`` begins the line where the cause is a fault of the program.
    """
    if record.reason in BUGS:
        return f"{FAULT} {record.symbol} {record.reason}: {record.detail}"
    if record.status == "failed":
        return f"{record.symbol} failed: {record.reason}: {record.detail}"
    odd = f" [{', '.join(record.conditions)}]" if record.conditions else ""
    if record.action is None:
        return f"{record.symbol} no decision: {record.reason}{odd}"
    outcome = "" if record.outcome is None else f", {record.side} {record.outcome}"
    return f"{record.symbol} {record.action} {record.confidence:.4f} {record.reason}{outcome}{odd}"


def _line(text: str) -> str:
    return " ".join(hide(text).split())[:STATUS_CHARS_MAX]
