"""A second source beside the first: what is compared, what is told, and what is never decided."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel.errors import Misconfigured, Transient, Unusable
from mt5_sentinel.types import Page
from tests.python import bodies
from tests.python.fakes import BUY, HOUR_S, NOW_S, SELL, FakeMarket
from tests.python.shop import Shop

NEWEST_S = NOW_S // HOUR_S * HOUR_S - HOUR_S
POINT = 0.00001


class OtherMarket(FakeMarket):
    """The first source's rows, with points added to the bars that a test names; ``None`` are all of them."""

    name = "other"

    def __init__(self) -> None:
        super().__init__()
        self.points: dict[int | None, float] = {}
        self.lacks: set[int] = set()

    def fetch(self, from_s: int, to_s: int, pay: Callable[[], None]) -> Page:
        page = super().fetch(from_s, to_s, pay)
        return page if self.answer is not None else Page(bodies.body(self.moved(from_s, to_s)))

    def moved(self, from_s: int, to_s: int) -> bodies.Rows:
        rows = [row for row in bodies.hourly(to_s - self.lag_s) if row["timestamp"] >= from_s]
        for row in rows:
            more = POINT * (self.points.get(None, 0.0) + self.points.get(row["timestamp"], 0.0))
            row.update({field: row[field] + more for field in ("open", "high", "low", "close")})
        return [row for row in rows if row["timestamp"] not in self.lacks]


Open = Callable[..., tuple[Shop, OtherMarket]]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Open]:
    """A shop with two sources, and the second one."""
    opened: list[Shop] = []

    def build(cross_check: str, **changed: Any) -> tuple[Shop, OtherMarket]:
        other = OtherMarket()
        opened.append(Shop(tmp_path, other, cross_check=cross_check, signal_age_max_s=1e9, **changed))
        return opened[-1], other

    yield build
    for shop in opened:
        shop.close()


def test_what_agrees_is_decided_and_the_other_source_is_asked_with_the_first_only(two: Open) -> None:
    shop, other = two("refuse")
    record = shop.cycle(BUY)
    assert (record.outcome, record.conditions) == ("filled", [])
    assert other.windows == [(NEWEST_S - 47 * HOUR_S, NOW_S)], "the newest 48 bars"
    assert (record.calls, record.fetch_calls, record.quota_units) == ({"fake": 1, "other": 1}, 2, 10)
    assert record.stages_s["cross_check"] > 0
    record = shop.cycle(SELL)
    assert (record.reason, record.calls, record.conditions) == ("already_decided", {}, [])
    assert len(other.windows) == len(shop.market.windows) == 1
    shop.market.answer = Transient("away", "fetch_timeout")
    shop.clock.wait_s(HOUR_S)
    assert shop.cycle(BUY).reason == "fetch_timeout"
    assert len(other.windows) == 1, "nothing came that could be compared"


@pytest.mark.parametrize(
    ("points", "is_told"), [(10.0, False), (-10.0, False), (19.9, False), (-19.9, False), (21.0, True), (-500.0, True)]
)
def test_a_constant_between_two_feeds_is_none_unless_it_is_no_spread(two: Open, points: float, is_told: bool) -> None:
    shop, other = two("refuse")
    other.points[None] = points
    record = shop.cycle(BUY)
    assert record.conditions == (["sources_disagree"] if is_told else [])
    assert record.reason == ("sources_disagree" if is_told else "signal")


def test_an_older_bar_in_dispute_is_told_and_costs_nothing(two: Open, caplog: pytest.LogCaptureFixture) -> None:
    shop, other = two("refuse")
    other.points = {None: 8.0, NEWEST_S - 3 * HOUR_S: 15.0, NEWEST_S - 2 * HOUR_S: -24.0, NEWEST_S - HOUR_S: 21.0}
    other.lacks = {NEWEST_S - 5 * HOUR_S}
    record = shop.cycle(BUY)
    assert (record.outcome, record.conditions) == ("filled", ["sources_disagree"])
    (told,) = [one for one in caplog.records if "disagree on" in one.getMessage()]
    opened = bodies.hourly(NOW_S)[-4]["open"]
    assert told.levelno == logging.WARNING
    assert told.getMessage() == (
        "fake and other disagree on 2 of 47 bars by more than 20 points; the first: open of 2023-11-15 09:00:00 UTC,"
        f" fake {opened!r}, other {opened - 16 * POINT!r} (taken out: +8e-05); bars of fake alone: 1, of other alone: 0"
    )
    assert shop.written()[0]["conditions"] == ["sources_disagree"]


def test_report_decides_a_disputed_bar(two: Open) -> None:
    shop, other = two("report")
    other.points[NEWEST_S] = 50.0
    record = shop.cycle(BUY)
    assert (record.outcome, record.conditions) == ("filled", ["sources_disagree"])


def test_refuse_never_decides_a_disputed_bar_and_asks_until_it_is_none(two: Open) -> None:
    shop, other = two("refuse")
    other.points[NEWEST_S] = 50.0
    seen: list[tuple[str, int]] = []
    for _ in range(20):
        record = shop.cycle(BUY)
        assert (record.action, record.settled) == (None, False)
        assert "disputed" in (record.detail or "")
        seen.append((record.reason, record.fetch_calls))
    assert {reason for reason, _ in seen} == {"sources_disagree"}
    asked = [calls for _, calls in seen]
    assert asked[:5] == [2, 2, 2, 2, 0], "between two requests the verdict stays"
    assert len(other.windows) == len(shop.market.windows) == asked.count(2) < 10
    assert shop.intents() == []
    other.points.clear()
    for _ in range(14):
        record = shop.cycle(BUY)
        if record.reason != "sources_disagree":
            break
    assert (record.outcome, record.conditions) == ("filled", [])


FAULTS = [
    Transient("it did not answer", "gateway_timeout"),
    Unusable("its offset is not known", "broker_offset_unknown"),
    Misconfigured("it is too old", "gateway_unknown_action"),
    b"[]",
    b"<!DOCTYPE html>",
    b'[{"timestamp":1660003200,"open":1.1,"hi',
    bodies.body(bodies.hourly(NOW_S - 400 * HOUR_S, 20)),
    bodies.body(bodies.hourly(NOW_S - 2 * HOUR_S, 30)),
]


@pytest.mark.parametrize("answer", FAULTS)
def test_a_fault_of_the_other_source_never_costs_a_report(two: Open, answer: bytes | Exception) -> None:
    shop, other = two("report")
    other.answer = answer
    record = shop.cycle(BUY)
    assert (record.status, record.outcome, record.conditions) == ("done", "filled", ["cross_check_failed"])


@pytest.mark.parametrize("answer", FAULTS)
def test_refuse_does_not_decide_what_is_not_confirmed(two: Open, answer: bytes | Exception) -> None:
    shop, other = two("refuse")
    other.answer = answer
    for _ in range(3):
        record = shop.cycle(BUY)
        assert (record.status, record.reason, record.action) == ("failed", "cross_check_failed", None)
        assert record.conditions == ["cross_check_failed"]
    assert shop.intents() == []
    other.answer = None
    assert shop.cycle(BUY).outcome == "filled"


def test_a_hole_where_the_newest_bar_should_be_confirms_nothing(two: Open) -> None:
    shop, other = two("refuse")
    other.lacks = {NEWEST_S}
    record = shop.cycle(BUY)
    assert (record.reason, record.conditions) == ("cross_check_failed", ["cross_check_failed"])
    assert "other has no bar of 2023-11-15 11:00:00" in (record.detail or "")


def test_after_a_restart_nothing_is_confirmed(two: Open) -> None:
    shop, other = two("refuse")
    other.points[NEWEST_S] = 50.0
    assert shop.cycle(BUY, after_s=1).reason == "sources_disagree"
    shop.restart()
    record = shop.cycle(BUY)
    assert (record.reason, record.calls) == ("cross_check_failed", {}), "from the cache alone no bar is decided"
    assert "not compared yet" in (record.detail or "")
    assert shop.cycle(BUY).reason == "sources_disagree"
    assert shop.intents() == []


def test_a_verdict_outlives_a_failed_check_of_the_same_bar_and_no_other(two: Open) -> None:
    shop, other = two("refuse")
    away = Transient("away", "gateway_timeout")
    other.points[NEWEST_S] = 50.0
    shop.cycle(BUY)
    other.answer = away
    assert shop.cycle(BUY).reason == "sources_disagree"
    other.answer = None
    other.points.clear()
    bug = Unusable("no scores", "bad_scores")
    assert shop.cycle(bug).reason == "bad_scores", "confirmed, not decided"
    other.answer = away
    record = shop.cycle(bug, after_s=HOUR_S)
    assert (record.reason, record.conditions) == ("bad_scores", ["cross_check_failed"]), "it stays confirmed"
    assert shop.cycle(BUY).reason == "cross_check_failed", "the next bar is another one"
    assert shop.intents() == []


def test_a_bar_that_was_revised_is_another_one(two: Open) -> None:
    shop, other = two("refuse")
    shop.cycle(Unusable("no scores", "bad_scores"))
    rows = bodies.hourly(NOW_S + 60)
    rows[-2]["close"] += POINT
    shop.market.answer = bodies.body(rows)
    other.answer = Transient("away", "gateway_timeout")
    assert shop.cycle(BUY).reason == "cross_check_failed"


def test_a_dispute_about_a_decided_bar_is_told_only(two: Open) -> None:
    shop, other = two("refuse")
    assert shop.cycle(BUY, after_s=HOUR_S).outcome == "filled"
    shop.market.lag_s = 2 * HOUR_S  # the bar that is due comes late
    other.points[NEWEST_S] = 50.0
    record = shop.cycle(SELL)
    assert (record.status, record.reason, record.conditions) == ("done", "already_decided", ["sources_disagree"])


def test_the_other_source_is_held_and_paid_like_the_first(two: Open) -> None:
    shop, other = two("report", eodhd_quota_units=150, eodhd_quota_share=0.1)
    shop.market.units_per_call = 0
    busy = Transient("too many requests", "fetch_429")
    busy.hold_s = 1.5 * HOUR_S
    other.answer = busy
    assert shop.cycle(BUY, after_s=HOUR_S).calls == {"fake": 1, "other": 1}
    record = shop.cycle(BUY, after_s=HOUR_S)
    assert (record.calls, record.quota_units, record.conditions) == ({"fake": 1}, 0, ["cross_check_failed"])
    other.answer = None
    costs = [shop.cycle(BUY, after_s=HOUR_S) for _ in range(3)]
    assert [record.quota_units for record in costs] == [5, 5, 0], "15 units may be spent, 5 were before"
    assert [record.conditions for record in costs] == [[], [], ["cross_check_failed"]]
    assert {record.status for record in costs} == {"done"}


def test_off_and_without_a_second_source_nothing_is_compared(two: Open) -> None:
    shop, _ = two("off")
    shop.close()
    shop.other = None
    shop.desk = shop.open()
    shop.daemon = shop.employ()
    record = shop.cycle(BUY)
    assert (record.outcome, "cross_check" in record.stages_s) == ("filled", False)
