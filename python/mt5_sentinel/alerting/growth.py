"""Whether the daemon's memory grows: measured against the same process when it was young."""

from __future__ import annotations

from mt5_sentinel.view.light import Light, by_share
from mt5_sentinel.view.pulse import Pulse

SETTLES_S = 1800.0
"""How long a process may fill its caches; the least it held after its first minutes is what it needs."""

GROWN_WARN, GROWN_BAD = 1.5, 3.0
"""Times what it needs."""

ROOM_BYTES = 64 << 20
"""Growth that is none: allocators keep some."""

MIB = 1 << 20


class Growth:
    """Remembers one process; a restart begins anew."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._pid = 0
        self._since_s = 0.0
        self._needed = 0

    def light(self, pulse: Pulse, monotonic_s: float) -> Light:
        """How its memory stands to what it needed."""
        held = pulse.resident_bytes
        if held is None:
            return Light("memory", "ok", "not known: neither /proc nor its /metrics tells it")
        if pulse.pid != self._pid:
            self._pid, self._since_s, self._needed = pulse.pid, monotonic_s, held
        if monotonic_s - self._since_s < SETTLES_S:
            self._needed = max(self._needed, held)
        grown = max(0, held - ROOM_BYTES) / max(1, self._needed)
        text = f"the daemon holds {held // MIB} MiB, it needed {self._needed // MIB} MiB when it was young"
        return by_share("memory", grown, text, warn=GROWN_WARN, bad=GROWN_BAD)
