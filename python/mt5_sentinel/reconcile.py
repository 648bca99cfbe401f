"""The broker's book against the journal, each cycle: differences are told, and adopted or frozen by rule.

The rules are the core's (``src/trade/reconcile.rs``); here they are carried out.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import NamedTuple

from mt5_sentinel import _core
from mt5_sentinel.errors import Transient, Unusable
from mt5_sentinel.orders import Kept, Orders
from mt5_sentinel.ports import Broker
from mt5_sentinel.types import ClosedBy, CycleRecord

CLOSED_BY = "closed by "

log = logging.getLogger("mt5_sentinel")


class Compared(NamedTuple):
    """What came of a comparison."""

    frozen: bool
    """Whether something was found that only a person can decide: nothing is opened."""
    naked: list[tuple[Kept, _core.Position]]
    """Positions whose stop is gone, as the journal and as the broker has them."""


TOLD_MAX = 1000
"""Differences that are remembered as told, so that one which stays is told once; each closed position is one."""


class Reconciliation:
    """One symbol's comparison."""

    def __init__(self, broker: Broker, orders: Orders, *, symbol: str, magic: int, state_dir: Path) -> None:
        """Nothing is compared yet."""
        self._broker = broker
        self._orders = orders
        self._symbol = symbol
        self._magic = magic
        self._adopt_file = state_dir / f"ADOPT.{symbol}"
        self._told: dict[tuple[str, int, str], None] = {}

    @property
    def is_adopting(self) -> bool:
        """Whether a person asked to take the broker's book as it is."""
        return self._adopt_file.exists()

    def run(self, book: _core.Book, facts: _core.SymbolFacts, record: CycleRecord, now_s: float) -> Compared:
        """Bring the journal in line with the book."""
        kept = {one.ticket: one for one in self._orders.open_positions(self._symbol)}
        held = {position.ticket: position for position in book.positions}
        found = _core.reconcile(
            [one[:6] for one in kept.values()], book, symbol=self._symbol, magic=self._magic, point=facts.point
        )
        is_adopting, outcomes = self.is_adopting, list[str]()
        for one in found:
            outcome = self._carry_out(one, kept.get(one.ticket), held.get(one.ticket), is_adopting, now_s)
            self._tell(one, outcome, record, now_s)
            outcomes.append(outcome)
        if is_adopting:
            self._adopt_file.unlink(missing_ok=True)
            log.warning("%s: the broker's book was adopted as it is, as asked", self._symbol)
        naked = [
            (kept[one.ticket], held[one.ticket])
            for one, outcome in zip(found, outcomes, strict=True)
            if outcome == "protect"
        ]
        return Compared("freeze" in outcomes, naked)

    def _carry_out(
        self,
        difference: _core.Difference,
        kept: Kept | None,
        held: _core.Position | None,
        is_adopting: bool,
        now_s: float,
    ) -> str:
        """Follow the rule; what came of it. A person who adopts the book has the last word."""
        rule = difference.rule
        if rule == "report":
            return rule
        if is_adopting:
            return self._adopt_whole(kept, held, now_s)
        if rule == "account" and kept is not None:
            by = self._account(kept, held)
            return "freeze" if by is None else f"{CLOSED_BY}{by}"
        if rule == "adopt" and held is not None:
            adopt = {"price_drift": self._orders.adopt_price, "stops_moved": self._orders.adopt_levels}
            adopt.get(difference.kind, self._orders.adopt)(held)
        return rule

    def _adopt_whole(self, kept: Kept | None, held: _core.Position | None, now_s: float) -> str:
        if held is not None:
            self._orders.adopt(held)
        elif kept is not None:
            self._orders.gone(kept.ticket, now_s)
        return "adopt"

    def _account(self, kept: Kept, held: _core.Position | None) -> ClosedBy | None:
        """Let the broker's history account for volume that is gone; by what it was closed, ``None`` if it does not."""
        try:
            parts = self._broker.closings(kept.ticket)
        except (Transient, Unusable) as error:
            log.warning("%s: how position %d was closed cannot be told now: %s", self._symbol, kept.ticket, error)
            return None
        left = 0.0 if held is None else held.lots
        sums = _core.account_for(
            kept.opened_lots, left, [(one.time_s, one.price, one.lots, one.profit) for one in parts]
        )
        if sums is None:
            return None
        by = parts[-1].by
        self._orders.accounted(kept.ticket, left, sums, by)
        return by

    def _tell(self, difference: _core.Difference, outcome: str, record: CycleRecord, now_s: float) -> None:
        """A row, a line and a condition; a position that ended as positions do has a condition of its own."""
        ended = outcome.removeprefix(CLOSED_BY) if outcome.startswith(CLOSED_BY) else None
        condition = difference.kind if ended is None else f"closed_by_{ended}"
        if condition not in record.conditions:
            record.conditions.append(condition)
        said = (difference.kind, difference.ticket, f"{difference.detail}: {outcome}")
        was_told = said in self._told
        self._told.pop(said, None)
        self._told[said] = None  # at the end: what is seen again stays
        if was_told:
            return
        if len(self._told) > TOLD_MAX:
            del self._told[next(iter(self._told))]
        self._orders.note_difference(self._symbol, difference, outcome, now_s)
        if ended is None:
            log.warning("%s: %s, position %d: %s: %s", self._symbol, *said[:2], difference.detail, outcome)
        else:
            log.info("%s: position %d, or a part of it, was closed by %s", self._symbol, difference.ticket, ended)
