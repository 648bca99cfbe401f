"""What Prometheus reads: the 18 families of the older exporter under their names, reason codes, and all beside."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector

from mt5_sentinel.metric_families import Families, Family
from mt5_sentinel.metric_values import CODE, NAME, Words, amount, sound
from mt5_sentinel.metrics_symbols import SymbolMetrics
from mt5_sentinel.types import STILL_RUNNING, CycleRecord

ACTIONS = ("BUY", "SELL", "HOLD")
ENDPOINTS = ("eodhd", "hub")

SECONDS = (0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Metrics:
    """Counts finished cycles, from any thread; knows nothing of how they ran."""

    def __init__(self, uptime_s: Callable[[], float], symbols: Iterable[str] = ()) -> None:
        """Register every family, so that each exists from the first scrape.

        Args:
            uptime_s: by a clock that no one sets; asked at each scrape, a loop that hangs does not stop it.
            symbols: what is traded; their units are counted from zero.
        """
        self._families = families = Families()
        self._uptime_s, self._ended_at_s = uptime_s, 0.0
        symbols = tuple(symbols)
        self._codes = Words(more=150, numbered=24)
        self._conditions = Words(more=60)
        self._endpoints = Words(ENDPOINTS, more=8, form=CODE)
        self._symbols = Words(symbols, more=0 if symbols else 64, form=NAME)
        self._register_cycles(uptime_s)
        self._register_services()
        for symbol in symbols:
            self.quota_units.labels(symbol)
        for action in ACTIONS:
            self.signals.labels(action)
            self.executed.labels(action)
        for endpoint in ENDPOINTS:
            self.api_calls.labels(endpoint)
        self.beside = SymbolMetrics(families, self._symbols, self._codes, symbols)
        ProcessCollector(registry=families.registry)

    @property
    def registry(self) -> CollectorRegistry:
        """What a scrape reads."""
        return self._families.registry

    @property
    def table(self) -> list[Family]:
        """Every family that is registered here."""
        return self._families.table

    def _register_cycles(self, uptime_s: Callable[[], float]) -> None:
        counter, gauge, histogram = self._families.counter, self._families.gauge, self._families.histogram
        self.cycles = counter("trading_cycles", "Trading cycles run")
        self.cycles_failed = counter("trading_cycles_failed", "Trading cycles that failed")
        self.cycle_s = histogram(
            "trading_cycle_duration_seconds", "Duration of a cycle, seconds", (0.1, 0.5, 1, 2, 5, 10)
        )
        self.features_s = histogram(
            "feature_build_duration_seconds", "Duration of building features, seconds", (1e-5, 1e-4, 1e-3, 0.01, 0.1, 1)
        )
        self.predictions = counter("prediction_requests", "Rows given to the model")
        self.predictions_failed = counter("prediction_failures", "Rows the model could not score")
        self.prediction_s = histogram(
            "prediction_latency_seconds", "Time the model took, seconds", (1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 1, 2, 5)
        )
        self.confidence = gauge("last_prediction_confidence", "Highest class probability of the last scored row")
        self.signals = counter("trading_signals", "Decisions by action", ("action",))
        self.executed = counter("trading_signals_executed", "Decisions that became a filled order", ("action",))
        self.send_s = histogram("zmq_send_latency_seconds", "Time an order took, seconds", (0.01, 0.05, 0.1, 0.5, 1))
        self.send_failed = counter("zmq_send_failures", "Orders that failed on the way")
        gauge("daemon_uptime_seconds", "Seconds since the daemon started").set_function(uptime_s)
        self.last_cycle = gauge("last_cycle_timestamp_unix", "When the last cycle ended, UTC unix seconds")
        age = gauge(
            "last_cycle_age_seconds",
            "Seconds since the last cycle ended, or the daemon started; whatever the wall clock does",
        )
        age.set_function(lambda: uptime_s() - self._ended_at_s)
        self.reasons = counter("cycle_reasons", "Cycles by reason code", ("reason",))

    def _register_services(self) -> None:
        counter = self._families.counter
        self.fetch_s = self._families.histogram(
            "data_fetch_duration_seconds", "Duration of a market data fetch, seconds", SECONDS
        )
        self.fetch_failed = counter("data_fetch_failed", "Market data fetches that failed")
        self.api_calls = counter("api_calls", "Calls of remote services", ("endpoint",))
        self.api_errors = counter("api_errors", "Failed calls of remote services", ("endpoint", "error_code"))
        self.conditions = counter(
            "conditions", "Cycles by named condition that did not end them", ("symbol", "condition")
        )
        self.quota_units = counter(
            "quota_units_used", "Units of the data API's daily quota that were used since the start", ("symbol",)
        )
        self.symbol_cycles = counter("symbol_cycles", "Cycles by symbol and reason code", ("symbol", "reason"))

    def observe(self, record: CycleRecord) -> None:
        """Count one finished cycle."""
        stages = record.stages_s
        self.cycles.inc()
        self.reasons.labels(self._codes.of(record.reason)).inc()
        self._observe_symbol(record)
        if record.reason != STILL_RUNNING:
            _observe(self.cycle_s, record.ended_s - record.started_s)
            self.last_cycle.set(record.ended_s)
            self._ended_at_s = self._uptime_s()
        if record.status == "failed":
            self.cycles_failed.inc()
        if "fetch" in stages and record.calls.get(record.source):
            _observe(self.fetch_s, stages["fetch"])
            if "parse" not in stages:
                self.fetch_failed.inc()
                endpoint = self._endpoints.of(record.source)
                self.api_errors.labels(endpoint, self._codes.of(record.reason)).inc()
        if "features" in stages:
            _observe(self.features_s, stages["features"])
        if "score" in stages:
            self.predictions.inc()
            _observe(self.prediction_s, stages["score"])
            if record.scores is None or record.reason == "bad_scores":
                self.predictions_failed.inc()
        self._observe_decision(record)
        self.beside.observe(record)

    def _observe_decision(self, record: CycleRecord) -> None:
        """What was decided, and what became of it."""
        if record.confidence is not None:
            self.confidence.set(record.confidence)
        if record.action in ACTIONS:
            self.signals.labels(record.action).inc()
            if record.outcome == "filled":
                self.executed.labels(record.action).inc()
        if record.req_id is not None and "route" in record.stages_s:
            _observe(self.send_s, record.stages_s["route"])
        if record.outcome == "unknown":
            self.send_failed.inc()

    def _observe_symbol(self, record: CycleRecord) -> None:
        """What is counted for each symbol, condition and source."""
        symbol = self._symbols.of(record.symbol)
        self.symbol_cycles.labels(symbol, self._codes.of(record.reason)).inc()
        self.quota_units.labels(symbol).inc(amount(record.quota_units))
        for source, calls in record.calls.items():
            self.api_calls.labels(self._endpoints.of(source)).inc(amount(calls))
        self.api_calls.labels("hub").inc(amount(record.hub_calls))
        if record.hub_error is not None:
            self.api_errors.labels("hub", self._codes.of(record.hub_error)).inc()
        for condition in record.conditions:
            self.conditions.labels(symbol, self._conditions.of(condition)).inc()


def _observe(histogram: Histogram, seconds: float) -> None:
    """Add a duration; one that is no number would spoil the sum for ever."""
    if (known := sound(seconds)) is not None:
        histogram.observe(max(0.0, known))
