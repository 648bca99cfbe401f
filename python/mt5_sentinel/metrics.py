"""What Prometheus reads: the 18 families of the older exporter under their names, and reason codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from mt5_sentinel.types import STILL_RUNNING, CycleRecord

ACTIONS = ("BUY", "SELL", "HOLD")

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call] # the library has no type for it


class Metrics:
    """Counts finished cycles, from any thread; knows nothing of how they ran."""

    def __init__(self, uptime_s: Callable[[], float], symbols: Iterable[str] = ()) -> None:
        """Register every family, so that each exists from the first scrape.

        Args:
            uptime_s: asked at each scrape; a loop that hangs does not stop it.
            symbols: what is traded; their units are counted from zero.
        """
        self.registry = CollectorRegistry()
        counter, gauge = self._counter, self._gauge
        self.cycles = counter("trading_cycles", "Trading cycles run")
        self.cycles_failed = counter("trading_cycles_failed", "Trading cycles that failed")
        self.cycle_s = self._histogram("trading_cycle_duration_seconds", "Duration of a cycle", (0.1, 0.5, 1, 2, 5, 10))
        self.fetch_s = self._histogram("data_fetch_duration_seconds", "Duration of a market data fetch")
        self.fetch_failed = counter("data_fetch_failed", "Market data fetches that failed")
        self.features_s = self._histogram(
            "feature_build_duration_seconds", "Duration of building features", (1e-5, 1e-4, 1e-3, 0.01, 0.1, 1)
        )
        self.predictions = counter("prediction_requests", "Rows given to the model")
        self.predictions_failed = counter("prediction_failures", "Rows the model could not score")
        self.prediction_s = self._histogram(
            "prediction_latency_seconds", "Time the model took", (1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 1, 2, 5)
        )
        self.confidence = gauge("last_prediction_confidence", "Highest class probability of the last scored row")
        self.signals = counter("trading_signals", "Decisions by action", ("action",))
        self.executed = counter("trading_signals_executed", "Decisions that became a filled order", ("action",))
        self.send_s = self._histogram("zmq_send_latency_seconds", "Time an order took", (0.01, 0.05, 0.1, 0.5, 1))
        self.send_failed = counter("zmq_send_failures", "Orders that failed on the way")
        self.api_calls = counter("api_calls", "Calls of remote services", ("endpoint",))
        self.api_errors = counter("api_errors", "Failed calls of remote services", ("endpoint", "error_code"))
        gauge("daemon_uptime_seconds", "Time since the daemon started").set_function(uptime_s)
        self.last_cycle = gauge("last_cycle_timestamp_unix", "When the last cycle ended, UTC unix seconds")
        self.reasons = counter("cycle_reasons", "Cycles by reason code", ("reason",))
        self.conditions = counter(
            "conditions", "Cycles by named condition that did not end them", ("symbol", "condition")
        )
        self.quota_units = counter(
            "quota_units_used", "Units of the data API's daily quota that were used", ("symbol",)
        )
        self.symbol_cycles = counter("symbol_cycles", "Cycles by symbol and reason code", ("symbol", "reason"))
        for symbol in symbols:
            self.quota_units.labels(symbol)
        for action in ACTIONS:
            self.signals.labels(action)
            self.executed.labels(action)
        self.api_calls.labels("eodhd")
        self.api_calls.labels("hub")

    def observe(self, record: CycleRecord) -> None:
        """Count one finished cycle."""
        finished_s = record.finished_s or record.started_s
        stages = record.stages_s
        self.cycles.inc()
        self.reasons.labels(record.reason).inc()
        self._observe_symbol(record)
        if record.reason != STILL_RUNNING:
            self.cycle_s.observe(max(0.0, finished_s - record.started_s))
            self.last_cycle.set(finished_s)
        if record.status == "failed":
            self.cycles_failed.inc()
        if "fetch" in stages and record.calls.get(record.source):
            self.fetch_s.observe(stages["fetch"])
            if "parse" not in stages:
                self.fetch_failed.inc()
                self.api_errors.labels(record.source, record.reason).inc()
        if "features" in stages:
            self.features_s.observe(stages["features"])
        if "score" in stages:
            self.predictions.inc()
            self.prediction_s.observe(stages["score"])
            if record.scores is None or record.reason == "bad_scores":
                self.predictions_failed.inc()
        if record.confidence is not None:
            self.confidence.set(record.confidence)
        if record.action is not None:
            self.signals.labels(record.action).inc()
        if record.req_id is not None and "route" in stages:
            self.send_s.observe(stages["route"])
        if record.outcome == "filled" and record.action is not None:
            self.executed.labels(record.action).inc()
        if record.outcome == "unknown":
            self.send_failed.inc()

    def _observe_symbol(self, record: CycleRecord) -> None:
        """What is counted for each symbol, condition and source."""
        self.symbol_cycles.labels(record.symbol, record.reason).inc()
        self.quota_units.labels(record.symbol).inc(record.quota_units)
        for source, calls in record.calls.items():
            self.api_calls.labels(source).inc(calls)
        self.api_calls.labels("hub").inc(record.hub_calls)
        if record.hub_error is not None:
            self.api_errors.labels("hub", record.hub_error).inc()
        for condition in record.conditions:
            self.conditions.labels(record.symbol, condition).inc()

    def _counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"sentinel_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"sentinel_{name}", text, registry=self.registry)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...] = (0.05, 0.1, 0.5, 1, 2, 5, 10, 30)
    ) -> Histogram:
        return Histogram(f"sentinel_{name}", text, buckets=buckets, registry=self.registry)
