"""Whether the daemon lives and how large it is: asked of the machine and of its /livez, not of its journal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from mt5_sentinel import bounded_http
from mt5_sentinel.bounded_http import FetchError
from mt5_sentinel.types import DeskFacts
from mt5_sentinel.view.light import Light

LIVEZ_BUDGET_S = 2.0
ANSWER_BYTES_MAX = 65536
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104 - as a setting has it
OLDER = 404
"""A daemon of a release without /livez answers so, and lives."""


class Pulse(msgspec.Struct, frozen=True):
    """The daemon's process as it is now."""

    is_alive: bool
    why: str
    """One line, for people."""
    pid: int
    resident_bytes: int | None = None
    """Its memory; None where the system does not tell."""


def feel(facts: DeskFacts, proc: Path = Path("/proc")) -> Pulse:
    """Ask for the process by its number, and for ``/livez`` where metrics are served; takes 2 s at most."""
    is_running = _is_running(facts.pid, proc)
    resident = _resident_bytes(facts.pid, proc) if is_running else None
    if facts.metrics_port == 0:
        why = f"process {facts.pid} runs" if is_running else f"process {facts.pid} is gone"
        return Pulse(is_running, why, facts.pid, resident)
    fault = _livez_fault(facts.metrics_host, facts.metrics_port)
    if fault is None:
        return Pulse(True, "it answers", facts.pid, resident)
    state = "runs" if is_running else "is gone"
    return Pulse(
        False, f"process {facts.pid} {state}; /livez on port {facts.metrics_port}: {fault}", facts.pid, resident
    )


def light(pulse: Pulse) -> Light:
    """Of the daemon as a whole."""
    if pulse.is_alive:
        return Light("daemon", "ok", pulse.why)
    return Light("daemon", "bad", f"the daemon does not run as it should: {pulse.why}")


def _livez_fault(host: str, port: int) -> str | None:
    address = EVERY_ADDRESS.get(host, host)
    place = f"[{address}]" if ":" in address else address
    try:
        answer = bounded_http.get(
            f"http://{place}:{port}/livez", {}, budget_s=LIVEZ_BUDGET_S, body_bytes_max=ANSWER_BYTES_MAX
        )
    except FetchError as error:
        return str(error)
    if answer.status in (200, OLDER):
        return None
    said = answer.body.decode("utf-8", "replace").strip().splitlines()
    return f"status {answer.status}: {said[0][:200] if said else 'no text'}"


def _is_running(pid: int, proc: Path) -> bool:
    """Whether the process is there and is this program: numbers are given anew, after a reboot soonest."""
    if pid == os.getpid():
        return False
    if not (proc / "self").exists():
        return _is_known(pid)
    try:
        command = (proc / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False
    return b"sentinel" in command  # empty for one that ended and was not yet waited for


def _is_known(pid: int) -> bool:
    if sys.platform == "win32":  # there a signal 0 would end it
        return True
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def _resident_bytes(pid: int, proc: Path) -> int | None:
    try:
        pages = int((proc / str(pid) / "statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
