"""Lights of what goes wrong by degrees: drawdown, the clock, inputs unlike those of training, a hub that fails."""

from __future__ import annotations

import math

from mt5_sentinel.view.light import Light, by_share
from mt5_sentinel.view.standing import Standing, SymbolStanding

LATE_S = 120.0
"""A cycle is due each minute and takes 50 s at most: after two minutes without one, something holds it up."""

FAILED_BAD = 2
"""Cycles that failed in a row: one may be the network, two are told."""

DRAWDOWN_WARN, DRAWDOWN_BAD = 0.5, 0.8
"""Shares of the limit; at the whole of it only exits trade."""

SKEW_WARN_S, SKEW_BAD_S = 5.0, 30.0
"""Seconds between this machine's clock and the source's; from the latter on nothing is decided by default."""

DRIFT_WARN, DRIFT_BAD = 0.1, 0.3
"""Shares of a row's features that lie outside of what the model saw in training."""


def loop(standing: Standing, one: SymbolStanding) -> Light:
    """Whether cycles of a symbol end, and end well; a start counts as a sign of life."""
    symbol = one.facts.symbol
    running_s = max(0.0, standing.now_s - standing.since_s)
    cycle_s = math.inf if one.seconds_since_cycle is None else one.seconds_since_cycle
    silent_s = min(running_s, cycle_s)
    if silent_s > LATE_S:
        return Light("loop", "bad", f"no cycle has ended for {silent_s:.0f} s", symbol)
    if one.last is None or cycle_s > running_s:
        return Light("loop", "ok", f"started {running_s:.0f} s ago, the first cycle has not ended yet", symbol)
    if one.last.status == "failed":
        text = f"{one.failed_in_a_row} cycles in a row failed, the last: {one.last.reason}: {one.last.detail}"
        return by_share("loop", one.failed_in_a_row, text, warn=1, bad=FAILED_BAD, symbol=symbol)
    return Light("loop", "ok", "cycles end", symbol)


def drawdown(standing: Standing) -> Light:
    """How much of the drawdown that is allowed has been used up."""
    facts = standing.symbols[0].facts
    if standing.drawdown is None:
        return Light("drawdown", "ok", "not known yet")
    share = standing.drawdown / facts.drawdown_max
    text = (
        f"equity is {standing.drawdown:.2f} {facts.account_currency} below its highest mark,"
        f" {share:.0%} of the {facts.drawdown_max:.2f} that are allowed"
    )
    return by_share("drawdown", share, text, warn=DRAWDOWN_WARN, bad=DRAWDOWN_BAD)


def clock(one: SymbolStanding) -> Light:
    """Whether this machine's clock is that of the source."""
    skew_s = None if one.last is None else one.last.clock_skew_s
    if skew_s is None:
        return Light("clock", "ok", "the source tells no time", one.facts.symbol)
    text = f"this machine's clock is {abs(skew_s):.1f} s {'ahead of' if skew_s >= 0 else 'behind'} the source's"
    return by_share("clock", abs(skew_s), text, warn=SKEW_WARN_S, bad=SKEW_BAD_S, symbol=one.facts.symbol)


def drift(one: SymbolStanding) -> Light:
    """How many features of the newest row lie outside of their range in training."""
    model, row, columns = one.facts.model, one.features, one.facts.columns
    if model is None or not model.ranges or not row:
        return Light("drift", "ok", "nothing to compare with", one.facts.symbol)
    known = [(name, value, *model.ranges[name]) for name, value in zip(columns, row) if name in model.ranges]  # noqa: B905 - a row may be of an older start
    outside = [name for name, value, low, high in known if not low <= value <= high]
    named = f": {', '.join(outside[:4])}{', …' if len(outside) > 4 else ''}" if outside else ""
    text = f"{len(outside)} of {len(known)} features are outside of their range in training{named}"
    return by_share(
        "drift", len(outside) / max(1, len(known)), text, warn=DRIFT_WARN, bad=DRIFT_BAD, symbol=one.facts.symbol
    )


def scoring(one: SymbolStanding) -> Light:
    """Whether what scores is what was chosen to."""
    last = one.last
    if last is None or (last.hub_error is None and "hub_fallback" not in last.conditions):
        return Light("scoring", "ok", f"{one.facts.scoring} scores", one.facts.symbol)
    stand_in = "the local model stands in" if last.scores is not None else "nothing stands in"
    return Light("scoring", "warn", f"the hub fails ({last.hub_error or 'no answer'}), {stand_in}", one.facts.symbol)
