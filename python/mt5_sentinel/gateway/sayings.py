"""Log lines that anybody can cause: so many a minute, then only their number."""

from __future__ import annotations

import logging
from collections.abc import Callable

LINES_PER_MINUTE_MAX = 60

log = logging.getLogger("mt5_sentinel")


class Sayings:
    """Says at most so many lines a minute, and afterwards how many were left out."""

    def __init__(self, steady_s: Callable[[], float], lines_max: int = LINES_PER_MINUTE_MAX) -> None:
        """Begin a minute."""
        self._steady_s, self._lines_max = steady_s, lines_max
        self._began_s, self._said, self._kept_back = steady_s(), 0, 0

    def say(self, level: int, text: str, *values: object, error: Exception | None = None) -> None:
        """A line, if there is room for it."""
        now_s = self._steady_s()
        if now_s >= self._began_s + 60:
            if self._kept_back:
                log.warning("%d further lines of this kind were left out", self._kept_back)
            self._began_s, self._said, self._kept_back = now_s, 0, 0
        if self._said >= self._lines_max:
            self._kept_back += 1
            return
        self._said += 1
        log.log(level, text, *values, exc_info=error)
