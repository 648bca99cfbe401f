"""What may become a label or a sample: few words and sound numbers, whatever comes from outside."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

OTHER = "other"
"""Stands for every value that is not admitted."""

CODE = re.compile(r"[a-z][a-z0-9_]{0,47}")
NAME = re.compile(r"[!-~]{1,40}")


class Words:
    """Values of a label, bounded in number: what is known, and what else comes first."""

    def __init__(
        self, known: Iterable[str] = (), *, more: int, numbered: int = 0, form: re.Pattern[str] = CODE
    ) -> None:
        """Admit nothing but ``known`` yet.

        Args:
            known: always admitted.
            more: how many others may be, each of them without digits.
            numbered: how many with digits; a server chooses those (``hub_503``, ``retcode_10019``).
            form: what another one must look like.
        """
        self._known, self._form = frozenset(known), form
        self._room = {False: more, True: numbered}
        self._admitted: dict[bool, set[str]] = {False: set(), True: set()}

    def of(self, value: str) -> str:
        """The value, or ``other``."""
        if value in self._known:
            return value
        has_digit = self._room[True] > 0 and any(letter.isdigit() for letter in value)
        admitted = self._admitted[has_digit]
        if value in admitted:
            return value
        if len(admitted) >= self._room[has_digit] or self._form.fullmatch(value) is None:
            return OTHER
        admitted.add(value)
        return value


def sound(value: float | None) -> float | None:
    """The number where it is finite; None where it is none, or would spoil a sum for ever."""
    if value is None:
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def amount(value: float | None) -> float:
    """What a counter may be raised by: 0 where the number is not sound, or negative."""
    return max(0.0, sound(value) or 0.0)
