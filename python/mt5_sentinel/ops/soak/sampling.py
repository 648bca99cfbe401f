"""A process as /proc shows it, seen from outside and at intervals."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

KB_MB = 1024.0
PROC = Path("/proc")

SLOPE_PER = 10_000
"""Cycles for which a slope is told."""


FIRST_CYCLES = 2
"""They open what stays open."""


class Sample(msgspec.Struct, frozen=True):
    """The daemon at one moment, and how much memory the others use."""

    at_s: float
    """Seconds of real time since the watch began."""
    cycles: float
    """Minutes of the daemon's time since it started."""
    rss_mb: float
    pss_mb: float
    fds: int
    threads: int
    cpu_s: float
    """Processor time since its start, seconds."""
    journal_bytes: int
    """Of the journal and what SQLite keeps beside it."""
    cache_bytes: int
    """The same of the cache of bars."""
    others_rss_mb: dict[str, float]


class Watch:
    """Takes samples of a daemon and the processes around it."""

    def __init__(self, pids: Mapping[str, int], state: Path, cycles: Callable[[], float]) -> None:
        """Watch the process ``daemon`` of these ids; ``state`` is its directory, ``cycles`` its age in minutes."""
        self._pids, self._state, self._cycles = pids, state, cycles

    def sample(self, at_s: float) -> Sample:
        """How it is now.

        Raises:
            OSError: the process has ended.
        """
        pid = self._pids["daemon"]
        status = _numbers(PROC / str(pid) / "status")
        if "VmRSS" not in status:  # it has ended, and nobody has asked for its exit code yet
            raise ProcessLookupError(pid)
        times = (PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()
        return Sample(
            at_s=at_s,
            cycles=self._cycles(),
            rss_mb=status["VmRSS"] / KB_MB,
            pss_mb=_numbers(PROC / str(pid) / "smaps_rollup")["Pss"] / KB_MB,
            fds=len(os.listdir(PROC / str(pid) / "fd")),  # noqa: PTH208 - names are all that is wanted
            threads=status["Threads"],
            cpu_s=(int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK"),
            journal_bytes=_size(self._state, "journal.db"),
            cache_bytes=_size(self._state, "bars.db"),
            others_rss_mb={
                name: _numbers(PROC / str(other) / "status").get("VmRSS", 0) / KB_MB
                for name, other in self._pids.items()
                if name != "daemon"
            },
        )


def warm(samples: Sequence[Sample]) -> list[Sample]:
    """Samples after the warm-up, the first half: bounded caches fill, and a leak shows in the second half as well."""
    return [one for one in samples if one.cycles >= samples[-1].cycles / 2]


def settled(samples: Sequence[Sample]) -> list[Sample]:
    """Samples after the first cycles."""
    return [one for one in samples if one.cycles >= FIRST_CYCLES]


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Least squares through ``(x, y)``: what ``y`` gains on ``SLOPE_PER`` of ``x``; None where all ``x`` are one."""
    count = len(points)
    if count < 2:
        return None
    middle_x = sum(x for x, _ in points) / count
    middle_y = sum(y for _, y in points) / count
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    if spread == 0:
        return None
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread * SLOPE_PER


def floor_rise(values: Sequence[float]) -> float:
    """The least of the last third less that of the first; what is open only during a cycle is not in it."""
    third = max(1, len(values) // 3)
    return min(values[-third:]) - min(values[:third])


def _numbers(path: Path) -> dict[str, int]:
    """The lines ``Name:  number …`` of a file of /proc."""
    found = {}
    for line in path.read_text(encoding="ascii", errors="replace").splitlines():
        name, _, rest = line.partition(":")
        first = rest.split()[:1]
        if first and first[0].isdecimal():
            found[name] = int(first[0])
    return found


def _size(state: Path, name: str) -> int:
    return sum(path.stat().st_size for suffix in ("", "-wal") if (path := state / f"{name}{suffix}").exists())
