"""One seed lived through: the parts are put together, the storm passes, and what is left is looked at."""

from __future__ import annotations

import hashlib
import logging
import random
import tempfile
import time
import traceback
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest import mock

from mt5_sentinel import risk
from mt5_sentinel.settings import Settings
from mt5_sentinel.types import CycleRecord
from tests.python.storm import rest
from tests.python.storm.daemon_side import DaemonSide, StormMarket, StormScorer
from tests.python.storm.gateway_side import GatewaySide
from tests.python.storm.halts import CLOSED_MAX
from tests.python.storm.happenings import Happenings
from tests.python.storm.machine import Machine, watched_disks
from tests.python.storm.paper_broker import PaperDesk
from tests.python.storm.paper_side import PaperSide
from tests.python.storm.prices import Prices
from tests.python.storm.watch import Watch
from tests.python.storm.weather import Weather, draw
from tests.python.storm.wire_door import StormLink
from tests.python.storm.world import World

LIVELY_MINUTES, SETTLING_MINUTES = 8, 4
"""After the storm signals come for a while; from the second of these on they have to trade."""

QUIET_MINUTES = LIVELY_MINUTES + 10
"""After the storm, until book and journal have to agree."""

STILL_MINUTES = 4
"""The last of them, in which no price moves: what the broker closes after the last look would not be known."""

CLOCKS_S = 300
"""How long clocks must have been right until they are no reason any more."""

Mutant = Callable[[], AbstractContextManager[object]]


@dataclass
class Lived:
    """What came of a seed."""

    seed: int
    minutes: int
    told: list[tuple[str, str]] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    executed: int = 0
    cycles: int = 0
    filled_in_calm: int = 0
    """Of those that the signals after the storm brought about."""
    digest: str = ""
    """Of every row of the journal."""

    @property
    def violations(self) -> str:
        """Each broken promise, with the command that shows it again."""
        lines = [f"  {which}: {what}" for which, what in self.told[:10]]
        head = f"seed {self.seed}, {len(self.told)} violations: make simulate SEEDS={self.seed} MINUTES={self.minutes}"
        return "\n".join([head, *lines])


def live(seed: int, minutes: int, *, weather: Weather | None = None, mutant: Mutant | None = None) -> Lived:
    """Live through a seed; the same seed comes to the same journal, byte for byte."""
    log = logging.getLogger("mt5_sentinel")
    memory = Path("/dev/shm")  # noqa: S108 - files that need not survive a power failure
    with ExitStack() as stack:
        stack.callback(log.setLevel, log.level)
        log.setLevel(logging.CRITICAL + 1)
        place = tempfile.TemporaryDirectory(prefix="storm", dir=memory if memory.is_dir() else None)
        state = Path(stack.enter_context(place))
        # How long a stage took is the one thing in the journal that this machine's own clock writes.
        stack.enter_context(mock.patch.object(time, "perf_counter", lambda: 0.0))
        # The names of questions are drawn too, or a reply would differ from run to run.
        names = random.Random(f"names {seed}")  # noqa: S311 - names, not secrets
        drawn = mock.patch.object(uuid, "uuid4", lambda: uuid.UUID(int=names.getrandbits(128)))
        stack.enter_context(drawn)
        # The real bound makes each look at the book read a thousand rows, which is most of a run's time.
        stack.enter_context(mock.patch.object(risk, "CLOSED_MAX", CLOSED_MAX))
        if mutant is not None:
            stack.enter_context(mutant())
        life = _Life(seed, minutes, weather or draw(seed), state)
        try:
            return life.run()
        except Exception:  # noqa: BLE001 - what tears through the daemon is a finding like the others
            return Lived(seed, minutes, [*life.world.told, ("torn", traceback.format_exc())])


class _Life:
    def __init__(self, seed: int, minutes: int, weather: Weather, state: Path) -> None:
        self.seed, self.minutes, self.weather, self.flattens = seed, minutes, weather, seed % 2 == 0
        self.world = World(seed, weather.rates)
        self.traded = [self._settings(symbol, state) for symbol in weather.symbols]
        self.settings = self.traded[0]
        self.gateway_state = state / "gateway"
        for folder in (self.gateway_state, state / "daemon"):
            folder.mkdir()
        self.daemon_machine = Machine(self.world, "daemon")
        self.gateway_machine = Machine(self.world, "gateway")

    def _settings(self, symbol: str, state: Path) -> Settings:
        weather = self.weather
        return Settings(
            symbol=symbol,
            interval="1m",
            market="always",
            live=not weather.on_paper,
            gtw_host="" if weather.on_paper else "localhost",
            history_bars=300,
            stale_grace_s=900,
            state_dir=str(state / "daemon"),
            **weather.settings,
        )

    def run(self) -> Lived:
        owners = {
            "journal.db": self.daemon_machine,
            "bars.db": self.daemon_machine,
            "gateway.db": self.gateway_machine,
            "gateway.lock": self.gateway_machine,
            "paper.db": self.daemon_machine if self.weather.on_paper else self.gateway_machine,
        }
        with watched_disks(owners), ExitStack() as stack:
            self._put_together(stack)
            end_s = self.world.began_s + self.minutes * 60
            self.daemon.live_until(end_s)
            self._calm_down()
            self.daemon.live_until(end_s + LIVELY_MINUTES * 60)
            self._fall_silent()
            self.daemon.live_until(end_s + QUIET_MINUTES * 60)
            filled = rest.check_lively(self.world, self.daemon, end_s + SETTLING_MINUTES * 60)
            lived = replace(self._look_back(), filled_in_calm=filled)
            self.daemon.close()
            if self.gateway is not None:
                self.gateway.close()
            self.watch.close()
        return lived

    def _put_together(self, stack: ExitStack) -> None:
        world, weather = self.world, self.weather
        still_s = world.began_s + 60 * (self.minutes + QUIET_MINUTES - STILL_MINUTES)
        prices = {one.symbol: Prices(self.seed + 500 * n, still_s) for n, one in enumerate(self.traded)}
        traded = [(one, StormMarket(world, prices[one.symbol], weather.tells_time)) for one in self.traded]
        self.scorer = StormScorer(world, weather.holds)
        self.daemon = DaemonSide(self.daemon_machine, traded, self.scorer)
        journal = self.daemon.state / "journal.db"
        self.watch = Watch(world, journal, self.daemon_machine.clock, self.settings)
        self.gateway = None if weather.on_paper else self._made_gateway(prices)
        self.broker: rest.Broker
        if self.gateway is None:
            world.seen["paper within the daemon"] += 1
            paper = PaperSide(self.watch)
            stack.enter_context(paper.witnessed())
            self.broker = paper
        else:
            self.daemon.link = link = StormLink(world, self.daemon_machine, self.gateway)
            link.crossing = self.daemon.cross
            if len(traded) > 1:
                world.seen["two symbols"] += 1
            self.broker = self.gateway
            if "stop taken away by hand" in weather.minutes:
                self.daemon.observers.append(self._look_for_bare)
        self.happenings = Happenings(world, self.daemon, self.gateway, self.watch.halts, weather.minutes)

    def _made_gateway(self, prices: dict[str, Prices]) -> GatewaySide:
        desk = PaperDesk(self.gateway_state, lambda: self.world.now_s, self.settings, durable=False)
        for symbol, one in prices.items():
            desk.record(symbol, one, self.minutes + QUIET_MINUTES + 5)
        return GatewaySide(self.gateway_machine, self.gateway_state, desk.open, self.watch, self.settings)

    def _look_for_bare(self, record: CycleRecord) -> None:
        """After a cycle, with the clocks as they were in the last minutes."""
        assert self.gateway is not None
        clocks = self.daemon_machine.clock, self.gateway_machine.clock
        since_s = self.world.now_s - CLOCKS_S
        was_wrong = any(abs(off_s) > 1 for clock in clocks for off_s in clock.shown_since(since_s))
        self.watch.cycle_ended(record, self.gateway.positions(), is_right=not was_wrong)

    def _calm_down(self) -> None:
        """Every fault ends, and nearly every minute has a signal."""
        self.world.calm = True
        self.scorer.holds = 0.1
        for machine in (self.daemon_machine, self.gateway_machine):
            machine.clock.step_to(0.0)
            machine.full_until_s = 0.0
        self.happenings.end()

    def _fall_silent(self) -> None:
        """No signal comes any more."""
        self.scorer.holds = 1.0
        if self.flattens:  # one seed in two ends with a person who wants to be out
            self.watch.halts.write("flatten")

    def _look_back(self) -> Lived:
        self.watch.look_back()
        rest.check(self.world, self.daemon, self.broker)
        if self.flattens:
            rest.check_flat(self.world, self.daemon, self.broker)
        text = "\n".join(rest.dump(self.daemon.state / "journal.db", str(self.daemon.state.parent)))
        return Lived(
            seed=self.seed,
            minutes=self.minutes,
            told=self.world.told,
            seen=self.world.seen,
            executed=len(self.watch.executed),
            cycles=len(self.daemon.records),
            digest=hashlib.sha256(text.encode()).hexdigest(),
        )
