"""A finished cycle as fields of Elastic Common Schema, its own facts under ``sentinel``."""

from __future__ import annotations

from typing import Any

from mt5_sentinel.journal_file import utc
from mt5_sentinel.types import CycleRecord

Fields = dict[str, Any]

SAME = (
    *("symbol", "mode", "cycle_id", "status", "rows", "bars", "dropped", "repaired", "price", "action", "confidence"),
    *(
        "reason",
        "detail",
        "settled",
        "req_id",
        "side",
        "outcome",
        "outcomes",
        "equity",
        "drawdown_max",
        "conditions",
        "source",
    ),
    *("calls", "fetch_calls", "quota_units", "scored_by", "hub_calls", "hub_error", "clock_skew_s", "exposure"),
    *("positions", "risk_state", "risk_because", "halted_because", "unknown_orders", "features"),
)
"""Facts of the record that keep their names."""

OUTCOMES = {"done": "success", "failed": "failure"}


def told(record: CycleRecord) -> Fields:
    """Everything the record holds. Durations are nanoseconds, times UTC; what is not known is left out."""
    sentinel = {name: getattr(record, name) for name in SAME}
    sentinel["bar_open"] = utc(record.bar_open_s)
    sentinel["scores"], sentinel["other_scores"] = _scores(record.scores), _scores(record.other_scores)
    sentinel["stages"] = {name: _ns(took_s) for name, took_s in record.stages_s.items()}
    ended_s = record.finished_s
    event = {
        "kind": "event",
        "action": "cycle",
        "reason": record.reason,
        "outcome": OUTCOMES.get(record.status, "unknown"),
        "start": utc(record.started_s),
        "end": utc(ended_s),
        "duration": None if ended_s is None else _ns(ended_s - record.started_s),
    }
    found: Fields = {"event": event, "sentinel": sentinel}
    if record.status == "failed":
        found["error"] = {"code": record.reason, "message": record.detail}
    return found


def so_far(record: CycleRecord) -> Fields:
    """What a line within the cycle says of it."""
    sentinel = {name: getattr(record, name) for name in ("symbol", "mode", "reason", "action")}
    return {"sentinel": sentinel | {"cycle_id": record.cycle_id or None}}


def _scores(scores: tuple[float, float, float] | None) -> Fields | None:
    return None if scores is None else dict(zip(("sell", "hold", "buy"), scores, strict=True))


def _ns(took_s: float) -> int:
    return max(0, round(took_s * 1e9))
