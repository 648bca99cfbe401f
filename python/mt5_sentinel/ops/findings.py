"""Checks and how they are shown: a line each for people, JSON for programs, an exit code for both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from mt5_sentinel.logs import hide

EXIT_FAILED = 1

MARKS = {"ok": "✓", "failed": "✗", "skipped": "-"}
NOT_SHOWN_MARK = "?"


class Finding(msgspec.Struct, frozen=True):
    """One check: what was found, and what to do where it is not as it must be."""

    check: str
    verdict: Literal["ok", "failed", "skipped", "not shown"]
    """``skipped``: what it looks at is not configured here; never used for what could not be looked at.
    ``not shown``: it was looked at, and too little was seen for a verdict; whoever uses it names these at the end.
    """
    found: str
    todo: str = ""


def ok(check: str, found: str) -> Finding:
    """A check that passed."""
    return Finding(check, "ok", found)


def failed(check: str, found: str, todo: str) -> Finding:
    """A check that failed, and what to do."""
    return Finding(check, "failed", found, todo)


def skipped(check: str, found: str) -> Finding:
    """A check of something that is not configured here."""
    return Finding(check, "skipped", found)


def not_shown(check: str, found: str) -> Finding:
    """A check for which too little was seen."""
    return Finding(check, "not shown", found)


def lines(findings: Iterable[Finding]) -> list[str]:
    """A line for each check, and one for what to do below a failed one; without secrets."""
    shown = []
    for one in findings:
        found = _printable(hide(one.found)).replace("\n", f"\n{'':27}")
        shown.append(f"{MARKS.get(one.verdict, NOT_SHOWN_MARK)} {one.check:<24} {found}")
        if one.verdict == "failed":
            shown.append(f"  {'':<24} → {_printable(hide(one.todo))}")
    return shown


def _printable(text: str) -> str:
    """Without signs that act on a terminal: what servers say is quoted here."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in text)


def count(findings: Sequence[Finding], verdict: str) -> int:
    """How many checks came to this verdict."""
    return sum(one.verdict == verdict for one in findings)


def passed(findings: Sequence[Finding]) -> bool:
    """Whether no check failed."""
    return count(findings, "failed") == 0


def as_data(findings: Sequence[Finding]) -> dict[str, Any]:
    """For ``--json``: whether all passed, how many of each verdict, and every check."""
    checks = [{key: hide(str(value)) for key, value in msgspec.to_builtins(one).items()} for one in findings]
    counts = {verdict: count(findings, verdict) for verdict in MARKS}
    return {"passed": passed(findings), **counts, "checks": checks}
