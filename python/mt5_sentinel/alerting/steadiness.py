"""When a light counts: it has to show the same for a while, so that one failed cycle is no alert and a calm is one."""

from __future__ import annotations

from mt5_sentinel.view.light import LEVELS, Level

WARN_S = 150.0
BAD_S = 80.0
"""Longer than a cycle in which something failed shows: 60 s."""

HOLDS: dict[str, tuple[float, float]] = {
    "daemon": (40.0, 40.0),  # systemd starts a dead one again within 15 s
    "journal": (60.0, 60.0),
    "loop": (90.0, 10.0),  # two failed cycles; where it is bad, its own rules have waited for the second
    "halt": (0.0, 0.0),
    "drawdown": (0.0, 0.0),
    "drift": (7200.0, 3600.0),  # a bar may be unusual; hours of them are another market
    "memory": (300.0, 300.0),
}
"""Seconds a matter has to be worse until it counts, (warn, bad), where not as above."""

CALM_S = 80.0
"""Seconds a matter has to be better until that counts."""


class Steadiness:
    """The time each matter has shown each level, by a clock that never steps."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._since_s: dict[tuple[str, Level], float] = {}
        self._better_s: dict[str, float] = {}

    def level(self, key: str, name: str, counted: Level, shown: Level, now_s: float) -> Level:
        """The level that counts now.

        Args:
            key: which matter.
            name: its light's name, for how long it has to last.
            counted: the level that counted until now.
            shown: what its light shows.
            now_s: monotonic seconds.
        """
        shown_at, counted_at = LEVELS.index(shown), LEVELS.index(counted)
        for place, level in enumerate(LEVELS):
            if shown_at >= place:
                self._since_s.setdefault((key, level), now_s)
            else:
                self._since_s.pop((key, level), None)
        if shown_at < counted_at:
            better_s = self._better_s.setdefault(key, now_s)
            return shown if now_s - better_s >= CALM_S else counted
        self._better_s.pop(key, None)
        holds_s = dict(zip(LEVELS[1:], HOLDS.get(name, (WARN_S, BAD_S)), strict=True))
        lasted = [
            level
            for level in LEVELS[counted_at + 1 : shown_at + 1]
            if now_s - self._since_s[key, level] >= holds_s[level]
        ]
        return lasted[-1] if lasted else counted
