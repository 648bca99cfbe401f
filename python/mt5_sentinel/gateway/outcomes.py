"""Outcomes of a venue: taken without dying of them, looked at, and put in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from mt5_sentinel.gateway.venue import Outcome, VenueError
from mt5_sentinel.guard import Guard
from mt5_sentinel.retcodes import RETCODES
from mt5_sentinel.wire import EXECUTED, UNKNOWN, Looked, OrderModify

Answer = TypeVar("Answer")


def attempt(work: Callable[[], Answer]) -> Answer | Exception:
    """What a venue answers, or what it died of."""
    answers: list[Answer] = []
    error = Guard().attempt(lambda: answers.append(work()))
    return answers[0] if error is None else error


def levels(payload: str) -> OrderModify:
    """The payload of an ``ORDER_MODIFY`` as the memory keeps it."""
    return msgspec.json.decode(payload, type=OrderModify)


def is_sound(outcome: Outcome) -> bool:
    """Whether what was filled are numbers: others become null on their way to disk and wire."""
    try:
        msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome)
    except msgspec.ValidationError:
        return False
    return True


def looked(outcome: Outcome) -> Looked:
    """What a lookup tells of an outcome."""
    if outcome.retcode in UNKNOWN:
        return Looked("unknown", outcome.retcode, outcome.msg)
    return Looked(
        "executed" if outcome.retcode in EXECUTED else "refused", outcome.retcode, outcome.msg, outcome.executed
    )


def said(outcome: Outcome) -> str:
    """An outcome in words."""
    return f"{outcome.retcode} {RETCODES.get(outcome.retcode, '')} {outcome.msg}".strip()


def why(found: object) -> str:
    """Why a venue gave no outcome."""
    if isinstance(found, VenueError):
        return str(found)
    return f"{type(found).__name__}: {found}" if isinstance(found, Exception) else "no outcome"
