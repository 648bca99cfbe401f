"""The plumbing of the scorers' race: that it judges, compiles, times and reports what it says."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import mt5_sentinel as sentinel
import scorer_vs_peers
from mt5_sentinel import Bars
from race import (
    agreement,
    forests,
    loads,
    machine,
    rows_apart,
)
from race.outcome import Place
from scorer_peers import by_lightgbm, by_lightgbm_c, by_sentinel, load
from scorer_peers.contract import Peer, Run, Scorer, Steps

TINY = forests.Size("a", 2, 4)
YEARS, BARS = 1, 900


@pytest.fixture(scope="module")
def forest(tmp_path_factory: pytest.TempPathFactory) -> forests.Forest:
    return forests.trained(TINY, tmp_path_factory.mktemp("models"), YEARS, BARS)


@pytest.fixture(scope="module")
def known(forest: forests.Forest) -> agreement.Truth:
    return agreement.truth(forest, forests.unseen(100, BARS))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, forest: forests.Forest) -> Iterator[Path]:
    """The whole race in small, written to a folder."""
    document = tmp_path / "B.md"
    document.write_text("# Head\n", "utf-8")
    place = Place(document, "scorer", tmp_path / "B.svg", "title")
    settings: dict[str, Any] = {
        "PLACE": place,
        "CACHE": forest.folder.parent,
        "SIZES": (TINY,),
        "YEARS": YEARS,
        "BARS": BARS,
        "COUNTS": (1, 5),
        "SINGLE": 8,
        "JUDGED": 60,
    }
    for name, value in settings.items():
        monkeypatch.setattr(scorer_vs_peers, name, value)
    monkeypatch.setattr(machine, "pin", lambda: "not pinned to a core")
    monkeypatch.setattr(rows_apart, "COLD_ROUNDS", (2, 2))
    monkeypatch.setattr(rows_apart, "WALKED_BYTES", 4_096)
    monkeypatch.setattr(loads, "cost", lambda *_: loads.Load(1.0, 1024.0, 2.0, 2048.0))
    monkeypatch.setattr("race.clock.SAMPLE_NS", 1_000)
    yield document


def test_variants_are_possible_bars_and_the_same_each_time() -> None:
    for number in (0, 1_000):
        bars = forests.variant(number, BARS)
        assert len(Bars.from_columns(*bars)) == BARS
        assert all(np.array_equal(a, b) for a, b in zip(bars, forests.variant(number, BARS), strict=True))
    rows, labels = forests.training(2, BARS)
    assert len(rows) == len(labels)
    assert np.bincount(labels).min() > len(labels) * 0.25
    unseen = forests.unseen(2_000, BARS)
    assert unseen.shape == (2_000, 22)
    assert len(np.unique(np.concatenate((unseen, rows)), axis=0)) == 2_000 + len(rows)


def test_a_forest_has_its_size_or_is_refused(forest: forests.Forest, tmp_path: Path) -> None:
    assert sentinel.Model.load(forest.text).num_trees == TINY.trees == 6
    assert forest.title == "a: 6 trees × 4 leaves"
    with pytest.raises(ValueError, match="leaves in the median"):
        forests.trained(forests.Size("a", 1, 5_000), tmp_path, YEARS, BARS)


@pytest.mark.parametrize("module", [by_sentinel, by_lightgbm, by_lightgbm_c])
def test_exact_peers_are_exact(module: Any, forest: forests.Forest, known: agreement.Truth) -> None:
    (peer,) = module.PEERS
    told, wrong = agreement.judge(peer, peer.open(forest), known)
    assert wrong == []
    assert all(one.equal and one.largest == 0.0 and one.strays == 0 for one in told)


def _scorer(known: agreement.Truth, raw: Any = None, batch: Any = None, row: Any = None) -> Scorer:
    some = known.probability if batch is None else batch
    one = known.probability if row is None else row
    return Scorer(
        "liar",
        lambda rows: Steps(lambda index: one[index], range(len(rows))),
        lambda rows: Run(lambda: some[: len(rows)]),
        lambda _: known.raw if raw is None else raw,
    )


def test_judge_knows_right_from_wrong(known: agreement.Truth) -> None:
    def judged(scorer: Scorer, exact: bool = False, own_model: bool = False) -> list[str]:
        return agreement.judge(Peer("liar", "1", lambda _: [scorer], exact, own_model), [scorer], known)[1]

    assert judged(_scorer(known), exact=True) == []
    bit = known.raw.copy()
    bit[7, 1] = np.nextafter(bit[7, 1], 9.0)
    assert "differ from LightGBM's" in judged(_scorer(known, raw=bit), exact=True)[0]
    assert judged(_scorer(known, raw=bit)) == []
    few, many = known.probability.copy(), known.probability.copy()
    few[3] += 1e-3
    many[:20] += 1e-3
    assert judged(_scorer(known, batch=few)) == []
    assert "off by 1.0e-03" in judged(_scorer(known, batch=few), exact=True)[0]
    assert judged(_scorer(known, batch=many)) == ["liar: many rows: 20.0% of the rows are off by more than 1e-05"]
    assert "one row: 31.2%" in judged(_scorer(known, row=many))[0]
    assert "sum to 1" in judged(_scorer(known, batch=many, raw=known.raw), own_model=True)[-1]
    many[0, 0] = np.nan
    assert "finite" in judged(_scorer(known, batch=many))[0]
    assert "finite" in judged(_scorer(known, raw=known.raw[:, :2]))[0]
    told, _ = agreement.judge(Peer("x", "1", lambda _: []), [_scorer(known, raw=known.raw + 1e-4)], known)
    assert told[0].strays == len(known.rows)


def test_a_load_is_measured_in_an_interpreter_of_its_own(forest: forests.Forest) -> None:
    loading = by_sentinel.PEERS[0].loading
    assert loading is not None
    cost = loads.cost(loading, loading.files(forest), times=1)
    assert 0 < cost.load_ms < 10_000
    assert 0 < cost.import_ms < 10_000
    assert cost.import_kib > 100


def test_the_whole_race_in_small(small: Path) -> None:
    peers = ["by_sentinel", "by_lightgbm", "by_lightgbm_c"]
    assert scorer_vs_peers.main(["--write", "--seconds", "0", "--only", *peers]) == 0
    text = small.read_text("utf-8")
    wanted = [
        "<!-- begin: scorer,",
        "### Model a: 6 trees × 4 leaves",
        rows_apart.EMPTY_LOOP,
        rows_apart.EMPTY_CALL,
        rows_apart.COLD_CALL,
        "mt5-sentinel, score_row",
        "LightGBM, Python",
        "### LSTM 64×2",
        "2.0 MB",
        f"LightGBM {by_lightgbm.PEERS[0].version}",
    ]
    assert [line for line in wanted if line not in text] == []
    assert text.count("| LightGBM, C ") == 4  # one row, batches, cold, agreement
    ET.parse(small.with_suffix(".svg"))  # noqa: S314 # written above


def test_a_wrong_peer_ends_the_race(small: Path, monkeypatch: pytest.MonkeyPatch, known: agreement.Truth) -> None:
    liar = Peer("liar", "1", lambda _: [_scorer(known, raw=known.raw[:60] + 1e-4)])
    monkeypatch.setattr("scorer_peers.load", lambda _: ([*by_sentinel.PEERS, liar], {}))
    assert scorer_vs_peers.main(["--write", "--seconds", "0"]) == 1
    assert small.read_text("utf-8") == "# Head\n"


def test_who_cannot_load_is_told_and_the_race_goes_on(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(forest: forests.Forest) -> list[Scorer]:
        problem = f"{forest.folder}/x: it did not finish compiling within 1 s"
        raise TimeoutError(problem)

    monkeypatch.setattr("scorer_peers.load", lambda _: ([*by_sentinel.PEERS, Peer("slow", "1", late)], {"gone": "no"}))
    assert scorer_vs_peers.main(["--write", "--seconds", "0"]) == 0
    text = small.read_text("utf-8")
    assert "- gone takes no part: no" in text
    assert "- slow takes no part with model a: a_6x4/x: it did not finish compiling within 1 s" in text


def test_document_has_its_marks() -> None:
    text = scorer_vs_peers.PLACE.document.read_text("utf-8")
    assert text.count("<!-- begin: scorer,") == text.count("<!-- end: scorer,") == 1
    assert scorer_vs_peers.PLACE.picture.name in text


def test_a_missing_library_is_named() -> None:
    found, absent = load(("by_sentinel", "by_nothing"))
    assert [peer.name for peer in found] == ["mt5-sentinel"]
    assert "by_nothing" in absent["nothing"]
    assert sys.modules["scorer_peers.by_sentinel"]
