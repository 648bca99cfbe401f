"""A check as a question: it says what it found, or raises why that is not as it must be."""

from __future__ import annotations

import threading
from collections.abc import Callable

from mt5_sentinel.errors import SentinelError
from mt5_sentinel.guard import Guard
from mt5_sentinel.ops.findings import Finding, failed, ok, skipped

Question = Callable[[], str]
"""What was found, where all is well."""

AS_ROOT = "look as root: sudo mt5-sentinel audit"
INSTALL = "install this release again: sudo deploy/install_service.sh"


class Broken(Exception):
    """It is not as it must be."""

    def __init__(self, found: str, todo: str) -> None:
        """Keep what was found, and what to do."""
        super().__init__(found)
        self.todo = todo


class Unset(Exception):
    """What it looks at is not configured here; never raised for what could not be looked at."""


def ask(check: str, question: Question, todo: str = INSTALL, as_root: str = AS_ROOT) -> Finding:
    """The answer to one question; whatever it dies of is a failed check, and no other one is lost by it.

    Args:
        check: its name.
        question: asked once.
        todo: what to do where the question itself does not say.
        as_root: what to do where this user may not look.
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
        is_forbidden = isinstance(error, PermissionError)
        found = f"{error.filename or 'the machine'}: {error.strerror or error}"
        return failed(check, found, as_root if is_forbidden else todo)
    return failed(check, f"the check itself failed: {type(error).__name__}: {error}", "report it, with this line")


def within(seconds: float, what: str, todo: str, question: Question) -> str:
    """The answer to a question that asks a network, or that it did not come in time.

    A name's look-up has no deadline of its own; the thread that waits for it is left behind and ends with the process.

    Raises:
        Broken: nothing came within ``seconds``.
    """
    said: list[str] = []
    died: list[Exception | None] = []
    work = threading.Thread(
        target=lambda: died.append(Guard().attempt(lambda: said.append(question()))), name=what, daemon=True
    )
    work.start()
    work.join(seconds)
    if not died:
        raise Broken(f"{what} did not answer within {seconds:g} s", todo)
    error = died[0]
    if isinstance(error, SentinelError):
        raise Broken(str(error), todo)
    if error is not None:
        raise error
    return said[0]
