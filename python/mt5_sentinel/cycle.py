"""One cycle: the specification as prose."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from mt5_sentinel import _core
from mt5_sentinel.errors import Unusable
from mt5_sentinel.history import Brought, History
from mt5_sentinel.journal import Journal
from mt5_sentinel.ports import Broker
from mt5_sentinel.route import recover, route
from mt5_sentinel.scoring import Scoring
from mt5_sentinel.settings import Settings
from mt5_sentinel.stages import stage
from mt5_sentinel.types import CycleRecord

log = logging.getLogger("mt5_sentinel")


@dataclass(frozen=True)
class Desk:
    """Everything one symbol trades with."""

    settings: Settings
    calendar: _core.Calendar
    history: History
    scoring: Scoring
    broker: Broker
    journal: Journal
    policy: _core.Policy
    limits: _core.Limits
    facts: _core.SymbolFacts


def cycle(desk: Desk, record: CycleRecord, now_s: float, *, halted: bool) -> None:
    """Bars → features → scores → decision → ruling → order; ``record`` follows every step."""
    settings, moment_s = desk.settings, int(now_s)
    recover(desk.broker, desk.journal, settings.symbol)
    if not desk.calendar.is_open(moment_s):
        _note_closed(desk, record, moment_s)
        return
    decided_bar_s = desk.journal.decided_bar_s(settings.symbol)

    log.info("Fetching market data for %s...", settings.symbol)
    brought = desk.history.bring(record, now_s, decided_bar_s)
    if _fresh_bar(desk, record, brought) is None:
        return
    desk.history.confirm(brought, decided_bar_s)

    log.info("Building features...")
    record.scores = scores = desk.scoring.score(brought.cleaned.bars, record)
    log.info("✓ Prediction: SELL %.4f, HOLD %.4f, BUY %.4f", *scores)

    bar = _fresh_bar(desk, record, brought)  # asking took its time, and scoring did
    if bar is None:
        return
    with stage(record, "decide"):
        quote = _quote(desk, record, brought, bar.now_s)
        account = desk.broker.account(quote)
        decision = _core.decide(
            scores,
            desk.policy,
            bar,
            price_s=brought.price_s,
            decided_bar_s=decided_bar_s,
            position=account.position.side if account.position else None,
        )
    _note_decision(record, decision)

    if decision.side is not None:
        ruling = _core.approve(decision.side, account, desk.limits, halted=halted)
        with stage(record, "route"):
            route(ruling, desk.broker, desk.journal, record, bar.now_s)
    record.settled = decision.settles_bar
    _note_account(record, desk.broker.account(quote))


def _fresh_bar(desk: Desk, record: CycleRecord, brought: Brought) -> _core.FreshBar | None:
    """The newest bar as the gate lets it through now; None where the market, closed or just opened, has none."""
    try:
        return desk.history.fresh(brought)
    except Unusable as gap:
        if gap.reason not in ("awaiting_bar", "market_closed"):
            raise
        record.status, record.reason, record.detail = "done", gap.reason, str(gap)
        log.info("No decision: %s", gap)
        return None


def _quote(desk: Desk, record: CycleRecord, brought: Brought, moment_s: int) -> _core.Quote:
    record.price = brought.cleaned.checked_price(brought.price, desk.settings.jump_ratio)
    return desk.facts.quote(
        time_s=moment_s,
        price=record.price,
        shows=desk.settings.price_side,
        spread_points=desk.settings.spread_points,
    )


def _note_closed(desk: Desk, record: CycleRecord, moment_s: int) -> None:
    record.status, record.reason = "done", "market_closed"
    opens_s = desk.calendar.next_change_s(moment_s)
    log.info("The market is closed%s", "" if opens_s is None else f" until {_core.time_text(opens_s)} UTC")


def _note_decision(record: CycleRecord, decision: _core.Decision) -> None:
    record.status = "done"
    record.action, record.confidence, record.reason = decision.action, decision.confidence, decision.reason
    log.info("Decision: %s (confidence: %.4f) - %s", decision.action, decision.confidence, decision.reason)


def _note_account(record: CycleRecord, account: _core.Account) -> None:
    record.equity, record.drawdown_max = account.equity, account.drawdown_max
