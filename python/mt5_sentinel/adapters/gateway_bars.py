"""Bars of a MetaTrader 5 terminal, asked for over ZeroMQ."""

from __future__ import annotations

import ipaddress
import time
import uuid
from collections.abc import Callable
from email.utils import formatdate
from typing import Annotated

import msgspec
import zmq

from mt5_sentinel import _core
from mt5_sentinel.errors import Misconfigured, SentinelError, Transient, Unusable
from mt5_sentinel.ports import Clock
from mt5_sentinel.types import INTERVAL_S, Page

TIMEFRAMES = {"1m": "M1", "5m": "M5", "1h": "H1"}

COUNT_MAX = 50_000
"""Bars the gateway serves at once."""

ANSWER_BYTES_MAX = 32 << 20
"""No answer comes near this; ZeroMQ drops a peer that sends more."""

TRIES = 2
"""Requests within the budget: one that is lost with its connection is worth a second one."""

DONE = 10009

SAID_CHARS_MAX = 120

REFUSALS: dict[int, tuple[type[SentinelError], str, str]] = {
    -1: (Transient, "gateway_malformed", "the gateway could not read the request, or its terminal did not answer"),
    -2: (Misconfigured, "gateway_unknown_action", "the gateway does not know RATES; it needs a newer version"),
    -3: (Unusable, "gateway_invalid_value", "the gateway refused the request; check symbol and interval"),
    -4: (Transient, "gateway_internal", "the terminal behind the gateway failed"),
    -5: (Transient, "gateway_expired", "the request came late; compare the clocks of both machines"),
    -6: (Unusable, "gateway_halted", "the gateway is halted"),
    10018: (Unusable, "gateway_market_closed", "the terminal says that the market is closed"),
}
"""What the code of an error reply means and who has to act; anything else may heal by itself."""


_Seconds = Annotated[int, msgspec.Meta(ge=0, le=99_999_999_999)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 53))]


class _Reply(msgspec.Struct):
    error: bool
    retcode: Annotated[int, msgspec.Meta(ge=-(1 << 31), le=(1 << 31))]
    data: msgspec.Raw
    msg: str = ""
    req_id: str | None = None


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

    def __init__(
        self, host: str, port: int, *, symbol: str, interval: str, dst: str, timeout_s: float, clock: Clock
    ) -> None:
        """Nothing is sent yet.

        Args:
            host: loopback only: the wire is not encrypted.
            port: of the gateway.
            symbol: as the broker names it.
            interval: ``1m``, ``5m`` or ``1h``.
            dst: which summer time the broker's server keeps: ``eu``, ``us`` or ``none``.
            timeout_s: budget of one fetch, both tries together.
            clock: UTC, and seconds that never step.

        Raises:
            Misconfigured: the host is not this machine.
        """
        check_host(host)
        self._url = f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"
        self._symbol = symbol
        self.origin = f"{self._url}/{symbol}"
        self._timeframe = TIMEFRAMES[interval]
        self._interval_s = INTERVAL_S[interval]
        self._timeout_s = timeout_s
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
        now_s = self._clock.wall_s()
        count = min(COUNT_MAX, max(0, int(now_s) - from_s) // self._interval_s + 2)
        payload = {"symbol": self._symbol, "timeframe": self._timeframe, "start_pos": 0, "count": count}
        req_id = str(uuid.uuid4())
        envelope = {"action": "RATES", "req_id": req_id, "timestamp": now_s, "not_after": now_s + self._timeout_s}
        request = msgspec.json.encode(envelope | {"payload": payload})
        deadline_s = time.monotonic() + self._timeout_s
        for tries in range(1, TRIES + 1):
            left_s = deadline_s - time.monotonic()
            pay()
            body = self._exchange(request, left_s / (TRIES + 1 - tries))
            reply = None if body is None else self._read(body)
            if reply is not None and reply.req_id in (None, req_id):
                return self._rates(reply, count)
        raise Transient(
            f"the gateway at {self._url} did not answer within {self._timeout_s:g} s; is it running?", "gateway_timeout"
        )

    def _exchange(self, request: bytes, patience_s: float) -> bytes | None:
        """One request on a socket of its own: one that got no answer cannot be used again, and nothing is left over."""
        with zmq.Context() as context, context.socket(zmq.REQ) as socket:
            socket.set(zmq.LINGER, 0)
            socket.set(zmq.IPV6, 1)
            socket.set(zmq.MAXMSGSIZE, ANSWER_BYTES_MAX)
            socket.connect(self._url)
            socket.send(request)
            if socket.poll(max(1, int(patience_s * 1000))) == 0:
                return None
            return socket.recv()

    def _read(self, body: bytes) -> _Reply:
        try:
            return msgspec.json.decode(body, type=_Reply)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _unreadable(str(error)) from None

    def _rates(self, reply: _Reply, count: int) -> _Rates:
        if reply.error:
            kind, reason, meaning = REFUSALS.get(
                reply.retcode, (Transient, "gateway_error", "the gateway did not serve the request")
            )
            raise kind(f"{meaning} ({reply.retcode}, {self._symbol}: {reply.msg[:SAID_CHARS_MAX]!r})", reason)
        if reply.retcode != DONE:
            raise _unreadable(f"no error, but retcode {reply.retcode} instead of {DONE}")
        try:
            answer = msgspec.json.decode(reply.data, type=_Rates)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _unreadable(str(error)) from None
        if len(answer.rates) > count:
            raise _unreadable(f"{len(answer.rates)} bars where {count} were asked for")
        if answer.symbol not in (None, self._symbol) or answer.timeframe not in (None, self._timeframe):
            raise _unreadable("bars of another symbol or timeframe than was asked for")
        return answer


def check_host(host: str) -> None:
    """Whether the gateway may be asked there.

    Raises:
        Misconfigured: it is not this machine.
    """
    if not _is_loopback(host):
        message = (
            f"gtw_host {host[:SAID_CHARS_MAX]!r} is another machine, and this wire is plain text:"
            " encryption (CURVE) comes with the order-safety layer; until then tunnel the port to 127.0.0.1"
        )
        raise Misconfigured(message, "plaintext_gateway")


def _unreadable(problem: str) -> Unusable:
    return Unusable(f"the gateway's answer cannot be used: {problem[:SAID_CHARS_MAX]}", "gateway_answer")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
