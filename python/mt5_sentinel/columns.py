"""One column of somebody's table → numbers or UTC unix seconds; nothing is guessed, filled or rounded.

A column is a pandas Series or Index, a polars Series, a pyarrow array or anything numpy reads. Only numpy is imported.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mt5_sentinel.errors import Unusable

LIBRARIES = ("pandas", "polars", "pyarrow")

NUMBERS = "numbers; convert it to float64"
TIMES = "times; convert it to UTC unix seconds or to datetime64"

SECONDS_BELOW = 100_000_000_000
"""Integers from here on are no seconds: they would lie after the year 5138. The reader of files has the same limit."""

FINER_UNITS = (
    (100_000_000_000_000, "milliseconds", "datetime64[ms]"),
    (100_000_000_000_000_000, "microseconds", "datetime64[us]"),
    (2**64, "nanoseconds", "datetime64[ns]"),
)
"""What a larger integer probably counts: the first row whose bound it is below."""

FIRST_REAL_TIME = np.datetime64("1971-01-01", "s")


def library(value: object) -> str:
    """Which library a value's class, or a class it derives from, belongs to; empty for any other."""
    modules = (base.__module__.partition(".")[0] for base in type(value).__mro__)
    return next((module for module in modules if module in LIBRARIES), "")


def numbers(name: str, column: Any) -> NDArray[np.float64]:  # noqa: ANN401 - a column of any library
    """Finite numbers of shape (n,).

    Raises:
        Unusable: the column is not numeric, or a value is missing or infinite; names row and column.
    """
    values = _values(name, column, "iuf", NUMBERS)
    infinite = ~np.isfinite(values)
    if infinite.any():
        row = int(infinite.argmax())
        raise _bad_value(row, name, f"{values[row]} is no price or volume")
    return np.ascontiguousarray(values, dtype=np.float64)


def seconds(name: str, column: Any) -> NDArray[np.int64]:  # noqa: ANN401 - a column of any library
    """UTC unix seconds of shape (n,), from whole numbers of seconds or datetime64 (UTC where it has no zone).

    Raises:
        Unusable: a time is missing, no whole second, or a number too large for seconds; names row and column.
    """
    values = _values(name, column, "iufM", TIMES)
    if values.dtype.kind == "M":
        return _of_datetimes(name, values)
    too_large = (values >= SECONDS_BELOW) | (values <= -SECONDS_BELOW)
    if too_large.any():
        row = int(too_large.argmax())
        unit, dtype = next((unit, dtype) for bound, unit, dtype in FINER_UNITS if abs(float(values[row])) <= bound)
        raise _bad_value(
            row,
            name,
            f"{values[row]} is too large for UTC unix seconds and looks like {unit}; convert the column to seconds, "
            f"or to {dtype}",
        )
    whole = values.astype(np.int64)
    _refuse_fractions(name, values, whole != values)
    return whole


def _of_datetimes(name: str, values: NDArray[Any]) -> NDArray[np.int64]:
    whole = values.astype("datetime64[s]")
    _refuse_fractions(name, values, whole != values)
    return whole.astype(np.int64)


def _refuse_fractions(name: str, values: NDArray[Any], fractions: NDArray[np.bool_]) -> None:
    if not fractions.any():
        return
    row = int(fractions.argmax())
    hint = ""
    if values.dtype.kind == "M" and values[row] < FIRST_REAL_TIME:
        hint = "; were seconds read as a finer unit? (pandas.to_datetime needs unit='s')"
    raise _bad_value(row, name, f"{values[row]} is no whole second{hint}")


def _values(name: str, column: Any, kinds: str, wanted: str) -> NDArray[Any]:  # noqa: ANN401
    """The column as a numpy array of one of the kinds, with nothing missing."""
    source = library(column)
    if source == "pandas":
        values = _of_pandas(name, column, kinds, wanted)
    elif source == "polars":
        values = _of_polars(name, column, kinds, wanted)
    elif source == "pyarrow":
        values = _of_arrow(name, column, kinds, wanted)
    else:
        values = _of_numpy(name, column)
    if values.dtype.kind not in kinds:
        if values.size == 0:  # an empty column has no type of its own
            return np.empty(0, dtype=np.int64)
        raise _wrong_type(name, values.dtype, values.tolist(), wanted)
    if values.dtype.kind in "fM":
        _refuse_missing(name, np.isnat(values) if values.dtype.kind == "M" else np.isnan(values))
    return values


def _of_numpy(name: str, column: object) -> NDArray[Any]:
    if isinstance(column, np.ma.MaskedArray):
        _refuse_missing(name, np.ma.getmaskarray(column))
    try:
        values = np.asarray(column)
    except ValueError:  # numpy on rows of different lengths
        raise Unusable(f"column `{name}` has rows of different lengths", "bad_columns") from None
    if values.ndim != 1:
        raise Unusable(f"column `{name}` has shape {values.shape} where (n,) is expected", "bad_columns")
    return values


def _of_pandas(name: str, column: Any, kinds: str, wanted: str) -> NDArray[Any]:  # noqa: ANN401
    dtype = column.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in kinds:  # the usual case; NaN and NaT are found by the caller
        plain: NDArray[Any] = column.to_numpy()
        return plain
    _refuse_missing(name, np.asarray(column.isna()))
    if dtype.kind not in kinds and len(column) > 0:
        raise _wrong_type(name, dtype, column.tolist(), wanted)
    # A nullable or Arrow-backed dtype knows its numpy dtype; one with a time zone gives UTC when the unit is named.
    target = getattr(dtype, "numpy_dtype", None)
    if target is None and hasattr(dtype, "tz"):
        target = f"datetime64[{dtype.unit}]"
    values: NDArray[Any] = column.to_numpy(dtype=target)
    return values


def _of_polars(name: str, column: Any, kinds: str, wanted: str) -> NDArray[Any]:  # noqa: ANN401
    dtype = column.dtype
    kind = {"UInt": "u", "Int": "i", "Float": "f", "Date": "M", "Datetime": "M"}.get(
        dtype.base_type().__name__.rstrip("0123456789"), "O"
    )
    if column.null_count():
        _refuse_missing(name, column.is_null().to_numpy())
    if (kind not in kinds or str(dtype).endswith("128")) and len(column) > 0:
        raise _wrong_type(name, dtype, column.to_list(), wanted)
    values: NDArray[Any] = column.to_numpy()
    return values


def _of_arrow(name: str, column: Any, kinds: str, wanted: str) -> NDArray[Any]:  # noqa: ANN401
    if column.null_count:
        _refuse_missing(name, np.asarray(column.is_null()))
    words = {"int": "i", "uint": "u", "halffloat": "f", "float": "f", "double": "f", "timestamp": "M", "date": "M"}
    kind = words.get(str(column.type).partition("[")[0].rstrip("0123456789"), "O")
    if kind not in kinds and len(column) > 0:
        raise _wrong_type(name, column.type, column.to_pylist(), wanted)
    return np.asarray(column)


def _refuse_missing(name: str, missing: NDArray[np.bool_]) -> None:
    if missing.any():
        raise _bad_value(int(missing.argmax()), name, "missing; nothing is filled in")


def _wrong_type(name: str, dtype: object, values: Sequence[object], wanted: str) -> Unusable:
    """Which value is to blame where values may be of any type, else the type."""
    for row, value in enumerate(values):
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return _bad_value(row, name, "missing; nothing is filled in")
        if not isinstance(value, (int, float)):
            text = f"{value!r:.40} is of type {type(value).__name__}; the column, {dtype}, is none of {wanted}"
            return _bad_value(row, name, text)
    return Unusable(f"column `{name}`, {dtype}, is none of {wanted}", "bad_columns")


def _bad_value(row: int, name: str, problem: str) -> Unusable:
    return Unusable(f"row {row}, field `{name}`: {problem}", "bad_field")
