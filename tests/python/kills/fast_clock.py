"""A wall clock that runs fast, the same in every process of the test: a minute passes in three quarters of a second."""

from __future__ import annotations

import time

FACTOR = 80.0


class FastClock:
    """``ports.Clock``; true time began at ``base_s`` of the machine's steady clock, which all its processes share."""

    def __init__(self, base_s: float, began_s: float) -> None:
        """Show ``began_s`` at ``base_s``."""
        self._base_s = base_s
        self._began_s = began_s

    def wall_s(self) -> float:
        """UTC unix seconds."""
        return self._began_s + self.monotonic_s()

    def monotonic_s(self) -> float:
        """Seconds since the base."""
        return (time.monotonic() - self._base_s) * FACTOR

    def wait_s(self, timeout_s: float) -> None:
        """Sleep as long as it takes for ``timeout_s`` to pass on this clock."""
        time.sleep(max(0.0005, min(timeout_s, 60.0) / FACTOR))

    def close(self) -> None:
        """Nothing is held."""
