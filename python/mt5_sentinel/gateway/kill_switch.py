"""The kill switch: while it is on nothing is opened; closings and levels always pass."""

from __future__ import annotations

import logging
import sqlite3

from mt5_sentinel.errors import Unsafe
from mt5_sentinel.gateway.memory import AHEAD_S_MAX, Memory, Switch
from mt5_sentinel.gateway.venue import Outcome
from mt5_sentinel.wire import DONE, EXPIRED, INTERNAL, KillSwitch, Request

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

    def command(self, request: Request, wanted: KillSwitch, now_s: float, is_late: bool) -> Outcome:
        """Switch it on or off; a late or an overtaken command never switches it off."""
        if not wanted.on and is_late:
            return Outcome(EXPIRED, "not_after has passed; the kill switch stays as it is")
        if not wanted.on and self.on and request.timestamp <= self._now.commanded_s:
            return Outcome(EXPIRED, "a newer command switched it on; the kill switch stays on")
        newest_s = self._now.commanded_s
        if wanted.on:  # a clock that is far ahead must not keep it on for ever
            newest_s = max(newest_s, min(request.timestamp, now_s + AHEAD_S_MAX))
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
