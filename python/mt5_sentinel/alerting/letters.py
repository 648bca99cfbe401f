"""What is told: the words of a message, and one message out of several that waited."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Literal

import msgspec

from mt5_sentinel.view.light import LEVELS, Level

Kind = Literal["raise", "repeat", "ease", "resolve", "note"]

CHARS_MAX = 600
"""Of one text; the services have limits of their own."""

GROUP_CHARS_MAX = 2500
"""Of the texts of a letter of several matters: the smallest limit of a chat is some 4000. The rest is the next one."""


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

    @property
    def group(self) -> tuple[str, Kind, Level, float]:
        """What one look found of several symbols alike: one letter tells it, and it counts as one."""
        return name(self.key), self.kind, self.level, self.at_s


class Letter(msgspec.Struct, frozen=True):
    """What goes to an endpoint; ``numbers`` are the messages it tells."""

    numbers: tuple[int, ...]
    level: Level
    title: str
    body: str
    topic: str = ""
    """What its matter is known by at an endpoint that keeps incidents; empty for what belongs to none."""


class Refusal(msgspec.Struct, frozen=True):
    """Why an endpoint did not take a letter."""

    why: str
    """One line, for people; without a secret."""
    is_answer: bool = False
    """Whether it read the letter and said no to it (4xx): the same letter may be refused for ever. What the network
    did, and what may pass, is none."""


WORDS: dict[Kind, str] = {"raise": "", "repeat": "still ", "ease": "better, ", "resolve": "", "note": ""}
STATES: dict[Level, str] = {"ok": "well again", "warn": "warning", "bad": "BAD"}


class _Told(msgspec.Struct, frozen=True):
    """What is told of one matter."""

    key: str
    numbers: tuple[int, ...]
    level: Level
    state: str
    body: str


def name(key: str) -> str:
    """What a matter is about, of whichever symbol."""
    return key.rsplit(maxsplit=1)[-1]


def write(waiting: list[Message], *, machine: str, series: str, dropped: int, alone: bool = False) -> Letter:
    """The letter for the oldest of the messages that wait for an endpoint, and for those that belong to it.

    A matter that is well again before its alert could go is told in one line, repeats are told once, and what is the
    same of several symbols is told together.

    Args:
        waiting: at least one, oldest first.
        machine: name of this machine.
        series: of the file of messages; with the number it makes the id by which a reader knows a doubled message.
        dropped: messages that had to make room and were never sent.
        alone: tell one matter only.
    """
    first = waiting[0]
    told = [_note(first)] if first.kind == "note" else _alike(waiting, alone=alone)
    numbers = tuple(number for one in told for number in one.numbers)
    keys = [one.key for one in told]
    subject = keys[0] if len(told) == 1 else f"{name(keys[0])} of {len(told)} symbols"
    lost = f"\n{dropped} older messages were dropped, too many waited." if dropped else ""
    return Letter(
        numbers,
        told[0].level,
        f"mt5-sentinel on {machine}: {subject}: {told[0].state}",
        f"{_bodies(told)}{lost}\nid {series}-{max(numbers)}",
        topic="" if first.kind == "note" else f"mt5-sentinel/{machine}/{keys[0]}",
    )


def _alike(waiting: list[Message], *, alone: bool) -> list[_Told]:
    """What is told of the first matter, and of others of its name that came to the same."""
    of_matters: dict[str, list[Message]] = {}
    for message in waiting:
        if message.kind != "note" and name(message.key) == name(waiting[0].key):
            of_matters.setdefault(message.key, []).append(message)
    found: list[_Told] = []
    room = GROUP_CHARS_MAX
    for key, messages in of_matters.items():
        one = _of_matter(key, messages)
        room -= len(one.body)
        if found and (alone or room < 0):
            break
        if not found or (one.state, one.level) == (found[0].state, found[0].level):
            found.append(one)
    return found


def _note(message: Message) -> _Told:
    return _Told("alerts", (message.number,), message.level, "note", message.text)


def _of_matter(key: str, same: list[Message]) -> _Told:
    ends = next((place for place, one in enumerate(same) if one.kind == "resolve"), None)
    if ends is not None and ends > 0:
        told = same[: ends + 1]
        worst = max((one.level for one in told), key=LEVELS.index)
        state = f"was {STATES[worst]}, is well again"
        body = f"{told[-2].text}\nFrom {_clock(told[-1].began_s)} to {_clock(told[-1].at_s)} UTC; now: {told[-1].text}"
    else:
        told = [same[0]]
        for one in same[1:]:
            if one.kind != "repeat":
                break
            told.append(one)
        newest = told[-1]
        state = f"{WORDS[newest.kind]}{STATES[newest.level]}"
        body = f"{newest.text}\nSince {_clock(newest.began_s)} UTC; {_clock(newest.at_s)} UTC now."
    return _Told(key, tuple(one.number for one in told), told[-1].level, state, body)


def _bodies(told: list[_Told]) -> str:
    """One text, or those of several symbols, what is the same once."""
    if len(told) == 1:
        return told[0].body
    symbols: dict[str, list[str]] = {}
    for one in told:
        symbols.setdefault(one.body, []).append(one.key.removesuffix(f" {name(one.key)}"))
    return "\n".join(f"{', '.join(of)}: {body}" for body, of in symbols.items())


def shorten(text: str) -> str:
    """One line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= CHARS_MAX else line[: CHARS_MAX - 1] + "…"


def _clock(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
