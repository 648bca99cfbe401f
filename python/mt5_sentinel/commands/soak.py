"""``mt5-sentinel soak``: the daemon under load against local stand-ins, watched from outside, with a verdict."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import math
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from mt5_sentinel import _core
from mt5_sentinel.commands import bars, soak_scene
from mt5_sentinel.commands.soak_scene import Scene, Wanted
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.ops import findings
from mt5_sentinel.ops.soak import evidence, ledgers, mlflow_hub, report, verdict
from mt5_sentinel.ops.soak.children import Children
from mt5_sentinel.ops.soak.sampling import Sample, Watch
from mt5_sentinel.progress import Progress
from mt5_sentinel.schedule import CYCLE_PERIOD_S, CYCLE_SECOND

SAMPLE_EVERY_REAL_S, SAMPLE_EVERY_S_MIN, SAMPLE_EVERY_S_MAX = 2.0, 0.05, 0.5
SAMPLES_OF_MINUTES = 10_000.0
"""Accelerated, a shorter run is looked at more often: the share of this many minutes, in seconds, within the bounds."""

LOOKS_MIN = 60
"""Accelerated, time is let go on by this share of the run from look to look: however fast, it is seen so often."""

ENDING_S = 1.0
"""A process that ends closes its port a little before it is gone."""

AFTER_LAST_S = 2.0
"""How long after its last moment a run is ended; a cycle that runs then is finished."""

CLEAN_EXITS = {"daemon": 0, "gateway": 0}
"""What a process that is asked to end must answer; stand-ins end by the signal itself."""

EXAMPLE = """examples:
  mt5-sentinel soak --minutes 10                      # ten minutes by the clock
  mt5-sentinel soak --minutes 43200 --accelerated     # a month, without the waiting

It takes three local processes: bars (a stand-in of EODHD), a scoring server, and the trade gateway on paper.
A slope of memory takes over 8,000 minutes; what a shorter run does not show is named in its last line. A run of ten
minutes or more that trades nothing fails."""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "soak",
        help="run the daemon for long against local stand-ins, and judge memory, punctuality, orders",
        description="Run the daemon, orders and all, against local processes; end with a verdict and a report.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--minutes", type=bars.count, default=10, metavar="N", help="cycles, one a minute (default: 10)"
    )
    parser.add_argument("--accelerated", action="store_true", help="on a clock that skips the waits between cycles")
    parser.add_argument("--threshold", type=float, default=0.35, metavar="X", help="as of run (default: 0.35)")
    parser.add_argument(
        "--hub",
        choices=("auto", "mlflow", "stand-in"),
        default="auto",
        help="scoring server; auto: MLflow's own on the real clock where it is installed, else a stand-in",
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the prices (default: 1)")
    parser.add_argument(
        "--out", type=Path, default=Path("soak"), metavar="DIR", help="where the report goes (default: soak)"
    )
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="new directory for everything else, kept (default: a temporary one)"
    )
    parser.add_argument(
        "--timeout-minutes", type=float, metavar="M", help="end it after so long (default: 5 more than it should take)"
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Run, judge, report; 0 where no limit is broken, else 1."""
    return soak(arguments)


def soak(arguments: argparse.Namespace, daemon: tuple[str, ...] | None = None) -> int:
    """The same; ``daemon`` may name another program in the daemon's place."""
    if not sys.platform.startswith("linux"):
        raise Misconfigured("soak: it reads /proc, which only Linux has", "no_proc")
    wanted = Wanted(
        minutes=arguments.minutes,
        accelerated=arguments.accelerated,
        threshold=arguments.threshold,
        hub=_hub(arguments),
        seed=arguments.seed,
        daemon=daemon,
    )
    usual = 60.0 if wanted.accelerated else wanted.minutes + 5.0
    bound_s = 60 * (arguments.timeout_minutes or usual)
    signal.signal(signal.SIGTERM, _interrupt)
    _check_out(arguments.out)
    with _work(arguments.work) as work:
        began_s = time.monotonic()
        run = _run(work, wanted, bound_s)
        took_s = time.monotonic() - began_s
        found = verdict.judge(run)
        facts = report.facts(work, took_s=took_s, hub=wanted.hub, market=wanted.market, threshold=wanted.threshold)
        arguments.out.mkdir(parents=True, exist_ok=True)
        report.write(arguments.out, run, found, facts)
        is_well = findings.passed(found)
        if not is_well and arguments.work is None:
            kept = Path(tempfile.mkdtemp(prefix="mt5-sentinel-soak-failed."))
            shutil.copytree(work, kept, dirs_exist_ok=True)
            print(f"the work directory is kept: {kept}", file=sys.stderr)
    print("\n".join(findings.lines(found)))
    print(f"{report.closing(found)}: {arguments.out / report.MARKDOWN}")
    return 0 if is_well else findings.EXIT_FAILED


def _run(work: Path, wanted: Wanted, bound_s: float) -> verdict.Run:
    """All processes from start to end, and what the files say afterwards."""
    with Children(work) as children:
        scene = soak_scene.start(children, work, wanted)
        samples, faults = _watch(scene, wanted, bound_s)
        faults += _end(children)
    calendar = _core.Calendar(soak_scene.SYMBOL, wanted.market, [])
    journal = scene.state / "journal.db"
    cycles = evidence.read(journal, calendar, second=CYCLE_SECOND, period_s=CYCLE_PERIOD_S, moments=wanted.minutes)
    both = ledgers.compare(journal, scene.paper)
    return verdict.Run(
        minutes=wanted.minutes,
        accelerated=wanted.accelerated,
        began_s=cycles.began_s,
        samples=samples,
        cycles=cycles,
        ledgers=both,
        faults=faults,
    )


def _watch(scene: Scene, wanted: Wanted, bound_s: float) -> tuple[list[Sample], list[str]]:
    """Samples until the last minute has passed, or something is amiss."""
    told = scene.daemon.await_line(r"TRADING CYCLE START: (\S+)")
    first_s = datetime.fromisoformat(told).timestamp()
    moment_s = math.ceil((first_s - CYCLE_SECOND) / CYCLE_PERIOD_S) * CYCLE_PERIOD_S + CYCLE_SECOND
    until_s = moment_s + (wanted.minutes - 1) * CYCLE_PERIOD_S + AFTER_LAST_S
    now_s = time.time if scene.clock is None else scene.clock.wall_s
    pids = {name: child.pid for name, child in scene.children.all.items()}
    watch = Watch(pids, scene.state, lambda: (now_s() - first_s) / CYCLE_PERIOD_S)
    step_s = wanted.minutes * CYCLE_PERIOD_S / LOOKS_MIN
    samples: list[Sample] = []
    began_s = time.monotonic()
    pause_s = SAMPLE_EVERY_REAL_S
    if scene.clock is not None:
        pause_s = min(SAMPLE_EVERY_S_MAX, max(SAMPLE_EVERY_S_MIN, wanted.minutes / SAMPLES_OF_MINUTES))
    with Progress(beside_output=False, unit="minutes") as progress:
        progress.total, done = wanted.minutes, 0
        while now_s() < until_s:
            if scene.clock is not None:
                scene.clock.skip_until(min(until_s, now_s() + step_s))
            at_s = time.monotonic() - began_s
            if faults := _ended(scene.children):
                return samples, faults
            if at_s > bound_s:
                return samples, [f"the run was ended after {bound_s / 60:g} minutes, before its last cycle"]
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended; the next look tells
                samples.append(watch.sample(at_s))
            if (status := _scrape(scene.metrics_port)) != 200:
                time.sleep(ENDING_S)
                return samples, _ended(scene.children) or [f"/metrics of the daemon answered {status}"]
            progress.advance(int(samples[-1].cycles) - done if samples else 0)
            done = int(samples[-1].cycles) if samples else 0
            time.sleep(pause_s)
    return samples, []


def _ended(children: Children) -> list[str]:
    """What ended by itself."""
    return [f"{name} ended by itself: {children.all[name].last_words()}" for name in children.ended()]


def _end(children: Children) -> list[str]:
    """End the daemon, then the others; what did not end as asked."""
    faults = []
    for name, child in reversed(children.all.items()):
        code = child.end()
        if name in CLEAN_EXITS and code != CLEAN_EXITS[name]:
            faults.append(f"{name} ended with {code} when asked to end: {child.last_words()}")
    return faults


def _scrape(port: int) -> int | str:
    """What /metrics answers: it is read as often as a monitor would."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        return str(error)
    finally:
        connection.close()
    return answer.status


def _hub(arguments: argparse.Namespace) -> str:
    lacking = mlflow_hub.missing()
    if arguments.hub == "mlflow" and lacking:
        raise Misconfigured(f"--hub mlflow: {', '.join(lacking)} not installed; take stand-in", "no_mlflow")
    if arguments.hub != "auto":
        return str(arguments.hub)
    return "stand-in" if lacking or arguments.accelerated else "mlflow"


def _check_out(out: Path) -> None:
    """Whether the report can be written, before it takes long to find out."""
    above = next(place for place in (out, *out.absolute().parents) if place.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise Misconfigured(f"--out {out}: {above} is no directory that can be written", "bad_out")


@contextlib.contextmanager
def _work(given: Path | None) -> Iterator[Path]:
    if given is not None:
        try:
            given.mkdir(parents=True)
        except OSError as error:
            raise Misconfigured(
                f"--work {given}: no new directory can be made there: {error.strerror}", "no_work"
            ) from None
        yield given.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="mt5-sentinel-soak.") as temporary:
        yield Path(temporary)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
