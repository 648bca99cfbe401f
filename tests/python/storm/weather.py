"""What a seed has to live through: which faults, how often, and under which settings."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import Any

DOORS: dict[str, float] = {
    "request dropped": 0.01,
    "request delayed": 0.01,
    "request duplicated": 0.02,
    "request repeated with another payload": 0.01,
    "gateway restarted, its clock set back, an order on its way": 0.003,
    "reply dropped": 0.01,
    "reply delayed": 0.01,
    "market silent": 0.01,
    "daemon killed before a write": 0.0012,
    "daemon killed after a write": 0.0012,
    "daemon killed before a send": 0.001,
    "daemon killed after a send": 0.001,
    "daemon killed after an answer": 0.001,
    "daemon killed after a silence": 0.02,
    "daemon: disk full at one write": 0.002,
    "gateway killed before a write": 0.004,
    "gateway killed after a write": 0.004,
    "gateway killed before the broker's call": 0.01,
    "gateway killed after the broker's call": 0.01,
    "gateway: disk full at one write": 0.005,
    "gateway: slow disk": 0.003,
    "gateway restarted without its memory": 0.3,
    "broker: slow before it takes an order": 0.02,
    "broker: requote": 0.02,
    "broker: rejected": 0.02,
    "broker: price changed": 0.01,
    "broker: market closed": 0.005,
    "broker: unknown, not executed": 0.015,
    "broker: unknown, executed": 0.015,
    "broker: unknown, executed later": 0.01,
    "broker: filled in part": 0.05,
    "broker: history cannot be read": 0.05,
    "broker: positions cannot be read": 0.005,
}
"""Chance at each pass of a door, where the seed has this fault at all."""

HAPPENINGS: dict[str, float] = {
    "daemon killed while it waits": 240,
    "gateway killed while it waits": 240,
    "gateway unreachable": 300,
    "daemon's clock steps a little": 250,
    "daemon's clock steps far": 500,
    "gateway's clock steps a little": 250,
    "gateway's clock steps far": 500,
    "daemon's disk full": 600,
    "gateway's disk full": 600,
    "position closed by hand": 60,
    "position closed by hand in part": 60,
    "stop taken away by hand": 120,
    "stop moved by hand": 200,
    "foreign position": 150,
    "kill switch by file": 300,
    "kill switch by file, flatten": 400,
    "kill switch at the gateway": 300,
}
"""Minutes between two of them on average, where the seed has them at all."""

PAIRS = 0.2
"""Share of seeds with a gateway that trade two symbols."""

OFTEN = 0.65
"""Share of seeds that have a given fault."""


@dataclass(frozen=True)
class Weather:
    """The draw of one seed."""

    rates: dict[str, float]
    minutes: dict[str, float]
    settings: dict[str, Any]
    tells_time: bool
    """Whether the source of bars tells its time, so that the daemon can know its clock to be wrong."""
    holds: float
    """Share of signals that say to hold."""
    on_paper: bool = False
    """Whether no gateway is configured: the broker is the paper account within the daemon."""

    symbols: tuple[str, ...] = ("EURUSD",)
    """What the daemon trades on its one account."""

    @classmethod
    def added(cls, rates: dict[str, float], minutes: dict[str, float], **settings: Any) -> Weather:
        """What comes on top of other weather."""
        return cls(rates, minutes, settings, tells_time=True, holds=0.0)


def draw(seed: int) -> Weather:
    """The same weather for the same seed."""
    dice = random.Random(f"weather {seed}")  # noqa: S311 - weather, not secrets

    def some(usual: dict[str, float], power: float) -> dict[str, float]:
        return {
            kind: value * math.exp(power * dice.uniform(-1.0, 1.0))
            for kind, value in usual.items()
            if dice.random() < OFTEN
        }

    volume_max = dice.choice([0.05, 0.1])
    settings: dict[str, Any] = {
        "sizing": dice.choice(["fixed", "risk"]),
        "volume_lots": dice.choice([0.01, 0.04, 0.05]),
        "volume_lots_max": volume_max,
        "stop_mode": dice.choice(["atr", "pips"]),
        "stop_pips": dice.choice([4.0, 10.0]),
        "target_pips": dice.choice([0.0, 6.0, 15.0]),
        "positions_symbol_max": dice.choice([1, 1, 2, 3]),
        "positions_max": dice.choice([3, 4]),
        "exposure_symbol_max": dice.choice([8_000.0, 12_000.0, 30_000.0]),
        "exposure_group_max": 40_000.0,
        "orders_per_minute_max": dice.choice([1, 4]),
        "orders_per_day_max": dice.choice([60, 5_000, 5_000, 5_000]),
        "daily_loss_max": dice.choice([60.0, 5_000.0, 5_000.0]),
        "drawdown_max": 8_000.0,
        "losses_in_a_row_max": dice.choice([3, 50]),
        "cooldown_minutes": dice.choice([5.0, 30.0]),
        "paper_slippage_points": dice.choice([0.0, 3.0, 30.0]),
    }
    made = Weather(
        rates=some(DOORS, 1.0),
        minutes=some(HAPPENINGS, 0.7),
        settings=settings,
        tells_time=dice.random() < 0.7,
        holds=dice.choice([0.1, 0.3, 0.6]),
        on_paper=dice.random() < 0.15,
    )
    if made.on_paper or dice.random() > PAIRS:
        return made
    return pair(made, dice.choice([1, 2]))


def pair(made: Weather, positions_max: int) -> Weather:
    """The same weather over two symbols, whose cycles cross, and which together may have few positions."""
    narrow = {"positions_symbol_max": 1, "positions_max": positions_max, "sizing": "fixed", "volume_lots": 0.02}
    return replace(
        made,
        rates=made.rates | {"cycles of two symbols cross": 0.3},
        minutes={kind: often for kind, often in made.minutes.items() if kind != "foreign position"},
        settings=made.settings | narrow,
        symbols=("EURUSD", "GBPUSD"),
    )


FAIR = Weather(
    rates={},
    minutes={},
    settings={
        "losses_in_a_row_max": 50,
        "orders_per_day_max": 5_000,
        "daily_loss_max": 5_000.0,
        "drawdown_max": 8_000.0,
    },
    tells_time=True,
    holds=0.2,
)
"""No fault at all, and wide limits."""


ROUGH: dict[str, float] = {
    **{kind: 4 * rate for kind, rate in DOORS.items() if kind.startswith(("request", "reply"))},
    "request duplicated": 0.15,
    "request delayed": 0.08,
    "daemon killed after a send": 0.01,
    "gateway killed after the broker's call": 0.15,
    "gateway restarted without its memory": 0.3,
    "broker: unknown, executed": 0.05,
    "broker: unknown, not executed": 0.05,
}
"""What the wire and the processes do in it."""


def rough(seed: int, more: Weather | None = None) -> Weather:
    """Weather in which little time shows much: for the mutants, and for the same seeds without any."""
    usual = draw(seed)
    wide = {"losses_in_a_row_max": 50, "orders_per_day_max": 5_000, "orders_per_minute_max": 4, "stop_pips": 10.0}
    plain = {"stop_mode": "pips", "target_pips": 15.0, "daily_loss_max": 5_000.0, "paper_slippage_points": 0.0}
    minutes = {"gateway killed while it waits": 30.0, "daemon killed while it waits": 60.0}
    made = Weather(ROUGH, minutes, usual.settings | wide | plain, usual.tells_time, 0.1)
    if more is None:
        return made
    settings = made.settings | more.settings
    made = replace(made, rates=made.rates | more.rates, minutes=made.minutes | more.minutes, settings=settings)
    return made if len(more.symbols) == 1 else pair(made, positions_max=1)
