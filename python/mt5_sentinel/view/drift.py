"""Whether the market still looks as it did in training: the newest row against the model's ranges."""

from __future__ import annotations

from mt5_sentinel import training_range
from mt5_sentinel.view.light import Light, by_share
from mt5_sentinel.view.standing import SymbolStanding

DRIFT_WARN, DRIFT_BAD = 0.1, 0.3
"""Shares of the features that lie outside of what the model saw in training; a single one of 22 is a lively bar."""

NAMED_MAX = 4


def light(one: SymbolStanding) -> Light:
    """How many they are. While the market is closed it is well: the newest row is of another time."""
    if not one.is_open:
        return Light("drift", "ok", "the market is closed", one.facts.symbol)
    known = 0 if one.facts.model is None or not one.features else len(one.facts.model.ranges)
    if not known:
        return Light("drift", "ok", "nothing to compare with", one.facts.symbol)
    found = training_range.outside(one.facts, one.features or [])
    names = ", ".join(found[:NAMED_MAX]) + (", …" if len(found) > NAMED_MAX else "")
    text = f"{len(found)} of {known} features are outside of their range in training{': ' if found else ''}{names}"
    return by_share("drift", len(found) / known, text, warn=DRIFT_WARN, bad=DRIFT_BAD, symbol=one.facts.symbol)
