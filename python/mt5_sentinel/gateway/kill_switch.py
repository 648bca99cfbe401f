"""The kill switch: while it is on nothing is opened; closings and levels always pass."""

from __future__ import annotations

import logging
import sqlite3

from mt5_sentinel.errors import Unsafe
from mt5_sentinel.gateway.memory import AHEAD_S_MAX, Memory, Switch
from mt5_sentinel.gateway.order_time import OrderTime
from mt5_sentinel.gateway.venue import Outcome
from mt5_sentinel.wire import DONE, EXPIRED, INTERNAL, INVALID, KillSwitch, Request

LATE_ON_S_MAX = 60.0
"""How long after its end a command still switches it on: whoever gives it may have a clock that is slow."""

log = logging.getLogger("mt5_sentinel")


class Halt:
    """On or off, across restarts. What makes safer takes effect at once, what makes less safe when it is on disk."""

    def __init__(self, memory: Memory) -> None:
        """As the memory has it."""
        self._memory = memory
        self._now = memory.switch

    @property
    def on(self) -> bool:
        """Whether nothing may be opened."""
        return self._now.on

    @property
    def reason(self) -> str:
        """Why, in the words of who switched it on."""
        return self._now.reason

    @property
    def commanded_s(self) -> float:
        """Time of the newest command."""
        return self._now.commanded_s

    def disown(self, now_s: float, since_s: float) -> None:
        """Forget a command's time ahead of a clock that is believed now: it was given before ``since_s``."""
        if self._now.commanded_s > now_s + AHEAD_S_MAX:
            self._now = Switch(self._now.on, self._now.reason, since_s)

    def command(self, request: Request, wanted: KillSwitch, time: OrderTime) -> Outcome:
        """Switch it on or off; a command that is too late, or was overtaken by a newer one, changes nothing."""
        now_s = time.look()
        refusal = self._refusal_on(request, time) if wanted.on else self._refusal_off(request, time)
        if refusal is not None:
            return refusal
        # A clock that is far ahead must not keep it on for ever.
        newest_s = max(self._now.commanded_s, min(request.timestamp, now_s + AHEAD_S_MAX))
        new = Switch(wanted.on, wanted.reason if wanted.on else "", newest_s)
        if new.on:
            self._now = new
        try:
            self._memory.throw(new, now_s)
        except (sqlite3.Error, Unsafe) as error:
            lost = "it is on until this process ends" if new.on else "it stays on"
            log.error("the kill switch cannot be written down, %s: %s", lost, error)
            return Outcome(INTERNAL, f"it cannot be written down: {error}; {lost}")
        self._now = new
        if new.on:
            log.warning("KILL SWITCH on: %s", new.reason or "no reason was given")
        else:
            log.warning("KILL SWITCH off: %s", wanted.reason or "no reason was given")
        return Outcome(DONE, "on" if new.on else "off")

    def _refusal_on(self, request: Request, time: OrderTime) -> Outcome | None:
        """Why a command leaves it off. What is late by a little switches it on, for that is the safe side."""
        if self.on:
            return None
        if time.look() > request.not_after + LATE_ON_S_MAX:
            return Outcome(EXPIRED, "not_after passed long ago, so the kill switch stays off; give the command anew")
        if request.timestamp < self._now.commanded_s and not time.is_doubtful:
            return Outcome(EXPIRED, "a newer command switched it off; give the command anew if it shall be on")
        return None

    def _refusal_off(self, request: Request, time: OrderTime) -> Outcome | None:
        """Why a command leaves it on."""
        if time.is_late(request.not_after):
            why = "this machine's clock was set back" if time.is_doubtful else "not_after has passed"
            return Outcome(EXPIRED, f"{why}; the kill switch stays as it is")
        if time.is_ahead(request.timestamp):
            return Outcome(INVALID, "its time is ahead of the gateway's clock; the kill switch stays as it is")
        if self.on and request.timestamp <= self._now.commanded_s:
            return Outcome(EXPIRED, "a newer command switched it on; the kill switch stays on")
        return None
