"""Orders as the terminal takes them: checked here, sent once, and read with no doubt left out."""

from __future__ import annotations

from typing import Any

from mt5_sentinel import wire
from mt5_sentinel.gateway import mt5_codes as codes
from mt5_sentinel.gateway import mt5_symbols as symbols
from mt5_sentinel.gateway.mt5_history import History, executed, executed_code
from mt5_sentinel.gateway.mt5_terminal import SAID_CHARS_MAX, Terminal, attempt
from mt5_sentinel.gateway.venue import MayStill, Outcome, VenueError

REQUOTES_MAX = 2
"""Further tries at a new price, within the order's time, and within its deviation of the first price."""

Request = dict[str, Any]


class Orders:
    """Opens, closes and moves: before ``order_send`` a fault is a refusal, after it whatever is unclear is unknown."""

    def __init__(self, terminal: Terminal, history: History) -> None:
        """Trade on ``terminal``."""
        self._terminal = terminal
        self._history = history

    def opening(self, order: wire.OrderSend, req_id: str) -> tuple[Request, symbols.Market] | Outcome:
        """The request that opens a position, or why there is none.

        Raises:
            VenueError: the terminal does not answer.
        """
        found = symbols.market(self._terminal, order.symbol)
        side = symbols.side_of(order.type)
        lots = symbols.lots(found.info, order.volume)
        if (fault := symbols.trade_fault(found.info, side)) is not None:
            return fault
        if not symbols.has_prices(found.tick):
            return Outcome(codes.PRICE_OFF, f"{order.symbol} has no prices now")
        if lots is None:
            return _wrong_volume(found.info, order.volume)
        if (wrong := symbols.stops_fault(found, side, order.sl, order.tp)) is not None:
            return Outcome(codes.INVALID_STOPS, wrong)
        levels = {"sl": symbols.at_digits(found.info, order.sl), "tp": symbols.at_digits(found.info, order.tp)}
        return _deal(order, side, lots, found, req_id) | levels, found

    def closing(self, order: wire.OrderClose, req_id: str) -> tuple[Request, symbols.Market] | Outcome:
        """The request that closes a position or a part of it, or why there is none. Raises as ``opening``."""
        position = self._position(order.ticket)
        side = symbols.side_of(order.type)
        if position is None:
            return Outcome(codes.INVALID_REQUEST, f"no position {order.ticket} is open")
        if position.magic != order.magic:
            return Outcome(codes.INVALID_REQUEST, f"position {order.ticket} has magic {position.magic}: not ours")
        if position.symbol != order.symbol or position.type == side:
            shown = f"{symbols.word_of(position.type)} of {position.symbol}"
            return Outcome(codes.INVALID_REQUEST, f"position {order.ticket} is an {shown}, which this does not close")
        found = symbols.market(self._terminal, order.symbol)
        lots = symbols.lots(found.info, order.volume, position.volume)
        if lots is None or lots > position.volume:
            return _wrong_volume(found.info, order.volume, position.volume)
        if not symbols.has_prices(found.tick):
            return Outcome(codes.PRICE_OFF, f"{order.symbol} has no prices now")
        # The ticket changes where a server opens a position anew over night; its identifier is what the wire knows.
        return _deal(order, side, lots, found, req_id) | {"position": position.ticket}, found

    def execute(self, request: Request, found: symbols.Market, ticket: int, may_still: MayStill | None) -> Outcome:
        """Send; again only what was certainly not executed: another way of filling, or a new price in good time."""
        outcomes: list[Outcome] = []
        error = attempt(lambda: outcomes.append(self._execute(request, found, ticket, may_still)))
        if error is None:
            return outcomes[0]
        # Whatever fails from here on, the order may be on its way.
        return Outcome(
            codes.NO_ANSWER, f"the order's fate is unknown: {type(error).__name__}: {error}"[:SAID_CHARS_MAX]
        )

    def _execute(self, request: Request, found: symbols.Market, ticket: int, may_still: MayStill | None) -> Outcome:
        fillings, requotes, first = symbols.fillings(found.info), 0, request
        while True:
            if may_still is not None and not may_still():
                return Outcome(
                    wire.EXPIRED, "not_after passed before the terminal was given the order; nothing was executed"
                )
            sent = request | {"type_filling": fillings[0]}
            result, failure = self._terminal.order(sent)
            if result is None:
                return Outcome(codes.NO_ANSWER, f"no answer to the order, its fate is unknown: {failure}")
            if result.retcode == codes.INVALID_FILL and len(fillings) > 1:
                fillings = fillings[1:]
                continue
            again = result.retcode in (codes.REQUOTE, codes.PRICE_CHANGED) and requotes < REQUOTES_MAX
            new = self._new_price(first, found) if again and may_still is not None else None
            if new is None:
                return self._read(result, sent, ticket)
            requotes += 1
            request = request | new

    def check(self, request: Request, found: symbols.Market) -> Outcome:
        """Ask the terminal what it would say to a request. Raises as ``opening``."""
        for filling in symbols.fillings(found.info):
            result = self._terminal.ask("order_check", request | {"type_filling": filling})
            if result.retcode != codes.INVALID_FILL:
                break
        if result.retcode in (0, wire.DONE):
            return Outcome(wire.DONE, "the terminal would take it")
        return Outcome(int(result.retcode), _said(result))

    def modify(self, order: wire.OrderModify) -> Outcome:
        """Move stop and target of a position. Raises as ``opening``, before anything is sent."""
        position = self._position(order.ticket)
        if position is None or position.symbol != order.symbol:
            return Outcome(codes.INVALID_REQUEST, f"no position {order.ticket} of {order.symbol} is open")
        found = symbols.market(self._terminal, order.symbol)
        if not symbols.has_prices(found.tick):
            return Outcome(codes.PRICE_OFF, f"{order.symbol} has no prices now")
        if (wrong := symbols.stops_fault(found, position.type, order.sl, order.tp)) is not None:
            return Outcome(codes.INVALID_STOPS, wrong)
        request = {
            "action": codes.ACTION_SLTP,
            "position": position.ticket,
            "symbol": order.symbol,
            "sl": symbols.at_digits(found.info, order.sl),
            "tp": symbols.at_digits(found.info, order.tp),
        }
        result, failure = self._terminal.order(request)
        if result is None:
            return Outcome(codes.NO_ANSWER, f"no answer to the change, its fate is unknown: {failure}")
        if result.retcode in (wire.DONE, wire.PLACED, codes.NO_CHANGES):
            return Outcome(wire.DONE, _said(result))
        return _not_executed(result)

    def _position(self, ticket: int) -> Any:  # noqa: ANN401
        positions = self._terminal.rows("positions_get")
        return next((each for each in positions if each.identifier == ticket), None)

    def _new_price(self, first: Request, found: symbols.Market) -> Request | None:
        """The price now and what is left of the deviation; None where there is none, or it slipped beyond that."""
        try:
            now = symbols.market(self._terminal, first["symbol"])
        except VenueError:
            return None
        if not symbols.has_prices(now.tick):
            return None
        price = now.price(first["type"])
        left = first["deviation"] - symbols.slipped_points(found.info, first["type"], first["price"], price)
        return {"price": price, "deviation": left} if left >= 0 else None

    def _read(self, result: Any, request: Request, ticket: int) -> Outcome:  # noqa: ANN401
        if result.retcode not in (*wire.EXECUTED, wire.PLACED):
            return _not_executed(result)
        try:
            working = self._history.working(result.order)
            deals = self._history.deals_of(result.order, result.deal)
        except VenueError:
            working, deals = None, []
            if result.retcode != wire.DONE:
                return Outcome(codes.NO_ANSWER, f"order {result.order} was placed; what was filled cannot be read now")
        if working is not None:
            return self._end_rest(working, result, request)
        done = executed(deals) if deals else wire.Executed(self._opened(request, result), 0.0, 0.0)
        is_whole = executed_code(done.volume, request["volume"]) == wire.DONE
        if (result.retcode == wire.PLACED and not is_whole) or (
            result.retcode == wire.PARTIAL and max(done.volume, result.volume) <= 0
        ):
            return Outcome(codes.NO_ANSWER, f"order {result.order} was placed; its deals are not all there yet")
        # The result may lack what the deals have, and some deals may not be there yet: then it is as it was asked.
        confirmed = result.volume if result.retcode in wire.EXECUTED else 0.0
        lots = max(done.volume, confirmed) or request["volume"]
        price = done.price or result.price or request["price"]
        filled = wire.Executed(ticket or done.ticket, float(price), float(lots), done.profit)
        return Outcome(executed_code(filled.volume, request["volume"]), _said(result), filled)

    def _end_rest(self, working: Any, result: Any, request: Request) -> Outcome:  # noqa: ANN401
        """An order that remains in the market: where part of it is filled the rest is taken off, else it is unknown."""
        is_filled = result.retcode == wire.PARTIAL or working.volume_current < working.volume_initial
        if request["type_filling"] != codes.FILL_RETURN or not is_filled:
            return Outcome(codes.NO_ANSWER, f"order {working.ticket} is still being worked on")
        removed, failure = self._terminal.order({"action": codes.ACTION_REMOVE, "order": working.ticket})
        if removed is None or removed.retcode != wire.DONE:
            said = failure if removed is None else _said(removed)
            return Outcome(codes.NO_ANSWER, f"the rest of order {working.ticket} could not be cancelled: {said}")
        return self._history.fate(working.ticket)

    def _opened(self, request: Request, result: Any) -> int:  # noqa: ANN401
        """The position an order without deals as yet went into: its own on a hedging account, the symbol's else."""
        try:
            positions = self._terminal.rows("positions_get", symbol=request["symbol"])
        except VenueError:
            positions = ()
        own = [each.identifier for each in positions if each.identifier == result.order]
        is_netting = len(positions) == 1 and not own and positions[0].magic == request["magic"]
        return int(positions[0].identifier if is_netting else result.order)


def _deal(
    order: wire.OrderSend | wire.OrderClose, side: int, lots: float, found: symbols.Market, req_id: str
) -> Request:
    return {
        "action": codes.ACTION_DEAL,
        "symbol": order.symbol,
        "volume": lots,
        "type": side,
        "price": found.price(side),
        "deviation": order.deviation,
        "magic": order.magic,
        "comment": wire.comment_of(req_id),
        "type_time": codes.TIME_GTC,
    }


def _wrong_volume(info: Any, asked: float, open_lots: float | None = None) -> Outcome:  # noqa: ANN401
    held = "" if open_lots is None else f", and {open_lots:g} are open"
    steps = f"{info.volume_min:g} to {info.volume_max:g} in steps of {info.volume_step:g}{held}"
    return Outcome(codes.INVALID_VOLUME, f"{asked:g} lots: {info.name} takes {steps}")


def _not_executed(result: Any) -> Outcome:  # noqa: ANN401
    """A refusal where the code is one; anything else leaves the fate unknown."""
    if result.retcode in codes.WORDS:
        return Outcome(int(result.retcode), _said(result))
    retcode = result.retcode if result.retcode in wire.UNKNOWN else codes.NO_ANSWER
    return Outcome(int(retcode), f"fate unknown, the terminal said {result.retcode}: {_said(result)}")


def _said(result: Any) -> str:  # noqa: ANN401
    return str(result.comment)[:SAID_CHARS_MAX] or codes.WORDS.get(result.retcode, "")
