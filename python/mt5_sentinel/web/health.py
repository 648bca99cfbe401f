"""Health as a snapshot: written after each cycle, read at any time, never waiting for one."""

from __future__ import annotations

from typing import Any

import msgspec

from mt5_sentinel.types import CycleRecord

SILENT_AFTER_S = 180.0
"""No finished cycle for so long means the loop hangs: three slots were missed."""


class Health:
    """What ``/healthz`` answers."""

    def __init__(self, started_monotonic_s: float, mode: str, symbol: str) -> None:
        """Count as starting until the first cycle has ended."""
        self._facts: dict[str, Any] = {"mode": mode, "symbol": symbol}
        self._beat_monotonic_s = started_monotonic_s
        self._last: CycleRecord | None = None

    def observe(self, record: CycleRecord, monotonic_s: float) -> None:
        """Note a finished cycle; a single assignment each, so that a reader in another thread sees whole values."""
        self._last = record
        self._beat_monotonic_s = monotonic_s

    def answer(self, monotonic_s: float) -> tuple[int, bytes]:
        """HTTP status and JSON body."""
        silent_s = monotonic_s - self._beat_monotonic_s
        last = self._last
        if silent_s > SILENT_AFTER_S:
            status = "stuck"
        elif last is None:
            status = "starting"
        else:
            status = "failing" if last.status == "failed" else "ok"
        body = self._facts | {"status": status, "seconds_since_cycle": round(silent_s, 3)}
        if last is not None:
            body |= {"last_reason": last.reason, "last_action": last.action, "last_confidence": last.confidence}
        return 503 if status == "stuck" else 200, msgspec.json.encode(body)
