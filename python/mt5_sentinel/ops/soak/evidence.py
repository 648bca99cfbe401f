"""What the journal tells of a run after it: cycles by the minute, stages, decisions, equity."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mt5_sentinel import _core
from mt5_sentinel.journal_file import unix_s
from mt5_sentinel.schedule import START_SERVES_S

CYCLES = """
SELECT started_utc, finished_utc, status, reason, detail, action, outcome, score_buy, scored_by, hub_calls, hub_error,
    fetch_calls, conditions, stages_s, equity FROM cycle ORDER BY id"""

FAILURES_TOLD = 5
OPENING_S = 120
"""How long a market must have been open for a decision to be due: the first bar has to close, and to be published."""

POINTS = 400
"""Points of the equity that are kept for the picture."""


class Spread(msgspec.Struct, frozen=True):
    """How durations or distances are spread, milliseconds."""

    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class Cycles(msgspec.Struct, frozen=True):
    """A run by its journal."""

    began_s: float
    """When the first one started, UTC seconds."""
    count: int
    missed: list[str]
    """Firing moments without a cycle, UTC."""
    doubled: list[str]
    """Firing moments with more than one."""
    failed: list[str]
    """Cycles that are not ``done``: when, reason, detail."""
    reasons: dict[str, int]
    actions: dict[str, int]
    outcomes: dict[str, int]
    conditions: dict[str, int]
    scored_by: dict[str, int]
    fetches: int
    features: int
    """Cycles that came to a row of features."""
    predictions: int
    """Cycles that came to scores."""
    decisions: int
    due: int
    """Minutes in which the market was open, and had been for ``OPENING_S``."""
    idle: list[str]
    """Those of them without features, scores and a decision: when, and what the cycle gave as its reason."""
    beyond: list[str]
    """Decisions in minutes in which the market was closed."""
    hub_calls: int
    hub_errors: int
    punctuality: Spread
    """Distance of starts from their moment."""
    stages: dict[str, Spread]
    """By stage; ``cycle`` is from the start to the end of all."""
    equity: list[tuple[float, float]]
    """Cycles since the start, and the account's worth."""


def read(journal: Path, calendar: _core.Calendar, *, second: float, period_s: float, moments: int) -> Cycles:
    """A finished run.

    Args:
        journal: its file.
        calendar: hours of its market: it says by itself in which minutes a decision was due.
        second: second of the period at which a cycle is due.
        period_s: seconds from one to the next.
        moments: how many the run was to serve; the cycle at its start comes besides.
    """
    with contextlib.closing(sqlite3.connect(f"{journal.resolve().as_uri()}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        rows = [dict(row) for row in db.execute(CYCLES)]
    for row in rows:
        row["stages"] = msgspec.json.decode(row["stages_s"] or "{}")
        row["conditions"] = msgspec.json.decode(row["conditions"] or "[]")
    served = _served([unix_s(row["started_utc"]) for row in rows], second, period_s)
    first = min((slot for slot, _, _ in served), default=0)
    hits = Counter(slot for slot, _, _ in served)
    slots = range(first, first + moments)
    due = {slot: _moment(slot, second, period_s) for slot in slots if _is_due(calendar, slot, second, period_s)}
    by_slot = {slot: rows[number] for slot, _, number in served}
    valued = [(float(i), row["equity"]) for i, row in enumerate(rows) if row["equity"] is not None]
    return Cycles(
        began_s=unix_s(rows[0]["started_utc"]) if rows else 0.0,
        count=len(rows),
        missed=[_moment(slot, second, period_s) for slot in slots if hits[slot] == 0],
        doubled=[_moment(slot, second, period_s) for slot, count in hits.items() if count > 1],
        failed=[f"{row['started_utc']} {row['reason']}: {row['detail']}" for row in rows if row["status"] != "done"],
        reasons=_counted(row["reason"] for row in rows),
        actions=_counted(row["action"] for row in rows),
        outcomes=_counted(row["outcome"] for row in rows),
        conditions=_counted(one for row in rows for one in row["conditions"]),
        scored_by=_counted(row["scored_by"] for row in rows),
        fetches=sum(row["fetch_calls"] or 0 for row in rows),
        features=sum("features" in row["stages"] for row in rows),
        predictions=sum(row["score_buy"] is not None for row in rows),
        decisions=sum(row["action"] is not None for row in rows),
        due=len(due),
        idle=[f"{at} {_why(by_slot[slot])}" for slot, at in due.items() if slot in by_slot and _is_idle(by_slot[slot])],
        beyond=[row["started_utc"] for row in rows if row["action"] is not None and not _is_open(calendar, row)],
        hub_calls=sum(row["hub_calls"] or 0 for row in rows),
        hub_errors=sum(row["hub_error"] is not None for row in rows),
        punctuality=spread([late_s for _, late_s, _ in served]),
        stages=_stages(rows),
        equity=thinned(valued),
    )


def _served(starts: Sequence[float], second: float, period_s: float) -> list[tuple[int, float, int]]:
    """Which moment each cycle served, how late, and which cycle; the one at start serves none unless one is near."""
    found = []
    for i, started_s in enumerate(starts):
        slot = math.floor((started_s - second) / period_s)
        late_s = started_s - second - slot * period_s
        if i > 0:
            found.append((slot, late_s, i))
        elif period_s - late_s < START_SERVES_S:
            found.append((slot + 1, 0.0, i))
    return found


def _is_due(calendar: _core.Calendar, slot: int, second: float, period_s: float) -> bool:
    """Whether a decision is due then; a missed minute is told as missed, not here."""
    moment_s = int(slot * period_s + second)
    return calendar.open_s_between(moment_s - OPENING_S, moment_s + 1) == OPENING_S + 1


def _is_idle(row: dict[str, Any]) -> bool:
    return "features" not in row["stages"] or row["score_buy"] is None or row["action"] is None


def _is_open(calendar: _core.Calendar, row: dict[str, Any]) -> bool:
    return calendar.is_open(int(unix_s(row["started_utc"])))


def _why(row: dict[str, Any]) -> str:
    return str(row["reason"] or row["status"])


def _stages(rows: Sequence[dict[str, Any]]) -> dict[str, Spread]:
    durations: dict[str, list[float]] = {}
    for row in rows:
        for name, duration_s in row["stages"].items():
            durations.setdefault(name, []).append(duration_s)
    whole = [unix_s(row["finished_utc"]) - unix_s(row["started_utc"]) for row in rows if row["finished_utc"]]
    return {name: spread(values) for name, values in durations.items()} | {"cycle": spread(whole)}


def spread(values_s: Sequence[float]) -> Spread:
    """Of durations in seconds."""
    if not values_s:
        return Spread(0, 0.0, 0.0, 0.0)
    ordered = sorted(values_s)
    at = [ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] for share in (0.5, 0.99, 1.0)]
    return Spread(len(ordered), *(round(value * 1000, 3) for value in at))


def thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most so many points as a picture shows, the last one included."""
    step = max(1, len(points) // POINTS)
    return [*points[::step], *points[-1:]]


def _counted(values: Iterable[Any]) -> dict[str, int]:
    return dict(Counter(value for value in values if value is not None).most_common())


def _moment(slot: int, second: float, period_s: float) -> str:
    return _core.time_text(int(slot * period_s + second))
