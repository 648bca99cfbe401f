"""What the light of one matter has shown: kept on disk too, so that a restart does not begin each wait anew."""

from __future__ import annotations

import msgspec

from mt5_sentinel.view.light import LEVELS, Level, Light


class SlowLight(Light, frozen=True):
    """One that follows something slower than a cycle."""

    step_s: float = 0.0
    """How long it shows the same at least: a bar; seconds."""


class Shown(msgspec.Struct):
    """Times are monotonic seconds; on disk UTC unix seconds."""

    key: str
    since_s: dict[Level, float] = {}
    """Since when it is as bad as this or worse; of what it shows now."""
    begins_s: list[float] = []
    """When it began to be not well, the oldest first."""
    better_s: float | None = None
    """Since when it is better than what counts."""
    is_often: bool = False
    """Whether it comes and goes."""
    text: str = ""
    """What it said when it was not well."""
    seen_s: float = 0.0
    """When it was looked at."""

    def take(self, light: Light, now_s: float, kept_s: float) -> None:
        """A look; beginnings older than ``kept_s`` are forgotten."""
        self.seen_s = now_s
        if light.level != "ok":
            self.text = light.text
            if not self.since_s:
                self.begins_s.append(now_s)
        for level in LEVELS[1:]:
            if LEVELS.index(light.level) >= LEVELS.index(level):
                self.since_s.setdefault(level, now_s)
            else:
                self.since_s.pop(level, None)
        self.begins_s = [at_s for at_s in self.begins_s if now_s - at_s <= kept_s]

    def moved(self, by_s: float) -> Shown:
        """A copy by another clock."""
        return Shown(
            self.key,
            {level: at_s + by_s for level, at_s in self.since_s.items()},
            [at_s + by_s for at_s in self.begins_s],
            None if self.better_s is None else self.better_s + by_s,
            self.is_often,
            self.text,
            self.seen_s + by_s,
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to remember."""
        return not self.since_s and not self.begins_s and self.better_s is None

    def is_alike(self, other: Shown, within_s: float) -> bool:
        """Whether both say the same, and were looked at so close to each other; what is empty has no time."""
        is_close = self.is_empty or abs(self.seen_s - other.seen_s) < within_s
        return is_close and self._said() == other._said()

    def _said(self) -> tuple[object, ...]:
        return sorted(self.since_s), len(self.begins_s), self.better_s is None, self.is_often
