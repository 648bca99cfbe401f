"""The 22 feature columns against what a trader could pick instead: CPU time, interleaved, in one process.

    python benches/python/features_vs_peers.py [--large] [--write]

Prints tables; with --write renews the section of docs/BENCHMARKS.md and the picture beside it. Ends with 1 when a peer
is wrong beyond 1e-6 on ordinary prices, since a race against a wrong result says nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

# Before any library starts its threads.
for variable in ("POLARS_MAX_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[variable] = "1"

import peers
from peers.contract import Columns, Memory, Peer
from race import exact, imports, machine, one_bar, report, series
from race.clock import Times, interleaved
from race.outcome import Outcome, Place, conclude, tell

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENT, PICTURE = ROOT / "docs" / "BENCHMARKS.md", ROOT / "docs" / "features_vs_peers.svg"

SECTION, TITLE = "features", "The 22 columns: CPU nanoseconds a bar, one core, logarithmic"

SMALL, RECORDED, MIDDLE, LARGE = 200, 2_061, 100_000, 10_000_000
OURS, BOUND = "mt5-sentinel", "fill"
WRONG = 1e-6
JUDGED, OUTLIER_AT, OUTLIER_LENGTH, FORGOTTEN = 2_061, 300, 3, 100
CASES = ("ordinary prices", "prices + 1e6", "100 bars after 3 bars × 1e6")


def is_bound(peer: Peer) -> bool:
    """Whether the peer only fills memory."""
    return peer.name.startswith(("fill", "memset"))


def judged(competing: Sequence[Peer]) -> tuple[dict[str, list[exact.Verdict]], list[str]]:
    """Every peer on every case of accuracy, and who is wrong on ordinary prices."""
    plain = series.recorded(JUDGED)
    last = OUTLIER_AT + OUTLIER_LENGTH
    cases = (
        (plain, 0),
        (series.shifted(plain), 0),
        (series.with_outlier(plain, OUTLIER_AT, OUTLIER_LENGTH), last + FORGOTTEN),
    )
    verdicts: dict[str, list[exact.Verdict]] = {peer.name: [] for peer in competing}
    for name, (bars, first) in zip(CASES, cases, strict=True):
        tell(f"accuracy: {name}")
        truth = exact.columns(bars)
        for peer in competing:
            run = peer.prepare(bars, Memory(len(bars.close)))
            verdicts[peer.name].append(exact.judge(run.matrix(run.call()), truth, bars.close, first))
    wrong = [
        f"{name}: {told[0].misplaced or f'off by {told[0].relative:.1e}'}"
        for name, told in verdicts.items()
        if told[0].misplaced or told[0].relative > WRONG
    ]
    return verdicts, wrong


def raced(competing: Sequence[Peer], bars: Columns, budget_s: float) -> list[Times]:
    """All peers over the same bars, writing to the same memory where they can."""
    count = len(bars.close)
    memory = Memory(count)
    tell(f"{count:,} bars, {len(competing)} contestants, about {budget_s:.0f} s")
    fewest = 3 if count > MIDDLE else 5
    return interleaved([(p.name, p.prepare(bars, memory).call) for p in competing], budget_s, (fewest, 41))


def sizes(
    competing: Sequence[Peer], budget_s: float, large: bool
) -> tuple[list[str], dict[str, list[tuple[str, float]]]]:
    """The race over every size."""
    lines: list[str] = []
    groups: dict[str, list[tuple[str, float]]] = {}
    kinds = [("walk", series.walk(SMALL)), ("EURUSD", series.recorded(RECORDED)), ("walk", series.walk(MIDDLE))]
    if large:
        kinds.append(("walk", series.walk(LARGE)))
    for kind, bars in kinds:
        count, started = len(bars.close), time.perf_counter()
        taken = raced(competing, bars, budget_s)
        ours = report.best(taken, OURS)
        assert ours is not None
        title = f"{count:,} bars ({kind})"
        table = report.speed(count, taken, ours, report.best(taken, BOUND))
        tell("\n".join([title, *table, f"{time.perf_counter() - started:.0f} s"]))
        lines += [f"### {title}", "", *table, "", f"Median of {len(ours.rounds)} rounds.", ""]
        groups[title] = [(times.name, times.median / count) for times in taken]
    return lines, groups


def race(budget_s: float, large: bool, modules: tuple[str, ...] = peers.MODULES) -> Outcome:
    """The whole race."""
    pinned = machine.pin()
    every, absent = peers.load(modules)
    for name, why in absent.items():
        tell(f"{name} takes no part: {why}")
    competing = [peer for peer in every if not is_bound(peer)]
    verdicts, wrong = judged(competing)
    if wrong:
        return Outcome([], {}, wrong)
    lines, groups = sizes(every, budget_s, large)
    tell("one more bar")
    recorded = series.recorded(RECORDED)
    stepped, wrong = one_bar.measure(competing, recorded, exact.columns(recorded), budget_s / 2)
    ours = report.best(stepped, OURS)
    assert ours is not None
    tell("importing")
    costs = {f"after {before}": imports.cost(before) for before in ("numpy", "sys")}
    section = [
        *machine.describe(every, pinned),
        *(f"- {name} takes no part: {why}" for name, why in absent.items()),
        *("", "## Speed", "", *lines),
        *("## One more bar, called from Python", "", *report.one_bar(stepped, ours), ""),
        *("## Accuracy", "", "Worst error in units of what the contract allows (1 is the limit), and its column.", ""),
        *(*report.accuracy(CASES, verdicts), ""),
        *("## Importing the extension", "", *report.importing(costs)),
    ]
    return Outcome(section, groups, wrong)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--large", action="store_true", help="ten million bars too: 5 minutes more, 10 GB of memory")
    parser.add_argument("--write", action="store_true", help="renew docs/BENCHMARKS.md and its picture")
    parser.add_argument("--seconds", type=float, default=15.0, help="about how long each size may take (%(default)s)")
    parser.add_argument("--only", nargs="+", default=peers.MODULES, choices=peers.MODULES, help="the files of peers/")
    given = parser.parse_args(arguments)
    outcome = race(given.seconds, given.large, tuple(given.only))
    return conclude(outcome, Place(DOCUMENT, SECTION, PICTURE, TITLE), given.write)


if __name__ == "__main__":
    sys.exit(main())
