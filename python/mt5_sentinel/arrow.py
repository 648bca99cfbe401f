"""The one place that imports pyarrow, an extra: tables of its kind, and Parquet files both ways."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, BinaryIO

import numpy as np

from mt5_sentinel.errors import Misconfigured, Unusable
from mt5_sentinel.sheet import Sheet

ROWS_AT_ONCE = 100_000
"""Rows of a row group."""


def load(purpose: str) -> Any:  # noqa: ANN401 - pyarrow has no types
    """The module pyarrow.

    Raises:
        Misconfigured: it is not installed; names the purpose and the command that installs it.
    """
    try:
        import pyarrow  # noqa: PLC0415 - an extra
    except ImportError:
        message = f"{purpose} needs pyarrow: pip install 'mt5-sentinel[scale]'"
        raise Misconfigured(message, "missing_extra") from None
    return pyarrow


def table(stream: object) -> Any:  # noqa: ANN401
    """A pyarrow Table of anything with the Arrow PyCapsule interface.

    Raises:
        TypeError: the stream is no table.
        Misconfigured: pyarrow is not installed.
    """
    pyarrow = load("reading an Arrow stream")
    try:
        return pyarrow.table(stream)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{type(stream).__name__} is no table of bars: {error}") from None


def parquet_as_csv(body: bytes) -> bytes:
    """A Parquet file as CSV with a header, so that its rows pass the same gate as those of any bars file.

    Raises:
        Unusable: the file is damaged, or a column has no text form.
        Misconfigured: pyarrow is not installed.
    """
    pyarrow = load("reading Parquet")
    from pyarrow import csv, parquet  # noqa: PLC0415

    out = io.BytesIO()
    try:
        csv.write_csv(parquet.read_table(pyarrow.BufferReader(body)), out)
    except (ValueError, OSError, NotImplementedError) as error:
        first_line = str(error).partition("\n")[0]
        raise Unusable(f"the Parquet file cannot be read: {first_line}", "malformed_body") from None
    return out.getvalue()


def write_parquet(sheet: Sheet, file: BinaryIO, advance: Callable[[int], None]) -> None:
    """Column ``timestamp``, int64 UTC unix seconds, then float64 columns; NaN is null."""
    pyarrow = load("writing Parquet")
    from pyarrow import parquet  # noqa: PLC0415

    seconds = pyarrow.field("timestamp", pyarrow.int64(), nullable=False, metadata={"unit": "UTC unix seconds"})
    schema = pyarrow.schema([seconds, *(pyarrow.field(name, pyarrow.float64()) for name in sheet.names)])
    with parquet.ParquetWriter(file, schema) as writer:
        for times, matrix in sheet.blocks(ROWS_AT_ONCE):
            columns = [pyarrow.array(np.ascontiguousarray(column), from_pandas=True) for column in matrix.T]
            writer.write_table(pyarrow.table([pyarrow.array(times), *columns], schema=schema))
            advance(len(times))


def write_typed_parquet(
    columns: Sequence[tuple[str, str]], batches: Iterable[Sequence[Sequence[object]]], file: BinaryIO
) -> None:
    """Rows in batches, each batch a row group; None is null.

    Args:
        columns: name and kind: ``integer``, ``number``, ``text``, or ``time``, a text of ISO 8601 with a zone.
        batches: each with a row at least.
        file: where to.

    Raises:
        Unusable: a value is not of its column's kind; names the column.
        Misconfigured: pyarrow is not installed.
    """
    pyarrow = load("writing Parquet")
    from pyarrow import parquet  # noqa: PLC0415

    kinds = {
        "integer": pyarrow.int64(),
        "number": pyarrow.float64(),
        "text": pyarrow.string(),
        "time": pyarrow.timestamp("ms", tz="UTC"),
    }
    schema = pyarrow.schema([pyarrow.field(name, kinds[kind]) for name, kind in columns])
    with parquet.ParquetWriter(file, schema) as writer:
        for batch in batches:
            arrays = [
                _array(pyarrow, name, values, kinds[kind])
                for (name, kind), values in zip(columns, zip(*batch, strict=True), strict=True)
            ]
            writer.write_table(pyarrow.table(arrays, schema=schema))


def _array(pyarrow: Any, name: str, values: Sequence[object], kind: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    try:
        plain = [_time(value) for value in values] if pyarrow.types.is_timestamp(kind) else values
        return pyarrow.array(plain, kind)
    except (TypeError, ValueError) as error:
        raise Unusable(f"column {name}: {error}", "malformed_row") from None


def _time(value: object) -> datetime | None:
    return None if value is None else datetime.fromisoformat(str(value).replace("Z", "+00:00"))
