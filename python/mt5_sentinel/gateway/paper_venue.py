"""A broker on paper behind the gateway: recorded prices played as if it were now, executed on a paper account."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Mapping

import msgspec

from mt5_sentinel import _core, wire
from mt5_sentinel.errors import Refused, SentinelError, Uncertain
from mt5_sentinel.gateway.rates import rates_reply
from mt5_sentinel.gateway.recording import RecordedTerminal
from mt5_sentinel.gateway.venue import MayStill, Outcome, Sought, VenueError
from mt5_sentinel.paper_account import PaperAccount
from mt5_sentinel.paper_orders import refused
from mt5_sentinel.types import Execution, OrderRequest, Side
from mt5_sentinel.wire import OrderClose, OrderModify, OrderSend

CHUNK = 1000
"""Ticks of a symbol that are fetched at once."""

SIDES: dict[str, Side] = {"OP_BUY": "BUY", "OP_SELL": "SELL"}

Dated = tuple[int, str, _core.Quote]
"""A tick with its time and its symbol."""


class PaperVenue:
    """``Venue`` over one paper account and a recording for each symbol; asked by one thread at a time.

    Before any question is answered, stops and targets are executed on every tick since the last look. The newest deal
    tells when that was: what was looked at after it had no effect then, and has none when it is looked at again. So a
    gateway that was down makes the deals that the same prices would have brought about had it been up.
    """

    name = "paper"

    def __init__(
        self,
        account: PaperAccount,
        recordings: Mapping[str, tuple[_core.Recording, _core.SymbolFacts]],
        utc_s: Callable[[], float],
        *,
        currency: str,
    ) -> None:
        """Trade these symbols.

        Args:
            account: kept in ``currency``; whoever made it closes it.
            recordings: by symbol, each with the symbol's facts.
            utc_s: this machine's UTC.
            currency: of the account.

        Raises:
            Misconfigured: facts for an account in another currency.
        """
        self._account = account
        self._recordings = {symbol: recording for symbol, (recording, _) in recordings.items()}
        self._utc_s = utc_s
        self._currency = currency
        for symbol, (_, facts) in recordings.items():
            account.know(symbol, facts)
        self._looked_s = account.newest_deal_s()
        for symbol, recording in self._recordings.items():
            account.price(symbol, recording.quote(int(utc_s()) if self._looked_s is None else self._looked_s))

    def heartbeat(self) -> wire.Heartbeat:
        """Connected, always: it is its own server."""
        return wire.Heartbeat(self.name, self._utc_s(), connected=True, trade_allowed=True, halted=False)

    def account(self) -> wire.AccountData:
        """The account at the newest tick."""
        self._look()
        told = self._account.account()
        return wire.AccountData(told.balance, told.equity, told.margin_free, self._currency)

    def positions(self) -> list[wire.PositionData]:
        """All open positions."""
        self._look()
        return [_position(position) for position in self._account.positions()]

    def symbol_info(self, symbol: str) -> wire.SymbolData:
        """Prices of the newest tick, steps and bounds."""
        quote = self._quote(symbol)
        times = {"server_time": quote.time_s, "tick_utc": quote.time_s}
        prices = {"symbol": symbol, "bid": quote.bid, "ask": quote.ask}
        told = _core.broker_facts(self._account.facts(symbol), quote.bid)
        return msgspec.convert(told | times | prices, wire.SymbolData)

    def check(self, order: OrderSend | OrderClose, req_id: str) -> Outcome:
        """Everything but the doing."""
        return self._outcome(lambda now_s: self._account.check(_request(order, req_id, now_s), now_s))

    def send(self, order: OrderSend, req_id: str, may_still: MayStill | None = None) -> Outcome:
        """Open a position; the same ``req_id`` answers the first outcome."""
        return self._sent(order, req_id, may_still)

    def close(self, order: OrderClose, req_id: str, may_still: MayStill | None = None) -> Outcome:
        """Close a position or a part of it; the same ``req_id`` answers the first outcome."""
        return self._sent(order, req_id, may_still)

    def modify(self, order: OrderModify, req_id: str) -> Outcome:  # the same levels again change nothing
        """Move stop and target."""
        return self._outcome(
            lambda now_s: self._account.modify(order.symbol, order.ticket, sl=order.sl, tp=order.tp, now_s=now_s)
        )

    def find(self, req_id: str, since_s: float, sought: Sought | None = None) -> Outcome | None:
        """What the deals say about an order; this history is complete from the first day on."""
        found = self._account.find(req_id)
        return None if found is None else Outcome(wire.DONE, "found among the deals", _executed(found))

    def closings(self, ticket: int) -> list[wire.ClosingData]:
        """How a position was closed."""
        self._look()
        return [
            wire.ClosingData(one.time_s, one.price, one.lots, one.profit, one.by, _comment(one.req_id))
            for one in self._account.closings(ticket)
        ]

    def rates(self, request: object) -> dict[str, object]:
        """Bars of the recording, as they are played; its server keeps UTC."""
        return rates_reply(RecordedTerminal(self._recordings, self._utc_s), request, self._utc_s)

    def tick(self, symbol: str) -> wire.Tick | None:
        """The newest tick."""
        if symbol not in self._recordings:
            return None
        quote = self._quote(symbol)
        return wire.Tick(symbol, quote.bid, quote.ask, float(quote.time_s), float(quote.time_s))

    def _quote(self, symbol: str) -> _core.Quote:
        if symbol not in self._recordings:
            raise VenueError(f"the paper broker has no recording of {symbol[:32]}", wire.INVALID)
        return self._recordings[symbol].quote(self._look())

    def _sent(self, order: OrderSend | OrderClose, req_id: str, may_still: MayStill | None) -> Outcome:
        def work(now_s: float) -> Execution:
            request = _request(order, req_id, now_s)
            # Asked after the look, which may have had a long time to make up for.
            if may_still is not None and not may_still() and self._account.answered(request) is None:
                raise refused("not_after passed before the order could be executed", "expired", wire.EXPIRED)
            return self._account.send(request, now_s)

        return self._outcome(work)

    def _outcome(self, work: Callable[[float], Execution | None]) -> Outcome:
        try:
            done = work(self._look())
        except Refused as error:
            return Outcome(wire.INVALID if error.retcode is None else error.retcode, str(error))
        except Uncertain as error:
            return Outcome(wire.UNKNOWN[0], str(error))
        except (SentinelError, VenueError) as error:
            return Outcome(wire.INTERNAL, str(error))
        return Outcome(wire.DONE, "done", None if done is None else _executed(done))

    def _look(self) -> int:
        """Execute stops, targets and the stop out on all ticks up to now; tells which moment that was."""
        now_s = int(self._utc_s())
        try:
            if self._looked_s is not None and self._account.positions():
                self._walk(self._looked_s, now_s)
            for symbol, recording in self._recordings.items():
                self._account.mark(symbol, recording.quote(now_s), is_kept=False)
        except SentinelError as error:
            raise VenueError(str(error), wire.INTERNAL) from None
        self._looked_s = now_s
        return now_s

    def _walk(self, after_s: int, until_s: int) -> None:
        """Mark tick after tick, all symbols in the order of time, while positions are open."""
        open_count = len(self._account.positions())
        for _, symbol, quote in heapq.merge(*(self._ticks(symbol, after_s, until_s) for symbol in self._recordings)):
            if self._account.mark(symbol, quote, is_kept=False):
                open_count = len(self._account.positions())
            if open_count == 0:
                return

    def _ticks(self, symbol: str, after_s: int, until_s: int) -> Iterable[Dated]:
        while quotes := self._recordings[symbol].quotes(after_s, until_s, CHUNK):
            yield from ((quote.time_s, symbol, quote) for quote in quotes)
            after_s = quotes[-1].time_s


def _request(order: OrderSend | OrderClose, req_id: str, now_s: float) -> OrderRequest:
    """The order as the account knows orders; whether it comes in time is the gateway's to judge."""
    is_opening = isinstance(order, OrderSend)
    return OrderRequest(
        req_id=req_id,
        kind="open" if is_opening else "close",
        symbol=order.symbol,
        side=SIDES[order.type],
        lots=order.volume,
        purpose="signal",
        magic=order.magic,
        created_s=now_s,
        not_after_s=math.inf,
        ticket=0 if isinstance(order, OrderSend) else order.ticket,
        sl=order.sl if isinstance(order, OrderSend) else None,
        tp=order.tp if isinstance(order, OrderSend) else None,
        deviation_points=order.deviation,
    )


def _executed(done: Execution) -> wire.Executed:
    return wire.Executed(ticket=done.ticket, price=done.price, volume=done.lots, profit=done.profit)


def _position(position: _core.Position) -> wire.PositionData:
    return wire.PositionData(
        ticket=position.ticket,
        symbol=position.symbol,
        type="OP_BUY" if position.side == "BUY" else "OP_SELL",
        volume=position.lots,
        price=position.price,
        sl=position.sl,
        tp=position.tp,
        time=float(position.opened_s),
        magic=position.magic,
        profit=position.profit,
        comment=_comment(position.req_id),
    )


def _comment(req_id: str | None) -> str:
    return "" if req_id is None else wire.comment_of(req_id)
