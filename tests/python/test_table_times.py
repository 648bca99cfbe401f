"""Open times in tables: exact whatever the type, the resolution and the zone, or refused by row."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mt5_sentinel import bars_from_table
from mt5_sentinel.errors import Unusable
from tests.python.small_tables import small

DATETIMES = np.array(small()["timestamp"], dtype="datetime64[s]")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin", "America/New_York"])
def test_times_of_every_resolution_and_zone_are_exact(unit: str, zone: str | None) -> None:
    aware = pd.Series(DATETIMES).dt.as_unit(unit)
    aware = aware if zone is None else aware.dt.tz_localize("UTC").dt.tz_convert(zone)
    arrow = pa.array(DATETIMES).cast(pa.timestamp(unit, tz=zone))
    tables = [
        pd.DataFrame(small(timestamp=aware)),
        pd.DataFrame(small(timestamp=aware)).set_index("timestamp"),
        pd.DataFrame(small(timestamp=pd.Series(arrow, dtype=pd.ArrowDtype(arrow.type)))),
        pa.table(small(timestamp=arrow)),
        small(timestamp=aware),
    ]
    if unit != "s":  # polars has no seconds
        tables.append(pl.DataFrame(small(timestamp=pl.from_arrow(arrow))))
    if zone is None:
        tables.append(small(timestamp=DATETIMES.astype(f"datetime64[{unit}]")))
    for table in tables:
        assert bars_from_table(table).timestamp.tolist() == small()["timestamp"]


def test_naive_times_are_utc_and_whole_floats_are_seconds() -> None:
    days = [dt.date(2022, 8, 9) + dt.timedelta(days=day) for day in range(5)]
    midnights = [1_660_003_200 + day * 86400 for day in range(5)]
    assert bars_from_table(pl.DataFrame(small(timestamp=days))).timestamp.tolist() == midnights
    assert bars_from_table(pa.table(small(timestamp=days))).timestamp.tolist() == midnights
    floats = [float(time) for time in small()["timestamp"]]
    assert bars_from_table(small(timestamp=floats)).timestamp.tolist() == small()["timestamp"]


def test_an_index_of_times_is_the_open_time_where_no_column_is() -> None:
    prices = {name: column for name, column in small().items() if name != "timestamp"}
    expected = small()["timestamp"]
    unnamed = pd.DataFrame(prices, index=pd.DatetimeIndex(DATETIMES))
    assert bars_from_table(unnamed).timestamp.tolist() == expected
    assert bars_from_table(unnamed.rename_axis("Date")).timestamp.tolist() == expected
    assert bars_from_table(unnamed.rename_axis("opened")).timestamp.tolist() == expected
    assert bars_from_table(unnamed.rename_axis("opened"), timestamp="opened").timestamp.tolist() == expected
    in_seconds = pd.DataFrame(prices, index=pd.Index(expected, name="timestamp"))
    assert bars_from_table(in_seconds).timestamp.tolist() == expected
    with pytest.raises(Unusable, match="no column `timestamp` or `time`"):
        bars_from_table(pd.DataFrame(prices))


def test_two_time_columns_are_never_assembled() -> None:
    """The older builder died here ("cannot assemble with duplicate keys"): the API sends both."""
    wrong = ["not", "even", "a", "time", "!"]
    for make in (pd.DataFrame, pl.DataFrame, pa.table, dict[str, Any]):
        table = make({"datetime": wrong} | small() | {"date": wrong})
        assert bars_from_table(table).timestamp.tolist() == small()["timestamp"]
    both = pd.DataFrame(small(), index=pd.DatetimeIndex(DATETIMES, name="timestamp"))
    assert bars_from_table(both).timestamp.tolist() == small()["timestamp"]
    chosen = small(timestamp=wrong, opened=DATETIMES)
    assert bars_from_table(chosen, timestamp="opened").timestamp.tolist() == small()["timestamp"]


NOT_A_TIME = np.datetime64("NaT")


@pytest.mark.parametrize(
    "table",
    [
        small(timestamp=np.where(np.arange(5) == 2, NOT_A_TIME, DATETIMES)),
        pd.DataFrame(small(timestamp=pd.Series(DATETIMES).where(np.arange(5) != 2))),
        pd.DataFrame(small(timestamp=pd.Series(DATETIMES).where(np.arange(5) != 2).dt.tz_localize("UTC"))),
        pl.DataFrame(small(timestamp=[None if at == 2 else time for at, time in enumerate(small()["timestamp"])])),
        pa.table(small(timestamp=[None if at == 2 else time for at, time in enumerate(small()["timestamp"])])),
        small(timestamp=[np.nan if at == 2 else time for at, time in enumerate(small()["timestamp"])]),
        small(timestamp=np.ma.MaskedArray(small()["timestamp"], mask=np.arange(5) == 2)),
    ],
)
def test_a_missing_time_names_its_row(table: Any) -> None:
    with pytest.raises(Unusable, match=r"^row 2, field `timestamp`: missing"):
        bars_from_table(table)


@pytest.mark.parametrize(("factor", "unit"), [(10**3, "milliseconds"), (10**6, "microseconds"), (10**9, "nanoseconds")])
@pytest.mark.parametrize("dtype", [np.int64, np.uint64, np.float64])
def test_integers_of_a_finer_unit_are_refused_with_the_way_out(factor: int, unit: str, dtype: Any) -> None:
    finer = np.array(small()["timestamp"], dtype=dtype) * dtype(factor)
    with pytest.raises(Unusable, match=f"^row 0, field `timestamp`: .* looks like {unit}; convert .* datetime64"):
        bars_from_table(small(timestamp=finer))


@pytest.mark.parametrize("unit", ["ns", "us", "ms"])
def test_seconds_read_as_a_finer_unit_are_recognised(unit: str) -> None:
    """pandas.to_datetime on integer seconds: the older fault, hour always 0 and weekday always Thursday."""
    misread = pd.to_datetime(pd.Series(small()["timestamp"]), unit=unit)
    with pytest.raises(Unusable, match="no whole second; were seconds read as a finer unit"):
        bars_from_table(pd.DataFrame(small(timestamp=misread)))


def test_a_fraction_of_a_second_is_never_rounded() -> None:
    times = DATETIMES.astype("datetime64[ms]")
    times[4] += np.timedelta64(1, "ms")
    with pytest.raises(Unusable, match=r"^row 4, field `timestamp`: 2022-08-09T04:00:00.001 is no whole second$"):
        bars_from_table(small(timestamp=times))
    with pytest.raises(Unusable, match=r"^row 4, field `timestamp`: .*\.5 is no whole second$"):
        bars_from_table(small(timestamp=[*small()["timestamp"][:4], 1_660_017_600.5]))
