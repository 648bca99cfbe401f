"""Gauges that are worked out at the scrape: they age by themselves, and say what is not known."""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from mt5_sentinel.adapters.replay import ReplayClock
from mt5_sentinel.gauges import TABLE, Gauges
from mt5_sentinel.present import Present
from mt5_sentinel.readiness import CHECKS
from mt5_sentinel.types import ModelFacts
from tests.python.desk_floor import Floor
from tests.python.fakes import HOUR_S, NOW_S
from tests.python.scraped import facts, shown
from tests.python.test_readiness import FRESH_S, cycled, failed

EURUSD = {"symbol": "EURUSD"}


class Seen:
    """The present by a clock that a test moves."""

    def __init__(self, *symbols: str, **changed: Any) -> None:
        self.clock = ReplayClock(NOW_S)
        self.present = Present(self.clock, "dry-run")
        self.present.take([facts(symbol=symbol, **changed) for symbol in symbols])
        self.registry = CollectorRegistry()
        self.registry.register(Gauges(self.present))

    def of(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"sentinel_{name}", labels)

    def series(self, name: str) -> list[dict[str, str]]:
        return [s.labels for f in self.registry.collect() for s in f.samples if s.name == f"sentinel_{name}"]


def test_every_family_is_told_before_the_first_cycle_and_before_the_desks_stand() -> None:
    for seen in (Seen(), Seen("EURUSD")):
        families = list(seen.registry.collect())
        assert [family.name for family in families] == [one.name for one in TABLE]
        for family, one in zip(families, TABLE, strict=True):
            assert {tuple(s.labels) for s in family.samples} <= {one.labels}, family.name
        assert seen.of("ready") == 0
        assert math.isnan(seen.of("equity") or 0.0)
    assert math.isnan(seen.of("data_age_seconds", **EURUSD) or 0.0)
    assert seen.of("clock_skew_seconds", **EURUSD) is None


def test_data_age_and_readiness_go_on_while_no_cycle_ends() -> None:
    seen = Seen("EURUSD")
    seen.present.observe(cycled(bar_open_s=FRESH_S))
    assert seen.of("data_age_seconds", **EURUSD) == 58
    assert (seen.of("ready"), seen.of("market_open", **EURUSD)) == (1, 1)
    seen.clock.wait_s(HOUR_S)
    seen.present.observe(failed("fetch_401"))
    assert seen.of("data_age_seconds", **EURUSD) == 58 + HOUR_S, "a cycle without bars knows of none"
    assert seen.of("ready_check", check="loop", **EURUSD) == 0
    assert seen.of("ready_check", check="data", **EURUSD) == 1
    seen.clock.wait_s(HOUR_S)
    assert seen.of("ready_check", check="data", **EURUSD) == seen.of("ready") == 0
    assert seen.of("data_age_limit_seconds", **EURUSD) == HOUR_S + 900
    seen.clock.wait_s(3 * 86_400)
    assert seen.of("market_open", **EURUSD) == 0
    assert {labels["check"] for labels in seen.series("ready_check")} == set(CHECKS)


def test_the_loop_s_age() -> None:
    seen = Seen("EURUSD")
    seen.clock.wait_s(50)
    assert seen.of("watchdog_age_seconds") == 50
    seen.present.turned([])
    assert seen.of("watchdog_age_seconds") == 0


def test_the_account_is_that_of_the_newest_cycle_that_read_it() -> None:
    seen = Seen("EURUSD", "GBPUSD")
    money = {"drawdown_max": 12.5, "exposure": 4000.0, "positions": 2}
    seen.present.observe(cycled(equity=9_987.5, **money))
    assert seen.of("risk_state", state="ACTIVE") == 1
    gone = failed("gateway_timeout", equity=None, risk_state=None)
    gone.symbol = "GBPUSD"
    seen.present.observe(gone)
    told = {"equity": 9_987.5, "drawdown": 12.5, "exposure": 4000.0, "open_positions": 2}
    told |= {"drawdown_limit": 500.0, "exposure_limit": 50_000.0}
    assert {name: seen.of(name) for name in told} == told
    seen.present.observe(cycled(risk_state="HALTED", risk_because="drawdown"))
    assert [seen.of("risk_state", state=state) for state in ("ACTIVE", "REDUCING", "HALTED")] == [0, 0, 1]
    assert seen.of("halted", **EURUSD) == 1


@pytest.mark.parametrize(
    ("changed", "halted"),
    [({}, 0), ({"halted_because": "daemon: x"}, 1), ({"risk_state": "HALTED"}, 1), ({"risk_state": "REDUCING"}, 0)],
)
def test_halted(changed: dict[str, Any], halted: int) -> None:
    seen = Seen("EURUSD")
    seen.present.observe(cycled(**changed))
    assert seen.of("halted", **EURUSD) == halted


def test_failures_in_a_row_unknown_orders_and_the_clock() -> None:
    seen = Seen("EURUSD")
    seen.present.observe(failed("order_pending", unknown_orders=2, clock_skew_s=-1.5))
    seen.present.observe(failed("still_running", equity=None, unknown_orders=None))
    names = ("failed_in_a_row", "orders_unknown", "clock_skew_seconds")
    assert [seen.of(name, **EURUSD) for name in names] == [2, 2, -1.5], "a skipped minute tells of nothing else"
    seen.present.observe(cycled())
    assert [seen.of(name, **EURUSD) for name in names] == [0, 0, None], "a clock that is not measured now is not told"
    seen.present.observe(failed("journal_failed", unknown_orders=None))
    assert [seen.of(name, **EURUSD) for name in names] == [1, 0, None], "what could not be read is as it was"


def test_what_only_a_cycle_can_tell_has_no_series_before() -> None:
    seen = Seen("EURUSD")
    names = ("halted", "orders_unknown", "failed_in_a_row", "risk_state", "clock_skew_seconds", "features_out_of_range")
    assert {name: seen.series(name) for name in names} == {name: [] for name in names}
    seen.present.observe(failed("gateway_timeout", equity=None, risk_state=None))
    assert (seen.series("halted"), seen.series("risk_state")) == ([], []), "no cycle has read the account"
    seen.present.observe(failed("gateway_timeout", equity=None, risk_state=None, halted_because="daemon: x"))
    assert seen.of("halted", **EURUSD) == 1, "the daemon's own halt needs no account"
    seen.present.observe(cycled())
    assert (seen.of("halted", **EURUSD), len(seen.series("risk_state"))) == (0, 3)


def test_a_skipped_minute_is_told_though_no_cycle_has_ended() -> None:
    seen = Seen("EURUSD")
    seen.present.observe(failed("still_running", equity=None, unknown_orders=None))
    assert (seen.of("failed_in_a_row", **EURUSD), seen.series("orders_unknown")) == (1, [])


def test_a_reload_changes_the_model_s_series_and_forgets_no_cycle() -> None:
    seen = Seen("EURUSD")
    seen.present.observe(cycled(bar_open_s=FRESH_S, features=[0.5, 7.0]))
    assert seen.series("model_info") == [EURUSD | {"sha256": "f" * 64, "format": "lightgbm"}]
    assert seen.of("model_age_seconds", **EURUSD) == NOW_S - 1_514_764_800, "2018-01-01, when the last day was over"
    seen.present.take([facts(model=ModelFacts("0" * 64, "onnx"))])
    assert seen.series("model_info") == [EURUSD | {"sha256": "0" * 64, "format": "onnx"}]
    assert seen.of("model_age_seconds", **EURUSD) is None
    assert seen.of("data_age_seconds", **EURUSD) == 58
    for until in ("soon", "", "2017-13-01"):
        seen.present.take([facts(model=ModelFacts("0" * 64, "onnx", None, until))])
        assert seen.of("model_age_seconds", **EURUSD) is None, until


@pytest.mark.parametrize(
    ("row", "outside"),
    [([0.5, 9.0], 0), ([1.5, 9.0], 1), ([math.nan, 0.0], 1), ([math.inf, 0.0], 1), ([0.5], None), ([0.5] * 23, None)],
)
def test_columns_out_of_their_range(row: list[float], outside: int | None) -> None:
    seen = Seen("EURUSD")
    seen.present.observe(cycled(features=row))
    assert seen.of("features_out_of_range", **EURUSD) == outside


def test_units_of_the_day_outlive_a_restart_and_end_with_the_day(tmp_path: Path) -> None:
    floor = Floor(tmp_path, ["EURUSD"])
    try:
        floor.minute()
        again = shown(floor)
        assert again.registry.get_sample_value("sentinel_quota_units_today") == 5
        fresh = again.present
        assert fresh.units_today() == 5
        floor.clock.wait_s(86_400)
        assert fresh.units_today() == 0
    finally:
        floor.close()
    assert Seen("EURUSD").of("quota_units_limit") == 900


def test_orders_that_a_cycle_could_not_read_are_not_told_as_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor = Floor(tmp_path, ["EURUSD"])

    def locked(_: str) -> list[object]:
        raise sqlite3.OperationalError("database is locked")

    try:
        floor.minute()
        with monkeypatch.context() as broken:
            broken.setattr(floor.desks[0].orders, "unresolved", locked)
            floor.minute(60)
        assert floor.seen[1].reason == "journal_failed"
        showing = shown(floor)
        assert showing.registry.get_sample_value("sentinel_orders_unknown", EURUSD) == 0, "as it was"
        assert showing.registry.get_sample_value("sentinel_ready_check", EURUSD | {"check": "orders"}) == 0
    finally:
        floor.close()


def test_numbers_that_are_none_do_not_stop_a_scrape() -> None:
    seen = Seen("EURUSD")
    for broken in (math.nan, math.inf, -math.inf):
        one = cycled(equity=broken, exposure=broken, drawdown_max=broken, clock_skew_s=broken)
        seen.present.observe(one)
        assert len(list(seen.registry.collect())) == len(TABLE)


def test_a_symbol_that_is_not_traded_is_not_shown() -> None:
    seen = Seen("EURUSD")
    one = cycled()
    one.symbol = "GBPUSD"
    seen.present.observe(cycled())
    seen.present.observe(one)
    assert seen.series("failed_in_a_row") == [EURUSD]
