"""The making of metric families: each is registered and told once, so that its documentation is never behind."""

from __future__ import annotations

from typing import NamedTuple

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

PREFIX = "sentinel_"

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call] # the library has no type for it


class Family(NamedTuple):
    """One family as a scrape names it."""

    name: str
    kind: str
    """counter, gauge or histogram."""
    labels: tuple[str, ...]
    text: str


class Families:
    """A registry, and the table of what is in it."""

    def __init__(self) -> None:
        """Begin with none."""
        self.registry = CollectorRegistry()
        self.table: list[Family] = []

    def counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        """A counter; its name ends with ``_total`` in a scrape."""
        self._note(f"{name}_total", "counter", labels, text)
        return Counter(PREFIX + name, text, labels, registry=self.registry)

    def gauge(self, name: str, text: str) -> Gauge:
        """A gauge without labels that is set; what is asked at each scrape is in ``gauges.py``."""
        self._note(name, "gauge", (), text)
        return Gauge(PREFIX + name, text, registry=self.registry)

    def histogram(self, name: str, text: str, buckets: tuple[float, ...], labels: tuple[str, ...] = ()) -> Histogram:
        """A histogram with these upper bounds."""
        self._note(name, "histogram", labels, text)
        return Histogram(PREFIX + name, text, labels, buckets=buckets, registry=self.registry)

    def _note(self, name: str, kind: str, labels: tuple[str, ...], text: str) -> None:
        self.table.append(Family(PREFIX + name, kind, labels, text))
