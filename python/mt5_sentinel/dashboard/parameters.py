"""What a question may ask for: every parameter is checked, and a wrong one is told in one line."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request

SYMBOL_CHARS_MAX = 64
POINTS, POINTS_MIN, POINTS_MAX = 1500, 10, 5000
LIMIT, LIMIT_MAX = 50, 500
LATEST_S = 4_102_444_800.0
"""The year 2100."""
ID_MAX = 2**53
DAY_S, LAST_MAX_S = 86_400, 3660 * 86_400


class Span(NamedTuple):
    """A stretch of one symbol's time, UTC seconds, and how many points may show it."""

    symbol: str
    from_s: float
    to_s: float
    points: int

    def cut(self, from_s: float, to_s: float) -> Span:
        """What of this stretch lies within another."""
        return self._replace(from_s=max(from_s, self.from_s), to_s=min(to_s, self.to_s))


def span(request: Request, *, pointed: bool = True) -> Span:
    """``symbol``, ``from_s`` (default: the beginning), ``to_s`` (default: now) and, where asked, ``points``."""
    given = _only(request, ("symbol", "from_s", "to_s", *(("points",) if pointed else ())))
    from_s, to_s = _moment(given, "from_s", 0.0), _moment(given, "to_s", time.time())
    if from_s > to_s:
        raise _bad("from_s is later than to_s")
    symbol = _symbol(given)
    if symbol is None:
        raise _bad("symbol is missing; name it as ?symbol=EURUSD")
    return Span(symbol, from_s, to_s, _whole(given, "points", POINTS, POINTS_MIN, POINTS_MAX))


class Window(NamedTuple):
    """The newest cycles before one; of all symbols where none is named."""

    symbol: str | None
    limit: int
    before_id: int


def window(request: Request) -> Window:
    """``symbol``, ``limit`` and ``before_id``; each may be missing."""
    given = _only(request, ("symbol", "limit", "before_id"))
    limit = _whole(given, "limit", LIMIT, 1, LIMIT_MAX)
    return Window(_symbol(given), limit, _whole(given, "before_id", ID_MAX, 1, ID_MAX))


class Beginning(NamedTuple):
    """What a page begins with: the newest ``last_s`` seconds of a symbol."""

    wanted: str | None
    last_s: int
    points: int
    bars: int
    limit: int


def beginning(request: Request) -> Beginning:
    """``wanted`` (a symbol), ``last_s`` (default: a day), ``points``, ``bars`` and ``limit``; each may be missing."""
    given = _only(request, ("wanted", "last_s", "points", "bars", "limit"))
    last_s = _whole(given, "last_s", DAY_S, 1, LAST_MAX_S)
    points, bars = (_whole(given, name, POINTS, POINTS_MIN, POINTS_MAX) for name in ("points", "bars"))
    return Beginning(_symbol(given, "wanted"), last_s, points, bars, _whole(given, "limit", LIMIT, 1, LIMIT_MAX))


def none(request: Request) -> None:
    """Nothing may be asked for."""
    _only(request, ())


def _only(request: Request, names: tuple[str, ...]) -> Mapping[str, str]:
    pairs = request.query_params.multi_items()
    for name, _ in pairs:
        if name not in names:
            raise _bad(f"unknown parameter {name[:40]!r}; known are {', '.join(names) or 'none'}")
    if len(dict(pairs)) < len(pairs):
        raise _bad("a parameter is given twice")
    return dict(pairs)


def _symbol(given: Mapping[str, str], name: str = "symbol") -> str | None:
    symbol = given.get(name)
    if symbol is not None and not (0 < len(symbol) <= SYMBOL_CHARS_MAX and symbol.isprintable()):
        raise _bad(f"{name} is not 1 to {SYMBOL_CHARS_MAX} printable characters")
    return symbol


def _moment(given: Mapping[str, str], name: str, default: float) -> float:
    if name not in given:
        return default
    try:
        value = float(given[name])
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= LATEST_S:
        raise _bad(f"{name} is no time in UTC unix seconds, 0 to {LATEST_S:.0f}")
    return value


def _whole(given: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    if name not in given:
        return default
    text = given[name]
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(high)) else low - 1
    if not low <= value <= high:
        raise _bad(f"{name} is no whole number from {low} to {high}")
    return value


def _bad(told: str) -> HTTPException:
    return HTTPException(400, told)
