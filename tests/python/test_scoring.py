"""Who scores in each mode, what a failure costs, and what the record is told."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import _core, scoring
from mt5_sentinel.errors import CorePanic, Misconfigured, SentinelError, Transient, Unusable
from mt5_sentinel.scoring import Scoring, check, read_mode
from mt5_sentinel.settings import Settings
from mt5_sentinel.types import CycleRecord
from tests.python import bodies

NOW_S = 1_700_049_658
BUY, SELL, NEAR_BUY = [0.1, 0.2, 0.7], [0.7, 0.2, 0.1], [0.1, 0.1875, 0.7125]
DOWN = Transient("nobody at home", "hub_unreachable")
FAULTS = [DOWN, Unusable("an odd answer", "bad_hub_answer"), Misconfigured("no JSON", "hub_415")]


class Model:
    """Always these scores, or this error; counts how often it is asked."""

    def __init__(self, scores: list[float] | Exception, steps: int = 1, layout: str = "catalogue") -> None:
        self.scores, self.steps, self.layout = scores, steps, layout
        self.asked: list[list[list[float]]] = []

    def score_rows(self, rows: list[list[float]]) -> list[float]:
        self.asked.append(rows)
        if isinstance(self.scores, Exception):
            raise self.scores
        return self.scores


@pytest.fixture(scope="module")
def bars() -> _core.Bars:
    return _core.clean(_core.parse(bodies.body(bodies.hourly(NOW_S))), interval_s=3600, now_s=NOW_S).bars


@pytest.fixture
def record() -> CycleRecord:
    return CycleRecord(symbol="EURUSD", mode="dry-run", started_s=NOW_S)


def failure(of: Scoring, bars: _core.Bars, record: CycleRecord) -> SentinelError:
    with pytest.raises(SentinelError) as caught:
        of.score(bars, record)
    assert record.scored_by is None
    return caught.value


@pytest.mark.parametrize("mode", ["local", "hub"])
def test_one_model_alone_scores_and_fails_alone(mode: Any, bars: _core.Bars, record: CycleRecord) -> None:
    other = Model(SELL)
    both = {"local": other, "hub": other} | {mode: Model(BUY)}
    assert Scoring(mode, **both).score(bars, record) == tuple(BUY)
    assert (record.scored_by, record.other_scores, record.conditions, other.asked) == (mode, None, [], [])
    record.scored_by = None
    both[mode] = Model(DOWN)
    assert failure(Scoring(mode, **both), bars, record) is DOWN
    assert other.asked == [], "no silent fallback"


def test_the_local_mode_needs_no_hub_and_each_model_has_its_rows(bars: _core.Bars, record: CycleRecord) -> None:
    local = Model(BUY)
    Scoring("local", local=local).score(bars, record)
    assert local.asked == [_core.latest_rows(bars, 1)]
    older = Model(BUY, 60, "legacy23")
    Scoring("shadow", local=local, hub=older).score(bars, record)
    assert older.asked == [_core.latest_rows(bars, 60, "legacy23")]


@pytest.mark.parametrize("trades", ["local", "hub"])
def test_the_hub_is_asked_once_a_bar_and_a_disagreement_told_once(
    trades: Any, bars: _core.Bars, record: CycleRecord, caplog: pytest.LogCaptureFixture
) -> None:
    hub, local = Model(SELL), Model(BUY)
    both = Scoring("shadow", local, hub, trades=trades)
    for _ in range(3):
        assert both.score(bars, record) == tuple(BUY if trades == "local" else SELL)
    assert (len(hub.asked), record.conditions, caplog.text.count("disagree by")) == (1, ["hub_disagrees"], 1)
    rows = _core.RawRows.from_rows(bars.rows()[:-1])
    both.score(_core.clean(rows, interval_s=3600, now_s=NOW_S).bars, record)
    assert (len(hub.asked), len(record.conditions)) == (2, 2), "other rows are another question"


def test_a_hub_that_failed_is_asked_again(bars: _core.Bars, record: CycleRecord) -> None:
    hub = Model(DOWN)
    both = Scoring("hub_with_local_fallback", Model(SELL), hub)
    both.score(bars, record)
    hub.scores = BUY
    assert both.score(bars, record) == tuple(BUY)
    assert record.scored_by == "hub"


def test_while_the_hub_scores_the_local_model_rests(bars: _core.Bars, record: CycleRecord) -> None:
    hub, local = Model(BUY), Model(SELL)
    assert Scoring("hub_with_local_fallback", local, hub).score(bars, record) == tuple(BUY)
    assert (record.scored_by, record.conditions, local.asked) == ("hub", [], [])


@pytest.mark.parametrize("fault", FAULTS)
def test_the_local_model_stands_in_and_says_so(
    fault: SentinelError, bars: _core.Bars, record: CycleRecord, caplog: pytest.LogCaptureFixture
) -> None:
    assert Scoring("hub_with_local_fallback", Model(SELL), Model(fault)).score(bars, record) == tuple(SELL)
    assert (record.scored_by, record.conditions, record.other_scores) == ("local", ["hub_fallback"], None)
    (line,) = [entry for entry in caplog.records if entry.levelno == logging.WARNING]
    assert fault.reason in line.getMessage()
    assert str(fault) in line.getMessage()


def test_when_both_fail_it_is_the_local_models_failure(bars: _core.Bars, record: CycleRecord) -> None:
    local = Unusable("no row", "bad_row")
    assert failure(Scoring("hub_with_local_fallback", Model(local), Model(DOWN)), bars, record) is local
    assert record.conditions == ["hub_fallback"]


@pytest.mark.parametrize("mode", ["hub_with_local_fallback", "shadow"])
def test_a_bug_is_no_fault_of_the_hub(mode: Any, bars: _core.Bars, record: CycleRecord) -> None:
    for bug in (CorePanic("it panicked", "core_panic"), KeyError("a bug")):
        with pytest.raises(type(bug)):
            Scoring(mode, Model(BUY), Model(bug)).score(bars, record)


@pytest.mark.parametrize("trades", ["local", "hub"])
def test_in_shadow_one_trades_and_both_are_written(trades: Any, bars: _core.Bars, record: CycleRecord) -> None:
    models: dict[str, Any] = {"local": Model(BUY), "hub": Model(BUY)}
    models[trades] = Model(NEAR_BUY)
    assert Scoring("shadow", **models, trades=trades).score(bars, record) == tuple(NEAR_BUY)
    assert (record.scored_by, record.other_scores, record.conditions) == (trades, tuple(BUY), [])


@pytest.mark.parametrize(("trades", "other"), [("local", "hub"), ("hub", "local")])
def test_in_shadow_the_other_models_failure_costs_nothing(
    trades: Any, other: str, bars: _core.Bars, record: CycleRecord, caplog: pytest.LogCaptureFixture
) -> None:
    for fault in (*FAULTS, Unusable("too few", "history_too_short")):
        record.conditions = []
        models: dict[str, Any] = {trades: Model(BUY), other: Model(fault)}
        assert Scoring("shadow", **models, trades=trades).score(bars, record) == tuple(BUY)
        assert (record.scored_by, record.conditions, record.other_scores) == (trades, [f"{other}_failed"], None)
        assert fault.reason in caplog.text


@pytest.mark.parametrize(("trades", "other"), [("local", "hub"), ("hub", "local")])
def test_in_shadow_the_trading_models_failure_is_the_cycles(
    trades: Any, other: str, bars: _core.Bars, record: CycleRecord
) -> None:
    models: dict[str, Any] = {trades: Model(DOWN), other: Model(BUY)}
    assert failure(Scoring("shadow", **models, trades=trades), bars, record) is DOWN
    assert (record.other_scores, record.conditions) == (None, [])


def test_a_history_too_short_for_the_hub_alone_costs_no_trade(record: CycleRecord) -> None:
    count = _core.needed_bars_for(1) + 1
    few = _core.clean(_core.parse(bodies.body(bodies.hourly(NOW_S, count))), interval_s=3600, now_s=NOW_S).bars
    assert Scoring("shadow", Model(BUY), Model(BUY, 60, "legacy23")).score(few, record) == tuple(BUY)
    assert record.conditions == ["hub_failed"]


def test_disagreement_begins_beyond_the_tolerance(
    bars: _core.Bars, record: CycleRecord, caplog: pytest.LogCaptureFixture
) -> None:
    distance = _core.compare_scores(BUY, NEAR_BUY)
    assert distance == pytest.approx(0.0125)
    Scoring("shadow", Model(BUY), Model(NEAR_BUY), tolerance=distance).score(bars, record)
    assert (record.conditions, caplog.text) == ([], "")
    Scoring("shadow", Model(BUY), Model(NEAR_BUY), tolerance=0.0124).score(bars, record)
    assert record.conditions == ["hub_disagrees"]
    assert "SELL 0.1000, HOLD 0.2000, BUY 0.7000" in caplog.text
    assert "SELL 0.1000, HOLD 0.1875, BUY 0.7125" in caplog.text


@pytest.mark.parametrize("answer", [[0.97], [0.5, 0.5, float("nan")], [0.5, 0.5, 0.5], []])
def test_half_an_answer_is_none_whoever_gives_it(answer: list[float], bars: _core.Bars, record: CycleRecord) -> None:
    assert failure(Scoring("local", local=Model(answer)), bars, record).reason == "bad_scores"
    Scoring("shadow", Model(BUY), Model(answer)).score(bars, record)
    assert record.conditions == ["hub_failed"]


@pytest.mark.parametrize("mode", scoring.MODES)
def test_a_mode_without_its_models_is_refused_at_once(mode: Any) -> None:
    for who in scoring.asked(mode):
        models: dict[str, Any] = {"local": Model(BUY), "hub": Model(BUY)} | {who: None}
        with pytest.raises(Misconfigured, match=f"needs a {who} model"):
            Scoring(mode, **models)
    all_asked: dict[str, Any] = {who: Model(BUY) for who in scoring.asked(mode)}
    Scoring(mode, **all_asked)


def test_the_word_model_is_a_mode_or_in_short_a_bundle() -> None:
    assert read_mode(Settings()) == ("local", "bundled")
    for mode in scoring.MODES:
        assert read_mode(Settings(model=mode, model_bundle="/b")) == (mode, "/b")
    assert read_mode(Settings(model="bundled")) == ("local", "bundled")
    assert read_mode(Settings(model="/a/model.zip")) == ("local", "/a/model.zip")
    assert read_mode(Settings(model="./hub")) == ("local", "./hub"), "a folder of that name"
    assert read_mode(Settings(model="/a", model_bundle="/a")) == ("local", "/a")
    with pytest.raises(Misconfigured, match="model names the bundle '/a' and model_bundle '/b'; name one"):
        read_mode(Settings(model="/a", model_bundle="/b"))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"model": "hub"}, "hub_host: model = hub needs the scoring server's host"),
        ({"model": "shadow"}, "hub_host: model = shadow"),
        ({"model": "hub_with_local_fallback"}, "hub_host: model = hub_with_local_fallback"),
        ({"model": "hub", "hub_host": "http://hub"}, "hub_host: 'http://hub' is no host"),
        ({"model": "hub", "hub_host": "hub:5001"}, "the port is hub_port"),
        ({"model": "hub", "hub_host": "hub one"}, "is no host"),
        (
            {"model": "hub", "hub_host": "h", "hub_form": "legacy_pair", "history_bars": 100},
            "history_bars: 100 is too few",
        ),
        ({"model": "hub_with_local_falback"}, "did you mean `hub_with_local_fallback`?"),
        ({"model": "Shadow"}, "did you mean `shadow`?"),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_name(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        check(Settings(**changed))
    assert told in str(caught.value)


def test_settings_that_fit_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check(Settings())
    check(Settings(model="/not/there"))
    for host in ("hub", "hub.example.com", "192.0.2.1", "::1", "hub_1"):
        check(Settings(model="hub", hub_host=host, hub_form="legacy_pair"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shadows").mkdir()
    check(Settings(model="shadows"))
