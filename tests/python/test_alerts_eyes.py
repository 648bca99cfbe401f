"""What the eyes see of a journal, a process and /livez; nothing that is broken there ends the watcher."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from mt5_sentinel.alerting.eyes import Eyes
from mt5_sentinel.alerting.growth import MIB, SETTLES_S, Growth
from mt5_sentinel.types import DeskFacts, ModelFacts
from mt5_sentinel.view.lights import Light, lights
from mt5_sentinel.view.pulse import Pulse
from tests.python.standing_place import BAR_S, NOW_S, Place, Places, place, places

__all__ = ["place", "places"]

WEEKEND_S = NOW_S + 3 * 86400


def alive(facts: DeskFacts) -> Pulse:
    return Pulse(True, "it answers", facts.pid, 100 * MIB)


def seen(one: Place | Path, now_s: float = NOW_S) -> dict[str, Light]:
    directory = one if isinstance(one, Path) else one.directory
    return {light.name: light for light in Eyes(directory, alive).look(now_s, 0.0)}


def wrong(found: dict[str, Light]) -> list[str]:
    return [name for name, light in found.items() if light.level != "ok"]


def test_all_is_well(place: Place) -> None:
    place.cycle()
    found = seen(place)
    assert wrong(found) == []
    assert {"journal", "daemon", "memory", "loop", "data"} <= set(found)


def test_a_weekend_is_well(place: Place) -> None:
    place.cycle(20.0 - 3 * 86400, reason="market_closed", status="done", bar_open_s=None)
    assert wrong(seen(place, WEEKEND_S)) == []


def test_two_symbols_are_two_lights(places: Places) -> None:
    one = places().desk("EURUSD", "GBPUSD")
    one.cycle(symbol="EURUSD")
    one.failed(80.0, symbol="GBPUSD")
    one.failed(symbol="GBPUSD")
    found = [light for light in Eyes(one.directory, alive).look(NOW_S, 0.0) if light.name == "loop"]
    assert [(light.symbol, light.level) for light in found] == [("EURUSD", "ok"), ("GBPUSD", "bad")]


def test_no_journal_is_told(tmp_path: Path) -> None:
    found = seen(tmp_path)
    assert wrong(found) == ["journal"]
    assert "no journal there" in found["journal"].text


def test_a_damaged_journal_is_told(place: Place) -> None:
    place.cycle()
    place.close()
    place.path.write_bytes(b"this was a journal" * 1000)
    assert wrong(seen(place)) == ["journal"]


def test_a_damaged_row_is_told(place: Place) -> None:
    place.cycle()
    place.execute("UPDATE desk SET facts = '{'")
    assert wrong(seen(place)) == ["journal"]


def test_the_daemon_is_watched_while_its_journal_is_not_there(place: Place) -> None:
    place.cycle()
    eyes = Eyes(place.directory, lambda facts: Pulse(False, "gone", facts.pid))
    eyes.look(NOW_S, 0.0)
    place.path.rename(place.path.with_name("elsewhere"))
    levels = {light.name: light.level for light in eyes.look(NOW_S, 0.0)}
    assert levels == {"journal": "bad", "daemon": "bad", "memory": "ok"}


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare (apt: util-linux)"
)
@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_a_journal_in_a_read_only_directory_is_read(place: Place, end: str, tmp_path: Path) -> None:
    """As the units have it: a daemon that stopped leaves no file beside the journal, and here none can be made."""
    place.cycle()
    directory = tmp_path / "copy"
    if end == "stopped":
        place.close()
    shutil.copytree(place.directory, directory)
    assert (directory / "journal.db-wal").exists() is (end == "killed")
    bound = f"mount --bind {directory} {directory} && mount -o remount,ro,bind {directory}"
    command = [sys.executable, "-m", "mt5_sentinel", "alerts", "--once", "--state-dir", str(directory)]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f'{bound} && exec "$@"', "sh", *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "bad  daemon: " in done.stdout, done.stderr
    assert "journal" not in done.stdout


def test_cycles_that_fail_are_told_though_it_could_trade(place: Place) -> None:
    place.failed(80.0, reason="fetch_timeout", equity=1.0, stages_s={"book": 0.1, "fetch": 1.0})
    place.failed(20.0, reason="fetch_timeout", equity=1.0, stages_s={"book": 0.1, "fetch": 1.0}, bar_open_s=BAR_S)
    found = seen(place)["loop"]
    assert (found.level, "fetch_timeout" in found.text) == ("warn", True)


def test_a_locked_journal_is_read(place: Place) -> None:
    place.cycle()
    other = sqlite3.connect(place.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert wrong(seen(place)) == []
    other.execute("ROLLBACK")
    other.close()


def test_a_daemon_that_is_silent_is_told_before_its_symbols(place: Place) -> None:
    place.cycle(130.0)
    found = seen(place)
    assert wrong(found) == ["daemon"]
    assert "no cycle of any symbol has ended for 2 min" in found["daemon"].text


@pytest.mark.parametrize(("row", "level"), [((0.5, 0.5), "ok"), ((0.5, 3.0), "bad"), ((None, 0.5), "ok")])
def test_features_are_held_against_their_training(places: Places, row: tuple[float | None, float], level: str) -> None:
    model = ModelFacts("ab", "lightgbm", ranges={"a": (0.0, 1.0), "b": (0.0, 1.0)})
    one = places().desk(model=model)
    one.cycle(features=None if row[0] is None else list(row))
    (found,) = [light for light in lights(one.look()) if light.name == "drift"]
    assert found.level == level
    assert ("1 of 2 features are outside of their range in training: b" in found.text) is (level == "bad")


def test_growth_is_measured_against_the_same_process() -> None:
    growth = Growth()

    def level(mib: int, at_s: float, pid: int = 7) -> str:
        return growth.light(Pulse(True, "", pid, mib * MIB), at_s).level

    assert level(80, 0.0) == "ok"
    assert level(120, SETTLES_S - 1) == "ok", "it fills its caches"
    assert level(230, SETTLES_S + 1) == "ok"
    assert level(250, SETTLES_S + 2) == "warn"
    assert level(430, SETTLES_S + 3) == "bad"
    assert level(430, SETTLES_S + 4, pid=8) == "ok", "another process"
    assert growth.light(Pulse(True, "", 8, None), 0.0).level == "ok"
