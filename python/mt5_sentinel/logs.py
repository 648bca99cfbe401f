"""Log lines: plain text for people and the journal, secrets blotted out whatever prints them."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable
from typing import TextIO

HIDDEN = "[hidden]"


class RedactingFormatter(logging.Formatter):
    """Formats as usual, then hides every secret, in tracebacks too."""

    def __init__(self, fmt: str, secrets: Iterable[str]) -> None:
        """Hide these values, longest first, so that none leaves a rest of another."""
        super().__init__(fmt)
        self._secrets = sorted(secrets, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """One line, or a line and its traceback, without secrets."""
        text = super().format(record)
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


def set_up(level: str, secrets: Iterable[str], stream: TextIO | None = None) -> None:
    """Send log lines to stderr or ``stream``; the time is left to systemd's journal where that is the reader."""
    handler = logging.StreamHandler(stream or sys.stderr)
    has_journal = "JOURNAL_STREAM" in os.environ
    handler.setFormatter(RedactingFormatter("%(message)s" if has_journal else "%(asctime)s %(message)s", secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its debug lines quote URLs
