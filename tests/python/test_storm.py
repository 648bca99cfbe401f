"""The order path through two hundred seeds of faults at every door: no promise is broken.

What is promised, and how each fault comes about, is told in docs/ORDER_SAFETY.md.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.python.storm import many
from tests.python.storm.life import Lived, live
from tests.python.storm.weather import DOORS, FAIR, HAPPENINGS

SEEDS, MINUTES = range(1, 201), 2_000
"""What CI lives through."""

SEEDS_HERE, MINUTES_HERE = range(1, 41), 400
"""What a run of the tests on somebody's machine does; `make simulate` does more."""


@pytest.fixture(scope="module")
def lived() -> list[Lived]:
    """All seeds, lived through once."""
    is_ci = os.environ.get("SENTINEL_REQUIRE_ALL") == "1"
    return list(many.live_all(SEEDS if is_ci else SEEDS_HERE, MINUTES if is_ci else MINUTES_HERE))


def test_no_promise_was_broken(lived: list[Lived]) -> None:
    broken = [one.violations for one in lived if one.told]
    assert not broken, f"{len(broken)} of {len(lived)} seeds:\n" + "\n".join(broken[:10])


def test_every_fault_came_and_orders_went_on(lived: list[Lived], capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{many.table(lived)}\n")
    seen: Counter[str] = sum((one.seen for one in lived), Counter())
    never = [kind for kind in [*DOORS, *HAPPENINGS] if not seen[kind]]
    assert not never, f"these faults never came: {never}"
    cycles = sum(one.cycles for one in lived)
    assert cycles > 0.9 * len(lived) * lived[0].minutes
    assert sum(one.executed for one in lived) > cycles / 10, "hardly an order was executed"
    assert sum(one.filled_in_calm for one in lived) > len(lived) / 4, "signals do not trade when it is calm"


def test_the_same_seed_writes_the_same_journal() -> None:
    for seed in (3, 8):
        first, again = live(seed, 250), live(seed, 250)
        assert first.digest == again.digest, f"seed {seed} wrote two different journals"
        assert first.seen == again.seen


def test_in_fair_weather_every_signal_is_traded() -> None:
    one = live(1, 120, weather=FAIR)
    assert not one.told, one.violations
    assert not one.seen
    assert one.executed > 80


def test_a_violation_names_the_command_that_shows_it_again() -> None:
    one = Lived(seed=17, minutes=2_000, told=[("late", "minute 5: an order")])
    assert "make simulate SEEDS=17 MINUTES=2000" in one.violations
    assert "late: minute 5" in one.violations


def test_seeds_are_read() -> None:
    assert many.seeds_of("17") == [17]
    assert many.seeds_of("1-3,9") == [1, 2, 3, 9]
    assert (Path(__file__).parent / "storm" / "__main__.py").is_file(), "make simulate runs it"
