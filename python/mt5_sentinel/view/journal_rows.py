"""Rows of the journal's tables by what is asked for, one after the other: a journal may hold millions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

from mt5_sentinel.types import Mode

Kind = Literal["integer", "number", "text", "time"]
"""Of a column; a time is a text."""


class Table(NamedTuple):
    """One table that may be asked for, and which of its columns each filter means."""

    name: str
    """In the file."""
    time: str
    order: str
    filters: dict[str, str]


TABLES = {
    "cycles": Table(
        "cycle",
        "started_utc",
        "id",
        {"symbol": "symbol", "mode": "mode", "status": "status", "reason": "reason", "action": "action"},
    ),
    "orders": Table("intent", "created_utc", "rowid", {"symbol": "symbol", "mode": "mode", "status": "state"}),
    "positions": Table(
        "position",
        "opened_utc",
        "opened_utc, ticket",
        {"symbol": "symbol", "mode": "mode", "status": "state", "reason": "closed_by"},
    ),
    "risk": Table("risk_change", "at_utc", "id", {"mode": "mode", "status": "state", "reason": "because"}),
    "differences": Table("difference", "at_utc", "id", {"symbol": "symbol", "mode": "mode", "reason": "kind"}),
}
"""By the name a person asks for."""

KINDS: dict[str, Kind] = {"INTEGER": "integer", "REAL": "number", "TEXT": "text"}


class Wish(NamedTuple):
    """Which rows: of a table, that have these values, from ``since`` (inclusive) to ``until`` (exclusive).

    Times are texts as the journal writes them.
    """

    table: str = "cycles"
    values: dict[str, str] = {}  # noqa: RUF012 - never changed
    """By the name of a filter; those of the table only."""
    since: str | None = None
    until: str | None = None
    with_orders: bool = False
    """Only cycles that have an order."""
    last: int | None = None
    """Only the newest so many of them."""


def rows(db: sqlite3.Connection, wish: Wish) -> Iterator[sqlite3.Row]:
    """The rows, oldest first, never all of them in memory; none where an older journal has not got the table."""
    table = TABLES[wish.table]
    if not columns(db, wish.table):
        return
    conditions = [f"{table.filters[name]} = ?" for name in wish.values]
    values: list[str | int] = list(wish.values.values())
    for sign, moment in ((">=", wish.since), ("<", wish.until)):
        if moment is not None:
            conditions.append(f"{table.time} {sign} ?")
            values.append(moment)
    if wish.with_orders:
        conditions.append("id IN (SELECT cycle_id FROM intent)")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    query = f"SELECT * FROM {table.name}{where} ORDER BY {table.order}"  # noqa: S608 - names of this file
    if wish.last is not None:
        newest = ", ".join(f"{name} DESC" for name in table.order.split(", "))
        chosen = f"SELECT rowid FROM {table.name}{where} ORDER BY {newest} LIMIT ?"  # noqa: S608
        values.append(wish.last)
        if wish.table == "cycles" and "symbol" in wish.values and "mode" not in wish.values:
            # The index of a symbol's cycles is one of each mode; without, they are sought from the end of the table.
            each = f"SELECT id FROM (SELECT id FROM cycle{where} AND mode = ? ORDER BY id DESC LIMIT ?)"  # noqa: S608
            modes = get_args(Mode)
            values = [one for mode in modes for one in (*values[:-1], mode, wish.last)] + [wish.last]
            chosen = f"{' UNION ALL '.join([each] * len(modes))} ORDER BY 1 DESC LIMIT ?"
        query = f"SELECT * FROM {table.name} WHERE rowid IN ({chosen}) ORDER BY {table.order}"  # noqa: S608
    yield from db.execute(query, values)


def columns(db: sqlite3.Connection, table: str) -> list[tuple[str, Kind]]:
    """Columns of a table as this journal has them, with their kinds; none where it has not got the table."""
    described = db.execute(f"PRAGMA table_info({TABLES[table].name})")
    return [
        (row["name"], "time" if row["name"].endswith("_utc") else KINDS.get(row["type"], "text")) for row in described
    ]
