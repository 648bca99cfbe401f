"""Whether a symbol could trade now, and why not: the same answer in the daemon and for those who read its journal."""

from __future__ import annotations

from typing import NamedTuple

from mt5_sentinel import _core, spans
from mt5_sentinel.types import INTERVAL_S, CycleRecord, DeskFacts

SILENT_AFTER_S = 180.0
"""No finished cycle for so long means that it hangs: three slots were missed."""

SOURCE_FAULTS = (
    *("fetch_held", "fetch_timeout", "fetch_connection", "fetch_unknown_host", "fetch_429"),
    *("cdn_challenge", "html_page", "empty_body", "quota_budget", "quota_spent", "gateway_timeout"),
)
"""Reasons of a source of bars that may answer the next time. What it was asked for may be late; ``data`` tells whether
it is."""

ORDER_FAULTS = ("order_pending", "order_unknown")


class Check(NamedTuple):
    """One thing that has to be so: ``loop``, ``data``, ``model``, ``broker``, ``orders`` or ``halt``."""

    name: str
    ok: bool
    why: str
    """One line, for people."""


NOT_HALTED = "not halted"
"""Said where risk, the daemon's guard and the gateway were all looked at."""

CHECKS = ("loop", "data", "model", "broker", "orders", "halt")
"""Their names, in the order they are told."""


class Seen(NamedTuple):
    """What is known of a symbol's cycles; minutes that were skipped (``still_running``) are none."""

    last: CycleRecord | None
    """The newest that has ended."""
    bar_open_s: int | None
    """Open time of the newest bar that any cycle had, UTC seconds."""
    silent_s: float
    """Since the newest cycle ended."""
    is_late: bool = False
    """Whether the newest minute was skipped, for a cycle still runs."""
    account: CycleRecord | None = None
    """The newest that read the broker's book, whichever process ran it."""
    risk: CycleRecord | None = None
    """The newest that told what risk allows, whichever process ran it."""


class Readiness:
    """The rules of one symbol."""

    def __init__(self, facts: DeskFacts) -> None:
        """Take what it is traded with."""
        self._facts = facts
        self._calendar = _core.Calendar(facts.symbol, facts.market, facts.holidays)
        self._interval_s = INTERVAL_S[facts.interval]

    def data_age_s(self, bar_open_s: int | None, now_s: float) -> float | None:
        """Seconds of open market since the newest bar closed; None where no bar is known."""
        if bar_open_s is None:
            return None
        return max(0, self._calendar.open_s_between(bar_open_s + self._interval_s, int(now_s)))

    @property
    def data_age_limit_s(self) -> float:
        """From which age on data is late: the next bar is due, and has not come within the grace."""
        return self._interval_s + min(self._facts.stale_grace_s, self._interval_s)

    def is_open(self, now_s: float) -> bool:
        """Whether the market is open."""
        return self._calendar.is_open(int(now_s))

    def checks(self, seen: Seen, now_s: float) -> list[Check]:
        """Each thing that has to be so, in the order of ``CHECKS``."""
        return [
            self._loop(seen, now_s),
            self._data(seen, now_s),
            self._model(seen),
            self._broker(seen, now_s),
            self._orders(seen),
            self._halt(seen),
        ]

    def _loop(self, seen: Seen, now_s: float) -> Check:
        last = seen.last
        if seen.silent_s > SILENT_AFTER_S:
            return Check("loop", False, f"no cycle has ended for {spans.told(seen.silent_s)}")
        if seen.is_late:
            return Check(
                "loop", False, f"a cycle still runs, this minute was skipped; {spans.told(seen.silent_s)} of silence"
            )
        if last is None:
            return Check("loop", False, "the first cycle has not ended yet")
        if last.status == "failed":
            told = f"the newest cycle failed: {last.reason}: {last.detail}"
            return Check("loop", _waits_for_source(last) and self._data(seen, now_s).ok, told)
        return Check("loop", True, "cycles end")

    def _data(self, seen: Seen, now_s: float) -> Check:
        if not self.is_open(now_s):
            return Check("data", True, "the market is closed")
        age_s = self.data_age_s(seen.bar_open_s, now_s)
        if age_s is None:
            return Check("data", False, "no bar was brought yet")
        if age_s > self.data_age_limit_s:
            age, allowed = spans.told(age_s), spans.told(self.data_age_limit_s)
            more = f"{spans.told(age_s - self.data_age_limit_s)} more than the {allowed} that"
            beyond = f"{more if age == allowed else allowed} are allowed"
            return Check("data", False, f"the newest bar closed {age} of open market ago, {beyond}")
        return Check("data", True, f"the newest bar closed {spans.told(age_s)} of open market ago")

    def _model(self, seen: Seen) -> Check:
        last, scoring = seen.last, self._facts.scoring
        if last is not None and last.status == "failed" and last.scores is None and _reached_model(last):
            return Check("model", False, f"the newest row was not scored: {last.reason}")
        if last is not None and last.scores is not None:
            if last.hub_error is None:
                return Check("model", True, "rows are scored")
            told = "the local model stands in" if scoring == "hub_with_local_fallback" else "it only compares"
            return Check("model", True, f"the hub failed ({last.hub_error}), {told}")
        return Check("model", True, "the hub is asked" if scoring == "hub" else "it is loaded")

    def _broker(self, seen: Seen, now_s: float) -> Check:
        last = seen.last
        if last is None:
            return Check("broker", False, "the broker was not asked yet")
        if last.equity is not None:
            if last.status == "failed" and last.reason.startswith("gateway_") and not _waits_for_source(last):
                return Check("broker", False, f"the broker failed: {last.reason}: {last.detail}")
            return Check("broker", True, f"equity {last.equity:.2f} {self._facts.account_currency}")
        if last.reason in ORDER_FAULTS:
            return Check("broker", True, "it was asked about an order")
        if "broker_away" in last.conditions and not self.is_open(now_s):
            return Check("broker", True, "the broker is away while the market is closed")
        return Check("broker", False, f"the broker's book was not read: {_cause(last)}")

    def _orders(self, seen: Seen) -> Check:
        last = seen.last
        if last is None:
            return Check("orders", False, "no cycle has told of orders yet")
        if last.unknown_orders is None:
            return Check("orders", False, "the newest cycle could not read whether every order's fate is known")
        if last.unknown_orders:
            return Check("orders", False, f"the fate of {last.unknown_orders} orders is not known; nothing is opened")
        return Check("orders", True, "every order's fate is known")

    def _halt(self, seen: Seen) -> Check:
        if (because := halted_because(seen)) is not None:
            return Check("halt", False, because)
        last = seen.last
        if last is None:
            return Check("halt", False, "no cycle has told yet whether it is halted")
        risk = _risk(seen)
        if risk is not None and risk.risk_state == "REDUCING":
            return Check("halt", False, f"risk: REDUCING: {risk.risk_because}")
        if last.risk_state is None:
            return Check("halt", False, f"it is not known whether risk halts: {_cause(last)}")
        if last.equity is None:
            is_new = seen.account is None
            told = f"it is not known whether the gateway does: its book was {'never' if is_new else 'not'} read"
            return Check("halt", not is_new, f"neither risk nor the daemon halts; {told}")
        return Check("halt", True, NOT_HALTED)


def halted_because(seen: Seen) -> str | None:
    """Why nothing may be opened: the daemon's guard, the gateway, or risk; None where it may, or is not known."""
    last, risk = seen.last, _risk(seen)
    if last is None:
        return None
    if last.halted_because is not None:
        return last.halted_because
    # The guard begins anew with each process, and tells of itself in every cycle; of the gateway only its book tells.
    account = seen.account if last.equity is None else None
    if account is not None and "gateway: " in (account.halted_because or ""):
        return f"gateway: {(account.halted_because or '').split('gateway: ', 1)[1]}"
    return f"risk: HALTED: {risk.risk_because}" if risk is not None and risk.risk_state == "HALTED" else None


def is_halted(seen: Seen) -> bool | None:
    """Whether nothing may be opened; None where it is not known."""
    last = seen.last
    if last is not None and halted_because(seen) is not None:
        return True
    is_unread = last is None or last.risk_state is None or (last.equity is None and seen.account is None)
    return None if is_unread else False


def _risk(seen: Seen) -> CycleRecord | None:
    """The newest cycle that told what risk allows; None where none did."""
    last = seen.last
    return last if last is not None and last.risk_state is not None else seen.risk


def _reached_model(last: CycleRecord) -> bool:
    return not last.stages_s.keys().isdisjoint(("features", "score"))


def _waits_for_source(last: CycleRecord) -> bool:
    """Whether it failed only because the source of bars did not answer, or is not asked now."""
    reached = last.stages_s.keys() - {"book", "fetch"}
    is_fault = last.reason in SOURCE_FAULTS or last.reason.startswith("fetch_5")
    return last.equity is not None and not reached and is_fault


def _cause(last: CycleRecord) -> str:
    return ", ".join(last.conditions) or last.reason if last.status == "done" else f"{last.reason}: {last.detail}"
