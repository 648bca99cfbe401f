"""A terminal while a program draws on all of it: keys come at once, and it is left as it was found."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType

ESCAPE = "\x1b"
"""Arrows and the like begin with it; nothing here listens to them."""

Wait = Callable[[float], str]
"""Waits so many seconds; gives the keys that were pressed, empty where none was or the window has another size."""

ENDED = "\x04"
"""What is given where nobody can press a key any more."""


@contextlib.contextmanager
def keys() -> Iterator[Wait]:
    """Keys of standard input; SIGTERM and SIGHUP end the program in an orderly way meanwhile.

    Where the system has no such terminals (Windows), or standard input is none, waiting is all that is done.
    """
    if sys.platform == "win32":
        import time  # noqa: PLC0415 - nothing else is needed there

        def sleep(seconds: float) -> str:
            time.sleep(seconds)
            return ""

        yield sleep
        return
    with contextlib.ExitStack() as undo:
        resized = _watch_signals(undo)
        watched = [resized]
        if sys.stdin.isatty():
            _set_cbreak(undo)
            watched.append(sys.stdin.fileno())
        yield lambda seconds: _key(watched, resized, seconds)


def _key(watched: list[int], resized: int, seconds: float) -> str:
    ready, _, _ = select.select(watched, [], [], seconds)
    for descriptor in ready:
        pressed = os.read(descriptor, 64)
        if descriptor == resized:
            continue
        text = pressed.decode("ascii", "replace") or ENDED
        return "" if text.startswith(ESCAPE) else text
    return ""


if sys.platform != "win32":
    import termios
    import tty

    def _set_cbreak(undo: contextlib.ExitStack) -> None:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        undo.callback(termios.tcsetattr, descriptor, termios.TCSAFLUSH, before)
        tty.setcbreak(descriptor)

    def _watch_signals(undo: contextlib.ExitStack) -> int:
        """A descriptor that can be read when the window has another size."""
        ours, theirs = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        undo.callback(os.close, ours)
        undo.callback(os.close, theirs)
        undo.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(theirs, warn_on_full_buffer=False))
        for number, handler in ((signal.SIGWINCH, _ignore), (signal.SIGTERM, _end), (signal.SIGHUP, _end)):
            undo.callback(signal.signal, number, signal.signal(number, handler))
        return ours


def _ignore(number: int, frame: FrameType | None) -> None:
    """Only wake up."""


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
