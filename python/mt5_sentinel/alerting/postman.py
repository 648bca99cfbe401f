"""Brings what waits to one endpoint, in order, and asks again with growing pauses where it fails."""

from __future__ import annotations

import logging
from typing import Protocol

from mt5_sentinel.alerting.letters import Letter, Refusal
from mt5_sentinel.alerting.outbox import Outbox

PAUSE_S = 5.0
PAUSE_MAX_S = 300.0

REFUSED_MAX = 3
"""Answers of 4xx in a row after which the letters behind one are tried before it."""

log = logging.getLogger("mt5_sentinel")


class Endpoint(Protocol):
    """Takes letters."""

    name: str
    key: str
    keeps_incidents: bool
    """Whether each matter is an incident of its own there, which its end resolves: its letters tell one matter."""

    def send(self, letter: Letter) -> Refusal | None:
        """Why it did not go; None where it did."""


class Postman:
    """One endpoint's deliveries; used by one thread."""

    def __init__(self, endpoint: Endpoint, outbox: Outbox) -> None:
        """Nothing is sent yet."""
        self._endpoint = endpoint
        self._outbox = outbox
        self._failures = 0
        self._refused = 0
        """Answers of 4xx in a row."""
        self._passed: set[int] = set()
        """Messages that others go before, for the endpoint refused them."""
        self._suspects: set[int] = set()
        """The same after it took another one: each is tried once more by itself, and then given up. An endpoint that
        refuses everything, as for a wrong token, makes nothing suspect, and loses nothing."""
        self._again_s = 0.0
        self._taken: Letter | None = None
        """What the endpoint took and could not be marked, for the disk is full: it must not go again each second."""

    def step(self, monotonic_s: float) -> bool:
        """Send the oldest letter where one waits and it is time; whether one was sent."""
        if self._taken is not None:
            self._mark(self._taken)
        if self._failures and monotonic_s < self._again_s:
            return False
        letter = self._next()
        if letter is None:
            return False
        refusal = self._endpoint.send(letter)
        if refusal is None:
            self._failures = self._refused = 0
            log.info("told endpoint %s: %s", self._endpoint.name, letter.title)
            self._mark(letter)
            return True
        if refusal.is_answer and self._suspects.issuperset(letter.numbers):
            self._set_aside(letter, refusal)
            return True
        self._failures += 1
        pause_s = min(PAUSE_MAX_S, PAUSE_S * 2 ** min(self._failures - 1, 10))
        self._refused = self._refused + 1 if refusal.is_answer else 0
        if self._refused >= REFUSED_MAX:
            self._passed.update(letter.numbers)
            pause_s = PAUSE_S if self._refused == REFUSED_MAX else pause_s
        self._again_s = monotonic_s + pause_s
        waiting = self._outbox.count(self._endpoint.key)
        log.warning(
            "endpoint %s did not take a message (%s), %d wait; asked again in %g s",
            *(self._endpoint.name, refusal.why, waiting, pause_s),
        )
        return False

    def _next(self) -> Letter | None:
        key, alone = self._endpoint.key, self._endpoint.keeps_incidents or bool(self._suspects)
        letter = self._outbox.next(key, passing=self._passed, alone=alone)
        if letter is None and self._passed:
            self._passed = set()
            letter = self._outbox.next(key, alone=alone)
        return letter

    def _mark(self, letter: Letter) -> None:
        self._taken = letter
        self._outbox.mark(self._endpoint.key, letter)
        self._suspects = (self._suspects | self._passed) - set(letter.numbers)
        self._passed = set()
        self._taken = None

    def _set_aside(self, letter: Letter, refusal: Refusal) -> None:
        """Give a letter up that this endpoint refuses while it takes others; each endpoint is told so."""
        told = f"endpoint {self._endpoint.name} refuses a message ({refusal.why}); it is set aside: {letter.title}"
        self._outbox.set_aside(self._endpoint.key, letter, told)
        self._suspects -= set(letter.numbers)
        log.error("%s", told)
