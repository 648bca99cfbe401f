"""Whether the daemon lives and how large it is: asked of the machine and of its /livez, not of its journal."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from mt5_sentinel import bounded_http, process_place, spans
from mt5_sentinel.bounded_http import FetchError
from mt5_sentinel.types import DeskFacts
from mt5_sentinel.view.light import Light

LATE_S = 120.0
"""A cycle is due each minute and takes 50 s at most: after two minutes without one, the daemon is held up."""

LIVEZ_BUDGET_S = 2.0
ANSWER_BYTES_MAX = 65536
PROC = Path("/proc")
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
    """Its memory; None where it cannot be told."""


def feel(facts: DeskFacts) -> Pulse:
    """Ask for the process by its number, and for ``/livez`` where metrics are served; takes 2 s at most."""
    pid = facts.pid
    # Elsewhere the number means another process.
    is_near = facts.pid_place == process_place.here() and facts.pid_place != ""
    is_there = is_near and _is_there(pid)
    resident = _resident_bytes(pid) if is_there else None
    told = f"process {pid} {('runs' if is_there else 'is gone') if is_near else 'runs elsewhere'}"
    if facts.metrics_port == 0:
        return Pulse(is_there or not is_near, told, pid, resident)
    fault = _livez_fault(facts.metrics_host, facts.metrics_port)
    if fault is None:
        return Pulse(True, "it answers", pid, resident)
    return Pulse(False, f"{told}; /livez on port {facts.metrics_port}: {fault}", pid, resident)


def light(pulse: Pulse, silent_s: float) -> Light:
    """Of the daemon as a whole.

    Args:
        pulse: its process.
        silent_s: since its newest sign of life in the journal, of any symbol, seconds.
    """
    if not pulse.is_alive:
        return Light("daemon", "bad", f"the daemon does not run as it should: {pulse.why}")
    if silent_s > LATE_S:
        return Light("daemon", "bad", f"{pulse.why}, but no cycle of any symbol has ended for {spans.told(silent_s)}")
    return Light("daemon", "ok", pulse.why)


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


def _is_there(pid: int) -> bool:
    """Whether the process is there and is this program: numbers are given anew."""
    try:
        command = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False
    return b"sentinel" in command  # empty for one that ended and was not yet waited for


def _resident_bytes(pid: int) -> int | None:
    try:
        pages = int((PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
