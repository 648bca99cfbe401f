"""Whether a history holds an order that could be the one that is looked for, though no comment says so.

Some brokers wipe comments, or write their own: then an order's id is nowhere, and only what is surely another order is
not taken for it. Nothing here is remembered, so a gateway that was restarted judges as one that was not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from mt5_sentinel import wire
from mt5_sentinel.gateway import mt5_codes as codes
from mt5_sentinel.gateway import mt5_symbols as symbols
from mt5_sentinel.gateway.venue import Sought

EARLY_S = 30.0
"""How much earlier than it was made an order may stand in the history: so far the broker's clock may be behind."""

LATE_S = 60.0
"""How much later than its end: the same, and the time that the terminal's call takes."""

MARK_CHARS_MIN = 16
"""Characters of an id, of 22, that tell an order: brokers cut comments, and no two ids share 96 bits by chance."""

LOTS_NOISE = 1e-8
UNTOUCHED_ENDS = (codes.STATE_CANCELED, codes.STATE_REJECTED, codes.STATE_EXPIRED)
BY_THE_SERVER = (codes.REASON_SL, codes.REASON_TP, codes.REASON_SO)
CLOSES = (codes.ENTRY_OUT, codes.ENTRY_OUT_BY)
VERSIONS = (4, 5)
"""Of the UUIDs that daemons make: an id is told from a text of as many letters by that, and by its variant."""


class Search(NamedTuple):
    """What is looked for; ``mark`` is its id as a comment."""

    mark: str
    since_s: float
    sought: Sought
    is_hedging: bool


class Trace(NamedTuple):
    """One order of the account as orders, deals and positions tell it.

    ``facts`` is one of its rows, ``times`` are on the broker's clock, ``position`` is 0 where none is told.
    """

    ticket: int
    facts: Any
    comments: tuple[str, ...]
    times: tuple[int, ...]
    lots: float
    position: int
    closes: bool


def carries(row: Any, mark: str) -> bool:  # noqa: ANN401
    """Whether the comment of an order, a deal or a position is this id, or a long enough beginning of it."""
    told = str(row.comment)[: len(mark)]
    return len(told) >= MARK_CHARS_MIN and mark.startswith(told)


def traces(orders: Iterable[Any], deals: Iterable[Any], positions: Iterable[Any], is_hedging: bool) -> Iterator[Trace]:
    """All orders that something was filled of, or may be."""
    of_order: dict[int, list[Any]] = {}
    for deal in deals:
        of_order.setdefault(deal.order, []).append(deal)
    rows = {each.ticket: each for each in orders}
    for ticket in sorted(rows.keys() | of_order.keys()):
        order, parts = rows.get(ticket), of_order.get(ticket, [])
        if parts or not _came_to_nothing(order):
            yield _trace(ticket, order, parts)
    for each in positions:  # a new one is here before its deals reach the history
        if each.identifier not in rows and each.identifier not in of_order:
            at = each.time if is_hedging else each.time_update
            lots = each.volume if is_hedging else 0.0
            yield Trace(each.identifier, each, (each.comment,), (at,), lots, each.identifier, closes=False)


def could_be(trace: Trace, search: Search) -> bool:
    """Whether an order without the id could be the one that is looked for, but for its time."""
    facts, sought = trace.facts, search.sought
    order = sought.order
    if any(_is_of_another(comment, search.mark) for comment in trace.comments):
        return False
    if facts.type not in (codes.BUY, codes.SELL) or facts.reason in BY_THE_SERVER:
        return False
    if search.is_hedging and trace.ticket in sought.others:
        return False
    if order is None:
        return bool(facts.magic != 0)  # 0 is a person's
    is_like = (facts.symbol, facts.magic) == (order.symbol, order.magic) and trace.lots <= order.volume + LOTS_NOISE
    if isinstance(order, wire.OrderClose):
        is_like = is_like and trace.position in (0, order.ticket)
    elif search.is_hedging:
        is_like = is_like and not trace.closes
    # A netting position keeps the side it had, whichever side was added.
    is_netted = not search.is_hedging and hasattr(facts, "identifier")
    return is_like and (is_netted or facts.type == symbols.side_of(order.type))


def is_in_time(at_s: float | None, search: Search) -> bool:
    """Whether a time, UTC, is within the order's; one that is not known is."""
    ends_s = math.inf if search.sought.not_after_s is None else search.sought.not_after_s + LATE_S
    return at_s is None or search.since_s - EARLY_S <= at_s <= ends_s


def _trace(ticket: int, order: Any, deals: list[Any]) -> Trace:  # noqa: ANN401
    rows = [*([] if order is None else [order]), *deals]
    facts = deals[0] if deals else order
    lots = math.fsum(each.volume for each in deals) if deals else order.volume_initial - order.volume_current
    times = [each.time for each in deals] + ([] if order is None else [order.time_setup])
    closes = bool(deals) and all(each.entry in CLOSES for each in deals)
    comments = tuple(str(each.comment) for each in rows)
    return Trace(ticket, facts, comments, tuple(times), lots, facts.position_id, closes)


def _came_to_nothing(order: Any) -> bool:  # noqa: ANN401
    return order.state in UNTOUCHED_ENDS and order.volume_current >= order.volume_initial


def _is_of_another(comment: str, mark: str) -> bool:
    """Whether a comment is the id, or a long enough beginning of the id, of another order."""
    told = comment[: len(mark)]
    if len(told) < MARK_CHARS_MIN or mark.startswith(told):
        return False
    whole = told.ljust(len(mark), "A")
    req_id = wire.req_id_of(whole)
    if req_id is None or wire.comment_of(req_id) != whole:
        return False
    return int(req_id[14], 16) in VERSIONS and req_id[19] in "89ab"
