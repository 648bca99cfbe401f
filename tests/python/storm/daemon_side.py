"""The daemon of the storm: real from its loop to its files, built anew from disk whenever it was killed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from email.utils import formatdate
from pathlib import Path
from unittest import mock

from mt5_sentinel import daemon as daemon_module
from mt5_sentinel.commands import assembly, brokers
from mt5_sentinel.commands.assembly import Parts
from mt5_sentinel.cycle import Desk
from mt5_sentinel.daemon import Daemon
from mt5_sentinel.errors import SentinelError, Transient
from mt5_sentinel.ports import Link
from mt5_sentinel.schedule import Schedule
from mt5_sentinel.scoring import Scoring
from mt5_sentinel.settings import Settings
from mt5_sentinel.trader import Outcome, Trader
from mt5_sentinel.types import CycleRecord, Page
from tests.python.storm.machine import Died, Machine
from tests.python.storm.prices import Prices
from tests.python.storm.world import World

HOLD = [0.1, 0.8, 0.1]
SIGNALS = ([0.8, 0.1, 0.1], [0.1, 0.1, 0.8])


class StormMarket:
    """``ports.Market`` by formula; silent now and then."""

    name, origin, units_per_call = "storm", "storm", 0

    def __init__(self, world: World, prices: Prices, tells_time: bool) -> None:
        """Tell the time in every answer, or in none."""
        self.tells_time = tells_time
        self._world = world
        self._prices = prices

    def fetch(self, from_s: int, to_s: int, pay: Callable[[], None]) -> Page:
        pay()
        if self._world.strikes("market silent"):
            self._world.advance(5)
            raise Transient("no bars now", "fetch_failed")
        self._world.advance(self._world.between(0.05, 0.4))
        now_s = self._world.now_s
        body = self._prices.body(from_s, min(to_s, int(now_s)))
        return Page(body, formatdate(now_s, usegmt=True) if self.tells_time else None)


class StormScorer:
    """``ports.Scorer`` that draws."""

    steps, layout = 1, "catalogue"

    def __init__(self, world: World, holds: float) -> None:
        """Hold so often."""
        self._world = world
        self.holds = holds

    def score_rows(self, rows: list[list[float]]) -> list[float]:
        dice = self._world.random
        return HOLD if dice.random() < self.holds else dice.choice(SIGNALS)


class StormCrew:
    """The daemon's crew on one thread: the symbols in an order that is drawn, one within another where they cross."""

    def __init__(self, world: World, traders: Sequence[Trader]) -> None:
        """Nobody works."""
        self._world = world
        self._traders = list(traders)
        self._waiting: list[Trader] = []
        self._now_s = 0.0

    def run(self, now_s: float) -> list[Outcome | None]:
        """A cycle of each."""
        self._waiting, self._now_s = list(self._traders), now_s
        if len(self._waiting) > 1:
            self._world.random.shuffle(self._waiting)
        while self._waiting:
            self.run_next()
        return []

    def run_next(self) -> None:
        """The cycle of the next one, where one is left."""
        if self._waiting:
            self._waiting.pop().run_cycle(self._now_s)

    def hanging(self) -> list[str]:
        """A cycle that hangs would hang the storm."""
        return []


class DaemonSide:
    """One daemon after the other, on the same files."""

    def __init__(self, machine: Machine, traded: Sequence[tuple[Settings, StormMarket]], scorer: StormScorer) -> None:
        """Nothing runs yet; ``link`` comes later, for it needs the other side."""
        settings = traded[0][0]
        self.machine = machine
        self.settings = settings
        self.link: Link | None = None
        self.records: list[tuple[float, CycleRecord]] = []
        """What each cycle ended with, and when it began in true time."""
        self.lives: list[float] = []
        """When each daemon began."""
        self.observers: list[Callable[[CycleRecord], None]] = []
        self._traded = traded
        self._crew = StormCrew(machine.world, ())
        self._scorer = scorer
        self._world = machine.world
        self._daemon: Daemon | None = None
        self._desks: tuple[Desk, ...] = ()

    @property
    def state(self) -> Path:
        """Its directory."""
        return Path(self.settings.state_dir)

    def live_until(self, end_s: float) -> None:
        """Run, and start again whenever it was killed."""
        while self._world.now_s < end_s:
            self._step()

    def close(self) -> None:
        """End it as a signal does."""
        if self._desks:
            assembly.close(self._desks)
        self._daemon, self._desks = None, ()

    def cross(self) -> None:
        """While one cycle waits for an answer, another one runs."""
        if self._world.strikes("cycles of two symbols cross"):
            self._crew.run_next()

    def strike(self) -> None:
        """Kill it while it waits, or wherever its time passes."""
        if self._daemon is not None:
            self.machine.kill()

    def _step(self) -> None:
        try:
            if self._daemon is None:
                self._begin()
            else:
                self._daemon.tick()
        except Died:
            self._fall()
        except SentinelError:  # it could not start; its supervisor tries again
            self._world.seen["daemon could not start"] += 1
            self._fall()

    def _begin(self) -> None:
        parts = [
            Parts(settings, market, Scoring("local", local=self._scorer), link=self.link)
            for settings, market in self._traded
        ]
        self._desks = assembly.open_desks(parts, self.machine.clock, mode=brokers.mode(self.settings), durable=False)
        self.lives.append(self._world.now_s)
        schedule, clock = Schedule(58, 60), self.machine.clock
        with mock.patch.object(daemon_module, "Crew", self._made_crew):
            daemon = Daemon(self._desks, clock, schedule, mode=brokers.mode(self.settings), observers=(self._observe,))
        schedule.start(clock.wall_s(), clock.monotonic_s())
        daemon.run_minute()
        self._daemon = daemon

    def _made_crew(self, traders: Sequence[Trader], clock: object, budget_s: float) -> StormCrew:
        self._crew = StormCrew(self._world, traders)
        return self._crew

    def _fall(self) -> None:
        self.machine.bury()
        for desk in self._desks:
            with contextlib.suppress(OSError):
                desk.journal.file.close()
        self._daemon, self._desks = None, ()
        self._world.advance(self._world.span(0.2, 30))

    def _observe(self, record: CycleRecord) -> None:
        began_s = self.machine.clock.latest_true_s(record.started_s, self._world.now_s)
        self.records.append((began_s, record))
        for observer in self.observers:
            observer(record)
