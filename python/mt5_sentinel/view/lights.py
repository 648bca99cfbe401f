"""Lights: what is well, what needs a look, what is wrong; the same for terminal, dashboard and direct alerts."""

from __future__ import annotations

from mt5_sentinel.view import trend_lights
from mt5_sentinel.view.light import LEVELS, Level, Light, by_share
from mt5_sentinel.view.standing import Standing, SymbolStanding

__all__ = ["LEVELS", "Level", "Light", "lights", "worst"]

QUOTA_WARN_SHARE = 0.8
"""Of the day's units; beyond them nothing is asked."""


def lights(standing: Standing) -> list[Light]:
    """Every light, in a fixed order."""
    found = [light for one in standing.symbols for light in _of_symbol(standing, one)]
    return [*found, _risk(standing), trend_lights.drawdown(standing), _quota(standing)]


def worst(found: list[Light]) -> Level:
    """The worst level among lights."""
    return max((light.level for light in found), key=LEVELS.index, default="ok")


def _of_symbol(standing: Standing, one: SymbolStanding) -> list[Light]:
    checked = [
        Light(check.name, "ok" if check.ok else "bad", check.why, one.facts.symbol)
        for check in one.checks
        if check.name not in ("loop", "halt")
    ]
    trends = (trend_lights.scoring(one), trend_lights.drift(one), trend_lights.clock(one))
    return [trend_lights.loop(standing, one), *checked, *trends]


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
    share = standing.quota_used / standing.quota_units
    return by_share("quota", share, text, warn=QUOTA_WARN_SHARE, bad=1.0)
