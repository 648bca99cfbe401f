"""What is known of each matter: its level, what was told of it, and how often it changed."""

from __future__ import annotations

import msgspec

from mt5_sentinel.view.light import Level

HOUR_S = 3600.0

FLAPS = 4
"""Changes within an hour from which a matter counts as flapping."""


class Matter(msgspec.Struct):
    """A light as it counts; times are UTC unix seconds."""

    key: str
    level: Level = "ok"
    """What counts now."""
    told: Level = "ok"
    """What people were told last."""
    text: str = ""
    began_s: float = 0.0
    """Since when it is not well."""
    told_s: float = 0.0
    changes: list[float] = []
    """Of the last hour."""
    untold: int = 0
    """Changes since it was last told of."""

    def turn(self, level: Level, now_s: float, began_s: float) -> None:
        """It counts as something else from now on; ``began_s`` is since when it shows that."""
        if self.level == "ok" and self.told == "ok":
            self.began_s = began_s
        self.level = level
        self.untold += 1
        self.changes = [at_s for at_s in self.changes if now_s - HOUR_S < at_s <= now_s] + [now_s]

    def flaps(self, now_s: float) -> int:
        """Changes of the last hour where they are many, else 0."""
        count = sum(1 for at_s in self.changes if now_s - HOUR_S < at_s <= now_s)
        return count if count >= FLAPS else 0
