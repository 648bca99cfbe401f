"""Found by review: clocks that move within a request, bars open by the server, holes, times that lie, outages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel.errors import Misconfigured, Transient
from mt5_sentinel.types import Page
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


def off(shop: Shop, off_s: Callable[[], float], *, dated: bool = True) -> None:
    """A machine whose clock is wrong; the server's time and its bars are those of the true one."""
    true_s, inner = shop.clock.wall_s, shop.market.fetch

    def fetch(from_s: int, to_s: int, pay: Any) -> Page:
        page = inner(from_s, int(true_s()), pay)
        return Page(page.body, formatdate(true_s(), usegmt=True) if dated else None)

    shop.market.fetch = fetch  # type: ignore[method-assign]
    shop.clock.wall_s = lambda: true_s() + off_s()  # type: ignore[method-assign]


@pytest.mark.parametrize("step_s", [2400.0, -7200.0, 400.0])
def test_a_clock_that_is_set_right_while_a_request_runs_decides_nothing(shop: Shop, step_s: float) -> None:
    """The cycle began by the wrong time: a forming bar would count as closed, an old one as new."""
    wrong = {"s": step_s}
    off(shop, lambda: wrong["s"])
    inner = shop.market.fetch

    def fetch(from_s: int, to_s: int, pay: Any) -> Page:
        wrong["s"] = 0.0
        return inner(from_s, to_s, pay)

    shop.market.fetch = fetch  # type: ignore[method-assign]
    record = shop.cycle(BUY)
    assert (record.status, record.reason, record.outcome) == ("failed", "clock_step", None)
    assert shop.desk.history._series.rows(9) == []


def test_a_bar_is_closed_when_it_is_by_the_server_s_clock_too(shop: Shop) -> None:
    shop.clock.wait_s(HOUR_S - 58 - 20)  # 20 s before the hour ends
    off(shop, lambda: 25.0)
    record = shop.cycle(BUY)
    assert record.bar_open_s == NOW_S // HOUR_S * HOUR_S - HOUR_S, "the hour before; this one has 20 s to go"
    assert max(row[0] for row in shop.desk.history._series.rows(999)) == record.bar_open_s


def test_a_server_that_must_tell_its_time_and_does_not_is_not_used(shop: Shop) -> None:
    off(shop, lambda: 2400.0, dated=False)
    shop.market.tells_time = True
    record = shop.cycle(BUY)
    assert (record.status, record.reason, record.outcome) == ("failed", "clock_unknown", None)


def test_no_order_leaves_after_the_market_has_closed(tmp_path: Path) -> None:
    shop = Shop(tmp_path, holidays=("2023-11-15 07:02",))  # New York: 12:02 UTC, a minute after the cycle begins
    inner = shop.market.fetch

    def slow(from_s: int, to_s: int, pay: Any) -> Page:
        shop.clock.wait_s(90)
        return inner(from_s, to_s, pay)

    shop.market.fetch = slow  # type: ignore[method-assign]
    record = shop.cycle(BUY)
    assert (record.status, record.reason, record.outcome, record.scores) == ("done", "market_closed", None, None)
    shop.close()


def test_a_history_with_a_large_hole_is_not_decided_on_and_is_asked_for_again(shop: Shop) -> None:
    rows = [row for row in bodies.hourly(NOW_S) if traded(row["timestamp"])]
    shop.market.answer = bodies.body(rows[:-128] + rows[-28:])
    record = shop.cycle(BUY)
    assert (record.status, record.reason, record.outcome) == ("failed", "history_holes", None)
    shop.market.answer = None
    assert shop.cycle(BUY).outcome == "filled", "the next request asks for all of it"


def test_a_small_hole_deep_in_the_history_is_asked_for_once_more(shop: Shop) -> None:
    rows = [row for row in bodies.hourly(NOW_S) if traded(row["timestamp"])]
    hidden = rows[-105:-100]
    shop.market.answer = bodies.body(rows[:-105] + rows[-100:])
    assert shop.cycle(HOLD, after_s=HOUR_S).status == "done"
    shop.market.answer = None
    shop.cycle(HOLD, after_s=HOUR_S)
    stored = {row[0] for row in shop.desk.history._series.rows(999)}
    assert {row["timestamp"] for row in hidden} <= stored
    for _ in range(3):
        shop.cycle(HOLD, after_s=HOUR_S)
    whole = [to_s - from_s > 500 * HOUR_S for from_s, to_s in shop.market.windows]
    assert whole == [True, True, True, False, False], "until two answers agree"


def test_small_holes_are_the_currencies_way(shop: Shop) -> None:
    rows = [row for n, row in enumerate(bodies.hourly(NOW_S)) if n % 15]
    shop.market.answer = bodies.body(rows)
    assert shop.cycle(BUY).outcome == "filled"
    whole = [to_s - from_s > 500 * HOUR_S for from_s, to_s in shop.market.windows]
    assert whole == [True]


def test_rows_whose_two_times_disagree_are_refused(shop: Shop) -> None:
    rows = bodies.hourly(NOW_S)
    late = bodies.hourly(NOW_S - HOUR_S)
    for row, other in zip(rows, late, strict=True):
        row["datetime"] = other["datetime"]
    shop.market.answer = bodies.body(rows)
    record = shop.cycle(BUY)
    assert (record.reason, record.outcome) == ("bad_times", None)
    assert "`timestamp` and `datetime` of 600 of 600 rows disagree" in (record.detail or "")


def test_bars_off_the_grid_are_refused(shop: Shop) -> None:
    rows = bodies.hourly(NOW_S)
    moved = [{name: row[name] for name in row if name != "datetime"} for row in rows]
    for row in moved:
        row["timestamp"] -= 1800
    shop.market.answer = bodies.body(moved)
    record = shop.cycle(BUY)
    assert (record.reason, record.outcome) == ("bad_times", None)
    assert "off the grid of 3600 s" in (record.detail or "")


@pytest.mark.parametrize("fault", [Transient("502", "fetch_502"), Misconfigured("no such symbol", "fetch_404")])
def test_hours_of_faults_leave_the_units_for_the_bars_to_come(tmp_path: Path, fault: Exception) -> None:
    """120 units: one request for each hour of a day, and no more."""
    shop = Shop(tmp_path, history_bars=400, eodhd_quota_units=1200, eodhd_quota_share=0.11)
    shop.market.answer = fault
    shop.clock.wait_s(13 * HOUR_S)  # Thursday 01:01 UTC
    for _ in range(8 * 60):
        shop.cycle(HOLD)
    shop.market.answer = None
    records = [shop.cycle(HOLD) for _ in range(14 * 60)]
    settled = {record.bar_open_s for record in records if record.settled}
    assert len(settled) >= 13, "every bar of the rest of the day is decided"
    shop.close()
