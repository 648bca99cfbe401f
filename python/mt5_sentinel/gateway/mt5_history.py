"""What the terminal's history says: whether an order was executed, by the id in its comment; how a position ended."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Literal

from mt5_sentinel import wire
from mt5_sentinel.gateway import mt5_codes as codes
from mt5_sentinel.gateway.mt5_doubts import Search, Trace, carries, could_be, is_in_time, traces
from mt5_sentinel.gateway.mt5_terminal import Terminal
from mt5_sentinel.gateway.venue import Outcome, Sought, VenueError

WIDE_S = 14 * 3600
"""The widest offsets of real clocks: history is asked for in the broker's time, which may not be known yet."""

SETTLED_S = 30.0
"""An order younger than this, or a connection, may not have reached the terminal's history yet."""

CLOSED_BY: dict[int, Literal["order", "stop_loss", "take_profit", "stop_out", "by_hand"]] = {
    codes.REASON_CLIENT: "by_hand",
    codes.REASON_MOBILE: "by_hand",
    codes.REASON_WEB: "by_hand",
    codes.REASON_EXPERT: "order",
    codes.REASON_SL: "stop_loss",
    codes.REASON_TP: "take_profit",
    codes.REASON_SO: "stop_out",
}

ToUtc = Callable[[int], float | None]
"""A time on the broker's wall clock as UTC seconds; None until its offset is known."""


class History:
    """Orders and deals of the account."""

    def __init__(self, terminal: Terminal, utc_s: Callable[[], float], to_utc: ToUtc) -> None:
        """Read ``terminal``; ``utc_s`` is this machine's UTC."""
        self._terminal = terminal
        self._utc_s = utc_s
        self._to_utc = to_utc
        self._connected_since_s: float | None = None
        self._starts = terminal.starts

    def note_connection(self, is_connected: bool) -> None:
        """What the terminal said of its connection; after a new one, or a new start, its history may lag."""
        if not is_connected or self._starts != self._terminal.starts:
            self._connected_since_s, self._starts = None, self._terminal.starts
        if is_connected and self._connected_since_s is None:
            self._connected_since_s = self._utc_s()

    def deals_of(self, order: int, deal: int = 0) -> list[Any]:
        """Deals of an order; in the package ``ticket`` is the order's, whatever its name.

        Raises:
            VenueError: the history cannot be read.
        """
        return [each for each in self._terminal.rows("history_deals_get", ticket=order) if each.order == order] or [
            each for each in self._terminal.rows("history_deals_get", ticket=deal) if deal and each.ticket == deal
        ]

    def find(self, req_id: str, since_s: float, sought: Sought, is_hedging: bool) -> Outcome | None:
        """As ``Venue.find``."""
        search = Search(wire.comment_of(req_id), since_s, sought, is_hedging)
        mark = search.mark
        self._check_connected()
        working = self._terminal.rows("orders_get")
        for each in working:
            if carries(each, mark):
                self._end_late(each.ticket, sought.not_after_s)
                raise VenueError("the order is still being worked on; ask again", wire.INTERNAL)
        window = (max(0, int(since_s) - WIDE_S), int(self._utc_s()) + WIDE_S)
        orders = self._terminal.rows("history_orders_get", *window)
        deals = self._terminal.rows("history_deals_get", *window)
        tickets = {each.ticket for each in orders if carries(each, mark)}
        tickets |= {each.order for each in deals if carries(each, mark)}
        if len(tickets) > 1:
            shown = ", ".join(str(ticket) for ticket in sorted(tickets)[:3])
            message = f"{len(tickets)} orders carry this id ({shown}): look at them in the terminal"
            raise VenueError(message, wire.INTERNAL)
        for ticket in tickets:
            return self.fate(ticket)
        positions = self._terminal.rows("positions_get")
        for each in positions:
            if carries(each, mark):
                filled = wire.Executed(each.identifier, each.price_open, each.volume)
                return Outcome(wire.DONE, "found among the positions", filled)
        self._check_settled(since_s)
        self._check_no_other(search, traces([*working, *orders], deals, positions, is_hedging))
        return None

    def fate(self, ticket: int) -> Outcome:
        """What became of an order, by its ticket.

        Raises:
            VenueError: it is still being worked on, or not all of it has reached the history.
        """
        if self.working(ticket) is not None:
            raise VenueError(f"order {ticket} is still being worked on; ask again", wire.INTERNAL)
        order = next(iter(self._terminal.rows("history_orders_get", ticket=ticket)), None)
        deals = self.deals_of(ticket)
        if order is None:
            raise VenueError(f"order {ticket} is not in the history yet; ask again", wire.INTERNAL)
        if deals:
            done = executed(deals)
            if executed_code(done.volume, order.volume_initial - order.volume_current) == wire.PARTIAL:
                raise VenueError(
                    f"order {ticket} is in the history and some deals are not yet; ask again", wire.INTERNAL
                )
            code = executed_code(done.volume, order.volume_initial)
            return Outcome(code, "found in the terminal's history", done)
        was_untouched = order.volume_current >= order.volume_initial
        if was_untouched and order.state in (codes.STATE_REJECTED, codes.STATE_EXPIRED):
            return Outcome(codes.REJECTED, f"order {ticket} was rejected")
        if was_untouched and order.state == codes.STATE_CANCELED:
            return Outcome(codes.CANCELED, f"order {ticket} was cancelled")
        raise VenueError(f"order {ticket} is in the history and its deals are not yet; ask again", wire.INTERNAL)

    def working(self, ticket: int) -> Any:  # noqa: ANN401
        """The order of this ticket that is in the market still; None where it is not."""
        return next((each for each in self._terminal.rows("orders_get") if each.ticket == ticket), None)

    def closings(self, ticket: int) -> list[wire.ClosingData]:
        """As ``Venue.closings``; a deal that turns a netting position around closes what was there before."""
        found, open_lots = [], 0.0
        for deal in sorted(self._terminal.rows("history_deals_get", position=ticket), key=lambda each: each.ticket):
            if deal.entry == codes.ENTRY_IN:
                open_lots += deal.volume
                continue
            closed = deal.volume if deal.entry != codes.ENTRY_INOUT else open_lots
            found.append(
                wire.ClosingData(
                    time=self._to_utc(deal.time),
                    price=deal.price,
                    volume=round(closed, 8),
                    profit=profit([deal]),
                    by=CLOSED_BY.get(deal.reason, "unknown"),
                    comment=deal.comment[:31],
                )
            )
            open_lots = abs(open_lots - deal.volume)
        return found

    def _check_connected(self) -> None:
        is_connected = bool(self._terminal.ask("terminal_info").connected)
        self.note_connection(is_connected)
        if not is_connected:
            raise VenueError("the terminal is not connected to its server, so its history may lack", wire.INTERNAL)

    def _end_late(self, ticket: int, not_after_s: float | None) -> None:
        """Take off the market what is left of an order past its end: no part of it may be filled later."""
        if not_after_s is not None and self._utc_s() > not_after_s:
            self._terminal.order({"action": codes.ACTION_REMOVE, "order": ticket})

    def _check_settled(self, since_s: float) -> None:
        """Whether the history is complete, so that an order it does not hold was never executed."""
        known_s = max(since_s, self._connected_since_s or since_s)
        if self._utc_s() - known_s < SETTLED_S:
            raise VenueError(f"no such order, but the history may lag {SETTLED_S:g} s; ask again", wire.INTERNAL)

    def _check_no_other(self, search: Search, found: Iterable[Trace]) -> None:
        """Whether every order of this time is another one than that which is looked for."""
        for each in found:
            if could_be(each, search) and any(is_in_time(self._to_utc(at), search) for at in each.times):
                message = (
                    f"no order carries this id, but order {each.ticket} of magic {each.facts.magic} carries none:"
                    " does the broker wipe or replace comments? Look at it in the terminal"
                )
                raise VenueError(message, wire.INTERNAL)


def executed(deals: list[Any]) -> wire.Executed:
    """What deals of one order did together, at their mean price."""
    lots = math.fsum(each.volume for each in deals)
    price = math.fsum(each.volume * each.price for each in deals) / lots if len(deals) > 1 else deals[0].price
    return wire.Executed(deals[0].position_id, price, round(lots, 8), profit(deals))


def executed_code(filled_lots: float, asked_lots: float) -> int:
    """``DONE``, or ``PARTIAL`` where fewer lots were filled than asked for."""
    return wire.PARTIAL if filled_lots < asked_lots - 1e-8 else wire.DONE


def profit(deals: list[Any]) -> float:
    """What deals realised, account currency: commission, swap and fee included."""
    return round(math.fsum(each.profit + each.commission + each.swap + each.fee for each in deals), 8)
