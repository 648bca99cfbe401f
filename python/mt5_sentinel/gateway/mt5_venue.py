"""The broker ``mt5``: a MetaTrader 5 terminal on the same Windows machine, through the package MetaTrader5."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from typing import Any

from mt5_sentinel import _core, wire
from mt5_sentinel.errors import Misconfigured, Transient
from mt5_sentinel.gateway import mt5_codes as codes
from mt5_sentinel.gateway import mt5_symbols as symbols
from mt5_sentinel.gateway.mt5_history import History
from mt5_sentinel.gateway.mt5_orders import Orders
from mt5_sentinel.gateway.mt5_terminal import Launch, Terminal, hint, never_works
from mt5_sentinel.gateway.rates import rates_reply
from mt5_sentinel.gateway.venue import MayStill, Outcome, Sought, VenueError
from mt5_sentinel.secret import Secret

PACKAGE = "MetaTrader5"


class Mt5Venue:
    """A terminal as a ``Venue``; called by one thread only, as the package demands.

    A position's number on the wire is its ``identifier``, which stays when a server opens it anew over night and when a
    netting position turns around; its ticket in the terminal may change.
    """

    name = "mt5"

    def __init__(self, terminal: Terminal, utc_s: Callable[[], float], broker_dst: str = "eu") -> None:
        """Trade on a terminal that was started.

        Args:
            terminal: started, and asked ``begin`` once.
            utc_s: this machine's UTC.
            broker_dst: which summer time the broker's server keeps: ``eu``, ``us`` or ``none``.

        Raises:
            Misconfigured: another word.
        """
        self._terminal = terminal
        self._utc_s = utc_s
        self._broker_dst = broker_dst
        _core.BrokerOffset(broker_dst)
        self._offsets: dict[str, _core.BrokerOffset] = {}
        self._history = History(terminal, utc_s, self._to_utc)
        self._orders = Orders(terminal, self._history)

    def heartbeat(self) -> wire.Heartbeat:
        """Whether the terminal is connected and lets orders of a program through; never raises ``VenueError``."""
        try:
            account = self._terminal.begin()
            state = self._terminal.ask("terminal_info")
        except VenueError as error:
            self._history.note_connection(False)
            return wire.Heartbeat(self.name, self._utc_s(), False, False, False, reason=str(error))
        self._history.note_connection(bool(state.connected))
        faults = [
            "the terminal is not connected to its server" if not state.connected else "",
            "Algo Trading is switched off in the terminal" if not state.trade_allowed else "",
            "the account may not trade (an investor's password?)" if not account.trade_allowed else "",
            "the server does not allow programs to trade on this account" if not account.trade_expert else "",
        ]
        reason = "; ".join(fault for fault in faults if fault)
        may_trade = bool(state.trade_allowed and account.trade_allowed and account.trade_expert)
        return wire.Heartbeat(self.name, self._utc_s(), bool(state.connected), may_trade, False, reason=reason)

    def account(self) -> wire.AccountData:
        """The account."""
        account = self._terminal.begin()
        return wire.AccountData(
            balance=account.balance,
            equity=account.equity,
            margin_free=account.margin_free,
            currency=account.currency,
            login=account.login,
            hedging=account.margin_mode == codes.MARGIN_HEDGING,
        )

    def positions(self) -> list[wire.PositionData]:
        """All open positions; swap is part of their profit."""
        self._terminal.begin()
        return [
            wire.PositionData(
                ticket=each.identifier,
                symbol=each.symbol,
                type=symbols.word_of(each.type),
                volume=each.volume,
                price=each.price_open,
                sl=each.sl or None,
                tp=each.tp or None,
                time=self._to_utc(each.time),
                magic=each.magic,
                profit=each.profit + each.swap,
                comment=each.comment[:31],
            )
            for each in self._terminal.rows("positions_get")
        ]

    def symbol_info(self, symbol: str) -> wire.SymbolData:
        """Prices, steps and bounds; ``trade_allowed`` where positions of both sides may be opened."""
        self._terminal.begin()
        found = symbols.market(self._terminal, symbol)
        if not symbols.has_prices(found.tick):
            raise VenueError(f"{symbol} has no prices now: is it shown in Market Watch, and quoted?", codes.PRICE_OFF)
        self._note(symbol, int(found.tick.time))
        info = found.info
        return wire.SymbolData(
            symbol=symbol,
            bid=found.tick.bid,
            ask=found.tick.ask,
            point=info.point,
            tick_size=info.trade_tick_size,
            tick_value=info.trade_tick_value,
            contract_size=info.trade_contract_size,
            volume_min=info.volume_min,
            volume_step=info.volume_step,
            volume_max=info.volume_max,
            stops_level=float(info.trade_stops_level),
            trade_allowed=info.trade_mode == codes.TRADE_FULL,
            server_time=float(found.tick.time),
            tick_utc=self._to_utc(int(found.tick.time)),
        )

    def check(self, order: wire.OrderSend | wire.OrderClose, req_id: str) -> Outcome:
        """Everything but the sending: the same request, given to ``order_check``."""
        self._terminal.begin()
        made = self._made(order, req_id)
        return made if isinstance(made, Outcome) else self._orders.check(*made)

    def send(self, order: wire.OrderSend, req_id: str, may_still: MayStill | None = None) -> Outcome:
        """Open a position at the price now."""
        return self._execute(order, req_id, 0, may_still)

    def close(self, order: wire.OrderClose, req_id: str, may_still: MayStill | None = None) -> Outcome:
        """Close a position, or a part of it; only one whose magic number is the order's."""
        return self._execute(order, req_id, order.ticket, may_still)

    def modify(self, order: wire.OrderModify, req_id: str = "") -> Outcome:
        """Move stop and target; nothing to change counts as done."""
        try:
            self._terminal.begin()
            return self._orders.modify(order)
        except VenueError as error:
            return _not_sent(error)

    def find(self, req_id: str, since_s: float, sought: Sought | None = None) -> Outcome | None:
        """What the history says about an order, as ``Venue.find``.

        ``None`` only while connected, for an order and a connection of 30 s at least, and where no order of its time
        could be it: brokers may wipe comments or write their own. One that was cut still tells the order by its first
        16 characters.
        """
        is_hedging = self._terminal.begin().margin_mode == codes.MARGIN_HEDGING
        return self._history.find(req_id, since_s, sought or Sought(), is_hedging)

    def closings(self, ticket: int) -> list[wire.ClosingData]:
        """How a position was closed, part by part, oldest first; commission, swap and fee are part of the profit."""
        self._terminal.begin()
        return self._history.closings(ticket)

    def rates(self, request: object) -> dict[str, object]:
        """The whole reply to a decoded request for ``RATES``."""
        self._terminal.begin()
        reply = rates_reply(self._terminal.package, request, self._utc_s)
        if not reply["error"]:
            self._note(reply["data"]["symbol"], reply["data"]["server_time"])
        return reply

    def tick(self, symbol: str) -> wire.Tick | None:
        """The newest tick; ``utc`` is when this machine read it."""
        self._terminal.begin_quick()
        try:
            tick = symbols.tick(self._terminal, symbol)
        except VenueError:
            return None
        self._note(symbol, int(tick.time))
        if not symbols.has_prices(tick):
            return None
        return wire.Tick(symbol, tick.bid, tick.ask, tick.time_msc / 1000, self._utc_s())

    def stop(self) -> None:
        """Let go of the terminal, which goes on running."""
        self._terminal.stop()

    def _made(self, order: wire.OrderSend | wire.OrderClose, req_id: str) -> Any:  # noqa: ANN401
        if isinstance(order, wire.OrderClose):
            return self._orders.closing(order, req_id)
        return self._orders.opening(order, req_id)

    def _execute(
        self, order: wire.OrderSend | wire.OrderClose, req_id: str, ticket: int, may_still: MayStill | None
    ) -> Outcome:
        try:
            self._terminal.begin()
            made = self._made(order, req_id)
        except VenueError as error:
            return _not_sent(error)
        if isinstance(made, Outcome):
            return made
        request, found = made
        return self._orders.execute(request, found, ticket, may_still)

    def _note(self, symbol: str, server_s: int) -> None:
        """Each symbol on its own: the old ticks of two symbols, one after the other, look like one that moves."""
        offset = self._offsets.setdefault(symbol, _core.BrokerOffset(self._broker_dst))
        offset.note(server_s, self._utc_s())

    def _to_utc(self, server_s: int) -> float | None:
        for offset in self._offsets.values():
            found = offset.to_utc_series([server_s])
            if found is not None:
                return float(found[0])
        return None


def connect(
    path: str,
    login: int,
    password: Secret | str,
    server: str,
    *,
    utc_s: Callable[[], float] = time.time,
    steady_s: Callable[[], float] = time.monotonic,
    broker_dst: str = "eu",
) -> Mt5Venue:
    """Start the terminal, or find it running, and log in.

    Args:
        path: of ``terminal64.exe``; empty: the one that runs, or was installed last.
        login: account number; 0: the account the terminal is logged in to.
        password: of the account, not the investor's.
        server: as the terminal's login window names it.
        utc_s: this machine's UTC.
        steady_s: seconds that never step.
        broker_dst: which summer time the broker's server keeps: ``eu``, ``us`` or ``none``.

    Raises:
        Misconfigured: the package is missing, no program is at ``path``, or ``login`` is missing or unreadable.
        Transient: the terminal did not start or log in, which the next try may mend: while the network is not up, a
            right password is told to be wrong.
    """
    hidden = password if isinstance(password, Secret) else Secret(password)
    terminal = Terminal(_package(), Launch(path, login, hidden, server), steady_s)
    failure = terminal.start()
    if failure is not None:
        shown = f"account {login} on {server}" if login else "the account it keeps"
        message = f"the terminal {path or 'installed here'} did not start, or log in to {shown}: {failure}"
        wrong = never_works(terminal.launch, failure)
        if wrong:
            raise Misconfigured(f"{message}; {wrong}", "terminal")
        raise Transient(f"{message}; {hint(failure)}", "terminal")
    try:
        terminal.begin()
    except VenueError as error:
        terminal.stop()
        raise Transient(f"the terminal started, and {error}", "terminal") from None
    return Mt5Venue(terminal, utc_s, broker_dst)


def _package() -> Any:  # noqa: ANN401
    try:
        return importlib.import_module(PACKAGE)
    except ImportError as error:
        if sys.platform == "win32":
            message = f"the package {PACKAGE} cannot be imported ({error}): python -m pip install {PACKAGE}"
        else:
            message = (
                f"the package {PACKAGE} exists for Windows only: run the gateway there, beside the terminal,"
                " or trade on paper here with --broker paper"
            )
        raise Misconfigured(message, "no_metatrader5") from None


def _not_sent(error: VenueError) -> Outcome:
    return Outcome(error.retcode, f"nothing was sent: {error}")
