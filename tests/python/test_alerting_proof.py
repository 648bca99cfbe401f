"""The promise itself: killed, frozen and halted daemons are told to PagerDuty and Slack in two minutes, and their ends;
neither the death of the halted one nor a restart of Prometheus is an end of its halt.

Real Prometheus, real Alertmanager, the shipped files with the shipped intervals; it takes twelve minutes.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.python.alerting_proof import scene as scenes
from tests.python.alerting_proof.endpoints import Arrival
from tests.python.alerting_proof.processes import Sentinel, wait_until
from tests.python.alerting_proof.scene import Scene

PROMISED_S = 120
"""Within two minutes an operator is told."""

FREEZE_S = 120
"""A minute's bar may be late by a minute: so long after the newest bar closed its data counts as stale."""

RESOLVE_S = 200
"""A cycle, a scrape, an evaluation, and Alertmanager's interval of a group; and slack, for none of it is promised."""

SETTLE_S = 45
"""Whatever an evaluation changed has been told: Alertmanager's interval of a group, and an evaluation."""

AWAY_S = 100
"""So long Prometheus is away, as for an upgrade; an alert that it sends no more ends after four minutes."""

SILENCE_S = 330
"""The four minutes, and Alertmanager's intervals; then no heartbeat comes."""


@pytest.fixture
def scene(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Scene]:
    """Everything runs."""
    scenes.skip_without_programs()

    def say(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()

    say("\nthe proof of the alerts takes some twelve minutes:")
    whole = Scene(tmp_path, say)
    try:
        whole.start()
        yield whole
    finally:
        whole.close()


def test_dead_frozen_and_halted_are_told_in_two_minutes_and_end(scene: Scene) -> None:
    killed, frozen, halted = scene.daemons
    assert scene.endpoints.events("trigger") == [], "all is well, and something was told"
    began_s = time.time()
    killed.process.kill()
    stale_s = scene.feeds[1].freeze() + FREEZE_S
    halted.command("halt")
    scene.say("one daemon is killed, the data of one is frozen, one is halted; wait for what is told")

    death = scene.triggered("SentinelDown", killed.instance, PROMISED_S)
    scene.say(f"dead: told after {death.at_s - began_s:.0f} s; it is started again")
    killed.start()
    halt = scene.triggered("SentinelHalted", halted.instance, PROMISED_S)
    scene.say(f"halted: told after {halt.at_s - began_s:.0f} s; it is killed")
    halted.process.kill()
    stale = scene.triggered("SentinelDataStale", frozen.instance, FREEZE_S + PROMISED_S)
    scene.say(f"frozen: told {stale.at_s - stale_s:.0f} s after its data became stale; thawed")
    scene.feeds[1].thaw()
    second = _the_halt_outlives_a_death(scene, halted, halt)
    halted.command("resume")
    scene.say("resumed")
    for name, incident, was_so_s in (("dead", death, began_s), ("halted", halt, began_s), ("stale", stale, stale_s)):
        assert incident.at_s - was_so_s < PROMISED_S, f"{name} was told too late"
        assert incident.summary["severity"] == "critical"
        assert incident.content["routing_key"] == scene.routing_key
    for incident in (death, halt, stale, second):
        end = scene.resolved(incident, RESOLVE_S)
        scene.say(
            f"{incident.summary['class']}: its end was told, {end.at_s - incident.at_s:.0f} s after its beginning"
        )

    assert len(scene.endpoints.events("trigger", "SentinelHalted", halted.instance)) == 1, "one halt, one page"
    told = {(one.summary["class"], one.summary["component"]) for one in scene.endpoints.events("trigger")}
    assert told - {("SentinelCyclesFailing", frozen.instance)} == {
        ("SentinelDown", killed.instance),
        ("SentinelHalted", halted.instance),
        ("SentinelDown", halted.instance),
        ("SentinelDataStale", frozen.instance),
    }, "one cause, one incident; what it explains is inhibited"
    _the_heartbeat_ends_with_prometheus(scene)
    assert scene.routing_key not in scene.logs()
    assert scene.slack_path not in scene.logs()


def _the_halt_outlives_a_death(scene: Scene, halted: Sentinel, halt: Arrival) -> Arrival:
    """Its end is not told with the death, nor is it told anew by what is started and still halted; the death."""
    death = scene.triggered("SentinelDown", halted.instance, PROMISED_S)
    assert scene.ends(halt) == [], "a death was told as the end of a halt"
    scene.say("the halted one is told as dead, its halt not as ended; it is started again")
    halted.start()
    is_told = f'sentinel_halted{{instance="{halted.instance}"}}'
    wait_until(lambda: scene.query(is_told) == [1.0], PROMISED_S, "the daemon that was started tells that it is halted")
    scene.resolved(death, RESOLVE_S)
    scene.prometheus.end()
    scene.say(f"Prometheus is stopped for {AWAY_S} s")
    time.sleep(AWAY_S)
    scene.start_prometheus()
    wait_until(lambda: scene.query(is_told) == [1.0], PROMISED_S, "Prometheus is back")
    time.sleep(SETTLE_S)
    assert scene.ends(halt) == [], "a start of the daemon, or of Prometheus, was told as the end of a halt"
    assert scene.endpoints.messages("[resolved] SentinelHalted") == []
    return death


def _the_heartbeat_ends_with_prometheus(scene: Scene) -> None:
    wait_until(lambda: len(scene.endpoints.heartbeats()) >= 3, PROMISED_S, "three heartbeats")
    beats = [one.at_s for one in scene.endpoints.heartbeats()]
    gaps = [later - earlier for earlier, later in itertools.pairwise(beats)]
    scene.say(f"{len(beats)} heartbeats, at most {max(gaps):.0f} s apart; Prometheus is stopped, wait for silence")
    assert max(gaps) < PROMISED_S
    scene.prometheus.end()
    ended_s = time.time()

    def silent_s() -> float:
        return time.time() - scene.endpoints.heartbeats()[-1].at_s

    wait_until(lambda: silent_s() > max(gaps) + 45, SILENCE_S + max(gaps) + 45, "no heartbeat comes any more")
    last_s = scene.endpoints.heartbeats()[-1].at_s
    scene.say(f"the last heartbeat came {max(0.0, last_s - ended_s):.0f} s after Prometheus was stopped")
