"""Limits a run is held to, each a line that can fail."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mt5_sentinel.ops.findings import Finding, failed, ok
from mt5_sentinel.ops.soak.evidence import Cycles
from mt5_sentinel.ops.soak.ledgers import Ledgers
from mt5_sentinel.ops.soak.sampling import Sample, drift, slope, warm

RSS_MB_MAX = 60.0
SLOPE_MB_MAX = 1.0
"""What memory may gain on 10,000 cycles."""

SLOPE_CYCLES_MIN = 4_000
"""From so many cycles after the warm-up a slope means something; before, what was gained is looked at."""

GAIN_MB_MAX = 4.0
"""What memory may gain in a run too short for a slope: SQLite's page caches fill up to that."""

DRIFT_MAX = 1
"""By how many descriptors or threads the end of a run may differ from its beginning."""

START_S_MAX = 1.0
"""How far from its second a cycle may start."""

TRADES_FROM_MINUTES = 300
"""A run of so many minutes on a clock of its own that trades nothing shows nothing."""

TOLD_MAX = 3


class Run(msgspec.Struct, frozen=True):
    """What was seen of a run."""

    minutes: int
    accelerated: bool
    began_s: float
    """When the first cycle began, UTC seconds of the daemon's clock."""
    samples: list[Sample]
    cycles: Cycles
    ledgers: Ledgers
    faults: list[str]
    """What ended before its time, or in another way than asked."""


def judge(run: Run) -> list[Finding]:
    """Every limit, the gravest first."""
    after = warm(run.samples)
    return [
        _processes(run),
        *_minutes(run),
        _scored(run),
        *_orders(run),
        _memory(run.samples),
        _growth(after),
        _flat("descriptors", [one.fds for one in after], "look at what it opens: ls -l /proc/PID/fd"),
        _flat("threads", [one.threads for one in after], "look at what it starts: py-spy dump --pid PID"),
        _punctual(run),
    ]


def _processes(run: Run) -> Finding:
    if run.faults:
        return failed("processes", "; ".join(run.faults), "read the logs in the work directory")
    return ok("processes", "all ran until they were asked to end, and ended in order")


def _minutes(run: Run) -> list[Finding]:
    cycles = run.cycles
    lacking = [*(f"{moment} missed" for moment in cycles.missed), *(f"{moment} twice" for moment in cycles.doubled)]
    seen = f"{run.minutes - len(cycles.missed):,} of {run.minutes:,} minutes have a cycle"
    todo = "look for what ran before each: mt5-sentinel journal"
    return [
        failed("missed minutes", f"{seen}: {_some(lacking)}", todo) if lacking else ok("missed minutes", f"{seen}"),
        failed("failed cycles", f"{len(cycles.failed):,}: {_some(cycles.failed)}", "the reason says who acts")
        if cycles.failed
        else ok("failed cycles", f"0 of {cycles.count:,}"),
    ]


def _scored(run: Run) -> Finding:
    cycles = run.cycles
    found = f"{cycles.features:,} rows of features, {cycles.predictions:,} predictions, {cycles.decisions:,} decisions"
    if cycles.decisions == 0 or not cycles.features >= cycles.predictions >= cycles.decisions:
        return failed("decisions", found, "a decision needs features and scores: read the reasons in the report")
    if cycles.hub_errors:
        return failed("decisions", f"{found}; the hub failed {cycles.hub_errors:,} times", "read hub.log")
    return ok("decisions", found)


def _orders(run: Run) -> list[Finding]:
    ledgers = run.ledgers
    found = f"{ledgers.opened:,} positions opened and {ledgers.closed:,} closed at the gateway"
    is_expected = run.minutes >= TRADES_FROM_MINUTES
    traded = ok("trades", found)
    if is_expected and ledgers.opened == 0:
        traded = failed("trades", "none was executed", "lower --threshold, or read why risk refused")
    lacking = [*ledgers.disagreements, *(f"{count} {kind}" for kind, count in ledgers.differences.items())]
    agreed = ok("journal and gateway", "the same orders and positions at both ends, each order once")
    if lacking:
        agreed = failed(
            "journal and gateway", _some(lacking), "docs/ORDER_SAFETY.md; both files are in the work directory"
        )
    return [traded, agreed]


def _memory(samples: Sequence[Sample]) -> Finding:
    if not samples:
        return failed("memory", "the daemon was never seen", "it ended before it could be looked at; read daemon.log")
    most = max(one.rss_mb for one in samples)
    found = f"RSS {most:.1f} MB at most, of {RSS_MB_MAX:g} MB"
    return ok("memory", found) if most <= RSS_MB_MAX else failed("memory", found, "see the picture: jump or slope?")


def _growth(after: Sequence[Sample]) -> Finding:
    if len(after) < 3:
        return failed("memory growth", "too few samples to tell", "let it run for longer")
    length = after[-1].cycles - after[0].cycles
    if length >= SLOPE_CYCLES_MIN:
        gained = slope([(one.cycles, one.rss_mb) for one in after]) or 0.0
        found = f"{gained:+.3f} MB per 10,000 cycles over {length:,.0f} cycles, less than {SLOPE_MB_MAX:g} wanted"
        is_flat = gained < SLOPE_MB_MAX
    else:
        gained = drift([one.rss_mb for one in after])
        found = (
            f"{gained:+.2f} MB over {length:,.0f} cycles, {GAIN_MB_MAX:g} at most; a slope takes"
            f" {SLOPE_CYCLES_MIN:,} cycles after the warm-up"
        )
        is_flat = gained <= GAIN_MB_MAX
    return (
        ok("memory growth", found) if is_flat else failed("memory growth", found, "something is kept: find what grows")
    )


def _flat(what: str, values: Sequence[float], todo: str) -> Finding:
    if len(values) < 3:
        return failed(what, "too few samples to tell", "let it run for longer")
    found = f"{min(values):g} to {max(values):g}, from the first third to the last {drift(values):+g}"
    return ok(what, found) if abs(drift(values)) <= DRIFT_MAX else failed(what, found, todo)


def _punctual(run: Run) -> Finding:
    late = run.cycles.punctuality
    clock = "simulated time" if run.accelerated else "real time"
    found = f"starts at second 58 +{late.p50_ms:.1f} ms (p50), +{late.max_ms:.1f} ms at most, {clock}"
    if late.count == 0 or late.max_ms > START_S_MAX * 1000:
        return failed("punctuality", found, "is the machine overloaded? see the processor time in the report")
    return ok("punctuality", found)


def _some(lines: Sequence[str]) -> str:
    more = "" if len(lines) <= TOLD_MAX else f", and {len(lines) - TOLD_MAX:,} more"
    return "; ".join(lines[:TOLD_MAX]) + more
