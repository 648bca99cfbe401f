"""Gauges that are worked out at each scrape from what the newest cycles left: they age while a cycle hangs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from typing import get_args

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from mt5_sentinel import _core
from mt5_sentinel.metric_families import PREFIX, Family
from mt5_sentinel.present import Present, SymbolPresent
from mt5_sentinel.readiness import is_halted
from mt5_sentinel.types import CycleRecord, RiskState

STATES: tuple[RiskState, ...] = get_args(RiskState)

Sample = tuple[tuple[str, ...], float | None]
"""Values of the labels, and the value; None is no sample."""

SYMBOL = ("symbol",)

TABLE = [
    Family(PREFIX + name, "gauge", labels, text)
    for name, labels, text in (
        ("build_info", ("version",), "1, with the version of the program"),
        ("mode_info", ("mode",), "1, with the way of trading: dry-run, demo or live"),
        ("data_age_seconds", SYMBOL, "Seconds of open market since the newest bar closed; NaN until one is known"),
        ("data_age_limit_seconds", SYMBOL, "Age in seconds from which the newest bar is too old to be traded on"),
        ("market_open", SYMBOL, "1 while the market is open, else 0"),
        ("orders_unknown", SYMBOL, "Orders whose fate is not known"),
        ("model_info", ("symbol", "sha256", "format"), "1, with the fingerprint and the format of the local model"),
        ("model_age_seconds", SYMBOL, "Seconds since the end of the model's training data; absent where not known"),
        ("features_out_of_range", SYMBOL, "Columns of the newest scored row outside their range in training"),
        ("equity", (), "Equity, account currency"),
        ("drawdown", (), "Distance of equity below its highest mark, account currency"),
        ("drawdown_limit", (), "Drawdown at which trading halts, account currency"),
        ("exposure", (), "Worth of all open positions, account currency"),
        ("exposure_limit", (), "Worth of open positions beyond which nothing is opened, account currency"),
        ("open_positions", (), "Open positions of the account"),
        ("risk_state", ("state",), "1 for the account's state, ACTIVE, REDUCING or HALTED; 0 for the others"),
        (
            "halted",
            SYMBOL,
            "1 where nothing may be opened: risk, the guard or the gateway halted; else 0; absent where not known",
        ),
        ("quota_units_today", (), "Units of the data API spent on this UTC day"),
        ("quota_units_limit", (), "Units of the data API that may be spent on a UTC day; 0 where none is counted"),
        ("watchdog_age_seconds", (), "Seconds since the loop last turned"),
        (
            "clock_skew_seconds",
            SYMBOL,
            "Seconds that this clock is ahead of the source's; absent where not measured now",
        ),
        ("failed_in_a_row", SYMBOL, "Cycles that failed since the last that did not, skipped minutes included"),
        ("ready", (), "1 where every symbol could trade now, else 0"),
        ("ready_check", ("symbol", "check"), "1 where one condition of readiness holds, else 0"),
    )
]
"""Every family of this file, in the order of a scrape."""


class Gauges(Collector):
    """Reads the present; a scrape waits for nothing."""

    def __init__(self, present: Present) -> None:
        """Take what is read."""
        self._present = present

    def describe(self) -> list[GaugeMetricFamily]:
        """The families without samples; asked when this is registered."""
        return [GaugeMetricFamily(one.name, one.text, labels=one.labels) for one in TABLE]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every family as it is now."""
        told = self._account() | self._symbols() | self._readiness()
        for one in TABLE:
            family = GaugeMetricFamily(one.name, one.text, labels=one.labels)
            for labels, value in told[one.name.removeprefix(PREFIX)]:
                if value is not None:
                    family.add_metric(labels, float(value))
            yield family

    def _account(self) -> dict[str, Iterable[Sample]]:
        present, account = self._present, self._present.account
        facts = [one.facts for one in present.symbols]
        state = None if present.risk is None else present.risk.risk_state
        return {
            "build_info": [((_core.__version__,), 1)],
            "mode_info": [((present.mode,), 1)],
            "equity": _of(account, "equity"),
            "drawdown": _of(account, "drawdown_max"),
            "drawdown_limit": _one(facts[0].drawdown_max if facts else None),
            "exposure": _of(account, "exposure"),
            "exposure_limit": _one(facts[0].exposure_total_max if facts else None),
            "open_positions": _of(account, "positions"),
            "risk_state": [((name,), None if state is None else name == state) for name in STATES],
            "quota_units_today": _one(present.units_today()),
            "quota_units_limit": _one(max((one.quota_units for one in facts), default=0)),
            "watchdog_age_seconds": _one(present.beat_age_s()),
        }

    def _symbols(self) -> dict[str, Iterable[Sample]]:
        now_s, steady_s = self._present.clock.wall_s(), self._present.clock.monotonic_s()
        each = self._each
        infos = [(one.facts.symbol, one.facts.model) for one in self._present.symbols]
        return {
            "data_age_seconds": each(lambda one: _or_nan(one.readiness.data_age_s(one.bar_open_s, now_s))),
            "data_age_limit_seconds": each(lambda one: one.readiness.data_age_limit_s),
            "market_open": each(lambda one: one.readiness.is_open(now_s)),
            "orders_unknown": each(lambda one: one.unknown_orders),
            "model_info": [((name, one.sha256, one.format), 1) for name, one in infos if one is not None],
            "model_age_seconds": each(lambda one: _model_age_s(one, now_s)),
            "features_out_of_range": each(lambda one: one.out_of_range),
            "halted": each(lambda one: is_halted(one.seen(steady_s))),
            "clock_skew_seconds": each(lambda one: one.clock_skew_s),
            "failed_in_a_row": each(lambda one: one.failed_in_a_row),
        }

    def _readiness(self) -> dict[str, Iterable[Sample]]:
        checks = self._present.checks()
        is_ready = bool(checks) and all(check.ok for found in checks.values() for check in found)
        return {
            "ready": _one(is_ready),
            "ready_check": [((symbol, check.name), check.ok) for symbol, found in checks.items() for check in found],
        }

    def _each(self, value: Callable[[SymbolPresent], float | None]) -> list[Sample]:
        return [((one.facts.symbol,), value(one)) for one in self._present.symbols]


def _one(value: float | None) -> list[Sample]:
    return [((), value)]


def _of(record: CycleRecord | None, name: str) -> list[Sample]:
    """A fact of the account; NaN until it is known."""
    return _one(_or_nan(None if record is None else getattr(record, name)))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _model_age_s(one: SymbolPresent, now_s: float) -> float | None:
    """Since the end of the day that the model was trained to; None where its bundle does not tell."""
    until = None if one.facts.model is None else one.facts.model.trained_to
    try:
        since = None if until is None else datetime.fromisoformat(until[:10]).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return None if since is None else max(0.0, now_s - since.timestamp() - 86_400)
