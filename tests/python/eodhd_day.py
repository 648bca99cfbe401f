"""A daemon in this process on the real client, against the fault server, by a virtual clock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from mt5_sentinel.adapters.eodhd import EodhdMarket
from mt5_sentinel.adapters.replay import ReplayClock
from mt5_sentinel.commands.assembly import close, open_desk
from mt5_sentinel.cycle import Desk
from mt5_sentinel.daemon import Daemon
from mt5_sentinel.errors import SentinelError
from mt5_sentinel.schedule import Schedule
from mt5_sentinel.settings import Settings
from mt5_sentinel.types import CycleRecord
from tests.python import bodies
from tests.python.eodhd_feed import Feed
from tests.python.eodhd_server import EodhdServer, Script
from tests.python.fakes import HOUR_S, NOW_S, FakeModel, parts
from tests.python.simulated_world import traded

TIMEOUT_S = 2.0
"""Budget of a fetch: long for a server on this machine, short for the faults that spend it."""

ROWS = [row for row in bodies.hourly(NOW_S + 48 * HOUR_S, 2400) if traded(row["timestamp"])]


class Day:
    """One symbol's daemon, its server, and the hours as they pass."""

    def __init__(self, state: Path, token: str, *observers: Callable[[CycleRecord], None]) -> None:
        self.server, self.clock, self.model = EodhdServer(), ReplayClock(NOW_S), FakeModel()
        self.feed = Feed(ROWS, "1h", now_s=self.clock.wall_s, token=token, quota=100_000)
        self.server.play(self.feed)
        self.settings = Settings(
            state_dir=str(state),
            eodhd_url=self.server.url,
            eodhd_api_token=token,
            fetch_timeout_s=TIMEOUT_S,
            volume_lots=0.1,
        )
        self.market = EodhdMarket(
            self.server.url,
            token=token,
            symbol="EURUSD.FOREX",
            interval="1h",
            timeout_s=TIMEOUT_S,
            pause=lambda wait_s: None,
            wall=self.clock.wall_s,
        )
        self.error: SentinelError | None = None
        self.desk: Desk
        self.daemon = self.employ(*observers)

    def employ(self, *observers: Callable[[CycleRecord], None]) -> Daemon:
        """The one place that knows how a daemon is put together."""
        self.desk = open_desk(parts(self.settings, self.market, self.model), self.clock, mode="dry-run", durable=False)
        return Daemon([self.desk], self.clock, Schedule(58, 60), mode="dry-run", observers=observers)

    def run(self) -> list[tuple[CycleRecord, SentinelError | None]]:
        """The cycles of one minute."""
        return [outcome for outcome in self.daemon.run_minute() if outcome is not None]

    def cycle(self, scores: list[float], after_s: float = 60.0) -> CycleRecord:
        """One cycle, then the clock goes on."""
        self.model.scores = scores
        ((record, self.error),) = self.run()
        self.clock.wait_s(after_s)
        return record

    def suffer(self, script: Script | None, scores: list[float]) -> tuple[CycleRecord, int]:
        """One cycle under a fault (None: nobody listens), after which the server is well; and its requests."""
        before = len(self.server.requests)
        if script is None:
            self.server.hang_up()
        else:
            self.server.play(script)
        record = self.cycle(scores)
        if script is None:
            self.server.pick_up()
        self.server.play(self.feed)
        return record, len(self.server.requests) - before

    def close(self) -> None:
        """Close the files and the server."""
        close([self.desk])
        self.server.close()

    def __enter__(self) -> Day:
        """Use it within a ``with`` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close at its end."""
        self.close()
