"""Risk as one symbol sees it: what the journal remembers goes to the core, what the core says is remembered."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from pathlib import Path

from mt5_sentinel import _core, files, kill_switch
from mt5_sentinel.errors import Misconfigured, Unusable
from mt5_sentinel.journal_file import JournalFile, utc
from mt5_sentinel.settings import Settings
from mt5_sentinel.types import RiskState

CLOSED_MAX = 1000
"""Closed positions that are looked at for losses in a row; the most the setting allows."""

BOOK_LAG_S = 300
"""How long after its fill a position may be missing from a book and still counts as open: another thread may have read
its book before."""

PACE_S = 86_400 + 60
"""Openings are counted within a UTC day and within 60 seconds; what lies further back is in neither."""

CLOSED = """
SELECT CAST(strftime('%s', closed_utc) AS INTEGER), profit FROM position
WHERE mode = ?1 AND state = 'closed' AND closed_utc >= coalesce((SELECT closed_utc FROM position
    WHERE mode = ?1 AND state = 'closed' AND closed_utc < ?3 AND profit >= 0 ORDER BY closed_utc DESC LIMIT 1), '')
ORDER BY closed_utc DESC, ticket DESC LIMIT ?2"""
"""From the newest trade on that lost nothing and is older than a pause: no loss before it counts towards one, and no
pause that began before it lasts. All of them, read at each look, cost more than the rest of a cycle."""

OPENINGS = """
SELECT CAST(strftime('%s', created_utc) AS INTEGER) FROM intent
WHERE mode = ? AND kind = 'open' AND open_lots > 0 AND created_utc >= ?"""

PENDING = """
SELECT i.req_id, coalesce(p.ticket, nullif(i.ticket, 0)), i.symbol, i.side, i.open_lots, i.sl, i.tp
FROM intent AS i LEFT JOIN position AS p ON p.mode = i.mode AND p.req_id = i.req_id
WHERE i.mode = ? AND i.kind = 'open' AND i.open_lots > 0 AND (p.state IS NULL OR p.state <> 'closed')
AND (i.state IN ('intended', 'unknown') OR i.state = 'filled' AND coalesce(i.settled_utc, i.created_utc) >= ?)"""

LEDGER = """
SELECT day, day_start_equity, day_halted, peak_equity, state, because, since_s, until_s FROM risk WHERE mode = ?"""

DAY = "SELECT start_equity, halted FROM risk_day WHERE mode = ? AND day = ? / 86400"

log = logging.getLogger("mt5_sentinel")


def limits(settings: Settings) -> _core.Limits:
    """The bounds of risk.

    Raises:
        Misconfigured: settings that contradict each other.
    """
    return _core.Limits(settings)


def news(settings: Settings) -> _core.News:
    """The windows of the news file.

    Raises:
        Misconfigured: it cannot be read, or lines of it are bad; names each.
    """
    if not settings.news_file:
        return _core.News()
    try:
        return _core.News(files.read(settings.news_file))
    except Unusable as error:
        raise Misconfigured(f"news_file: {error}", "bad_news_file") from None
    except Misconfigured as error:
        raise files.naming(settings.news_file, error) from None


class Risk:
    """The gate of one symbol; the ledger behind it is the account's, shared by all symbols and their threads."""

    def __init__(self, settings: Settings, file: JournalFile, calendar: _core.Calendar) -> None:
        """Read the news file; nothing is written yet.

        Raises:
            Misconfigured: settings that contradict each other, or a bad news file.
        """
        self._settings = settings
        self._file = file
        self._calendar = calendar
        self._limits = limits(settings)
        self._news = news(settings)
        self._directory = settings.state_path
        configured = (Path(settings.halt_file),) if settings.halt_file else ()
        # `mt5-sentinel halt` knows the state directory only: its file halts too, whatever is configured.
        self._switches = (self._directory / kill_switch.HALT, *configured)

    def standing(self, now_s: float) -> tuple[RiskState, str | None]:
        """What may be traded at this moment, and why not everything; exits may in every state. Writes nothing.

        The account is as it was last observed. What needs no book - the kill switch, the end of a day or of a pause -
        is as it is now.
        """
        before = self._ledger()
        if before is None:
            return ("HALTED", "kill_switch") if self.is_switched else ("ACTIVE", None)
        known = self._known(int(now_s))
        # An equity that loses nothing: what is in force all the same is so by the ledger, the switch or the clock.
        unhurt = max(before.peak_equity, before.day_start_equity, *(known or ())[:1])
        after, _ = self._judged(before, unhurt, int(now_s), kill_switch.strictest(self._switches))
        is_near_limit = before.state == "REDUCING" and (
            before.because == "drawdown" or (before.because == "daily_loss" and before.day == int(now_s) // 86_400)
        )
        found = before if after is None or (after.state == "ACTIVE" and is_near_limit) else after
        return found.state, found.because

    @property
    def is_switched(self) -> bool:
        """Whether a file halts; asks neither the journal nor the broker, and raises nothing."""
        return kill_switch.strictest(self._switches) != "off"

    def drawdown(self, book: _core.Book) -> float:
        """How far the equity lies below its highest mark, as last observed, account currency."""
        ledger = self._ledger()
        return 0.0 if ledger is None else ledger.drawdown(book.account.equity)

    def observe(self, book: _core.Book, now_s: float) -> list[str]:
        """Bring the account's ledger to this moment; the conditions that are worth a warning.

        Follows a person's ``resume``. Not to be called within a transaction.
        """
        mark = kill_switch.resume_mark(self._directory)
        with self._file.whole():
            if mark is not None:
                self._resume(mark, book, int(now_s))
            _, conditions = self._advance(book, int(now_s), kill_switch.strictest(self._switches))
        if mark is not None:
            kill_switch.forget_resume(self._directory, mark)
        ended = ["news_ended"] if self._news.has_ended(int(now_s)) else []
        return conditions + ended

    def due_exits(self, book: _core.Book, now_s: float) -> list[_core.Exit]:
        """Own positions of the symbol that must be closed now: before a weekend, or by the kill switch."""
        return _core.due_exits(
            self._limits,
            book=book,
            symbol=self._settings.symbol,
            now_s=int(now_s),
            calendar=self._calendar,
            switch=kill_switch.strictest(self._switches),
        )

    def approve(
        self,
        side: str,
        *,
        book: _core.Book,
        quote: _core.Quote,
        facts: Mapping[str, _core.SymbolFacts],
        bars: _core.Bars,
        bar: _core.FreshBar,
        halted: bool,
    ) -> _core.Ruling:
        """Rule on the wish to be on ``side``: exits always go, and the entry only within every limit.

        An entry is approved for the moment. Call this and write its intent within one ``JournalFile.whole()``, so that
        no other symbol is approved in between; send it once the exits are filled.

        Args:
            side: BUY or SELL.
            book: the broker's, read in this cycle.
            quote: bid and ask now.
            facts: of every symbol that is open, and of this one.
            bars: closed bars, for the average true range.
            bar: the bar that was decided on, and the moment.
            halted: whether the daemon halted itself.
        """
        switch = kill_switch.strictest(self._switches)
        with self._file.whole():
            ledger, _ = self._advance(book, bar.now_s, switch)
            return _core.approve(
                side,
                self._limits,
                symbol=self._settings.symbol,
                book=book,
                quote=quote,
                facts=dict(facts),
                bars=bars,
                bar=bar,
                ledger=ledger,
                pending=self._pending(bar.now_s),
                openings_s=[row[0] for row in self._file.rows(OPENINGS, (self._file.mode, utc(bar.now_s - PACE_S)))],
                calendar=self._calendar,
                news=self._news,
                halted=halted,
                switch=switch,
            )

    def slipped(self, side: str, *, wanted: float, filled: float, facts: _core.SymbolFacts) -> str | None:
        """The condition ``slippage`` where an order was filled worse than the limit allows."""
        points = _core.slippage_beyond(self._limits, side, wanted=wanted, filled=filled, facts=facts)
        if points is None:
            return None
        log.warning(
            "Slippage of %.1f points: %s wanted at %.5f, filled at %.5f; slippage_points_max is %d",
            *(points, side, wanted, filled, self._settings.slippage_points_max),
        )
        return "slippage"

    def _advance(
        self, book: _core.Book, now_s: int, switch: kill_switch.Switch
    ) -> tuple[_core.Ledger | None, list[str]]:
        before = self._ledger()
        ledger, conditions = self._judged(before, book.account.equity, now_s, switch)
        if ledger is not None:
            self._store(before, ledger, now_s)
        return ledger, conditions

    def _judged(
        self, before: _core.Ledger | None, equity: float, now_s: int, switch: kill_switch.Switch
    ) -> tuple[_core.Ledger | None, list[str]]:
        paused_s = math.ceil(self._settings.cooldown_minutes * 60)
        closed = self._file.rows(CLOSED, (self._file.mode, CLOSED_MAX, utc(now_s - paused_s)))
        return _core.advance_ledger(
            before,
            self._limits,
            now_s=now_s,
            known=self._known(now_s),
            equity=equity,
            closed=[(closed_s, profit) for closed_s, profit in reversed(closed)],
            switch=switch,
        )

    def _resume(self, mark: str, book: _core.Book, now_s: int) -> None:
        """Follow a ``resume`` once, even where its file cannot be taken away."""
        if self._file.rows("SELECT 1 FROM risk_change WHERE mode = ? AND because = ?", (self._file.mode, mark)):
            return
        before, state = self._ledger(), "ACTIVE"
        if before is not None:
            after = _core.resume_ledger(before, equity=book.account.equity, now_s=now_s)
            self._write(after)
            state = after.state
            log.warning("Resumed: %s, the highest mark is %.2f from now on", state, after.peak_equity)
        self._note(now_s, state, mark)

    def _ledger(self) -> _core.Ledger | None:
        rows = self._file.rows(LEDGER, (self._file.mode,))
        if not rows:
            return None
        day, start_equity, halted, peak_equity, state, because, since_s, until_s = rows[0]
        return _core.Ledger(
            day=day,
            day_start_equity=start_equity,
            day_halted=bool(halted),
            peak_equity=peak_equity,
            state=state,
            because=because,
            since_s=since_s,
            until_s=until_s,
        )

    def _known(self, now_s: int) -> tuple[float, bool] | None:
        """The UTC day of this moment as it was left, where it was seen before."""
        rows = self._file.rows(DAY, (self._file.mode, now_s))
        return (rows[0][0], bool(rows[0][1])) if rows else None

    def _store(self, before: _core.Ledger | None, after: _core.Ledger, now_s: int) -> None:
        if before is None or _values(before) != _values(after):
            self._write(after)
        was = ("ACTIVE", None) if before is None else (before.state, before.because)
        if was == (after.state, after.because):
            return
        self._note(now_s, after.state, after.because)
        until = "" if after.until_s is None else f" until {_core.time_text(after.until_s)} UTC"
        log.warning("Trading state: %s%s%s", after.state, f" ({after.because})" if after.because else "", until)

    def _write(self, ledger: _core.Ledger) -> None:
        statement = "INSERT OR REPLACE INTO risk VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        self._file.write(statement, (self._file.mode, *_values(ledger)))
        day = (self._file.mode, ledger.day, ledger.day_start_equity, int(ledger.day_halted))
        self._file.write("INSERT OR REPLACE INTO risk_day VALUES (?, ?, ?, ?)", day)

    def _note(self, now_s: int, state: str, because: str | None) -> None:
        statement = "INSERT INTO risk_change (at_utc, mode, state, because) VALUES (?, ?, ?, ?)"
        self._file.write(statement, (utc(now_s), self._file.mode, state, because))

    def _pending(self, now_s: int) -> list[_core.Pending]:
        return [
            _core.Pending(req_id=req_id, ticket=ticket, symbol=symbol, side=side, lots=lots, sl=sl, tp=tp)
            for req_id, ticket, symbol, side, lots, sl, tp in self._file.rows(
                PENDING, (self._file.mode, utc(now_s - BOOK_LAG_S))
            )
        ]


def _values(ledger: _core.Ledger) -> tuple[int, float, int, float, str, str | None, int, int | None]:
    """The ledger in the order of its table."""
    return (
        *(ledger.day, ledger.day_start_equity, int(ledger.day_halted), ledger.peak_equity),
        *(ledger.state, ledger.because, ledger.since_s, ledger.until_s),
    )
