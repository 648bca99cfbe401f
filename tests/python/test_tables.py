"""Tables of other libraries give the same bars by bits, or an error that names row and column."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mt5_sentinel import Bars, _core, bars_from_table, bundled, features, features_many, latest
from mt5_sentinel.errors import Unusable
from tests.python.small_tables import LIBRARIES, NAMES, Columns, small


@pytest.fixture(scope="module")
def bars() -> Bars:
    rows = _core.parse(bundled.BARS.read_bytes())
    return _core.clean(rows, interval_s=3600, now_s=2_000_000_000).bars


@pytest.fixture(scope="module")
def columns(bars: Bars) -> Columns:
    return {name: getattr(bars, name) for name in NAMES}


every_library = pytest.mark.parametrize("make", LIBRARIES.values(), ids=LIBRARIES.keys())


@every_library
def test_every_library_gives_the_same_bits(make: Callable[[Columns], Any], columns: Columns, bars: Bars) -> None:
    table = make(columns)
    assert bars_from_table(table).rows() == bars.rows()
    assert features(table).tobytes() == features(bars).tobytes()
    assert latest(table) == latest(bars)


@every_library
def test_names_in_any_case_and_order_among_others(make: Callable[[Columns], Any]) -> None:
    turned = {"Note": [7] * 5, " Tick_Volume ": small()["volume"]}
    turned |= {name.upper(): column for name, column in reversed(small().items()) if name != "volume"}
    assert bars_from_table(make(turned)).rows() == bars_from_table(small()).rows()


def test_what_the_caller_gave_stays_as_it_was(columns: Columns) -> None:
    frame = pd.DataFrame(columns)[["close", "volume", "timestamp", "low", "high", "open"]]
    before = frame.copy(deep=True)
    features(frame)
    pd.testing.assert_frame_equal(frame, before)
    read_only = {name: column.copy() for name, column in columns.items()}
    for column in read_only.values():
        column.flags.writeable = False
    assert len(bars_from_table(read_only)) == len(columns["open"])


def test_bars_and_the_output_array_go_straight_to_the_core(bars: Bars, columns: Columns) -> None:
    out = np.empty((len(bars), 22))
    assert features(bars, out) is out
    assert features(columns, out=out) is out
    assert out.tobytes() == _core.features(bars).tobytes()


def test_layouts_columns_and_many_tables_reach_the_core(bars: Bars, columns: Columns) -> None:
    frame, named = pd.DataFrame(columns), ["rsi_14", "macd"]
    assert features(frame, layout="columns").flags.f_contiguous
    assert features(frame, layout="legacy23").shape == (len(bars), 23)
    assert features(frame, columns=named, threads=2).tobytes() == _core.features(bars, columns=named).tobytes()
    assert latest(frame, named) == _core.latest(bars, named)
    several = features_many([frame, bars, pl.DataFrame(columns)], columns=named, threads=2)
    assert [matrix.tobytes() for matrix in several] == [_core.features(bars, columns=named).tobytes()] * 3
    with pytest.raises(TypeError, match="str is no table of bars"):
        features_many(frame)  # one table, not several


def test_strided_swapped_and_narrow_columns_are_widened_exactly() -> None:
    wide = np.repeat(np.array(small()["close"]), 2)
    closes = wide.astype(">f8")[::2]
    low = np.array([1, 1, 1, 1, 1], dtype=np.uint8)
    table = small(close=closes, low=low, volume=np.array([0.1] * 5, dtype=np.float32))
    assert bars_from_table(table).rows() == bars_from_table(small(volume=[float(np.float32(0.1))] * 5)).rows()


def test_two_columns_of_one_name_are_named() -> None:
    frame = pd.DataFrame(small())
    with pytest.raises(Unusable, match="2 columns of one name: `timestamp` and `timestamp`"):
        features(pd.concat([frame[["timestamp"]], frame], axis=1))
    with pytest.raises(Unusable, match="2 columns of one name: `close` and `Close`"):
        features(pl.DataFrame(small(Close=[1.2] * 5)))
    arrow = pa.table([*small().values(), [1.2] * 5], names=[*small(), "high"])
    with pytest.raises(Unusable, match="2 columns of one name: `high` and `high`"):
        features(arrow)


@pytest.mark.parametrize("name", ["open", "high", "low", "close", "volume"])
@pytest.mark.parametrize("library", ["pandas", "pandas nullable", "polars", "pyarrow", "dict"])
def test_a_missing_value_names_row_and_column(library: str, name: str) -> None:
    column = list(small()[name])
    column[3] = None
    with pytest.raises(Unusable, match=rf"^row 3, field `{name}`: missing") as caught:
        features(LIBRARIES[library](small(**{name: column})))
    assert caught.value.reason == "bad_field"


@pytest.mark.parametrize(
    ("name", "column", "told"),
    [
        ("close", ["1.2"] * 5, "row 0, field `close`: '1.2' is of type str"),
        ("close", [Decimal("1.2")] * 5, r"row 0, field `close`: Decimal\('1.2'\) is of type Decimal"),
        ("timestamp", ["2022-08-09"] * 5, "row 0, field `timestamp`: '2022-08-09' is of type str"),
        ("volume", [True] * 5, "column `volume`, [Bb]ool.*, is none of numbers"),
        ("volume", [dt.timedelta(1)] * 5, r"`volume`.* is none of numbers"),
        ("close", [dt.datetime(2022, 8, 9)] * 5, "`close`.* is none of numbers"),
        ("open", [np.inf] * 5, "row 0, field `open`: inf is no price"),
    ],
)
@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow", "dict"])
def test_another_type_is_refused_by_name(library: str, name: str, column: Any, told: str) -> None:
    with pytest.raises(Unusable, match=told):
        bars_from_table(LIBRARIES[library](small(**{name: column})))


def test_categories_and_objects_are_refused_though_they_hold_numbers() -> None:
    for dtype in ("category", object):
        with pytest.raises(Unusable, match=f"column `close`, {dtype if dtype == 'category' else 'object'}, is none"):
            bars_from_table(pd.DataFrame(small()).astype({"close": dtype}))
    for value, shown in ((pd.NA, "missing"), (np.ones(2), "is of type ndarray")):
        column = pd.Series([1.2, value, 1.2, 1.2, 1.2], dtype=object)
        for table in (pd.DataFrame(small(close=column)), small(close=column)):
            with pytest.raises(Unusable, match=f"row 1, field `close`: .*{shown}"):
                bars_from_table(table)
    with pytest.raises(Unusable, match="`close`"):
        bars_from_table(pa.table(small(close=pa.array(small()["close"]).dictionary_encode())))


@pytest.mark.parametrize("name", NAMES)
def test_a_lacking_column_is_named(name: str) -> None:
    for make in (pd.DataFrame, pl.DataFrame, pa.table, dict[str, Any]):
        with pytest.raises(Unusable, match=f"no column .*`{name}`.*; its columns: ") as caught:
            bars_from_table(make({key: column for key, column in small().items() if key != name}))
        assert caught.value.reason == "bad_columns"
        assert ("add a column of zeros" in str(caught.value)) == (name == "volume")


def test_rows_out_of_order_shapes_and_lengths_are_refused() -> None:
    with pytest.raises(Unusable, match=r"row 1, field `timestamp`: .* does not come after"):
        features(pd.DataFrame(small()).iloc[::-1])
    with pytest.raises(Unusable, match=r"column `close` has shape \(5, 2\)"):
        features(small(close=np.ones((5, 2))))
    with pytest.raises(Unusable, match="column `close` has rows of different lengths"):
        features(small(close=[[1.0], [1.0, 2.0]]))
    with pytest.raises(Unusable, match="`close` has 4 values, `timestamp` has 5"):
        features(small(close=[1.2] * 4))
    with pytest.raises(Unusable, match=r"row 0, .*impossible bar"):
        features(small(low=[-1.0] * 5))


def test_a_table_without_rows_gives_a_matrix_without_rows() -> None:
    for make in (pd.DataFrame, pl.DataFrame, pa.table, dict[str, Any]):
        assert features(make({name: [] for name in NAMES})).shape == (0, 22)


@pytest.mark.parametrize(
    ("thing", "told"),
    [
        (pl.DataFrame(small()).lazy(), "a polars LazyFrame holds no rows yet: call .collect"),
        (pd.Series([1.0]), "Series is no table of bars"),
        (pl.Series([1.0]), "Series is no table of bars"),
        (pa.chunked_array([[1.0]]), "ChunkedArray is no table of bars"),
        (np.ones((5, 6)), "ndarray is no table of bars"),
        ("bars.csv", "str is no table of bars"),
        (None, "NoneType is no table of bars"),
    ],
)
def test_what_is_no_table_is_a_type_error(thing: Any, told: str) -> None:
    for call in (features, latest, bars_from_table):
        with pytest.raises(TypeError, match=told):
            call(thing)


def test_reading_a_table_imports_no_table_library() -> None:
    script = (
        "import sys, mt5_sentinel; assert 'numpy' not in sys.modules;"
        f"mt5_sentinel.features({small()});"
        "print(sorted({'pandas', 'polars', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
