"""Connections that are not kept for those who ask nothing."""

from __future__ import annotations

import asyncio
import logging
import time

from uvicorn.protocols.http.h11_impl import H11Protocol

FIRST_WITHIN_S = 10.0
"""From the beginning of a connection until its first request is there."""
KEPT_S = 30
"""From an answer until the next request is there."""
SILENT_MAX = 150
"""Connections without a request; of more, the one that has been silent longest ends."""
TOLD_EVERY_S = 60.0


class Punctual(H11Protocol):
    """Ends where a request is not there in time, also one that comes byte by byte."""

    silent_s = 0.0
    """Since when it is silent, monotonic seconds."""
    _due: asyncio.TimerHandle | None = None

    @property
    def is_silent(self) -> bool:
        """Whether no request is answered now."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request; where many wait already, the oldest makes room."""
        super().connection_made(transport)
        self._wait(FIRST_WITHIN_S)
        silent = [one for one in self.connections if isinstance(one, Punctual) and one.is_silent]
        if len(silent) > SILENT_MAX:
            min(silent, key=lambda one: one.silent_s).hang_up()

    def data_received(self, data: bytes) -> None:
        """Wait no longer where a request is whole."""
        super().data_received(data)
        if not self.is_silent:
            self._wait(None)

    def on_response_complete(self) -> None:
        """Wait for the next request, unless it is there already."""
        super().on_response_complete()
        if self.is_silent:
            self._wait(KEPT_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing."""
        self._wait(None)
        super().connection_lost(exc)

    def hang_up(self) -> None:
        """End, whatever is under way."""
        self.connections.discard(self)
        self.transport.abort()

    def _wait(self, within_s: float | None) -> None:
        if self._due is not None:
            self._due.cancel()
        self.silent_s = time.monotonic()
        self._due = None if within_s is None else self.loop.call_later(within_s, self.hang_up)


class Seldom(logging.Filter):
    """Lets the same warning through once in ``TOLD_EVERY_S``: any stranger can cause as many as he likes."""

    def __init__(self) -> None:
        """Nothing was told yet."""
        super().__init__()
        self._told_s: dict[object, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is told."""
        now_s = time.monotonic()
        if record.levelno != logging.WARNING:
            return True
        if now_s - self._told_s.get(record.msg, -TOLD_EVERY_S) < TOLD_EVERY_S:
            return False
        self._told_s[record.msg] = now_s
        return True
