"""Log lines: plain text for people and the journal, secrets blotted out whatever prints them."""

from __future__ import annotations

import html
import json
import logging
import os
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO
from urllib.parse import quote, quote_plus

from mt5_sentinel import journald
from mt5_sentinel.guard import Guard
from mt5_sentinel.journald import Journald, Stream
from mt5_sentinel.log_text import readable
from mt5_sentinel.types import CycleRecord

HIDDEN = "[hidden]"
PUBLIC_TOKEN = "demo"  # noqa: S105 - it is printed in the API's documentation, and part of words of our own
SECRET_CHARS_MIN = 6
"""Shorter values are no tokens of any service, and blotting them out would garble prices and dates."""

_known: set[str] = set()
"""Every secret this process has ever held: a rotated token stays a secret."""


def spellings(secret: str) -> set[str]:
    """How a secret may appear: as it is, in a URL, in HTML, in JSON, each as Python quotes it; a public one in none."""
    if len(secret) < SECRET_CHARS_MIN or secret == PUBLIC_TOKEN:
        return set()
    escaped = {html.escape(secret), json.dumps(secret)[1:-1], secret.replace("/", "\\/")}
    plain = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)} | escaped
    return plain | {repr(one)[1:-1] for one in plain} | {repr(one.encode())[2:-1] for one in plain}


def learn(secrets: Iterable[str]) -> None:
    """Hide these values from now on, however they are spelled."""
    for secret in secrets:
        _known.update(spellings(secret))


def forget() -> None:
    """Know no secret any more; for tests, a daemon never forgets."""
    _known.clear()


def hide(text: str) -> str:
    """The text without secrets; longest first, so that none leaves a rest of another."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def hide_bytes(body: bytes) -> bytes:
    """The same for a body from outside, before anything can cut or quote it."""
    for secret in sorted(_known, key=len, reverse=True):
        body = body.replace(secret.encode(), HIDDEN.encode())
    return body


_speaker: ContextVar[str] = ContextVar("speaker", default="")


@contextmanager
def speaking_for(symbol: str) -> Iterator[None]:
    """Begin every line of this thread with the symbol, within a ``with`` block."""
    before = _speaker.set(f"{symbol} ")
    try:
        yield
    finally:
        _speaker.reset(before)


_cycle: ContextVar[CycleRecord | None] = ContextVar("cycle", default=None)


@contextmanager
def tracing(record: CycleRecord) -> Iterator[None]:
    """Let every structured line of this thread carry the cycle's trace id, symbol and mode."""
    before = _cycle.set(record)
    try:
        yield
    finally:
        _cycle.reset(before)


def traced() -> CycleRecord | None:
    """The cycle that this thread is in."""
    return _cycle.get()


def event_id(record: logging.LogRecord) -> str:
    """What names this line, and no other, wherever it is written."""
    return str(vars(record).setdefault("event_id", str(uuid.uuid4())))


class RedactingFormatter(logging.Formatter):
    """Formats as usual, then hides every secret, in tracebacks too."""

    def __init__(self, form: str, *, marks_priority: bool = False) -> None:
        """Format as ``form`` says; with the priority of sd-daemon(3) before each line, which the journal takes off."""
        super().__init__(form)
        self._marks_priority = marks_priority

    def format(self, record: logging.LogRecord) -> str:
        """One line, or a line and its traceback, without secrets."""
        record.speaker = _speaker.get()  # a handler formats in the thread that logs
        text = hide(super().format(readable(record)))
        if not self._marks_priority:
            return text
        mark = f"<{_PRIORITIES.get(record.levelno, 6)}>"
        return "\n".join(mark + line for line in text.split("\n"))


_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
"""What syslog and the journal call the levels."""


def is_journal(stream: TextIO) -> bool:
    """Whether lines on this stream go to systemd's journal, and not only those of a process above."""
    try:
        facts = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{facts.st_dev}:{facts.st_ino}"


class JournalHandler(logging.Handler):
    """Gives the journal each line with fields to ask by; the plain line where it does not take them.

    Where the stream has no room either the line is dropped: a log must not hold up a cycle. How many there were is
    said in their place, once lines are taken again.
    """

    def __init__(self, stream: TextIO, name: str, door: Journald) -> None:
        """Write as ``name``; to ``stream`` where the door is shut."""
        super().__init__()
        self._identifier, self._door = name, door
        self.setFormatter(RedactingFormatter(FORM))
        self._stream, self._plain = stream, Stream(stream)
        self._marked = RedactingFormatter(FORM, marks_priority=True)
        self._dropped = 0

    def writes_to(self, stream: TextIO, name: str) -> bool:
        """Whether it was made for these."""
        return (self._stream, self._identifier) == (stream, name)

    def emit(self, record: logging.LogRecord) -> None:
        """One entry, a traceback within it."""
        self._tell_the_dropped()
        if not self._is_taken(record):
            self._dropped += 1

    def close(self) -> None:
        """See that the journal has read it all."""
        self._tell_the_dropped()
        self._plain.close()
        self._door.close()
        super().close()

    def _is_taken(self, record: logging.LogRecord) -> bool:
        ways: tuple[Callable[[], None], ...] = (
            lambda: self._door.send(self._fields(record)),
            lambda: self._plain.send(self._marked.format(record) + "\n"),
        )
        return any(Guard().attempt(way) is None for way in ways)

    def _tell_the_dropped(self) -> None:
        if not self._dropped:
            return
        told = "the journal takes lines again; %d lines are missing here"
        place = (logging.WARNING, __file__, 0)
        if self._is_taken(logging.LogRecord("mt5_sentinel", *place, told, (self._dropped,), None, "emit")):
            self._dropped = 0

    def _fields(self, record: logging.LogRecord) -> dict[str, str | int | None]:
        cycle, error = traced(), record.exc_info[0] if record.exc_info else None
        told: dict[str, str | None] = {
            "MESSAGE": self.format(record),
            "SYSLOG_IDENTIFIER": self._identifier,
            "EVENT_ID": event_id(record),
            "LOGGER": record.name,
            "THREAD_NAME": record.threadName,
            "CODE_FILE": record.pathname,
            "CODE_FUNC": record.funcName,
            "ERROR_TYPE": None if error is None else error.__name__,
        }
        if cycle is not None:
            told |= {
                "TRACE_ID": cycle.trace_id,
                "SENTINEL_SYMBOL": cycle.symbol,
                "SENTINEL_MODE": cycle.mode,
                "SENTINEL_REASON": cycle.reason,
                "SENTINEL_ACTION": cycle.action,
            }
        hidden = {name: None if value is None else hide(value) for name, value in told.items()}
        return {**hidden, "PRIORITY": _PRIORITIES.get(record.levelno, 6), "CODE_LINE": record.lineno}


IDENTIFIER = "mt5-sentinel"
"""What the journal calls the writer of our lines, as SyslogIdentifier= of the unit has it."""

FORM = "%(speaker)s%(message)s"

_made: list[logging.Handler] = []
"""Handlers of the set-up before."""


def set_up(
    level: str,
    secrets: Iterable[str],
    stream: TextIO | None = None,
    *,
    identifier: str = IDENTIFIER,
    beside: Iterable[logging.Handler] = (),
) -> None:
    """Send log lines to stderr or ``stream``, and to handlers ``beside`` it that stay open from set-up to set-up.

    Where the stream is systemd's journal its lines have fields and leave the time to it; ``identifier`` names the
    writer there.
    """
    learn(secrets)
    stream = stream or sys.stderr
    handler: logging.Handler
    if is_journal(stream):
        kept = [one for one in _made if isinstance(one, JournalHandler) and one.writes_to(stream, identifier)]
        handler = kept[0] if kept else JournalHandler(stream, identifier, Journald(journald.SOCKET))
    else:
        handler = logging.StreamHandler(stream)
        handler.setFormatter(RedactingFormatter(FORM if "JOURNAL_STREAM" in os.environ else f"%(asctime)s {FORM}"))
    root = logging.getLogger()
    root.handlers[:] = [handler, *beside]
    for one in _made:
        if one is not handler:
            one.close()
    _made[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its debug lines quote URLs
