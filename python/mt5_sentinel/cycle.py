"""One cycle: the specification as prose."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from mt5_sentinel import _core
from mt5_sentinel.dealing import Dealer, Market
from mt5_sentinel.errors import Unusable
from mt5_sentinel.history import Brought, History
from mt5_sentinel.journal import Journal
from mt5_sentinel.orders import Orders
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
    dealer: Dealer
    journal: Journal
    orders: Orders
    policy: _core.Policy
    release: Callable[[], None]
    """Closes what the desks share: journal, cache, paper account."""


def cycle(desk: Desk, record: CycleRecord, now_s: float, *, halted: bool) -> None:
    """Book → bars → features → scores → decision → ruling → order; ``record`` follows every step."""
    settings, moment_s = desk.settings, int(now_s)
    is_open = desk.calendar.is_open(moment_s)
    with stage(record, "book"):
        (desk.dealer.begin if is_open else desk.dealer.watch)(record, now_s)
    if not is_open:
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
        quote, price_s = _quote(desk, record, brought, bar.now_s)
        market = Market(quote, brought.cleaned.bars, bar)
        desk.dealer.broker.mark(settings.symbol, quote, brought.cleaned.bars)
        standing = desk.dealer.look(record, bar.now_s)
        decision = _core.decide(
            scores,
            desk.policy,
            bar,
            price_s=price_s,
            decided_bar_s=decided_bar_s,
            position=standing.book.full_side(settings.symbol, settings.magic, settings.positions_symbol_max),
        )
    _note_decision(record, decision)

    is_done = True
    if decision.side is not None:
        with stage(record, "route"):
            is_done = desk.dealer.trade(decision.side, market, standing, record, halted=halted)
        desk.dealer.look(record, bar.now_s)
    record.settled = decision.settles_bar and is_done


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


def _quote(desk: Desk, record: CycleRecord, brought: Brought, moment_s: int) -> tuple[_core.Quote, int]:
    """What is traded at, and of when that is: the broker's own prices where it has some, else the source's newest."""
    settings, broker = desk.settings, desk.dealer.broker
    own = broker.quote(settings.symbol)
    newest = brought.price if own is None else own.bid
    record.price = brought.cleaned.checked_price(newest, settings.jump_ratio)
    if own is not None:
        return own, own.time_s
    made = broker.facts(settings.symbol).quote(
        time_s=moment_s, price=record.price, shows=settings.price_side, spread_points=settings.spread_points
    )
    return made, brought.price_s


def _note_closed(desk: Desk, record: CycleRecord, moment_s: int) -> None:
    record.status, record.reason = "done", "market_closed"
    opens_s = desk.calendar.next_change_s(moment_s)
    log.info("The market is closed%s", "" if opens_s is None else f" until {_core.time_text(opens_s)} UTC")


def _note_decision(record: CycleRecord, decision: _core.Decision) -> None:
    record.status = "done"
    record.action, record.confidence, record.reason = decision.action, decision.confidence, decision.reason
    log.info("Decision: %s (confidence: %.4f) - %s", decision.action, decision.confidence, decision.reason)
