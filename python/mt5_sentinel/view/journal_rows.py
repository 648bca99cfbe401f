"""Rows of the journal's tables by what is asked for, one after the other: a journal may hold millions."""

from __future__ import annotations

import sqlite3
from array import array
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


ROWS_AT_ONCE = 100
"""In memory, and in one read of the file."""


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
    """The rows that are there now, each once, oldest first; none where an older journal has not got the table.

    They are read a few at a time, and nothing is held open between: a reader that takes hours, as a pager does, would
    keep the daemon's write-ahead log from being used again all the while. A row is told as it is when it is read, and
    left out where it no longer is what was asked for.
    """
    table = TABLES[wish.table]
    if not columns(db, wish.table):
        return
    asked = _asked(table, wish)
    is_chosen = wish.with_orders or wish.last is not None or table.order != "id"
    pages = _chosen(db, table, wish, asked) if is_chosen else _followed(db, table, asked)
    for page in pages:
        yield from page


class _Asked(NamedTuple):
    """Conditions of a query, joined by AND, and their values."""

    where: str
    values: tuple[str, ...]


def _asked(table: Table, wish: Wish) -> _Asked:
    conditions = [f"{table.filters[name]} = ?" for name in wish.values]
    values = list(wish.values.values())
    for sign, moment in ((">=", wish.since), ("<", wish.until)):
        if moment is not None:
            conditions.append(f"{table.time} {sign} ?")
            values.append(moment)
    return _Asked(" AND ".join(["1", *conditions]), tuple(values))


def _followed(db: sqlite3.Connection, table: Table, asked: _Asked) -> Iterator[list[sqlite3.Row]]:
    """Pages by the id, from the first row to the one that is the newest now."""
    ends = [f"(SELECT {end}(id) FROM {table.name} WHERE {asked.where})" for end in ("min", "max")]  # noqa: S608
    ((first, newest),) = db.execute(f"SELECT {', '.join(ends)}", asked.values * 2).fetchall()
    if first is None:
        return
    # Without the plus an index of times may be taken, and each page would sort all that is left.
    where = asked.where.replace(table.time, f"+{table.time}")
    query = f"SELECT * FROM {table.name} WHERE {where} AND id > ? AND id <= ? ORDER BY id LIMIT {ROWS_AT_ONCE}"  # noqa: S608
    before = first - 1
    while page := db.execute(query, (*asked.values, before, newest)).fetchall():
        yield page
        before = page[-1]["id"]


def _chosen(db: sqlite3.Connection, table: Table, wish: Wish, asked: _Asked) -> Iterator[list[sqlite3.Row]]:
    """Pages of the rows that are chosen now: 8 bytes are kept of each."""
    query, values = _choice(table, wish, asked)
    found = array("q", (place for (place,) in db.execute(query, values)))
    found.reverse()
    for at in range(0, len(found), ROWS_AT_ONCE):
        places = found[at : at + ROWS_AT_ONCE]
        marks = ", ".join("?" * len(places))
        page = f"SELECT * FROM {table.name} WHERE rowid IN ({marks}) AND {asked.where} ORDER BY {table.order}"  # noqa: S608
        yield db.execute(page, (*places, *asked.values)).fetchall()


def _choice(table: Table, wish: Wish, asked: _Asked) -> tuple[str, tuple[str | int, ...]]:
    """What gives the rowids, newest first."""
    where, last = asked.where, -1 if wish.last is None else wish.last
    if wish.with_orders:
        where += " AND id IN (SELECT cycle_id FROM intent)"
    if wish.table == "cycles" and "symbol" in wish.values and "mode" not in wish.values:
        # The index of a symbol's cycles is one of each mode; without, they are sought from the end of the table.
        each = f"SELECT id FROM (SELECT id FROM cycle WHERE {where} AND mode = ? ORDER BY id DESC LIMIT ?)"  # noqa: S608
        modes = get_args(Mode)
        values = [one for mode in modes for one in (*asked.values, mode, last)]
        return f"{' UNION ALL '.join([each] * len(modes))} ORDER BY 1 DESC LIMIT ?", (*values, last)
    newest = ", ".join(f"{name} DESC" for name in table.order.split(", "))
    query = f"SELECT rowid FROM {table.name} WHERE {where} ORDER BY {newest} LIMIT ?"  # noqa: S608
    return query, (*asked.values, last)


def columns(db: sqlite3.Connection, table: str) -> list[tuple[str, Kind]]:
    """Columns of a table as this journal has them, with their kinds; none where it has not got the table."""
    described = db.execute(f"PRAGMA table_info({TABLES[table].name})")
    return [
        (row["name"], "time" if row["name"].endswith("_utc") else KINDS.get(row["type"], "text")) for row in described
    ]
