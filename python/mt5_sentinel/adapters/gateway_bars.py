"""Bars of a MetaTrader 5 terminal, asked for over ZeroMQ."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from typing import Annotated

import msgspec

from mt5_sentinel import _core
from mt5_sentinel.errors import Unusable
from mt5_sentinel.gateway_client import GatewayClient, unreadable
from mt5_sentinel.ports import Clock
from mt5_sentinel.types import INTERVAL_S, Page

TIMEFRAMES = {"1m": "M1", "5m": "M5", "1h": "H1"}

COUNT_MAX = 50_000
"""Bars the gateway serves at once."""

_Seconds = Annotated[int, msgspec.Meta(ge=0, le=99_999_999_999)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 53))]


class _Rates(msgspec.Struct):
    server_time: _Seconds
    utc: Annotated[float, msgspec.Meta(ge=0, le=99_999_999_999)]
    rates: list[tuple[_Seconds, float, float, float, float, _Count, _Count, _Count]]
    symbol: str | None = None
    timeframe: str | None = None


class GatewayMarket:
    """Asks the gateway for a symbol's newest bars and hands them on in UTC."""

    name = "gateway"

    tells_time = True
    units_per_call = 0

    def __init__(self, client: GatewayClient, *, symbol: str, interval: str, dst: str, clock: Clock) -> None:
        """Nothing is sent yet.

        Args:
            client: asks the gateway; its budget is that of one fetch, both tries together.
            symbol: as the broker names it.
            interval: ``1m``, ``5m`` or ``1h``.
            dst: which summer time the broker's server keeps: ``eu``, ``us`` or ``none``.
            clock: UTC.
        """
        self._client = client
        self._symbol = symbol
        self.origin = f"{client.where}/{symbol}"
        self._timeframe = TIMEFRAMES[interval]
        self._interval_s = INTERVAL_S[interval]
        self._clock = clock
        self._offset = _core.BrokerOffset(dst)

    def fetch(self, from_s: int, to_s: int, pay: Callable[[], None]) -> Page:
        """Bars that open within ``from_s`` … ``to_s``, UTC seconds. ``date`` is the gateway machine's own time;
        ``pay`` is called before each request.

        Raises:
            Transient: no answer within the budget, or a fault that may heal.
            Unusable: an answer that cannot be read, a symbol the terminal does not have, or no way to tell broker time.
            Misconfigured: the gateway is too old.
        """
        answer = self._ask(from_s, pay)
        self._offset.note(answer.server_time, answer.utc)
        times = self._offset.to_utc_series([rate[0] for rate in answer.rates])
        if times is None:
            message = (
                "the offset of broker time is not known: it is measured from two answers between which the newest tick"
                " moves, so when the market is open; the next cycle asks again"
            )
            raise Unusable(message, "broker_offset_unknown")
        rows = [
            {
                "timestamp": opened_s,
                "open": rate[1],
                "high": rate[2],
                "low": rate[3],
                "close": rate[4],
                "volume": rate[5],
            }
            for opened_s, rate in zip(times, answer.rates, strict=True)
            if from_s <= opened_s <= to_s
        ]
        return Page(body=msgspec.json.encode(rows), date=formatdate(answer.utc, usegmt=True))

    def _ask(self, from_s: int, pay: Callable[[], None]) -> _Rates:
        count = min(COUNT_MAX, max(0, int(self._clock.wall_s()) - from_s) // self._interval_s + 2)
        payload = {"symbol": self._symbol, "timeframe": self._timeframe, "start_pos": 0, "count": count}
        answer = self._client.answer("RATES", payload, _Rates, pay=pay)
        if len(answer.rates) > count:
            raise unreadable(f"{len(answer.rates)} bars where {count} were asked for")
        if answer.symbol not in (None, self._symbol) or answer.timeframe not in (None, self._timeframe):
            raise unreadable("bars of another symbol or timeframe than was asked for")
        return answer
