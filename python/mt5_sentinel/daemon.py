"""The loop: run → tick → run_minute. Signals only set flags; cycles are finished."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Sequence
from types import FrameType

from mt5_sentinel.crew import CYCLE_BUDGET_S, Crew
from mt5_sentinel.cycle import Desk
from mt5_sentinel.guard import Guard
from mt5_sentinel.ports import Clock
from mt5_sentinel.schedule import Schedule
from mt5_sentinel.systemd import Notifier
from mt5_sentinel.trader import Observer, Outcome, Trader
from mt5_sentinel.types import Mode

STOP_BUDGET_S = 20.0
"""How long a stop waits for cycles that run beyond their minute; systemd kills after 90 s."""

log = logging.getLogger("mt5_sentinel")

Desks = tuple[Desk, ...]


class Daemon:
    """One cycle of every symbol a minute, until told to stop."""

    def __init__(
        self,
        desks: Sequence[Desk],
        clock: Clock,
        schedule: Schedule,
        *,
        mode: Mode,
        observers: tuple[Observer, ...] = (),
        reload: Callable[[Desks], Desks] | None = None,
        cycle_budget_s: float = CYCLE_BUDGET_S,
        notifier: Notifier | None = None,
        turned: Callable[[list[str]], None] = lambda _: None,
    ) -> None:
        """Take the parts; nothing runs yet.

        Args:
            desks: what to trade with, one for each symbol.
            clock: the only source of time.
            schedule: when a minute's cycles are due.
            mode: what the journal calls this way of trading.
            observers: called with each finished record, in the threads of the symbols where there are several;
                metrics and health live there.
            reload: builds desks of the same symbols from the configuration as it is now, for SIGHUP.
            cycle_budget_s: how long a minute waits for its cycles, where there are several symbols.
            notifier: hears that the loop turns, reloads and stops.
            turned: told at each turn of the loop which symbols' cycles hang.
        """
        self._traders = [Trader(desk, clock, mode=mode, observers=observers) for desk in desks]
        self._crew = Crew(self._traders, clock, cycle_budget_s)
        self._clock = clock
        self._schedule = schedule
        self._reload = reload
        self._notifier = notifier or Notifier({})
        self._turned = turned
        self._stop = self._is_closing = False
        self._reload_wanted = False

    @property
    def desks(self) -> Desks:
        """What is traded with now."""
        return tuple(trader.desk for trader in self._traders)

    def run(self) -> None:
        """First cycles at once, then on schedule, until a stop is asked for."""
        self._schedule.start(self._clock.wall_s(), self._clock.monotonic_s())
        self.run_minute()
        while not self._stop:
            self.tick()

    def tick(self) -> None:
        """Reload when asked to; run the cycles when they are due; otherwise wait a little."""
        if self._reload_wanted:
            self._reload_desks()
        wall_s = self._clock.wall_s()
        if self._schedule.is_due(wall_s, self._clock.monotonic_s()):
            self.run_minute()
        else:
            self._clock.wait_s(self._schedule.wait_s(wall_s))
        self._beat()

    def run_minute(self) -> list[Outcome | None]:
        """A guarded cycle of every symbol; ``None`` where it still runs when the minute has waited long enough."""
        return self._crew.run(self._clock.wall_s())

    def _beat(self) -> None:
        """Only a loop that turns, with no cycle that hangs, keeps systemd's watchdog from biting."""
        hanging = self._crew.hanging()
        self._turned(hanging)
        if not hanging:
            self._notifier.beat()

    def stop(self, signum: int = 0, frame: FrameType | None = None) -> None:
        """Ask the loop to end after the cycles that run now; also a signal handler."""
        self._stop = True

    def reload(self, signum: int = 0, frame: FrameType | None = None) -> None:
        """Ask the loop to read the configuration again before the next cycle; also a signal handler."""
        self._reload_wanted = True

    def listen(self) -> None:
        """Take over SIGTERM, SIGINT and SIGHUP, which Windows does not have."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, self.reload)

    def close(self, budget_s: float = STOP_BUDGET_S) -> list[str]:
        """Finish what runs, before journal and books are closed.

        Returns:
            Symbols whose cycle had to be given up; the next start notes it as interrupted.
        """
        if not self._is_closing:
            self._notifier.stopping()
        self._is_closing = True
        given_up = self._crew.close(budget_s)
        for symbol in given_up:
            log.error("%s: its cycle still runs after %g s more and is given up", symbol, budget_s)
        return given_up

    def _reload_desks(self) -> None:
        self._reload_wanted = False
        if self._reload is None:
            return
        self._notifier.reloading()
        rebuild, rebuilt = self._reload, list[Desk]()
        error = Guard().attempt(lambda: rebuilt.extend(rebuild(self.desks)))
        if error is not None:
            log.error("Reload refused, the old configuration stays: %s", error)
            self._notifier.ready(f"reload refused: {error}")
            return
        for trader, desk in zip(self._traders, rebuilt, strict=True):
            trader.take(desk)
        log.info("Configuration reloaded")
        self._notifier.ready("configuration reloaded")
