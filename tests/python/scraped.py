"""A daemon's metrics and health in a test: its parts on a virtual clock, and a real one over HTTP."""

from __future__ import annotations

import shutil
import subprocess
import urllib.request
from collections.abc import Sequence
from typing import Any
from urllib.error import HTTPError

import pytest
from prometheus_client import generate_latest

from mt5_sentinel.commands.showing import Showing
from mt5_sentinel.types import CycleRecord, DeskFacts, ModelFacts
from tests.python.desk_floor import Floor


def shown(floor: Floor) -> Showing:
    """What the daemon shows of these desks, told of every cycle that has ended so far."""
    showing = Showing([desk.settings for desk in floor.desks], floor.clock, "dry-run", port=None)
    showing.take(floor.desks)
    return tell(showing, floor.seen)


def tell(showing: Showing, records: Sequence[CycleRecord]) -> Showing:
    """Let its observers hear of these cycles."""
    for record in records:
        for observer in showing.observers:
            observer(record)
    return showing


def scrape(showing: Showing) -> str:
    """What Prometheus would read."""
    return generate_latest(showing.registry).decode()


def promtool(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real promtool; skips where there is none."""
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool (of Debian's package prometheus) is not installed")
    return subprocess.run([tool, *arguments], input=text, capture_output=True, text=True, timeout=60, check=False)


def get(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one request to this machine."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def facts(**changed: Any) -> DeskFacts:
    """What a symbol is traded with, by the hour."""
    values: dict[str, Any] = {
        **{"symbol": "EURUSD", "interval": "1h", "version": "1.0.0", "pid": 1, "scoring": "local", "threshold": 0.6},
        **{"bars_source": "eodhd", "origin": "EURUSD.FOREX", "market": "auto", "holidays": (), "stale_grace_s": 900},
        **{"price_side": "bid", "account_currency": "USD", "daily_loss_max": 100.0, "drawdown_max": 500.0},
        **{"exposure_total_max": 50_000.0, "quota_units": 900.0, "metrics_host": "127.0.0.1", "metrics_port": 9100},
        **{"columns": ("a", "b"), "model": ModelFacts("f" * 64, "lightgbm", "2017-01-01", "2017-12-31", {"a": (0, 1)})},
    }
    return DeskFacts(**values | changed)
