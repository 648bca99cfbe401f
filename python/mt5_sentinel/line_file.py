"""A file of lines that stays open: rotated from outside, torn by a full disk, its lines stay whole."""

from __future__ import annotations

import os
from pathlib import Path

from mt5_sentinel import trail


class LineFile:
    """Appends lines to a file that is kept open; not for several threads at once."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened yet: what cannot be written fails at a line, not at the start."""
        self.path = path
        self._descriptor: int | None = None

    def append(self, line: bytes) -> None:
        """Write one line, which ends with a line feed, to the file that has the name now.

        Where the name went to another file meanwhile, the line is written to that one as well: a shipper may have left
        the older one already, and a line that is there twice has the same id.

        Raises:
            OSError: it was not written, or not in whole; the next one begins on a line of its own.
        """
        if not self._has_the_name():
            self.close()
        self._write(line)
        if not self._has_the_name():
            self.close()
            self._write(line)

    def close(self) -> None:
        """Close it; the next line opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None

    def _write(self, line: bytes) -> None:
        if self._descriptor is None:
            self._descriptor = trail.opened(self.path.parent, self.path.name)
        if not self._ends_whole(self._descriptor):
            line = b"\n" + line
        written = os.write(self._descriptor, line)
        if written != len(line):
            raise OSError(f"{self.path}: only {written} of {len(line)} bytes of a line could be written")

    @staticmethod
    def _ends_whole(descriptor: int) -> bool:
        """Whether no piece of a line stands at the end, as a crash or a full disk leaves it."""
        size = os.fstat(descriptor).st_size
        return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"

    def _has_the_name(self) -> bool:
        """Whether the open file is the one that its name leads to."""
        if self._descriptor is None:
            return False
        try:
            named = self.path.lstat()
        except FileNotFoundError:
            return False
        return os.path.samestat(named, os.fstat(self._descriptor))
