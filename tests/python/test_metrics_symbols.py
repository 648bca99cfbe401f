"""What is counted beyond the older exporter's families: true values, few series, no number that spoils a sum."""

from __future__ import annotations

import math
from typing import Any

import pytest
from prometheus_client import generate_latest

from mt5_sentinel.errors import Refused, Uncertain
from mt5_sentinel.metric_values import NAME, Words, amount, sound
from mt5_sentinel.metrics import Metrics
from mt5_sentinel.metrics_symbols import CAUSES, OUTCOMES, STAGES
from tests.python.desk_floor import Floor
from tests.python.fakes import HOUR_S, SELL
from tests.python.test_metrics import record, traded, value

SYMBOL = {"symbol": "EURUSD"}


def counting() -> Metrics:
    return Metrics(lambda: 1.0, ["EURUSD"])


def counted(metrics: Metrics, name: str, **labels: str) -> float | None:
    return value(metrics, f"sentinel_{name}", **SYMBOL, **labels)


def series(metrics: Metrics) -> int:
    return sum(len(family.samples) for family in metrics.registry.collect())


def test_what_can_happen_is_counted_from_zero() -> None:
    metrics = counting()
    assert {counted(metrics, "bars_cleaned_total", cause=cause) for cause in CAUSES} == {0}
    assert {counted(metrics, "orders_total", outcome=outcome) for outcome in OUTCOMES} == {0}
    assert {value(metrics, "sentinel_stage_duration_seconds_count", stage=stage) for stage in STAGES} == {0}
    assert value(metrics, "sentinel_scores_count", **{"class": "HOLD"}) == 0


def test_cleaning_decisions_stages_and_scores() -> None:
    metrics = counting()
    one = traded()
    one.dropped, one.repaired = {"duplicate": 60, "null": 2, "invalid": 1, "forming": 1}, 3
    metrics.observe(one)
    told = {cause: counted(metrics, "bars_cleaned_total", cause=cause) for cause in CAUSES}
    assert told == {"duplicate": 60, "null": 2, "invalid": 1, "forming": 1, "repaired": 3}
    assert counted(metrics, "decisions_total", action="BUY", reason="signal") == 1
    assert value(metrics, "sentinel_stage_duration_seconds_sum", stage="fetch") == 0.2
    assert value(metrics, "sentinel_stage_duration_seconds_count", stage="book") == 0
    assert value(metrics, "sentinel_scores_sum", **{"class": "BUY"}) == 0.7
    assert value(metrics, "sentinel_scores_bucket", **{"class": "BUY"}, le="0.6") == 0
    assert value(metrics, "sentinel_scores_bucket", **{"class": "BUY"}, le="0.7") == 1


def test_refusals_of_risk_and_of_the_broker() -> None:
    metrics = counting()
    for changed in (
        {"reason": "refused_spread", "outcome": "refused"},
        {"reason": "retcode_10019", "outcome": "refused", "req_id": "r1", "outcomes": ["refused"]},
        {"reason": "refused_news", "outcome": "filled", "req_id": "r2", "outcomes": ["filled"]},
    ):
        metrics.observe(record(status="done", action="BUY", **changed))
    for reason in ("refused_spread", "retcode_10019", "refused_news"):
        assert counted(metrics, "refusals_total", reason=reason) == 1, reason
    assert counted(metrics, "orders_total", outcome="refused") == 1, "risk sends none"
    assert counted(metrics, "orders_total", outcome="filled") == 1, "the way out, before risk refused the way in"


@pytest.mark.parametrize(
    ("fault", "told"),
    [(None, {"filled": 3}), (Refused("no", "retcode_10019"), {"filled": 1, "refused": 1}),
     (Uncertain("lost", "send_timeout"), {"filled": 1, "unknown": 1})],
)  # fmt: skip
def test_every_order_of_a_cycle_is_counted(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, fault: Exception | None, told: dict[str, int]
) -> None:
    """Turning round takes two orders, and the record's ``outcome`` tells of the last only."""
    floor = Floor(tmp_path, ["EURUSD"])
    metrics = counting()
    try:
        floor.minute()
        floor.models["EURUSD"].scores = SELL
        if fault is not None:

            def send(*_: object) -> None:
                raise fault

            monkeypatch.setattr(floor.desks[0].dealer.broker, "send", send)
        floor.minute(HOUR_S)
    finally:
        monkeypatch.undo()
        floor.close()
    for one in floor.seen:
        metrics.observe(one)
    assert {o: n for o in OUTCOMES if (n := counted(metrics, "orders_total", outcome=o))} == told


HOSTILE = ["", "A B", 'a"b\n', "x" * 10_000, "ß", "\x00", "1", "Retcode", "../../etc"]


def test_the_number_of_series_is_bounded_whatever_comes_from_outside() -> None:
    metrics = counting()
    words = [f"retcode_{k}" for k in range(3000)] + [f"hub_{k}" for k in range(3000)] + HOSTILE
    words += ["made_up_" + "".join(chr(97 + k // 26**i % 26) for i in range(3)) for k in range(3000)]
    for word in words:
        one = record(
            status="failed", reason=word, outcome="refused", action="BUY", hub_error=word, conditions=[word],
            dropped={word: 1}, calls={word: 1}, source=word, stages_s={"fetch": 1.0, word: 1.0}, outcomes=[word],
        )  # fmt: skip
        one.symbol = word
        metrics.observe(one)
    assert series(metrics) < 3000
    assert (value(metrics, "sentinel_cycle_reasons_total", reason="other") or 0) > 5000
    assert (value(metrics, "sentinel_symbol_cycles_total", symbol="other", reason="other") or 0) > 5000
    assert value(metrics, "sentinel_bars_cleaned_total", symbol="other", cause="other") == len(words)
    before = series(metrics)
    for word in words:
        metrics.observe(record(reason=f"{word}_again", conditions=[f"{word}_again"], hub_error=f"{word}_again"))
    assert series(metrics) - before < 500
    generate_latest(metrics.registry)


def test_known_words_are_told_even_after_a_flood() -> None:
    words = Words(["signal"], more=3, numbered=2)
    for k in range(100):
        words.of(f"retcode_{k}")
        words.of("w" + "abcdefghij"[k % 10])
    assert [words.of(word) for word in ("signal", "retcode_0", "retcode_1", "retcode_2", "wa", "wd", "new")] == [
        *("signal", "retcode_0", "retcode_1", "other", "wa", "other", "other")
    ]
    names = Words(more=9, form=NAME)
    assert [names.of(name) for name in ("#US500", "EURUSD.r", "A B", "x" * 41)] == ["#US500", "EURUSD.r"] + [
        "other"
    ] * 2


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf, -1.0, 10**400, 1e308])
def test_broken_arithmetic_reaches_no_sum(broken: Any) -> None:
    metrics = counting()
    one = traded()
    one.finished_s, one.confidence, one.repaired, one.quota_units = one.started_s + 0.5, 0.5, broken, broken
    one.stages_s = dict.fromkeys(STAGES, broken)
    one.scores, one.dropped, one.calls, one.hub_calls = (broken,) * 3, {"null": broken}, {"eodhd": broken}, broken
    metrics.observe(one)
    for family in metrics.registry.collect():
        for sample in family.samples:
            if sample.name.startswith("sentinel_") and not sample.name.startswith("sentinel_scores"):
                assert math.isfinite(sample.value) and sample.value >= 0, sample


def test_sound_numbers() -> None:
    assert [sound(x) for x in (None, math.nan, 1, -2.5)] == [None, None, 1.0, -2.5]
    assert [amount(x) for x in (None, math.nan, 10**400, -1, 3)] == [0.0, 0.0, 0.0, 0.0, 3.0]
