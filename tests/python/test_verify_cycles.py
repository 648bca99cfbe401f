"""Which minutes count, of each symbol of the process that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel.ops.verify_cycles import punctuality
from mt5_sentinel.types import STILL_RUNNING
from tests.python.verified_host import STARTED_S, VerifiedHost

FULL_S = 1_768_050_000.0
"""A full minute."""


def cycles(*starts_s: float, reason: str = "below_threshold") -> list[dict[str, Any]]:
    """Cycles by their seconds after the full minute."""
    told = [(FULL_S + at_s, reason) for at_s in starts_s]
    return [{"started_utc": f"{iso(at_s)}Z", "reason": why} for at_s, why in told]


def iso(at_s: float) -> str:
    """A time as the database has it, for the minutes after the full one."""
    minutes, seconds = divmod(at_s - FULL_S, 60)
    return f"2026-01-10T13:{int(minutes):02}:{seconds:06.3f}"


@pytest.mark.parametrize(
    ("starts_s", "since_s", "now_s", "due", "missed"),
    [
        ((2.0, 58.0, 118.0), 2, 130, 2, 0),
        ((2.0, 118.0), 2, 130, 2, 1),
        ((2.0, 58.0), 2, 130, 2, 1),
        ((2.0,), 2, 6600, 109, 109),
        ((2.0,), 2, 50, 0, 0),
        ((2.0,), 2, 67, 0, 0),
        ((2.0, 58.0), 2, 60, 1, 0),
        ((56.0, 118.0), 55, 130, 2, 0),
        ((50.0, 118.0), 49, 130, 2, 1),
        ((58.1, 118.0), 57.9, 130, 2, 0),
        ((), 2, 130, 2, 2),
    ],
)
def test_minutes_from_the_start_until_now_are_counted(
    starts_s: tuple[float, ...], since_s: float, now_s: float, due: int, missed: int
) -> None:
    found = punctuality(cycles(*starts_s), FULL_S + since_s, FULL_S + now_s)
    assert (found.due, found.missed) == (due, missed)


def test_a_minute_that_was_skipped_is_missed() -> None:
    own = [*cycles(2.0, 58.0), *cycles(118.0, reason=STILL_RUNNING)]
    assert punctuality(own, FULL_S + 2, FULL_S + 130).missed == 1


def silent(folder: Path, *numbers: int) -> VerifiedHost:
    """A host whose second symbol lacks some cycles."""
    host = VerifiedHost(folder)
    host.silent = {"GBPUSD": numbers}
    return host


def test_each_symbol_is_told(tmp_path: Path) -> None:
    found = silent(tmp_path).look()
    assert found["punctual"].verdict == found["cycles run"].verdict == "holds"
    for name in ("punctual", "cycles run"):
        assert found[name].found.startswith("EURUSD: ")
        assert "; GBPUSD: " in found[name].found


def test_a_silent_symbol_is_named(tmp_path: Path) -> None:
    found = silent(tmp_path, *range(5, 12)).look()
    assert found["cycles run"].found == "GBPUSD: the newest cycle began 442 s ago"
    assert found["punctual"].found.startswith("GBPUSD: 11 minutes due, 7 missed")


def test_a_symbol_without_any_cycle_among_the_newest_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mt5_sentinel.ops.scene.CYCLES_MAX", 4)
    found = silent(tmp_path, *range(1, 12)).look()["cycles run"]
    assert (found.verdict, found.found.startswith("GBPUSD: none of the newest")) == ("does not hold", True)


def test_a_symbol_of_an_earlier_process_is_not_waited_for(tmp_path: Path) -> None:
    host = silent(tmp_path, *range(1, 13))
    host.starts.insert(0, host.began_s - 600)
    host.failed = {5: "fetch_timeout"}
    found = host.look()
    assert "GBPUSD" not in found["punctual"].found + found["cycles run"].found
    assert found["punctual"].verdict == "holds"


def test_a_process_that_has_just_begun_has_no_cycle_yet(tmp_path: Path) -> None:
    host = VerifiedHost(tmp_path)
    host.now_s, host.starts = host.began_s + 18, [host.began_s + 1]
    build = host.build
    host.build = lambda: (build(), host.file("/proc/uptime", f"{STARTED_S + 18} 1.0\n"))[0]  # type: ignore[method-assign]
    assert host.look()["punctual"].verdict == "not shown"
    host.starts = [host.starts[0] - 60]
    found = host.look_again()
    assert (found["cycles run"].verdict, found["punctual"].verdict) == ("not shown", "not shown")


def test_a_process_that_has_run_long_without_a_cycle_does_not_hold(tmp_path: Path) -> None:
    host = VerifiedHost(tmp_path)
    host.starts = [host.began_s - 60]
    found = host.look()
    assert (found["cycles run"].verdict, found["punctual"].verdict) == ("does not hold", "does not hold")
