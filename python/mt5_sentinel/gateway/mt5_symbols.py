"""What a symbol of the terminal allows: its prices, steps of volume, distance of stops, ways of filling."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Any, Literal, NamedTuple

from mt5_sentinel import wire
from mt5_sentinel.gateway import mt5_codes as codes
from mt5_sentinel.gateway.mt5_terminal import Terminal, TerminalError
from mt5_sentinel.gateway.venue import Outcome, VenueError

LOTS_NOISE = Decimal("1e-8")
"""How far a volume may lie beside a multiple of the step: noise of binary fractions."""

SIMILAR_MAX = 5


class Market(NamedTuple):
    """A symbol and its newest tick, as the package gives them."""

    info: Any
    tick: Any

    def price(self, side: int) -> float:
        """What an order of a side is filled at, price units."""
        return float(self.tick.ask if side == codes.BUY else self.tick.bid)


def market(terminal: Terminal, symbol: str) -> Market:
    """Ask for a symbol, which is shown in Market Watch for that.

    Raises:
        VenueError: the terminal has no such symbol (-3), or does not answer.
    """
    _show(terminal, symbol)
    return Market(terminal.ask("symbol_info", symbol), terminal.ask("symbol_info_tick", symbol))


def tick(terminal: Terminal, symbol: str) -> Any:  # noqa: ANN401
    """A symbol's newest tick. Raises as ``market``."""
    try:
        return terminal.ask("symbol_info_tick", symbol)
    except TerminalError as error:
        if error.failure.code != codes.NOT_FOUND:
            raise
    _show(terminal, symbol)
    return terminal.ask("symbol_info_tick", symbol)


def _show(terminal: Terminal, symbol: str) -> None:
    try:
        terminal.ask("symbol_select", symbol, True)
    except TerminalError as error:
        if error.failure.code == codes.NOT_FOUND:
            raise _no_symbol(terminal, symbol) from None
        raise


def _no_symbol(terminal: Terminal, symbol: str) -> VenueError:
    similar = [str(each.name)[:32] for each in terminal.rows("symbols_get", group=f"*{symbol}*")]
    hint = f"; it has {', '.join(similar[:SIMILAR_MAX])}" if similar else ""
    return VenueError(f"the terminal has no symbol {symbol}{hint}", wire.INVALID)


def side_of(word: Literal["OP_BUY", "OP_SELL"]) -> int:
    """The package's number of a side."""
    return codes.BUY if word == "OP_BUY" else codes.SELL


def word_of(side: int) -> Literal["OP_BUY", "OP_SELL"]:
    """The wire's word for a side."""
    return "OP_BUY" if side == codes.BUY else "OP_SELL"


def lots(info: Any, asked: float, open_lots: float | None = None) -> float | None:  # noqa: ANN401
    """The volume as the terminal takes it; None where it is no multiple of the step within the symbol's bounds.

    Args:
        info: of the symbol.
        asked: lots; never more than these are given.
        open_lots: of the position to close: the whole of it is always a valid volume.
    """
    if open_lots is not None and abs(_exact(asked) - _exact(open_lots)) <= LOTS_NOISE:
        return open_lots
    step = _exact(info.volume_step)
    if step <= 0:
        return None
    multiple = (_exact(asked) / step).to_integral_value() * step
    within = _exact(info.volume_min) <= multiple <= _exact(info.volume_max)
    return float(multiple) if within and abs(multiple - _exact(asked)) <= LOTS_NOISE else None


def stops_fault(found: Market, side: int, sl: float | None, tp: float | None) -> str | None:
    """What is wrong with stop or target of a position of a side, measured from the price it would be closed at."""
    near = _exact(found.info.point) * found.info.trade_stops_level
    away = 1 if side == codes.BUY else -1
    price = _exact(found.price(codes.SELL if side == codes.BUY else codes.BUY))
    for name, level, sign in (("sl", sl, -away), ("tp", tp, away)):
        if level is None:
            continue
        distance = (_exact(level) - price) * sign
        if distance <= 0:
            return f"{name} {level:g} is on the wrong side of the price {price}"
        if distance < near:
            return f"{name} {level:g} is nearer than {found.info.trade_stops_level} points to the price {price}"
    return None


def slipped_points(info: Any, side: int, first: float, now: float) -> int:  # noqa: ANN401
    """By how many points a price is worse for an order of a side than the first one, rounded up; 0 where it is not."""
    away = 1 if side == codes.BUY else -1
    worse = (_exact(now) - _exact(first)) * away / _exact(info.point)
    return max(0, int((worse - LOTS_NOISE).to_integral_value(ROUND_CEILING)))


def trade_fault(info: Any, side: int) -> Outcome | None:  # noqa: ANN401
    """Why no position of a side may be opened now, if so."""
    refused = {
        codes.TRADE_DISABLED: codes.DISABLED,
        codes.TRADE_CLOSE_ONLY: codes.CLOSE_ONLY,
        codes.TRADE_LONG_ONLY: codes.LONG_ONLY if side == codes.SELL else None,
        codes.TRADE_SHORT_ONLY: codes.SHORT_ONLY if side == codes.BUY else None,
    }.get(info.trade_mode)
    return None if refused is None else Outcome(refused, f"{info.name}: {codes.WORDS[refused]}")


def fillings(info: Any) -> list[int]:  # noqa: ANN401
    """Ways of filling to try, in this order: all at once, or what there is; a wrong one is refused unexecuted (10030).

    The one that leaves the rest in the market is used only where neither is declared. A symbol of market execution that
    declares none, as some brokers have it, is tried with all.
    """
    allowed = [codes.FILL_FOK] if info.filling_mode & codes.ALLOWS_FOK else []
    allowed += [codes.FILL_IOC] if info.filling_mode & codes.ALLOWS_IOC else []
    if allowed or info.trade_exemode != codes.MARKET_EXECUTION:
        return allowed or [codes.FILL_RETURN]
    return [codes.FILL_FOK, codes.FILL_IOC, codes.FILL_RETURN]


def at_digits(info: Any, level: float | None) -> float:  # noqa: ANN401
    """A level with the symbol's digits, without noise of binary fractions; 0 is none."""
    return 0.0 if level is None else round(level, info.digits)


def has_prices(tick: Any) -> bool:  # noqa: ANN401
    """Whether both prices are there: a symbol that was just shown has none for a moment."""
    return bool(tick.bid > 0 and tick.ask > 0)


def _exact(number: float) -> Decimal:
    """The number as it is written, so that steps of 0.01 add up."""
    return Decimal(repr(float(number)))
