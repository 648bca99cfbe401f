"""The forms in which rows of the journal leave it: JSON, JSON lines, CSV, Parquet; each row by row."""

from __future__ import annotations

import csv
import io
import itertools
import sqlite3
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mt5_sentinel import files, journal
from mt5_sentinel.view import journal_rows, outline
from mt5_sentinel.view.journal_rows import Wish

ROWS_AT_ONCE = 5_000
"""Of Parquet; what is in memory at a time."""

OBEYED = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Beginnings of a text that a spreadsheet takes for a formula, or lets one follow."""

Lines = Iterator[str]


def json_array(db: sqlite3.Connection, wish: Wish) -> Lines:
    """One array; cycles with their orders."""
    before = "[\n"
    for one in _objects(db, wish):
        yield before + textwrap.indent(outline.text(one, indent=1), " ")
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def json_lines(db: sqlite3.Connection, wish: Wish) -> Lines:
    """One object a line; cycles with their orders."""
    for one in _objects(db, wish):
        yield outline.text(one) + "\n"


def csv_lines(db: sqlite3.Connection, wish: Wish) -> Lines:
    """A header, then the columns of the table as they stand in the journal; floats in full, nothing for NULL."""
    names = [name for name, _ in journal_rows.columns(db, wish.table)]
    line = io.StringIO()
    writer = csv.writer(line)  # it quotes the signs of its line end only: with "\n", a lone CR would begin a row
    for row in itertools.chain([names], journal_rows.rows(db, wish)):
        writer.writerow([_harmless(value) if isinstance(value, str) else value for value in row])
        yield line.getvalue().removesuffix("\r\n") + "\n"
        line.seek(0)
        line.truncate()


FORMS: dict[str, Callable[[sqlite3.Connection, Wish], Lines]] = {
    "json": json_array,
    "jsonl": json_lines,
    "csv": csv_lines,
}


def parquet(db: sqlite3.Connection, wish: Wish, path: str) -> None:
    """The columns of the table, times as UTC timestamps; the file appears complete or not at all.

    Raises:
        Misconfigured: pyarrow is not installed.
        Unusable: the file cannot be written, or a time in the journal is none.
    """
    from mt5_sentinel import arrow  # noqa: PLC0415 - numpy comes along, and the daemon reads this module

    arrow.load("writing Parquet")  # told before a file is begun
    with files.replacing(path) as file:
        batches = _batches(journal_rows.rows(db, wish))
        arrow.write_typed_parquet(journal_rows.columns(db, wish.table), batches, file)


def _objects(db: sqlite3.Connection, wish: Wish) -> Iterator[dict[str, Any]]:
    for row in journal_rows.rows(db, wish):
        yield journal.told(db, row) if wish.table == "cycles" else dict(row)


def _harmless(text: str) -> str:
    """A quote in front of what a spreadsheet would run; of a quote too, so that taking one away gives the text back."""
    return f"'{text}" if text.startswith((*OBEYED, "'")) else text


def _batches(rows: Iterable[sqlite3.Row]) -> Iterator[list[sqlite3.Row]]:
    rest = iter(rows)
    while batch := list(itertools.islice(rest, ROWS_AT_ONCE)):
        yield batch
