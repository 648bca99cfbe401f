"""A clock that skips waits and that several processes share: a month of minutes passes in minutes."""

from __future__ import annotations

import mmap
import time
from pathlib import Path

AT_LIMIT_S = 0.02
"""How long a wait sleeps where time may not be skipped any further."""

CELLS = 2
"""Doubles in the file: what UTC is ahead of the machine's steady clock, and the moment up to which time is skipped."""


class SharedClock:
    """``ports.Clock``. Time passes as it does; only a wait takes none: it moves the clock of all who share the file.

    Wall and steady time move together, so nothing looks like a clock that was set.
    """

    def __init__(self, path: Path) -> None:
        """Share the clock of a file that ``create`` made."""
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), CELLS * 8)
        self._cells = memoryview(self._map).cast("d")

    @classmethod
    def create(cls, path: Path, began_s: float) -> SharedClock:
        """Begin at ``began_s``, UTC seconds; nothing is skipped before ``skip_until``."""
        path.write_bytes(bytes(CELLS * 8))
        clock = cls(path)
        clock._cells[0] = began_s - time.monotonic()
        return clock

    def skip_until(self, until_s: float) -> None:
        """Let waits be skipped up to this moment, UTC seconds."""
        self._cells[1] = until_s

    def wall_s(self) -> float:
        """UTC unix seconds of the simulation."""
        return time.monotonic() + self._cells[0]

    def monotonic_s(self) -> float:
        """The same: this clock never steps back."""
        return self.wall_s()

    def wait_s(self, timeout_s: float) -> None:
        """Skip ``timeout_s``, or what is left of it before the limit."""
        left_s = self._cells[1] - self.wall_s()
        if left_s <= 0:
            time.sleep(min(max(0.0, timeout_s), AT_LIMIT_S))
        else:
            self._cells[0] += max(0.0, min(timeout_s, left_s))

    def close(self) -> None:
        """Let go of the file."""
        self._cells.release()
        self._map.close()
