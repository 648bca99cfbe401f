"""What is told: the words of a message, and one message out of several that waited."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Literal

import msgspec

from mt5_sentinel.view.light import LEVELS, Level

Kind = Literal["raise", "repeat", "ease", "resolve", "note"]

CHARS_MAX = 600
"""Of one text; the services have limits of their own."""


class Message(msgspec.Struct):
    """One thing to tell; times are UTC unix seconds."""

    key: str
    """Which matter."""
    kind: Kind
    level: Level
    text: str
    at_s: float
    began_s: float
    """Since when the matter is not well."""
    number: int = 0
    """In the order they were queued."""


class Letter(msgspec.Struct, frozen=True):
    """What goes to an endpoint; ``numbers`` are the messages it tells."""

    numbers: tuple[int, ...]
    level: Level
    title: str
    body: str


WORDS: dict[Kind, str] = {"raise": "", "repeat": "still ", "ease": "better, ", "resolve": "", "note": ""}
STATES: dict[Level, str] = {"ok": "well again", "warn": "warning", "bad": "BAD"}


def write(waiting: list[Message], *, machine: str, series: str, dropped: int) -> Letter:
    """The letter for the oldest of the messages that wait for an endpoint, and for those that belong to it.

    A matter that is well again before its alert could go is told in one line, repeats are told once.

    Args:
        waiting: at least one, oldest first.
        machine: name of this machine.
        series: of the file of messages; with the number it makes the id by which a reader knows a doubled message.
        dropped: messages that had to make room and were never sent.
    """
    first = waiting[0]
    same = [one for one in waiting if one.key == first.key and one.kind != "note"]
    ends = next((place for place, one in enumerate(same) if one.kind == "resolve"), None)
    lost = f"\n{dropped} older messages were dropped, too many waited." if dropped else ""
    if ends is not None and ends > 0:
        told = same[: ends + 1]
        worst = max((one.level for one in told), key=LEVELS.index)
        state, level = f"was {STATES[worst]}, is well again", told[-1].level
        body = f"{told[-2].text}\nFrom {_clock(told[-1].began_s)} to {_clock(told[-1].at_s)} UTC; now: {told[-1].text}"
    else:
        told = [first]
        for one in same[1:]:
            if one.kind != "repeat":
                break
            told.append(one)
        newest = told[-1]
        state, level, body = f"{WORDS[newest.kind]}{STATES[newest.level]}", newest.level, newest.text
        if newest.kind in ("raise", "repeat", "ease", "resolve"):
            body += f"\nSince {_clock(newest.began_s)} UTC; {_clock(newest.at_s)} UTC now."
    subject = first.key if first.kind != "note" else "alerts"
    title = f"mt5-sentinel on {machine}: {subject}: {state if first.kind != 'note' else 'note'}"
    return Letter(tuple(one.number for one in told), level, title, f"{body}{lost}\nid {series}-{told[-1].number}")


def shorten(text: str) -> str:
    """One line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= CHARS_MAX else line[: CHARS_MAX - 1] + "…"


def _clock(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
