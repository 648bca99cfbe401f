"""When a light counts: it has to show the same for a while, so that one failed cycle is no alert and a calm is one."""

from __future__ import annotations

from collections.abc import Iterable

from mt5_sentinel.alerting.shown import Shown, SlowLight
from mt5_sentinel.view.light import LEVELS, Level, Light

WARN_S = 150.0
BAD_S = 80.0
"""Longer than a cycle in which something failed shows: 60 s."""

HOLDS: dict[str, tuple[float, float]] = {
    "daemon": (40.0, 40.0),  # systemd starts a dead one again within 15 s
    "journal": (60.0, 60.0),
    "loop": (90.0, 10.0),  # two failed cycles; where it is bad, its own rules have waited for the second
    "model": (80.0, 80.0),  # two cycles scored by another model than the one that was meant
    "halt": (0.0, 0.0),
    "drawdown": (0.0, 0.0),
    "drift": (7200.0, 3600.0),  # a bar may be unusual; hours of them are another market
    "memory": (300.0, 300.0),
}
"""Seconds a matter has to be worse until it counts, (warn, bad), where not as above."""

STEPS = 1.5
"""How often as long as one step of what a light follows it has to be worse at least: one bar alone is no alert."""

CALM_S = 80.0
"""Seconds a matter has to be better until that counts."""

OF_CYCLES = ("daemon", "loop", "data", "model", "broker")
"""Lights that may go on and off with each cycle, never long enough to count."""

OFTEN, SELDOM = 5, 2
"""Beginnings within half an hour from which such a matter is not well all the same, and down to which it stays so."""

OFTEN_S = 1800.0

GAP_S = 900.0
"""A light that was not looked at for longer begins anew."""

BACK_S = 60.0
"""A step back of the clock between two processes that forgets nothing."""

SAVE_S = 60.0
"""How old what is on disk of a matter that is not well may be."""


class Steadiness:
    """What each matter has shown and for how long, by a clock that never steps."""

    def __init__(self, kept: Iterable[Shown] = ()) -> None:
        """Go on from what an earlier process saved."""
        self._kept = {shown.key: shown for shown in kept}
        self._shown: dict[str, Shown] = {}
        self._saved: dict[str, Shown] = {}

    def level(self, key: str, counted: Level, light: Light, now_s: float, monotonic_s: float) -> Level:
        """The level that counts now.

        Args:
            key: which matter.
            counted: the level that counted until now.
            light: what it shows.
            now_s: UTC unix seconds, for what an earlier process saved.
            monotonic_s: by this all is measured.
        """
        shown = self._of(key, now_s, monotonic_s)
        shown.take(light, monotonic_s, OFTEN_S)
        if len(shown.begins_s) >= OFTEN:
            shown.is_often = light.name in OF_CYCLES
        elif len(shown.begins_s) <= SELDOM:
            shown.is_often = False
        at = max(LEVELS.index(light.level), int(shown.is_often))
        counted_at = LEVELS.index(counted)
        if at < counted_at:
            shown.better_s = monotonic_s if shown.better_s is None else shown.better_s
            return LEVELS[at] if monotonic_s - shown.better_s >= CALM_S else counted
        shown.better_s = None
        lasted = [
            level
            for level in LEVELS[counted_at + 1 : at + 1]
            if (level == "warn" and shown.is_often)
            or monotonic_s - shown.since_s.get(level, monotonic_s) >= _hold_s(light, level)
        ]
        return lasted[-1] if lasted else counted

    def lasted_s(self, key: str, monotonic_s: float) -> float:
        """For how long a matter is not well, seconds; of one that comes and goes, since the first of these times."""
        shown = self._shown[key]
        begins_s = shown.begins_s[:1] if shown.is_often else []
        return monotonic_s - min([*shown.since_s.values(), *begins_s], default=monotonic_s)

    def text(self, key: str) -> str | None:
        """What a matter says that comes and goes, also while it is well; None where it does not."""
        shown = self._shown[key]
        if not shown.is_often:
            return None
        return f"{shown.text}. It comes and goes: {len(shown.begins_s)} times within half an hour"

    def unsaved(self, now_s: float, monotonic_s: float) -> list[Shown]:
        """What has to go to disk, in UTC unix seconds; ``saved`` tells that it did."""
        return [
            shown.moved(now_s - monotonic_s)
            for key, shown in self._shown.items()
            if not shown.is_alike(self._saved.get(key, Shown(key)), SAVE_S)
        ]

    def saved(self) -> None:
        """What ``unsaved`` told is on disk."""
        for key, shown in self._shown.items():
            if not shown.is_alike(self._saved.get(key, Shown(key)), SAVE_S):
                self._saved[key] = shown.moved(0.0)

    def _of(self, key: str, now_s: float, monotonic_s: float) -> Shown:
        shown = self._shown.get(key)
        kept = self._kept.pop(key, None)
        if shown is None and kept is not None:
            self._saved[key] = kept.moved(monotonic_s - now_s)
            shown = kept.moved(monotonic_s - now_s)
        if shown is None or not -BACK_S <= monotonic_s - shown.seen_s <= GAP_S:
            shown = Shown(key)
        self._shown[key] = shown
        return shown


def _hold_s(light: Light, level: Level) -> float:
    warn_s, bad_s = HOLDS.get(light.name, (WARN_S, BAD_S))
    step_s = light.step_s if isinstance(light, SlowLight) else 0.0
    return max(bad_s if level == "bad" else warn_s, STEPS * step_s)
