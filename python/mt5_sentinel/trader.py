"""A desk at work: its guarded cycle, its row in the journal, its news to the observers."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timezone

from mt5_sentinel.cycle import Desk, cycle
from mt5_sentinel.errors import SentinelError
from mt5_sentinel.guard import Guard
from mt5_sentinel.logs import hide, learn, tracing
from mt5_sentinel.ports import Clock
from mt5_sentinel.types import STILL_RUNNING, CycleRecord, Mode

log = logging.getLogger("mt5_sentinel")

Observer = Callable[[CycleRecord], None]
"""Hears of a finished cycle, in the thread of its symbol."""

Outcome = tuple[CycleRecord, SentinelError | None]
"""A finished cycle, and what it died of where the program knows the kind."""


class Trader:
    """One symbol, one cycle at a time; its failures and its halt are its own."""

    def __init__(self, desk: Desk, clock: Clock, *, mode: Mode, observers: tuple[Observer, ...]) -> None:
        """Take the parts; nothing runs yet."""
        self._clock = clock
        self._mode: Mode = mode
        self._observers = observers
        self._unwritten: list[CycleRecord] = []
        self._writing = threading.Lock()
        self.take(desk)

    def take(self, desk: Desk) -> None:
        """Trade with this desk from the next cycle on, with no failure seen; one that runs now keeps the old desk."""
        learn(desk.settings.secrets())
        self.desk = desk
        self._guard = Guard()

    def run_cycle(self, now_s: float) -> Outcome:
        """One cycle, whatever comes of it."""
        desk, guard, record = self.desk, self._guard, self._record(now_s)
        with tracing(record):
            log.info("TRADING CYCLE START: %s", _utc(now_s))

            desk.dealer.tell_halts(record, now_s)  # first: a journal or a broker that fails must not hide a halt

            def work() -> None:
                desk.journal.begin(record)
                cycle(desk, record, now_s, halted=guard.halted)

            error = guard.run(record, work)
            guard.count(record)
            _name_halts(record, guard)
            self._close(record, guard)
        return record, error

    def skip(self, now_s: float) -> Outcome:
        """A minute without a cycle, for the one before still runs; called from another thread than that one."""
        record = self._record(now_s)
        record.status, record.reason = "failed", STILL_RUNNING
        record.detail = "the cycle of an earlier minute still runs; this minute is skipped"
        with tracing(record):
            log.error("!!! CYCLE ERROR: %s", record.detail)
            log.info("Daemon continues running...")
            self._close(record, self._guard)
        return record, None

    def _record(self, now_s: float) -> CycleRecord:
        symbol, trace_id = self.desk.settings.symbol, uuid.uuid4().hex
        return CycleRecord(symbol=symbol, mode=self._mode, started_s=now_s, trace_id=trace_id)

    def _close(self, record: CycleRecord, guard: Guard) -> None:
        record.finished_s = self._clock.wall_s()
        record.detail = None if record.detail is None else hide(record.detail)
        with self._writing:
            self._unwritten.append(record)
        guard.run(record, self._write)
        for observer in self._observers:
            guard.run(record, lambda observer=observer: observer(record))  # type: ignore[misc]

    def _write(self) -> None:
        """Finish the rows of this cycle and of those before it that a locked or full disk kept from the journal."""
        with self._writing:
            newest = self._unwritten[-1]
            newest.unknown_orders = len(self.desk.orders.unresolved(newest.symbol))
            while self._unwritten:
                self.desk.journal.finish(self._unwritten[0])
                del self._unwritten[0]


def _name_halts(record: CycleRecord, guard: Guard) -> None:
    """The guard's halt beside the gateway's; and the conditions of risk, which are named else by who reads the book."""
    if guard.halted_because is not None:
        known = "" if record.halted_because is None else f"; {record.halted_because}"
        record.halted_because = f"daemon: {guard.halted_because}{known}"
    if record.equity is None and record.risk_state not in (None, "ACTIVE"):
        named = [record.risk_state.lower(), *["kill_switch"] * (record.risk_because == "kill_switch")]
        record.conditions += [one for one in named if one not in record.conditions]


def _utc(now_s: float) -> str:
    return datetime.fromtimestamp(now_s, timezone.utc).isoformat(timespec="seconds")
