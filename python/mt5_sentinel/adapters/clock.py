"""The machine's clock, with a wait that a signal cuts short."""

from __future__ import annotations

import select
import signal
import socket
import time

NAP_S_MAX = 1.0
"""Longest wait between looks at the clock: the delay after which a clock step is noticed."""


class SystemClock:
    """Wall and monotonic time of this machine; create it in the main thread."""

    def __init__(self) -> None:
        """Let every signal write a byte to a socket, so that a wait returns at once."""
        self._wakened, waker = socket.socketpair()
        self._wakened.setblocking(False)
        waker.setblocking(False)
        self._waker = waker
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)

    def wall_s(self) -> float:
        """UTC unix seconds."""
        return time.time()

    def monotonic_s(self) -> float:
        """Seconds that never step."""
        return time.monotonic()

    def wait_s(self, timeout_s: float) -> None:
        """Wait a nap at most, less when a signal arrives."""
        readable, _, _ = select.select([self._wakened], [], [], min(max(0.0, timeout_s), NAP_S_MAX))
        if readable:
            self._wakened.recv(4096)

    def close(self) -> None:
        """Give the signals back."""
        signal.set_wakeup_fd(-1)
        self._waker.close()
        self._wakened.close()
