"""Decisions, orders, positions and cycles, as the journal has them."""

from __future__ import annotations

from typing import Any

import msgspec

from mt5_sentinel.dashboard.parameters import Span, Window
from mt5_sentinel.dashboard.reader import Book, rows, values_of
from mt5_sentinel.view.cycle_rows import unix_s

NEWEST_MAX = 500
"""Of each kind; a chart with more marks shows none of them."""


CROWD = 100
"""Of positions: beyond them marks of decisions would hide the candles, and the page draws none."""


def trades(book: Book, span: Span) -> dict[str, Any]:
    """What was decided, ordered and held in that time, oldest first; the newest ``NEWEST_MAX`` of each."""
    values = values_of(book, span)
    return {
        "decisions": _decisions(book, values),
        "orders": _orders(book, values),
        "positions": _positions(book, values),
    }


def marks(book: Book, span: Span) -> dict[str, Any]:
    """Of ``trades`` what a chart marks: each position's times, side and profit, each decision's time, side and outcome.

    There are no decisions beside more than ``CROWD`` positions.
    """
    values = values_of(book, span)
    decided, held = ("time_s", "bar_open_s", "action", "outcome"), ("opened_s", "closed_s", "side", "profit")
    positions = [{name: row[name] for name in held} for row in _positions(book, values)]
    decisions = _decisions(book, values) if len(positions) <= CROWD else []
    return {"decisions": [{name: row[name] for name in decided} for row in decisions], "positions": positions}


def cycles(book: Book, window: Window) -> list[dict[str, Any]]:
    """The newest cycles with an id below ``before_id``, newest first."""
    names = ("id", "started_utc", "finished_utc", "symbol", "status", "reason", "detail", "action", "confidence")
    listed = book.listed("cycle", *names, "outcome", "conditions", "trace_id")
    # From the end of the table; an index would find all cycles of the symbol, and sort them.
    query = (
        f"SELECT {listed} FROM cycle NOT INDEXED WHERE mode = :mode AND (:symbol IS NULL OR symbol = :symbol)"  # noqa: S608
        " AND id < :before ORDER BY id DESC LIMIT :limit"
    )
    values = {"mode": book.mode, "symbol": window.symbol, "before": window.before_id, "limit": window.limit}
    found = rows(book.db, query, values)
    for row in found:
        row["time_s"] = unix_s(row.pop("started_utc"))
        finished_utc = row.pop("finished_utc")
        row["took_s"] = None if finished_utc is None else round(unix_s(finished_utc) - row["time_s"], 3)
        row["conditions"] = _names(row["conditions"])
    return found


def open_positions(book: Book, symbol: str) -> list[dict[str, Any]]:
    """Positions that are open by the journal."""
    if not book.has("position"):
        return []
    query = (
        "SELECT ticket, side, lots, price, sl, tp, opened_utc FROM position"
        " WHERE mode = :mode AND symbol = :symbol AND state = 'open' ORDER BY ticket"
    )
    return [_timed(row, "opened") for row in rows(book.db, query, {"mode": book.mode, "symbol": symbol})]


def _names(packed: str | None) -> list[str]:
    """A list in JSON; empty where it is missing or damaged."""
    try:
        return msgspec.json.decode(packed or "[]", type=list[str])
    except msgspec.DecodeError:
        return []


def _decisions(book: Book, values: dict[str, Any]) -> list[dict[str, Any]]:
    query = (
        "SELECT id, started_utc AS time_utc, bar_open_s, action, confidence, reason, price, outcome FROM cycle"  # noqa: S608
        " WHERE mode = :mode AND symbol = :symbol AND started_utc BETWEEN :from AND :to AND settled = 1"
        f" AND action <> 'HOLD' ORDER BY started_utc DESC LIMIT {NEWEST_MAX}"
    )
    return [_timed(row, "time") for row in reversed(rows(book.db, query, values))]


def _orders(book: Book, values: dict[str, Any]) -> list[dict[str, Any]]:
    listed = book.listed("intent", "req_id", "kind", "purpose", "side", "state", "price", "profit", "detail", "ticket")
    query = (
        f"SELECT {listed}, created_utc AS time_utc, open_lots + close_lots AS lots FROM intent"  # noqa: S608
        " WHERE mode = :mode AND symbol = :symbol AND created_utc BETWEEN :from AND :to"
        f" ORDER BY created_utc DESC, rowid DESC LIMIT {NEWEST_MAX}"
    )
    return [_timed(row, "time") for row in reversed(rows(book.db, query, values))]


def _positions(book: Book, values: dict[str, Any]) -> list[dict[str, Any]]:
    if not book.has("position"):
        return []
    query = (
        "SELECT ticket, side, CASE state WHEN 'open' THEN lots ELSE opened_lots END AS lots, opened_utc, price,"  # noqa: S608
        " closed_utc, closed_price, closed_by, profit FROM position WHERE mode = :mode AND symbol = :symbol"
        " AND opened_utc <= :to AND (closed_utc IS NULL OR closed_utc >= :from)"
        f" ORDER BY opened_utc DESC, ticket DESC LIMIT {NEWEST_MAX}"
    )
    return [_timed(_timed(row, "opened"), "closed") for row in reversed(rows(book.db, query, values))]


def _timed(row: dict[str, Any], name: str) -> dict[str, Any]:
    """The row with ``<name>_utc`` as ``<name>_s``, seconds."""
    utc_text = row.pop(f"{name}_utc")
    row[f"{name}_s"] = None if utc_text is None else unix_s(utc_text)
    return row
