"""How lengths of time read, wherever people are told of one."""

from __future__ import annotations

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


def told(seconds: float) -> str:
    """A length of time in the one unit that suits it."""
    for name, unit_s in (("days", DAY_S), ("h", HOUR_S), ("min", MINUTE_S)):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:,.0f} {name}"
    return f"{seconds:.0f} s"
