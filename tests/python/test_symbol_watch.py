"""What several symbols show: metrics with the symbol, health of each and of the worst, log lines that say whose."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from mt5_sentinel import logs
from mt5_sentinel.metrics import Metrics
from mt5_sentinel.readiness import SILENT_AFTER_S
from tests.python.test_metrics import record, scrape, traded, value
from tests.python.test_web import Dated


def of(symbol: str, **found: Any) -> Any:
    one = record(**found)
    one.symbol = symbol
    return one


def test_what_is_counted_for_each_symbol() -> None:
    metrics = Metrics(lambda: 1.0, ["EURUSD", "GBPUSD"])
    for symbol in ("EURUSD", "GBPUSD"):
        assert value(metrics, "sentinel_quota_units_used_total", symbol=symbol) == 0, "a rate needs a zero"
    for family in ("sentinel_conditions", "sentinel_symbol_cycles"):
        assert f"# TYPE {family}_total counter" in scrape(metrics)
    metrics.observe(of("EURUSD", reason="signal", quota_units=5, conditions=["hub_fallback", "hub_disagrees"]))
    metrics.observe(of("EURUSD", reason="signal", quota_units=10, conditions=["hub_fallback"]))
    metrics.observe(of("GBPUSD", reason="market_closed"))
    for name, labels, count in (
        ("quota_units_used", {"symbol": "EURUSD"}, 15),
        ("quota_units_used", {"symbol": "GBPUSD"}, 0),
        ("conditions", {"symbol": "EURUSD", "condition": "hub_fallback"}, 2),
        ("conditions", {"symbol": "EURUSD", "condition": "hub_disagrees"}, 1),
        ("conditions", {"symbol": "GBPUSD", "condition": "hub_fallback"}, None),
        ("symbol_cycles", {"symbol": "EURUSD", "reason": "signal"}, 2),
        ("symbol_cycles", {"symbol": "GBPUSD", "reason": "market_closed"}, 1),
        ("cycle_reasons", {"reason": "signal"}, 2),
    ):
        assert value(metrics, f"sentinel_{name}_total", **labels) == count, (name, labels)


def test_a_skipped_minute_is_no_cycle_that_ended() -> None:
    metrics = Metrics(lambda: 1.0)
    metrics.observe(of("EURUSD", status="failed", reason="still_running"))
    assert value(metrics, "sentinel_trading_cycles_failed_total") == 1
    assert value(metrics, "sentinel_last_cycle_timestamp_unix") == 0, "an alert on silence must still fire"
    assert value(metrics, "sentinel_trading_cycle_duration_seconds_count") == 0


def test_calls_are_counted_as_the_cycle_counts_them() -> None:
    metrics = Metrics(lambda: 1.0)
    for calls, stages in ((3, {"fetch": 1.0, "parse": 1.0}), (0, {"fetch": 1.0}), (0, {"fetch": 1.0, "parse": 1.0})):
        metrics.observe(of("EURUSD", calls={"eodhd": calls}, stages_s=stages))
    assert value(metrics, "sentinel_api_calls_total", endpoint="eodhd") == 3


def test_health_is_that_of_the_worst_symbol() -> None:
    health = Dated(100.0, "EURUSD", "GBPUSD")

    def told(monotonic_s: float) -> tuple[int, str, dict[str, str]]:
        code, body = health.of(monotonic_s)
        return code, body["status"], {symbol: one["status"] for symbol, one in body["symbols"].items()}

    assert told(101.0) == (200, "starting", {"EURUSD": "starting", "GBPUSD": "starting"})
    health.observe(traded(), 110.0)
    assert told(111.0) == (200, "starting", {"EURUSD": "ok", "GBPUSD": "starting"})
    health.observe(of("GBPUSD", status="failed", reason="fetch_timeout"), 112.0)
    assert told(113.0) == (200, "failing", {"EURUSD": "ok", "GBPUSD": "failing"})
    body = health.of(113.0)[1]
    assert (body["symbol"], body["last_reason"], body["seconds_since_cycle"]) == ("EURUSD, GBPUSD", "fetch_timeout", 1)
    first = body["symbols"]["EURUSD"]
    assert (first["last_reason"], first["last_action"], first["last_confidence"]) == ("signal", "BUY", 0.7)


def test_a_symbol_that_hangs_is_stuck_though_its_minutes_are_noted() -> None:
    health, late_s = Dated(100.0, "EURUSD", "GBPUSD"), 101.0 + SILENT_AFTER_S
    for monotonic_s in (160.0, 220.0, late_s):
        health.observe(traded(), monotonic_s)
        health.observe(of("GBPUSD", status="failed", reason="still_running"), monotonic_s)
    code, body = health.of(late_s)
    assert (code, body["status"], body["last_reason"]) == (503, "stuck", "still_running")
    assert body["symbols"]["EURUSD"]["status"] == "ok"


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the daemon's log prints, as under systemd."""
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.set_up("info", ["s3cr3t-t0ken"], stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_says_whose_it_is_in_its_own_thread_only(printed: io.StringIO) -> None:
    log, together = logging.getLogger("mt5_sentinel"), threading.Barrier(2, timeout=60)

    def speak(symbol: str) -> None:
        with logs.speaking_for(symbol):
            together.wait()
            log.info("Decision: HOLD")

    threads = [threading.Thread(target=speak, args=(symbol,)) for symbol in ("EURUSD", "GBPUSD")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.info("Configuration reloaded")
    assert sorted(printed.getvalue().splitlines()) == [
        "Configuration reloaded",
        "EURUSD Decision: HOLD",
        "GBPUSD Decision: HOLD",
    ]


def test_the_symbol_comes_after_the_time_and_hides_no_leak(printed: io.StringIO, monkeypatch: Any) -> None:
    monkeypatch.delenv("JOURNAL_STREAM")
    logs.set_up("info", [], printed)
    with logs.speaking_for("EURUSD"):
        logging.getLogger("mt5_sentinel").info("the token is s3cr3t-t0ken")
    assert printed.getvalue()[23:] == " EURUSD the token is [hidden]\n"
