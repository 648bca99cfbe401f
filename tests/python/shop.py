"""A daemon on a virtual clock with a real core, journal and paper broker, its parts in reach."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mt5_sentinel import journal
from mt5_sentinel.adapters.replay import ReplayClock
from mt5_sentinel.commands.assembly import close, open_desk
from mt5_sentinel.config import Settings
from mt5_sentinel.cycle import Desk
from mt5_sentinel.daemon import Daemon
from mt5_sentinel.ports import Market
from mt5_sentinel.schedule import Schedule
from mt5_sentinel.types import CycleRecord
from tests.python.fakes import NOW_S, FakeMarket, FakeModel, parts


class Shop:
    """A daemon on a virtual clock, with its parts in reach."""

    def __init__(self, state: Path, other: Market | None = None, **changed: Any) -> None:
        self.settings = Settings(state_dir=str(state), volume_lots=0.1, **changed)
        self.other = other
        self.market, self.model, self.clock = FakeMarket(), FakeModel(), ReplayClock(NOW_S)
        self.desk = self.open()
        self.seen: list[CycleRecord] = []
        self.daemon = self.employ()

    def open(self) -> Desk:
        made = parts(self.settings, self.market, self.model, other_source=self.other)
        return open_desk(made, self.clock, mode="dry-run")

    def employ(self, *observers: Callable[[CycleRecord], None], **more: Any) -> Daemon:
        watching = (*observers, self.seen.append)
        return Daemon([self.desk], self.clock, Schedule(58, 60), mode="dry-run", observers=watching, **more)

    def cycle(self, scores: list[float] | Exception | None = None, after_s: float = 60) -> CycleRecord:
        """One cycle, then the clock goes on."""
        self.model.scores = self.model.scores if scores is None else scores
        record = self.daemon.run_minute()[0][0]  # type: ignore[index] # one symbol has an outcome
        self.clock.wait_s(after_s)
        return record

    def written(self) -> list[dict[str, Any]]:
        return list(journal.read(self.desk.journal.path))

    def intents(self) -> list[dict[str, Any]]:
        return [intent for cycle in self.written() for intent in cycle["intents"]]

    def restart(self) -> None:
        self.close()
        self.desk = self.open()
        self.daemon = self.employ()

    def close(self) -> None:
        close([self.desk])
