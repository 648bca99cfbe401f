"""Scores, confidence, equity and drawdown over time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import msgspec

from mt5_sentinel.dashboard import steps
from mt5_sentinel.dashboard.kept import SETTLED_S, Bucket, Kept
from mt5_sentinel.dashboard.parameters import Span
from mt5_sentinel.dashboard.reader import CYCLES_WITHIN, Book, values_of
from mt5_sentinel.view.cycle_rows import unix_s

INSTANT_S = 0.001
"""The journal's times have no finer parts."""

CURVES = ("sell", "hold", "buy", "confidence", "equity", "drawdown")

CONFIDENT = "round(score_sell, 6), round(score_hold, 6), round(score_buy, 6), round(confidence, 6)"
"""Six decimals are more than a chart can show of a probability."""

EVERY = (
    f"SELECT started_utc, {CONFIDENT}, equity, drawdown_max FROM cycle"  # noqa: S608
    f" WHERE {CYCLES_WITHIN} ORDER BY started_utc"
)

# With its confidence in front, the greatest id is that of the most confident cycle; ids are below 2**32, a cycle a second  # noqa: E501
# for 136 years.
BUCKET = (
    "SELECT max(started_utc), max(CAST(confidence * 1e9 AS INTEGER) << 32 | id) & 4294967295,"  # noqa: S608
    f" max(CASE WHEN equity IS NOT NULL THEN id END), max(drawdown_max) FROM cycle WHERE {CYCLES_WITHIN}"
)


def series(book: Book, span: Span, kept: Kept) -> dict[str, Any]:
    """The curves; each bucket has its greatest confidence with the scores of that cycle, the last equity it knows and
    the greatest drawdown, at the time of its last cycle. ``step_s`` is its width, 0 where every cycle has a point of
    its own.
    """
    values = values_of(book, span)
    first_s, last_s, step_s = _extent(book, values, span.points)
    if step_s:
        points = [point for point in _buckets(book, span, (first_s, last_s, step_s), kept) if point is not None]
    else:
        points = [(unix_s(row[0]), *tuple(row)[1:]) for row in book.db.execute(EVERY, values)]
    columns = zip(*points, strict=True) if points else ((),) * (1 + len(CURVES))
    told = dict(zip(("t", *CURVES), columns, strict=True))
    return {"from_s": span.from_s, "to_s": span.to_s, "step_s": step_s, **told, "thresholds": _thresholds(book, span)}


def _buckets(book: Book, span: Span, extent: tuple[float, float, int], kept: Kept) -> Iterator[Bucket]:
    """Each bucket from the first cycle to the last; those that are whole and settled are read once."""
    first_s, last_s, step_s = extent
    journal = kept.of(book)
    for at_s in range(int(first_s) // step_s * step_s, int(last_s) + 1, step_s):
        end_s = at_s + step_s - INSTANT_S

        def read(within: Span = span.cut(float(at_s), end_s)) -> Bucket:  # noqa: B008 - of this round
            return _bucket(book.db, values_of(book, within))

        is_settled = span.from_s <= at_s and end_s <= min(span.to_s, last_s - SETTLED_S)
        yield kept.get((journal, span.symbol, step_s, at_s), read) if is_settled else read()


def _bucket(db: sqlite3.Connection, values: dict[str, Any]) -> Bucket:
    last_utc, confident, valued, drawdown = db.execute(BUCKET, values).fetchone()
    if last_utc is None:
        return None
    scores: tuple[float | None, ...] = (None,) * 4
    if confident is not None:
        scores = tuple(db.execute(f"SELECT {CONFIDENT} FROM cycle WHERE id = ?", (confident,)).fetchone())  # noqa: S608
    worth = None
    if valued is not None:
        worth = db.execute("SELECT equity FROM cycle WHERE id = ?", (valued,)).fetchone()[0]
    return unix_s(last_utc), *scores, worth, drawdown


def _extent(book: Book, values: dict[str, Any], points: int) -> tuple[float, float, int]:
    """When the first and the last of these cycles began, and the width of a bucket that shows them in so many points,
    0 where there are no more cycles than that.
    """
    query = f"SELECT count(*) FROM (SELECT 1 FROM cycle WHERE {CYCLES_WITHIN} LIMIT :points + 1)"  # noqa: S608
    if book.db.execute(query, values | {"points": points}).fetchone()[0] <= points:
        return 0.0, 0.0, 0
    first_s, last_s = (
        unix_s(book.db.execute(f"SELECT {which}(started_utc) FROM cycle WHERE {CYCLES_WITHIN}", values).fetchone()[0])  # noqa: S608
        for which in ("min", "max")
    )
    return first_s, last_s, steps.width_s(last_s - first_s, points)


def _thresholds(book: Book, span: Span) -> list[dict[str, float]]:
    """The thresholds of that time: what held at its beginning, and each change."""
    told: list[dict[str, float]] = []
    for row in book.desks(span.symbol):  # from the newest on
        from_s, threshold = unix_s(row["at_utc"]), msgspec.json.decode(row["facts"], type=_Traded).threshold
        if from_s > span.to_s:
            continue
        if told and told[-1]["threshold"] == threshold:
            told.pop()
        told.append({"from_s": from_s, "threshold": threshold})
        if from_s <= span.from_s:
            break
    return told[::-1]


class _Traded(msgspec.Struct):
    """Of ``DeskFacts`` what is drawn."""

    threshold: float
