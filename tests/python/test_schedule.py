"""When a cycle runs: examples an operator would check by hand, and a simulated clock that steps and stalls."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mt5_sentinel.schedule import Schedule

SECOND, PERIOD_S = 58, 60
NAP_S = 1.0  # adapters.clock.NAP_S_MAX: how late a step is noticed, and how late a fire may be
EPOCH_S = 1_700_000_040  # a whole minute
DAY_S = 86_400.0
# Waits end on a machine's clock, a little late; sums of floats near 1.7e9 are good to about 1e-6.
EPSILON_S = 1e-3


@dataclass
class World:
    """A wall clock over a monotonic one, with steps at given monotonic times, and a daemon's loop."""

    durations_s: list[float]
    steps: list[tuple[float, float]] = field(default_factory=list)  # (monotonic time, seconds), ascending
    wall_at_start_s: float = EPOCH_S
    monotonic_s: float = 0.0
    fires: list[tuple[float, float]] = field(default_factory=list)  # (monotonic, wall)
    taken_s: list[float] = field(default_factory=list)  # duration of the cycle of each fire

    @property
    def wall_s(self) -> float:
        stepped = math.fsum(size for at, size in self.steps if at <= self.monotonic_s)
        return self.wall_at_start_s + self.monotonic_s + stepped

    def run(self, until_s: float, start_cycle_s: float = 0.0, schedule: Schedule | None = None) -> World:
        schedule = schedule or Schedule(SECOND, PERIOD_S)
        schedule.start(self.wall_s, self.monotonic_s)
        self.monotonic_s += start_cycle_s
        while self.monotonic_s < until_s:
            wall_s = self.wall_s
            if schedule.is_due(wall_s, self.monotonic_s):
                taken_s = self.durations_s[len(self.fires) % len(self.durations_s)]
                self.fires.append((self.monotonic_s, wall_s))
                self.taken_s.append(taken_s)
                self.monotonic_s += taken_s
            else:
                self.monotonic_s += min(NAP_S, max(0.0, schedule.wait_s(wall_s))) + EPSILON_S / 10
        return self

    def seconds(self) -> list[float]:
        """Second of the minute of each fire."""
        return [wall % PERIOD_S for _, wall in self.fires]

    def slots(self) -> list[int]:
        return [slot_of(wall) for _, wall in self.fires]


def slot_of(wall_s: float) -> int:
    return math.floor((wall_s - SECOND) / PERIOD_S)


def is_on_time(wall_s: float) -> bool:
    return (wall_s - SECOND) % PERIOD_S <= 1.0 + EPSILON_S


def test_fires_at_second_58_of_every_minute() -> None:
    world = World([2.5]).run(600)
    assert len(world.fires) == 10
    assert world.seconds() == pytest.approx([SECOND] * 10, abs=EPSILON_S)
    assert world.slots() == list(range(world.slots()[0], world.slots()[0] + 10))


@pytest.mark.parametrize("into_minute_s", [0, 30, 52.5, 58, 58.5, 59.9])
def test_the_cycle_at_start_has_no_slot_of_its_own(into_minute_s: float) -> None:
    world = World([1.0], wall_at_start_s=EPOCH_S + into_minute_s).run(61, start_cycle_s=0.05)
    first_wall_s = world.fires[0][1]
    assert first_wall_s % PERIOD_S == pytest.approx(SECOND, abs=EPSILON_S)
    assert first_wall_s - (EPOCH_S + into_minute_s) == pytest.approx((SECOND - into_minute_s) % PERIOD_S or 60, abs=0.1)


def test_a_slow_cycle_is_followed_by_one_late_cycle_not_a_burst() -> None:
    # 200 s from 58: ends 20 s after the third missed moment.
    world = World([200.0, 1.0, 1.0]).run(400)
    gaps = [b[0] - a[0] for a, b in zip(world.fires, world.fires[1:], strict=False)]
    assert gaps[:3] == pytest.approx([200, 40, 60], abs=2 * NAP_S)
    assert world.seconds()[:3] == pytest.approx([58, 18, 58], abs=2 * NAP_S)


def test_no_late_cycle_when_the_next_moment_is_near() -> None:
    # 100 s from 58: ends 20 s before the next moment, which serves both.
    world = World([100.0, 1.0]).run(300)
    assert world.seconds() == pytest.approx([58] * len(world.fires), abs=EPSILON_S)
    assert world.fires[1][0] - world.fires[0][0] == pytest.approx(120, abs=EPSILON_S)


@pytest.mark.parametrize("late_s", [0.0, 0.5, 0.999])
def test_one_second_late_still_counts_as_on_time(late_s: float) -> None:
    schedule = Schedule(SECOND, PERIOD_S)
    schedule.start(EPOCH_S, 0.0)
    assert schedule.is_due(EPOCH_S + SECOND + late_s, late_s)
    assert not schedule.is_due(EPOCH_S + SECOND + late_s, late_s)


@pytest.mark.parametrize("step_s", [-45.0, -31.0, -29.0, -10.0, -1.0, -0.2])
def test_a_small_step_back_over_a_moment_does_not_fire_it_twice(step_s: float) -> None:
    world = World([0.1], steps=[(SECOND + 0.15, step_s)]).run(300)
    assert len(world.slots()) == len(set(world.slots()))
    assert world.seconds() == pytest.approx([SECOND] * len(world.fires), abs=EPSILON_S)


@pytest.mark.parametrize("step_s", [-DAY_S, -7200.0, -90.0])
def test_a_large_step_back_does_not_stop_the_schedule(step_s: float) -> None:
    world = World([0.1], steps=[(100.0, step_s)]).run(400)
    after = [at for at, _ in world.fires if at > 100]
    assert after[0] <= 100 + PERIOD_S + NAP_S
    assert len(after) >= 4


@pytest.mark.parametrize("step_s", [1.0, 40.0, 90.0, 3600.0, DAY_S, 400 * DAY_S])
def test_a_step_forward_gives_no_burst(step_s: float) -> None:
    world = World([0.1], steps=[(100.0, step_s)]).run(400)
    gaps = [b[0] - a[0] for a, b in zip(world.fires, world.fires[1:], strict=False)]
    assert min(gaps) >= PERIOD_S / 2
    assert max(gaps) <= 1.5 * PERIOD_S + NAP_S


@pytest.mark.parametrize("step_s", [5.0, 30.0, 49.0])
def test_a_step_forward_does_not_swallow_the_next_moment(step_s: float) -> None:
    world = World([0.1], steps=[(SECOND + 10.0, step_s)]).run(400)
    assert world.slots() == list(range(world.slots()[0], world.slots()[0] + len(world.fires)))
    assert world.fires[1][0] - world.fires[0][0] <= PERIOD_S


def test_a_cycle_at_start_serves_a_moment_that_is_very_near() -> None:
    world = World([0.1], wall_at_start_s=EPOCH_S + 57.5).run(100, start_cycle_s=0.2)
    assert [round(at, 3) for at, _ in world.fires] == [pytest.approx(60.5, abs=EPSILON_S)]


def test_wait_ends_at_the_next_moment_and_is_never_zero() -> None:
    schedule = Schedule(SECOND, PERIOD_S)
    assert schedule.wait_s(EPOCH_S) == SECOND
    assert schedule.wait_s(EPOCH_S + SECOND) == PERIOD_S
    assert schedule.wait_s(EPOCH_S + SECOND - 0.25) == 0.25


SIZES_S = st.one_of(
    st.floats(-DAY_S, -1.0), st.floats(1.0, DAY_S), st.floats(-90.0, -1.0), st.floats(1.0, 90.0), st.just(-59.9)
)
# Steps are rarer than a cycle and its wait are long, so that at most one of them falls between two fires.
STEPS = st.lists(st.tuples(st.floats(400.0, 1500.0), SIZES_S), max_size=4)
DURATIONS = st.lists(st.one_of(st.floats(0.0, 5.0), st.floats(0.0, 200.0)), min_size=1, max_size=6)


def world_of(durations_s: list[float], distances: list[tuple[float, float]], start_s: float) -> World:
    at_s, steps = 0.0, []
    for distance_s, size_s in distances:
        at_s += distance_s
        steps.append((at_s, size_s))
    return World(durations_s, steps, EPOCH_S + start_s).run(at_s + 1000)


@settings(max_examples=300, deadline=None)
@given(durations_s=DURATIONS, distances=STEPS, start_s=st.floats(0.0, 60.0))
@example(durations_s=[0.0], distances=[(418.0 + 59.5, -59.0)], start_s=0.0)
def test_whatever_the_clock_does(
    durations_s: list[float], distances: list[tuple[float, float]], start_s: float
) -> None:
    world = world_of(durations_s, distances, start_s)
    assert world.fires, "the schedule never fired"
    pairs = zip(world.fires, world.fires[1:], world.taken_s, strict=False)
    for (before, before_wall), (after, after_wall), taken_s in pairs:
        stepped = [size for at, size in world.steps if before < at <= after]
        gap_s = after - before
        assert gap_s >= PERIOD_S / 2 - EPSILON_S, "two cycles too near each other"

        # A step back repeats time that is served already; the next moment comes within a period of it.
        periods = 2.0 if any(size < 0 for size in stepped) else 1.5
        assert gap_s <= periods * PERIOD_S + taken_s + 2 * NAP_S, "a moment was lost"

        if not stepped or min(stepped) > -PERIOD_S / 2:
            assert slot_of(after_wall) > slot_of(before_wall), "one moment fired twice"
        if not stepped or min(stepped) > -PERIOD_S:
            assert slot_of(after_wall) != slot_of(before_wall), "one moment fired twice"
        if not stepped and taken_s < PERIOD_S and is_on_time(before_wall):
            assert is_on_time(after_wall), "a quiet stretch fires on time"
    assert world.monotonic_s - world.fires[-1][0] <= 2 * PERIOD_S + 200 + 2 * NAP_S, "it stopped"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(1.0, 30.0), st.floats(-DAY_S, DAY_S)), min_size=1, max_size=200))
def test_a_clock_gone_mad_never_causes_a_burst_and_heals(mad: list[tuple[float, float]]) -> None:
    """Steps every few seconds: nothing is promised but spacing, and a normal rhythm once the clock is sane."""
    at_s, steps = 0.0, []
    for distance_s, size_s in mad:
        at_s += distance_s
        steps.append((at_s, size_s))
    world = World([0.5], steps).run(at_s + 600)
    gaps = [b[0] - a[0] for a, b in zip(world.fires, world.fires[1:], strict=False)]
    assert all(gap >= PERIOD_S / 2 - EPSILON_S for gap in gaps)
    sane = [wall for at, wall in world.fires if at > at_s + 2 * PERIOD_S]
    assert len(sane) >= 7
    assert all(map(is_on_time, sane))


class _Careless(Schedule):
    """The schedule without its spacing rule: proves that the simulation would notice."""

    def is_due(self, wall_s: float, monotonic_s: float) -> bool:
        self._fired_at_s = {}
        return super().is_due(wall_s, monotonic_s)


def test_the_simulation_catches_a_schedule_that_fires_twice() -> None:
    world = World([0.1], steps=[(SECOND + 0.15, -10.0)]).run(120, schedule=_Careless(SECOND, PERIOD_S))
    assert len(world.slots()) != len(set(world.slots()))
