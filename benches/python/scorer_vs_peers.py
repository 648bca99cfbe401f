"""Scoring a forest of trees against what a trader could load it with instead: interleaved, in one process.

    python benches/python/scorer_vs_peers.py [--seconds S] [--only …] [--write]

Prints tables; with --write renews the section of docs/BENCHMARKS.md and the picture beside it. Ends with 1 when our
raw scores differ from LightGBM's in a bit or a peer is wrong, since a race against a wrong result says nothing.
The models are trained on first use; they and what is compiled from them are kept in build/bench/.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / "build" / "bench"
OLDER = CACHE / "llvmlite"

# Before any library starts its threads, and before llvmlite is imported: lleaves needs an older one.
for variable in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"
if OLDER.exists():
    sys.path.insert(0, str(OLDER))
    os.environ["PYTHONPATH"] = str(OLDER)

import scorer_peers
from race import agreement, batches, compiling, forests, loads, machine, report, rows_apart, scorer_report, sequences
from race.clock import Times
from race.outcome import Outcome, Place, conclude, said, tell
from scorer_peers.contract import Peer, Rows, Scorer

PLACE = Place(
    ROOT / "docs" / "BENCHMARKS.md",
    "scorer",
    ROOT / "docs" / "scorer_vs_peers.svg",
    "One row of scores: nanoseconds, one core, logarithmic",
)
OURS = "mt5-sentinel, "
SIZES = forests.SIZES
YEARS, BARS = forests.YEARS_TRAINED, forests.RECORDED
COUNTS, SINGLE, JUDGED = (1, 64, 1_024, 100_000), 1_024, 20_000
COLD = ("mt5-sentinel", "LightGBM, C", "lleaves, compiled")


class Field(NamedTuple):
    """A forest and who can score it here."""

    forest: forests.Forest
    entered: list[tuple[Peer, Sequence[Scorer]]]
    absent: list[str]

    @property
    def scorers(self) -> list[Scorer]:
        """All doors of all peers."""
        return [scorer for _, scorers in self.entered for scorer in scorers]


def entered(size: forests.Size, competing: Sequence[Peer]) -> Field:
    """Train the forest, let every peer load it."""
    forest = forests.trained(size, CACHE, YEARS, BARS)
    field = Field(forest, [], [])
    for peer in competing:
        tell(f"{forest.title}: {peer.name} loads it")
        try:
            field.entered.append((peer, peer.open(forest)))
        except (RuntimeError, TimeoutError) as error:
            field.absent.append(f"{peer.name} takes no part with model {size.name}: {said(error, CACHE)}")
    return field


def judged(field: Field, rows: Rows) -> tuple[list[agreement.Told], list[str]]:
    """Every scorer beside LightGBM, and who is wrong."""
    known = agreement.truth(field.forest, rows)
    told: list[agreement.Told] = []
    wrong: list[str] = []
    for peer, scorers in field.entered:
        tell(f"{field.forest.title}: is {peer.name} right?")
        mine, mistakes = agreement.judge(peer, scorers, known)
        told += mine
        wrong += [f"model {field.forest.size.name}, {mistake}" for mistake in mistakes]
    return told, wrong


def ours_of(taken: Sequence[Times]) -> Times:
    """Our fastest door."""
    ours = report.best(taken, OURS)
    assert ours is not None
    return ours


def raced(field: Field, rows: Rows, budget_s: float) -> tuple[list[str], dict[str, list[tuple[str, float]]]]:
    """One model: row after row, batches, cold caches."""
    title = field.forest.title
    tell(f"{title}: one row a call")
    apart = [(s.name, s.step(rows[:SINGLE])) for s in field.scorers if s.step is not None]
    single = rows_apart.measure(apart, budget_s)
    columns: dict[int, list[batches.Batched]] = {}
    for count in COUNTS:
        tell(f"{title}: {count:,} rows a call")
        many = [(s.name, s.batch) for s in field.scorers if s.batch is not None]
        columns[count] = batches.measure(many, rows, count, budget_s)
    tell(f"{title}: cold caches")
    chilled = rows_apart.cold([one for one in apart if one[0].startswith(COLD)], budget_s)
    best = {count: ours_of([one.times for one in column]) for count, column in columns.items()}
    single_lines, cold_lines = (scorer_report.rows_apart(taken, ours_of(taken)) for taken in (single, chilled))
    note = f"\\* scored {batches.CUT:,} rows a call instead." if _any_cut(columns) else ""
    lines = [
        *(f"### Model {title}", "", "One row a call, CPU time, from Python:", "", *single_lines, ""),
        *(scorer_report.batches(columns, best)),
        "",
        *([note, ""] if note else []),
        *("One row after other work has emptied the caches, wall time:", "", *cold_lines, ""),
    ]
    tell("\n".join(lines))
    groups = {
        f"Model {title}, one row a call": [(t.name, t.median) for t in single if not t.name.startswith("a loop")],
        f"Model {title}, {COUNTS[-1]:,} rows a call": [(b.times.name, b.times.median) for b in columns[COUNTS[-1]]],
    }
    return lines, groups


def _any_cut(columns: dict[int, list[batches.Batched]]) -> bool:
    return any(one.rows != count for count, column in columns.items() for one in column)


def loaded(fields: Sequence[Field]) -> list[str]:
    """Fresh interpreters that import and load."""
    costs: dict[str, list[loads.Load]] = {}
    for field in fields:
        for peer, _ in field.entered:
            if peer.loading is not None:
                tell(f"{field.forest.title}: {peer.name} in a fresh interpreter")
                costs.setdefault(peer.name, []).append(loads.cost(peer.loading, peer.loading.files(field.forest)))
    return scorer_report.loading(costs, [field.forest.size.name for field in fields])


def race(budget_s: float, modules: tuple[str, ...] = scorer_peers.MODULES) -> Outcome:
    """The whole race."""
    pinned = machine.pin()
    every, absent = scorer_peers.load(modules)
    missing = [f"{name} takes no part: {why}" for name, why in absent.items()]
    fields = [entered(size, every) for size in SIZES]
    missing += [line for field in fields for line in field.absent]
    tell("\n".join(missing))
    rows = forests.unseen(max(*COUNTS, JUDGED, SINGLE), BARS)
    verdicts = [judged(field, rows[:JUDGED]) for field in fields]
    recurrent = sequences.measure(CACHE, budget_s)
    wrong = [mistake for _, mistakes in verdicts for mistake in mistakes] + recurrent.wrong
    if wrong:
        return Outcome([], {}, wrong)
    speed: list[str] = []
    groups: dict[str, list[tuple[str, float]]] = {}
    for field in fields:
        lines, bars = raced(field, rows, budget_s)
        speed += lines
        groups |= bars
    accuracy: list[str] = []
    for field, (told, _) in zip(fields, verdicts, strict=True):
        accuracy += [f"Model {field.forest.title}:", "", *scorer_report.agreement(told, JUDGED), ""]
    section = [
        *machine.describe(every, pinned),
        *(f"- {line}" for line in missing),
        *("", "## Speed of scoring", "", *speed, *recurrent.lines),
        *("## Agreement with LightGBM", "", "Raw scores beside those of LightGBM's Python interface.", "", *accuracy),
        *("## Importing and loading", "", "In a fresh interpreter, wall time and resident memory.", ""),
        *loaded(fields),
    ]
    return Outcome(section, groups, [])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    every: Any = scorer_peers.MODULES
    parser.add_argument("--write", action="store_true", help="renew docs/BENCHMARKS.md and its picture")
    parser.add_argument("--seconds", type=float, default=10.0, help="about how long each table may take (%(default)s)")
    parser.add_argument("--compile-seconds", type=float, default=compiling.limit_s, help="limit of lleaves and gcc")
    parser.add_argument("--only", nargs="+", default=every, choices=every, help="the files of scorer_peers/")
    given = parser.parse_args(arguments)
    compiling.limit_s = given.compile_seconds
    return conclude(race(given.seconds, tuple(given.only)), PLACE, given.write)


if __name__ == "__main__":
    sys.exit(main())
