"""Bars are asked for when one is due and kept; what the cache holds is never passed off as newer than it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel.errors import Misconfigured, SentinelError, Transient
from mt5_sentinel.types import CycleRecord, Page
from tests.python import bodies
from tests.python.fakes import BUY, HOLD, HOUR_S, NOW_S
from tests.python.shop import Shop
from tests.python.simulated_world import traded


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop that wants fewer bars than its market has."""
    one = Shop(tmp_path, history_bars=400)
    yield one
    one.close()


def minutes(shop: Shop, count: int) -> list[CycleRecord]:
    return [shop.cycle() for _ in range(count)]


def cached(shop: Shop) -> dict[int, tuple[float, ...]]:
    db = sqlite3.connect(Path(shop.settings.state_dir) / "bars.db")
    rows = db.execute("SELECT open_s, open, high, low, close, volume, revisions FROM bar").fetchall()
    db.close()
    return {row[0]: row[1:] for row in rows}


def test_one_request_an_hour(shop: Shop) -> None:
    records = minutes(shop, 180)
    asked = [minute for minute, record in enumerate(records) if record.fetch_calls]
    assert asked == [0, 60, 120]
    assert [record.quota_units for record in records if record.quota_units] == [5, 5, 5]
    whole, *later = shop.market.windows
    assert whole[1] - whole[0] > 500 * HOUR_S
    for from_s, to_s in later:
        assert 25 * HOUR_S < to_s - from_s < 28 * HOUR_S, "what is missing, and a day of revisions"
    assert {record.reason for record in records} == {"signal", "already_positioned", "already_decided"}


def test_the_features_are_those_of_the_whole_history_whatever_was_fetched(shop: Shop) -> None:
    minutes(shop, 125)
    fresh = Shop(Path(shop.settings.state_dir) / "other", history_bars=400)
    fresh.clock.wait_s(120 * 60)
    fresh.cycle()
    assert shop.model.rows[-1] == fresh.model.rows[-1]
    fresh.close()


def test_revisions_are_taken_over_and_counted(shop: Shop, caplog: Any) -> None:
    caplog.set_level("INFO")
    shop.cycle(after_s=HOUR_S)
    rows = bodies.hourly(shop.clock.wall_s())
    late, deep = rows[-10], rows[-200]
    for row in (late, deep):
        row["close"] = row["open"]
    shop.market.answer = bodies.body([row for row in rows if row["timestamp"] >= NOW_S - 24 * HOUR_S])
    shop.cycle(after_s=24 * HOUR_S)
    assert "revised since: 1" in caplog.text
    bars = cached(shop)
    assert bars[late["timestamp"]] == (*list(late.values())[3:8], 1)
    assert bars[deep["timestamp"]][3] != deep["close"], "it lay further back than a day"
    # The first request of another day asks for the whole history, and brings what was revised deep in the past.
    rows = bodies.hourly(shop.clock.wall_s())
    rows[-224]["close"] = rows[-224]["open"]
    assert rows[-224]["timestamp"] == deep["timestamp"]
    shop.market.answer = bodies.body(rows)
    shop.cycle()
    from_s, to_s = shop.market.windows[-1]
    assert to_s - from_s > 500 * HOUR_S
    assert cached(shop)[deep["timestamp"]][3] == deep["close"]


def test_a_gap_is_told_and_filled_by_the_next_request(shop: Shop, caplog: Any) -> None:
    caplog.set_level("INFO")
    rows = [row for row in bodies.hourly(NOW_S) if traded(row["timestamp"])]
    hidden = [row["timestamp"] for row in rows[-9:-6]]
    shop.market.answer = bodies.body([row for row in rows if row["timestamp"] not in hidden])
    shop.cycle(after_s=HOUR_S)
    assert not set(hidden) & set(cached(shop))
    assert "400 bars in all; 3 are missing in open hours" in caplog.text, "weekends are no gaps"
    shop.market.answer = None
    record = shop.cycle()
    assert set(hidden) <= set(cached(shop))
    assert record.status == "done"


def test_a_forming_bar_is_never_stored(shop: Shop) -> None:
    shop.cycle()
    assert max(cached(shop)) == NOW_S // HOUR_S * HOUR_S - HOUR_S
    shop.cycle(after_s=HOUR_S)


def test_a_restart_with_a_warm_cache_asks_nothing_for_a_decided_bar(shop: Shop) -> None:
    shop.cycle(HOLD)
    shop.restart()
    record = shop.cycle(HOLD)
    assert (record.reason, record.fetch_calls, record.bars) == ("already_decided", 0, 400)


NO_NETWORK = Transient("no connection", "fetch_connection")


@pytest.mark.parametrize(("away_s", "reason"), [(2 * HOUR_S, "stale"), (HOUR_S - 120, "fetch_connection")])
def test_a_cold_start_without_a_network_says_that_its_cache_is_old(shop: Shop, away_s: int, reason: str) -> None:
    shop.cycle(HOLD, after_s=away_s)
    shop.restart()
    shop.market.answer = NO_NETWORK
    shop.clock.wait_s(120)
    record = shop.cycle(BUY)
    assert (record.status, record.reason, record.scores, record.outcome) == ("failed", reason, None, None)
    assert "no connection" in (record.detail or "")
    if reason == "stale":
        assert "the newest closed bar is of 2023-11-15 11:00:00 UTC, 122 minutes of open market old" in record.detail  # type: ignore[operator]


def test_between_two_requests_the_last_failure_is_still_the_reason(shop: Shop) -> None:
    shop.cycle(HOLD, after_s=HOUR_S)
    shop.market.answer = NO_NETWORK
    records = minutes(shop, 30)
    assert {record.reason for record in records[:14]} == {"fetch_connection"}
    assert records[-1].reason == "stale"
    assert [minute for minute, record in enumerate(records) if record.fetch_calls] == [0, 1, 2, 3, 5, 8, 13, 21]
    assert "asked at 2023-11-15 13:21:58 UTC" in (records[-1].detail or "")
    shop.market.answer = None
    healed = minutes(shop, 10)
    assert [record.settled for record in healed].count(True) == 1


def test_nothing_is_asked_while_the_market_is_closed(shop: Shop) -> None:
    shop.clock.wait_s(4 * 86_400)  # Sunday noon
    records = minutes(shop, 5)
    for record in records:
        assert (record.status, record.reason, record.scores, record.fetch_calls) == ("done", "market_closed", None, 0)
    assert shop.market.windows == []
    assert shop.model.rows == []
    assert len(shop.written()) == 5, "the heartbeat goes on"


def test_the_first_hour_of_a_week_waits_for_its_bar(shop: Shop, caplog: Any) -> None:
    caplog.set_level("INFO")
    shop.clock.wait_s(4 * 86_400 + 10 * HOUR_S)  # Sunday 22:00:58 UTC, the market has just opened
    friday = [row for row in bodies.hourly(shop.clock.wall_s()) if row["timestamp"] < NOW_S + 57 * HOUR_S]
    shop.market.answer = bodies.body(friday)
    record = shop.cycle(BUY)
    assert (record.status, record.reason, record.scores) == ("done", "awaiting_bar", None)
    assert "CYCLE ERROR" not in caplog.text


def test_the_day_s_share_is_kept(tmp_path: Path) -> None:
    shop = Shop(tmp_path, eodhd_quota_units=100, eodhd_quota_share=0.1)
    shop.cycle(HOLD, after_s=HOUR_S)
    shop.cycle(HOLD, after_s=HOUR_S)
    record = shop.cycle(HOLD)
    assert (record.status, record.reason, record.fetch_calls) == ("failed", "quota_budget", 0)
    assert "10 units of the API's quota are spent today, 10 may be" in (record.detail or "")
    shop.clock.wait_s(10 * HOUR_S)
    assert shop.cycle(HOLD).fetch_calls == 1, "the next day has its own"
    shop.close()


def test_bars_of_another_symbol_or_server_are_not_joined(shop: Shop) -> None:
    shop.cycle(HOLD)
    shop.market.origin = "another"
    shop.restart()
    shop.cycle(HOLD)
    first, second = shop.market.windows
    assert first[0] == second[0], "the whole history again"


def test_a_restart_does_not_forget_what_was_spent(tmp_path: Path) -> None:
    shop = Shop(tmp_path, eodhd_quota_units=100, eodhd_quota_share=0.05)
    shop.cycle(HOLD, after_s=HOUR_S)
    shop.restart()
    assert shop.cycle(HOLD).reason == "quota_budget"
    shop.close()


@pytest.mark.parametrize(("remaining", "conditions"), [(None, []), (7, []), (0, ["rate_limit_reached"])])
def test_a_source_that_counts_its_requests_is_listened_to(
    shop: Shop, remaining: int | None, conditions: list[str]
) -> None:
    inner = shop.market.fetch
    shop.market.fetch = lambda *window: Page(inner(*window).body, remaining=remaining)  # type: ignore[method-assign]
    record = shop.cycle()
    assert (record.conditions, record.status) == (conditions, "done")


def test_a_source_that_asks_for_rest_gets_it(shop: Shop) -> None:
    shop.cycle(HOLD, after_s=HOUR_S)
    wait = Transient("slow down", "fetch_429")
    wait.hold_s = 1800.0
    shop.market.answer = wait
    shop.cycle()
    shop.market.answer = None
    records = minutes(shop, 40)
    first = next(minute for minute, record in enumerate(records) if record.fetch_calls)
    assert 28 <= first <= 35
    assert {record.reason for record in records[:14]} <= {"fetch_429", "fetch_held"}


class DatedMarket:
    """A market whose answers carry a server's time, ``skew_s`` off the machine's."""

    def __init__(self, shop: Shop) -> None:
        self.skew_s = 0.0
        inner = shop.market.fetch

        def fetch(from_s: int, to_s: int, pay: Any) -> Page:
            page = inner(from_s, to_s, pay)
            return Page(page.body, formatdate(shop.clock.wall_s() - self.skew_s, usegmt=True))

        shop.market.fetch = fetch  # type: ignore[method-assign]


@pytest.mark.parametrize("skew_s", [-3600.0, -40.0, 40.0, 3600.0])
def test_a_wrong_clock_decides_nothing(shop: Shop, skew_s: float) -> None:
    dated = DatedMarket(shop)
    dated.skew_s = skew_s
    record = shop.cycle(BUY)
    assert (record.status, record.reason, record.outcome) == ("failed", "clock_skew", None)
    assert cached(shop) == {}, "what is closed by a wrong clock is not stored"
    dated.skew_s = 0.0
    assert [shop.cycle(BUY).outcome for _ in range(3)].count("filled") == 1


def test_a_clock_that_steps_between_two_bars_is_noticed_without_a_bar_being_due(shop: Shop) -> None:
    DatedMarket(shop)
    shop.cycle(HOLD)
    step = shop.clock.wall_s
    shop.clock.wall_s = lambda: step() + 600  # type: ignore[method-assign]
    record = shop.cycle(BUY)
    assert record.fetch_calls == 1, "an answer tells the time"
    assert record.reason == "already_decided", "the server agrees with this clock: the steady one had stood still"


def test_a_source_that_never_answers_this_configuration_is_told_as_such(shop: Shop) -> None:
    shop.cycle(HOLD, after_s=3 * HOUR_S)
    shop.market.answer = Misconfigured("the token was refused", "fetch_401")
    record = shop.cycle()
    assert (record.reason, record.status) == ("fetch_401", "failed"), "not stale: a person has to act"


def test_a_full_disk_under_the_cache_costs_the_cycle_and_no_more(shop: Shop) -> None:
    shop.cycle(HOLD, after_s=HOUR_S)
    db = sqlite3.connect(Path(shop.settings.state_dir) / "bars.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    shop.desk.history.store._db.execute("PRAGMA busy_timeout = 10")
    record = shop.cycle(BUY)
    assert (record.status, record.reason, record.outcome) == ("failed", "cache_failed", None)
    db.rollback()
    db.close()
    assert "filled" in [shop.cycle(BUY).outcome for _ in range(3)]


def test_errors_are_the_program_s_own(shop: Shop) -> None:
    shop.market.answer = RuntimeError("a bug")
    record = shop.cycle()
    assert record.reason == "internal_error"
    assert not isinstance(shop.desk.history._failure, SentinelError)
