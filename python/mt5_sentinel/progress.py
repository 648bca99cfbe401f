"""A progress bar on stderr: for a person at a terminal, and only when it takes long."""

from __future__ import annotations

import os
import stat
import sys
import time
from types import TracebackType

AFTER_S = 2.0
"""Work that ends sooner shows nothing."""

LONG_INPUT_BYTES = 20_000_000
"""From here on reading takes about as long."""

EVERY_S = 0.1
WIDTH = 30
ERASE = "\r\x1b[K"


class Progress:
    """Counts rows of a total and shows the share on the last line of the terminal; erased at the end."""

    def __init__(self, *, beside_output: bool, unit: str = "rows written") -> None:
        """Begin now, counting ``unit``.

        Beside standard output it shows only where that is a file: a pager has the same terminal.
        """
        self.total = 0
        self._unit = unit
        self._done = 0
        self._next_s = time.monotonic() + AFTER_S
        self._is_seen = False
        self._is_silent = not sys.stderr.isatty() or (
            beside_output and not stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
        )

    def __enter__(self) -> Progress:
        """Nothing to do: nothing is shown yet."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave a clean line for whatever comes next."""
        if self._is_seen:
            self._show(ERASE)

    def announce(self, stage: str, size_bytes: int) -> None:
        """Say what a call that cannot be looked into is doing, where the input makes it long."""
        if not self._is_silent and size_bytes >= LONG_INPUT_BYTES:
            self._show(f"{ERASE}{stage} ...")

    def advance(self, rows: int) -> None:
        """So many more of the total are done."""
        self._done += rows
        if self._is_silent or time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + EVERY_S
        share = self._done / self.total
        bar = ("#" * int(share * WIDTH)).ljust(WIDTH, ".")
        self._show(f"{ERASE}{share:4.0%} {bar} {self._done:,} of {self.total:,} {self._unit}")

    def _show(self, text: str) -> None:
        self._is_seen = True
        sys.stderr.write(text)
        sys.stderr.flush()
