"""How wide a bucket is, where more was written than a chart has points."""

from __future__ import annotations

MINUTES = (1, 2, 3, 5, 10, 15, 20, 30)
HOURS = (1, 2, 3, 4, 6, 8, 12)
DAYS = (1, 2, 3, 4, 5, 6, 7)
WIDTHS_S = (*(60 * n for n in MINUTES), *(3600 * n for n in HOURS), *(86_400 * n for n in DAYS))
"""Widths that people read as such."""


def width_s(span_s: float, points: int, unit_s: int = 60) -> int:
    """The smallest width that shows ``span_s`` seconds in at most ``points`` buckets: one of ``WIDTHS_S``, or weeks.

    It is a whole multiple of ``unit_s``.
    """
    least_s = max(unit_s, span_s / max(1, points - 1))  # the first and the last bucket may be cut
    for width in WIDTHS_S:
        if width >= least_s and width % unit_s == 0:
            return width
    week_s = 7 * 86_400
    return -(-int(least_s + 1) // week_s) * week_s
