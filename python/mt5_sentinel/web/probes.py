"""``/livez`` and ``/readyz``: whether the loop turns, and whether it could trade now; from memory, at any time."""

from __future__ import annotations

import msgspec

from mt5_sentinel.present import ALIVE_WITHIN_S, Present


class Probes:
    """Answers of the two paths."""

    def __init__(self, present: Present) -> None:
        """Take what is read."""
        self._present = present

    def live(self) -> tuple[int, bytes]:
        """HTTP status and JSON body: 503 when the loop does not turn, or the cycle of a symbol hangs."""
        age_s, hanging = self._present.beat_age_s(), self._present.hanging
        why = [f"{symbol}: its cycle hangs" for symbol in hanging]
        if age_s > ALIVE_WITHIN_S:
            why.append(f"the loop has not turned for {age_s:.0f} s; {ALIVE_WITHIN_S:.0f} s are allowed")
        told = {"status": "hangs" if why else "live", "loop_age_seconds": round(age_s, 3), "why": why}
        return 503 if why else 200, msgspec.json.encode(told)

    def ready(self) -> tuple[int, bytes]:
        """HTTP status and JSON body: 503 unless every symbol could trade now; ``why`` has a line for each obstacle."""
        checks = self._present.checks()
        why = [
            f"{symbol}: {check.name}: {check.why}"
            for symbol, found in checks.items()
            for check in found
            if not check.ok
        ]
        if not checks:
            why.append("the daemon starts, no symbol is looked after yet")
        told = {
            "status": "not_ready" if why else "ready",
            "why": why,
            "symbols": {
                symbol: {check.name: {"ok": check.ok, "why": check.why} for check in found}
                for symbol, found in checks.items()
            },
        }
        return 503 if why else 200, msgspec.json.encode(told)
