"""``RATES``: the newest bars of a terminal, in its own time, with what is needed to tell which time that is."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, Literal, Protocol

import msgspec

from mt5_sentinel.gateway.mt5_codes import GONE
from mt5_sentinel.wire import Symbol

COUNT_MAX = 50_000
"""Bars of one answer: five weeks of minutes, some 4 MB of JSON."""

DONE = 10009
MISSING, INVALID, INTERNAL, EXPIRED = -2, -3, -4, -5

FIELDS = ("time", "open", "high", "low", "close", "tick_volume", "spread", "real_volume")
"""Fields of a bar, in the order they are sent."""

SAID_CHARS_MAX = 200


class Tick(Protocol):
    """The newest tick of a symbol."""

    @property
    def time(self) -> int:
        """When it came: the wall clock of the broker's server, as if that kept UTC, seconds."""


class Terminal(Protocol):
    """What is asked of the package ``MetaTrader5``; a module with these names is one."""

    TIMEFRAME_M1: int
    TIMEFRAME_M5: int
    TIMEFRAME_H1: int

    def symbol_select(self, symbol: str, enable: bool) -> bool:
        """Show the symbol in Market Watch; False for an unknown one."""

    def copy_rates_from_pos(self, symbol: str, timeframe: int, start_pos: int, count: int) -> Any:  # noqa: ANN401
        """Bars, oldest first, as a numpy array with ``FIELDS``; None on failure."""

    def symbol_info_tick(self, symbol: str) -> Tick | None:
        """The newest tick; None on failure."""

    def last_error(self) -> tuple[int, str]:
        """Code and words of the last failure."""


class _Payload(msgspec.Struct, forbid_unknown_fields=True):
    symbol: Symbol
    timeframe: Literal["M1", "M5", "H1"]
    start_pos: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
    count: Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)]


class _Request(msgspec.Struct):
    action: Literal["RATES"]
    req_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    timestamp: float
    not_after: float
    payload: _Payload


def rates_reply(terminal: Terminal, request: object, utc_s: Callable[[], float]) -> dict[str, Any]:
    """Answer a decoded request; every fault is an error reply, none is raised.

    Args:
        terminal: the module ``MetaTrader5``, initialised.
        request: ``{"action": "RATES", "req_id", "timestamp", "not_after", "payload"}`` with the payload ``symbol``,
            ``timeframe`` (M1, M5, H1), ``start_pos`` (0 is the bar forming) and ``count``.
        utc_s: this machine's UTC; asked right after the tick, so that the two tell the offset of broker time.

    Returns:
        ``{"error", "ticket", "msg", "retcode", "req_id", "data"}``; on success the data are ``server_time`` (time of
        the newest tick, broker's wall clock), ``utc``, ``symbol``, ``timeframe`` and ``rates``, lists of ``FIELDS``.
    """
    try:
        asked = msgspec.convert(request, _Request)
        if utc_s() > asked.not_after:
            raise _Fault(EXPIRED, "the request is older than its not_after; nothing was asked of the terminal")
        data = _data(terminal, asked.payload, utc_s)
    except msgspec.ValidationError as error:
        return _error(request, MISSING if "missing required field" in str(error) else INVALID, str(error))
    except _Fault as fault:
        return _error(request, fault.retcode, str(fault))
    return {"error": False, "ticket": 0, "msg": "", "retcode": DONE, "req_id": asked.req_id, "data": data}


def _data(terminal: Terminal, payload: _Payload, utc_s: Callable[[], float]) -> dict[str, Any]:
    if not terminal.symbol_select(payload.symbol, True):
        if terminal.last_error()[0] in GONE:
            raise _Fault(INTERNAL, f"the terminal does not answer: {_said(terminal)}")
        raise _Fault(INVALID, f"the terminal has no symbol {payload.symbol}: {_said(terminal)}")
    timeframe = getattr(terminal, f"TIMEFRAME_{payload.timeframe}")
    rates = terminal.copy_rates_from_pos(payload.symbol, timeframe, payload.start_pos, payload.count)
    if rates is None:
        raise _Fault(INTERNAL, f"the terminal gave no bars: {_said(terminal)}")
    tick = terminal.symbol_info_tick(payload.symbol)
    now_s = utc_s()
    if tick is None:
        raise _Fault(INTERNAL, f"the terminal gave no tick: {_said(terminal)}")
    names = rates.dtype.names or ()
    if not set(FIELDS) <= set(names):
        raise _Fault(INTERNAL, f"the terminal's bars have the fields {', '.join(names) or 'none'}")
    rows = rates[list(FIELDS)].tolist()
    if len(rows) > payload.count or not all(math.isfinite(value) for row in rows for value in row):
        raise _Fault(INTERNAL, "the terminal's bars are more than were asked for, or hold what is no number")
    return {
        "server_time": int(tick.time),
        "utc": now_s,
        "symbol": payload.symbol,
        "timeframe": payload.timeframe,
        "rates": rows,
    }


class _Fault(Exception):
    """Why there are no bars, with the code of the reply."""

    def __init__(self, retcode: int, text: str) -> None:
        super().__init__(text)
        self.retcode = retcode


def _said(terminal: Terminal) -> str:
    code, words = terminal.last_error()
    return f"{words} ({code})"


def _error(request: object, retcode: int, text: str) -> dict[str, Any]:
    req_id = request.get("req_id") if isinstance(request, dict) else None
    named = req_id if isinstance(req_id, str) and len(req_id) <= 64 else ""
    return {"error": True, "ticket": 0, "msg": text[:SAID_CHARS_MAX], "retcode": retcode, "req_id": named, "data": {}}
