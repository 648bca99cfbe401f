"""A terminal of its own for a program: what it draws, what is typed, how it is left."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from typing import Any

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class TypedTerminal:
    """`mt5-sentinel ...` in a pseudo-terminal of its own session."""

    def __init__(self, *arguments: str, rows: int = 24, columns: int = 80, **variables: str) -> None:
        self.master, self._slave = os.openpty()
        self.size(rows, columns)
        self.before = self.attributes()
        unwanted = ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR")
        env = {name: value for name, value in os.environ.items() if name not in unwanted}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mt5_sentinel", *arguments],
            env=env | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"} | variables,
            **dict.fromkeys(("stdin", "stdout", "stderr"), self._slave),  # type: ignore[call-overload]
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - so that Ctrl-C reaches it
        )
        self.drawn = ""

    def size(self, rows: int, columns: int) -> None:
        """Give the window another size; who runs in it is told."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def attributes(self) -> list[Any]:
        """How the terminal is set: echo, lines, control characters."""
        return termios.tcgetattr(self._slave)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def wait_for(self, text: str, timeout_s: float = 60.0) -> str:
        """Read until this text was drawn anew; gives all that was since the last time."""
        seen, deadline = "", time.monotonic() + timeout_s
        while text not in ESCAPES.sub("", seen):
            assert time.monotonic() < deadline, f"{text!r} was not drawn: {ESCAPES.sub('', seen)}"
            assert self.process.poll() is None, f"it ended with {self.process.returncode}: {seen}"
            seen += self._read()
        return ESCAPES.sub("", seen)

    def end(self, timeout_s: float = 60.0) -> int:
        """Read on until it ends; gives its exit code."""
        deadline = time.monotonic() + timeout_s
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "it does not end"
            self._read()
        self._read()
        return int(self.process.returncode)

    def is_clean(self) -> bool:
        """Whether it was left as it was found: lines and echo, the first screen, a cursor."""
        last = {name: self.drawn.rfind(f"\x1b[?{name}") for name in ("1049h", "1049l", "25h", "25l")}
        return self.attributes() == self.before and last["1049l"] > last["1049h"] >= 0 and last["25h"] > last["25l"]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(20)
        os.close(self.master)
        os.close(self._slave)

    def _read(self) -> str:
        ready, _, _ = select.select([self.master], [], [], 0.05)
        text = os.read(self.master, 65_536).decode("utf-8", "replace") if ready else ""
        self.drawn += text
        return text
