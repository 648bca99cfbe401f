"""What Prometheus and a health check read: the 18 names of the older exporter, true values, no request that hangs."""

from __future__ import annotations

import itertools
from typing import Any

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from mt5_sentinel.metrics import Metrics
from mt5_sentinel.types import STILL_RUNNING, CycleRecord

START_S = 1_700_000_000.0

FAMILIES = {
    "sentinel_trading_cycles_total": "counter",
    "sentinel_trading_cycles_failed_total": "counter",
    "sentinel_trading_cycle_duration_seconds": "histogram",
    "sentinel_data_fetch_duration_seconds": "histogram",
    "sentinel_data_fetch_failed_total": "counter",
    "sentinel_feature_build_duration_seconds": "histogram",
    "sentinel_prediction_requests_total": "counter",
    "sentinel_prediction_failures_total": "counter",
    "sentinel_prediction_latency_seconds": "histogram",
    "sentinel_last_prediction_confidence": "gauge",
    "sentinel_trading_signals_total": "counter",
    "sentinel_trading_signals_executed_total": "counter",
    "sentinel_zmq_send_latency_seconds": "histogram",
    "sentinel_zmq_send_failures_total": "counter",
    "sentinel_api_calls_total": "counter",
    "sentinel_api_errors_total": "counter",
    "sentinel_daemon_uptime_seconds": "gauge",
    "sentinel_last_cycle_timestamp_unix": "gauge",
}
LABELS = {
    "sentinel_trading_signals_total": {"action"},
    "sentinel_trading_signals_executed_total": {"action"},
    "sentinel_api_calls_total": {"endpoint"},
    "sentinel_api_errors_total": {"endpoint", "error_code"},
}


def counting() -> Metrics:
    return Metrics(lambda: 60.5)


def scrape(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def record(**found: Any) -> CycleRecord:
    one = CycleRecord(symbol="EURUSD", mode="dry-run", started_s=START_S + 60, finished_s=START_S + 60.5)
    for name, fact in found.items():
        setattr(one, name, fact)
    return one


def traded() -> CycleRecord:
    stages = {"fetch": 0.2, "parse": 0.001, "features": 0.0005, "score": 0.00002, "decide": 0.00001, "route": 0.02}
    return record(
        status="done", reason="signal", action="BUY", confidence=0.7, scores=(0.1, 0.2, 0.7), settled=True,
        req_id="r1", outcome="filled", stages_s=stages, calls={"eodhd": 2, "gateway": 1},
    )  # fmt: skip


def test_all_families_and_types_are_there_at_the_first_scrape() -> None:
    lines = scrape(counting()).splitlines()
    types = {line.split()[2]: line.split()[3] for line in lines if line.startswith("# TYPE")}
    assert {name: types.get(name) for name in FAMILIES} == FAMILIES
    helps = {line.split()[2] for line in lines if line.startswith("# HELP")}
    assert set(FAMILIES) <= helps


def test_every_family_that_can_has_a_sample_at_the_first_scrape() -> None:
    """`rate()` and `absent()` need a zero; only errors have no label values before one happens."""
    sampled = {
        sample.name for family in text_string_to_metric_families(scrape(counting())) for sample in family.samples
    }
    for name, kind in FAMILIES.items():
        if name != "sentinel_api_errors_total":
            assert (f"{name}_count" if kind == "histogram" else name) in sampled, name
    assert value(counting(), "sentinel_trading_signals_total", action="SELL") == 0


def test_labels_are_exactly_those_of_the_older_exporter() -> None:
    metrics = counting()
    metrics.observe(record(status="failed", reason="fetch_timeout", stages_s={"fetch": 1.0}))
    for family in text_string_to_metric_families(scrape(metrics)):
        for sample in family.samples:
            if sample.name in FAMILIES:
                assert set(sample.labels) == LABELS.get(sample.name, set()), sample.name


def test_a_traded_cycle() -> None:
    metrics = counting()
    metrics.observe(traded())
    expected = {
        "sentinel_trading_cycles_total": 1,
        "sentinel_trading_cycles_failed_total": 0,
        "sentinel_trading_cycle_duration_seconds_sum": 0.5,
        "sentinel_data_fetch_duration_seconds_sum": 0.2,
        "sentinel_data_fetch_failed_total": 0,
        "sentinel_feature_build_duration_seconds_sum": 0.0005,
        "sentinel_prediction_requests_total": 1,
        "sentinel_prediction_failures_total": 0,
        "sentinel_prediction_latency_seconds_sum": 0.00002,
        "sentinel_last_prediction_confidence": 0.7,
        "sentinel_zmq_send_latency_seconds_sum": 0.02,
        "sentinel_zmq_send_latency_seconds_count": 1,
        "sentinel_zmq_send_failures_total": 0,
        "sentinel_daemon_uptime_seconds": 60.5,
        "sentinel_last_cycle_timestamp_unix": START_S + 60.5,
    }
    assert {name: value(metrics, name) for name in expected} == expected
    for action, count in (("BUY", 1), ("SELL", 0), ("HOLD", 0)):
        assert value(metrics, "sentinel_trading_signals_total", action=action) == count
        assert value(metrics, "sentinel_trading_signals_executed_total", action=action) == count
    assert value(metrics, "sentinel_api_calls_total", endpoint="eodhd") == 2
    assert value(metrics, "sentinel_api_calls_total", endpoint="gateway") == 1
    assert value(metrics, "sentinel_cycle_reasons_total", reason="signal") == 1


def test_uptime_goes_on_while_a_cycle_hangs() -> None:
    ages = itertools.count(1.0)
    metrics = Metrics(lambda: next(ages))
    first, second = (value(metrics, "sentinel_daemon_uptime_seconds") for _ in range(2))
    assert first is not None and second is not None and first < second


def test_the_age_of_the_last_cycle_is_by_the_steady_clock() -> None:
    uptime_s = 30.0
    metrics = Metrics(lambda: uptime_s)
    assert value(metrics, "sentinel_last_cycle_age_seconds") == 30.0, "until one has ended, since the start"
    uptime_s = 60.0
    metrics.observe(record(status="done", reason="model_hold", finished_s=START_S + 36_000.0))
    uptime_s = 75.0
    metrics.observe(record(status="failed", reason=STILL_RUNNING))
    assert value(metrics, "sentinel_last_cycle_age_seconds") == 15.0, "a skipped minute ends no cycle"


def test_a_failed_fetch() -> None:
    metrics = counting()
    metrics.observe(record(status="failed", reason="fetch_502", stages_s={"fetch": 3.0}, calls={"eodhd": 1}))
    failed = record(
        status="failed", reason="gateway_timeout", stages_s={"fetch": 3.0}, source="gateway", calls={"gateway": 1}
    )
    metrics.observe(failed)
    assert value(metrics, "sentinel_trading_cycles_total") == 2
    assert value(metrics, "sentinel_trading_cycles_failed_total") == 2
    assert value(metrics, "sentinel_data_fetch_failed_total") == 2
    assert value(metrics, "sentinel_api_calls_total", endpoint="eodhd") == 1
    assert value(metrics, "sentinel_api_errors_total", endpoint="gateway", error_code="gateway_timeout") == 1
    assert value(metrics, "sentinel_api_errors_total", endpoint="eodhd", error_code="fetch_502") == 1
    assert value(metrics, "sentinel_data_fetch_duration_seconds_count") == 2
    assert value(metrics, "sentinel_prediction_requests_total") == 0


def test_the_hub_s_calls_and_faults_are_counted_also_where_they_cost_nothing() -> None:
    metrics = counting()
    metrics.observe(record(hub_calls=1))
    metrics.observe(record(hub_calls=1, hub_error="hub_timeout", conditions=["hub_fallback"]))
    assert value(metrics, "sentinel_api_calls_total", endpoint="hub") == 2
    assert value(metrics, "sentinel_api_errors_total", endpoint="hub", error_code="hub_timeout") == 1


def test_what_was_not_asked_is_no_failed_fetch() -> None:
    metrics = counting()
    metrics.observe(record(status="failed", reason="quota_budget", stages_s={"fetch": 0.0}))
    assert value(metrics, "sentinel_data_fetch_failed_total") == 0
    assert value(metrics, "sentinel_api_calls_total", endpoint="eodhd") == 0


def test_an_unusable_body_is_no_failed_fetch() -> None:
    metrics = counting()
    metrics.observe(record(status="failed", reason="malformed_body", stages_s={"fetch": 0.1, "parse": 0.001}))
    assert value(metrics, "sentinel_data_fetch_failed_total") == 0
    assert value(metrics, "sentinel_trading_cycles_failed_total") == 1


def test_scores_that_no_decision_may_rest_on_are_a_failed_prediction() -> None:
    stages = {"fetch": 0.1, "parse": 0.1, "features": 0.1, "score": 0.1, "decide": 0.1}
    nan = float("nan")
    for scores in (None, (nan, nan, nan), (0.9, 0.9, 0.9)):
        metrics = counting()
        metrics.observe(record(status="failed", reason="bad_scores", scores=scores, stages_s=stages))
        assert value(metrics, "sentinel_prediction_requests_total") == 1
        assert value(metrics, "sentinel_prediction_failures_total") == 1, scores


def test_an_unknown_outcome_is_a_failed_send_and_not_executed() -> None:
    metrics = counting()
    one = traded()
    one.status, one.outcome, one.reason = "failed", "unknown", "send_timeout"
    metrics.observe(one)
    assert value(metrics, "sentinel_zmq_send_failures_total") == 1
    assert value(metrics, "sentinel_trading_signals_executed_total", action="BUY") == 0


def test_an_order_that_risk_refused_was_not_sent() -> None:
    metrics = counting()
    one = traded()
    one.req_id, one.outcome, one.reason = None, "refused", "refused_spread"
    metrics.observe(one)
    assert value(metrics, "sentinel_trading_signals_total", action="BUY") == 1
    assert value(metrics, "sentinel_trading_signals_executed_total", action="BUY") == 0
    assert value(metrics, "sentinel_zmq_send_latency_seconds_count") == 0, "nothing was sent"


def test_a_clock_that_stepped_back_does_not_break_the_histogram() -> None:
    metrics = counting()
    metrics.observe(record(finished_s=START_S))
    assert value(metrics, "sentinel_trading_cycle_duration_seconds_sum") == 0
