"""The process: looks every few seconds, tells what turned, and lets threads of their own do what may take long."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from mt5_sentinel.alerting.eyes import Eyes
from mt5_sentinel.alerting.heartbeat import Heartbeat
from mt5_sentinel.alerting.teller import Teller
from mt5_sentinel.guard import Guard
from mt5_sentinel.ports import Clock
from mt5_sentinel.systemd import Notifier

LOOK_S = 10.0

STEP_S = 1.0
"""Between two steps of a thread that has nothing to do."""

JOIN_S = 6.0
"""How long a stop waits for a message that is being sent; it is sent again later."""

LIVING = ("daemon", "journal", "loop")
"""Lights that must not be bad while the heartbeat goes out."""

Step = Callable[[float], bool]
"""Something done by a thread, at a monotonic time; whether it may have more to do."""

log = logging.getLogger("mt5_sentinel")


class Watcher:
    """Eyes, mouth, and the loop between them."""

    def __init__(self, eyes: Eyes, teller: Teller, heartbeat: Heartbeat | None, clock: Clock) -> None:
        """Nothing runs yet."""
        self._eyes, self._teller, self._heartbeat, self._clock = eyes, teller, heartbeat, clock
        self._stop = threading.Event()
        self._faults: dict[str, str] = {}

    def stop(self, signum: int = 0, frame: object = None) -> None:
        """End after this look; also a signal handler."""
        self._stop.set()

    def look(self) -> None:
        """One look, and what follows from it."""
        now_s, monotonic_s = self._clock.wall_s(), self._clock.monotonic_s()
        lights = self._eyes.look(now_s, monotonic_s)
        for message in self._teller.hear(lights, now_s, monotonic_s):
            log.warning("%s: %s: %s", message.key, message.kind, message.text)
        is_living = not any(light.name in LIVING and light.level == "bad" for light in lights)
        if self._heartbeat is not None and is_living:
            self._heartbeat.lives(monotonic_s)

    def run(self, steps: Sequence[Step], notifier: Notifier) -> None:
        """Look until told to stop, each of ``steps`` in a thread of its own."""
        named = [(f"sending {number} failed", step) for number, step in enumerate(steps, start=1)]
        threads = [threading.Thread(target=self._repeat, args=one, daemon=True) for one in named]
        for thread in threads:
            thread.start()
        notifier.ready("watching")
        while not self._stop.is_set():
            error = Guard().attempt(self.look)
            self._note("a look failed", error)
            notifier.beat()
            due_s = self._clock.monotonic_s() + LOOK_S
            while not self._stop.is_set() and (left_s := due_s - self._clock.monotonic_s()) > 0:
                self._clock.wait_s(left_s)
        notifier.stopping()
        end_s = time.monotonic() + JOIN_S
        for thread in threads:
            thread.join(max(0.0, end_s - time.monotonic()))

    def _repeat(self, what: str, step: Step) -> None:
        while not self._stop.is_set():
            more: list[bool] = []
            error = Guard().attempt(lambda more=more: more.append(step(self._clock.monotonic_s())))  # type: ignore[misc]
            self._note(what, error)
            if more != [True]:
                self._stop.wait(STEP_S)

    def _note(self, what: str, error: Exception | None) -> None:
        """Log an error once, not every second."""
        told = "" if error is None else f"{what}: {type(error).__name__}: {error}"
        if told and told != self._faults.get(what):
            log.error("%s", told)
        self._faults[what] = told
