"""One symbol's bars: asked for when one is due, kept in the cache, within the quota, by a clock that is right."""

from __future__ import annotations

import logging
from typing import NamedTuple

from mt5_sentinel import _core, cross_check
from mt5_sentinel.bar_store import BarStore, Row, day_utc
from mt5_sentinel.cross_check import CrossCheck
from mt5_sentinel.errors import SentinelError, Transient, Unusable
from mt5_sentinel.ports import Clock, Market
from mt5_sentinel.settings import Settings
from mt5_sentinel.stages import stage
from mt5_sentinel.types import INTERVAL_S, CycleRecord, Page

STEP_S_MAX = 1.0
"""How far the wall clock may move apart from the steady one during a request, seconds."""

log = logging.getLogger("mt5_sentinel")


class Brought(NamedTuple):
    """What a cycle works on."""

    cleaned: _core.Cleaned
    price: float
    """The newest price known, of the bar still forming where there is one."""
    price_s: int
    """When it was answered, UTC seconds."""
    newest: Row
    """The newest closed bar as it is stored."""


class History:
    """Asks a source as seldom as can be, and remembers; the bars it gives are closed and final as far as is known."""

    def __init__(
        self,
        market: Market,
        store: BarStore,
        calendar: _core.Calendar,
        settings: Settings,
        clock: Clock,
        crossed: CrossCheck | None = None,
    ) -> None:
        """Nothing is asked yet.

        Args:
            market: the source.
            store: the cache, and the account of the quota.
            calendar: when the market trades.
            settings: symbol, interval, history, bounds of quota and clock.
            clock: this machine's time.
            crossed: compares what came with another source.
        """
        self.market = market
        self.store = store
        self._calendar = calendar
        self._settings = settings
        self._clock = clock
        self._crossed = crossed
        self._interval_s = INTERVAL_S[settings.interval]
        self._series = store.series(market.name, market.origin, self._interval_s)
        for asked in (market,) if crossed is None else (market, crossed.other):
            store.share(asked.name, asked.origin, calendar, self._interval_s)
        self._watch = _core.ClockWatch()
        self._tried: tuple[int, int, int] | None = None
        self._swept_at_s: int | None = None
        self._missing = 0
        self._failure: SentinelError | None = None

    def bring(self, record: CycleRecord, now_s: float, decided_bar_s: int | None) -> Brought:
        """The newest closed bars, from the cache and, where one is due, from the source.

        Raises:
            Transient: a bar is due and the source did not give it; another cycle may succeed.
            Unusable: the clock is wrong, the bars are stale, or what came cannot be used.
            Misconfigured: the source will never answer this configuration.
        """
        moment_s, record.source = int(now_s), self.market.name
        failure = self._ask(record, moment_s, decided_bar_s)
        record.clock_skew_s = self._watch.skew_s(self._clock.wall_s(), self._clock.monotonic_s())
        self._check_clock()
        if failure is not None:
            raise self._told_with_age(failure, moment_s)
        known = self._series.known(self._settings.history_bars)
        with stage(record, "parse"):
            stored = self._series.rows(self._settings.history_bars)
            rows = _core.RawRows.from_rows(stored)
            cleaned = _core.clean(
                rows, interval_s=self._interval_s, now_s=moment_s, jump_ratio=self._settings.jump_ratio
            )
        record.bars, record.bar_open_s = len(cleaned.bars), cleaned.newest_open_s
        self._look_for_holes(cleaned, moment_s)
        price = cleaned.last_price if known.price is None else known.price
        return Brought(cleaned, price, known.answered_at_s or 0, stored[-1])

    def fresh(self, brought: Brought) -> _core.FreshBar:
        """The newest bar as the gate lets it through now, by a clock that the last answer did not contradict.

        Raises:
            Unusable: as ``check_fresh``, or the clock is wrong.
        """
        self._check_clock()
        return self._gate(brought.cleaned.newest_open_s, int(self._clock.wall_s()))

    def _gate(self, newest_open_s: int, now_s: int) -> _core.FreshBar:
        return _core.check_fresh(
            self._calendar,
            newest_open_s=newest_open_s,
            now_s=now_s,
            interval_s=self._interval_s,
            grace_s=self._settings.stale_grace_s,
        )

    def _look_for_holes(self, cleaned: _core.Cleaned, moment_s: int) -> None:
        """Tell of holes; after a sweep that left other ones than before, sweep once more."""
        if self._swept_at_s == moment_s:
            missing = cleaned.missing_count(self._interval_s, self._calendar)
            log.info("  %d bars in all; %d are missing in open hours", len(cleaned.bars), missing)
            if missing != self._missing:
                self._missing, self._swept_at_s = missing, None

    def confirm(self, brought: Brought, decided_bar_s: int | None) -> None:
        """Refuse what is fresh and still must not be decided.

        Raises:
            Unusable: too many bars are missing; where ``cross_check`` is ``refuse``, the sources disagree on the newest
                bar, or it could not be compared.
        """
        share_max = self._settings.missing_share_max
        brought.cleaned.check_holes(self._interval_s, self._calendar, _core.needed_bars(), share_max)
        if self._crossed is not None:
            self._crossed.confirm(brought.newest, decided_bar_s)

    def _ask(self, record: CycleRecord, moment_s: int, decided_bar_s: int | None) -> SentinelError | None:
        """Send what is due; give back why it failed."""
        plan = self._plan(moment_s, decided_bar_s)
        if plan.window is None:
            log.info("✓ Fetched 0 bars: %s", "none is due" if plan.need == "nothing" else "it is asked again later")
            return self._failure if plan.need != "nothing" else None
        self._tried = plan.tried
        began = self._clock.wall_s(), self._clock.monotonic_s()
        try:
            with stage(record, "fetch"):
                page = self.market.fetch(*plan.window, lambda: self._pay(self.market, record, moment_s))
            self._note_time(page, began)
            if page.remaining == 0:
                record.conditions.append("rate_limit_reached")
                log.warning("%s answers no further request now, by its own count", self.market.name)
            with stage(record, "parse"):
                self._keep(record, page, plan.asked_from_s, moment_s)
        except SentinelError as error:
            if error.reason == "quota_budget" and self._failure is not None:
                return self._failure  # why it would have been asked again
            self._hold(self.market, error, moment_s)
            # Until it is asked again, this is why there is no bar.
            self._failure = type(error)(f"{error} (asked at {_core.time_text(moment_s)} UTC)", error.reason)
            return error
        self._failure = None
        if plan.sweeps:
            self._swept_at_s = moment_s
        self._cross(record, moment_s)
        return None

    def _note_time(self, page: Page, began: tuple[float, float]) -> None:
        """Compare clocks; an answer that was asked for by another time than it is read by is not used."""
        ended = self._clock.wall_s(), self._clock.monotonic_s()
        if page.date is not None:
            self._watch.note(page.date, ended[1])
        elif self.market.tells_time:
            raise Unusable(
                f"{self.market.name} did not tell its time, so this clock cannot be trusted", "clock_unknown"
            )
        self._check_clock()
        _core.check_step(began, ended, STEP_S_MAX)

    def _cross(self, record: CycleRecord, moment_s: int) -> None:
        """Compare what is stored now with the other source."""
        if self._crossed is None:
            return
        other = self._crossed.other
        stored = self._series.rows(cross_check.BARS)
        fault = self._crossed.check(record, stored, moment_s, lambda: self._pay(other, record, moment_s))
        if fault is not None:
            self._hold(other, fault, moment_s)

    def _hold(self, market: Market, fault: SentinelError, moment_s: int) -> None:
        """Remember when a source wants to be asked again."""
        if fault.hold_s is not None:
            self.store.hold(market.name, moment_s + fault.hold_s)

    def _plan(self, moment_s: int, decided_bar_s: int | None) -> _core.FetchPlan:
        known = self._series.known(self._settings.history_bars)
        return _core.plan_fetch(
            self._calendar,
            interval_s=self._interval_s,
            history_bars=self._settings.history_bars,
            now_s=moment_s,
            asked_from_s=known.asked_from_s,
            stored=known.stored,
            newest_open_s=known.newest_open_s,
            answered_at_s=known.answered_at_s,
            swept_at_s=self._swept_at_s,
            decided_open_s=decided_bar_s,
            tried=self._tried,
            clock_is_doubted=self._clock_is_doubted(),
        )

    def _pay(self, market: Market, record: CycleRecord, moment_s: int) -> None:
        """Put one request on today's account before it is sent, or refuse to send it."""
        held_until_s = self.store.held_until_s(market.name)
        if moment_s < held_until_s:
            until = _core.time_text(int(held_until_s))
            raise Transient(f"{market.name} is not asked before {until} UTC, as it asked for", "fetch_held")
        units = market.units_per_call
        if units:
            day = day_utc(moment_s)
            budget = self._settings.eodhd_quota_units, self._settings.eodhd_quota_share
            kept = 0
            if market.name in record.calls or (market is self.market and self._is_repeated()):
                kept = _core.quota_rest(self.store.sharers(market.name), cost=units, now_s=moment_s)
            self.store.spend(market.name, day, units, lambda spent: _core.check_quota(spent, units, *budget, kept))
        record.calls[market.name] = record.calls.get(market.name, 0) + 1
        record.fetch_calls += 1
        record.quota_units += units

    def _is_repeated(self) -> bool:
        """Whether the due bar was asked for before; such requests leave what others need for theirs."""
        return self._tried is not None and self._tried[1] > 1

    def _keep(self, record: CycleRecord, page: Page, asked_from_s: int, moment_s: int) -> None:
        """Clean what came and store its closed bars."""
        rows = _core.parse(page.body)
        record.rows = len(rows)
        # A bar is closed when it is by both clocks, the machine's at the start of the cycle and the server's.
        closed_s = self._watch.closed_by(moment_s, self._clock.monotonic_s())
        cleaned = _core.clean(rows, interval_s=self._interval_s, now_s=closed_s, jump_ratio=self._settings.jump_ratio)
        cleaned.check_times(self._interval_s)
        report = cleaned.report
        record.dropped, record.repaired = dict(report["dropped"]), report["repaired"]
        bars = cleaned.bars.rows()
        reaches_s = min(asked_from_s, bars[0][0])
        answered_s = int(self._clock.wall_s())
        revised = self._series.keep(bars, cleaned.last_price, asked_from_s=reaches_s, answered_at_s=answered_s)
        log.info("✓ Fetched %d bars", report["bars"])
        removed = ", ".join(f"{count} {cause}" for cause, count in record.dropped.items() if count)
        log.info(
            "  %d rows came; dropped: %s; repaired: %d; revised since: %d",
            *(report["rows"], removed or "none", report["repaired"], revised),
        )
        if report["time_conflicts"] or report["jumps"]:
            log.warning("  %d time conflicts, %d price jumps reported", report["time_conflicts"], report["jumps"])

    def _check_clock(self) -> None:
        """Refuse to go on by a clock that differs from the source's."""
        self._watch.check(self._clock.wall_s(), self._clock.monotonic_s(), self._settings.clock_skew_max_s)

    def _clock_is_doubted(self) -> bool:
        try:
            self._check_clock()
        except Unusable:
            return True
        return False

    def _told_with_age(self, failure: SentinelError, moment_s: int) -> SentinelError:
        """The failure, or that the stored bars are stale, where they are: that is what a trader has to know first."""
        newest_open_s = self._series.known().newest_open_s
        if newest_open_s is None or not isinstance(failure, Transient):
            return failure
        try:
            self._gate(newest_open_s, moment_s)
        except Unusable as old:
            return Unusable(f"{old}; {failure}", old.reason) if old.reason == "stale" else failure
        return failure
