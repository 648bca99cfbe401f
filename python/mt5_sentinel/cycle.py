"""One cycle: the specification as prose."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mt5_sentinel import _core
from mt5_sentinel.config import Settings
from mt5_sentinel.journal import Journal
from mt5_sentinel.ports import Broker, Market, Scorer
from mt5_sentinel.route import recover, route
from mt5_sentinel.types import INTERVAL_S, CycleRecord

log = logging.getLogger("mt5_sentinel")


@dataclass(frozen=True)
class Desk:
    """Everything one symbol trades with."""

    settings: Settings
    market: Market
    model: Scorer
    broker: Broker
    journal: Journal
    policy: _core.Policy
    limits: _core.Limits
    facts: _core.SymbolFacts


def cycle(desk: Desk, record: CycleRecord, now_s: float, monotonic_s: float, *, halted: bool) -> None:
    """Bars → features → scores → decision → ruling → order; ``record`` follows every step."""
    settings, moment_s = desk.settings, int(now_s)
    interval_s = INTERVAL_S[settings.interval]
    recover(desk.broker, desk.journal, settings.symbol)

    log.info("Fetching market data for %s...", settings.symbol)
    with _stage(record, "fetch"):
        body = desk.market.history(now_s)
    with _stage(record, "parse"):
        rows = _core.parse(body)
        cleaned = _core.clean(rows, interval_s=interval_s, now_s=moment_s, jump_ratio=settings.jump_ratio)
    bar_open_s = _note_bars(record, cleaned)

    log.info("Building features...")
    with _stage(record, "features"):
        newest = _core.latest_rows(cleaned.bars, desk.model.steps, desk.model.layout)
    with _stage(record, "score"):
        record.scores = scores = _core.check_scores(desk.model.score_rows(newest))
    log.info("✓ Prediction: SELL %.4f, HOLD %.4f, BUY %.4f", *scores)

    with _stage(record, "decide"):
        record.price = cleaned.newest_price(settings.jump_ratio)
        quote = desk.facts.quote(
            time_s=moment_s,
            price=record.price,
            shows=settings.price_side,
            spread_points=settings.spread_points,
        )
        account = desk.broker.account(quote)
        decision = _core.decide(
            scores,
            desk.policy,
            now_s=moment_s,
            bar_open_s=bar_open_s,
            interval_s=interval_s,
            decided_bar_s=desk.journal.decided_bar_s(settings.symbol),
            position=account.position.side if account.position else None,
        )
    _note_decision(record, decision)

    if decision.side is not None:
        ruling = _core.approve(decision.side, account, desk.limits, halted=halted)
        with _stage(record, "route"):
            route(ruling, desk.broker, desk.journal, record, now_s)
    record.settled = decision.settles_bar
    _note_account(record, desk.broker.account(quote))


@contextmanager
def _stage(record: CycleRecord, name: str) -> Iterator[None]:
    """Time a stage, also one that fails; durations are diagnostics, so they bypass the replayable clock."""
    started = time.perf_counter()
    try:
        yield
    finally:
        record.stages_s[name] = time.perf_counter() - started


def _note_bars(record: CycleRecord, cleaned: _core.Cleaned) -> int:
    report = cleaned.report
    record.rows, record.bars, record.dropped = report["rows"], report["bars"], dict(report["dropped"])
    record.repaired, record.bar_open_s = report["repaired"], cleaned.newest_open_s
    log.info("✓ Fetched %d bars", report["bars"])
    removed = ", ".join(f"{count} {cause}" for cause, count in record.dropped.items() if count)
    log.info("  %d rows came; dropped: %s; repaired: %d", report["rows"], removed or "none", report["repaired"])
    if report["time_conflicts"] or report["jumps"]:
        log.warning("  %d time conflicts, %d price jumps reported", report["time_conflicts"], report["jumps"])
    return cleaned.newest_open_s


def _note_decision(record: CycleRecord, decision: _core.Decision) -> None:
    record.status = "done"
    record.action, record.confidence, record.reason = decision.action, decision.confidence, decision.reason
    log.info("Decision: %s (confidence: %.4f) - %s", decision.action, decision.confidence, decision.reason)


def _note_account(record: CycleRecord, account: _core.Account) -> None:
    record.equity, record.drawdown_max = account.equity, account.drawdown_max
