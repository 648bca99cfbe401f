"""Asking the machine: its programs, each within a bounded time, and its files below a root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

TIMEOUT_S = 20.0
EXIT_TIMEOUT = 124
EXIT_MISSING = 127


class Ran(NamedTuple):
    """A program that ended: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


class Host:
    """This machine; tests put another root, or other programs, in its place."""

    def __init__(self, root: Path = Path("/"), environ: Mapping[str, str] = os.environ) -> None:
        """Look below ``root`` for files; programs are found by ``environ``'s ``PATH``."""
        self.root = root
        self._environ = dict(environ) | {"LC_ALL": "C", "SYSTEMD_PAGER": "cat", "SYSTEMD_COLORS": "0"}

    def path(self, place: str | Path) -> Path:
        """An absolute path of the machine, below the root."""
        return self.root / str(place).lstrip("/")

    def run(self, *command: str | Path, timeout_s: float = TIMEOUT_S, stdin: str = "") -> Ran:
        """Run a program to its end.

        Never raises for what the program does: one that is missing ends with 127, one that takes too long is killed
        and ends with 124.
        """
        words = [str(word) for word in command]
        try:
            done = subprocess.run(  # noqa: S603 - own commands, no shell
                words,
                input=stdin,
                env=self._environ,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Ran(EXIT_TIMEOUT, "", f"{words[0]}: no answer within {timeout_s:g} s")
        except OSError as error:
            return Ran(EXIT_MISSING, "", f"{words[0]}: {error.strerror}")
        return Ran(done.returncode, done.stdout, done.stderr)
