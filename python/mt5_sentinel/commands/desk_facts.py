"""What the journal is told of the desks, for those who only read it."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence

from mt5_sentinel import _core, process_place
from mt5_sentinel.bar_store import day_utc
from mt5_sentinel.cycle import Desk
from mt5_sentinel.guard import Guard
from mt5_sentinel.ports import Market
from mt5_sentinel.types import DeskFacts, ModelFacts, Remembered

log = logging.getLogger("mt5_sentinel")


def note(desks: Sequence[Desk], now_s: float) -> list[DeskFacts]:
    """Write down what is traded with; a journal that cannot be written now costs the readers, not the daemon.

    Returns:
        What was, or would have been, written.
    """
    known = [facts(desk) for desk in desks]

    def write() -> None:
        with desks[0].journal.file.whole():  # who reads meets all symbols of a start, or none
            for desk, one in zip(desks, known, strict=True):
                desk.journal.note_desk(one, now_s)

    error = Guard().attempt(write)
    if error is not None:
        log.warning("the journal did not take what is traded with; dashboard and alerts lack it: %s", error)
    return known


def remembered(desks: Sequence[Desk]) -> dict[str, Remembered]:
    """What earlier cycles left, by symbol; nothing where the journal cannot be read now."""
    found: dict[str, Remembered] = {}

    def read() -> None:
        for desk in desks:
            found[desk.settings.symbol] = desk.journal.remembered(desk.settings.symbol)

    error = Guard().attempt(read)
    if error is not None:
        log.warning("what earlier cycles left cannot be read: %s", error)
    return found


def facts(desk: Desk) -> DeskFacts:
    """What a symbol is traded with; nothing secret."""
    settings, market = desk.settings, desk.history.market
    return DeskFacts(
        symbol=settings.symbol,
        interval=settings.interval,
        version=_core.__version__,
        pid=os.getpid(),
        scoring=desk.scoring.mode,
        threshold=settings.threshold,
        bars_source=market.name,
        origin=market.origin,
        market=settings.market,
        holidays=settings.holidays,
        stale_grace_s=settings.stale_grace_s,
        price_side=settings.price_side,
        account_currency=settings.account_currency,
        daily_loss_max=settings.daily_loss_max,
        drawdown_max=settings.drawdown_max,
        exposure_total_max=settings.exposure_total_max,
        quota_units=settings.eodhd_quota_units * settings.eodhd_quota_share if market.units_per_call else 0.0,
        metrics_host=settings.metrics_host,
        metrics_port=settings.metrics_port,
        columns=tuple(spec.name for spec in _core.catalogue()),
        model=model(desk),
        pid_place=process_place.here(),
    )


def model(desk: Desk) -> ModelFacts | None:
    """The local model, as far as it tells; None where there is none."""
    local = desk.scoring.local
    if not isinstance(local, _core.Model):
        return None
    since, until = local.trained_range or (None, None)
    ranges = {name: (low, high) for name, (low, high) in local.feature_ranges.items()}
    return ModelFacts(local.sha256, local.format, since, until, ranges)


def units_spent(desks: Sequence[Desk], now_s: float) -> int:
    """Units of the data API on the account of this UTC day.

    Raises:
        Transient: the cache cannot be read now.
    """
    store, day = desks[0].history.store, day_utc(now_s)
    return sum(store.spent(name, day) for name in sorted({m.name for m in _markets(desks) if m.units_per_call}))


def _markets(desks: Sequence[Desk]) -> list[Market]:
    return [desk.history.market for desk in desks]
