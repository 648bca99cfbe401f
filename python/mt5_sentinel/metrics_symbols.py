"""Counters and histograms beyond the older exporter's: what was cleaned, decided, refused, ordered, and how long it
took.
"""

from __future__ import annotations

from typing import get_args

from mt5_sentinel.metric_families import Families
from mt5_sentinel.metric_values import Words, amount, sound
from mt5_sentinel.types import Action, CycleRecord

CAUSES = ("duplicate", "null", "invalid", "forming", "repaired")
"""Why a row of a source was not stored as it came."""

OUTCOMES = ("filled", "partial", "refused", "unknown")
STAGES = ("book", "fetch", "parse", "features", "score", "decide", "route")
CLASSES: tuple[Action, ...] = get_args(Action)

STAGE_SECONDS = (1e-5, 1e-4, 1e-3, 0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
TENTHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

REFUSED = "refused"
"""Begins each reason of risk."""


class SymbolMetrics:
    """Counts what a cycle did, symbol by symbol; from any thread."""

    def __init__(self, families: Families, names: Words, codes: Words, symbols: tuple[str, ...]) -> None:
        """Register the families; what is known of each symbol is counted from zero.

        Args:
            families: where they are registered.
            names: bounds the label ``symbol``.
            codes: bounds the label ``reason``.
            symbols: what is traded.
        """
        self._names, self._codes = names, codes
        self._causes, self._actions = Words(CAUSES, more=0), Words(CLASSES, more=0)
        counter = families.counter
        self.bars_cleaned = counter(
            "bars_cleaned",
            "Rows of the source that were dropped (duplicate, null, invalid, forming) or repaired",
            ("symbol", "cause"),
        )
        self.decisions = counter(
            "decisions", "Decisions by action and the cycle's reason code", ("symbol", "action", "reason")
        )
        self.refusals = counter(
            "refusals", "Cycles in which risk or the broker refused, by reason code", ("symbol", "reason")
        )
        self.orders = counter(
            "orders", "Orders sent, by outcome: filled, partial, refused or unknown", ("symbol", "outcome")
        )
        self.stage_s = families.histogram(
            "stage_duration_seconds", "Duration of a cycle's stage, seconds", STAGE_SECONDS, ("stage",)
        )
        self.scores = families.histogram("scores", "Class probabilities of scored rows, 0 to 1", TENTHS, ("class",))
        for symbol in symbols:
            for cause in CAUSES:
                self.bars_cleaned.labels(symbol, cause)
            for outcome in OUTCOMES:
                self.orders.labels(symbol, outcome)
        for stage in STAGES:
            self.stage_s.labels(stage)
        for name in CLASSES:
            self.scores.labels(name)

    def observe(self, record: CycleRecord) -> None:
        """Count one finished cycle."""
        symbol, reason = self._names.of(record.symbol), self._codes.of(record.reason)
        for cause, count in (record.dropped or {}).items():
            self.bars_cleaned.labels(symbol, self._causes.of(cause)).inc(amount(count))
        self.bars_cleaned.labels(symbol, "repaired").inc(amount(record.repaired))
        if record.action is not None:
            self.decisions.labels(symbol, self._actions.of(record.action), reason).inc()
        if record.reason.startswith(REFUSED) or record.outcome == REFUSED:
            self.refusals.labels(symbol, reason).inc()
        for outcome in record.outcomes:
            if outcome in OUTCOMES:
                self.orders.labels(symbol, outcome).inc()
        for stage, seconds in record.stages_s.items():
            if stage in STAGES and (known := sound(seconds)) is not None:
                self.stage_s.labels(stage).observe(max(0.0, known))
        for name, score in zip(CLASSES, record.scores or (), strict=False):
            if (known := sound(score)) is not None:
                self.scores.labels(name).observe(known)
