"""One light, and how bad it may be."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["ok", "warn", "bad"]
LEVELS: tuple[Level, ...] = ("ok", "warn", "bad")
"""From the best to the worst."""


class Light(msgspec.Struct, frozen=True):
    """One light."""

    name: str
    """What it is about; the same name for the same matter always: an alert is told once by it."""
    level: Level
    text: str
    """One line, for people."""
    symbol: str | None = None
    """None where it is about the account or the daemon."""
    is_old: bool = False
    """Whether it tells of a past moment, for nothing was heard of its matter since; the text says of which."""


def by_share(name: str, share: float, text: str, *, warn: float, bad: float, symbol: str | None = None) -> Light:
    """A light of something that may grow: warned from the share ``warn`` on, bad from ``bad`` on."""
    return Light(name, "bad" if share >= bad else "warn" if share >= warn else "ok", text, symbol)
