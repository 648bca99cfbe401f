"""Records whose text cannot be made, and text that is too long for a line."""

from __future__ import annotations

import logging
from typing import Any

from mt5_sentinel.guard import Guard

FORMAT_CHARS_MAX = 1000
"""How much of a format is quoted."""


def readable(record: logging.LogRecord) -> logging.LogRecord:
    """The record; where its message cannot be made, one that says so in place of it, with the same traceback."""
    error = Guard().attempt(lambda: _make(record))
    return record if error is None else _saying(record, error)


def in_place_of(record: logging.LogRecord, error: Exception) -> logging.LogRecord:
    """A record that says that this one cannot be formatted, without anything that may be at fault for it."""
    bare = {"exc_info": None, "exc_text": None, "stack_info": None, "finished_cycle": None}
    return _saying(record, error, **bare)


def cut(text: str, chars_max: int) -> str:
    """The text, or its beginning and end with a mark between them: a traceback ends with what went wrong."""
    if len(text) <= chars_max:
        return text
    half = chars_max // 2
    return f"{text[:half]} [... {len(text) - 2 * half} characters cut out ...] {text[-half:]}"


def _make(record: logging.LogRecord) -> None:
    record.getMessage()


def _saying(record: logging.LogRecord, error: Exception, **others: Any) -> logging.LogRecord:  # noqa: ANN401
    form = cut(repr(record.msg), FORMAT_CHARS_MAX) if isinstance(record.msg, str) else f"a {type(record.msg).__name__}"
    place = f"{record.filename}:{record.lineno}"
    text = f"a line of {place} cannot be formatted ({type(error).__name__}), its format is {form}"
    return logging.makeLogRecord({**vars(record), "msg": text, "args": None, **others})
