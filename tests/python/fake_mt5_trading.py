"""A module like ``MetaTrader5`` that trades: its surface, its return codes, and the ways it leaves one in doubt."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from tests.python.fake_mt5 import FakeTerminal, wall_s
from tests.python.fake_mt5_records import (
    AccountInfo,
    OrderCheckResult,
    OrderSendResult,
    SymbolInfo,
    TerminalInfo,
    Tick,
    TradePosition,
)
from tests.python.fake_mt5_server import BUY, FakeServer

REQUEST_FIELDS = {
    *("action", "magic", "order", "symbol", "volume", "price", "stoplimit", "sl", "tp", "deviation", "type"),
    *("type_filling", "type_time", "expiration", "comment", "position", "position_by"),
}

QUIRKS = {
    "none_lost": (None, False),  # no result, nothing executed
    "none_executed": (None, True),  # no result, and executed all the same
    "raise_lost": ("raise", False),
    "raise_executed": ("raise", True),
    "gone_lost": ("gone", False),  # the terminal's process ended during the call
    "gone_executed": ("gone", True),
    "timeout_lost": (10012, False),
    "timeout_executed": (10012, True),
    "connection_lost": (10031, False),
    "connection_executed": (10031, True),
    "strange_executed": (10011, True),
}
"""Fates that the caller is not told; further ones are names of methods below, or a retcode that refuses."""


class FakeMt5(FakeTerminal):
    """``script`` holds what happens to the next calls of ``order_send``, one each; then all is well."""

    def __init__(self, utc_s: Callable[[], float], *, is_hedging: bool = True) -> None:
        super().__init__(utc_s)
        self.server = FakeServer(utc_s, is_hedging=is_hedging)
        self.script: deque[str | int] = deque()
        self.sent: list[dict[str, Any]] = []
        self.started: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        self.starts_fail_with: tuple[int, str] | None = None
        self.is_gone = False
        self.login = 5001
        self.terminal = TerminalInfo()
        self.account_changes: dict[str, Any] = {}
        self.none_for_nothing = False
        self.shown: set[str] = set()
        self.raises: set[str] = set()
        self.removal: int | None = 10009
        self.before_order: Callable[[], None] = lambda: None

    def initialize(self, *args: Any, **named: Any) -> bool:
        self.started.append((args, named))
        if self.starts_fail_with is not None:
            self._error = self.starts_fail_with
            return False
        self.is_gone = False
        self._error = (1, "Success")
        return True

    def shutdown(self) -> None:
        self.is_gone = True

    def version(self) -> tuple[int, int, str] | None:
        return (500, 4755, "1 Jan 2026") if self._answers("version") else None

    def terminal_info(self) -> TerminalInfo | None:
        return self.terminal if self._answers("terminal_info") else None

    def account_info(self) -> AccountInfo | None:
        if not self._answers("account_info"):
            return None
        floating = sum(each.profit for each in self._positions())
        equity = self.server.balance + floating
        mode = 2 if self.server.is_hedging else 0
        info = AccountInfo(self.login, 0, 100, mode, True, True, self.server.balance, floating, equity, 0.0, equity)
        return info._replace(**self.account_changes)

    def symbols_get(self, group: str = "*") -> tuple[SymbolInfo, ...] | None:
        told = group.strip("*")
        found = tuple(each for name, each in self.server.symbols.items() if told in name or name in told)
        return found if self._answers("symbols_get") else None

    def symbol_select(self, symbol: str, enable: bool) -> bool:
        if not self._answers("symbol_select"):
            return False
        is_known = symbol in self.server.symbols and enable
        self.shown |= {symbol} if is_known else set()
        return self._outcome("symbol_select", is_known, (-4, "Terminal: Not found"))

    def symbol_info(self, symbol: str) -> SymbolInfo | None:
        if not self._answers("symbol_info") or symbol not in self.server.symbols:
            return None
        return self.server.symbols[symbol]._replace(bid=self.server.bids[symbol], ask=self.server.ask(symbol))

    def symbol_info_tick(self, symbol: str) -> Any:
        """None for a symbol that is not in Market Watch."""
        if not self._answers("symbol_info_tick"):
            return None
        if not self._outcome("symbol_info_tick", symbol in self.shown, (-4, "Terminal: Not found")):
            return None
        shown = wall_s(int(self._utc_s()) - self.tick_age_s)
        bid = self.server.bids[symbol]
        return Tick(shown, bid, self.server.ask(symbol) if bid else 0.0, 0.0, 0, shown * 1000 + 250)

    def positions_get(self, **named: Any) -> tuple[TradePosition, ...] | None:
        if not self._answers("positions_get"):
            return None
        rows = self._positions()
        for field in ("symbol", "ticket"):
            rows = [each for each in rows if field not in named or getattr(each, field) == named[field]]
        return self._rows(rows)

    def orders_get(self, **named: Any) -> tuple[Any, ...] | None:
        return self._rows(self.server.working) if self._answers("orders_get") else None

    def history_orders_get(self, *window: int, **named: int) -> tuple[Any, ...] | None:
        if not self._answers("history_orders_get"):
            return None
        return self._rows(_chosen(self.server.seen(self.server.orders), window, named, "time_setup", "ticket"))

    def history_deals_get(self, *window: int, **named: int) -> tuple[Any, ...] | None:
        """``ticket`` is that of the order, as in the real package."""
        if not self._answers("history_deals_get"):
            return None
        return self._rows(_chosen(self.server.seen(self.server.deals), window, named, "time", "order"))

    def order_check(self, request: dict[str, Any]) -> OrderCheckResult | None:
        if not self._answers("order_check") or not self._is_readable(request):
            return None
        retcode = self._refusal(request)
        words = "Done" if retcode == 0 else f"refused {retcode}"
        return OrderCheckResult(retcode, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, words, request)

    def order_send(self, request: dict[str, Any]) -> OrderSendResult | None:
        self.before_order()
        if not self._answers("order_send") or not self._is_readable(request):
            return None
        self.sent.append(dict(request))
        if request["action"] == 8:
            return self._remove(request)
        refusal = self._refusal(request)
        if refusal:
            return self._result(request, refusal)
        if request["action"] == 6:
            return self._move(request)
        return self._by_script(request)

    def _by_script(self, request: dict[str, Any]) -> OrderSendResult | None:
        event = self.script.popleft() if self.script else "done"
        if isinstance(event, int):
            return self._result(request, event)
        if event in QUIRKS:
            answer, is_executed = QUIRKS[event]
            if is_executed:
                self.server.execute(request, request["volume"])
            if answer == "raise":
                raise RuntimeError("something in the package broke")
            if answer == "gone":
                self.is_gone = True
            if not isinstance(answer, int):
                self._error = (-10002, "IPC recv failed") if answer == "gone" else (-2, "Terminal: Call failed")
                return None
            return self._result(request, answer)
        result: OrderSendResult | None = getattr(self, f"_{event}")(request)
        return result

    def _done(self, request: dict[str, Any]) -> OrderSendResult:
        return self._filled(request, request["volume"], 10009)

    def _partial(self, request: dict[str, Any]) -> OrderSendResult:
        return self._filled(request, round(request["volume"] / 2, 2), 10010)

    def _two_deals(self, request: dict[str, Any]) -> OrderSendResult:
        return self._filled(request, request["volume"], 10009, parts=2)

    def _no_price(self, request: dict[str, Any]) -> OrderSendResult:
        return self._done(request)._replace(price=0.0)

    def _bare(self, request: dict[str, Any]) -> OrderSendResult:
        return self._done(request)._replace(price=0.0, volume=0.0, deal=0)

    def _broken(self, request: dict[str, Any]) -> Any:
        """Executed, and the result is of a build that names its fields otherwise."""
        return self._done(request)[:1]

    def _placed(self, request: dict[str, Any]) -> OrderSendResult:
        return self._done(request)._replace(retcode=10008, price=0.0, deal=0)

    def _placed_only(self, request: dict[str, Any]) -> OrderSendResult:
        return self._result(request, 10008)._replace(order=self.server.work_on(request), volume=request["volume"])

    def _rest_left(self, request: dict[str, Any]) -> OrderSendResult:
        """Half of it is filled, and the rest stays in the market."""
        lots = round(request["volume"] / 2, 2)
        order, deal = self.server.fill_in_part(request, lots)
        return self._result(request, 10010)._replace(deal=deal, order=order, volume=lots)

    def _rest_placed(self, request: dict[str, Any]) -> OrderSendResult:
        """The same where the server tells no more than that it took the order."""
        return self._rest_left(request)._replace(retcode=10008, deal=0, volume=request["volume"])

    def _half_seen(self, request: dict[str, Any]) -> OrderSendResult:
        """It was placed, is gone from the market, and was filled in part."""
        return self._partial(request)._replace(retcode=10008, deal=0, volume=request["volume"])

    def _remove(self, request: dict[str, Any]) -> OrderSendResult | None:
        if self.removal is None:
            self._error = (-10002, "IPC recv failed")
            return None
        if self.removal == 10009:
            self.server.end_working(request["order"])
        return self._result(request, self.removal)

    def _filled(self, request: dict[str, Any], lots: float, retcode: int, parts: int = 1) -> OrderSendResult:
        price = self.server.price(request["symbol"], request["type"])
        order, deal = self.server.execute(request, lots, parts=parts)
        return self._result(request, retcode)._replace(deal=deal, order=order, volume=lots, price=price)

    def _move(self, request: dict[str, Any]) -> OrderSendResult | None:
        held = next((each for each in self.server.positions.values() if each.ticket == request["position"]), None)
        if held is None:
            return self._result(request, 10036)
        if (held.sl, held.tp) == (request["sl"], request["tp"]):
            return self._result(request, 10025)
        self.server.positions[held.identifier] = held._replace(sl=request["sl"], tp=request["tp"])
        return self._result(request, 10009)

    def _result(self, request: dict[str, Any], retcode: int) -> OrderSendResult:
        return OrderSendResult(retcode, 0, 0, 0.0, 0.0, 0.0, 0.0, f"said {retcode}", len(self.sent), 0, request)

    def _refusal(self, request: dict[str, Any]) -> int:
        if not self.terminal.connected:
            return 10031
        if not self.terminal.trade_allowed:
            return 10027
        if request["action"] == 6:
            return 0
        info = self.server.symbols[request["symbol"]]
        accepted = {0: info.filling_mode & 1, 1: info.filling_mode & 2, 2: info.trade_exemode != 2}
        if not accepted[request["type_filling"]]:
            return 10030
        steps = request["volume"] / info.volume_step
        if abs(steps - round(steps)) > 1e-6 or not info.volume_min <= request["volume"] <= info.volume_max:
            return 10014
        price = self.server.price(request["symbol"], 1 - request["type"])
        away = 1 if request["type"] == BUY else -1
        near = info.trade_stops_level * info.point - 1e-9
        levels = ((request.get("sl"), -away), (request.get("tp"), away))
        return 10016 if any(level and (level - price) * sign < near for level, sign in levels) else 0

    def _is_readable(self, request: dict[str, Any]) -> bool:
        """The package refuses a request it cannot read before it sends anything."""
        wrong = next((name for name in request if name not in REQUEST_FIELDS), None)
        wrong = "comment" if len(request.get("comment", "")) > 31 else wrong
        self._error = (1, "Success") if wrong is None else (-2, f'Invalid "{wrong}" argument')
        return wrong is None

    def _positions(self) -> list[TradePosition]:
        rows = []
        for each in self.server.positions.values():
            price = self.server.price(each.symbol, 1 - each.type)
            away = 1 if each.type == BUY else -1
            profit = round((price - each.price_open) * away * each.volume * 100_000, 2)
            rows.append(each._replace(price_current=price, profit=profit))
        return rows

    def _rows(self, rows: list[Any]) -> tuple[Any, ...] | None:
        """Some builds give None where there is nothing, with no error to be asked for."""
        return None if self.none_for_nothing and not rows else tuple(rows)

    def _answers(self, name: str) -> bool:
        if name in self.raises:
            raise RuntimeError(f"{name} broke")
        if self.is_gone:
            self._error = (-10004, "No IPC connection")
            return False
        return self._outcome(name, True, (-1, "Terminal: Call failed"))


def _chosen(rows: list[Any], window: tuple[int, ...], named: dict[str, int], time: str, ticket: str) -> list[Any]:
    if window:
        return [each for each in rows if window[0] <= getattr(each, time) <= window[1]]
    field, value = next(iter(named.items()))
    return [each for each in rows if getattr(each, ticket if field == "ticket" else "position_id") == value]
