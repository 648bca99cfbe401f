"""Whether the daemon lives and how large it is: asked of the machine and of its /livez, not of its journal."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from mt5_sentinel import bounded_http, host_names, process_place, spans
from mt5_sentinel.bounded_http import Answer, FetchError
from mt5_sentinel.types import DeskFacts
from mt5_sentinel.view.light import Light

LATE_S = 120.0
"""A cycle is due each minute and takes 50 s at most: after two minutes without one, the daemon is held up."""

BUDGET_S = 2.0
"""Of one question over HTTP."""

ANSWER_BYTES_MAX = 65536
METRICS_BYTES_MAX = 4 << 20
"""Of many symbols; 30 that have just started are 36 kB."""

RESIDENT = re.compile(rb"^process_resident_memory_bytes ([0-9.]{1,20}(?:e\+?[0-9]{1,2})?)$", re.MULTILINE)
PROC = Path("/proc")
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
    """Ask for the process by its number, and for ``/livez`` where metrics are served; takes 4 s at most.

    Its memory is asked of the system, and of ``/metrics`` where the system hides it: the units see no process but
    their own in /proc.
    """
    pid = facts.pid
    # Elsewhere the number means another process.
    is_near = facts.pid_place == process_place.here() and facts.pid_place != ""
    is_there = is_near and _is_there(pid, facts.pid_place)
    resident = _resident_bytes(pid) if is_there else None
    told = f"process {pid} {_found(facts, is_near=is_near, is_there=is_there)}"
    if facts.metrics_port == 0:
        return Pulse(is_there or not is_near, told, pid, resident)
    fault = _livez_fault(facts)
    if fault is None:
        return Pulse(True, "it answers", pid, _told_bytes(facts) if resident is None else resident)
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


def _found(facts: DeskFacts, *, is_near: bool, is_there: bool) -> str:
    if is_near:
        return "runs" if is_there else "is gone"
    if not facts.pid_place or not process_place.here():
        return "cannot be looked for"
    if process_place.is_same_boot(facts.pid_place):
        return "cannot be seen from here (another container?)"
    return "is of an earlier boot, or of another machine"


def _livez_fault(facts: DeskFacts) -> str | None:
    try:
        answer = _asked(facts, "livez", ANSWER_BYTES_MAX)
    except FetchError as error:
        return str(error)
    if answer.status in (200, OLDER):
        return None
    said = answer.body.decode("utf-8", "replace").strip().splitlines()
    return f"status {answer.status}: {said[0][:200] if said else 'no text'}"


def _told_bytes(facts: DeskFacts) -> int | None:
    """Its memory in its own words."""
    try:
        answer = _asked(facts, "metrics", METRICS_BYTES_MAX)
    except FetchError:
        return None
    found = RESIDENT.search(answer.body)
    try:
        return None if found is None else int(float(found[1]))
    except ValueError:
        return None


def _asked(facts: DeskFacts, path: str, bytes_max: int) -> Answer:
    host = facts.metrics_host or "0.0.0.0"  # noqa: S104 - empty: every address
    url = f"http://{host_names.in_url(host_names.ASKED_AT.get(host, host))}:{facts.metrics_port}/{path}"
    return bounded_http.get(url, {}, budget_s=BUDGET_S, body_bytes_max=bytes_max)


def _is_there(pid: int, place: str) -> bool:
    """Whether the process is there and, as far as /proc shows it, is this program: numbers are given anew."""
    if process_place.is_gone(pid, place):
        return False
    try:
        command = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:  # hidden from here, or it ends this moment; the next look tells
        return True
    return b"sentinel" in command  # empty for one that ended and was not yet waited for


def _resident_bytes(pid: int) -> int | None:
    try:
        pages = int((PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
