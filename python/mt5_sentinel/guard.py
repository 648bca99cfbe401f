"""The one broad except: whatever a cycle does, the daemon lives, and the record says what happened."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable

from mt5_sentinel.errors import CorePanic, SentinelError
from mt5_sentinel.types import CycleRecord

BUGS_IN_A_ROW_MAX = 3
"""Unexpected errors in a row after which new positions are halted."""

BUGS = ("core_panic", "internal_error")
"""Reason codes that mean a fault of this program."""

log = logging.getLogger("mt5_sentinel")


class Guard:
    """Runs a cycle's work and turns any failure into a verdict on its record."""

    def __init__(self) -> None:
        """Start with no failure seen."""
        self._bugs_in_a_row = 0
        self.halted_because: str | None = None

    @property
    def halted(self) -> bool:
        """Whether only exits may still be traded, until a restart or a reload."""
        return self.halted_because is not None

    def run(self, record: CycleRecord, work: Callable[[], None]) -> SentinelError | None:
        """Run ``work``; give back the error it died of when the program knows its kind."""
        try:
            work()
        except CorePanic as error:
            self._fail_by_bug(record, error, error.reason)
            return error
        except SentinelError as error:
            self._fail(record, error, error.reason)
            return error
        except sqlite3.Error as error:
            # Without a ledger no order may be sent; route writes the intent first, so none was.
            self._fail(record, error, "journal_failed")
        except Exception as error:  # noqa: BLE001 - the promise of this file: no error ends the daemon
            self._fail_by_bug(record, error, "internal_error")
        return None

    def count(self, record: CycleRecord) -> None:
        """Count a finished cycle towards, or against, the run of bugs that halts entries."""
        if record.reason not in BUGS:
            self._bugs_in_a_row = 0
            return
        self._bugs_in_a_row += 1
        if self._bugs_in_a_row >= BUGS_IN_A_ROW_MAX and not self.halted:
            self.halted_because = f"{self._bugs_in_a_row} unexpected errors in a row, the last: {record.detail}"
            log.error("HALTED, exits only until restart or reload: %s", self.halted_because)

    def _fail_by_bug(self, record: CycleRecord, error: Exception, reason: str) -> None:
        self._fail(record, error, reason)
        log.error("unexpected error, please report it", exc_info=error)

    def _fail(self, record: CycleRecord, error: Exception, reason: str) -> None:
        record.status, record.reason, record.detail = "failed", reason, str(error)
        log.error("!!! CYCLE ERROR: %s", error)
        log.info("Daemon continues running...")
