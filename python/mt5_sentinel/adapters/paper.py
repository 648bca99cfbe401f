"""A broker on paper behind the same door as a real one."""

from __future__ import annotations

import contextlib

from mt5_sentinel import _core
from mt5_sentinel.errors import Refused, Transient, Unusable
from mt5_sentinel.paper_account import PaperAccount
from mt5_sentinel.ports import Broker
from mt5_sentinel.types import Closing, Execution, OrderRequest


class PaperBroker:
    """Orders of one or more symbols, executed on a paper account; threads may share both.

    With a ``checker``, each opening is first shown to a real broker, which must be willing to take it. Exits are not:
    a real broker does not know the positions on paper. All prices are then the checker's: stops and targets are
    executed on its newest price alone, once a cycle, and never on bars, which may be of another feed. So while it is
    away, and between two looks, none is executed on paper; what they reached is closed at the next price it tells.
    """

    name = "paper"

    def __init__(self, account: PaperAccount, checker: Broker | None = None) -> None:
        """Trade on this account; whoever made it closes it after the last broker on it."""
        self._account = account
        self._checker = checker
        self._told: dict[str, _core.Quote | None] = {}

    def mark(self, symbol: str, quote: _core.Quote, bars: _core.Bars) -> None:
        """Execute stops and targets on bars that closed and on the newest price; with a checker, on what it told last.

        Nothing is done where the checker did not tell a price when it was asked last. Raises as ``PaperAccount.mark``.
        """
        if self._checker is None:
            self._account.mark(symbol, quote, bars)
            return
        told = self._told.get(symbol)
        if told is not None:
            self._account.mark(symbol, told)

    def book(self) -> _core.Book:
        """Account and positions at the newest prices."""
        return self._account.book()

    def facts(self, symbol: str) -> _core.SymbolFacts:
        """What the account was told about a symbol; Unusable where it was told nothing."""
        return self._account.facts(symbol)

    def quote(self, symbol: str) -> _core.Quote | None:
        """The checker's prices, so that a dry run trades at a real spread; None without one, or while it is away."""
        if self._checker is None:
            return None
        self._told[symbol] = None
        with contextlib.suppress(Transient, Unusable):  # orders are not filled unchecked either
            self._told[symbol] = self._checker.quote(symbol)
        return self._told[symbol]

    def check(self, request: OrderRequest, now_s: float) -> None:
        """Whether the order would be taken, here and by the checker.

        Raises:
            Refused: it would not.
            Transient: the checker does not answer.
        """
        self._account.check(request, now_s)
        if self._checker is not None and request.kind == "open":
            self._checker.check(request, now_s)

    def send(self, request: OrderRequest, now_s: float) -> Execution:
        """Execute an order once, after the checker had nothing against it. Raises as ``PaperAccount.send``."""
        earlier = self._account.answered(request)
        if earlier is not None:
            return earlier
        if self._checker is not None and request.kind == "open":
            self._ask(self._checker, request, now_s)
        return self._account.send(request, now_s)

    def modify(self, symbol: str, ticket: int, sl: float | None, tp: float | None, now_s: float) -> None:
        """Set stop and target of a position. Raises Refused where they cannot be."""
        self._account.modify(symbol, ticket, sl=sl, tp=tp, now_s=now_s)

    def lookup(self, req_id: str, created_s: float) -> Execution | None:
        """Outcome of an earlier order. Raises as ``PaperAccount.lookup``."""
        return self._account.lookup(req_id)

    def closings(self, ticket: int) -> list[Closing]:
        """How a position was closed, part by part, oldest first."""
        return self._account.closings(ticket)

    def close(self) -> None:
        """Release the checker; the account stays open for other brokers on it."""
        if self._checker is not None:
            self._checker.close()

    def _ask(self, checker: Broker, request: OrderRequest, now_s: float) -> None:
        """Show the order to the checker; without a clear yes it is refused for good."""
        try:
            checker.check(request, now_s)
        except Refused as error:
            self._account.refuse(request, error)
            raise
        except (Transient, Unusable) as error:
            message = f"not filled, for the gateway did not check it: {error}"
            refused = Refused(message, "gateway_check_failed")
            self._account.refuse(request, refused)
            raise refused from None
