"""Zero-trust evidence: each criterion is judged by what the machine itself answers, at this moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from mt5_sentinel.errors import SentinelError
from mt5_sentinel.guard import Guard
from mt5_sentinel.logs import hide
from mt5_sentinel.ops import verify_cycles, verify_files, verify_service
from mt5_sentinel.ops.questions import Broken
from mt5_sentinel.ops.scene import Scene
from mt5_sentinel.ops.verify_cycles import NotShown

EXIT_BROKEN = 1
EXIT_NOT_SHOWN = 3
"""Nothing speaks against it, but something that is promised has not been seen yet."""

SEVEN: Mapping[str, Callable[[Scene], str]] = {
    "installed": verify_service.is_installed,
    "active": verify_service.is_active,
    "enabled": verify_service.is_enabled,
    "auto-restart configured": verify_service.restarts_itself,
    "memory limit enforced": verify_service.memory_is_capped,
    "logs accessible": verify_cycles.logs_are_accessible,
    "never-crash validated": verify_cycles.never_crashes,
}
"""The criteria of the older deployment report."""

FURTHER: Mapping[str, Callable[[Scene], str]] = {
    "process is the unit's": verify_service.is_the_process,
    "watchdog": verify_service.watchdog_bites,
    "hardened": verify_service.is_hardened,
    "launcher": verify_files.launcher_is_there,
    "files are the wheel's": verify_files.files_are_the_wheels,
    "cycles run": verify_cycles.cycles_run,
    "punctual": verify_cycles.is_punctual,
    "orders settled": verify_cycles.orders_are_settled,
}

Verdict = Literal["holds", "does not hold", "not shown"]


class Criterion(msgspec.Struct, frozen=True):
    """One criterion: its verdict, what was found, and what to do where it does not hold."""

    name: str
    verdict: Verdict
    found: str
    todo: str = ""


def run(scene: Scene) -> tuple[list[Criterion], dict[str, str]]:
    """Judge every criterion and collect the facts; one that cannot be looked at does not hold."""
    judged = [judge(name, question, scene) for name, question in {**SEVEN, **FURTHER}.items()]
    facts = {name: judge(name, question, scene).found for name, question in verify_files.FACTS.items()}
    return judged, facts


def judge(name: str, question: Callable[[Scene], str], scene: Scene) -> Criterion:
    """The answer to one question, whatever it dies of."""
    said: list[str] = []
    error = Guard().attempt(lambda: said.append(question(scene)))
    if error is None:
        return _criterion(name, "holds", said[0])
    if isinstance(error, NotShown):
        return _criterion(name, "not shown", str(error))
    if isinstance(error, Broken):
        return _criterion(name, "does not hold", str(error), error.todo)
    if isinstance(error, SentinelError):
        return _criterion(name, "does not hold", str(error), "see the message")
    if isinstance(error, OSError):
        todo = "run it as root" if isinstance(error, PermissionError) else "install or start the service"
        return _criterion(name, "does not hold", f"{error.filename or 'the machine'}: {error.strerror}", todo)
    found = f"the criterion itself failed: {type(error).__name__}: {error}"
    return _criterion(name, "does not hold", found, "report it, with this line")


def _criterion(name: str, verdict: Verdict, found: str, todo: str = "") -> Criterion:
    """On one line, without secrets."""
    return Criterion(name, verdict, " ".join(hide(found).split()), hide(todo))


def count(criteria: Sequence[Criterion], verdict: Verdict) -> int:
    """How many came to this verdict."""
    return sum(one.verdict == verdict for one in criteria)


def exit_code(criteria: Sequence[Criterion]) -> int:
    """0 where all hold."""
    if count(criteria, "does not hold"):
        return EXIT_BROKEN
    return EXIT_NOT_SHOWN if count(criteria, "not shown") else 0


def sentence(criteria: Sequence[Criterion]) -> str:
    """The verdict in words."""
    seven = [one for one in criteria if one.name in SEVEN]
    parts = [f"{count(seven, 'holds')} of the 7 criteria hold, {count(criteria, 'holds')} of all {len(criteria)}"]
    parts += [f"{one.name}: {one.verdict}" for one in criteria if one.verdict != "holds"]
    return "; ".join(parts)
