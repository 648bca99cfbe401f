"""Brings what waits to one endpoint, in order, and asks again with growing pauses where it fails."""

from __future__ import annotations

import logging
from typing import Protocol

from mt5_sentinel.alerting.letters import Letter
from mt5_sentinel.alerting.outbox import Outbox

PAUSE_S = 5.0
PAUSE_MAX_S = 300.0

log = logging.getLogger("mt5_sentinel")


class Endpoint(Protocol):
    """Takes letters."""

    name: str
    key: str

    def send(self, letter: Letter) -> str | None:
        """Why it did not go; None where it did."""


class Postman:
    """One endpoint's deliveries; used by one thread."""

    def __init__(self, endpoint: Endpoint, outbox: Outbox) -> None:
        """Nothing is sent yet."""
        self._endpoint = endpoint
        self._outbox = outbox
        self._failures = 0
        self._again_s = 0.0
        self._taken: Letter | None = None
        """What the endpoint took and could not be marked, for the disk is full: it must not go again each second."""

    def step(self, monotonic_s: float) -> bool:
        """Send the oldest letter where one waits and it is time; whether one was sent."""
        if self._taken is not None:
            self._mark(self._taken)
        if self._failures and monotonic_s < self._again_s:
            return False
        letter = self._outbox.next(self._endpoint.key)
        if letter is None:
            return False
        why = self._endpoint.send(letter)
        if why is None:
            self._failures = 0
            log.info("told endpoint %s: %s", self._endpoint.name, letter.title)
            self._mark(letter)
            return True
        self._failures += 1
        pause_s = min(PAUSE_MAX_S, PAUSE_S * 2 ** min(self._failures - 1, 10))
        self._again_s = monotonic_s + pause_s
        waiting = self._outbox.count(self._endpoint.key)
        log.warning(
            "endpoint %s did not take a message (%s), %d wait; asked again in %g s",
            *(self._endpoint.name, why, waiting, pause_s),
        )
        return False

    def _mark(self, letter: Letter) -> None:
        self._taken = letter
        self._outbox.mark(self._endpoint.key, letter)
        self._taken = None
