"""What a short soak shows of growth and trades, what it does not, and the axes of its picture."""

from __future__ import annotations

import msgspec
import pytest

from mt5_sentinel.ops.soak import chart, report, verdict
from tests.python.soak_synthetic import checks, run, samples


def failed(judged: verdict.Run) -> list[str]:
    return checks(judged, "failed")


GROWTHS = ["memory growth", "gateway growth"]


@pytest.mark.parametrize(("minutes", "healthy_mb", "leak_mb"), [(10, 0.05, 0.8), (200, 0.3, 1.0), (1_440, 1.3, 7.2)])
def test_a_short_run_shows_no_slope_and_fails_on_what_is_far_too_much(
    minutes: int, healthy_mb: float, leak_mb: float
) -> None:
    short = {"minutes": minutes, "accelerated": minutes != 10}
    good = run(samples=samples(gain_mb=healthy_mb, minutes=minutes), **short)
    assert (failed(good), checks(good, "not shown")) == ([], GROWTHS)
    assert report.closing(verdict.judge(good)) == "PASS, not shown: memory growth, gateway growth"
    assert failed(run(samples=samples(gain_mb=healthy_mb + leak_mb, minutes=minutes), **short)) == ["memory growth"]
    assert failed(run(samples=samples(gateway_mb=healthy_mb + leak_mb, minutes=minutes), **short)) == ["gateway growth"]


def test_ten_minutes_hide_no_descriptor_and_no_thread() -> None:
    slow = samples(leaks=2.5 / 99, minutes=10)
    assert failed(run(samples=slow, minutes=10, accelerated=False)) == ["descriptors", "threads"]
    first = [msgspec.structs.replace(one, fds=10, threads=1) if one.cycles < 2 else one for one in samples(minutes=10)]
    assert failed(run(samples=first, minutes=10, accelerated=False)) == [], "what the first cycles open stays open"


def test_few_looks_are_no_verdict_in_a_short_run_and_a_fault_in_a_longer_one() -> None:
    unseen = [*GROWTHS, "descriptors", "threads"]
    for minutes, accelerated in ((9, False), (900, True)):
        brief = run(samples=samples(minutes=minutes)[::10], minutes=minutes, accelerated=accelerated)
        assert (failed(brief), checks(brief, "not shown")) == ([], unseen)
    for minutes, accelerated in ((10, False), (1_000, True)):
        blind = run(samples=samples(minutes=minutes)[::10], minutes=minutes, accelerated=accelerated)
        assert (failed(blind), checks(blind, "not shown")) == (unseen, [])


def test_a_run_without_trades_passes_nothing() -> None:
    assert failed(run(opened=0, minutes=10)) == ["trades"]
    assert checks(run(opened=0, minutes=9), "not shown") == ["trades"]


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (10_002.1, 10_007.9, [10_002, 10_003, 10_004, 10_005, 10_006, 10_007, 10_008]),
        (0.0, 66.0, [0, 10, 20, 30, 40, 50, 60, 70]),
        (9_971.0, 10_113.0, [9_960, 9_980, 10_000, 10_020, 10_040, 10_060, 10_080, 10_100, 10_120]),
        (0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.0, 43_200.0, [0, 10_000, 20_000, 30_000, 40_000, 50_000]),
    ],
)
def test_axes_have_round_numbers(low: float, high: float, marks: list[float]) -> None:
    assert chart.nice(low, high) == pytest.approx(marks)


def test_an_axis_of_one_value_has_two_ends() -> None:
    marks = chart.nice(10_000.0, 10_000.0)
    assert marks[0] <= 10_000 <= marks[-1]
    assert marks[0] < marks[-1]
    assert len(chart.nice(0.0, 0.0)) >= 2
