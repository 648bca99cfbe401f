"""The storm sees: with any one safety check taken out, a promise is broken; with all of them in, none is."""

from __future__ import annotations

import pytest

from tests.python.storm.life import live
from tests.python.storm.mutants import MUTANTS, no_wait
from tests.python.storm.weather import Weather, rough

SEEDS, MINUTES = range(1, 7), 150

WEATHERS = [mutant.more for mutant in MUTANTS.values() if mutant.more is not None]


@pytest.mark.parametrize("name", MUTANTS)
def test_a_check_that_is_taken_out_is_missed(name: str) -> None:
    patch, expected, more = MUTANTS[name]
    for seed in SEEDS:
        lived = live(seed, MINUTES, weather=rough(seed, more), mutant=patch)
        broken = {which for which, _ in lived.told}
        if expected & broken:
            return
    pytest.fail(f"{name}: none of {sorted(expected)} was seen to be broken")


@pytest.mark.parametrize("seed", SEEDS)
def test_with_all_checks_in_the_same_seeds_are_clean(seed: int) -> None:
    lived = live(seed, MINUTES, weather=rough(seed))
    assert not lived.told, lived.violations


@pytest.mark.parametrize("more", WEATHERS)
def test_so_they_are_in_weather_that_shows_a_mutant(more: Weather) -> None:
    for seed in SEEDS[:2]:
        lived = live(seed, MINUTES, weather=rough(seed, more))
        assert not lived.told, lived.violations


def test_the_tombstone_alone_is_enough() -> None:
    for seed in SEEDS:
        lived = live(seed, MINUTES, weather=rough(seed), mutant=no_wait)
        assert not lived.told, lived.violations
