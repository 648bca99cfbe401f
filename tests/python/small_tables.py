"""Small tables of bars, as every library that is read holds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

NAMES = ["timestamp", "open", "high", "low", "close", "volume"]

Columns = dict[str, Any]


def small(**changed: Any) -> Columns:
    """Five hours of bars as lists."""
    times = [1_660_003_200 + hour * 3600 for hour in range(5)]
    prices = {"open": [1.1] * 5, "high": [1.3] * 5, "low": [1.0] * 5, "close": [1.2, 1.1, 1.15, 1.25, 1.2]}
    return {"timestamp": times, **prices, "volume": [10, 20, 30, 40, 50]} | changed


class Capsule:
    """A table of a library that nobody here knows, with the Arrow PyCapsule interface only."""

    def __init__(self, columns: Columns) -> None:
        self._table = pa.table(columns)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


def structured(columns: Columns) -> Any:
    """What MetaTrader5.copy_rates_range returns."""
    arrays = {name: np.asarray(column) for name, column in columns.items()}
    out = np.empty(len(next(iter(arrays.values()))), dtype=[(name, array.dtype) for name, array in arrays.items()])
    for name, array in arrays.items():
        out[name] = array
    return out


LIBRARIES: dict[str, Callable[[Columns], Any]] = {
    "pandas": pd.DataFrame,
    "pandas nullable": lambda columns: pd.DataFrame(columns).convert_dtypes(),
    "pandas on Arrow": lambda columns: pd.DataFrame(columns).convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
    "record batch": lambda columns: pa.table(columns).combine_chunks().to_batches()[0],
    "capsule": Capsule,
    "dict": dict,
    "dict of series": lambda columns: {name: pd.Series(column) for name, column in columns.items()},
    "dict of polars": lambda columns: {name: pl.Series(column) for name, column in columns.items()},
    "dict of arrow": lambda columns: {name: pa.array(column) for name, column in columns.items()},
    "structured": structured,
}
