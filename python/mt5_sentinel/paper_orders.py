"""Orders of a paper account: what each would do, what makes two the same, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mt5_sentinel import _core
from mt5_sentinel.errors import Refused
from mt5_sentinel.types import Execution, OrderRequest
from mt5_sentinel.wire import DONE, EXPIRED


def proposed(core: _core.PaperAccount, request: OrderRequest, now_s: float) -> list[_core.Deal]:
    """The deals of an order.

    Raises:
        Refused: it would not be taken.
    """
    if now_s > request.not_after_s:
        raise refused("the order came after its not_after time", "expired", EXPIRED)
    if request.kind == "open":
        return allowed(
            core.propose_open(
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
    return allowed(
        core.propose_close(
            req_id=request.req_id,
            symbol=request.symbol,
            ticket=request.ticket,
            side=request.side,
            lots=request.lots,
            deviation_points=request.deviation_points,
            time_s=int(now_s),
        )
    )


def refused(message: str, reason: str, retcode: int) -> Refused:
    """A refusal with its code."""
    error = Refused(message, reason)
    error.retcode = retcode
    return error


def allowed(proposal: _core.Proposal) -> list[_core.Deal]:
    """The deals that were proposed.

    Raises:
        Refused: none were.
    """
    if proposal.denial is not None:
        retcode, reason, message = proposal.denial
        raise refused(message, reason, retcode)
    return proposal.deals


def execution(deals: Sequence[_core.Deal]) -> Execution:
    """What an order did; one of the older broker may have closed a position and opened the opposite one."""
    newest = deals[-1]
    return Execution(newest.ticket, newest.price, newest.lots, sum(deal.profit for deal in deals), DONE)


def wanted(request: OrderRequest) -> str:
    """What makes two orders the same."""
    facts = (request.kind, request.symbol, request.side, request.lots, request.magic, request.ticket)
    return msgspec.json.encode((*facts, request.sl, request.tp, request.deviation_points)).decode()
