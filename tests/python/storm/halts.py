"""What forbids an opening, by an account of the witness's own: both kill switches, the losses, the pause after them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from mt5_sentinel import wire
from mt5_sentinel.settings import Settings
from mt5_sentinel.wire import KillSwitch, Request
from tests.python.storm.world import MachineClock, World

FLIGHT_S = 60.0
"""How long an opening may still leave the daemon after it was halted by file: the cycle that runs is not stopped."""

FLATTEN_S = 120.0
"""How long exits may still leave after the file that asked for them is gone."""

CLOCK_S = 5.0
"""How far the moment of a ruling may lie from the moment of the send."""

CLOSED_MAX = 60
"""Closed positions that are looked at; the run tells the daemon the same."""

CLOSED = """
SELECT CAST(strftime('%s', closed_utc) AS INTEGER), profit FROM position
WHERE state = 'closed' AND closed_utc IS NOT NULL ORDER BY closed_utc DESC, ticket DESC LIMIT ?"""

Read = Callable[[str, tuple[Any, ...]], list[Any]]


class Halts:
    """The switches, and when they were thrown; the money, as the daemon was told of it."""

    def __init__(self, world: World, daemon: MachineClock, settings: Settings, read: Read) -> None:
        """Nothing is halted."""
        self.gateway_since_s: float | None = None
        """Since when the gateway must open nothing, true time."""
        self._file_since_s: float | None = None
        self._flatten_until_s = -math.inf
        self._world, self._clock, self._settings, self._read = world, daemon, settings, read
        self._file = Path(settings.state_dir) / "HALT"
        self._equity: float | None = None
        self._peak = -math.inf
        self._began: dict[int, float] = {}
        """The lowest equity that a day, by the daemon's clock, may have begun with."""
        self._begun: set[int] = set()

    @property
    def flattens(self) -> bool:
        """Whether exits are due whatever else is under way."""
        return self._world.now_s <= self._flatten_until_s

    def write(self, text: str) -> None:
        """Somebody halts the daemon by file."""
        self._file.write_text(text, encoding="utf-8")
        self._file_since_s = self._file_since_s or self._world.now_s
        self._flatten_until_s = math.inf if text.startswith("flatten") else self._world.now_s + FLATTEN_S

    def remove(self) -> None:
        """And lets it go on."""
        if self._file_since_s is not None:
            self._file.unlink()
            self._file_since_s = None
            self._flatten_until_s = min(self._flatten_until_s, self._world.now_s + FLATTEN_S)

    def commanded(self, request: bytes, retcode: int | None) -> None:
        """The gateway was told to halt, or not to; ``None`` where it died of it, and nobody can know."""
        asked = msgspec.json.decode(request, type=Request)
        is_on = msgspec.json.decode(asked.payload, type=KillSwitch).on
        if is_on and retcode is not None:  # on, even where that could not be written down
            self.gateway_since_s = self.gateway_since_s or self._world.now_s
            if retcode != wire.DONE:
                self.gateway_since_s = None  # the next start forgets it
        elif retcode in (None, wire.DONE):
            self.gateway_since_s = None

    def heard(self, equity: float) -> None:
        """The daemon was told the account's equity."""
        self._equity = equity
        day = int(self._clock.wall_s() // 86_400)
        if day not in self._begun:
            self._began[day] = min(equity, self._began.get(day, math.inf))

    def check(self, req_id: str) -> None:
        """An opening leaves the daemon for the first time."""
        now_s, told = self._world.now_s, self._world.violated
        if self._file_since_s is not None and now_s > self._file_since_s + FLIGHT_S:
            told("halted", f"{req_id} opens, and the file HALT is there for {now_s - self._file_since_s:.0f} s")
        self._check_losses(req_id)
        self._check_pause(req_id)

    def _check_losses(self, req_id: str) -> None:
        """The day's loss and the fall from the highest equity, neither more than the daemon must know of."""
        if self._equity is None:
            return
        share, told = self._settings.loss_reduce_share, self._world.violated
        days = self._read("SELECT day FROM risk", ())
        day = days[0][0] if days else -1
        loss = self._began.get(day, -math.inf) - self._equity
        if loss > share * self._settings.daily_loss_max + 0.01:
            told("halted", f"{req_id} opens after a loss of {loss:.2f} on day {day}")
        fall = self._peak - self._equity
        if fall > share * self._settings.drawdown_max + 0.01:
            told("halted", f"{req_id} opens {fall:.2f} below the highest equity")
        self._begun.add(day)
        self._peak = max(self._peak, self._equity)  # what is sent was ruled on, and the ruling is on disk

    def _check_pause(self, req_id: str) -> None:
        in_a_row, until_s = 0, -math.inf
        for closed_s, profit in reversed(self._read(CLOSED, (CLOSED_MAX,))):
            in_a_row = in_a_row + 1 if profit < 0 else 0
            if in_a_row == self._settings.losses_in_a_row_max:
                in_a_row, until_s = 0, closed_s + self._settings.cooldown_minutes * 60
        left_s = until_s - self._clock.wall_s()
        if left_s > CLOCK_S:
            self._world.violated("halted", f"{req_id} opens {left_s:.0f} s before the pause after losses ends")
