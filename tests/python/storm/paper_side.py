"""The paper account within the daemon, where no gateway is configured: the witness stands at the account itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

from mt5_sentinel import _core, wire
from mt5_sentinel.gateway.venue import Outcome
from mt5_sentinel.paper_account import PaperAccount
from mt5_sentinel.types import Execution, OrderRequest
from mt5_sentinel.wire import Executed, OrderClose, OrderSend, PositionData
from tests.python.storm.machine import Died
from tests.python.storm.watch import Watch

TYPES: dict[str, Any] = {"BUY": "OP_BUY", "SELL": "OP_SELL"}


class PaperSide:
    """The account that the living daemon has open."""

    def __init__(self, watch: Watch) -> None:
        """None is open yet."""
        self.watch = watch
        self._account: PaperAccount | None = None
        self._unwitnessed: list[OrderRequest] = []

    def positions(self) -> list[PositionData]:
        """What is open."""
        return [] if self._account is None else [_position(one) for one in self._account.positions()]

    @contextlib.contextmanager
    def witnessed(self) -> Iterator[None]:
        """While this runs every account that is opened, and every order to it, is seen."""
        begin, send, book = PaperAccount.__init__, PaperAccount.send, PaperAccount.book

        def opened(account: PaperAccount, *rest: Any, **named: Any) -> None:
            begin(account, *rest, **named)
            self._account = account
            waiting, self._unwitnessed = self._unwitnessed, []
            for request in waiting:
                found = account.find(request.req_id)
                if found is not None:
                    self._note(request, found)

        def sent(account: PaperAccount, request: OrderRequest, now_s: float) -> Execution:
            self.watch.leaves(_order(request), request.req_id)
            is_new = account.find(request.req_id) is None
            try:
                done = send(account, request, now_s)
            except Died:
                self._unwitnessed += [request] if is_new else []
                raise
            if is_new:
                self._note(request, done)
            return done

        def told(account: PaperAccount) -> _core.Book:
            seen = book(account)
            self.watch.halts.heard(seen.account.equity)
            return seen

        with contextlib.ExitStack() as stack:
            for name, value in (("__init__", opened), ("send", sent), ("book", told)):
                stack.enter_context(mock.patch.object(PaperAccount, name, value))
            yield

    def _note(self, request: OrderRequest, done: Execution) -> None:
        executed = Executed(done.ticket, done.price, done.lots, done.profit)
        outcome = Outcome(wire.DONE, "done", executed)
        self.watch.execution(_order(request), request.req_id, outcome, self.positions())


def _order(request: OrderRequest) -> OrderSend | OrderClose:
    named: dict[str, Any] = {"symbol": request.symbol, "type": TYPES[request.side], "volume": request.lots}
    if request.kind == "open":
        return OrderSend(**named, magic=request.magic, sl=request.sl, tp=request.tp)
    return OrderClose(**named, magic=request.magic, ticket=request.ticket)


def _position(one: _core.Position) -> PositionData:
    return PositionData(
        ticket=one.ticket,
        symbol=one.symbol,
        type=TYPES[one.side],
        volume=one.lots,
        price=one.price,
        sl=one.sl,
        tp=one.tp,
        time=float(one.opened_s),
        magic=one.magic,
        profit=one.profit,
    )
