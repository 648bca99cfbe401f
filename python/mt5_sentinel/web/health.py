"""Health as a snapshot: written after each cycle, read at any time, never waiting for one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from mt5_sentinel.readiness import SILENT_AFTER_S
from mt5_sentinel.types import STILL_RUNNING, CycleRecord

STATUSES = ("ok", "starting", "failing", "stuck")
"""From the best to the worst."""


class Health:
    """What ``/healthz`` answers: of each symbol, and of the worst of them at the top."""

    def __init__(self, monotonic_s: Callable[[], float], mode: str, symbols: Sequence[str]) -> None:
        """Count each symbol as starting, from now by this clock until its first cycle has ended."""
        self._monotonic_s, started_s = monotonic_s, monotonic_s()
        self._facts: dict[str, Any] = {"mode": mode, "symbol": ", ".join(symbols)}
        self._symbols = {symbol: _Symbol(started_s) for symbol in symbols}

    def observe(self, record: CycleRecord) -> None:
        """Note a finished cycle; a single assignment each, so that a reader in another thread sees whole values."""
        one = self._symbols[record.symbol]
        one.last = record
        if record.reason != STILL_RUNNING:
            one.beat_monotonic_s = self._monotonic_s()

    def answer(self) -> tuple[int, bytes]:
        """HTTP status and JSON body."""
        now_s = self._monotonic_s()
        symbols = {symbol: one.tell(now_s) for symbol, one in self._symbols.items()}
        worst = max(symbols.values(), key=lambda told: (STATUSES.index(told["status"]), told["seconds_since_cycle"]))
        body = self._facts | worst | {"symbols": symbols}
        return 503 if worst["status"] == "stuck" else 200, msgspec.json.encode(body)


class _Symbol:
    """What is known of one symbol."""

    def __init__(self, beat_monotonic_s: float) -> None:
        self.beat_monotonic_s = beat_monotonic_s
        self.last: CycleRecord | None = None

    def tell(self, monotonic_s: float) -> dict[str, Any]:
        silent_s, last = monotonic_s - self.beat_monotonic_s, self.last
        if silent_s > SILENT_AFTER_S:
            status = "stuck"
        elif last is None:
            status = "starting"
        else:
            status = "failing" if last.status == "failed" else "ok"
        told: dict[str, Any] = {"status": status, "seconds_since_cycle": round(silent_s, 3)}
        if last is not None:
            told |= {"last_reason": last.reason, "last_action": last.action, "last_confidence": last.confidence}
        return told
