"""Scores, confidence, equity and drawdown over time, and how long the stages of cycles took."""

from __future__ import annotations

import math
import sqlite3
from typing import Any

import msgspec

from mt5_sentinel.dashboard import steps
from mt5_sentinel.dashboard.parameters import Span
from mt5_sentinel.dashboard.reader import Book
from mt5_sentinel.journal_file import utc
from mt5_sentinel.types import DeskFacts
from mt5_sentinel.view.cycle_rows import unix_s

CURVES = ("sell", "hold", "buy", "confidence", "equity", "drawdown")

WITHIN = "mode = :mode AND symbol = :symbol AND started_utc BETWEEN :from AND :to"

CONFIDENT = "round(score_sell, 6), round(score_hold, 6), round(score_buy, 6), round(confidence, 6)"
"""Six decimals are what a chart can show of a probability."""

BUCKET = "CAST(strftime('%s', started_utc) AS INTEGER) / :step"

EVERY = f"SELECT started_utc, {CONFIDENT}, equity, drawdown_max FROM cycle WHERE {WITHIN} ORDER BY started_utc"  # noqa: S608

# SQLite gives the other columns of a group from the row of its one max(): that of the greatest confidence.
PEAKS = (
    f"SELECT {BUCKET} AS bucket, {CONFIDENT}, max(confidence) FROM cycle"  # noqa: S608
    f" WHERE {WITHIN} AND confidence IS NOT NULL GROUP BY bucket"
)
ENDS = (
    f"SELECT bucket, started_utc, (SELECT equity FROM cycle WHERE id = with_equity), fall FROM (SELECT {BUCKET} AS"  # noqa: S608
    f" bucket, max(started_utc) AS started_utc, max(CASE WHEN equity IS NOT NULL THEN id END) AS with_equity,"
    f" max(drawdown_max) AS fall FROM cycle WHERE {WITHIN} GROUP BY bucket) ORDER BY bucket"
)

DECODER = msgspec.json.Decoder(dict[str, float])


def series(book: Book, span: Span) -> dict[str, Any]:
    """The curves; each bucket has its greatest confidence with the scores of that cycle, the last equity it knows and
    the greatest drawdown. ``step_s`` is its width, 0 where every cycle has a point of its own.
    """
    values, count, step_s = _extent(book, span)
    if count <= span.points:
        step_s, points = 0, [(unix_s(row[0]), *tuple(row)[1:]) for row in book.db.execute(EVERY, values)]
    else:
        peaks = {row[0]: tuple(row)[1:5] for row in book.db.execute(PEAKS, values)}
        nothing = (None,) * 4
        points = [
            (unix_s(row[1]), *peaks.get(row[0], nothing), row[2], row[3]) for row in book.db.execute(ENDS, values)
        ]
    columns = zip(*points, strict=True) if points else ((),) * (1 + len(CURVES))
    told = dict(zip(("t", *CURVES), columns, strict=True))
    return {"from_s": span.from_s, "to_s": span.to_s, "step_s": step_s, **told, "thresholds": _thresholds(book, span)}


def stages(book: Book, span: Span) -> dict[str, Any]:
    """Of each stage the median, the time that 95 of 100 keep, the longest and how often it ran, slowest first.

    ``total_s`` is the sum of a cycle's stages, of a bucket the greatest, at the time of its last cycle.
    """
    values, count, step_s = _extent(book, span)
    step_s = 0 if count <= span.points else step_s
    query = f"SELECT started_utc, stages_s FROM cycle WHERE {WITHIN} AND stages_s IS NOT NULL ORDER BY started_utc"  # noqa: S608
    found = book.db.execute(query, values).fetchall()
    taken = [DECODER.decode(row[1]) for row in found]
    by_name: dict[str, list[float]] = {}
    for one in taken:
        for name, seconds in one.items():
            by_name.setdefault(name, []).append(seconds)
    t, total_s = _totals(found, taken, step_s)
    told = sorted((_stage(name, seconds) for name, seconds in by_name.items()), key=lambda one: -float(one["p50_s"]))
    return {"stages": told, "step_s": step_s, "t": t, "total_s": total_s}


def _totals(found: list[sqlite3.Row], taken: list[dict[str, float]], step_s: int) -> tuple[list[float], list[float]]:
    t: list[float] = []
    total_s: list[float] = []
    bucket = -1
    for row, one in zip(found, taken, strict=True):
        at_s, seconds = unix_s(row[0]), round(sum(one.values()), 6)
        if step_s and int(at_s) // step_s == bucket:
            t[-1], total_s[-1] = at_s, max(total_s[-1], seconds)
            continue
        bucket = int(at_s) // step_s if step_s else -1
        t.append(at_s)
        total_s.append(seconds)
    return t, total_s


def _stage(name: str, seconds: list[float]) -> dict[str, Any]:
    seconds.sort()
    count = len(seconds)
    median, slow = (seconds[math.ceil(share * count) - 1] for share in (0.5, 0.95))
    return {"name": name, "p50_s": median, "p95_s": slow, "max_s": seconds[-1], "count": count}


def _extent(book: Book, span: Span) -> tuple[dict[str, Any], int, int]:
    """Values for the queries, how many cycles they find, and the width of a bucket that shows these in ``points``."""
    values = {"mode": book.mode, "symbol": span.symbol, "from": utc(span.from_s), "to": utc(span.to_s), "step": 60}
    query = f"SELECT count(*), min(started_utc), max(started_utc) FROM cycle WHERE {WITHIN}"  # noqa: S608
    count, first, last = book.db.execute(query, values).fetchone()
    if count:
        values["step"] = steps.width_s(unix_s(last) - unix_s(first), span.points)
    return values, count, int(values["step"] or 60)


def _thresholds(book: Book, span: Span) -> list[dict[str, float]]:
    """The thresholds of that time: what held at its beginning, and each change."""
    told: list[dict[str, float]] = []
    for row in reversed(book.desks(span.symbol)):
        from_s, facts = unix_s(row["at_utc"]), msgspec.json.decode(row["facts"], type=DeskFacts)
        if from_s > span.to_s:
            break
        if from_s <= span.from_s:
            told = []
        if not told or told[-1]["threshold"] != facts.threshold:
            told.append({"from_s": from_s, "threshold": facts.threshold})
    return told
