"""The journal with both its rooms, cycles and orders, in one hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel.journal import Journal
from mt5_sentinel.journal_file import JournalFile
from mt5_sentinel.orders import Orders
from mt5_sentinel.types import CycleRecord, Execution, Mode, OrderRequest, Side

FILL = Execution(ticket=77, price=1.1, lots=0.1)


class Memory:
    """A journal file that is open."""

    def __init__(self, directory: Path, mode: str = "dry-run", *, durable: bool = True) -> None:
        self.file = JournalFile(directory, mode, durable=durable)
        self.cycles, self.orders = Journal(self.file), Orders(self.file)
        self.path = self.file.path
        self.begin, self.finish, self.decided_bar_s = self.cycles.begin, self.cycles.finish, self.cycles.decided_bar_s
        self.close = self.file.close

    def intend(self, request: OrderRequest, record: CycleRecord) -> None:
        self.orders.intend(request, record.cycle_id)

    def settle(
        self, request: OrderRequest, state: str, *, fill: Execution | None = None, detail: str | None = None
    ) -> None:
        self.orders.settle(request, state, request.created_s + 1, execution=fill, detail=detail)

    def unresolved(self, symbol: str) -> list[str]:
        return [request.req_id for request in self.orders.unresolved(symbol)]


def opening(
    req_id: str, bar_open_s: int, created_s: float, symbol: str = "EURUSD", side: Side = "BUY", lots: float = 0.1
) -> OrderRequest:
    """An order that opens a position."""
    return OrderRequest(
        req_id=req_id,
        kind="open",
        symbol=symbol,
        side=side,
        lots=lots,
        purpose="signal",
        magic=7,
        created_s=created_s,
        not_after_s=created_s + 30.0,
        sl=1.09,
        tp=1.12,
        deviation_points=20,
        bar_open_s=bar_open_s,
    )


NOW_S = 1_700_000_000.25
BAR_S = 1_699_995_600

Open = Callable[..., Memory]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Open the journal, any number of times."""
    journals: list[Memory] = []

    def start(mode: str = "dry-run", directory: Path = tmp_path / "state") -> Memory:
        journals.append(Memory(directory, mode))
        return journals[-1]

    yield start
    for one in journals:
        kill(one)


def kill(one: Memory) -> None:
    """End a journal as the end of its process would: nothing is finished, descriptors close."""
    one.file._db.close()
    try:
        os.fstat(one.file._lock)
    except OSError:
        return
    os.close(one.file._lock)
    one.file._lock = -1


def record(mode: Mode = "dry-run", symbol: str = "EURUSD", **found: Any) -> CycleRecord:
    one = CycleRecord(symbol=symbol, mode=mode, started_s=NOW_S)
    for name, value in found.items():
        setattr(one, name, value)
    return one


def begun(one: Memory, **found: Any) -> CycleRecord:
    cycle = record(**found)
    one.begin(cycle)
    return cycle


def request(req_id: str, bar_open_s: int = BAR_S, created_s: float = NOW_S, symbol: str = "EURUSD") -> OrderRequest:
    return opening(req_id, bar_open_s, created_s, symbol)
