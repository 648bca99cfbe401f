"""The daemon through thousands of minutes of a simulated world: no decision on a forming, stale or wrong bar.

The true time of the world is known here and not to the daemon. Violations are collected and told at the end: an
assertion inside what the daemon calls would be caught by its guard.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

import pytest

from mt5_sentinel.adapters.eodhd import EodhdMarket
from mt5_sentinel.commands import assembly
from mt5_sentinel.daemon import Daemon
from mt5_sentinel.schedule import Schedule
from mt5_sentinel.settings import Settings
from mt5_sentinel.types import INTERVAL_S, CycleRecord
from tests.python.eodhd_server import Answer, EodhdServer, Request
from tests.python.fakes import BUY, HOLD, SELL, FakeModel, parts
from tests.python.simulated_world import World, WorldClock, chance, traded, utc_s

SKEW_S_MAX = 30
GRACE_S = 900

BAD_GATEWAY = (502, b"<html><head><title>502 Bad Gateway</title></head></html>")
CHALLENGE = (403, b"<html><title>Just a moment...</title><script>window._cf_chl_opt = {}</script></html>")


@dataclass(frozen=True)
class Stretch:
    """A part of a year to live through."""

    name: str
    begin: str
    minutes: int
    interval: Literal["5m", "1h"] = "1h"
    happenings: dict[float, Callable[[World], None]] = field(default_factory=dict)


def at(**changes: object) -> Callable[[World], None]:
    """Something that happens to the world."""

    def happen(world: World) -> None:
        for name, value in changes.items():
            setattr(world, name, value(world) if callable(value) and name != "fault" else value)

    return happen


def clock_steps() -> dict[float, Callable[[World], None]]:
    """Two hours ahead, right again, two hours behind, right again, then half a minute off, which is allowed."""
    steps = [7200.0, 0.0, -7200.0, 0.0, 25.0, -25.0]
    return {60.0 * 150 * (n + 1) + 17: at(clock_off_s=off_s) for n, off_s in enumerate(steps)}


def outages() -> dict[float, Callable[[World], None]]:
    """A gateway that is away, a challenge page, an empty answer, a feed that stands still while the market is open."""
    hour = 3600.0
    return {
        1.5 * hour: at(fault=lambda: BAD_GATEWAY),
        4.2 * hour: at(fault=None),
        5.5 * hour: at(fault=lambda: CHALLENGE),
        6.2 * hour: at(fault=None),
        7.5 * hour: at(fault=lambda: (200, b"[]")),
        8.2 * hour: at(fault=None, stuck_since_s=lambda world: world.now_s),
        13.0 * hour: at(stuck_since_s=None),
    }


STRETCHES = [
    Stretch("Christmas week", "2026-12-20 20:00", 10_500),
    Stretch("American summer time begins", "2026-03-06 20:00", 3_600),
    Stretch("European summer time begins", "2026-03-29 18:00", 900, "5m"),
    Stretch("European summer time ends", "2026-10-25 18:00", 900, "5m"),
    Stretch("American summer time ends", "2026-10-30 18:00", 3_600),
    Stretch("clock steps", "2026-06-09 06:30", 1_100, "1h", clock_steps()),
    Stretch("clock steps, five minutes", "2026-06-10 06:30", 1_100, "5m", clock_steps()),
    Stretch("outages", "2026-06-11 02:30", 900, "1h", outages()),
    Stretch("outages, five minutes", "2026-06-11 02:30", 900, "5m", outages()),
]


class Life:
    """One stretch lived through, and everything that went wrong in it."""

    def __init__(self, stretch: Stretch, server: EodhdServer, state: Path) -> None:
        """Put a real daemon into the world."""
        self.stretch = stretch
        self.interval_s = INTERVAL_S[stretch.interval]
        self.world = World(self.interval_s, utc_s(stretch.begin) + 3)
        self.clock = WorldClock(self.world, dict(stretch.happenings))
        server.play(self.answer)
        self.settings = Settings(
            state_dir=str(state),
            interval=stretch.interval,
            eodhd_url=server.url,
            eodhd_api_token="not-a-real-token",
            history_bars=300,
            stale_grace_s=GRACE_S,
            clock_skew_max_s=SKEW_S_MAX,
            eodhd_quota_share=0.05,
            weekend_flat_minutes=0.0,  # an exit is no decision
        )
        self.model = FakeModel()
        market = EodhdMarket(
            server.url,
            token="not-a-real-token",
            symbol="EURUSD.FOREX",
            interval=stretch.interval,
            timeout_s=15,
            pause=lambda wait_s: None,
            wall=self.clock.wall_s,
        )
        made = parts(self.settings, market, self.model)
        self.desk = assembly.open_desk(made, self.clock, mode="dry-run", durable=False)
        self.told: list[str] = []
        self.records: list[tuple[float, float, CycleRecord]] = []
        self.decided: set[int] = set()
        self.daemon = Daemon((self.desk,), self.clock, Schedule(58, 60), mode="dry-run", observers=(self.look,))

    def live(self) -> None:
        """Run until the stretch is over."""
        end_s = self.world.began_s + self.stretch.minutes * 60
        self.daemon.run_minute()
        while self.world.now_s < end_s:
            self.model.scores = [BUY, SELL, HOLD][int(3 * chance("scores", self.world.now_s // 300))]
            self.daemon.tick()

    def answer(self, request: Request) -> Answer:
        """The world's answer on the wire."""
        status, body, headers = self.world.answer(int(request.query["from"][0]), int(request.query["to"][0]))
        return Answer(status, body, headers)

    def look(self, record: CycleRecord) -> None:
        """Check one cycle against the truth; it never raises, for that would be the daemon's business."""
        now_s, off_s = self.world.now_s, self.world.clock_off_s
        self.records.append((now_s, off_s, record))
        if record.reason == "market_closed" and traded(now_s + off_s):
            self.tell(record, "it says that the market is closed")
        if not traded(now_s) and off_s == 0 and record.reason != "market_closed":
            self.tell(record, "the market is closed, and it does not say so")
        if not record.settled and record.req_id is None:
            return
        open_s = record.bar_open_s or 0
        close_s = open_s + self.interval_s
        if abs(off_s) > SKEW_S_MAX:
            self.tell(record, f"decided by a clock that is {off_s:g} s off")
        if close_s > now_s:
            self.tell(record, "decided on a bar that has not closed")
        if now_s - close_s > self.interval_s + min(GRACE_S, self.interval_s) + SKEW_S_MAX:
            self.tell(record, "decided on a stale bar")
        if not all(traded(moment) for moment in range(close_s, int(now_s) + 1, 60)) or not traded(now_s):
            self.tell(record, "decided across a closed market")
        if not self.world.has_bar(open_s):
            self.tell(record, "decided on a bar that does not exist")
        if open_s in self.decided:
            self.tell(record, "decided twice")
        self.decided.add(open_s)

    def tell(self, record: CycleRecord, what: str) -> None:
        """Note a violation."""
        moment = datetime.fromtimestamp(self.world.now_s, timezone.utc).isoformat()
        self.told.append(f"{self.stretch.name}, {moment}, {record.reason}: {what}")

    def look_back(self) -> None:
        """Check what can be seen at the end only: the cache, the requests, the heartbeat, the quota."""
        for request_s in self.world.requests:
            if not traded(request_s) and self.world.clock_off_s == 0 and not self.stretch.happenings:
                self.told.append(f"{self.stretch.name}: asked while the market was closed")
        db = sqlite3.connect(Path(self.settings.state_dir) / "bars.db")
        for open_s, *values in db.execute("SELECT open_s, open, high, low, close, volume FROM bar"):
            if not self.world.has_bar(open_s) or tuple(values) != self.world.truth(open_s):
                self.told.append(f"{self.stretch.name}: the cache holds a wrong bar at {open_s}")
        for day, units in db.execute("SELECT day_utc, units FROM quota"):
            if units > 5_000:
                self.told.append(f"{self.stretch.name}: {units} units on {day}")
        counted = db.execute("SELECT sum(calls) FROM quota").fetchone()[0]
        db.close()
        if counted != len(self.world.requests):
            self.told.append(f"{self.stretch.name}: {len(self.world.requests)} requests, {counted} accounted for")
        beats = [moment for moment, _, _ in self.records]
        gaps = [b - a for a, b in itertools.pairwise(beats)]
        if max(gaps) > 121 or len(beats) < self.stretch.minutes - 4:
            self.told.append(f"{self.stretch.name}: {len(beats)} cycles, the longest silence {max(gaps):.0f} s")


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> list[Life]:
    """All stretches, lived through once."""
    lived = []
    for stretch in STRETCHES:
        with EodhdServer() as server:
            life = Life(stretch, server, tmp_path_factory.mktemp("state"))
            life.live()
            life.look_back()
            assembly.close([life.desk])
            lived.append(life)
    return lived


def test_nothing_was_decided_that_must_not_be(lives: list[Life]) -> None:
    told = [line for life in lives for line in life.told]
    assert not told, f"{len(told)} violations, the first:\n" + "\n".join(told[:20])


def test_the_minutes_were_many_and_none_was_idle(lives: list[Life]) -> None:
    assert sum(len(life.records) for life in lives) > 10_000
    for life in lives:
        assert len(life.decided) > 7, f"{life.stretch.name}: it decided next to nothing"
    orders = sum(record.req_id is not None for life in lives for _, _, record in life.records)
    assert orders > 150


def test_each_branch_was_taken(lives: list[Life]) -> None:
    seen = Counter(record.reason for life in lives for _, _, record in life.records)
    for reason in [
        "market_closed",
        "awaiting_bar",
        "stale",
        "clock_skew",
        "cdn_challenge",
        "signal",
        "already_decided",
    ]:
        assert seen[reason] > 5, f"{reason}: {seen}"


def test_it_came_back_after_every_fault(lives: list[Life]) -> None:
    """The last hour of each stretch is a healthy one, or a closed one: it decides again, or says that it is closed."""
    for life in lives:
        late = [record for moment, _, record in life.records if moment > life.world.now_s - 4200]
        assert any(record.settled or record.reason == "market_closed" for record in late), life.stretch.name


def test_an_hourly_symbol_asks_about_once_a_bar(lives: list[Life]) -> None:
    (christmas,) = (life for life in lives if life.stretch.name == "Christmas week")
    open_hours = sum(traded(christmas.world.began_s + 60 * minute) for minute in range(christmas.stretch.minutes)) / 60
    assert open_hours * 0.9 < len(christmas.world.requests) < open_hours * 2.2


def test_chance_is_the_same_every_time() -> None:
    assert chance("a", 1) == chance("a", 1) != chance("a", 2)
