"""All symbols in one minute: a thread each, so that their fetches overlap and none waits for another's fault."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from queue import SimpleQueue

from mt5_sentinel import logs
from mt5_sentinel.guard import Guard
from mt5_sentinel.ports import Clock
from mt5_sentinel.trader import Outcome, Trader

CYCLE_BUDGET_S = 50.0
"""How long a minute waits for its cycles; one that takes longer goes on alone and costs its symbol the next minute."""

HANG_S = 120.0
"""A cycle that runs for so long hangs: the deadlines of all it asks sum to less."""


class Crew:
    """The traders of a daemon; a single one works on the caller's thread."""

    def __init__(self, traders: Sequence[Trader], clock: Clock, budget_s: float = CYCLE_BUDGET_S) -> None:
        """Start a thread for each trader where there are several; they are idle."""
        self.traders = tuple(traders)
        self._clock = clock
        self._budget_s = budget_s
        self._seats = [_Seat(trader, clock) for trader in self.traders] if len(self.traders) > 1 else []

    def run(self, now_s: float) -> list[Outcome | None]:
        """A cycle of every trader, ``now_s`` being the wall clock in UTC seconds.

        Returns:
            Their outcomes in the order of the traders; ``None`` for a cycle that has not ended within the budget.
        """
        if not self._seats:
            return [trader.run_cycle(now_s) for trader in self.traders]
        skipped = {seat: seat.skip(now_s) for seat in self._seats if not seat.start(now_s)}
        self._wait(self._budget_s)
        return [skipped[seat] if seat in skipped else seat.outcome() for seat in self._seats]

    def hanging(self) -> list[str]:
        """Symbols whose cycle runs for longer than any cycle may."""
        return [seat.symbol for seat in self._seats if seat.busy_s(self._clock.monotonic_s()) > HANG_S]

    def close(self, budget_s: float) -> list[str]:
        """Let running cycles end and send the threads home.

        Returns:
            Symbols whose cycle did not end within ``budget_s`` seconds; it ends with the process.
        """
        self._wait(budget_s)
        for seat in self._seats:
            seat.leave()
        return [seat.symbol for seat in self._seats if not seat.is_free()]

    def _wait(self, budget_s: float) -> None:
        deadline_s = self._clock.monotonic_s() + budget_s
        for seat in self._seats:
            seat.wait(deadline_s - self._clock.monotonic_s())


class _Seat:
    """One trader and its thread."""

    def __init__(self, trader: Trader, clock: Clock) -> None:
        self.symbol = trader.desk.settings.symbol
        self._trader, self._clock = trader, clock
        self._started_s = 0.0
        self._moments: SimpleQueue[float | None] = SimpleQueue()
        self._free = threading.Event()
        self._free.set()
        self._outcome: Outcome | None = None
        self._begin()

    def start(self, now_s: float) -> bool:
        """Begin a cycle; whether the thread was free for it."""
        if not self.is_free():
            return False
        # A thread that is gone, for something tore through the guard (SystemExit does), is replaced.
        if not self._thread.is_alive() and Guard().attempt(self._begin) is not None:
            return False
        self._outcome, self._started_s = None, self._clock.monotonic_s()
        self._free.clear()
        self._moments.put(now_s)
        return True

    def skip(self, now_s: float) -> Outcome:
        """Note that this minute passes without a cycle."""
        with logs.speaking_for(self.symbol):
            return self._trader.skip(now_s)

    def outcome(self) -> Outcome | None:
        """What the cycle came to; ``None`` while it runs."""
        return self._outcome if self.is_free() else None

    def is_free(self) -> bool:
        """Whether no cycle runs."""
        return self._free.is_set()

    def busy_s(self, now_s: float) -> float:
        """How long the cycle runs that runs now; 0 where none does."""
        return 0.0 if self.is_free() else now_s - self._started_s

    def wait(self, timeout_s: float) -> None:
        """Return when no cycle runs, or after the time."""
        self._free.wait(max(0.0, timeout_s))

    def leave(self) -> None:
        """Let the thread end when it is free."""
        self._moments.put(None)

    def _begin(self) -> None:
        # A daemon thread: one that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._work, name=f"desk-{self.symbol}", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        with logs.speaking_for(self.symbol):
            while (now_s := self._moments.get()) is not None:
                try:
                    self._outcome = self._trader.run_cycle(now_s)
                finally:
                    self._free.set()
