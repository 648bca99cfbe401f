"""The broker's server behind the fake terminal: it fills orders into positions, deals and history. Deterministic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.python.fake_mt5 import wall_s
from tests.python.fake_mt5_records import SymbolInfo, TradeDeal, TradeOrder, TradePosition

BUY, SELL = 0, 1
IN, OUT, INOUT = 0, 1, 2
CLIENT, EXPERT, SL, TP, STOP_OUT = 0, 3, 4, 5, 6
CANCELED, PARTIAL, FILLED, REJECTED = 2, 3, 4, 5

COMMISSION_PER_LOT = -3.5


class FakeServer:
    """Accounts for one client. What it executed is seen by the terminal's history ``lag_s`` later."""

    def __init__(self, utc_s: Callable[[], float], *, is_hedging: bool) -> None:
        self.utc_s = utc_s
        self.is_hedging = is_hedging
        self.balance = 100_000.0
        self.lag_s = 0.0
        self.comment_chars = 31
        self.own_comment: str | None = None
        self.symbols = {"EURUSD": SymbolInfo("EURUSD"), "EURUSD.x": SymbolInfo("EURUSD.x", trade_stops_level=50)}
        self.bids = {"EURUSD": 1.1, "EURUSD.x": 1.1}
        self.positions: dict[int, TradePosition] = {}
        self.deals: list[tuple[float, TradeDeal]] = []
        self.orders: list[tuple[float, TradeOrder]] = []
        self.working: list[TradeOrder] = []
        self._last_ticket = 1000

    def ask(self, symbol: str) -> float:
        info = self.symbols[symbol]
        return round(self.bids[symbol] + info.spread * info.point, info.digits)

    def price(self, symbol: str, side: int) -> float:
        return self.ask(symbol) if side == BUY else self.bids[symbol]

    def ticket(self) -> int:
        self._last_ticket += 1
        return self._last_ticket

    def execute(self, request: dict[str, Any], lots: float, reason: int = EXPERT, parts: int = 1) -> tuple[int, int]:
        """Fill ``lots`` of a request in so many deals; tickets of the order and of its last deal."""
        order, deal, position_id = self.ticket(), 0, 0
        for part in range(parts):
            share = (
                round(lots / parts, 2) if part < parts - 1 else round(lots - (parts - 1) * round(lots / parts, 2), 2)
            )
            deal, position_id = self._fill(request, order, share, reason)
        state = FILLED if lots >= request["volume"] else PARTIAL
        self._archive(request, order, state, round(request["volume"] - lots, 8), position_id, reason)
        return order, deal

    def refuse(self, request: dict[str, Any], state: int = REJECTED) -> int:
        """An order that comes to nothing but leaves a trace in history."""
        order = self.ticket()
        self._archive(request, order, state, request["volume"], 0, EXPERT)
        return order

    def work_on(self, request: dict[str, Any]) -> int:
        """An order that is placed, and neither filled nor gone."""
        order = self._order(request, self.ticket(), 1, request["volume"], 0, EXPERT)
        self.working.append(order)
        return order.ticket

    def fill_in_part(self, request: dict[str, Any], lots: float) -> tuple[int, int]:
        """Fill some of a request, and leave the rest in the market; tickets of the order and of the deal."""
        order = self.ticket()
        deal, position_id = self._fill(request, order, lots, EXPERT)
        left = round(request["volume"] - lots, 8)
        self.working.append(self._order(request, order, PARTIAL, left, position_id, EXPERT))
        return order, deal

    def end_working(self, ticket: int, state: int = CANCELED) -> None:
        """Take what is left of an order off the market."""
        [row] = [each for each in self.working if each.ticket == ticket]
        self.working.remove(row)
        self.orders.append((self.utc_s(), row._replace(state=state)))

    def fill_working(self, request: dict[str, Any], ticket: int) -> None:
        """Fill what is left of an order."""
        [row] = [each for each in self.working if each.ticket == ticket]
        self._fill(request, ticket, row.volume_current, EXPERT)
        self.working[self.working.index(row)] = row._replace(volume_current=0.0)
        self.end_working(ticket, FILLED)

    def close_by_hand(self, identifier: int, lots: float | None = None, reason: int = CLIENT) -> None:
        """A person in the terminal (CLIENT 0, MOBILE 1, WEB 2), or the broker's stop-out (6)."""
        self._close_out(self.positions[identifier], lots, reason, "")

    def set_bid(self, symbol: str, bid: float) -> None:
        """Move the price; stops and targets are executed at it."""
        self.bids[symbol] = bid
        for each in [position for position in self.positions.values() if position.symbol == symbol]:
            price = self.price(symbol, 1 - each.type)
            away = 1 if each.type == BUY else -1
            if each.sl and (price - each.sl) * away <= 0:
                self._close_out(each, None, SL, f"[sl {each.sl}]")
            elif each.tp and (price - each.tp) * away >= 0:
                self._close_out(each, None, TP, f"[tp {each.tp}]")

    def reopen_over_night(self, identifier: int) -> None:
        """Some servers charge swap by opening a position anew: its ticket changes, its identifier stays."""
        self.positions[identifier] = self.positions[identifier]._replace(ticket=self.ticket(), swap=-1.25)

    def seen(self, rows: list[tuple[float, Any]]) -> list[Any]:
        """Rows of history that have reached the terminal."""
        return [row for at_s, row in rows if at_s + self.lag_s <= self.utc_s()]

    def _close_out(self, position: TradePosition, lots: float | None, reason: int, comment: str) -> None:
        request: dict[str, Any] = {
            "symbol": position.symbol,
            "type": 1 - position.type,
            "volume": lots or position.volume,
            "magic": 0 if reason == CLIENT else position.magic,
            "comment": comment,
            "position": position.ticket,
        }
        self.execute(request, request["volume"], reason)

    def _fill(self, request: dict[str, Any], order: int, lots: float, reason: int) -> tuple[int, int]:
        symbol, side = request["symbol"], request["type"]
        price = self.price(symbol, side)
        held = self._target(request)
        if held is None:
            identifier, entry, profit = self._open(request, order, lots, price, reason), IN, 0.0
        elif held.type == side:
            identifier, entry, profit = held.identifier, IN, 0.0
            total = round(held.volume + lots, 8)
            mean = (held.price_open * held.volume + price * lots) / total
            self.positions[identifier] = held._replace(volume=total, price_open=mean)
        else:
            identifier, entry, profit = held.identifier, *self._reduce(held, lots, price)
        deal = self.ticket()
        now = self._now()
        row = TradeDeal(
            deal, order, *now, side, entry, request.get("magic", 0), identifier, reason, lots, price,
            round(COMMISSION_PER_LOT * lots, 2), 0.0, profit, 0.0, symbol, self._comment(request),
        )  # fmt: skip
        self.deals.append((self.utc_s(), row))
        self.balance += row.profit + row.commission
        return deal, identifier

    def _target(self, request: dict[str, Any]) -> TradePosition | None:
        if self.is_hedging:
            return next((each for each in self.positions.values() if each.ticket == request.get("position")), None)
        return next((each for each in self.positions.values() if each.symbol == request["symbol"]), None)

    def _open(self, request: dict[str, Any], order: int, lots: float, price: float, reason: int) -> int:
        held = self.positions.get(order)
        if held is not None:
            self.positions[order] = held._replace(volume=round(held.volume + lots, 8))
            return order
        now = self._now()
        self.positions[order] = TradePosition(
            order, *now, *now, request["type"], request.get("magic", 0), order, reason, lots, price,
            request.get("sl", 0.0), request.get("tp", 0.0), price, 0.0, 0.0, request["symbol"], self._comment(request),
        )  # fmt: skip
        return order

    def _reduce(self, held: TradePosition, lots: float, price: float) -> tuple[int, float]:
        closed = min(lots, held.volume)
        away = 1 if held.type == BUY else -1
        profit = round((price - held.price_open) * away * closed * 100_000, 2)
        left = round(held.volume - lots, 8)
        if left > 0:
            self.positions[held.identifier] = held._replace(volume=left)
        elif left == 0:
            del self.positions[held.identifier]
        else:
            self.positions[held.identifier] = held._replace(type=1 - held.type, volume=-left, price_open=price)
        return (OUT if left >= 0 else INOUT), profit

    def _archive(
        self, request: dict[str, Any], order: int, state: int, left: float, position_id: int, reason: int
    ) -> None:
        self.orders.append((self.utc_s(), self._order(request, order, state, left, position_id, reason)))

    def _order(
        self, request: dict[str, Any], order: int, state: int, left: float, position_id: int, reason: int
    ) -> TradeOrder:
        now = self._now()
        return TradeOrder(
            order, *now, *now, 0, request["type"], 0, request.get("type_filling", 0), state, request.get("magic", 0),
            position_id, 0, reason, request["volume"], left, request.get("price", 0.0), request.get("sl", 0.0),
            request.get("tp", 0.0), 0.0, 0.0, request["symbol"], self._comment(request),
        )  # fmt: skip

    def _comment(self, request: dict[str, Any]) -> str:
        comment: str = request.get("comment", "") if self.own_comment is None else self.own_comment
        return comment if comment.startswith("[") else comment[: self.comment_chars]

    def _now(self) -> tuple[int, int]:
        now_s = self.utc_s()
        shown = wall_s(int(now_s))
        return shown, shown * 1000 + int(now_s * 1000) % 1000
