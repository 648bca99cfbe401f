"""Closings that may be given a second time and do nothing then."""

from __future__ import annotations

from mt5_sentinel.gateway.venue import Venue
from mt5_sentinel.wire import OrderClose


def closes_whole(venue: Venue, order: OrderClose) -> bool:
    """Whether an order closes a whole position, of which nothing was closed before, on a hedging account.

    Had the same order been executed before, the position would be gone, and its ticket never comes again: the venue
    refuses it. That is not so of a part, which could be closed twice, nor on a netting account, where an order without
    its position opens another.

    Raises:
        VenueError: the venue cannot tell.
    """
    if not venue.account().hedging or venue.closings(order.ticket):
        return False
    held = [(position.symbol, position.volume) for position in venue.positions() if position.ticket == order.ticket]
    return held == [(order.symbol, order.volume)]
