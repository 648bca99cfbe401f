"""`Model.score` as a caller of arrays meets it: shapes, types, outputs of one's own, refusals that name both sides."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mt5_sentinel import Model, bundled
from mt5_sentinel.errors import Misconfigured, Unusable

WIDTH, CLASSES = 22, 3
MASKED: Any = np.ma.MaskedArray(np.zeros((1, WIDTH)), mask=True)


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.load(bundled.MODEL)


@pytest.fixture(scope="module")
def rows() -> Any:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(200, WIDTH)) * 0.01
    rows[rng.random(rows.shape) < 0.05] = np.nan
    rows[0, :3] = np.inf, -np.inf, 0.0
    return rows


def same(one: Any, other: Any) -> bool:
    return np.array_equal(np.asarray(one).view(np.uint64), np.asarray(other).view(np.uint64))


@pytest.mark.parametrize("raw", [False, True])
def test_every_way_to_ask_gives_the_same_bits(model: Model, rows: Any, raw: bool) -> None:
    batch = model.score(rows, raw)
    assert batch.shape == (200, CLASSES)
    assert batch.dtype == np.float64
    for i in (0, 1, 7):
        assert same(model.score(rows[i], raw), batch[i : i + 1])
        assert same(model.score(rows[i : i + 1], raw), batch[i : i + 1])
        for out in (np.zeros(CLASSES), np.zeros((1, CLASSES))):
            assert model.score(rows[i], raw, out) is out
            assert same(out.reshape(1, -1), batch[i : i + 1])
            out[:] = 0.0
            assert model.score_into(rows[i : i + 1], out, raw) is None  # type: ignore[func-returns-value]
            assert same(out.reshape(1, -1), batch[i : i + 1])
    if not raw:
        assert same([model.score_row(rows[3].tolist())], batch[3:4])
        assert same([model.score_rows([rows[3].tolist()])], batch[3:4])


def test_rows_come_in_any_type_and_order(model: Model, rows: Any) -> None:
    expected = model.score(rows)
    wide = np.zeros((400, 2 * WIDTH))
    wide[::2, ::2] = rows
    record = np.zeros(200, [("gap", "i1"), ("row", "<f8", (WIDTH,))])
    record["row"] = rows
    for given in (rows.tolist(), np.asfortranarray(rows), wide[::2, ::2], rows.astype(">f8"), record["row"]):
        assert same(model.score(given), expected)
    assert same(model.score(rows[::-1]), expected[::-1])
    single = rows.astype(np.float32)
    assert same(model.score(single), model.score(single.astype(np.float64)))
    whole = np.arange(2 * WIDTH).reshape(2, WIDTH)
    for kind in (np.int8, np.uint16, np.int64, object):
        assert same(model.score(whole.astype(kind)), model.score(whole.astype(float)))
    assert model.score(np.zeros((0, WIDTH))).shape == (0, CLASSES)


def test_an_output_of_any_strides_is_filled(model: Model, rows: Any) -> None:
    expected = model.score(rows)
    for out in (np.zeros((200, CLASSES), order="F"), np.zeros((200, 5))[:, ::2], np.zeros((200, CLASSES))[::-1]):
        assert model.score(rows, out=out) is out
        assert same(np.ascontiguousarray(out), expected)
    column = np.zeros((CLASSES, 2))[:, 0]
    assert model.score(rows[0], out=column) is column
    assert same(column.copy(), expected[0])


@pytest.mark.parametrize(
    ("x", "found"),
    [
        (np.zeros((4, 21)), "(4, 21)"),
        (np.zeros(21), "(21,)"),
        (np.zeros((2, 60, 22)), "(2, 60, 22)"),
        (np.float64(1.0), "()"),
        ([], "(0,)"),
    ],
)
def test_rows_of_another_shape_are_refused_with_both_shapes(model: Model, x: Any, found: str) -> None:
    for out in (None, np.zeros(CLASSES)):
        with pytest.raises(Unusable) as error:
            model.score(x, out=out)
        assert found.replace("(", "[").replace(")", "]").rstrip(",]") in str(error.value)
        assert "(n, 22), or (22,) for one row" in str(error.value)


@pytest.mark.parametrize(
    "x",
    [
        np.full((1, WIDTH), "1"),
        np.zeros((1, WIDTH), complex),
        np.zeros((1, WIDTH), "M8[s]"),
        [["x"] * WIDTH],
        [[1.0] * WIDTH, [1.0]],
        MASKED,
        None,
        {"a": 1},
    ],
)
def test_what_is_no_number_is_refused(model: Model, x: Any) -> None:
    with pytest.raises(Unusable, match=r"the rows (are|cannot)"):
        model.score(x)


@pytest.mark.parametrize(
    ("out", "found"),
    [
        (np.zeros((2, CLASSES)), "float64 (2, 3)"),
        (np.zeros((4, CLASSES), np.float32), "float32 (4, 3)"),
        (np.zeros(4 * CLASSES), "float64 (12,)"),
        ([0.0] * CLASSES, "list"),
        (np.lib.stride_tricks.as_strided(np.zeros(8), (4, CLASSES), (8, 8)), "overlap"),
    ],
)
def test_an_output_that_does_not_fit_is_refused_with_both_shapes(model: Model, out: Any, found: str) -> None:
    with pytest.raises(Unusable) as error:
        model.score(np.zeros((4, WIDTH)), out=out)
    assert found in str(error.value)
    assert found == "overlap" or "need float64 (4, 3)" in str(error.value)


def test_an_output_that_may_not_be_written_stays_as_it_is(model: Model) -> None:
    for out, x in ((np.zeros((1, CLASSES)), np.zeros((1, WIDTH))), (np.zeros((4, CLASSES)), np.zeros((4, WIDTH)))):
        out.flags.writeable = False
        with pytest.raises(Unusable, match="`out`"):
            model.score(x, out=out)
        assert not out.any()


def test_an_output_within_the_rows_is_refused(model: Model) -> None:
    memory = np.zeros((2, WIDTH))
    for x, out in ((memory[0], memory[0, :CLASSES]), (memory, memory[:, :CLASSES])):
        with pytest.raises(Unusable, match="borrowed"):
            model.score(x, out=out)


def test_a_table_is_taken_by_the_names_of_its_columns(model: Model, rows: Any) -> None:
    table = pd.DataFrame(rows, columns=model.feature_names)
    assert same(model.score(table), model.score(rows))
    turned = table[model.feature_names[::-1]]
    with pytest.raises(Unusable, match=r"column 0 of the table .* score\(table\[model.feature_names\]\)"):
        model.score(turned)
    with pytest.raises(Unusable, match='column 21 of the table is missing, of the model "acceleration_5"'):
        model.score(table.iloc[:, :-1])


def test_a_series_is_taken_by_its_labels(model: Model, rows: Any) -> None:
    row = pd.Series(rows[0], index=model.feature_names)
    assert same(model.score(row), model.score(rows[:1]))
    for ask in (model.score, model.score_row):
        with pytest.raises(Unusable, match=r'label 0 of the series is "acceleration_5".* score\(series\[model'):
            ask(row[::-1])
    with pytest.raises(Unusable, match='label 21 of the series is missing, of the model "acceleration_5"'):
        model.score(row[:-1])
    for plain in (pd.Series(rows[0]), tuple(rows[0])):
        assert same(model.score(plain), model.score(rows[:1]))


def test_made_up_names_count_where_all_of_them_are_there() -> None:
    lines = ['format = "mt5-sentinel-linear-1"', 'kind = "linear"', 'features = ["0", "1"]', "intercept = [0.0]"]
    linear = Model.parse("\n".join([*lines, "coefficients = [[1.0, 10.0]]"]).encode())
    row = pd.Series([1.0, 2.0])
    named = row.set_axis(["open", "close"])
    assert linear.score(row).tolist() == linear.score(named).tolist() == [[21.0]]
    assert linear.score(pd.DataFrame([row])).tolist() == linear.score(pd.DataFrame([named])).tolist() == [[21.0]]
    for turned in (row[::-1], pd.DataFrame([row])[[1, 0]]):
        with pytest.raises(Unusable, match=r' 0 of the .* is "1", of the model "0"'):
            linear.score(turned)


@pytest.mark.parametrize("value", [None, 10**400, "1"], ids=["none", "huge", "text"])
def test_a_row_that_holds_no_numbers_is_unusable(model: Model, value: Any) -> None:
    row = [value] * WIDTH
    for ask, given in ((model.score_row, row), (model.score_rows, [row])):
        with pytest.raises(Unusable, match="the row cannot be read as float64") as error:
            ask(given)  # type: ignore[arg-type]
        assert (error.value.reason, len(str(error.value)) < 300) == ("bad_row", True)
    for wrong in (None, 1.0, "x"):
        with pytest.raises(Unusable, match="the row cannot be read as float64"):
            model.score_row(wrong)  # type: ignore[arg-type]


def test_one_row_needs_one_row(model: Model) -> None:
    with pytest.raises(Unusable, match="21 values"):
        model.score_row([0.0] * 21)
    with pytest.raises(Unusable, match="2 rows came"):
        model.score_rows([[0.0] * WIDTH] * 2)


def test_the_properties_and_the_look_say_what_it_is(model: Model) -> None:
    assert (model.format, model.objective, model.steps, model.is_sequence) == ("LightGBM", "multiclass", 1, False)
    assert (model.layout, model.num_classes) == ("catalogue", CLASSES)
    trees = f"{model.num_trees} trees"
    assert repr(model) == f"Model(LightGBM multiclass, {trees}, 22 features, 3 classes, bundle EURUSD 1h)"
    bare = Model.load(bundled.MODEL / "model.txt")
    assert repr(bare) == f"Model(LightGBM multiclass, {trees}, 22 features, 3 classes, bare)"


def test_threads_share_a_model(model: Model, rows: Any) -> None:
    many = np.tile(rows, (20, 1))
    expected, wrong = model.score(many), []

    def ask() -> None:
        out = np.zeros((len(many), CLASSES))
        for _ in range(5):
            model.score(many, out=out)
            if not same(out, expected):
                wrong.append(1)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("call", ["score", "explain"])
def test_a_forked_process_scores_batches_too(call: str) -> None:
    # Threads do not survive a fork; a batch handed to those of the parent would never come back.
    code = f"""
import os, sys, numpy as np
from mt5_sentinel import Model, bundled
model, rows = Model.load(bundled.MODEL), np.zeros((3000, 22))
rows = rows[: 3000 if "{call}" == "score" else 40]
before = model.{call}(rows)
child = os.fork()
if child == 0:
    os._exit(0 if np.array_equal(model.{call}(rows), before) else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], timeout=60, check=False)
    assert done.returncode == 0


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Misconfigured, match="it is no regular file"):
        Model.load(tmp_path / "pipe")
    bundle = tmp_path / "bundle"
    shutil.copytree(bundled.MODEL, bundle)
    (bundle / "golden.csv").unlink()
    os.mkfifo(bundle / "golden.csv")
    with pytest.raises(Misconfigured, match=r"golden\.csv: it is no regular file"):
        Model.load(bundle)


def test_layouts_are_asked_for_by_name() -> None:
    from mt5_sentinel import Bars, _core, features
    from tests.python import bodies

    hourly = bodies.hourly(1_700_000_000, 900, forming=False)
    columns = ["timestamp", "open", "high", "low", "close", "volume"]
    bars = Bars.from_columns(*([row[name] for row in hourly] for name in columns))
    assert same(_core.latest_rows(bars, 60), features(bars)[-60:])
    assert same(_core.latest_rows(bars, 60, "legacy23"), features(bars, layout="legacy23")[-60:])
    assert _core.latest_rows(bars, 1) == [_core.latest(bars)]
    assert _core.needed_bars_for(60) - _core.needed_bars_for(1) == 59
    with pytest.raises(Misconfigured, match='`layout` is "other"'):
        _core.latest_rows(bars, 1, "other")
    with pytest.raises(Unusable, match="900 closed bars"):
        _core.latest_rows(bars, 900)
    with pytest.raises(Misconfigured, match="steps"):
        _core.latest_rows(bars, 0)
