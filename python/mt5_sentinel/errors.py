"""The taxonomy: the class of an exception says who acts, and how a command that died of it exits (sysexits.h).

The Rust core raises these classes too (``src/python/errors.rs`` holds the exhaustive map).
"""

from __future__ import annotations


class SentinelError(Exception):
    """Base of every error this program expects; ``reason`` is the code written to the journal."""

    exit_code = 70

    hold_s: float | None = None
    """How long the other side asked not to be asked again, seconds."""

    def __init__(self, message: str, reason: str) -> None:
        """Keep the sentence for people and the code for the journal."""
        super().__init__(message)
        self.reason = reason


class Transient(SentinelError):
    """The world hiccuped: this cycle is skipped, the next minute tries again."""

    exit_code = 75


class Unusable(SentinelError):
    """This input cannot carry a decision: the symbol sits out, with the reason."""

    exit_code = 65


class Refused(SentinelError):
    """The broker said no: journal it, do not insist."""

    retcode: int | None = None
    """The broker's own code, where it gave one."""


class Uncertain(SentinelError):
    """Sent, answer unknown: the symbol is frozen until the order is looked up."""


class Unsafe(SentinelError):
    """The ledger or the book is broken: exits only until a person has looked."""


class Misconfigured(SentinelError):
    """It can never work as configured: one clear line, and systemd does not restart it."""

    exit_code = 78


class CorePanic(SentinelError):
    """The Rust core panicked: our bug, arriving as an ordinary exception."""
