"""What a soak leaves: SOAK.md for people, soak.json for programs, soak.svg to look at."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from mt5_sentinel import __version__, files
from mt5_sentinel.ops import findings
from mt5_sentinel.ops.findings import Finding
from mt5_sentinel.ops.soak import chart
from mt5_sentinel.ops.soak.evidence import Spread
from mt5_sentinel.ops.soak.sampling import SLOPE_PER, Sample, slope, warm
from mt5_sentinel.ops.soak.verdict import SLOPE_CYCLES_MIN, Run

MARKDOWN, DATA, PICTURE = "SOAK.md", "soak.json", "soak.svg"

SAMPLES_KEPT = 500


class Facts(msgspec.Struct, frozen=True):
    """Where and how a run was made."""

    version: str
    python: str
    machine: str
    file_system: str
    """Of the work directory: on tmpfs an fsync costs nothing."""
    ended_utc: str
    took_s: float
    hub: str
    market: str
    threshold: float


def facts(work: Path, *, took_s: float, hub: str, market: str, threshold: float) -> Facts:
    """Of this machine, now."""
    return Facts(
        version=__version__,
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        file_system=_file_system(work),
        ended_utc=f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}",
        took_s=round(took_s, 1),
        hub=hub,
        market=market,
        threshold=threshold,
    )


def write(out: Path, run: Run, found: Sequence[Finding], told: Facts) -> None:
    """All three files, each whole or not at all; the one for people last, for it names the others.

    Raises:
        Unusable: one of them cannot be written.
    """
    step = max(1, len(run.samples) // SAMPLES_KEPT)
    data = {
        "verdict": findings.as_data(found) | {"closing": closing(found)},
        "facts": msgspec.to_builtins(told),
        "run": msgspec.to_builtins(run) | {"samples": msgspec.to_builtins(run.samples[::step])},
        "growth": growth(run.samples),
    }
    files.write(str(out / DATA), [json.dumps(data, indent=1), "\n"])
    files.write(str(out / PICTURE), chart.svg(run))
    files.write(str(out / MARKDOWN), _markdown(run, found, told))


def closing(found: Sequence[Finding]) -> str:
    """The verdict on the whole, and what a pass does not show."""
    unseen = unshown(found)
    return "FAIL" if not findings.passed(found) else f"PASS, not shown: {unseen}" if unseen else "PASS"


def unshown(found: Sequence[Finding]) -> str:
    """Names of the checks for which too little was seen."""
    return ", ".join(one.check for one in found if one.verdict == "not shown")


def growth(samples: Sequence[Sample]) -> dict[str, float | None]:
    """What each measure gains on 10,000 cycles after the warm-up, bytes as megabytes; nothing of a run too short."""
    after = warm(samples)
    if not after or after[-1].cycles - after[0].cycles < SLOPE_CYCLES_MIN:
        return {}
    measures: dict[str, Callable[[Sample], float]] = {
        "daemon RSS, MB": lambda one: one.rss_mb,
        "daemon PSS, MB": lambda one: one.pss_mb,
        "descriptors": lambda one: one.fds,
        "threads": lambda one: one.threads,
        "journal, MB": lambda one: one.journal_bytes / 1e6,
        "cache of bars, MB": lambda one: one.cache_bytes / 1e6,
        "processor, ms a cycle": lambda one: one.cpu_s / SLOPE_PER * 1000,
    }
    gained: dict[str, float | None] = {
        name: slope([(one.cycles, measure(one)) for one in after]) for name, measure in measures.items()
    }
    for name in after[0].others_rss_mb:
        gained[f"{name} RSS, MB"] = slope([(one.cycles, one.others_rss_mb.get(name, 0.0)) for one in after])
    return {name: None if value is None else round(value, 4) for name, value in gained.items()}


def _markdown(run: Run, found: Sequence[Finding], told: Facts) -> Iterator[str]:
    clock = "a clock that skips waits" if run.accelerated else "the clock of the machine"
    yield f"# Soak: {closing(found)}\n\n"
    yield f"mt5-sentinel {told.version}, {run.minutes:,} minutes on {clock} in {told.took_s:,.0f} s of real time,"
    yield f" ended {told.ended_utc} UTC.\n"
    yield f"Python {told.python}, {told.machine}; files on {told.file_system}.\n\n"
    yield "The daemon as it trades live: bars from a local stand-in of EODHD, scores of the hub compared with the local"
    yield f" model's (the hub: {_hub(told)}), orders over ZeroMQ to the gateway on paper."
    yield f" Market: {_market(told)}; threshold {told.threshold:g}. Prices are a"
    yield " random walk that begins where the model finds something to trade; no promise of profit.\n\n"
    yield f"![memory, stages, equity and trades]({PICTURE})\n\n"
    yield "| check | verdict | found |\n|---|---|---|\n"
    for one in found:
        yield f"| {one.check} | {one.verdict} | {_cell(one.found)}{_cell(f' → {one.todo}') if one.todo else ''} |\n"
    if unseen := unshown(found):
        yield f"\nNot shown, for the run was too short: {unseen}.\n"
    yield "\n## What was done\n\n"
    yield from _table(_counts(run))
    yield "\n## Stages of a cycle, milliseconds\n\n| stage | cycles | p50 | p99 | max |\n|---|---|---|---|---|\n"
    for name, stage in run.cycles.stages.items():
        yield _spread(name, stage)
    yield "\n`book` and `route` ask the gateway, `fetch` the bars, `score` the hub and the local model; `cycle` also"
    yield " holds the writing of the journal, each time down to the disk.\n"
    yield "\n## Growth on 10,000 cycles, after the warm-up (the first half)\n\n"
    gained = growth(run.samples)
    if not gained:
        yield "The run was too short to tell.\n"
    yield from _table({name: "–" if value is None else f"{value:+.4g}" for name, value in gained.items()})
    yield from _ends(run.samples)


def _counts(run: Run) -> dict[str, str]:
    cycles, ledgers = run.cycles, run.ledgers
    return {
        "cycles": f"{cycles.count:,}",
        "requests for bars": f"{cycles.fetches:,}",
        "rows of features": f"{cycles.features:,}",
        "predictions": f"{cycles.predictions:,} (by {_listed(cycles.scored_by)}; hub asked {cycles.hub_calls:,})",
        "decisions": f"{cycles.decisions:,} ({_listed(cycles.actions)})",
        "why": _listed(cycles.reasons),
        "conditions": _listed(cycles.conditions) or "none",
        "orders in the journal": _listed(ledgers.intents) or "none",
        "positions at the gateway": f"{ledgers.opened:,} opened, {ledgers.closed:,} closed"
        f" ({_listed(ledgers.closed_by) or 'none'})",
        "realised": f"{ledgers.profit:,.2f} USD on paper",
        "differences found": _listed(ledgers.differences) or "none",
        "start after second 58": f"p50 {cycles.punctuality.p50_ms:g} ms, p99 {cycles.punctuality.p99_ms:g} ms,"
        f" max {cycles.punctuality.max_ms:g} ms",
    }


def _ends(samples: Sequence[Sample]) -> Iterator[str]:
    if not samples:
        return
    first, last = samples[0], samples[-1]
    yield "\n## The daemon at first sight and at the end\n\n| | first | last |\n|---|---|---|\n"
    yield f"| cycles | {first.cycles:,.0f} | {last.cycles:,.0f} |\n"
    yield f"| RSS, MB | {first.rss_mb:.1f} | {last.rss_mb:.1f} |\n"
    yield f"| PSS, MB | {first.pss_mb:.1f} | {last.pss_mb:.1f} |\n"
    yield f"| descriptors | {first.fds} | {last.fds} |\n"
    yield f"| threads | {first.threads} | {last.threads} |\n"
    yield f"| journal, MB | {first.journal_bytes / 1e6:.2f} | {last.journal_bytes / 1e6:.2f} |\n"
    yield f"| cache of bars, MB | {first.cache_bytes / 1e6:.2f} | {last.cache_bytes / 1e6:.2f} |\n"
    yield f"| processor time, s | {first.cpu_s:.1f} | {last.cpu_s:.1f} |\n"
    for name, rss_mb in last.others_rss_mb.items():
        yield f"| {name}: RSS, MB | {first.others_rss_mb.get(name, 0.0):.1f} | {rss_mb:.1f} |\n"


def _table(rows: Mapping[str, str]) -> Iterator[str]:
    if rows:
        yield "| | |\n|---|---|\n"
    for name, value in rows.items():
        yield f"| {name} | {_cell(value)} |\n"


def _spread(name: str, stage: Spread) -> str:
    return f"| {name} | {stage.count:,} | {stage.p50_ms:.2f} | {stage.p99_ms:.2f} | {stage.max_ms:.2f} |\n"


def _listed(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _hub(told: Facts) -> str:
    return "MLflow's own scoring server" if told.hub == "mlflow" else "a stand-in that speaks MLflow's protocol"


def _market(told: Facts) -> str:
    return "open always" if told.market == "always" else "the real calendar, weekends closed and watched"


def _file_system(place: Path) -> str:
    """The type of the file system a directory lies on: the longest mount point above it."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    above = [(len(point), kind) for point, kind in mounts if place.resolve().is_relative_to(point)]
    return max(above, default=(0, "unknown"))[1]
