"""All that a page shows of one symbol, in one answer: a page that asks part by part waits for each in turn."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from mt5_sentinel.dashboard import candles, curves, timings, trades
from mt5_sentinel.dashboard.kept import Kept
from mt5_sentinel.dashboard.overview import overview
from mt5_sentinel.dashboard.parameters import ID_MAX, Beginning, Span, Window
from mt5_sentinel.dashboard.reader import Book, book
from mt5_sentinel.errors import Misconfigured

STAGES_MAX_S = 86_400
"""Of a longer time the stages of its newest day: what a month took on average helps nobody now."""


def start(state_dir: Path, asked: Beginning, now_s: float, kept: Kept) -> dict[str, Any]:
    """The overview, and in ``shown`` the symbol's bars, curves, trades, stages and newest cycles up to now.

    The symbol is the one that is wanted, or the first where that is not traded. The time ends with what is newest
    where it would hold nothing (``is_past``): with the newest cycle, or with the newest bar while the market is closed.
    ``shown`` is None where nothing is traded.
    """
    told = overview(state_dir, now_s)
    symbols: list[dict[str, Any]] = told["symbols"]
    if not symbols:
        return {"overview": told, "shown": None}
    symbol = next((one for one in symbols if one["symbol"] == asked.wanted), symbols[0])
    newest_s = symbol["newest_s"]
    is_past = newest_s is not None and now_s - newest_s > asked.last_s
    to_s = float(math.ceil(newest_s + symbol["interval_s"] if is_past else now_s))
    span = Span(symbol["symbol"], max(0.0, to_s - asked.last_s), to_s, asked.points)
    window = Window(span.symbol, asked.limit, ID_MAX)
    with book(state_dir) as found:
        shown = {
            "symbol": span.symbol,
            "from_s": span.from_s,
            "to_s": span.to_s,
            "is_past": is_past,
            "bars": _bars(state_dir, found, span._replace(points=asked.bars)),
            "series": curves.series(found, span, kept),
            "trades": trades.marks(found, span),
            "stages": timings.stages(found, span.cut(span.to_s - STAGES_MAX_S, span.to_s))["stages"],
            "cycles": trades.cycles(found, window),
        }
    return {"overview": told, "shown": shown}


def _bars(state_dir: Path, found: Book, span: Span) -> dict[str, Any]:
    """The bars; none, and ``error``, where the cache cannot be read: the rest is told without it."""
    try:
        return candles.bars(state_dir, found, span)
    except Misconfigured as error:
        return candles.nothing() | {"error": str(error)}
