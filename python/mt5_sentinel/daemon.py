"""The loop: run → tick → run_cycle. Signals only set flags; a cycle is always finished."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from datetime import datetime, timezone
from types import FrameType

from mt5_sentinel.cycle import Desk, cycle
from mt5_sentinel.errors import SentinelError
from mt5_sentinel.guard import Guard
from mt5_sentinel.logs import hide, learn
from mt5_sentinel.ports import Clock
from mt5_sentinel.schedule import Schedule
from mt5_sentinel.types import CycleRecord, Mode

log = logging.getLogger("mt5_sentinel")

Observer = Callable[[CycleRecord], None]


class Daemon:
    """One symbol, one cycle at a time, until told to stop."""

    def __init__(
        self,
        desk: Desk,
        clock: Clock,
        schedule: Schedule,
        *,
        mode: Mode,
        observers: tuple[Observer, ...] = (),
        reload: Callable[[Desk], Desk] | None = None,
    ) -> None:
        """Take the parts; nothing runs yet.

        Args:
            desk: what to trade with.
            clock: the only source of time.
            schedule: when a cycle is due.
            mode: what the journal calls this way of trading.
            observers: called with each finished record; metrics and health live there.
            reload: builds a desk from the configuration as it is now, for SIGHUP.
        """
        self.desk = desk
        learn(desk.settings.secrets())
        self._clock = clock
        self._schedule = schedule
        self._mode: Mode = mode
        self._observers = observers
        self._reload = reload
        self._guard = Guard()
        self._unwritten: list[CycleRecord] = []
        self._stop = False
        self._reload_wanted = False

    def run(self) -> None:
        """First cycle at once, then on schedule, until a stop is asked for."""
        self._schedule.start(self._clock.wall_s(), self._clock.monotonic_s())
        self.run_cycle()
        while not self._stop:
            self.tick()

    def tick(self) -> None:
        """Reload when asked to; run a cycle when one is due; otherwise wait a little."""
        if self._reload_wanted:
            self._reload_desk()
        wall_s = self._clock.wall_s()
        if self._schedule.is_due(wall_s, self._clock.monotonic_s()):
            self.run_cycle()
        else:
            self._clock.wait_s(self._schedule.wait_s(wall_s))

    def run_cycle(self) -> tuple[CycleRecord, SentinelError | None]:
        """One guarded cycle, its row in the journal, its news to the observers."""
        now_s = self._clock.wall_s()
        record = CycleRecord(symbol=self.desk.settings.symbol, mode=self._mode, started_s=now_s)
        log.info("TRADING CYCLE START: %s", datetime.fromtimestamp(now_s, timezone.utc).isoformat(timespec="seconds"))

        def work() -> None:
            self.desk.journal.begin(record)
            cycle(self.desk, record, now_s, halted=self._guard.halted)

        error = self._guard.run(record, work)
        self._guard.count(record)
        record.finished_s = self._clock.wall_s()
        record.detail = None if record.detail is None else hide(record.detail)
        self._unwritten.append(record)
        self._guard.run(record, self._write)
        for observer in self._observers:
            self._guard.run(record, lambda observer=observer: observer(record))  # type: ignore[misc]
        return record, error

    def _write(self) -> None:
        """Finish the rows of this cycle and of those before it that a locked or full disk kept from the journal."""
        while self._unwritten:
            self.desk.journal.finish(self._unwritten[0])
            del self._unwritten[0]

    def stop(self, signum: int = 0, frame: FrameType | None = None) -> None:
        """Ask the loop to end after the cycle that runs now; also a signal handler."""
        self._stop = True

    def reload(self, signum: int = 0, frame: FrameType | None = None) -> None:
        """Ask the loop to read the configuration again before the next cycle; also a signal handler."""
        self._reload_wanted = True

    def listen(self) -> None:
        """Take over SIGTERM, SIGINT and SIGHUP."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        signal.signal(signal.SIGHUP, self.reload)

    def _reload_desk(self) -> None:
        self._reload_wanted = False
        if self._reload is None:
            return
        rebuild = self._reload

        def work() -> None:
            self.desk = rebuild(self.desk)

        error = self._guard.attempt(work)
        if error is not None:
            log.error("Reload refused, the old configuration stays: %s", error)
            return
        learn(self.desk.settings.secrets())
        self._guard = Guard()
        log.info("Configuration reloaded")
