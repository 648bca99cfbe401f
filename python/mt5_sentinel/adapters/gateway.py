"""A terminal behind a gateway as a broker: its book, its symbols, and orders that are executed once or not at all."""

from __future__ import annotations

import logging

from mt5_sentinel import _core, wire
from mt5_sentinel.errors import Misconfigured, Refused, Transient, Uncertain, Unusable
from mt5_sentinel.gateway_client import SAID_CHARS_MAX, GatewayClient, unreadable
from mt5_sentinel.ports import Clock
from mt5_sentinel.types import Closing, Execution, OrderRequest, Side

log = logging.getLogger("mt5_sentinel")

TYPES = {"BUY": "OP_BUY", "SELL": "OP_SELL"}
SIDES: dict[str, Side] = {"OP_BUY": "BUY", "OP_SELL": "SELL"}

NOT_FINAL = (*wire.UNKNOWN, wire.INTERNAL)
"""Retcodes of an order after which it may have been executed all the same."""


class GatewayBroker:
    """Orders to one gateway. Silence and answers that make no sense are never taken for a yes or a no."""

    name = "gateway"

    def __init__(self, client: GatewayClient, clock: Clock, *, account_currency: str, skew_max_s: float) -> None:
        """Nothing is sent yet.

        Args:
            client: asks the gateway.
            clock: UTC of this machine.
            account_currency: which the account must have: limits are in it.
            skew_max_s: how far the gateway's clock may be from this machine's: it judges by it what comes too late.
        """
        self._client = client
        self._clock = clock
        self._currency = account_currency
        self._skew_max_s = skew_max_s

    def mark(self, symbol: str, quote: _core.Quote, bars: _core.Bars) -> None:
        """The broker has prices of its own."""

    def book(self) -> _core.Book:
        """Account and positions as they are now; halted where it takes no orders, or one of the clocks is wrong.

        Raises:
            Transient: no answer.
            Unusable: what it says cannot be used.
            Misconfigured: the account is kept in another currency.
        """
        asked_s = self._clock.wall_s()
        told = self._client.answer("BOOK", {}, wire.BookData)
        beat, account = told.heartbeat, told.account
        is_right = self._is_clock_right(asked_s, beat.utc)
        self._check_currency(account.currency)
        held = _core.Account(balance=account.balance, equity=account.equity, margin_free=account.margin_free)
        takes_orders = is_right and beat.connected and beat.trade_allowed and not beat.halted
        positions = [_position(one, self._or_now(one.time)) for one in told.positions]
        return _core.Book(held, positions, halted=not takes_orders)

    def facts(self, symbol: str) -> _core.SymbolFacts:
        """Steps, bounds and worth of a symbol. Raises as ``book``."""
        told = self._symbol(symbol)
        return _core.SymbolFacts.from_broker(
            account_currency=self._currency,
            point=told.point,
            tick_size=told.tick_size,
            tick_value=told.tick_value,
            contract_size=told.contract_size,
            volume_min=told.volume_min,
            volume_step=told.volume_step,
            volume_max=told.volume_max,
            stops_level_points=told.stops_level,
        )

    def quote(self, symbol: str) -> _core.Quote:
        """Bid and ask now; its time is that of the tick where the gateway can tell, else the moment of asking."""
        told = self._symbol(symbol)
        time_s = self._clock.wall_s() if told.tick_utc is None else told.tick_utc
        return _core.Quote.checked(time_s=int(time_s), bid=told.bid, ask=told.ask)

    def check(self, request: OrderRequest, now_s: float) -> None:
        """Everything but the sending.

        Raises:
            Refused: the broker would not take the order.
            Transient: no answer.
        """
        self._insist("ORDER_CHECK", _payload(request))

    def send(self, request: OrderRequest, now_s: float) -> Execution:
        """Execute an order once: repeats carry the same ``req_id``, and the gateway remembers it.

        Raises:
            Refused: the broker said no; nothing was executed and nothing will be.
            Uncertain: no answer, or none that tells; the order may or may not have been executed.
        """
        action = "ORDER_CLOSE" if request.kind == "close" else "ORDER_SEND"
        try:
            reply = self._client.ask(action, _payload(request), req_id=request.req_id, not_after_s=request.not_after_s)
            if reply is None:
                message = f"the gateway at {self._client.where} did not answer; whether it was executed is not known"
                raise Uncertain(message, "gateway_timeout")
            if reply.retcode in wire.EXECUTED and not reply.error:
                return _execution(self._client.data(reply, wire.Executed), reply.retcode, request)
        except Unusable as error:
            raise Uncertain(f"{error}; whether the order was executed is not known", "gateway_answer") from None
        if reply.retcode in NOT_FINAL or not reply.error or reply.retcode in wire.EXECUTED:
            said = f"({reply.retcode}: {reply.msg[:SAID_CHARS_MAX]!r})"
            raise Uncertain(f"the gateway cannot tell whether the order was executed {said}", "order_unknown")
        raise _refused(reply.retcode, reply.msg)

    def modify(self, symbol: str, ticket: int, sl: float | None, tp: float | None, now_s: float) -> None:
        """Set stop and target of a position.

        Raises:
            Refused: the broker said no.
            Transient: no answer, or none that tells.
        """
        self._insist("ORDER_MODIFY", {"symbol": symbol, "ticket": ticket, "sl": sl, "tp": tp})

    def lookup(self, req_id: str, created_s: float) -> Execution | None:
        """Outcome of an earlier order. ``None``: it was never seen, and from now on would be refused.

        Raises:
            Refused: it was refused.
            Uncertain: the broker cannot tell now.
        """
        try:
            told = self._client.answer("ORDER_LOOKUP", {"req_id": req_id, "created": created_s}, wire.Looked)
            if told.state == "executed":
                return _execution(told.executed, told.retcode, None)
        except (Transient, Unusable, Misconfigured) as error:
            raise Uncertain(f"order {req_id} cannot be looked up: {error}", "order_unknown") from None
        if told.state == "refused":
            raise _refused(told.retcode, told.msg)
        if told.state == "unknown":
            said = f"({told.retcode}: {told.msg[:SAID_CHARS_MAX]!r})"
            raise Uncertain(f"the broker cannot tell yet what became of order {req_id} {said}", "order_unknown")
        return None

    def closings(self, ticket: int) -> list[Closing]:
        """How a position was closed, part by part, oldest first. Raises as ``book``."""
        told = self._client.answer("CLOSINGS", {"ticket": ticket}, wire.Closings)
        return [
            Closing(
                ticket, self._or_now(one.time), one.price, one.volume, one.profit, one.by, wire.req_id_of(one.comment)
            )
            for one in told.closings
        ]

    def close(self) -> None:
        """Drop the connection."""
        self._client.link.close()

    def _or_now(self, time_s: float | None) -> float:
        """A time that the gateway could not bring to UTC is taken for now: it is shown, nothing is decided by it."""
        return self._clock.wall_s() if time_s is None else time_s

    def _insist(self, action: str, payload: dict[str, object]) -> None:
        """Ask for something that may be asked again, and take nothing but a yes."""
        reply = self._client.ask(action, payload)
        if reply is None or reply.retcode in NOT_FINAL:
            raise Transient(f"the gateway at {self._client.where} did not answer {action}", "gateway_timeout")
        if reply.error or reply.retcode != wire.DONE:
            raise _refused(reply.retcode, reply.msg)

    def _is_clock_right(self, asked_s: float, told_s: float) -> bool:
        """Whether the gateway judges by the same time what comes too late; without that, only exits are tried."""
        try:
            _core.check_gateway_clock(asked_s, self._clock.wall_s(), told_s, self._skew_max_s)
        except Unusable as error:
            log.error("%s; until then nothing is opened", error)
            return False
        return True

    def _check_currency(self, currency: str) -> None:
        if currency != self._currency:
            message = (
                f"account_currency is {self._currency}, the account at the gateway is kept in {currency[:8]!r};"
                " limits in another currency would be wrong"
            )
            raise Misconfigured(message, "account_currency")

    def _symbol(self, symbol: str) -> wire.SymbolData:
        told = self._client.answer("SYMBOL_INFO", {"symbol": symbol}, wire.SymbolData)
        if told.symbol != symbol:
            raise unreadable(f"facts of {told.symbol[:32]!r} where {symbol} was asked for")
        return told


def _payload(request: OrderRequest) -> dict[str, object]:
    shared = {
        "symbol": request.symbol,
        "type": TYPES[request.side],
        "volume": request.lots,
        "magic": request.magic,
        "comment": wire.comment_of(request.req_id),
        "deviation": request.deviation_points,
    }
    if request.kind == "close":
        return shared | {"ticket": request.ticket}
    return shared | {"sl": request.sl, "tp": request.tp}


def _execution(told: wire.Executed | None, retcode: int, request: OrderRequest | None) -> Execution:
    if told is None:
        raise unreadable("an executed order without what it did")
    _core.check_execution(told.price, told.volume, None if request is None else request.lots)
    return Execution(ticket=told.ticket, price=told.price, lots=told.volume, profit=told.profit, retcode=retcode)


def _position(told: wire.PositionData, opened_s: float) -> _core.Position:
    return _core.Position(
        ticket=told.ticket,
        symbol=told.symbol,
        side=SIDES[told.type],
        lots=told.volume,
        price=told.price,
        sl=told.sl,
        tp=told.tp,
        opened_s=int(opened_s),
        magic=told.magic,
        profit=told.profit,
        req_id=wire.req_id_of(told.comment),
    )


def _refused(retcode: int, said: str) -> Refused:
    return Refused(f"the broker refused ({retcode}: {said[:SAID_CHARS_MAX]!r})", f"retcode_{retcode}")
