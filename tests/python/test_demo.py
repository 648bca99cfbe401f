"""`mt5-sentinel demo`: the embedded default, from end to end."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from mt5_sentinel import Model, _core, bundled, features, journal
from tests.python.conftest import Sentinel


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


def test_the_demo_replays_decides_trades_and_tells(sentinel: Sentinel, state: Path) -> None:
    done = sentinel("demo", "--state-dir", state)
    assert done.returncode == 0, done.stderr
    for text in ("no promise of profit", "TRADING CYCLE START: 2017-09-11T01:00:58", "Decisions", "signal", "Equity"):
        assert text in done.stdout
    cycles = json.loads(sentinel("journal", "--json", "--journal", state / "demo/journal.db").stdout)
    assert {cycle["status"] for cycle in cycles} == {"done"}
    assert all(cycle["started_utc"].endswith(":58.000Z") for cycle in cycles)
    positions = journal.read_positions(state / "demo/journal.db")
    closed = [one["profit"] for one in positions if one["state"] == "closed"]
    assert len(positions) >= 5
    assert f"{len(positions)} positions of 0.1 lots" in done.stdout
    assert f"{len(closed)} closed: " in done.stdout
    said = re.search(r"Money +([+-][\d,.]+) USD on a deposit of 10,000.00: ([+-][\d,.]+) realised", done.stdout)
    assert said is not None
    assert float(said[1].replace(",", "")) == pytest.approx(_equity(cycles) - 10_000, abs=0.006)
    assert float(said[2].replace(",", "")) == pytest.approx(sum(closed), abs=0.006)
    assert {one["closed_by"] for one in positions} >= {"order", "stop_loss", "take_profit"}
    assert all(one["sl"] is not None and one["tp"] is not None for one in positions), "none is without its stop"


def _equity(cycles: list[dict[str, Any]]) -> float:
    """What the newest cycle that looked at the book saw."""
    (*_, newest) = (cycle["equity"] for cycle in cycles if cycle["equity"] is not None)
    return float(newest)


def test_the_picture_shows_every_order(sentinel: Sentinel, state: Path) -> None:
    positions = journal.read_positions(state / "demo/journal.db")
    picture = ElementTree.parse(state / "demo/replay.svg")  # noqa: S314 - a file of our own
    drawn = Counter(mark.get("class") for mark in picture.iter("{http://www.w3.org/2000/svg}path"))
    assert drawn == Counter({"BUY": "buy", "SELL": "sell"}[one["side"]] for one in positions)
    ends = list(picture.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(ends) == sum(one["closed_by"] in ("stop_loss", "take_profit") for one in positions)


def test_each_decided_bar_is_decided_once_with_one_position_at_a_time(sentinel: Sentinel, state: Path) -> None:
    cycles = json.loads(sentinel("journal", "--json", "--journal", state / "demo/journal.db").stdout)
    decided = [cycle["bar_open_s"] for cycle in cycles if cycle["settled"]]
    assert len(decided) == len(set(decided)) > 1800
    positions = journal.read_positions(state / "demo/journal.db")
    for one, after in itertools.pairwise(positions):
        assert one["closed_utc"] <= after["opened_utc"], "one position at a time"


def test_decisions_follow_from_the_bars_and_the_model(sentinel: Sentinel, state: Path) -> None:
    """The journal's scores are those of the public API on the very bars: batch and live share one path."""
    cycles = json.loads(sentinel("journal", "--json", "--journal", state / "demo/journal.db").stdout)
    rows = _core.parse(bundled.BARS.read_bytes())
    bars = _core.clean(rows, interval_s=3600, now_s=2_000_000_000).bars
    position = {int(time_s): i for i, time_s in enumerate(bars.timestamp)}
    model = Model.load(bundled.MODEL)
    columns = [column.tolist() for column in (bars.timestamp, bars.open, bars.high, bars.low, bars.close, bars.volume)]
    scored = [cycle for cycle in cycles if cycle["confidence"] is not None]
    assert len(scored) > 1800
    for cycle in scored[::150]:
        end = position[cycle["bar_open_s"]] + 1
        window = _core.Bars.from_columns(*(column[max(0, end - 500) : end] for column in columns))
        scores = model.score(features(window)[-1:])[0]
        assert [cycle["score_sell"], cycle["score_hold"], cycle["score_buy"]] == scores.tolist()
        now_s = _core.parse_time(cycle["started_utc"])
        assert now_s is not None
        assert cycle["bar_open_s"] + 3600 <= now_s, "a bar still forming was decided on"
        assert cycle["confidence"] == max(scores)


def test_the_demo_never_touches_a_real_journal(sentinel: Sentinel, tmp_path: Path) -> None:
    real = tmp_path / "journal.db"
    real.write_text("precious")
    assert sentinel("demo", "--state-dir", tmp_path, "--threshold", "0.9").returncode == 0
    assert real.read_text() == "precious"


def test_the_model_was_trained_on_the_part_before_the_replay() -> None:
    model = Model.load(bundled.MODEL)
    assert model.trained_range is not None
    assert model.trained_range[1] < "2017-09-11"
    assert _core.parse_time("2017-09-11") == bundled.REPLAY_FROM_S


def test_the_bundled_model_is_what_the_script_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("lightgbm", reason="lightgbm is not installed")
    from mt5_sentinel.research import train

    monkeypatch.setattr("sys.argv", ["train", "--out", str(tmp_path)])
    train.main()
    for name in ("manifest.toml", "golden.csv", "model.txt"):
        assert (tmp_path / name).is_file()
    ours, again = Model.load(bundled.MODEL), Model.load(tmp_path)
    assert again.trained_range == ours.trained_range
    bars = _core.clean(_core.parse(bundled.BARS.read_bytes()), interval_s=3600, now_s=2_000_000_000).bars
    matrix = features(bars)[1000:]
    # Another processor or LightGBM release may split a tie differently; the model as a whole is the same.
    assert abs(again.score(matrix) - ours.score(matrix)).mean() < 0.02
