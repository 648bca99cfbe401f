"""The plumbing of the race: that its tables, ratios, section, judge and picture say what was measured."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import features_vs_peers
from mt5_sentinel import Bars, catalogue, features
from peers import contract, load
from race import exact, imports, machine, one_bar, picture, report, series
from race.clock import Times, interleaved


def test_columns_are_the_catalogue() -> None:
    assert [spec.name for spec in catalogue()] == list(contract.NAMES)
    assert [spec.first_finite for spec in catalogue()] == list(contract.FIRST_FINITE)


def test_clock_takes_turns_and_ratios_are_of_the_same_round() -> None:
    ticks, turns = itertools.count(), []
    now = 0

    def clock() -> int:
        return now

    def lasts(name: str, nanoseconds: int) -> None:
        nonlocal now
        turns.append(name)
        # Each round is slower than the one before it, for both alike.
        now += nanoseconds * (1 + next(ticks) // 2)

    calls = [("a", lambda: lasts("a", 5_000_000)), ("b", lambda: lasts("b", 15_000_000))]
    fast, slow = interleaved(calls, budget_s=0.0, rounds=(3, 9), clock=clock)
    assert turns[-6:] == ["a", "b"] * 3
    assert len(fast.rounds) == 3
    assert slow.ratio(fast) == 3.0
    assert fast.ratio(slow) == pytest.approx(1 / 3)


def test_short_calls_are_repeated_and_divided() -> None:
    now, called = 0, 0

    def call() -> None:
        nonlocal now, called
        now, called = now + 1_000, called + 1

    (times,) = interleaved([("call", call)], 0.0, (1, 1), lambda: now)
    assert times.rounds == [1_000.0]
    assert called > 4_000


def test_table_and_units() -> None:
    lines = report.table(["", "n"], [["a", "1"], ["bcd", "22"]])
    assert lines == ["|     |  n |", "| --- | -: |", "| a   |  1 |", "| bcd | 22 |"]
    told = [report.duration(value) for value in (12.3, 4_560.0, 999_600.0, 2e6, 1.5e9, 2e12)]
    assert told == ["12.3 ns", "4.56 µs", "1 ms", "2 ms", "1.5 s", "2,000 s"]
    ours, bound = Times("mt5-sentinel, rows", [200.0, 400.0]), Times("fill", [100.0, 200.0])
    assert report.speed(10, [ours, bound], ours, bound)[2:] == [
        "| mt5-sentinel, rows | 300 ns |    30.00 |                 1.00 |   2.00 |",
        "| fill               | 150 ns |    15.00 |                 0.50 |   1.00 |",
    ]
    assert report.best([bound, ours], "mt5") is ours
    assert report.best([bound], "mt5") is None


def test_section_is_replaced_and_the_rest_is_kept() -> None:
    begin, end = report.marks("x")
    first = report.replaced("# Title\n", "x", ["one"])
    assert first == f"# Title\n\n{begin}\n\none\n\n{end}\n"
    assert report.replaced(first + "tail\n", "x", ["two"]) == first.replace("one", "two") + "tail\n"
    both = report.replaced(first, "y", ["two"])
    assert report.replaced(both, "x", ["three"]) == both.replace("one", "three")
    for broken in (begin, end + begin, first + begin, first + end):
        with pytest.raises(ValueError, match="once each"):
            report.replaced(broken, "x", ["one"])


def test_document_has_its_marks() -> None:
    text = features_vs_peers.DOCUMENT.read_text("utf-8")
    assert report.replaced(text, features_vs_peers.SECTION, ["x"]).count("<!-- begin: features,") == 1
    assert features_vs_peers.PICTURE.name in text


def test_judge_knows_exact_from_wrong() -> None:
    bars = series.recorded(60)
    truth = exact.columns(bars)
    rounded = np.array([[math.nan if v is None else float(v) for v in column] for column in truth]).T
    ours = features(Bars.from_columns(*bars))
    for matrix in (rounded, ours):
        verdict = exact.judge(matrix, truth, bars.close)
        assert verdict.misplaced == ""
        assert verdict.share < 0.1
    wrong = rounded.copy()
    wrong[40, 7] *= 1 + 3e-12
    verdict = exact.judge(wrong, truth, bars.close)
    assert verdict.column == "volatility_10"
    assert verdict.share == pytest.approx(3, rel=1e-3)
    assert exact.judge(wrong, truth, bars.close, first=41).share < 0.1
    wrong[40, 7] = math.nan
    assert exact.judge(wrong, truth, bars.close).misplaced == "volatility_10[40] is nan"
    early = rounded.copy()
    early[0, 0] = 0.0
    assert exact.judge(early, truth, bars.close).misplaced == "return_1[0] is 0.0"


def test_exact_columns_by_hand() -> None:
    bars = series.walk(30)._replace(close=np.arange(1.0, 31.0), volume=np.zeros(30))
    table = dict(zip(contract.NAMES, exact.columns(bars), strict=True))
    assert table["sma_10"][9] == Decimal("5.5")
    assert table["rsi_14"][14] == 100
    assert table["volume_sma_20"][19] == 0
    assert table["volume_ratio_20"][29] is None
    assert [table["acceleration_5"][bar] for bar in (9, 10)] == [None, 0]
    first = [
        next(i for i, v in enumerate(column) if v is not None)
        for name, column in table.items()
        if "ratio_20" not in name
    ]
    assert first == [f for n, f in zip(contract.NAMES, contract.FIRST_FINITE, strict=True) if "ratio_20" not in n]


def test_series_are_possible_bars_and_the_same_each_time() -> None:
    assert all(np.array_equal(a, b) for a, b in zip(series.walk(500), series.walk(500), strict=True))
    for bars in (series.walk(50_000), series.shifted(series.recorded(400)), series.with_outlier(series.walk(99), 9, 3)):
        assert len(Bars.from_columns(*bars)) == len(bars.close)


def test_a_wrong_peer_ends_the_race(monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare(bars: contract.Columns, memory: contract.Memory) -> contract.Run:
        return contract.Run(lambda: memory.rows, np.array)

    liar = contract.Peer("liar", "1", prepare)
    monkeypatch.setattr(features_vs_peers, "JUDGED", 450)
    _, wrong = features_vs_peers.judged([liar])
    assert wrong[0].startswith("liar: return_1[0]")
    monkeypatch.setattr("peers.load", lambda _: ([liar], {}))
    monkeypatch.setattr(machine, "pin", lambda: "")
    assert features_vs_peers.main(["--write"]) == 1


def test_the_whole_race_in_small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {"SMALL": 150, "RECORDED": 302, "MIDDLE": 160, "JUDGED": 420, "ROOT": tmp_path}.items():
        monkeypatch.setattr(features_vs_peers, name, value)
    monkeypatch.setattr(features_vs_peers, "DOCUMENT", tmp_path / "B.md")
    monkeypatch.setattr(features_vs_peers, "PICTURE", tmp_path / "B.svg")
    monkeypatch.setattr(machine, "pin", lambda: "not pinned to a core")
    monkeypatch.setattr(imports, "cost", lambda _: imports.Cost(1.0, 1024.0))
    monkeypatch.setattr("race.clock.SAMPLE_NS", 1_000)
    (tmp_path / "B.md").write_text("# Head\n", "utf-8")
    assert features_vs_peers.main(["--write", "--seconds", "0", "--only", "by_sentinel", "fill"]) == 0
    text = (tmp_path / "B.md").read_text("utf-8")
    for wanted in (
        "### 150 bars",
        "### 302 bars",
        "mt5-sentinel, columns",
        "ndarray.fill",
        "1.00 MB",
        one_bar.EMPTY_CALL,
    ):
        assert wanted in text
    ET.parse(tmp_path / "B.svg")  # noqa: S314 # written above


def test_a_missing_library_is_named() -> None:
    found, absent = load(("fill", "by_nothing"))
    assert found[0].name.startswith("fill")
    assert "by_nothing" in absent["nothing"]


def test_picture_is_logarithmic() -> None:
    text = "".join(picture.svg("a < b", {"x & y": [("mt5-sentinel", 10.0), ("fill", 1.0), ("pandas", 999.0)]}))
    root = ET.fromstring(text)  # noqa: S314 # written above
    widths = [float(r.attrib["width"]) for r in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths[1] == 1.0
    assert widths[2] == pytest.approx(3 * widths[0], rel=1e-3)
