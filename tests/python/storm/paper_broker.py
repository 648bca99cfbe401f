"""The real paper account behind the gateway's door, at prices by formula."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mt5_sentinel import _core, wire
from mt5_sentinel.errors import Refused, SentinelError, Uncertain
from mt5_sentinel.gateway.venue import MayStill, Outcome, VenueError
from mt5_sentinel.paper_account import PaperAccount
from mt5_sentinel.settings import Settings
from mt5_sentinel.types import Execution, OrderRequest
from mt5_sentinel.wire import OrderClose, OrderModify, OrderSend
from tests.python.storm.prices import POINT, STEP_S, Prices

SIDES = {"OP_BUY": "BUY", "OP_SELL": "SELL"}
NEVER_S = 1e11


class PaperDesk:
    """``Venue`` over one ``PaperAccount``."""

    name = "paper"

    def __init__(
        self, state: Path, now: Callable[[], float], prices: Prices, settings: Settings, *, durable: bool
    ) -> None:
        """Open the account's file; ``now`` is the broker's own time, UTC."""
        self._now = now
        self._prices = prices
        self._symbol = settings.symbol
        self._spread = settings.spread_points * POINT
        self._account = PaperAccount(
            state / "paper.db",
            deposit=settings.deposit,
            currency=settings.account_currency,
            leverage=settings.leverage,
            seed=settings.paper_seed,
            slippage_points_max=settings.paper_slippage_points,
            durable=durable,
        )
        self._facts = _core.SymbolFacts(settings.symbol, settings.account_currency)
        self._account.know(settings.symbol, self._facts)
        self._quote: _core.Quote | None = None
        self._step = int(now()) // STEP_S

    def heartbeat(self) -> wire.Heartbeat:
        return wire.Heartbeat(self.name, 0.0, connected=True, trade_allowed=True, halted=False)

    def account(self) -> wire.AccountData:
        self._look()
        told = self._account.account()
        return wire.AccountData(told.balance, told.equity, told.margin_free, "USD")

    def positions(self) -> list[wire.PositionData]:
        self._look()
        return [
            wire.PositionData(
                ticket=one.ticket,
                symbol=one.symbol,
                type="OP_BUY" if one.side == "BUY" else "OP_SELL",
                volume=one.lots,
                price=one.price,
                sl=one.sl,
                tp=one.tp,
                time=float(one.opened_s),
                magic=one.magic,
                profit=one.profit,
                comment=wire.comment_of(one.req_id) if one.req_id else "",
            )
            for one in self._account.positions()
        ]

    def symbol_info(self, symbol: str) -> wire.SymbolData:
        quote = self._look()
        told = _core.broker_facts(self._facts, quote.bid)
        now_s = float(int(self._now()))
        return wire.SymbolData(symbol=symbol, bid=quote.bid, ask=quote.ask, tick_utc=now_s, **told)  # type: ignore[arg-type] # its names are these fields

    def check(self, order: OrderSend | OrderClose, req_id: str) -> Outcome:
        return self._outcome(lambda: self._account.check(self._request(order, req_id), self._now()))

    def send(self, order: OrderSend, req_id: str, may_still: MayStill | None = None) -> Outcome:
        return self._outcome(lambda: self._account.send(self._request(order, req_id), self._now()))

    def close(self, order: OrderClose, req_id: str, may_still: MayStill | None = None) -> Outcome:
        return self._outcome(lambda: self._account.send(self._request(order, req_id), self._now()))

    def modify(self, order: OrderModify, req_id: str) -> Outcome:
        levels = {"sl": order.sl, "tp": order.tp, "now_s": self._now()}
        return self._outcome(lambda: self._account.modify(order.symbol, order.ticket, **levels))  # type: ignore[arg-type]

    def find(self, req_id: str, since_s: float) -> Outcome | None:
        found = self._account.find(req_id)
        return None if found is None else Outcome(wire.DONE, "found", _executed(found))

    def closings(self, ticket: int) -> list[wire.ClosingData]:
        self._look()
        return [
            wire.ClosingData(
                one.time_s, one.price, one.lots, one.profit, one.by, wire.comment_of(one.req_id) if one.req_id else ""
            )
            for one in self._account.closings(ticket)
        ]

    def rates(self, request: object) -> dict[str, object]:
        raise VenueError("bars come from elsewhere", -2)

    def tick(self, symbol: str) -> wire.Tick | None:
        return None

    def _look(self) -> _core.Quote:
        """Execute stops and targets on every step of the price since the last look, then give the newest."""
        step = int(self._now()) // STEP_S
        if self._quote is None or step != self._step:
            bids = [self._prices.at(at * STEP_S) for at in range(self._step + 1, step)]
            if bids and self._has_level_within(min(bids), max(bids) + self._spread):
                for n, bid in enumerate(bids):
                    self._mark(bid, (self._step + 1 + n) * STEP_S)
            self._quote = self._mark(self._prices.at(step * STEP_S), step * STEP_S)
            self._step = step
        return self._quote

    def _has_level_within(self, low: float, high: float) -> bool:
        levels = (level for one in self._account.positions() for level in (one.sl, one.tp) if level is not None)
        return any(low <= level <= high for level in levels)

    def _mark(self, bid: float, at_s: int) -> _core.Quote:
        quote = _core.Quote(time_s=at_s, bid=bid, ask=round(bid + self._spread, 5))
        try:
            self._account.mark(self._symbol, quote)
        except SentinelError as error:
            raise VenueError(str(error), -4) from None
        return quote

    def _request(self, order: OrderSend | OrderClose, req_id: str) -> OrderRequest:
        self._look()
        is_opening = isinstance(order, OrderSend)
        return OrderRequest(
            req_id=req_id,
            kind="open" if is_opening else "close",
            symbol=order.symbol,
            side=SIDES[order.type],  # type: ignore[arg-type] # one of the two
            lots=order.volume,
            purpose="signal",
            magic=order.magic,
            created_s=self._now(),
            not_after_s=NEVER_S,
            ticket=0 if isinstance(order, OrderSend) else order.ticket,
            sl=order.sl if isinstance(order, OrderSend) else None,
            tp=order.tp if isinstance(order, OrderSend) else None,
            deviation_points=order.deviation,
        )

    def _outcome(self, work: Callable[[], Execution | None]) -> Outcome:
        try:
            done = work()
        except Refused as error:
            return Outcome(error.retcode or 10006, str(error))
        except Uncertain as error:
            return Outcome(wire.UNKNOWN[0], str(error))
        return Outcome(wire.DONE, "done", None if done is None else _executed(done))


def _executed(done: Execution) -> wire.Executed:
    return wire.Executed(ticket=done.ticket, price=done.price, volume=done.lots, profit=done.profit)
