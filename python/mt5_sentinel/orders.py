"""Orders and positions in the journal: what was meant, what became of it, what is open."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from mt5_sentinel import _core
from mt5_sentinel.journal_file import JournalFile, utc
from mt5_sentinel.types import ClosedBy, Execution, OrderRequest, Side

UNRESOLVED = "('intended', 'unknown')"

IS_ANOTHER = "state = 'open' AND req_id IS NOT excluded.req_id"
"""Whether another order adds to a position that is open."""

ANEW = """opened_utc = CASE state WHEN 'open' THEN opened_utc ELSE excluded.opened_utc END,
    profit = CASE state WHEN 'open' THEN profit ELSE 0 END, closed_utc = NULL, closed_price = NULL, closed_by = NULL,
    state = 'open'"""
"""What becomes of a row whose ticket is open again: nothing of a closed one stays, for a broker may count anew."""


class Kept(NamedTuple):
    """A position that is open by the journal."""

    ticket: int
    side: Side
    lots: float
    price: float
    sl: float | None
    tp: float | None
    opened_lots: float
    """What it was opened with; more than ``lots`` where a part was closed."""


class Orders:
    """Intents and positions of one way of trading (``mode``) in the journal's file."""

    def __init__(self, file: JournalFile) -> None:
        """Write into a file that is open."""
        self.file = file

    def intend(self, request: OrderRequest, cycle_id: int) -> None:
        """Write an order down before it is sent; on disk when this returns, and a request id goes in only once."""
        is_open = request.kind == "open"
        self.file.write(
            "INSERT INTO intent (req_id, cycle_id, symbol, mode, bar_open_s, side, close_lots, open_lots, created_utc,"
            " not_after_utc, created_s, not_after_s, state, kind, purpose, ticket, sl, tp, magic, deviation_points)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'intended', ?, ?, ?, ?, ?, ?, ?)",
            (
                *(request.req_id, cycle_id, request.symbol, self.file.mode, request.bar_open_s or 0, request.side),
                *(0.0 if is_open else request.lots, request.lots if is_open else 0.0),
                *(utc(request.created_s), utc(request.not_after_s), request.created_s, request.not_after_s),
                *(request.kind, request.purpose, request.ticket, request.sl, request.tp, request.magic),
                request.deviation_points,
            ),
        )

    def settle(
        self,
        request: OrderRequest,
        state: str,
        now_s: float,
        *,
        execution: Execution | None = None,
        detail: str | None = None,
    ) -> None:
        """Write what became of an order, and what that makes of the positions, as a whole."""
        with self.file.whole():
            done = None if execution is None else execution.lots
            opened, closed = (done, 0.0) if request.kind == "open" else (0.0, done)
            self.file.write(
                "UPDATE intent SET state = ?, detail = ?, settled_utc = ?, price = ?, opened_lots = ?, closed_lots = ?,"
                " profit = ?, retcode = ?, ticket = coalesce(?, ticket) WHERE req_id = ?",
                (
                    *(state, detail, utc(now_s), execution and execution.price),
                    *((opened, closed) if execution else (None, None)),
                    *((execution.profit, execution.retcode, execution.ticket) if execution else (None,) * 3),
                    request.req_id,
                ),
            )
            # A cycle that was killed after its intent learns here what became of it.
            self.file.write(
                "UPDATE cycle SET req_id = intent.req_id, outcome = intent.state, bar_open_s = intent.bar_open_s"
                " FROM intent WHERE intent.req_id = ? AND cycle.id = intent.cycle_id AND cycle.status = 'interrupted'",
                (request.req_id,),
            )
            if execution is not None and request.kind == "open":
                self._opened(request, execution, now_s)
            elif execution is not None:
                self._closed_by_order(request.ticket, execution, now_s)

    def unresolved(self, symbol: str) -> list[OrderRequest]:
        """Orders whose outcome is not known, oldest first."""
        found = self.file.rows(
            "SELECT req_id, kind, symbol, side, open_lots + close_lots, purpose, coalesce(magic, 0),"  # noqa: S608
            " coalesce(created_s, 0.0), coalesce(not_after_s, 0.0), coalesce(ticket, 0), sl, tp,"
            " coalesce(deviation_points, 0), bar_open_s FROM intent"
            f" WHERE symbol = ? AND mode = ? AND state IN {UNRESOLVED} ORDER BY created_s, rowid",
            (symbol, self.file.mode),
        )
        return [OrderRequest(*row) for row in found]

    def leaving(self, symbol: str) -> set[int]:
        """Positions whose own exit has an unknown outcome."""
        return {one.ticket for one in self.unresolved(symbol) if one.kind == "close"}

    def open_elsewhere(self, traded: Collection[str]) -> list[str]:
        """Symbols with open positions by the journal that are not among these."""
        query = "SELECT DISTINCT symbol FROM position WHERE mode = ? AND state = 'open' ORDER BY symbol"
        return [row[0] for row in self.file.rows(query, (self.file.mode,)) if row[0] not in traded]

    def attempts(self, symbol: str, kind: str, *, ticket: int | None = None, bar_open_s: int | None = None) -> int:
        """How many orders were written for a position to close, or for a bar."""
        column, value = ("ticket", ticket) if bar_open_s is None else ("bar_open_s", bar_open_s)
        found = self.file.rows(
            f"SELECT count(*) FROM intent WHERE mode = ? AND symbol = ? AND kind = ? AND {column} = ?",  # noqa: S608
            (self.file.mode, symbol, kind, value),
        )
        return int(found[0][0])

    def symbols(self) -> set[str]:
        """Symbols that an order was ever written for."""
        return {
            row[0] for row in self.file.rows("SELECT DISTINCT symbol FROM intent WHERE mode = ?", (self.file.mode,))
        }

    def open_positions(self, symbol: str) -> list[Kept]:
        """Positions that are open by the journal."""
        found = self.file.rows(
            "SELECT ticket, side, lots, price, sl, tp, opened_lots FROM position"
            " WHERE mode = ? AND symbol = ? AND state = 'open' ORDER BY ticket",
            (self.file.mode, symbol),
        )
        return [Kept(*row) for row in found]

    def adopt(self, position: _core.Position) -> None:
        """Take over a position as the broker has it; one that is new to the journal, or closed by it, begins anew."""
        self.file.write(
            "INSERT INTO position (mode, ticket, symbol, side, opened_lots, lots, price, sl, tp, req_id, opened_utc,"  # noqa: S608
            " state) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9, ?10, 'open')"
            " ON CONFLICT (mode, ticket) DO UPDATE SET lots = excluded.lots, side = excluded.side,"
            " price = excluded.price, sl = excluded.sl, tp = excluded.tp,"
            " opened_lots = CASE state WHEN 'open' THEN max(opened_lots, excluded.lots) ELSE excluded.lots END,"
            f" {ANEW}",
            (
                *(self.file.mode, position.ticket, position.symbol, position.side, position.lots, position.price),
                *(position.sl, position.tp, position.req_id, utc(position.opened_s)),
            ),
        )

    def adopt_price(self, position: _core.Position) -> None:
        """Take over the price a position was opened at."""
        self.file.write(
            "UPDATE position SET price = ? WHERE mode = ? AND ticket = ?",
            (position.price, self.file.mode, position.ticket),
        )

    def adopt_levels(self, position: _core.Position) -> None:
        """Take over stop and target."""
        self.file.write(
            "UPDATE position SET sl = ?, tp = ? WHERE mode = ? AND ticket = ?",
            (position.sl, position.tp, self.file.mode, position.ticket),
        )

    def accounted(self, ticket: int, left: float, sums: tuple[float, float, float], by: ClosedBy) -> None:
        """Write what the broker's history tells of a position: profit of all its parts, mean price, last time.

        With nothing ``left`` it is closed.
        """
        profit, price, closed_s = sums
        self._rest(ticket, left, price, by, closed_s, "profit = ?", profit)

    def gone(self, ticket: int, now_s: float) -> None:
        """Close a position that is not at the broker any more, and of which nothing is known."""
        self._rest(ticket, 0.0, None, "unknown", now_s, "profit = profit + ?", 0.0)

    def note_difference(self, symbol: str, difference: _core.Difference, outcome: str, now_s: float) -> None:
        """Write down in what book and journal differed, and what came of it."""
        self.file.write(
            "INSERT INTO difference (at_utc, mode, symbol, ticket, kind, rule, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (utc(now_s), self.file.mode, symbol, difference.ticket, difference.kind, outcome, difference.detail),
        )

    def _opened(self, request: OrderRequest, execution: Execution, now_s: float) -> None:
        """A new position, or more of one that is open: on a netting account orders of a symbol share one."""
        self.file.write(
            "INSERT INTO position (mode, ticket, symbol, side, opened_lots, lots, price, sl, tp, req_id,"  # noqa: S608
            " opened_utc, state) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9, ?10, 'open')"
            " ON CONFLICT (mode, ticket) DO UPDATE SET side = excluded.side, price = excluded.price, sl = excluded.sl,"
            " tp = excluded.tp, req_id = excluded.req_id,"
            f" lots = CASE WHEN {IS_ANOTHER} THEN lots + excluded.lots ELSE excluded.lots END,"
            f" opened_lots = CASE WHEN {IS_ANOTHER} THEN opened_lots + excluded.lots ELSE excluded.lots END,"
            f" {ANEW}",
            (
                *(self.file.mode, execution.ticket, request.symbol, request.side, execution.lots, execution.price),
                *(request.sl, request.tp, request.req_id, utc(now_s)),
            ),
        )

    def _closed_by_order(self, ticket: int, execution: Execution, now_s: float) -> None:
        found = self.file.rows(
            "SELECT lots FROM position WHERE mode = ? AND ticket = ? AND state = 'open'", (self.file.mode, ticket)
        )
        left = _core.lots_left(found[0][0], execution.lots) if found else 0.0
        self._rest(ticket, left, execution.price, "order", now_s, "profit = profit + ?", execution.profit)

    def _rest(
        self, ticket: int, left: float, price: float | None, by: str, closed_s: float, booked: str, profit: float
    ) -> None:
        """What is left of a position; with nothing left it is closed."""
        if left > 0:
            changed, values = "lots = ?", (left,)
        else:
            changed = "state = 'closed', closed_utc = ?, closed_price = ?, closed_by = ?"
            values = (utc(closed_s), price, by)  # type: ignore[assignment]
        self.file.write(
            f"UPDATE position SET {booked}, {changed} WHERE mode = ? AND ticket = ? AND state = 'open'",  # noqa: S608
            (profit, *values, self.file.mode, ticket),
        )
