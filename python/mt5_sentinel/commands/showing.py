"""What the daemon shows of itself: metrics and health, told by each cycle, served over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from mt5_sentinel.commands import desk_facts
from mt5_sentinel.cycle import Desk
from mt5_sentinel.gauges import Gauges
from mt5_sentinel.guard import Guard
from mt5_sentinel.metrics import Metrics
from mt5_sentinel.ports import Clock
from mt5_sentinel.present import Present
from mt5_sentinel.settings import Settings
from mt5_sentinel.trader import Observer
from mt5_sentinel.types import CycleRecord, Mode
from mt5_sentinel.web.health import Health
from mt5_sentinel.web.probes import Probes
from mt5_sentinel.web.server import WebServer

log = logging.getLogger("mt5_sentinel")


class Showing:
    """Put together before the desks, so that a port that is taken leaves no files behind."""

    def __init__(self, symbols: Sequence[Settings], clock: Clock, mode: Mode, *, port: int | None) -> None:
        """Serve from now on, where there is a port; 0 takes a free one.

        Raises:
            Misconfigured: the address cannot be bound.
        """
        names, shared, started_s = [one.symbol for one in symbols], symbols[0], clock.monotonic_s()
        self._clock, self._desks = clock, tuple[Desk, ...]()
        self._health = Health(clock.monotonic_s, mode, names)
        self._metrics = Metrics(lambda: clock.monotonic_s() - started_s, names)
        self.present = Present(clock, mode)
        self._metrics.registry.register(Gauges(self.present))
        self.web = None
        if port is not None:
            probes = Probes(self.present)
            pages = {"/livez": probes.live, "/readyz": probes.ready}
            self.web = WebServer(shared.metrics_host, port, self._metrics.registry, self._health, pages)

    @property
    def registry(self) -> CollectorRegistry:
        """What a scrape reads."""
        return self._metrics.registry

    @property
    def observers(self) -> tuple[Observer, ...]:
        """What is told of each finished cycle."""
        return self._metrics.observe, self.present.observe, self._note_units, self._health.observe

    def take(self, desks: Sequence[Desk]) -> None:
        """Show these desks from now on, and tell the journal of them."""
        self._desks = tuple(desks)
        facts = desk_facts.note(desks, self._clock.wall_s())
        self.present.take(facts, desk_facts.remembered(desks))
        self._read_units()

    def close(self) -> None:
        """Stop serving."""
        if self.web:
            self.web.close()

    def _note_units(self, record: CycleRecord) -> None:
        if record.quota_units:
            self._read_units()

    def _read_units(self) -> None:
        """Read the account of units here, in a cycle's thread or before the first: a scrape must not wait for it."""
        error = Guard().attempt(
            lambda: self.present.note_units(desk_facts.units_spent(self._desks, self._clock.wall_s()))
        )
        if error is not None:
            log.warning("The units of the day are not shown: %s", error)
