"""The processes of a soak: started with nothing of the caller's surroundings, ended by their id whatever happens."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from mt5_sentinel.errors import Transient

START_S_MAX, END_S_MAX = 120.0, 30.0
LOOK_S = 0.02
PR_SET_PDEATHSIG = 1

INHERITED = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV", "TMPDIR")
"""Variables that a process may inherit; settings and credentials of an installed daemon are none of them."""


class Child:
    """One process and its log."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, environ: Mapping[str, str], keep: int | None
    ) -> None:
        """Start it; it ends with this process, also where that is killed."""
        self.name, self.log = name, log
        with log.open("ab") as sink:
            self._process = subprocess.Popen(  # noqa: S603 - own commands, no shell
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={name: os.environ[name] for name in INHERITED if name in os.environ} | dict(environ),
                cwd=log.parent,
                pass_fds=() if keep is None else (keep,),
                start_new_session=True,  # a Ctrl-C is for the one who watches, who ends the others in their order
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - nothing here has threads
            )
        self.pid = self._process.pid

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def told(self) -> str:
        """What it has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def await_line(self, pattern: str, timeout_s: float = START_S_MAX) -> str:
        """The first group of a line that it prints when it is ready.

        Raises:
            Transient: it ended, or did not print it in time.
        """
        deadline_s = time.monotonic() + timeout_s
        while (found := re.search(pattern, self.told())) is None:
            if not self.is_running():
                raise Transient(f"{self.name} ended at its start: {self.last_words()}", "soak_start")
            if time.monotonic() > deadline_s:
                raise Transient(f"{self.name} was not ready within {timeout_s:g} s: {self.last_words()}", "soak_start")
            time.sleep(LOOK_S)
        return found.group(1)

    def wait(self, timeout_s: float = START_S_MAX) -> int:
        """Its exit code when it has ended by itself; it is killed after the time."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def end(self, timeout_s: float = END_S_MAX) -> int:
        """Ask it to end, and kill it where it does not; its exit code, negative where a signal ended it."""
        if self.is_running():
            self._process.terminate()
        return self.wait(timeout_s)

    def last_words(self) -> str:
        """The end of what it has printed."""
        return " | ".join(self.told().strip().splitlines()[-3:]) or "it said nothing"


class Children:
    """All of them; those that still run at the end of the ``with`` block are ended, the newest first."""

    def __init__(self, directory: Path) -> None:
        """Logs go to this directory."""
        self._directory = directory
        self.all: dict[str, Child] = {}

    def start(
        self, name: str, command: Sequence[str], environ: Mapping[str, str] | None = None, keep: int | None = None
    ) -> Child:
        """Start a process; ``keep`` is a descriptor that it shares."""
        self.all[name] = Child(name, command, self._directory / f"{name}.log", environ or {}, keep)
        return self.all[name]

    def ended(self) -> list[str]:
        """Names of those that have ended."""
        return [name for name, child in self.all.items() if not child.is_running()]

    def __enter__(self) -> Children:
        """Nothing runs yet."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End what runs."""
        for child in reversed(self.all.values()):
            child.end()


def free_port() -> int:
    """A port of the loopback on which nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
