"""A check as a question: it says what it found, or raises why that is not as it must be."""

from __future__ import annotations

from collections.abc import Callable

from mt5_sentinel.errors import SentinelError
from mt5_sentinel.guard import Guard
from mt5_sentinel.ops.findings import Finding, failed, ok, skipped

Question = Callable[[], str]
"""What was found, where all is well."""

AS_ROOT = "look as root: sudo mt5-sentinel audit"


class Broken(Exception):
    """It is not as it must be."""

    def __init__(self, found: str, todo: str) -> None:
        """Keep what was found, and what to do."""
        super().__init__(found)
        self.todo = todo


class Unset(Exception):
    """What it looks at is not configured here; never raised for what could not be looked at."""


def ask(check: str, question: Question, todo: str = AS_ROOT) -> Finding:
    """The answer to one question; whatever it dies of is a failed check, and no other one is lost by it.

    Args:
        check: its name.
        question: asked once.
        todo: what to do where the question itself does not say.
    """
    said: list[str] = []
    error = Guard().attempt(lambda: said.append(question()))
    if error is None:
        return ok(check, said[0])
    if isinstance(error, Broken):
        return failed(check, str(error), error.todo)
    if isinstance(error, Unset):
        return skipped(check, str(error))
    if isinstance(error, SentinelError):
        return failed(check, str(error), todo)
    if isinstance(error, OSError):
        return failed(check, f"{error.filename or 'the machine'}: {error.strerror or error}", todo)
    return failed(check, f"the check itself failed: {type(error).__name__}: {error}", "report it, with this line")
