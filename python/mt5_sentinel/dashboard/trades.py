"""Decisions, orders, positions and cycles, as the journal has them."""

from __future__ import annotations

from typing import Any

import msgspec

from mt5_sentinel.dashboard.parameters import Span, Window
from mt5_sentinel.dashboard.reader import Book, rows, values_of
from mt5_sentinel.view.cycle_rows import known_s, unix_s

NEWEST_MAX = 500
"""Of each kind; a chart with more marks shows none of them."""

DECIDED = (
    "FROM cycle WHERE mode = :mode AND symbol = :symbol AND started_utc BETWEEN :from AND :to AND settled = 1"
    " AND action <> 'HOLD'"
)
HELD = (
    "FROM position WHERE mode = :mode AND symbol = :symbol AND opened_utc <= :to"
    " AND (closed_utc IS NULL OR closed_utc >= :from)"
)
TRADED = ("filled", "partial")
"""Outcomes of a decision that made a position."""
CLOSED_MAX = 20
"""Positions closed last, which a page lists with all that is known of them."""
UNKNOWN = "state IN ('intended', 'unknown')"

CROWD = 100
"""Of positions: beyond them marks of decisions would hide the candles, and the page draws none."""


def trades(book: Book, span: Span) -> dict[str, Any]:
    """What was decided, ordered and held in that time, oldest first; the newest ``NEWEST_MAX`` of each.

    ``positions_count``, ``decisions_count`` and ``untraded_count`` are of all of that time. Orders whose fate is not
    known are in ``orders_unknown`` too; ``closed`` has the ``CLOSED_MAX`` positions that were closed last, newest
    first.
    """
    values = values_of(book, span)
    decisions, positions = _decisions(book, values), _positions(book, values)
    return {
        "decisions": decisions,
        **_decisions_counted(book, values, decisions),
        "orders": _orders(book, values),
        "orders_unknown": _orders(book, values, UNKNOWN),
        "positions": positions,
        "closed": _closed(book, values),
        "positions_count": _count(book, values, HELD, positions),
    }


def marks(book: Book, span: Span) -> dict[str, Any]:
    """Of ``trades`` what a chart marks: each position's times, side and profit, each decision's time, side and outcome,
    each order of unknown fate, and the positions closed last.

    Beside more than ``CROWD`` positions there are no decisions, and how many there were is None.
    """
    values = values_of(book, span)
    decided, held = ("time_s", "bar_open_s", "action", "outcome"), ("opened_s", "closed_s", "side", "profit")
    positions = _positions(book, values)
    decisions = _decisions(book, values) if len(positions) <= CROWD else []
    counted = _decisions_counted(book, values, decisions)
    return {
        "decisions": [{name: row[name] for name in decided} for row in decisions],
        **(counted if len(positions) <= CROWD else dict.fromkeys(counted)),
        "orders_unknown": _orders(book, values, UNKNOWN),
        "positions": [{name: row[name] for name in held} for row in positions],
        "closed": _closed(book, values),
        "positions_count": _count(book, values, HELD, positions),
    }


def cycles(book: Book, window: Window) -> list[dict[str, Any]]:
    """The newest cycles with an id below ``before_id``, newest first; times that are damaged are None."""
    names = ("id", "started_utc", "finished_utc", "symbol", "status", "reason", "detail", "action", "confidence")
    listed = book.listed("cycle", *names, "outcome", "conditions", "trace_id")
    # Of one symbol, an index has them in the order of their ids; of all, the table itself has.
    of = "FROM cycle NOT INDEXED WHERE mode = :mode"
    if window.symbol is not None:
        of = "FROM cycle WHERE mode = :mode AND symbol = :symbol"
    query = f"SELECT {listed} {of} AND id < :before ORDER BY id DESC LIMIT :limit"
    values = {"mode": book.mode, "symbol": window.symbol, "before": window.before_id, "limit": window.limit}
    found = rows(book.db, query, values)
    for row in found:
        started_s, finished_s = (known_s(row.pop(f"{name}_utc")) for name in ("started", "finished"))
        row["time_s"] = started_s
        row["took_s"] = None if started_s is None or finished_s is None else round(finished_s - started_s, 3)
        row["conditions"] = _names(row["conditions"])
    return found


def _names(packed: str | None) -> list[str]:
    """A list in JSON; empty where it is missing or damaged."""
    try:
        return msgspec.json.decode(packed or "[]", type=list[str])
    except msgspec.DecodeError:
        return []


def _count(book: Book, values: dict[str, Any], what: str, found: list[dict[str, Any]]) -> int:
    """How many there are, where ``found`` are the newest of them."""
    if len(found) < NEWEST_MAX:
        return len(found)
    return int(book.db.execute(f"SELECT count(*) {what}", values).fetchone()[0])


def _decisions_counted(book: Book, values: dict[str, Any], found: list[dict[str, Any]]) -> dict[str, int]:
    untraded = [row for row in found if row["outcome"] not in TRADED]
    if len(found) < NEWEST_MAX:
        return {"decisions_count": len(found), "untraded_count": len(untraded)}
    query = f"SELECT count(*), count(*) FILTER (WHERE coalesce(outcome, '') NOT IN {TRADED}) {DECIDED}"
    return dict(zip(("decisions_count", "untraded_count"), book.db.execute(query, values).fetchone(), strict=True))


def _decisions(book: Book, values: dict[str, Any]) -> list[dict[str, Any]]:
    query = (
        "SELECT id, started_utc AS time_utc, bar_open_s, action, confidence, reason, price, outcome"
        f" {DECIDED} ORDER BY started_utc DESC LIMIT {NEWEST_MAX}"
    )
    return [_timed(row, "time") for row in reversed(rows(book.db, query, values))]


def _orders(book: Book, values: dict[str, Any], only: str = "true") -> list[dict[str, Any]]:
    listed = book.listed("intent", "req_id", "kind", "purpose", "side", "state", "price", "profit", "detail", "ticket")
    query = (
        f"SELECT {listed}, created_utc AS time_utc, open_lots + close_lots AS lots FROM intent"  # noqa: S608
        f" WHERE mode = :mode AND symbol = :symbol AND created_utc BETWEEN :from AND :to AND {only}"
        f" ORDER BY created_utc DESC, rowid DESC LIMIT {NEWEST_MAX}"
    )
    return [_timed(row, "time") for row in reversed(rows(book.db, query, values))]


def _positions(book: Book, values: dict[str, Any]) -> list[dict[str, Any]]:
    order = f"ORDER BY opened_utc DESC, ticket DESC LIMIT {NEWEST_MAX}"
    return list(reversed(_held(book, values, order)))


def _closed(book: Book, values: dict[str, Any]) -> list[dict[str, Any]]:
    order = f"AND closed_utc <= :to ORDER BY closed_utc DESC, ticket DESC LIMIT {CLOSED_MAX}"
    return _held(book, values, order)


def _held(book: Book, values: dict[str, Any], order: str) -> list[dict[str, Any]]:
    if not book.has("position"):
        return []
    query = (
        "SELECT ticket, side, CASE state WHEN 'open' THEN lots ELSE opened_lots END AS lots, opened_utc, price,"
        f" closed_utc, closed_price, closed_by, profit {HELD} {order}"
    )
    return [_timed(_timed(row, "opened"), "closed") for row in rows(book.db, query, values)]


def _timed(row: dict[str, Any], name: str) -> dict[str, Any]:
    """The row with ``<name>_utc`` as ``<name>_s``, seconds."""
    utc_text = row.pop(f"{name}_utc")
    row[f"{name}_s"] = None if utc_text is None else unix_s(utc_text)
    return row
