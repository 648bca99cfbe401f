"""A broker on paper with a memory: an account whose deals are on disk before they count."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from mt5_sentinel import _core
from mt5_sentinel.errors import Misconfigured, Refused, Transient, Uncertain, Unusable
from mt5_sentinel.paper_file import PaperFile, Settled, Terms
from mt5_sentinel.types import Closing, Execution, OrderRequest
from mt5_sentinel.wire import DONE, EXPIRED, INVALID


class PaperAccount:
    """One account, many symbols, many positions; threads may share it.

    The deals on disk are the truth, the account in memory is their fold. Deposit, currency and leverage are fixed when
    the file is made; seed and slippage may differ from one opening to the next. Every order is remembered by its
    ``req_id``: the same one answers its first outcome, a refusal too.

    A file of the older paper broker, which kept a book and a deposit for each symbol, is carried over once: its fills
    become deals of this one account, so all positions and profits stay. The account begins with one deposit, which must
    be the one each of the old books had; carried positions get the number ``magic``.
    """

    def __init__(
        self,
        path: Path,
        *,
        deposit: float,
        currency: str,
        leverage: float = 30.0,
        seed: int = 1,
        slippage_points_max: float = 0.0,
        durable: bool = True,
        magic: int = 0,
    ) -> None:
        """Open or create the file and rebuild the account from it.

        Args:
            path: the file.
            deposit: account currency, counted in whole hundredths.
            currency: of the account.
            leverage: worth of positions per unit of margin.
            seed: of the slippage, which is drawn from it and each order's ``req_id``.
            slippage_points_max: greatest slippage of an order, points.
            durable: fsync every deal. Only a replay that can be repeated does without.
            magic: number of the program whose positions an older file holds.

        Raises:
            Misconfigured: the file cannot be written, or was made with another deposit, currency or leverage.
            Unsafe: its deals do not follow from each other.
        """
        self._path = path
        self._turn = threading.RLock()
        self._facts: dict[str, _core.SymbolFacts] = {}
        self._core = _core.PaperAccount(
            deposit=deposit,
            currency=currency,
            leverage=leverage,
            seed=seed,
            slippage_points_max=slippage_points_max,
        )
        self._file = PaperFile(path, durable=durable)
        try:
            self._rebuild((deposit, currency, leverage), magic)
        except sqlite3.Error as error:
            self._file.close()
            raise Misconfigured(f"the paper book {path} cannot be written: {error}", "paper_unwritable") from None
        except BaseException:
            self._file.close()
            raise

    def know(self, symbol: str, facts: _core.SymbolFacts, *, shows: str = "bid") -> None:
        """Let a symbol be traded; its bars show the ``bid``, ``ask`` or ``mid``.

        Raises:
            Misconfigured: facts for an account in another currency.
        """
        with self._turn:
            self._core.know(symbol, facts, shows=shows)
            self._facts[symbol] = facts

    def facts(self, symbol: str) -> _core.SymbolFacts:
        """The facts of a symbol.

        Raises:
            Unusable: it is not known.
        """
        if symbol not in self._facts:
            raise Unusable(f"the paper account does not know the symbol {symbol[:32]}", "unknown_symbol")
        return self._facts[symbol]

    def mark(self, symbol: str, quote: _core.Quote, bars: _core.Bars | None = None) -> None:
        """Execute stops and targets on bars that closed, oldest first, then on the newest price; then any stop out.

        Each bar counts once, and for no position opened after it did.

        Raises:
            Unusable: the quote is no price.
            Transient: it cannot be written; nothing was done, and the same mark may be given again.
            Unsafe: the file was removed or replaced while in use.
        """
        with self._turn:
            deals = self._core.propose_mark(symbol, quote, bars)
            newest_s, known_s = None if bars is None else bars.last_open_s(), self._core.executed_s(symbol)
            executed = None if newest_s is None or (known_s is not None and newest_s <= known_s) else (symbol, newest_s)
            if deals or executed is not None:
                try:
                    self._file.write(deals, executed=executed)
                except sqlite3.Error as error:
                    raise Transient(f"the paper book could not be written: {error}", "paper_write_failed") from None
            self._apply(deals)
            self._core.note(symbol, quote, bars)

    def account(self) -> _core.Account:
        """Balance, equity and free margin at the newest quotes."""
        return self._core.account()

    def positions(self) -> list[_core.Position]:
        """Open positions by ticket, with their profit at the newest quotes; 0 where none is known yet."""
        return self._core.positions()

    def book(self) -> _core.Book:
        """Account and positions of one moment."""
        with self._turn:
            return _core.Book(self._core.account(), self._core.positions())

    def check(self, request: OrderRequest, now_s: float) -> None:
        """Everything but the doing.

        Raises:
            Refused: the order would be refused now.
        """
        with self._turn:
            self._proposed(request, now_s)

    def send(self, request: OrderRequest, now_s: float) -> Execution:
        """Open a position, or close one or a part of it, once, at the newest price.

        Raises:
            Refused: nothing was done, and nothing will be for this ``req_id``.
            Uncertain: the outcome could not be written; nothing was done.
            Unsafe: the file was removed or replaced while in use.
        """
        with self._turn:
            earlier = self.answered(request)
            if earlier is not None:
                return earlier
            try:
                deals = self._proposed(request, now_s)
            except Refused as error:
                self.refuse(request, error)
                raise
            self._write(deals, Settled(request.req_id, _wanted(request), "executed", DONE))
            self._apply(deals)
            return _execution(deals)

    def answered(self, request: OrderRequest) -> Execution | None:
        """The first outcome of an order; ``None`` where it is new.

        Raises:
            Refused: it was refused, or its ``req_id`` belongs to another order.
        """
        with self._turn:
            settled = self._file.settled(request.req_id)
            if settled is not None and settled.state != "unseen" and settled.wanted != _wanted(request):
                message = f"the request id {request.req_id} belongs to another order"
                raise _refused(message, "req_id_reused", INVALID)
            if settled is not None and settled.state != "executed":
                raise _refused(settled.message, settled.reason, settled.retcode)
            return self.find(request.req_id)

    def refuse(self, request: OrderRequest, error: Refused) -> None:
        """Remember a refusal, so that the order stays refused.

        Raises:
            Uncertain: it could not be written.
        """
        with self._turn:
            retcode = INVALID if error.retcode is None else error.retcode
            self._write((), Settled(request.req_id, _wanted(request), "refused", retcode, error.reason, str(error)))

    def lookup(self, req_id: str) -> Execution | None:
        """The outcome of an earlier order. ``None``: it never came, and is refused from now on.

        Raises:
            Refused: it was refused.
            Uncertain: that it never came could not be written.
        """
        with self._turn:
            settled = self._file.settled(req_id)
            if settled is not None and settled.state == "refused":
                raise _refused(settled.message, settled.reason, settled.retcode)
            found = self.find(req_id)
            if settled is None and found is None:
                message = "the order came after it had been looked up and not been found"
                self._write((), Settled(req_id, "", "unseen", EXPIRED, "unseen", message))
            return found

    def modify(self, symbol: str, ticket: int, *, sl: float | None, tp: float | None, now_s: float) -> None:
        """Move a position's levels to these; ``None`` takes one away.

        Raises:
            Refused: no such position, or levels that may not lie there.
            Uncertain: it could not be written; nothing was done.
        """
        with self._turn:
            deals = _allowed(self._core.propose_levels(symbol=symbol, ticket=ticket, sl=sl, tp=tp, time_s=int(now_s)))
            if deals:
                self._write(deals, None)
                self._apply(deals)

    def find(self, req_id: str) -> Execution | None:
        """What an order did, from the deals; ``None`` where it did nothing."""
        with self._turn:
            deals = self._file.deals("WHERE req_id = ?", (req_id,))
            return _execution(deals) if deals else None

    def closings(self, ticket: int) -> list[Closing]:
        """How a position was closed, part by part, oldest first."""
        with self._turn:
            deals = self._file.deals("WHERE ticket = ? AND entry = 'out'", (ticket,))
        return [
            Closing(deal.ticket, float(deal.time_s), deal.price, deal.lots, deal.profit, deal.by, deal.req_id)
            for deal in deals
        ]

    def newest_deal_s(self) -> int | None:
        """When the newest deal was made; ``None`` before the first."""
        with self._turn:
            newest = self._file.deals("WHERE seq = (SELECT max(seq) FROM deal)")
            return newest[0].time_s if newest else None

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            self._file.close()

    def _proposed(self, request: OrderRequest, now_s: float) -> list[_core.Deal]:
        if now_s > request.not_after_s:
            raise _refused("the order came after its not_after time", "expired", EXPIRED)
        if request.kind == "open":
            return _allowed(
                self._core.propose_open(
                    req_id=request.req_id,
                    symbol=request.symbol,
                    side=request.side,
                    lots=request.lots,
                    sl=request.sl,
                    tp=request.tp,
                    deviation_points=request.deviation_points,
                    magic=request.magic,
                    time_s=int(now_s),
                )
            )
        return _allowed(
            self._core.propose_close(
                req_id=request.req_id,
                symbol=request.symbol,
                ticket=request.ticket,
                side=request.side,
                lots=request.lots,
                deviation_points=request.deviation_points,
                time_s=int(now_s),
            )
        )

    def _write(self, deals: Sequence[_core.Deal], settled: Settled | None) -> None:
        try:
            self._file.write(deals, settled=settled)
        except sqlite3.Error as error:
            raise Uncertain(f"the paper book could not be written: {error}", "paper_write_failed") from None

    def _apply(self, deals: Sequence[_core.Deal]) -> None:
        for deal in deals:
            self._core.apply(deal)

    def _rebuild(self, terms: Terms, magic: int) -> None:
        known = self._file.terms()
        if known is None:
            for _, deposit, currency in self._file.old_accounts():
                self._check_terms((deposit, currency, terms[2]), terms)
            self._file.begin(terms, self._carried(terms[1], magic))
            return
        self._check_terms(known, terms)
        self._apply(self._file.deals())
        for symbol, newest_s in self._file.executed():
            self._core.note_executed(symbol, newest_s)

    def _check_terms(self, known: Terms, own: Terms) -> None:
        """An account is worth what its first deposit says; another one would rewrite the past."""
        if known != own:
            message = (
                f"the paper book {self._path} was opened with {known[0]:.2f} {known[1]} and leverage {known[2]:g}, not"
                f" {own[0]:.2f} {own[1]} and {own[2]:g}; set deposit, account_currency and leverage back, or move the"
                " file away"
            )
            raise Misconfigured(message, "paper_account")

    def _carried(self, currency: str, magic: int) -> list[_core.Deal]:
        """Deals of the fills of an older file, taken in already."""
        carried: list[_core.Deal] = []
        for req_id, symbol, side, close_lots, open_lots, time_s, bid, ask in self._file.old_fills():
            self._core.know(symbol, _core.SymbolFacts(symbol, currency), shows="bid")
            deals = self._core.propose_carried(
                req_id=req_id,
                symbol=symbol,
                side=side,
                close_lots=close_lots,
                open_lots=open_lots,
                quote=_core.Quote(time_s=time_s, bid=bid, ask=ask),
                magic=magic,
            )
            self._apply(deals)
            carried += deals
        return carried


def _refused(message: str, reason: str, retcode: int) -> Refused:
    refused = Refused(message, reason)
    refused.retcode = retcode
    return refused


def _allowed(proposal: _core.Proposal) -> list[_core.Deal]:
    if proposal.denial is not None:
        retcode, reason, message = proposal.denial
        raise _refused(message, reason, retcode)
    return proposal.deals


def _execution(deals: Sequence[_core.Deal]) -> Execution:
    """What an order did; one of the older broker may have closed a position and opened the opposite one."""
    newest = deals[-1]
    return Execution(newest.ticket, newest.price, newest.lots, sum(deal.profit for deal in deals), DONE)


def _wanted(request: OrderRequest) -> str:
    """What makes two orders the same."""
    facts = (request.kind, request.symbol, request.side, request.lots, request.magic, request.ticket)
    return msgspec.json.encode((*facts, request.sl, request.tp, request.deviation_points)).decode()
