"""Bars for a chart, from the daemon's cache."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from mt5_sentinel.dashboard import steps
from mt5_sentinel.dashboard.parameters import Span
from mt5_sentinel.dashboard.reader import Book
from mt5_sentinel.types import INTERVAL_S
from mt5_sentinel.view import bar_cache

COLUMNS = ("t", "open", "high", "low", "close", "volume")

WITHIN = "series_id = :series AND open_s BETWEEN :from AND :to"

EACH = (
    "SELECT found.t, first.open, found.high, found.low, last.close, found.volume FROM (SELECT open_s / :step * :step"  # noqa: S608
    " AS t, min(open_s) AS first_s, max(open_s) AS last_s, max(high) AS high, min(low) AS low, sum(volume) AS volume"
    f" FROM bar WHERE {WITHIN} GROUP BY t) AS found"
    " JOIN bar AS first ON first.series_id = :series AND first.open_s = found.first_s"
    " JOIN bar AS last ON last.series_id = :series AND last.open_s = found.last_s ORDER BY found.t"
)

JOINED = f"SELECT min(open_s), max(open_s), max(high), min(low), sum(volume) FROM bar WHERE {WITHIN}"  # noqa: S608
"""One of many; a GROUP BY would sort them all again, for it does not see that they are in order."""


def bars(state_dir: Path, book: Book, span: Span) -> dict[str, Any]:
    """Open times and prices; where there are more bars than points, several are joined to one as brokers do.

    ``step_s`` is the length of what is shown, a multiple of ``interval_s``. Empty where the cache, or a note of what
    the symbol is traded with, is missing. The first bar may open before the range, and reach into it.
    """
    facts = book.facts(span.symbol)
    if facts is None:
        return nothing()
    interval_s = INTERVAL_S[facts.interval]
    with bar_cache.reading(state_dir / "bars.db") as db:
        if db is None:
            return _told(interval_s, interval_s, [])
        query = "SELECT id FROM series WHERE source = ? AND origin = ? AND interval_s = ?"
        found = db.execute(query, (facts.bars_source, facts.origin, interval_s)).fetchone()
        if found is None:
            return _told(interval_s, interval_s, [])
        values = {"series": found["id"], "from": int(span.from_s) - interval_s + 1, "to": int(span.to_s)}
        query = f"SELECT count(*) FROM (SELECT 1 FROM bar WHERE {WITHIN} LIMIT :points + 1)"  # noqa: S608
        if db.execute(query, values | {"points": span.points}).fetchone()[0] <= span.points:
            rows = db.execute(EACH, values | {"step": interval_s})
            return _told(interval_s, interval_s, [tuple(row) for row in rows])
        first_s, last_s = (
            db.execute(f"SELECT {which}(open_s) FROM bar WHERE {WITHIN}", values).fetchone()[0]  # noqa: S608
            for which in ("min", "max")
        )
        step_s = steps.width_s(last_s - first_s, span.points, interval_s)
        begins = range(first_s // step_s * step_s, last_s + 1, step_s)
        joined = (_joined(db, values, at_s, at_s + step_s - 1) for at_s in begins)
        return _told(interval_s, step_s, [one for one in joined if one is not None])


def nothing() -> dict[str, Any]:
    """The answer without any bars."""
    return _told(None, None, [])


def _joined(db: sqlite3.Connection, values: dict[str, Any], from_s: int, to_s: int) -> tuple[float, ...] | None:
    within = values | {"from": max(from_s, values["from"]), "to": min(to_s, values["to"])}
    first_s, last_s, high, low, volume = db.execute(JOINED, within).fetchone()
    if first_s is None:
        return None
    query = "SELECT open, close FROM bar WHERE series_id = ? AND open_s = ?"
    ends = [db.execute(query, (values["series"], at_s)).fetchone() for at_s in (first_s, last_s)]
    return from_s, ends[0]["open"], high, low, ends[1]["close"], volume


def _told(interval_s: int | None, step_s: int | None, rows: list[tuple[float, ...]]) -> dict[str, Any]:
    columns = zip(*rows, strict=True) if rows else ((),) * len(COLUMNS)
    return {"interval_s": interval_s, "step_s": step_s, **dict(zip(COLUMNS, columns, strict=True))}
