"""One symbol and its broker: what is unknown is settled, the book is compared, risk rules, orders go out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

from mt5_sentinel import _core
from mt5_sentinel.errors import Refused, Transient, Uncertain, Unusable
from mt5_sentinel.guard import Guard
from mt5_sentinel.orders import Kept, Orders
from mt5_sentinel.ports import Broker
from mt5_sentinel.reconcile import Compared, Reconciliation
from mt5_sentinel.risk import Risk
from mt5_sentinel.route import Route
from mt5_sentinel.types import CycleRecord, OrderRequest, Side

EXIT_INCOMPLETE = "exit_incomplete"

log = logging.getLogger("mt5_sentinel")


class Standing(NamedTuple):
    """The broker's book as it is now, in line with the journal."""

    book: _core.Book
    compared: Compared


class Market(NamedTuple):
    """What a decision is traded at."""

    quote: _core.Quote
    bars: _core.Bars
    bar: _core.FreshBar


AskAgain = Callable[[], "Market | None"]
"""The market as it is at the moment of asking; None where its bar cannot be traded any more."""


class Shared(NamedTuple):
    """What the dealers of one account have in common."""

    traded: frozenset[str]
    """The symbols of the daemon."""
    facts: dict[str, _core.SymbolFacts]
    """Of every symbol that was asked for."""


class Dealer:
    """Settles, compares, asks risk, sends."""

    def __init__(
        self,
        broker: Broker,
        risk: Risk,
        orders: Orders,
        route: Route,
        reconciliation: Reconciliation,
        shared: Shared,
        *,
        symbol: str,
    ) -> None:
        """Nothing is asked yet.

        Args:
            broker: where orders go.
            risk: the rules, and the account's state.
            orders: what was ordered, by the journal.
            route: the way of orders.
            reconciliation: book against journal.
            shared: with the dealers of the account's other symbols.
            symbol: what is traded.
        """
        self.broker = broker
        self.risk = risk
        self._orders = orders
        self._route = route
        self._reconciliation = reconciliation
        self._symbol = symbol
        self.shared = shared
        self._known = shared.facts
        self._fresh: set[str] = set()

    def tell_halts(self, record: CycleRecord, now_s: float) -> None:
        """Note what halts, as far as it can be told without the broker. Raises nothing: no exit waits for it.

        Where the ledger cannot be read, only a file that is there tells; else the record does not tell.
        """

        def tell() -> None:
            record.risk_state, record.risk_because = self.risk.standing(now_s)

        error = Guard().attempt(tell)
        if error is None:
            return
        log.warning("Whether risk halts cannot be looked at: %s", error)
        if self.risk.is_switched:
            record.risk_state, record.risk_because = "HALTED", "kill_switch"

    def begin(self, record: CycleRecord, now_s: float) -> None:
        """What a cycle begins with: unknown orders, the book, exits that are due whatever the model says.

        Raises:
            Uncertain: the fate of an order is still unknown; the symbol is frozen.
            Transient: the broker does not answer.
        """
        unclear = self._recover()
        book = self.broker.book()
        _note_gateway(book, record)
        leaving = self._orders.leaving(self._symbol)
        exits = [due for due in self.risk.due_exits(book, now_s) if due.ticket not in leaving]
        for due in exits:  # first: nothing below may keep an exit, nor does another order's unknown fate
            self._route.leave(due, record)
        if unclear is not None:
            raise unclear
        for kept, position in self.look(record, now_s, None if exits else book).compared.naked:
            self._protect(kept, position, record, now_s)

    def watch(self, record: CycleRecord, now_s: float) -> None:
        """What a cycle does while the market is closed: nothing is sent, and a broker that is away costs nothing.

        The account is looked at, so that a gap over the weekend counts as the loss of its day.

        Raises:
            Uncertain: the fate of an order is still unknown.
        """
        unclear = self._recover()
        if unclear is not None:
            raise unclear
        try:
            self.look(record, now_s)
        except (Transient, Unusable) as error:
            record.conditions.append("broker_away")
            log.info("The market is closed, and the broker does not answer: %s", error)

    def look(self, record: CycleRecord, now_s: float, book: _core.Book | None = None) -> Standing:
        """The book, asked for unless it is given, compared with the journal; the account's state goes along."""
        book = book or self.broker.book()
        _note_gateway(book, record)
        self._learn_facts(book)
        compared = self._reconciliation.run(book, self._known[self._symbol], record, now_s)
        for condition in self.risk.observe(book, now_s):
            if condition not in record.conditions:
                record.conditions.append(condition)
        record.equity, record.drawdown_max = book.account.equity, self.risk.drawdown(book)
        record.positions, record.exposure = len(book.positions), _core.open_worth(book, self._known)
        record.risk_state, record.risk_because = self.risk.standing(now_s)
        return Standing(book, compared)

    def trade(
        self, side: Side, market: Market, standing: Standing, record: CycleRecord, ask_again: AskAgain, *, halted: bool
    ) -> bool:
        """Be on ``side``, as far as risk allows: first out of the other side, then in.

        Returns:
            Whether the signal is done with: not where an exit was refused or partial, which another cycle tries again.

        Raises:
            Uncertain: whether an order was executed is not known; nothing more is sent.
        """
        exits = self._ruling(side, market, standing, halted).exits
        for wrong in exits:
            if not self._route.leave(wrong, record):
                return False
        later = ask_again()  # leaving took its time; the entry is judged by the market as it is now
        if later is None:
            return True
        meant = self._entry(side, later, record, halted)
        if meant is None:
            return record.reason != EXIT_INCOMPLETE
        request, wanted = meant
        execution = self._route.send(request, record)
        if execution is not None:
            facts = self._known[self._symbol]
            slipped = self.risk.slipped(request.side, wanted=wanted, filled=execution.price, facts=facts)
            record.conditions += [] if slipped is None else [slipped]
        return True

    def _entry(
        self, side: Side, market: Market, record: CycleRecord, halted: bool
    ) -> tuple[OrderRequest, float] | None:
        """An order that risk approved on the book as it is now, written down, and the price it was approved for.

        ``None`` where there is none; the record says why.
        """
        standing = self.look(record, market.bar.now_s)
        # From the ruling until the order is written no other symbol of the account is ruled on; what another one filled
        # since this book was read counts by the journal.
        with self._orders.file.whole():
            ruling = self._ruling(side, market, standing, halted)
            if ruling.exits:  # a partial exit, or one that opened meanwhile: nothing is opened beside it
                record.reason = EXIT_INCOMPLETE
                return None
            if standing.compared.frozen:
                _refuse(record, "refused_frozen", "book and journal differ; see the conditions")
                return None
            if ruling.entry is None:
                _refuse(record, ruling.refusal or "refused", ruling.detail)
                return None
            request = self._route.entry(ruling.entry, record)
            self._route.intend(request, record)
        return request, ruling.entry.price

    def _recover(self) -> Uncertain | None:
        """Learn the fate of every order; give back why one of them is still unknown."""
        self._fresh.clear()
        try:
            self._route.recover(give_up=self._reconciliation.is_adopting)
        except Uncertain as error:
            return error
        return None

    def _protect(self, kept: Kept, position: _core.Position, record: CycleRecord, now_s: float) -> None:
        """Put a stop back that is gone; a position that cannot have one is closed."""
        try:
            self.broker.modify(self._symbol, kept.ticket, kept.sl, kept.tp, now_s)
        except Refused as error:
            log.error("%s: position %d cannot have its stop back, it is closed: %s", self._symbol, kept.ticket, error)
            self._route.leave(_core.Exit.protective(position), record)
        else:
            log.warning("%s: position %d has its stop at %s back", self._symbol, kept.ticket, kept.sl)

    def _ruling(self, side: Side, market: Market, standing: Standing, halted: bool) -> _core.Ruling:
        return self.risk.approve(
            side,
            book=standing.book,
            quote=market.quote,
            facts=dict(self._known),
            bars=market.bars,
            bar=market.bar,
            halted=halted,
        )

    def _learn_facts(self, book: _core.Book) -> None:
        """Facts of every symbol that counts towards a limit, asked each cycle: what a tick is worth changes.

        This one's are left for the other symbols to see before it can have an order that counts for them.
        """
        if self._symbol not in self._fresh:
            self._known[self._symbol] = self.broker.facts(self._symbol)
            self._fresh.add(self._symbol)
        counted = {position.symbol for position in book.positions} | self._orders.symbols()
        for symbol in counted - self.shared.traded - self._fresh | (counted - self._known.keys()):
            try:
                self._known[symbol] = self.broker.facts(symbol)
            except Unusable:
                log.warning("%s: the broker tells no facts of %s; risk opens nothing without", self._symbol, symbol)
            self._fresh.add(symbol)


def _note_gateway(book: _core.Book, record: CycleRecord) -> None:
    """At once: what else is asked of the broker may fail."""
    record.halted_because = "gateway: its kill switch is on" if book.halted else None


def _refuse(record: CycleRecord, reason: str, detail: str | None) -> None:
    record.reason, record.detail = reason, detail
    if record.outcome is None:
        record.outcome = "refused"
    log.warning("Risk refused: %s%s", reason, f" ({detail})" if detail else "")
