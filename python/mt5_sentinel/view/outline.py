"""How it stands as one object of plain values, for scripts: what ``status --json`` prints."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from mt5_sentinel.journal_file import utc
from mt5_sentinel.types import CycleRecord
from mt5_sentinel.view.lights import Light, worst
from mt5_sentinel.view.standing import Standing, SymbolStanding

FORMAT = 1
"""Of the object. Keys may be added; one that goes, or means something else, makes another format."""


def text(told: object, indent: int | None = None) -> str:
    """JSON of plain values. It knows no infinite numbers: they are ``null``."""
    try:
        return json.dumps(told, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(msgspec.json.decode(msgspec.json.encode(told)), indent=indent)


def outline(standing: Standing, found: list[Light]) -> dict[str, Any]:
    """The object; times are UTC as the journal writes them, ages seconds, money account currency.

    Keys are told in docs/TERMINAL.md.
    """
    facts = standing.symbols[0].facts
    return {
        "format": FORMAT,
        "now_utc": utc(standing.now_s),
        "version": facts.version,
        "mode": standing.mode,
        "since_utc": utc(standing.since_s),
        "pid": facts.pid,
        "is_gone": standing.is_gone,
        "level": worst(found),
        "lights": [msgspec.to_builtins(light) for light in found],
        "account": {
            "currency": facts.account_currency,
            "known_utc": utc(standing.equity_s),
            "equity": standing.equity,
            "drawdown": standing.drawdown,
            "drawdown_max": facts.drawdown_max,
            "exposure": standing.exposure,
            "exposure_total_max": facts.exposure_total_max,
            "positions": standing.positions,
            "risk_state": standing.risk_state,
            "risk_because": standing.risk_because,
            "quota_used": standing.quota_used,
            "quota_units": standing.quota_units,
        },
        "symbols": [_symbol(one) for one in standing.symbols],
    }


def _symbol(one: SymbolStanding) -> dict[str, Any]:
    facts = one.facts
    return {
        "symbol": facts.symbol,
        "interval": facts.interval,
        "scoring": facts.scoring,
        "threshold": facts.threshold,
        "model_sha256": None if facts.model is None else facts.model.sha256,
        "is_open": one.is_open,
        "silent_s": one.silent_s,
        "running_s": one.running_s,
        "failed_in_a_row": one.failed_in_a_row,
        "bar_open_utc": utc(one.bar_open_s),
        "data_age_s": one.data_age_s,
        "data_age_limit_s": one.data_age_limit_s,
        "last_cycle": None if one.last is None else _cycle(one.last),
        "decision": None if one.decided is None else _decision(one.decided),
        "positions": [msgspec.to_builtins(position) for position in one.held],
        "last_order": None if one.sent is None else msgspec.to_builtins(one.sent),
    }


def _cycle(cycle: CycleRecord) -> dict[str, Any]:
    return {
        "id": cycle.cycle_id,
        "finished_utc": utc(cycle.finished_s),
        "status": cycle.status,
        "reason": cycle.reason,
        "detail": cycle.detail,
        "conditions": cycle.conditions,
        "trace_id": cycle.trace_id,
    }


def _decision(cycle: CycleRecord) -> dict[str, Any]:
    sell, hold, buy = cycle.scores or (None, None, None)
    return {
        "cycle_id": cycle.cycle_id,
        "finished_utc": utc(cycle.finished_s),
        "bar_open_utc": utc(cycle.bar_open_s),
        "action": cycle.action,
        "confidence": cycle.confidence,
        "reason": cycle.reason,
        "scores": {"sell": sell, "hold": hold, "buy": buy},
        "price": cycle.price,
    }
