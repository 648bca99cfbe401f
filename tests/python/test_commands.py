"""The commands for a person with a file."""

from __future__ import annotations

import csv
import gzip
import json
import math
from pathlib import Path

import numpy as np
import pytest

from mt5_sentinel import Bars, Model, bundled, catalogue, features
from tests.python import bodies
from tests.python.conftest import Sentinel

NOW_S = 1_700_000_000


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    """Ten good hours; a duplicate, a null row, an impossible row, a row to repair, a forming row."""
    rows = bodies.hourly(NOW_S, 11)
    nulls = rows[3] | dict.fromkeys(("open", "high", "low", "close"))
    rows[5]["high"] = min(rows[5]["open"], rows[5]["close"])
    rows[5]["low"] = rows[5]["high"]
    impossible = rows[7] | {"high": 1.0, "low": 1.2, "timestamp": rows[7]["timestamp"] + 60}
    path = tmp_path / "dirty.json"
    path.write_bytes(bodies.body([*rows, rows[2], nulls | {"timestamp": NOW_S - 90, "datetime": None}, impossible]))
    return path


def test_bars_reports_every_row_by_cause(sentinel: Sentinel, dirty: Path) -> None:
    done = sentinel("bars", dirty, "--symbol", "EURUSD", "--interval", "1h", "--now", str(NOW_S), "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["rows"], report["bars"], report["repaired"], report["gaps"]) == (14, 10, 1, 0)
    assert report["dropped"] == {"duplicate": 1, "null": 1, "invalid": 1, "forming": 1}
    assert (report["symbol"], report["missing"]) == ("EURUSD", 0)


def test_bars_writes_what_it_reads_back(sentinel: Sentinel, dirty: Path, tmp_path: Path) -> None:
    out = tmp_path / "clean.csv"
    assert sentinel("bars", dirty, "--now", str(NOW_S), "--out", out).returncode == 0
    again = sentinel("bars", out, "--now", str(NOW_S), "--json", "--out", tmp_path / "again.csv")
    report = json.loads(again.stdout)
    assert (report["rows"], report["bars"], report["repaired"]) == (10, 10, 0)
    assert out.read_bytes() == (tmp_path / "again.csv").read_bytes()
    packed = tmp_path / "clean.csv.gz"
    packed.write_bytes(gzip.compress(out.read_bytes()))
    assert json.loads(sentinel("bars", packed, "--json").stdout)["bars"] == 10


def test_bars_speaks_to_people_too(sentinel: Sentinel, dirty: Path) -> None:
    done = sentinel("bars", dirty, "--now", "2023-11-14T22:13:20Z")
    assert "14 rows, 10 clean bars" in done.stdout
    assert "1 duplicate" in done.stdout


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'[{"timestamp":1,"open', "cut short"),
        (b"<html></html>", "HTML"),
        (b"", "empty"),
        (b"[]", "no usable bar"),
        (b'[{"timestamp":1660003200,"open":"x","high":1,"low":1,"close":1}]', "row 0, field `open`"),
        (b"\x1f\x8b\x08broken", "gzip"),
    ],
)
def test_a_bad_file_is_one_clear_error_and_nothing_is_written(
    sentinel: Sentinel, tmp_path: Path, content: bytes, text: str
) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    for command in ("bars", "features"):
        done = sentinel(command, path, "--out", tmp_path / "out.csv")
        assert done.returncode == 65
        assert len(done.stderr.splitlines()) == 1
        assert str(path) in done.stderr
        assert text in done.stderr
        assert sorted(tmp_path.iterdir()) == [path]


def test_a_missing_file_and_a_wrong_symbol_are_named(sentinel: Sentinel, tmp_path: Path) -> None:
    missing = sentinel("bars", tmp_path / "none.json")
    assert (missing.returncode, missing.stderr.count("\n")) == (65, 1)
    assert "none.json" in missing.stderr
    wrong = sentinel("bars", tmp_path / "none.json", "--symbol", "../etc")
    assert wrong.returncode == 2
    assert "--symbol" in wrong.stderr


def test_features_are_written_with_round_trip_floats(sentinel: Sentinel, tmp_path: Path) -> None:
    rows = bodies.hourly(NOW_S, 60, forming=False)
    path = tmp_path / "bars.json"
    path.write_bytes(bodies.body(rows))
    assert sentinel("features", path, "--now", str(NOW_S), "--out", tmp_path / "f.csv").returncode == 0
    with (tmp_path / "f.csv").open() as file:
        header, *lines = list(csv.reader(file))
    assert header == ["timestamp", *(spec.name for spec in catalogue())]
    columns = ["timestamp", "open", "high", "low", "close", "volume"]
    matrix = features(Bars.from_columns(*([row[name] for row in rows] for name in columns)))
    written = np.array([[float(cell or "nan") for cell in line[1:]] for line in lines])
    assert np.array_equal(written, matrix, equal_nan=True)
    assert [int(line[0]) for line in lines] == [row["timestamp"] for row in rows]


@pytest.mark.shared
def test_features_agree_with_the_vectors(sentinel: Sentinel, shared: Path, tmp_path: Path) -> None:
    out = tmp_path / "f.csv"
    assert sentinel("features", shared / "bars/GBPUSD_1h_2015_2022.csv.gz", "--out", out).returncode == 0
    with out.open() as ours, (shared / "vectors/features_GBPUSD_1h_first_500.csv").open() as theirs:
        for mine, exact in zip(list(csv.DictReader(ours))[:500], csv.DictReader(theirs), strict=True):
            assert int(mine["timestamp"]) == int(exact["timestamp"])
            for name, cell in exact.items():
                if cell == "":
                    assert mine[name] == "", name
                    continue
                is_difference = name.startswith(("macd", "momentum", "acceleration"))
                allowed = 1e-14 * 1.6 if is_difference else 1e-12 * abs(float(cell))
                assert math.isclose(float(mine[name]), float(cell), rel_tol=0.0, abs_tol=allowed), (
                    name,
                    mine[name],
                    cell,
                )


def test_score_matches_columns_by_name_not_by_position(sentinel: Sentinel, tmp_path: Path) -> None:
    golden = bundled.MODEL / "golden.csv"
    with golden.open() as file:
        header, *lines = list(csv.reader(file))
    turned = tmp_path / "turned.csv"
    turned.write_text("\n".join(",".join(reversed(line)) for line in [header, *lines]) + "\n")
    out = tmp_path / "s.csv"
    done = sentinel("score", "--model", bundled.MODEL, "--rows", turned, "--out", out)
    assert done.returncode == 0, done.stderr
    with out.open() as file:
        names, *scores = list(csv.reader(file))
    assert names == ["sell", "hold", "buy"]
    for line, score in zip(lines, scores, strict=True):
        assert [float(cell) for cell in score] == pytest.approx([float(cell) for cell in line[-3:]], rel=1e-15)


def test_score_takes_bare_rows_with_gaps_and_infinities(sentinel: Sentinel, tmp_path: Path) -> None:
    model = Model.load(bundled.MODEL / "model.txt")
    rows = tmp_path / "rows.csv"
    rows.write_text(",".join(["nan", "", "inf", "-inf", *["0.5"] * 18]) + "\n")
    done = sentinel("score", "--model", bundled.MODEL / "model.txt", "--rows", rows, "--raw")
    header, scores = done.stdout.splitlines()
    assert header == "class_0,class_1,class_2"
    row = [math.nan, math.nan, math.inf, -math.inf, *[0.5] * 18]
    assert [float(cell) for cell in scores.split(",")] == model.score([row], raw=True)[0].tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("return_1,return_5\n1,2\n", "the header lacks 20 of the model's 22 features"),
        ("1,2,3\n", "3 cells where 22 are expected"),
        (",".join(["1"] * 22) + "\n" + ",".join(["1"] * 21 + ["x"]) + "\n", "row 1, field `acceleration_5`"),
        ("", "there are no rows"),
    ],
)
def test_score_names_what_does_not_fit(sentinel: Sentinel, tmp_path: Path, text: str, expected: str) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(text)
    done = sentinel("score", "--model", bundled.MODEL, "--rows", rows, "--out", tmp_path / "s.csv")
    assert done.returncode == 65
    assert expected in done.stderr
    assert str(rows) in done.stderr
    assert not (tmp_path / "s.csv").exists()


def test_score_refuses_a_damaged_model(sentinel: Sentinel, tmp_path: Path) -> None:
    model = tmp_path / "model.txt"
    model.write_bytes((bundled.MODEL / "model.txt").read_bytes()[:5000])
    done = sentinel("score", "--model", model, "--rows", "-")
    assert done.returncode == 78
    assert str(model) in done.stderr


def test_every_command_has_help_with_an_example(sentinel: Sentinel) -> None:
    for command in ("run", "demo", "bars", "features", "score", "model", "journal"):
        done = sentinel(command, "--help")
        assert done.returncode == 0
        assert f"example:\n  {'EODHD_API_TOKEN=demo ' if command == 'run' else ''}mt5-sentinel {command}" in done.stdout


def test_a_journal_that_is_not_there_is_named(sentinel: Sentinel, tmp_path: Path) -> None:
    done = sentinel("journal", "--json", "--journal", tmp_path / "journal.db")
    assert done.returncode == 78
    assert "no journal there" in done.stderr
