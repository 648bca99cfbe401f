"""trades.jsonl: what the journal says of orders and positions, a line each, for people and for log shippers."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mt5_sentinel import trail
from mt5_sentinel.journal_file import JournalFile
from mt5_sentinel.orders import UNRESOLVED
from mt5_sentinel.types import CycleRecord

ORDER = (
    *("req_id", "symbol", "mode", "kind", "purpose", "side", "state", "ticket", "price", "opened_lots", "closed_lots"),
    *("profit", "sl", "tp", "retcode", "detail", "created_utc", "settled_utc"),
)
POSITION = (
    *("ticket", "symbol", "mode", "side", "opened_lots", "price", "opened_utc"),
    *("closed_utc", "closed_price", "closed_by", "profit"),
)
UNWRITTEN_MAX = 10_000
"""Lines kept for a file that cannot be written; older ones are in the journal."""

log = logging.getLogger("mt5_sentinel")


class TradeTrail:
    """Looks into the journal after each cycle and writes down what became of orders and positions since.

    The journal is the truth; what a crash keeps from the file stands there.
    """

    def __init__(self, journal: JournalFile, place: Path) -> None:
        """Begin with what is open and unresolved now; older lines were written by an earlier process."""
        self._journal, self._place = journal, place
        self._turn = threading.Lock()
        self._unwritten: deque[dict[str, Any]] = deque(maxlen=UNWRITTEN_MAX)
        self._newest: int = self._rows("SELECT coalesce(max(rowid), 0) FROM intent WHERE mode = ?")[0][0]
        unresolved = f"SELECT req_id FROM intent WHERE mode = ? AND state IN {UNRESOLVED}"  # noqa: S608 - own text
        self._pending = {row[0] for row in self._rows(unresolved)}
        self._open = self._open_tickets()
        self._is_told = False

    def observe(self, record: CycleRecord) -> None:
        """Write the lines that are new; a file that cannot be written is told once, and its lines wait."""
        with self._turn:
            self._unwritten.extend(self._orders())
            self._unwritten.extend(self._closed())
            try:
                while self._unwritten:
                    trail.append(self._place, trail.TRADES, self._unwritten[0])
                    self._unwritten.popleft()
                self._is_told = False
            except OSError as error:
                if not self._is_told:
                    log.warning("%s cannot be written, the journal has it: %s", self._place / trail.TRADES, error)
                self._is_told = True

    def _orders(self) -> Iterator[dict[str, Any]]:
        """Orders that were settled, and those that have just become unknown."""
        waiting = sorted(self._pending)
        query = (
            f"SELECT rowid, {', '.join(ORDER)} FROM intent WHERE mode = ? AND"  # noqa: S608 - own names
            f" (rowid > ? OR req_id IN ({', '.join('?' for _ in waiting)})) ORDER BY rowid"
        )
        for rowid, *values in self._rows(query, self._newest, *waiting):
            facts = dict(zip(ORDER, values, strict=True))
            self._newest = max(self._newest, rowid)
            is_resolved = facts["state"] not in ("intended", "unknown")
            if is_resolved or (facts["state"] == "unknown" and facts["req_id"] not in self._pending):
                yield _line("order", facts)
            (self._pending.discard if is_resolved else self._pending.add)(facts["req_id"])

    def _closed(self) -> Iterator[dict[str, Any]]:
        """Positions that were open at the look before and are not any more."""
        open_now = self._open_tickets()
        gone, self._open = self._open - open_now, open_now
        query = f"SELECT {', '.join(POSITION)} FROM position WHERE mode = ? AND ticket = ?"  # noqa: S608 - own names
        for ticket in sorted(gone):
            for row in self._rows(query, ticket):
                yield _line("position_closed", dict(zip(POSITION, row, strict=True)))

    def _open_tickets(self) -> set[int]:
        return {row[0] for row in self._rows("SELECT ticket FROM position WHERE mode = ? AND state = 'open'")}

    def _rows(self, query: str, *values: object) -> list[Any]:
        return self._journal.rows(query, (self._journal.mode, *values))


def _line(event: str, facts: dict[str, Any]) -> dict[str, Any]:
    """With an id of its own: a line that is shipped twice is then one document."""
    return {"event": event, "event_id": str(uuid.uuid4()), **facts}
