"""Lights: what is well, what needs a look, what is wrong; the same for terminal, dashboard and direct alerts."""

from __future__ import annotations

from typing import Literal

import msgspec

from mt5_sentinel.view.standing import Standing, SymbolStanding

Level = Literal["ok", "warn", "bad"]
LEVELS: tuple[Level, ...] = ("ok", "warn", "bad")
"""From the best to the worst."""

QUOTA_WARN_SHARE = 0.8
"""Of the day's units; beyond them nothing is asked."""


class Light(msgspec.Struct, frozen=True):
    """One light."""

    name: str
    """What it is about; the same name for the same matter always: an alert is told once by it."""
    level: Level
    text: str
    """One line, for people."""
    symbol: str | None = None
    """None where it is about the account or the daemon."""


def lights(standing: Standing) -> list[Light]:
    """Every light, in a fixed order."""
    found = [light for one in standing.symbols for light in _of_symbol(one)]
    return [*found, _risk(standing), _quota(standing)]


def worst(found: list[Light]) -> Level:
    """The worst level among lights."""
    return max((light.level for light in found), key=LEVELS.index, default="ok")


def _of_symbol(one: SymbolStanding) -> list[Light]:
    return [
        Light(check.name, "ok" if check.ok else "bad", check.why, one.facts.symbol)
        for check in one.checks
        if check.name != "halt"
    ]


def _risk(standing: Standing) -> Light:
    state, because = standing.risk_state, standing.risk_because
    halted = next((one.last.halted_because for one in standing.symbols if one.last and one.last.halted_because), None)
    if halted is not None:
        return Light("halt", "bad", halted)
    if state == "HALTED":
        return Light("halt", "bad", f"HALTED: {because}")
    if state == "REDUCING":
        return Light("halt", "warn", f"REDUCING: {because}")
    return Light("halt", "ok", "not halted")


def _quota(standing: Standing) -> Light:
    if not standing.quota_units:
        return Light("quota", "ok", "nothing is counted")
    text = f"{standing.quota_used} of {standing.quota_units:.0f} units are used today"
    level: Level = "warn" if standing.quota_used >= QUOTA_WARN_SHARE * standing.quota_units else "ok"
    return Light("quota", level, text)
