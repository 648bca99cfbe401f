"""Rows of the journal for the eye: a heading, then a line a row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from mt5_sentinel import journal
from mt5_sentinel.commands.status_words import harmless, plain
from mt5_sentinel.view import journal_rows
from mt5_sentinel.view.journal_rows import Wish

SHOWN: dict[str, tuple[tuple[str, int], ...]] = {
    "orders": (
        *(("created_utc", 19), ("mode", 7), ("symbol", 8), ("kind", 5), ("side", 4), ("open_lots", 9)),
        *(("close_lots", 10), ("state", 8), ("price", 9), ("profit", 9), ("purpose", 10), ("detail", 0)),
    ),
    "positions": (
        *(("opened_utc", 19), ("mode", 7), ("ticket", 8), ("symbol", 8), ("side", 4), ("opened_lots", 11), ("lots", 6)),
        *(("price", 9), ("state", 6), ("profit", 9), ("closed_utc", 19), ("closed_price", 12), ("closed_by", 0)),
    ),
    "risk": (("at_utc", 19), ("mode", 7), ("state", 8), ("because", 0)),
    "differences": (
        *(("at_utc", 19), ("mode", 7), ("symbol", 8), ("ticket", 8), ("kind", 18), ("rule", 24), ("detail", 0)),
    ),
}
"""Columns of each table with their widths; cycles are told in their own way."""

DIGITS = 10
"""More of a profit is what arithmetic left."""


def lines(db: sqlite3.Connection, wish: Wish) -> Iterator[str]:
    """The heading and the rows, each with its line end."""
    if wish.table == "cycles":
        yield (
            f"{'started (UTC)':<19} {'mode':<7} {'symbol':<8} {'action':<6} {'conf.':>6} {'reason':<18} {'outcome':<8}"
            " detail\n"
        )
        for row in journal_rows.rows(db, wish):
            yield harmless(_cycle(journal.told(db, row))) + "\n"
        return
    shown = SHOWN[wish.table]
    known = {name for name, _ in journal_rows.columns(db, wish.table)}
    yield " ".join(f"{name.removesuffix('_utc'):<{width}}" for name, width in shown).rstrip() + "\n"
    for row in journal_rows.rows(db, wish):
        cells = [f"{_cell(name, row[name] if name in known else None):<{width}}" for name, width in shown]
        yield harmless(" ".join(cells)).rstrip() + "\n"


def _cell(name: str, value: object) -> str:
    if value is None:
        return "-"
    if name.endswith("_utc"):
        return _second(str(value))
    return plain(value, DIGITS) if isinstance(value, float) else str(value)


def _second(moment: str) -> str:
    """Of a time as the journal writes it: milliseconds would take the room of the mode."""
    return moment.partition(".")[0]


def _cycle(cycle: dict[str, Any]) -> str:
    confidence = "" if cycle["confidence"] is None else f"{cycle['confidence']:.4f}"
    return (
        f"{_second(cycle['started_utc']):<19} {cycle['mode']:<7} {cycle['symbol']:<8} {cycle['action'] or '-':<6} "
        f"{confidence:>6} {cycle['reason']:<18} {cycle['outcome'] or '-':<8} {_detail(cycle)}"
    ).rstrip()


def _detail(cycle: dict[str, Any]) -> str:
    text = "; ".join(_order(one) for one in cycle["intents"] if one["price"] is not None) or str(cycle["detail"] or "")
    return f"[{', '.join(cycle['conditions'])}] {text}" if cycle["conditions"] else text


def _order(intent: dict[str, Any]) -> str:
    if intent["closed_lots"]:
        return f"closed at {plain(intent['price'])}, profit {intent['profit']:+.2f}"
    return f"{intent['side']} at {plain(intent['price'])}"
