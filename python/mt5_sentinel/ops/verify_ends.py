"""How processes of the service ended, and what became of them after a cycle that failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from mt5_sentinel.ops.verify_lines import CYCLE, ERROR, STOPPED, SYSTEMD, Line

EXIT_CONFIG = "78"
SIGKILL = "9"

OWN_RESULTS = frozenset({"watchdog", "oom-kill", "timeout", "core-dump"})
"""Results that are the service's own doing, though it was a signal from outside that ended the process."""

How = Literal["stopped", "refused", "forced", "crashed"]
"""``refused``: a configuration that can never work, before the first cycle. ``forced``: SIGKILL, or the machine went
down; a ``kill -9`` by hand and the kernel that is short of memory look alike."""


class End(NamedTuple):
    """How one start of the service ended."""

    run: str
    how: How
    told: str


class Survival(NamedTuple):
    """Failed cycles by what their process did next, and how processes ended."""

    errors: list[Line]
    survived: list[Line]
    """The same process began another cycle."""
    died: list[Line]
    """The process crashed before it began another one."""
    stopped: list[Line]
    """It was stopped in order before its next cycle."""
    forced: list[Line]
    """It was ended by force before its next cycle; whether it would have gone on is not known."""
    undecided: list[Line]
    """The newest failure of the process that runs; its next cycle has not begun."""
    ends: list[End]
    """Every end in the log."""

    def how(self, how: How) -> list[End]:
        """The ends of one kind."""
        return [one for one in self.ends if one.how == how]


def survival(found: Sequence[Line], running: str) -> Survival:
    """What became of the process after each failed cycle.

    Args:
        found: the lines, oldest first.
        running: the start of the service that runs now.
    """
    ends = {one.run: one for one in _ends(found, running)}
    newest_cycle = {one.run: at for at, one in enumerate(found) if CYCLE in one.text and one.pid != SYSTEMD}
    told = Survival([], [], [], [], [], [], list(ends.values()))
    for at, one in enumerate(found):
        if ERROR not in one.text or one.pid == SYSTEMD:
            continue
        told.errors.append(one)
        if newest_cycle.get(one.run, -1) > at:
            told.survived.append(one)
        elif one.run == running:
            told.undecided.append(one)
        else:
            by_end = {"stopped": told.stopped, "forced": told.forced}
            by_end.get(ends[one.run].how, told.died).append(one)
    return told


def running_of(found: Sequence[Line], invocation: str, pid: int) -> str:
    """The start that runs now: what systemd calls it, else what the newest line of its process says."""
    own = [one.run for one in found if one.pid == pid]
    return invocation if invocation in own or not own else own[-1]


def uncounted(found: Sequence[Line], restarts: int, began_s: float) -> str:
    """Restarts that systemd counts and the log, which covers their time, does not show; empty where there are none.

    Args:
        found: the lines, oldest first.
        restarts: ``NRestarts``; a start by hand sets it to 0.
        began_s: when the process that runs began, UTC unix seconds.
    """
    seen: list[int] = []
    for one in reversed(found):
        if one.restarts and seen and one.restarts >= seen[-1]:
            break  # of before a start by hand
        seen += [one.restarts] if one.restarts else []
    newest = seen[0] if seen else 0
    if newest > restarts or not restarts:
        return ""  # they were set back since
    if newest < restarts and (not found or found[0].at_s > began_s):
        return ""  # the log begins later
    missing = (restarts if newest < restarts else 0) or next((n for n in range(seen[-1], newest) if n not in seen), 0)
    return f"systemd counts {restarts} restarts, and the log does not show number {missing}" if missing else ""


def _ends(found: Sequence[Line], running: str) -> list[End]:
    """One for each start but the one that runs, in the order of their first lines."""
    runs: dict[str, list[Line]] = {}
    for one in found:
        runs.setdefault(one.run, []).append(one)
    boot = found[-1].boot if found else ""
    return [end for run, own in runs.items() if run != running and (end := _end(run, own, boot)) is not None]


def _end(run: str, own: Sequence[Line], boot: str) -> End | None:
    exited = next((one for one in own if one.exit_code and (one.exit_code, one.exit_status) != ("exited", "0")), None)
    failed = next((one for one in own if one.result), None)
    again = next((one for one in own if one.restarts), None)
    has_cycles = any((CYCLE in one.text or ERROR in one.text) and one.pid != SYSTEMD for one in own)
    if exited is not None:
        return End(run, _how(exited, failed.result if failed else "", has_cycles=has_cycles), exited.text)
    if failed is not None:
        return End(run, "crashed", failed.text)
    if any(one.job == "stop" or (STOPPED in one.text and one.pid != SYSTEMD) for one in own):
        return End(run, "stopped", own[-1].text)
    if again is not None:
        return End(run, "crashed", f"it ended without an error, and nobody had asked: {again.text}")
    return _vanished(run, own, boot) if has_cycles else None  # else they are lines of no process of the service


def _vanished(run: str, own: Sequence[Line], boot: str) -> End:
    """An end of which the log has no word."""
    if own[-1].boot != boot:
        return End(run, "forced", "the machine went down")
    return End(run, "crashed", f"PID {own[-1].pid} was gone without a word")


def _how(exited: Line, result: str, *, has_cycles: bool) -> How:
    if exited.exit_code == "killed" and exited.exit_status == SIGKILL and result not in OWN_RESULTS:
        return "forced"
    if exited.exit_code == "exited" and exited.exit_status == EXIT_CONFIG and not has_cycles:
        return "refused"
    return "crashed"
