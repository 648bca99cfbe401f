"""A journal on disk, a broker that does what a test says, and the way between."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mt5_sentinel import _core, journal
from mt5_sentinel.adapters.replay import ReplayClock
from mt5_sentinel.errors import Uncertain
from mt5_sentinel.journal import Journal
from mt5_sentinel.journal_file import JournalFile
from mt5_sentinel.orders import Orders
from mt5_sentinel.route import Route
from mt5_sentinel.types import Closing, CycleRecord, Execution, OrderRequest

NOW_S = 1_700_000_000.0
BAR_S = 1_699_995_600
MAGIC = 7
PINNED = "6b6e73a5-7efa-5ace-94de-06c647272386"
FILL = Execution(ticket=77, price=1.1001, lots=0.1)
SILENT = Uncertain("no answer", "gateway_timeout")

Answer = Execution | BaseException | None


def entry(side: str = "BUY") -> Any:
    """What risk approves; only the core makes a real one."""
    return SimpleNamespace(side=side, lots=0.1, sl=1.09, tp=1.12, deviation_points=20)


class FakeBroker:
    """Keeps what it was asked; ``answers`` says what happens next, the last answer stays."""

    name = "fake"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answers: list[Answer] = [FILL]
        self.sent: list[OrderRequest] = []
        self.asked: list[str] = []
        self.on_disk_at_send: list[list[tuple[Any, ...]]] = []

    def _answer(self) -> Execution | None:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def send(self, request: OrderRequest, now_s: float) -> Execution:
        self.sent.append(request)
        other = sqlite3.connect(self.path)  # another process would see the same
        found = other.execute("SELECT req_id, state FROM intent WHERE state = 'intended'").fetchall()
        other.close()
        self.on_disk_at_send.append(found)
        answer = self._answer()
        assert answer is not None
        return answer

    def lookup(self, req_id: str, created_s: float) -> Execution | None:
        self.asked.append(req_id)
        return self._answer()

    def mark(self, symbol: str, quote: _core.Quote, bars: _core.Bars) -> None:
        raise NotImplementedError

    def book(self) -> _core.Book:
        raise NotImplementedError

    def facts(self, symbol: str) -> _core.SymbolFacts:
        raise NotImplementedError

    def quote(self, symbol: str) -> _core.Quote | None:
        raise NotImplementedError

    def check(self, request: OrderRequest, now_s: float) -> None:
        raise NotImplementedError

    def modify(self, symbol: str, ticket: int, sl: float | None, tp: float | None, now_s: float) -> None:
        raise NotImplementedError

    def closings(self, ticket: int) -> list[Closing]:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is held."""


class Floor:
    """A journal on disk, a broker that does what a test says, and the way between."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.clock = ReplayClock(NOW_S)
        self.broker = FakeBroker(state / "journal.db")
        self._open()

    def _open(self) -> None:
        self.file = JournalFile(self.state, "dry-run")
        self.journal, self.orders = Journal(self.file), Orders(self.file)
        self.route = self.of("EURUSD")

    def of(self, symbol: str) -> Route:
        return Route(self.broker, self.orders, self.clock, symbol=symbol, magic=MAGIC)

    def restart(self) -> None:
        """As a kill and a start would."""
        self.file.close()
        self._open()

    def begun(self, bar_open_s: int = BAR_S) -> CycleRecord:
        record = CycleRecord(symbol="EURUSD", mode="dry-run", started_s=NOW_S, bar_open_s=bar_open_s, reason="signal")
        self.journal.begin(record)
        return record

    def buy(self, record: CycleRecord | None = None) -> Execution | None:
        record = record or self.begun()
        request = self.route.entry(entry(), record)
        self.route.intend(request, record)
        return self.route.send(request, record)

    def leave(self, lots: float = 0.1) -> bool:
        facts: dict[str, Any] = {"ticket": 77, "symbol": "EURUSD", "side": "BUY", "price": 1.1001, "magic": MAGIC}
        position = _core.Position(lots=lots, opened_s=int(NOW_S), **facts)
        return self.route.leave(_core.Exit.protective(position), self.begun())

    def intents(self) -> list[dict[str, Any]]:
        return [intent for cycle in journal.read(self.journal.path) for intent in cycle["intents"]]

    def states(self) -> list[str]:
        return [intent["state"] for intent in self.intents()]
