"""Three daemons, one Prometheus, one Alertmanager and the endpoints they tell, put together and taken down."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.python import bundles
from tests.python.alerting_proof import processes, shipped
from tests.python.alerting_proof.endpoints import SLACK, Arrival, Endpoints
from tests.python.alerting_proof.minutes import Minutes
from tests.python.alerting_proof.processes import Process, Sentinel, wait_until
from tests.python.eodhd_server import EodhdServer, free_port

PROGRAMS = ("prometheus", "prometheus-alertmanager")

READY_S = 150
"""A daemon's first cycle, a scrape of it, and much for a machine that is busy."""


class Scene:
    """All that runs; ``close`` ends it."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        """Listen where PagerDuty, Slack and the heartbeat arrive; ``start`` starts the rest."""
        self.began_s, self._say, self._folder = time.time(), say, folder
        self.routing_key, self.slack_path = secrets.token_hex(16), SLACK + secrets.token_hex(12)
        self.endpoints = Endpoints()
        self.feeds = [Minutes() for _ in range(3)]
        self.daemons: list[Sentinel] = []
        self._servers: list[EodhdServer] = []
        self._watchers: list[Process] = []

    def start(self) -> None:
        """Start everything, and wait until each daemon is ready in the eyes of Prometheus."""
        model = self._folder / "model"
        assert bundles.pack(model, "--interval", "1m") == 0
        for number, feed in enumerate(self.feeds):
            server = EodhdServer()
            self._servers.append(server)
            server.play(feed)
            self.daemons.append(Sentinel(self._folder / f"daemon{number}", server.url, free_port(), model))
        self._watch()
        self.say("wait until Prometheus sees three daemons that are ready")
        wait_until(self._all_ready, READY_S, "Prometheus sees three daemons that are ready")

    def _all_ready(self) -> bool:
        for process in [*self._watchers, *(one.process for one in self.daemons)]:
            assert process.is_alive, f"it ended:\n{process.log.read_text(encoding='utf-8')}"
        return self.query("sum(sentinel_ready)") == [3.0]

    def _watch(self) -> None:
        alertmanager_port, self._port = free_port(), free_port()
        instances = [one.instance for one in self.daemons]
        routes = shipped.alertmanager(self._folder, self.endpoints.url, self.routing_key, self.slack_path)
        self._rules = shipped.prometheus(self._folder, f"127.0.0.1:{alertmanager_port}", instances)
        self._watchers = [processes.alertmanager(routes, alertmanager_port)]
        self.start_prometheus()

    def start_prometheus(self) -> None:
        """Start it, on what it has stored."""
        self.prometheus = processes.prometheus(self._rules, self._port)
        self._watchers.append(self.prometheus)

    def query(self, expression: str) -> list[float]:
        """Ask Prometheus."""
        return processes.query(self._port, expression)

    def say(self, text: str) -> None:
        """A line of progress, with the seconds since the beginning."""
        self._say(f"  {time.time() - self.began_s:5.0f} s  {text}")

    def triggered(self, alert: str, instance: str, timeout_s: float) -> Arrival:
        """Wait for an incident of PagerDuty, and for Slack's message of it."""
        found = self.endpoints.events
        wait_until(lambda: bool(found("trigger", alert, instance)), timeout_s, f"{alert} of {instance} at PagerDuty")
        wait_until(lambda: bool(self.endpoints.messages(f"[firing] {alert}")), 30, f"{alert} at Slack")
        return found("trigger", alert, instance)[0]

    def resolved(self, incident: Arrival, timeout_s: float) -> Arrival:
        """Wait for the end of an incident, under the same key."""
        alert = incident.summary["class"]
        wait_until(lambda: bool(self.ends(incident)), timeout_s, f"the end of {alert} at PagerDuty")
        wait_until(lambda: bool(self.endpoints.messages(f"[resolved] {alert}")), 30, f"the end of {alert} at Slack")
        return self.ends(incident)[0]

    def ends(self, incident: Arrival) -> list[Arrival]:
        """Each time that its end was told to PagerDuty."""
        key = incident.content["dedup_key"]
        return [one for one in self.endpoints.events("resolve") if one.content["dedup_key"] == key]

    def logs(self) -> str:
        """What every program has printed, and what Slack was told."""
        files = [*self._folder.glob("*.log"), *self._folder.glob("*/log")]
        told = [one.content for one in self.endpoints.messages("")]
        return "".join(file.read_text(encoding="utf-8") for file in files) + str(told)

    def close(self) -> None:
        """End what was started."""
        for process in [*self._watchers, *(one.process for one in self.daemons)]:
            process.end()
        for server in self._servers:
            server.close()
        self.endpoints.close()


def skip_without_programs() -> None:
    """Skip by name where Debian's packages are not installed."""
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        pytest.skip(f"not installed: {', '.join(missing)} (Debian: prometheus, prometheus-alertmanager)")
