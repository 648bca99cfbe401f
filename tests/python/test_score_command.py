"""`mt5-sentinel score`: rows of every kind of CSV in, one header and one line a row out, or one clear error."""

from __future__ import annotations

import csv
import gzip
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from mt5_sentinel import Model, _core, bundled
from mt5_sentinel.errors import Unusable
from tests.python.conftest import Sentinel

NAMES = ["a", "b", "c"]


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.load(bundled.MODEL)


def read(path: Path) -> tuple[list[str], list[list[float]]]:
    with path.open(encoding="utf-8") as file:
        header, *lines = list(csv.reader(file))
    return header, [[float(cell) for cell in line] for line in lines]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"c,b,a\n1,2,3\n", [[3, 2, 1]]),
        (b"\xef\xbb\xbfx, b ,a,c\nnoise,2,3,4\n", [[3, 2, 4]]),
        (b"1,2,3\n", [[1, 2, 3]]),
        (b"1e-3,+.5,2.\r\n\r\n-1,0,9", [[0.001, 0.5, 2], [-1, 0, 9]]),
        (b'"a","b","c"\n"1",2,3\n', [[1, 2, 3]]),
        (b"nan,,inf\n NA ,null,-Infinity\n", [[np.nan, np.nan, np.inf], [np.nan, np.nan, -np.inf]]),
        (b"a,b,c\n", []),
        (b"3,1,2\n", [[3, 1, 2]]),
    ],
)
def test_rows_are_read_by_name_or_by_position(body: bytes, expected: list[list[float]]) -> None:
    for given in (body, gzip.compress(body)):
        rows = _core.read_rows(given, NAMES)
        assert rows.shape == (len(expected), 3)
        assert np.array_equal(rows, np.array(expected).reshape(-1, 3), equal_nan=True)


def test_made_up_names_are_no_names() -> None:
    for names in (["Column_0", "Column_1"], ["f0", "f1"], ["0", "1"]):
        assert _core.read_rows(b"open,close\n1,2\n", names).tolist() == [[1, 2]]
    assert _core.read_rows(b"f1,f0\n1,2\n", ["f0", "f1"]).tolist() == [[2, 1]]
    with pytest.raises(Unusable, match="lacks 1 of the model's 2 features: f1"):
        _core.read_rows(b"f0,close\n1,2\n", ["f0", "f1"])


def test_names_that_are_numbers_are_names() -> None:
    for names in (["0", "1", "2"], ["2020", "2021", "2022"]):
        body = ",".join(names[::-1]) + "\n5,6,7\n"
        assert _core.read_rows(body.encode(), names).tolist() == [[7, 6, 5]]


@pytest.mark.parametrize("names", [["Column_0", "Column_1", "Column_2"], ["f0", "f1", "f2"], ["0", "1", "2"]])
def test_a_damaged_first_row_is_not_dropped_as_a_header(names: list[str]) -> None:
    with pytest.raises(Unusable, match=f'row 0, field `{names[1]}`: "abc" is not a number'):
        _core.read_rows(b"1.0,abc,3.0\n1,2,3\n", names)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "there are no rows"),
        (b"a,b\n1,2\n", "the header lacks 1 of the model's 3 features: c"),
        (b"a,b,c,a\n1,2,3,4\n", "names `a` more than once"),
        (b"1,2\n", "row 0 .*2 cells where 3 are expected"),
        (b"1,2,3\n1,2,3,4\n", "row 1 .*4 cells where 3 are expected"),
        (b"a,c,b\n1,2,3\n1,2,x\n", 'row 1, field `b`: "x" is not a number'),
        (b"1,2,3\n1,2,1_0\n", 'row 1, field `c`: "1_0"'),
        (b"1,2,3\n1,2,0x10\n", "row 1, field `c`"),
        (b"1,2,3\n1,2,\xff\n", "row 1, field `c`"),
        (b"\x1f\x8b\x08broken", "gzip"),
        (b"1,2,3\n1,2," + b"9" * 10_000 + b"z\n", "row 1, field `c`"),
    ],
)
def test_what_is_wrong_is_named_by_row_and_column(body: bytes, text: str) -> None:
    with pytest.raises(Unusable, match=text) as error:
        _core.read_rows(body, NAMES)
    assert len(str(error.value)) < 300


def test_sequences_are_consecutive_blocks_of_rows() -> None:
    body = b"a\n" + b"".join(b"%d\n" % i for i in range(6))
    assert _core.read_rows(body, ["a"], 3).tolist() == [[[0], [1], [2]], [[3], [4], [5]]]
    assert _core.read_rows(body, ["a"], 1).shape == (6, 1, 1)
    for steps in (4, 0):
        with pytest.raises(Unusable, match=f"6 rows are no whole number of sequences of {steps}"):
            _core.read_rows(body, ["a"], steps)


def test_a_file_as_features_writes_it_is_scored_through_a_pipe(
    sentinel: Sentinel, model: Model, tmp_path: Path
) -> None:
    rows = np.random.default_rng(5).normal(size=(7, 22)) * 0.01
    rows[2, 3] = np.nan
    text = ",".join(["timestamp", *model.feature_names]) + "\n"
    text += "".join(
        f"{i}," + ",".join("" if np.isnan(x) else repr(float(x)) for x in row) + "\n" for i, row in enumerate(rows)
    )
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    done = sentinel("score", "--model", bundled.MODEL, "--rows", path, "--raw", "--out", tmp_path / "s.csv")
    assert done.returncode == 0, done.stderr
    header, scores = read(tmp_path / "s.csv")
    assert header == ["sell", "hold", "buy"]
    assert scores == model.score(rows, raw=True).tolist()


def test_a_header_alone_gives_a_header(sentinel: Sentinel, model: Model, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(",".join(model.feature_names) + "\n")
    assert sentinel("score", "--model", bundled.MODEL, "--rows", path).stdout == "sell,hold,buy\n"


def test_many_rows_are_written_in_blocks_and_none_is_lost(sentinel: Sentinel, model: Model, tmp_path: Path) -> None:
    rows = np.random.default_rng(6).normal(size=(12_345, 22)) * 0.01
    path, out = tmp_path / "rows.csv", tmp_path / "s.csv"
    path.write_text("".join(str(row)[1:-1] + "\n" for row in rows.tolist()))
    began = time.monotonic()
    done = sentinel("score", "--model", bundled.MODEL, "--rows", path, "--out", out)
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 60, "a minute for what takes a second"
    assert read(out)[1] == model.score(rows).tolist()


def test_a_failure_leaves_the_old_output(sentinel: Sentinel, tmp_path: Path) -> None:
    out, rows = tmp_path / "s.csv", tmp_path / "rows.csv"
    out.write_text("kept")
    rows.write_text("1,2\n")
    done = sentinel("score", "--model", bundled.MODEL, "--rows", rows, "--out", out)
    assert (done.returncode, out.read_text()) == (65, "kept")
    assert sorted(tmp_path.iterdir()) == [rows, out]


def test_an_output_never_replaces_what_it_is_made_of(sentinel: Sentinel, tmp_path: Path) -> None:
    model, rows, bundle = tmp_path / "m.txt", tmp_path / "rows.csv", tmp_path / "bundle"
    model.write_bytes((bundled.MODEL / "model.txt").read_bytes())
    rows.write_text(",".join(["0.1"] * 22) + "\n")
    shutil.copytree(bundled.MODEL, bundle)
    (tmp_path / "link.csv").symlink_to(rows)
    cases = [(model, model, "--model"), (model, rows, "--rows"), (model, tmp_path / "link.csv", "--rows")]
    cases.append((bundle, bundle / "s.csv", "--model"))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    told = [(sentinel("score", "--model", of, "--rows", rows, "--out", out), flag) for of, out, flag in cases]
    for done, flag in told:
        assert (done.returncode, f"would replace or alter what {flag} reads" in done.stderr) == (78, True), done.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_help_names_every_format_and_a_missing_file_once(sentinel: Sentinel) -> None:
    said = " ".join(sentinel("score", "--help").stdout.split())
    for name in ("LightGBM", "XGBoost", "linear TOML", "ONNX", "bundle"):
        assert name in said.split("--model M ")[-1].split("--rows")[0]
    done = sentinel("score", "--model", bundled.MODEL, "--rows", "nope.csv")
    assert (done.returncode, done.stderr.count("nope.csv")) == (65, 1)


def test_explanations_stand_beside_the_scores(sentinel: Sentinel, model: Model, tmp_path: Path) -> None:
    rows = np.random.default_rng(7).normal(size=(3, 22)) * 0.01
    path, out = tmp_path / "rows.csv", tmp_path / "s.csv"
    path.write_text("".join(str(row)[1:-1] + "\n" for row in rows.tolist()))
    done = sentinel("score", "--model", bundled.MODEL, "--rows", path, "--raw", "--explain", "--out", out)
    assert done.returncode == 0, done.stderr
    header, lines = read(out)
    assert header[:5] == ["sell", "hold", "buy", "sell:return_1", "sell:return_5"] or header[3] == "sell:return_1"
    assert (header[25], header[-1], len(header)) == ("sell:expected", "buy:expected", 3 + 3 * 23)
    for line in lines:
        sums = np.array(line[3:]).reshape(3, 23).sum(axis=1)
        np.testing.assert_allclose(sums, line[:3], rtol=0, atol=1e-9)


def test_sequence_models_take_blocks(sentinel: Sentinel, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx makes the graph of this test")
    pytest.importorskip("onnxruntime", reason="onnxruntime is the extra `onnx`")
    from tests.python import onnx_graphs as graphs

    path, rows, out = tmp_path / "m.onnx", tmp_path / "rows.csv", tmp_path / "s.csv"
    path.write_bytes(graphs.lstm(hidden=4, layers=1, steps=5, width=3, metadata={"feature_names": '["a", "b", "c"]'}))
    x = graphs.sequences(4, 5, 3)
    lines = [str(row)[1:-1] for row in x.reshape(-1, 3).tolist()]
    rows.write_text("\n".join(["a,b,c", *lines]))
    done = sentinel("score", "--model", path, "--rows", rows, "--out", out)
    assert done.returncode == 0, done.stderr
    header, scores = read(out)
    assert header == ["class_0", "class_1", "class_2"]
    assert scores == Model.load(path).score(x).tolist()
    raw = sentinel("score", "--model", path, "--rows", rows, "--raw")
    assert (raw.returncode, raw.stdout) == (78, "")
    assert f"{path}: " in raw.stderr
    rows.write_text("\n".join(["a,b,c", *lines[1:]]))
    cut = sentinel("score", "--model", path, "--rows", rows)
    assert (cut.returncode, cut.stdout) == (65, "")
    assert "19 rows are no whole number of sequences of 5" in cut.stderr
