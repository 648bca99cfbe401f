"""Rows of features with their open times, and the files they are written to."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

CSV_ROWS_AT_ONCE = 5_000
NPY_ROWS_AT_ONCE = 100_000

Advance = Callable[[int], None]
"""Is told of rows that are written."""


class Sheet(NamedTuple):
    """Names of shape (k,), UTC unix seconds (n,) int64, and features (n, k) float64."""

    names: Sequence[str]
    times: NDArray[np.int64]
    matrix: NDArray[np.float64]

    def blocks(self, rows: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Times and features of so many rows at once."""
        for start in range(0, len(self.times), rows):
            block = slice(start, start + rows)
            yield self.times[block], self.matrix[block]


def write_csv(sheet: Sheet, file: BinaryIO, advance: Advance) -> None:
    """Header ``timestamp`` and the names; the shortest text that reads back to the same float; NaN is an empty cell."""
    file.write((",".join(["timestamp", *sheet.names]) + "\n").encode())
    for times, matrix in sheet.blocks(CSV_ROWS_AT_ONCE):
        # Python writes a float as its shortest text; `nan` stands in no other number, and lists are written in C.
        lines = [f"{time_s},{str(row)[1:-1]}\n" for time_s, row in zip(times.tolist(), matrix.tolist(), strict=True)]
        file.write("".join(lines).replace(" ", "").replace("nan", "").encode())
        advance(len(times))


def write_gzipped_csv(sheet: Sheet, file: BinaryIO, advance: Advance) -> None:
    """As ``write_csv``, packed; the same features give the same bytes, for no time is written into it."""
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as packed:
        write_csv(sheet, packed, advance)  # type: ignore[arg-type] # GzipFile writes bytes as a file does


def write_npy(sheet: Sheet, file: BinaryIO, advance: Advance) -> None:
    """A structured array of shape (n,): ``timestamp`` int64, then one float64 field per name."""
    dtype = np.dtype([("timestamp", "<i8"), *((name, "<f8") for name in sheet.names)])
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": sheet.times.shape}
    np.lib.format.write_array_header_1_0(file, header)
    for times, matrix in sheet.blocks(NPY_ROWS_AT_ONCE):
        rows = np.empty(len(times), dtype)
        rows["timestamp"] = times
        for name, column in zip(sheet.names, matrix.T, strict=True):
            rows[name] = column
        file.write(rows.tobytes())
        advance(len(times))


WRITERS = {".csv": write_csv, ".csv.gz": write_gzipped_csv, ".npy": write_npy}
"""Suffix of a file's name → what writes it; Parquet is in ``arrow.py``."""
