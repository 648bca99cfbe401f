"""What is said where nothing matches: a typing error looks like an empty journal otherwise."""

from __future__ import annotations

import sqlite3

from mt5_sentinel.commands.status_words import harmless
from mt5_sentinel.view.journal_rows import TABLES, Wish, columns

VALUES_MAX = 12
"""Of a filter that are named."""


def told(db: sqlite3.Connection, wish: Wish) -> str:
    """One line: which values there are for each filter that was used."""
    table = TABLES[wish.table]
    first = last = None
    if columns(db, wish.table):
        ((first, last),) = db.execute(f"SELECT min({table.time}), max({table.time}) FROM {table.name}").fetchall()  # noqa: S608
    if first is None:
        return f"the journal holds nothing of {wish.table}"
    parts = [f"--{name} {_values(db, table.name, table.filters[name])}" for name in wish.values]
    if wish.since is not None or wish.until is not None:
        parts.append(f"times from {first} to {last}")
    if wish.with_orders:
        ((count,),) = db.execute("SELECT count(DISTINCT cycle_id) FROM intent").fetchall()
        parts.append(f"orders in {count} of them")
    return harmless(f"nothing matches; the {wish.table} of this journal have {'; '.join(parts)}")


def _values(db: sqlite3.Connection, table: str, column: str) -> str:
    query = f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY 1 LIMIT {VALUES_MAX + 1}"  # noqa: S608
    found = [str(value) for (value,) in db.execute(query)]
    named = ", ".join(found[:VALUES_MAX]) or "nothing"
    return f"{named}, ..." if len(found) > VALUES_MAX else named
