"""Columns of the caller: every kind of number there is, and what is refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mt5_sentinel import Bars
from mt5_sentinel.errors import Unusable
from tests.python.test_features_api import HOUR_S, START_S, walk


def taken(**changed: Any) -> Bars:
    return Bars.from_columns(**{**walk(1, 50), **changed})


@pytest.mark.parametrize("dtype", ["i4", "i8", "u4", "u8", "f8", ">i8", ">f8", "list"])
def test_times_of_any_number_type_are_the_same_seconds(dtype: str) -> None:
    times = walk(1, 50)["timestamp"]
    given = times.tolist() if dtype == "list" else times.astype(dtype)
    assert taken(timestamp=given).timestamp.tolist() == times.tolist()


@pytest.mark.parametrize("dtype", ["f4", "i4", "u2", "i8", "f8", ">f8", "list"])
def test_volumes_of_any_number_type_are_the_same_numbers(dtype: str) -> None:
    volume = walk(1, 50)["volume"]
    given = volume.tolist() if dtype == "list" else volume.astype(dtype)
    assert taken(volume=given).volume.tolist() == volume.tolist()


def test_fields_of_a_record_array_are_read_at_their_own_distance() -> None:
    """MetaTrader's rates lie 60 bytes apart, which is no multiple of a float64."""
    names = ["timestamp", "open", "high", "low", "close", "volume"]
    columns = walk(1, 50)
    rates = np.zeros(50, [("timestamp", "i8"), *((name, "f8") for name in names[1:]), ("spread", "i4"), ("real", "u8")])
    assert rates.dtype.itemsize == 60
    for name in names:
        rates[name] = columns[name]
    from_records = Bars.from_columns(**{name: rates[name] for name in names})
    assert from_records.rows() == Bars.from_columns(**columns).rows()
    backwards = Bars.from_columns(**{name: column[::-1].copy()[::-1] for name, column in columns.items()})
    assert backwards.rows() == from_records.rows()


def changed(name: str, value: float, row: int = 7) -> dict[str, Any]:
    column = walk(1, 50)[name].copy()
    column[row] = value
    return {name: column}


TIMES = walk(1, 50)["timestamp"]
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"high": walk(1, 49)["high"]}, "`high` has 49 values, `timestamp` has 50"),
    ({"timestamp": TIMES[::-1]}, "row 1, field `timestamp`.* does not come after"),
    ({"timestamp": np.repeat(TIMES[::2], 2)}, "row 1, field `timestamp`.* does not come after"),
    (changed("open", np.nan), "row 7, field `open`: impossible bar: NaN"),
    (changed("close", np.inf), "row 7, field `close`"),
    (changed("low", 0.0), "row 7, field `low`"),
    (changed("high", -1.0), "row 7, field `high`"),
    (changed("high", 0.5), "row 7, field `high`: impossible bar: high 0.5 is below low"),
    (changed("volume", -1.0), "row 7, field `volume`"),
    (changed("volume", np.nan), "row 7, field `volume`"),
    ({"timestamp": TIMES * 1_000}, "row 0, field `timestamp`.*seconds"),
    ({"timestamp": TIMES * 1_000_000_000}, "seconds.*nanoseconds"),
    ({"timestamp": TIMES * 1e3}, "row 0, field `timestamp`.*seconds"),
    ({"timestamp": TIMES + 0.5}, "no whole number of unix seconds"),
    ({"timestamp": np.full(50, np.nan)}, "no whole number of unix seconds"),
    ({"timestamp": TIMES.astype("M8[s]").astype("M8[ns]")}, r"`timestamp` is datetime64\[ns\]"),
    ({"timestamp": TIMES.astype(str)}, "`timestamp` is <U"),
    ({"timestamp": TIMES > 0}, "`timestamp` is bool"),
    ({"close": np.full(50, "1.2")}, "`close` is <U3"),
    ({"close": np.full(50, 1 + 1j)}, "`close` is complex128"),
    ({"close": np.full((50, 1), 1.2)}, "`close` is float64 of 2 dimensions"),
    ({"close": 1.2}, "`close` is float64 of 0 dimensions"),
    ({"close": [1.2, [1.3]]}, "`close` is no column of numbers"),
    ({"close": ["a", object()]}, "`close`"),
    ({"close": None}, "`close`"),
    ({"close": np.ma.masked_array(walk(1, 50)["close"], np.arange(50) > 30)}, "`close` is a masked array"),
]


@pytest.mark.parametrize(("wrong", "told"), REFUSED)
def test_what_is_no_clean_column_is_refused_by_name(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(Unusable, match=told):
        taken(**wrong)


def test_empty_and_single_are_bars_too() -> None:
    assert len(Bars.from_columns(*[[]] * 6)) == 0
    one = Bars.from_columns([START_S + HOUR_S], [1], [1], [1], [1], [0])
    assert one.rows() == [(START_S + HOUR_S, 1.0, 1.0, 1.0, 1.0, 0.0)]
