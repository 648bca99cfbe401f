"""The parts of the scorers' race that need no forest: clocks, compilers, tables, the sequence model."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from race import agreement, batches, compiling, loads, rows_apart, scorer_report, sequence_model, sequences
from race.clock import Times
from race.outcome import said
from scorer_peers.contract import Run, Steps


def burn(nanoseconds: int) -> None:
    """Use so much CPU time, however busy the machine is."""
    end = time.process_time_ns() + nanoseconds
    while time.process_time_ns() < end:
        pass


def test_rows_apart_go_around_and_are_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr("race.clock.SAMPLE_NS", 1)
    taken = rows_apart.measure([("x", Steps(seen.append, range(5)))], 0.0)
    assert [t.name for t in taken] == [rows_apart.EMPTY_LOOP, rows_apart.EMPTY_CALL, "x"]
    assert seen[2:12] == [0, 1, 2, 3, 4] * 2
    monkeypatch.setattr(rows_apart, "FEW", 2)
    seen.clear()

    def slow(row: int) -> None:
        seen.append(row)
        burn(200_000)

    *_, taken_slowly = rows_apart.measure([("slow", Steps(slow, range(5)))], 0.0)
    assert taken_slowly.median == pytest.approx(200_000, rel=0.5)
    assert seen[2:12] == [0, 1, 2, 3, 4] * 2
    cold = rows_apart.cold([("x", Steps(seen.append, range(5)))], 0.0, 4_096)
    assert [len(t.rounds) for t in cold] == [rows_apart.COLD_ROUNDS[0]] * 2


def test_small_batches_take_turns_and_long_ones_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def prepare(rows: Any) -> Run:
        sizes.append(len(rows))
        return Run(lambda: burn(640_000))

    monkeypatch.setattr("race.clock.SAMPLE_NS", 1)
    rows = np.zeros((2_000, 22))
    (one,) = batches.measure([("x", prepare)], rows, 64, 0.0)
    assert (one.rows, sizes) == (64, [256, *[64] * 16])
    assert one.times.median == pytest.approx(10_000, rel=0.5)
    monkeypatch.setattr(batches, "LONG_S", 1e-9)
    monkeypatch.setattr(batches, "CUT", 1_500)
    (cut,) = batches.measure([("x", prepare)], rows, 2_000, 0.0)
    assert cut.rows == 1_500


def test_a_compiler_is_stopped_and_not_asked_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
    made = compiling.compiled(write, tmp_path / "made", "text")
    assert made.read_text("utf-8") == "text"
    assert compiling.compiled("raise SystemExit(3)", made) == made
    with pytest.raises(RuntimeError, match="failed: ValueError: why"):
        compiling.compiled("raise ValueError('why')", tmp_path / "none")
    monkeypatch.setattr(compiling, "limit_s", 0.2)
    for code in ("import time; time.sleep(60)", write):
        with pytest.raises(TimeoutError, match="within 0 s"):
            compiling.compiled(code, tmp_path / "late", "text")
    monkeypatch.setattr(compiling, "limit_s", 30.0)
    assert compiling.compiled(write, tmp_path / "late", "text").exists()


def test_tables_and_rates() -> None:
    assert [scorer_report.rate(value) for value in (0.4, 9e2, 5e4, 2e9)] == ["2,500 M", "1.11 M", "20 k", "0.5"]
    ours, other = Times("mt5-sentinel, score", [100.0, 200.0]), Times("x", [300.0, 600.0])
    columns = {2: [batches.Batched(ours, 2), batches.Batched(other, 1)]}
    lines = scorer_report.batches(columns, {2: ours})
    assert "| x " in lines[3]
    assert "2.22 M * (3.00)" in lines[3]
    told = [agreement.Told("own", False, None, 0), agreement.Told("x", False, 0.25, 1_234)]
    own, beside = scorer_report.agreement(told, 5_000)[2:]
    assert "not compared" in own
    assert re.search(r"no \| +2\.5e-01 \| +1,234 \|", beside)
    load = loads.Load(1.0, 1024.0, 2.0, 2048.0)
    assert len({line.count("|") for line in scorer_report.loading({"x": [load], "y": [load, load]}, "ab")}) == 1


def test_no_folder_of_this_machine_is_told(tmp_path: Path) -> None:
    assert said(ValueError(f"{tmp_path}/model.onnx:\n broken"), tmp_path) == "model.onnx: broken"


def test_the_sequence_model_is_the_same_each_time(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    for name in ("one", "two"):
        sequence_model.write(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_sequences_are_raced_and_judged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from scorer_peers.by_onnxruntime import session

    class Door:
        off = 0.0

        @classmethod
        def load(cls, path: Path) -> Any:
            door, loaded = cls(), session(path)
            monkeypatch.setattr(
                cls,
                "score",
                lambda _, x: loaded.run(None, {"sequence": x.astype(np.float32)})[0] + cls.off,
                raising=False,
            )
            return door

    monkeypatch.setattr("race.clock.SAMPLE_NS", 1_000)
    monkeypatch.setattr("mt5_sentinel.Model", Door)
    raced = sequences.measure(tmp_path, 0.0)
    assert raced.wrong == []
    assert any(line.startswith(f"| {sequences.BARE} ") for line in raced.lines)
    monkeypatch.setattr(Door, "off", 1e-3)
    assert "off by 1.0e-03" in sequences.measure(tmp_path, 0.0).wrong[0]
