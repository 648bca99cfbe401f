"""A broker on paper with a memory: an account whose deals are on disk before they count."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from mt5_sentinel import _core, database
from mt5_sentinel.errors import Misconfigured, Refused, SentinelError, Transient, Uncertain, Unusable
from mt5_sentinel.paper_file import PaperFile, Settled
from mt5_sentinel.paper_orders import allowed, execution, proposed, refused, wanted
from mt5_sentinel.paper_rebuild import rebuild
from mt5_sentinel.types import Closing, Execution, OrderRequest
from mt5_sentinel.wire import DONE, EXPIRED, INVALID


class PaperAccount:
    """One account, many symbols, many positions; threads may share it.

    The deals on disk are the truth, the account in memory is their fold. Deposit, currency and leverage are fixed when
    the file is made; seed and slippage may differ from one opening to the next. Every order is remembered by its
    ``req_id``: the same one answers its first outcome, a refusal too. The newest quotes are on disk as well, so that
    the equity after a restart is what it was; they fill no order. Of symbols that hold positions the usual facts are
    known from the beginning, for they may be traded no longer.

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
            rebuild(self._core, self._file, (deposit, currency, leverage), magic)
        except sqlite3.Error as error:
            self._file.close()
            raise database.unwritable("the paper book", path, error, reason="paper_unwritable") from None
        except BaseException:
            self._file.close()
            raise
        for symbol in {position.symbol for position in self._core.positions()}:
            with contextlib.suppress(Misconfigured):  # no currency pair: unknown, until somebody knows it
                self.know(symbol, _core.SymbolFacts(symbol, currency))

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

    def price(self, symbol: str, quote: _core.Quote) -> None:
        """Note a price at which everything was executed before, as after a restart."""
        self._core.note(symbol, quote)

    def mark(self, symbol: str, quote: _core.Quote, bars: _core.Bars | None = None, *, is_kept: bool = True) -> bool:
        """Execute stops and targets on bars that closed, oldest first, then on the newest price; then any stop out.

        Each bar counts once, and for no position opened after its first twentieth: of the rest of that bar a bar cannot
        tell.

        Args:
            symbol: of the prices.
            quote: the newest price.
            bars: bars that closed, oldest first.
            is_kept: whether the quote is written down; not by those who can tell it again after a restart.

        Returns:
            Whether anything was closed.

        Raises:
            Unusable: the quote is no price.
            Transient: it cannot be written; nothing was done, and the same mark may be given again.
            Unsafe: the file was removed or replaced while in use.
        """
        with self._disk(Transient):
            deals = self._core.propose_mark(symbol, quote, bars)
            newest_s, known_s = None if bars is None else bars.last_open_s(), self._core.executed_s(symbol)
            executed = None if newest_s is None or (known_s is not None and newest_s <= known_s) else (symbol, newest_s)
            if deals or executed is not None or is_kept:
                self._file.write(deals, executed=executed, quote=(symbol, quote) if is_kept else None)
            self._apply(deals)
            self._core.note(symbol, quote, bars)
            return bool(deals)

    def account(self) -> _core.Account:
        """Balance, equity and free margin at the newest quotes."""
        with self._turn:
            return self._core.account()

    def positions(self) -> list[_core.Position]:
        """Open positions by ticket, with their profit at the newest quotes; 0 where none is known yet."""
        with self._turn:
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
            proposed(self._core, request, now_s)

    def send(self, request: OrderRequest, now_s: float) -> Execution:
        """Open a position, or close one or a part of it, once, at the newest price.

        Raises:
            Refused: nothing was done, and nothing will be for this ``req_id``.
            Uncertain: the file could not be read or written; nothing was done.
            Unsafe: the file was removed or replaced while in use.
        """
        with self._disk(Uncertain):
            earlier = self.answered(request)
            if earlier is not None:
                return earlier
            try:
                deals = proposed(self._core, request, now_s)
            except Refused as error:
                self.refuse(request, error)
                raise
            self._file.write(deals, settled=Settled(request.req_id, wanted(request), "executed", DONE))
            self._apply(deals)
            return execution(deals)

    def answered(self, request: OrderRequest) -> Execution | None:
        """The first outcome of an order; ``None`` where it is new.

        Raises:
            Refused: it was refused, or its ``req_id`` belongs to another order.
        """
        with self._disk(Uncertain):
            settled = self._file.settled(request.req_id)
            if settled is not None and settled.state != "unseen" and settled.wanted != wanted(request):
                message = f"the request id {request.req_id} belongs to another order"
                raise refused(message, "req_id_reused", INVALID)
            if settled is not None and settled.state != "executed":
                raise refused(settled.message, settled.reason, settled.retcode)
            return self._found(request.req_id)

    def refuse(self, request: OrderRequest, error: Refused) -> None:
        """Remember a refusal, so that the order stays refused.

        Raises:
            Uncertain: it could not be written.
        """
        with self._disk(Uncertain):
            retcode = INVALID if error.retcode is None else error.retcode
            self._file.write(
                (), settled=Settled(request.req_id, wanted(request), "refused", retcode, error.reason, str(error))
            )

    def lookup(self, req_id: str) -> Execution | None:
        """The outcome of an earlier order. ``None``: it never came, and is refused from now on.

        Raises:
            Refused: it was refused.
            Uncertain: the file could not be read, or that it never came not be written.
        """
        with self._disk(Uncertain):
            settled = self._file.settled(req_id)
            if settled is not None and settled.state == "refused":
                raise refused(settled.message, settled.reason, settled.retcode)
            found = self._found(req_id)
            if settled is None and found is None:
                message = "the order came after it had been looked up and not been found"
                self._file.write((), settled=Settled(req_id, "", "unseen", EXPIRED, "unseen", message))
            return found

    def modify(self, symbol: str, ticket: int, *, sl: float | None, tp: float | None, now_s: float) -> None:
        """Move a position's levels to these; ``None`` takes one away. The same levels again change nothing.

        Raises:
            Refused: no such position, or levels that may not lie there.
            Transient: it could not be written; nothing was done.
            Unsafe: the file was removed or replaced while in use.
        """
        with self._disk(Transient):
            asked = self._core.propose_levels(symbol=symbol, ticket=ticket, sl=sl, tp=tp, time_s=int(now_s))
            deals = allowed(asked)
            if deals:
                self._file.write(deals)
            self._apply(deals)

    def find(self, req_id: str) -> Execution | None:
        """What an order did, from the deals; ``None`` where it did nothing. Transient: they cannot be read."""
        with self._disk(Transient):
            return self._found(req_id)

    def closings(self, ticket: int) -> list[Closing]:
        """How a position was closed, part by part, oldest first. Transient: it cannot be read."""
        with self._disk(Transient):
            deals = self._file.deals("WHERE ticket = ? AND entry = 'out'", (ticket,))
        return [
            Closing(deal.ticket, float(deal.time_s), deal.price, deal.lots, deal.profit, deal.by, deal.req_id)
            for deal in deals
        ]

    def newest_deal_s(self) -> int | None:
        """When the newest deal was made; ``None`` before the first."""
        with self._disk(Transient):
            newest = self._file.deals("WHERE seq = (SELECT max(seq) FROM deal)")
            return newest[0].time_s if newest else None

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            self._file.close()

    @contextlib.contextmanager
    def _disk(self, kind: type[SentinelError]) -> Iterator[None]:
        """This thread's turn at the file; what the file dies of is told as ``kind``, and has changed nothing."""
        with self._turn:
            try:
                yield
            except sqlite3.Error as error:
                message = f"the paper book could not be read or written: {error}"
                raise kind(message, "paper_write_failed") from None

    def _found(self, req_id: str) -> Execution | None:
        deals = self._file.deals("WHERE req_id = ?", (req_id,))
        return execution(deals) if deals else None

    def _apply(self, deals: Sequence[_core.Deal]) -> None:
        for deal in deals:
            self._core.apply(deal)
