"""The one broad except: whatever a cycle does, the daemon lives, and the record says what happened."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable

from mt5_sentinel.errors import SentinelError, Transient, Unsafe
from mt5_sentinel.types import CycleRecord

BUGS_IN_A_ROW_MAX = 3
"""Unexpected errors in a row after which new positions are halted."""

BUGS = ("core_panic", "internal_error")
"""Reason codes that mean a fault of this program."""

NO_THREAD = "can't start new thread"
"""What Python says where the system has none to give: no fault of this program, and it may pass."""

log = logging.getLogger("mt5_sentinel")


class Guard:
    """Runs work that may fail and turns any failure into a verdict."""

    def __init__(self) -> None:
        """Start with no failure seen."""
        self._bugs_in_a_row = 0
        self.halted_because: str | None = None

    @property
    def halted(self) -> bool:
        """Whether only exits may still be traded, until a restart or a reload."""
        return self.halted_because is not None

    def attempt(self, work: Callable[[], None]) -> Exception | None:
        """Run ``work``; give back what it died of."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the promise of this file: no error ends the daemon
            return error
        return None

    def run(self, record: CycleRecord, work: Callable[[], None]) -> SentinelError | None:
        """Run ``work`` and note its failure on the record; give back the error when the program knows its kind."""
        error = self.attempt(work)
        if error is None:
            return None
        if isinstance(error, RuntimeError) and str(error) == NO_THREAD:
            error = Transient("the system lets this program start no thread now; it has a limit of tasks", "no_thread")
        record.status, record.detail = "failed", str(error)
        if isinstance(error, SentinelError):
            record.reason = error.reason
        elif isinstance(error, sqlite3.Error):
            # Without a ledger no order may be sent; route writes the intent first, so none was.
            record.reason = "journal_failed"
        else:
            record.reason, record.detail = "internal_error", f"{type(error).__name__}: {error}"
        log.error("!!! CYCLE ERROR: %s", record.detail)
        if record.reason in BUGS:
            log.error("unexpected error, please report it", exc_info=error)
        log.info("Daemon continues running...")
        if isinstance(error, Unsafe):
            self._halt(f"the book or the ledger is broken: {error}")
        return error if isinstance(error, SentinelError) else None

    def count(self, record: CycleRecord) -> None:
        """Count a finished cycle towards, or against, the run of bugs that halts entries."""
        if record.reason not in BUGS:
            self._bugs_in_a_row = 0
            return
        self._bugs_in_a_row += 1
        if self._bugs_in_a_row >= BUGS_IN_A_ROW_MAX:
            self._halt(f"{self._bugs_in_a_row} unexpected errors in a row, the last: {record.detail}")

    def _halt(self, because: str) -> None:
        if self.halted_because is None:
            self.halted_because = because
            log.error("HALTED, exits only until restart or reload: %s", because)
