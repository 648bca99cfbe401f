"""A second source of bars: asked for the newest ones after each answer of the first, and compared with it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from mt5_sentinel import _core
from mt5_sentinel.bar_store import Row
from mt5_sentinel.errors import SentinelError, Unusable
from mt5_sentinel.ports import Market
from mt5_sentinel.settings import Settings
from mt5_sentinel.stages import stage
from mt5_sentinel.types import INTERVAL_S, CycleRecord

BARS = 48
"""Bars that are compared, the newest: two days of hours."""

DISAGREE = "sources_disagree"
FAILED = "cross_check_failed"

log = logging.getLogger("mt5_sentinel")


class CrossCheck:
    """Compares two sources and remembers what that said of the newest bar.

    A difference is none up to ``cross_check_points``. What their closes differ by in the median is taken out first, for
    bid and ask do; one beyond the same bound is no spread, and every bar differs by it. Bars that only one has are
    counted and told, no more: one in twenty hours of a currency pair is missing somewhere.
    """

    def __init__(self, main: str, other: Market, settings: Settings, facts: _core.SymbolFacts) -> None:
        """Nothing is asked yet.

        Args:
            main: name of the source whose bars are decided on.
            other: the source they are compared with.
            settings: bound and consequence of a difference.
            facts: what a point is.
        """
        self.other = other
        self._main = main
        self._settings = settings
        self._facts = facts
        self._judged: Row | None = None
        self._doubt: tuple[str, str] | None = None

    def check(
        self, record: CycleRecord, stored: list[Row], moment_s: int, pay: Callable[[], None]
    ) -> SentinelError | None:
        """Compare stored bars, oldest first, with the other source's.

        Conditions and the log tell of what is wrong; nothing is raised for it. ``pay`` is as for ``Market.fetch``.

        Returns:
            The fault of the other source, if it has one.
        """
        newest = stored[-1]
        try:
            with stage(record, "cross_check"):
                found = self._compared(stored, moment_s, pay)
        except SentinelError as fault:
            self._note_failed(record, newest, str(fault))
            return fault
        if found["differing"]:
            record.conditions.append(DISAGREE)
            log.warning("%s", self._told(found))
        if found["last_common"] != newest[0]:
            self._note_failed(record, newest, f"{self.other.name} has no bar of {_core.time_text(newest[0])} UTC")
            return None
        self._judged, self._doubt = newest, None
        last = found["last_differing"]
        if last is not None and last[0] == newest[0]:
            self._doubt = (f"the newest bar is disputed and not decided: {self._values(last)}", DISAGREE)
        elif not found["differing"]:
            log.info("✓ %d bars agree with %s", found["common"], self.other.name)
        return None

    def confirm(self, newest: Row, decided_bar_s: int | None) -> None:
        """Refuse an undecided bar that is disputed or was not compared, where ``cross_check`` is ``refuse``.

        Raises:
            Unusable: ``sources_disagree`` or ``cross_check_failed``.
        """
        if self._settings.cross_check != "refuse" or (decided_bar_s is not None and newest[0] <= decided_bar_s):
            return
        if newest != self._judged:  # after a start, or revised since
            raise Unusable(f"the bar of {_core.time_text(newest[0])} UTC is not compared yet", FAILED)
        if self._doubt is not None:
            raise Unusable(*self._doubt)

    def _compared(self, stored: list[Row], moment_s: int, pay: Callable[[], None]) -> _core._Comparison:
        page = self.other.fetch(stored[0][0], moment_s, pay)
        mine, theirs = (
            _core.clean(
                rows,
                interval_s=INTERVAL_S[self._settings.interval],
                now_s=moment_s,
                jump_ratio=self._settings.jump_ratio,
            ).bars
            for rows in (_core.RawRows.from_rows(stored), _core.parse(page.body))
        )
        return _core.compare_bars(
            mine,
            theirs,
            tolerance_points=self._settings.cross_check_points,
            point=self._facts.point,
            levels=True,
        )

    def _note_failed(self, record: CycleRecord, newest: Row, because: str) -> None:
        """The newest bar was not compared; what an earlier check said of the same bar stays true."""
        record.conditions.append(FAILED)
        log.warning("The newest bar is not compared with %s: %s", self.other.name, because)
        if newest != self._judged:
            self._judged = newest
            self._doubt = (f"the newest bar is not confirmed by {self.other.name}, and not decided: {because}", FAILED)

    def _told(self, found: _core._Comparison) -> str:
        main, other = self._main, self.other.name
        first = self._values(found["first_differing"][0])
        return (
            f"{main} and {other} disagree on {found['differing']} of {found['common']} bars by more than"
            f" {self._settings.cross_check_points:g} points; the first: {first} (taken out: {found['taken_out']:+.6g});"
            f" bars of {main} alone: {found['only_a']}, of {other} alone: {found['only_b']}"
        )

    def _values(self, one: tuple[int, str, float, float]) -> str:
        opened_s, field, mine, theirs = one
        moment = _core.time_text(opened_s)
        return f"{field} of {moment} UTC, {self._main} {mine!r}, {self.other.name} {theirs!r}"
