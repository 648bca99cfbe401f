"""A clock that is set, or a machine that resumes: nobody is woken for it, and nothing is hidden by it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from mt5_sentinel.alerting.eyes import Eyes
from mt5_sentinel.alerting.steady_time import KEPT_S
from mt5_sentinel.types import INTERVAL_S, CycleRecord, DeskFacts
from mt5_sentinel.view.pulse import Pulse
from tests.python.standing_place import GOOD, NOW_S, Place
from tests.python.teller_desk import Desk, desk

__all__ = ["desk"]

HOUR_S = INTERVAL_S["1h"]
STEP_AT_S = 300
SYMBOLS = ("EURUSD", "GBPUSD")


def alive(facts: DeskFacts) -> Pulse:
    return Pulse(True, "it answers", facts.pid)


class Floor:
    """Two symbols, a cycle of each every minute by the time of day; looks every ten seconds."""

    def __init__(self, desk: Desk, directory: Path) -> None:
        self.desk, self.place = desk, Place(directory / "state")
        self.place.desk(*SYMBOLS)
        self.eyes = Eyes(self.place.directory, alive)

    def run(self, step_s: float, dies: tuple[str, ...] = (), for_s: int = 900) -> list[str]:
        """What is told of a step of the clock, at which some symbols stop; with the seconds since."""
        told = []
        for at_s in range(0, for_s, 10):
            wall_s = NOW_S + at_s + (step_s if at_s >= STEP_AT_S else 0)
            for number, symbol in enumerate(SYMBOLS):
                is_due = at_s % 60 == 10 * number and at_s != STEP_AT_S
                if is_due and not (symbol in dies and at_s >= STEP_AT_S):
                    self.cycle(symbol, wall_s - 2)
            for one in self.desk.teller.hear(self.eyes.look(wall_s, at_s), wall_s, at_s):
                told.append(f"{one.key} {one.kind} {one.level}")
                if one.kind == "raise":
                    assert at_s - STEP_AT_S <= KEPT_S + 60
        self.place.close()
        return told

    def cycle(self, symbol: str, ended_s: float) -> None:
        one = CycleRecord(symbol, "dry-run", ended_s - 1)
        self.place.memory.begin(one)
        found = GOOD | {"bar_open_s": int(ended_s) // HOUR_S * HOUR_S - HOUR_S}
        self.place.memory.finish(msgspec.structs.replace(one, finished_s=ended_s, **found))


@pytest.mark.parametrize("step_s", [600.0, -600.0, 7200.0, -7200.0, 3.0])
def test_a_step_of_the_clock_wakes_nobody(desk: Desk, tmp_path: Path, step_s: float) -> None:
    assert Floor(desk, tmp_path).run(step_s) == []


@pytest.mark.parametrize("step_s", [600.0, -600.0, 0.0])
def test_a_daemon_that_hangs_with_it_is_told(desk: Desk, tmp_path: Path, step_s: float) -> None:
    assert Floor(desk, tmp_path).run(step_s, SYMBOLS)[0] == "daemon raise bad"


@pytest.mark.parametrize("step_s", [600.0, 0.0])
def test_a_symbol_that_hangs_with_it_is_told(desk: Desk, tmp_path: Path, step_s: float) -> None:
    assert Floor(desk, tmp_path).run(step_s, ("GBPUSD",))[0] == "GBPUSD loop raise bad"
