"""How it stands, for the head of the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from mt5_sentinel import _core, schedule, training_range
from mt5_sentinel.dashboard.reader import Book, book
from mt5_sentinel.errors import SentinelError, Unusable
from mt5_sentinel.readiness import SILENT_AFTER_S
from mt5_sentinel.types import INTERVAL_S, CycleRecord
from mt5_sentinel.view import newest
from mt5_sentinel.view.cycle_rows import known_s, unix_s
from mt5_sentinel.view.lights import Light, lights, worst
from mt5_sentinel.view.newest import HeldPosition
from mt5_sentinel.view.standing import Standing, SymbolStanding, look, unlooked

NO_JOURNAL = "there is no journal yet: no daemon has run a cycle with this state directory"
OLDER_JOURNAL = "the journal does not say what is traded: an older program wrote it; start this release's daemon"


def overview(state_dir: Path, now_s: float) -> dict[str, Any]:
    """Lights, account, and each symbol; a journal that is missing, older or unreadable is told by a light.

    A damaged row leaves what is traded with, and what other rows say of it. ``quota`` is None where it is not known.
    """
    try:
        if not (state_dir / "journal.db").is_file():
            return _unknown(now_s, NO_JOURNAL)
        standing = look(state_dir, now_s)
        if standing is None:
            return _unknown(now_s, OLDER_JOURNAL)
        with book(state_dir) as found:
            symbols = [_symbol(found, one) for one in standing.symbols]
    except Unusable as error:
        return _damaged(state_dir, now_s, str(error))
    except (SentinelError, PermissionError) as error:
        return _unknown(now_s, str(error))
    told = lights(standing)
    return {
        "now_s": now_s,
        "version": standing.symbols[0].facts.version,
        "mode": standing.mode,
        "since_s": standing.since_s,
        "level": worst(told),
        "next_cycle_s": None if _is_gone(standing) else schedule.next_cycle_s(now_s),
        "lights": told,
        "account": _account(standing),
        "quota": None if standing.quota_used is None else {"used": standing.quota_used, "limit": standing.quota_units},
        "symbols": symbols,
    }


def _damaged(state_dir: Path, now_s: float, why: str) -> dict[str, Any]:
    """Without what rests on the newest cycles, of which one is damaged."""
    told = _unknown(now_s, why)
    try:
        with book(state_dir) as found:
            start = newest.start(found.db)
            if start is None:
                return told
            symbols = [
                _symbol(found, unlooked(facts, now_s, newest.held(found.db, (start.mode, facts.symbol))))
                for facts in start.facts
            ]
            since = {"version": start.facts[0].version, "mode": start.mode, "since_s": known_s(start.at_utc)}
    except (SentinelError, PermissionError):
        return told
    return told | since | {"symbols": symbols}


def _unknown(now_s: float, why: str) -> dict[str, Any]:
    return {
        "now_s": now_s,
        "version": _core.__version__,
        "mode": None,
        "since_s": None,
        "level": "bad",
        "next_cycle_s": None,
        "lights": [Light("journal", "bad", why)],
        "account": None,
        "quota": None,
        "symbols": [],
    }


def _is_gone(standing: Standing) -> bool:
    """Whether no next cycle is to be expected."""
    return standing.is_gone or all(one.silent_s > SILENT_AFTER_S for one in standing.symbols)


def _account(standing: Standing) -> dict[str, Any]:
    facts = standing.symbols[0].facts
    return {
        "currency": facts.account_currency,
        "equity": standing.equity,
        "equity_s": standing.equity_s,
        "drawdown": standing.drawdown,
        "drawdown_max": facts.drawdown_max,
        "daily_loss_max": facts.daily_loss_max,
        "exposure": standing.exposure,
        "exposure_max": facts.exposure_total_max,
        "positions": standing.positions,
        "risk_state": standing.risk_state,
        "risk_s": standing.risk_s,
        "risk_because": standing.risk_because,
    }


def _symbol(found: Book, one: SymbolStanding) -> dict[str, Any]:
    facts, model = one.facts, one.facts.model
    query = "SELECT min(started_utc) FROM cycle WHERE mode = ? AND symbol = ?"
    first = found.db.execute(query, (found.mode, facts.symbol)).fetchone()[0]
    return {
        "symbol": facts.symbol,
        "interval": facts.interval,
        "interval_s": INTERVAL_S[facts.interval],
        "threshold": facts.threshold,
        "scoring": facts.scoring,
        "bars_source": facts.bars_source,
        "origin": facts.origin,
        "price_side": facts.price_side,
        "is_open": one.is_open,
        "data_age_s": one.data_age_s,
        "data_age_limit_s": one.data_age_limit_s,
        "seconds_since_cycle": one.seconds_since_cycle,
        "failed_in_a_row": one.failed_in_a_row,
        "first_cycle_s": known_s(first),
        "newest_bar_s": one.bar_open_s,
        "newest_s": _newest_s(one),
        "last": None if one.last is None else _last(one.last),
        "features": None
        if one.features is None
        else [column._asdict() for column in training_range.place(facts, one.features)],
        "model": model
        and {
            "sha256": model.sha256,
            "format": model.format,
            "trained_from": model.trained_from,
            "trained_to": model.trained_to,
        },
        "open_positions": [_position(held) for held in sorted(one.held, key=lambda held: held.ticket)],
    }


def _newest_s(one: SymbolStanding) -> float | None:
    """When there was something to draw last, UTC seconds: the newest cycle, or the newest bar's close.

    Cycles go on while the market is closed, and have no bar, no score and no account.
    """
    cycle_s = None if one.last is None else one.last.started_s
    if one.is_open or one.bar_open_s is None:
        return cycle_s
    closed_s = float(one.bar_open_s + INTERVAL_S[one.facts.interval])
    return closed_s if cycle_s is None else min(cycle_s, closed_s)


def _last(last: CycleRecord) -> dict[str, Any]:
    return {
        "id": last.cycle_id,
        "time_s": last.started_s,
        "status": last.status,
        "reason": last.reason,
        "detail": last.detail,
        "action": last.action,
        "confidence": last.confidence,
        "scores": last.scores,
    }


def _position(held: HeldPosition) -> dict[str, Any]:
    told = msgspec.structs.asdict(held)
    return told | {"opened_s": unix_s(told.pop("opened_utc"))}


def _features(one: SymbolStanding) -> list[dict[str, Any]]:
    """The newest row beside what the model was trained on; ``inside`` is None where that is not known."""
    return [column._asdict() for column in training_range.place(one.facts, one.features or [])]
