"""Limits a run is held to, each a line that can fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from mt5_sentinel.ops.findings import Finding, failed, not_shown, ok
from mt5_sentinel.ops.soak.evidence import Cycles
from mt5_sentinel.ops.soak.ledgers import Ledgers
from mt5_sentinel.ops.soak.sampling import SLOPE_PER, Sample, floor_rise, settled, slope, warm

RSS_MB_MAX = 60.0
SLOPE_MB_MAX = 1.0
"""What memory may gain on 10,000 cycles."""

SLOPE_CYCLES_MIN = 4_000
"""From so many cycles after the warm-up a slope means something; before, what was gained is looked at."""

GAIN_MB_MAX, GAIN_MB_A_CYCLE = 0.5, 0.001
"""What memory may gain in a run too short for a slope: at once, and on each cycle while SQLite's page caches fill.

Healthy runs gained 0.01 MB in 10 minutes of real time, and 0.15, 0.4 and 1.1 MB on 200, 400 and 1,440 cycles.
"""

GATEWAY = "gateway"
GATEWAY_RSS_MB_MAX = 80.0
"""Healthy ones have 55 to 60 MB."""

RISE_MAX = 0
"""By how much the least number of descriptors or threads may rise: that of a healthy daemon never does."""

SAMPLES_MIN = 15
"""After the first cycles, for a floor or a gain: looks may fall into a cycle, where more is open."""

START_S_MAX = 1.0
"""How far from its second a cycle may start."""

SHOWS_FROM_MINUTES, SHOWS_FROM_MINUTES_FAST = 10, 1_000
"""A shorter run, by the clock of the machine or accelerated, may have too few looks at memory to tell."""

TRADES_FROM_MINUTES = 10
"""Prices are chosen so that a run of so many minutes trades."""

TOLD_MAX = 3

Measure = Callable[[Sample], float]


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
    after = settled(run.samples)
    return [
        _processes(run),
        *_minutes(run),
        _scored(run),
        *_orders(run),
        _memory("memory", run, _daemon_mb, RSS_MB_MAX),
        _growth("memory growth", run, _daemon_mb),
        _memory("gateway memory", run, _gateway_mb, GATEWAY_RSS_MB_MAX),
        _growth("gateway growth", run, _gateway_mb),
        _flat("descriptors", [one.fds for one in after], run, "look at what it opens: ls -l /proc/PID/fd"),
        _flat("threads", [one.threads for one in after], run, "look at what it starts: py-spy dump --pid PID"),
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
    served = cycles.due - len(cycles.idle)
    found = f"{cycles.features:,} rows of features, {cycles.predictions:,} predictions, {cycles.decisions:,} decisions"
    found += f"; all three in {served:,} of {cycles.due:,} open minutes"
    todo = "an open market wants features, scores and a decision each minute: read daemon.log"
    if cycles.due == 0 or not cycles.features >= cycles.predictions >= cycles.decisions:
        return failed("decisions", found, todo)
    if cycles.idle:
        return failed("decisions", f"{found}: {_some(cycles.idle)}", todo)
    if cycles.beyond:
        return failed("decisions", f"{found}; on a closed market: {_some(cycles.beyond)}", "compare the calendars")
    if cycles.hub_errors:
        return failed("decisions", f"{found}; the hub failed {cycles.hub_errors:,} times", "read hub.log")
    return ok("decisions", found)


def _orders(run: Run) -> list[Finding]:
    ledgers = run.ledgers
    traded = ok("trades", f"{ledgers.opened:,} positions opened and {ledgers.closed:,} closed at the gateway")
    if ledgers.opened == 0 and run.minutes >= TRADES_FROM_MINUTES:
        traded = failed("trades", "none was executed", "lower --threshold, or read why risk refused")
    elif ledgers.opened == 0:
        traded = not_shown("trades", f"none was executed; a run of {TRADES_FROM_MINUTES} minutes must trade")
    lacking = [*ledgers.disagreements, *(f"{count} {kind}" for kind, count in ledgers.differences.items())]
    agreed = ok("journal and gateway", "the same orders and positions at both ends, each order once")
    if lacking:
        agreed = failed(
            "journal and gateway", _some(lacking), "docs/ORDER_SAFETY.md; both files are in the work directory"
        )
    return [traded, agreed]


def _daemon_mb(sample: Sample) -> float:
    return sample.rss_mb


def _gateway_mb(sample: Sample) -> float:
    return sample.others_rss_mb[GATEWAY]


def _memory(check: str, run: Run, measure: Measure, most_mb: float) -> Finding:
    if not run.samples:
        return failed(check, "the process was never seen", "it ended before it could be looked at; read its log")
    found = f"RSS {(seen := max(map(measure, run.samples))):.1f} MB at most, of {most_mb:g} MB"
    return ok(check, found) if seen <= most_mb else failed(check, found, "see the report: jump or slope?")


def _growth(check: str, run: Run, measure: Measure) -> Finding:
    """The slope of the second half; of a run too short for it only what is far too much is told."""
    todo = "something is kept: find what grows"
    late = warm(run.samples)
    if late and (length := late[-1].cycles - late[0].cycles) >= SLOPE_CYCLES_MIN:
        gained = slope([(one.cycles, measure(one)) for one in late]) or 0.0
        found = f"{gained:+.3f} MB per 10,000 cycles over {length:,.0f} cycles, less than {SLOPE_MB_MAX:g} wanted"
        return ok(check, found) if gained < SLOPE_MB_MAX else failed(check, found, todo)
    after = settled(run.samples)
    if len(after) < SAMPLES_MIN:
        return _too_few(check, run)
    length = after[-1].cycles - after[0].cycles
    gained = (slope([(one.cycles, measure(one)) for one in after]) or 0.0) * length / SLOPE_PER
    most = GAIN_MB_MAX + GAIN_MB_A_CYCLE * length
    found = f"{gained:+.2f} MB over {length:,.0f} cycles"
    if gained > most:
        return failed(check, f"{found}, {most:.2f} at most", todo)
    return not_shown(check, f"{found}, not more than {most:.2f}; a slope takes over {2 * SLOPE_CYCLES_MIN:,} minutes")


def _flat(check: str, values: Sequence[float], run: Run, todo: str) -> Finding:
    if len(values) < SAMPLES_MIN:
        return _too_few(check, run)
    rise = floor_rise(values)
    found = f"{min(values):g} to {max(values):g}, the least of the last third {rise:+g} to that of the first"
    return ok(check, found) if rise <= RISE_MAX else failed(check, found, todo)


def _too_few(check: str, run: Run) -> Finding:
    least = SHOWS_FROM_MINUTES_FAST if run.accelerated else SHOWS_FROM_MINUTES
    found = f"fewer than {SAMPLES_MIN} looks after the first cycles"
    if run.samples and run.minutes < least:
        return not_shown(check, f"{found}; {least:,} minutes have enough")
    return failed(check, found, "the daemon ended early, or the machine is overloaded: read daemon.log")


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
