"""Lines of ecs.jsonl as tests make and read them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mt5_sentinel.ecs import EcsLog
from mt5_sentinel.types import CycleRecord


@contextmanager
def opened(path: Path) -> Iterator[tuple[logging.Logger, EcsLog]]:
    """A logger that writes there and nowhere else, and its handler."""
    handler = EcsLog(path, "dry-run")
    logger = logging.Logger("mt5_sentinel", logging.DEBUG)
    logger.addHandler(handler)
    try:
        yield logger, handler
    finally:
        handler.close()


def lines(path: Path) -> list[dict[str, Any]]:
    """Every line, oldest first."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def flat(found: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted names of the values."""
    named: dict[str, Any] = {}
    for name, value in found.items():
        named |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return named


def whole_record(**facts: Any) -> CycleRecord:
    """A cycle of which everything is known."""
    known: dict[str, Any] = {
        **{"symbol": "EURUSD", "mode": "demo", "started_s": 1_700_000_000.25, "finished_s": 1_700_000_001.5},
        **{"cycle_id": 7, "status": "done", "rows": 600, "bars": 599, "repaired": 1, "bar_open_s": 1_699_999_200},
        **{"dropped": {"duplicate": 1, "null": 2, "invalid": 3, "forming": 1}, "price": 1.1, "scores": (0.2, 0.3, 0.5)},
        **{"action": "BUY", "confidence": 0.5, "reason": "signal", "detail": "why", "settled": True, "req_id": "r1"},
        **{
            "side": "BUY",
            "outcome": "filled",
            "outcomes": ["filled"],
            "equity": 10_000.5,
            "drawdown_max": 1.5,
            "stages_s": {"fetch": 0.25},
        },
        **{"conditions": ["hub_fallback"], "calls": {"eodhd": 1}, "fetch_calls": 1, "quota_units": 5},
        **{"scored_by": "hub", "hub_calls": 1, "hub_error": "hub_timeout", "other_scores": (0.1, 0.1, 0.8)},
        **{"trace_id": "ab" * 16, "clock_skew_s": -0.5, "exposure": 1100.0, "positions": 1, "risk_state": "REDUCING"},
        **{"risk_because": "loss of the day", "halted_because": "gateway: by hand", "unknown_orders": 0},
        "features": [1.0, float("nan")],
    }
    return CycleRecord(**(known | facts))
