"""The door between the gateway and what executes: a terminal, or paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from mt5_sentinel.wire import (
    AccountData,
    ClosingData,
    Executed,
    Heartbeat,
    OrderClose,
    OrderModify,
    OrderSend,
    PositionData,
    SymbolData,
    Tick,
)


class Outcome(msgspec.Struct, frozen=True):
    """What became of an order: ``retcode`` as the wire knows it; ``executed`` where something was filled."""

    retcode: int
    msg: str = ""
    executed: Executed | None = None


class VenueError(Exception):
    """The venue cannot answer a question; ``retcode`` is the reply's."""

    def __init__(self, message: str, retcode: int) -> None:
        """Keep the sentence and the code."""
        super().__init__(message)
        self.retcode = retcode


class Sought(msgspec.Struct, frozen=True):
    """What is known, beside its id, of an order that is looked for in a venue's history."""

    order: OrderSend | OrderClose | None = None
    """Itself; ``None`` where only its id is known."""
    not_after_s: float | None = None
    """When it could be executed at the latest, UTC; ``None`` where that is not known."""
    others: frozenset[int] = frozenset()
    """Positions that are known to have been opened by other orders."""


MayStill = Callable[[], bool]
"""Whether an order may still be executed: its ``not_after`` has not passed. Asked right before each try."""


class Venue(Protocol):
    """A broker behind the gateway; asked by one thread at a time.

    Questions raise ``VenueError``; orders answer with an ``Outcome``, whose retcode is among ``wire.UNKNOWN`` where the
    order may or may not have been executed.
    """

    name: str

    def heartbeat(self) -> Heartbeat:
        """Whether it is connected and may trade; ``halted``, ``utc`` and ``version`` are filled in by the gateway."""

    def account(self) -> AccountData:
        """The account."""

    def positions(self) -> list[PositionData]:
        """All open positions."""

    def symbol_info(self, symbol: str) -> SymbolData:
        """Prices, steps and bounds."""

    def check(self, order: OrderSend | OrderClose, req_id: str) -> Outcome:
        """Everything but the sending."""

    def send(self, order: OrderSend, req_id: str, may_still: MayStill | None = None) -> Outcome:
        """Open a position, now. Without ``may_still`` it is tried once, and the deadline is the caller's affair."""

    def close(self, order: OrderClose, req_id: str, may_still: MayStill | None = None) -> Outcome:
        """Close a position or a part of it, now."""

    def modify(self, order: OrderModify, req_id: str) -> Outcome:
        """Move stop and target."""

    def find(self, req_id: str, since_s: float, sought: Sought | None = None) -> Outcome | None:
        """What the venue's own history says about an order made at ``since_s`` or later, by the id in its comment.

        ``since_s`` is when the order was made at the earliest, UTC; of a young order a history may not know yet.

        What is known of it in ``sought`` tells other orders from it where a history does not keep ids.

        ``None``: the history is complete and has no such order, nor any that could be it.

        Raises:
            VenueError: the history cannot be read now, may not be complete yet, or cannot tell.
        """

    def closings(self, ticket: int) -> list[ClosingData]:
        """How a position was closed."""

    def rates(self, request: object) -> dict[str, object]:
        """The whole reply to a decoded request for ``RATES``."""

    def tick(self, symbol: str) -> Tick | None:
        """The newest tick; ``None`` where there is none."""
