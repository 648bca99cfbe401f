"""How long the stages of cycles took."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from mt5_sentinel.dashboard.parameters import Span
from mt5_sentinel.dashboard.reader import CYCLES_WITHIN, Book, values_of
from mt5_sentinel.view.cycle_rows import unix_s

Taken = dict[str, float]

EXACT_MAX = 10_080
"""Cycles of a week of minutes; of more, so many are looked at."""

SPREAD = "(id * 2654435761 >> 12) % :every = 0"
"""One cycle of ``every``, as if by chance: symbols take turns with their ids, so that each n-th would be of one."""

ALL, ONE = msgspec.json.Decoder(list[Taken]), msgspec.json.Decoder(Taken)


def stages(book: Book, span: Span) -> dict[str, Any]:
    """Of each stage the median, the time that 95 of 100 keep, the longest and how often it ran, slowest first.

    Beyond ``EXACT_MAX`` cycles it is told from one in ``every``. ``total_s`` is the sum of a cycle's stages, or the
    greatest of some in a row where there are more of them than ``points``, with the time ``t`` of their last.
    """
    values = values_of(book, span)
    query = f"SELECT count(*) FROM cycle WHERE {CYCLES_WITHIN}"  # noqa: S608
    every = math.ceil(book.db.execute(query, values).fetchone()[0] / EXACT_MAX) or 1
    query = (
        f"SELECT started_utc, stages_s FROM cycle WHERE {CYCLES_WITHIN} AND {SPREAD} AND stages_s IS NOT NULL"  # noqa: S608
        " ORDER BY started_utc"
    )
    found = book.db.execute(query, values | {"every": every}).fetchall()
    taken = _decoded([row[1] for row in found])
    names = set[str]().union(*taken)
    told = [_stage(name, [one[name] for one in taken if name in one]) for name in names]
    told.sort(key=lambda stage: (-float(stage["p50_s"]), str(stage["name"])))
    total_s = np.asarray([sum(one.values()) for one in taken])
    together = math.ceil(len(found) / span.points) or 1
    begins = np.arange(0, len(found), together)
    peaks = np.maximum.reduceat(total_s, begins).round(6).tolist() if found else []
    t = [unix_s(found[min(at + together, len(found)) - 1][0]) for at in begins.tolist()]
    return {"every": every, "stages": told, "t": t, "total_s": peaks}


def _decoded(texts: Sequence[str]) -> list[Taken]:
    """Each row's stages; one that is damaged has none."""
    try:
        return ALL.decode(f"[{','.join(texts)}]")
    except msgspec.DecodeError:
        return [_one(text) for text in texts]


def _one(text: str) -> Taken:
    try:
        return ONE.decode(text)
    except msgspec.DecodeError:
        return {}


def _stage(name: str, listed: list[float]) -> dict[str, Any]:
    seconds = np.asarray(listed)
    places = [math.ceil(share * len(listed)) - 1 for share in (0.5, 0.95)]
    ordered = np.partition(seconds, places)
    median, slow = (float(ordered[place]) for place in places)
    return {"name": name, "p50_s": median, "p95_s": slow, "max_s": float(seconds.max()), "count": len(listed)}
