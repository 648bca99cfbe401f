"""Several symbols of one daemon on a virtual clock, with their parts in reach."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import journal
from mt5_sentinel.adapters.replay import ReplayClock
from mt5_sentinel.commands import assembly
from mt5_sentinel.config import Settings
from mt5_sentinel.daemon import Daemon, Desks
from mt5_sentinel.schedule import Schedule
from mt5_sentinel.types import CycleRecord, Page
from tests.python.fakes import NOW_S, WIDE, FakeMarket, FakeModel, parts

PATIENCE_S = 60.0
"""How long a test waits for a thread before it fails; a test that passes never waits so long."""


class GatedMarket(FakeMarket):
    """Answers once ``gate`` lets it through."""

    def __init__(self) -> None:
        super().__init__()
        self.gate: Callable[[], object] = lambda: None
        self.inside = threading.Event()

    def fetch(self, from_s: int, to_s: int, pay: Callable[[], None]) -> Page:
        self.inside.set()
        self.gate()
        return super().fetch(from_s, to_s, pay)


class Floor:
    """A daemon of several symbols on a virtual clock, with its parts in reach."""

    def __init__(self, state: Path, names: list[str], changed: dict[str, Any] | None = None, **more: Any) -> None:
        self.names, self.clock = names, ReplayClock(NOW_S)
        self.markets = {name: GatedMarket() for name in names}
        for name, market in self.markets.items():
            market.origin = name
        self.models = {name: FakeModel() for name in names}
        self.seen: list[CycleRecord] = []
        facts: dict[str, Any] = {"state_dir": str(state), "volume_lots": 0.1} | WIDE | (changed or {})
        made = [self.parts(Settings(symbol=name, **facts)) for name in names]
        self.desks: Desks = assembly.open_desks(made, self.clock, mode="dry-run")
        self.daemon = Daemon(
            self.desks, self.clock, Schedule(58, 60), mode="dry-run", observers=(self.seen.append,), **more
        )

    def parts(self, settings: Settings) -> assembly.Parts:
        return parts(settings, self.markets[settings.symbol], self.models[settings.symbol])

    def minute(self, after_s: float = 0) -> dict[str, CycleRecord | None]:
        """One minute of all symbols."""
        self.clock.wait_s(after_s)
        outcomes = self.daemon.run_minute()
        return {name: outcome and outcome[0] for name, outcome in zip(self.names, outcomes, strict=True)}

    def settle(self, *names: str) -> None:
        """Wait until these symbols' cycles have ended."""
        for seat in self.daemon._crew._seats:
            assert seat.symbol not in names or seat._free.wait(PATIENCE_S), seat.symbol

    def rows(self, name: str) -> list[tuple[str, str, str | None]]:
        """Status, reason and outcome of a symbol's cycles, as the journal has them."""
        cycles = journal.read(self.desks[0].journal.path, symbol=name)
        return [(cycle["status"], cycle["reason"], cycle["outcome"]) for cycle in cycles]

    def close(self) -> None:
        for market in self.markets.values():
            market.gate = lambda: None
        assert self.daemon.close(PATIENCE_S) == []
        assembly.close(self.desks)


Open = Callable[..., Floor]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Open a floor; closed at the end."""
    floors: list[Floor] = []

    def start(*names: str, **more: Any) -> Floor:
        floors.append(Floor(tmp_path, list(names), **more))
        return floors[-1]

    yield start
    for floor in floors:
        floor.close()
