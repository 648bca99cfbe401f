"""Rows of the journal as the records they were written from."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

import msgspec

from mt5_sentinel.types import CycleRecord

PACKED = ("dropped", "stages_s", "conditions", "calls")
"""Columns that hold JSON."""

SCORES = ("scores", "score"), ("other_scores", "other")


def record(row: sqlite3.Row) -> CycleRecord:
    """The cycle of a row; what a journal of an older version lacks has its default."""
    found: dict[str, Any] = {name: row[name] for name in row.keys() if row[name] is not None}  # noqa: SIM118
    found |= {name: msgspec.json.decode(found[name]) for name in PACKED if name in found}
    for name, prefix in SCORES:
        values = tuple(found.get(f"{prefix}_{side}") for side in ("sell", "hold", "buy"))
        if None not in values:
            found[name] = values
    found["cycle_id"] = found["id"]
    found["started_s"] = unix_s(found["started_utc"])
    if "finished_utc" in found:
        found["finished_s"] = unix_s(found["finished_utc"])
    return msgspec.convert(found, CycleRecord, strict=False)


def unix_s(utc: str) -> float:
    """UTC unix seconds of a time as the journal writes it."""
    return datetime.fromisoformat(utc.replace("Z", "+00:00")).timestamp()
