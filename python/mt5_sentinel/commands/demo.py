"""``mt5-sentinel demo``: the same daemon on recorded bars, a virtual clock and a paper broker; no network."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

from mt5_sentinel import _core, bundled, config, demo_chart, demo_report, files, journal, logs
from mt5_sentinel.adapters.replay import ReplayClock, ReplayMarket
from mt5_sentinel.commands import assembly, desk_facts
from mt5_sentinel.commands.run import add_settings
from mt5_sentinel.cycle import Desk
from mt5_sentinel.daemon import Daemon
from mt5_sentinel.schedule import CYCLE_SECOND, Schedule
from mt5_sentinel.types import CycleRecord

FLAGS = ["threshold", "model", "allow_bare_model", "state_dir"]

PROGRESS_EVERY = 40
"""Cycles between two looks at the progress bar."""

EXAMPLE = """example:
  mt5-sentinel demo
  mt5-sentinel demo --threshold 0.7 --verbose"""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "demo",
        help="replay recorded bars through the daemon, offline",
        description="Run the daemon on bundled real EURUSD bars with the bundled model and a paper broker. It ends by"
        " itself with a summary. A demonstration of the machinery, no promise of profit. Settings come from the flags"
        " below only.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--verbose", action="store_true", help="print every cycle, not only the first")
    add_settings(parser, FLAGS)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Replay, then tell what happened."""
    settings = _settings(arguments)
    logs.set_up("info", (), sys.stdout)
    desk, clock, end_s = _desk(settings)
    desk_facts.note([desk], clock.wall_s())
    print(demo_report.heading(_core.__version__), flush=True)

    records: list[CycleRecord] = []
    started = time.perf_counter()
    start_s = clock.wall_s()

    def follow(record: CycleRecord) -> None:
        records.append(record)
        if len(records) == 1 and not arguments.verbose:
            logs.set_up("error", (), sys.stdout)
        if clock.wall_s() >= end_s:
            daemon.stop()
        if not arguments.verbose and sys.stderr.isatty() and len(records) % PROGRESS_EVERY == 0:
            sys.stderr.write(demo_report.progress((clock.wall_s() - start_s) / (end_s - start_s)))

    schedule = Schedule(CYCLE_SECOND, bundled.INTERVAL_S)
    daemon = Daemon((desk,), clock, schedule, mode="demo", observers=(follow,))
    daemon.listen()
    try:
        daemon.run()
    finally:
        assembly.close([desk])
    if sys.stderr.isatty() and not arguments.verbose:
        sys.stderr.write(demo_report.progress(None))
    picture = desk.journal.path.with_name("replay.svg")
    files.write(
        str(picture), demo_chart.svg(records, journal.read_positions(desk.journal.path), settings.account_currency)
    )
    print(demo_report.summary(records, desk, time.perf_counter() - started, picture))
    return 0


def _settings(arguments: argparse.Namespace) -> config.Settings:
    flags = {name: getattr(arguments, name) for name in FLAGS} | {
        "symbol": bundled.SYMBOL,
        "interval": bundled.INTERVAL,
        "price_side": "ask",
        "volume_lots": 0.1,
        "volume_lots_max": 0.1,
        "history_bars": 500,
    }
    chosen = config.load(flags, {"STATE_DIRECTORY": os.environ.get("STATE_DIRECTORY", "")}, Path(os.devnull))
    # A folder of its own: an earlier demonstration is replaced, a real journal beside it is never touched.
    state_dir = str(chosen.state_path / "demo")
    return config.load(flags | {"state_dir": state_dir}, {}, Path(os.devnull), assembly.CHECKS)


def _desk(settings: config.Settings) -> tuple[Desk, ReplayClock, float]:
    """The desk, its clock at the first replayed moment, and the moment of the last bar's close."""
    recorded = _core.parse(bundled.BARS.read_bytes())
    rows = _core.clean(recorded, interval_s=bundled.INTERVAL_S, now_s=int(time.time())).bars.rows()
    for name in ("journal.db", "paper.db", "bars.db"):
        for suffix in ("", "-wal", "-shm"):
            (settings.state_path / f"{name}{suffix}").unlink(missing_ok=True)
    # The first bar the model never saw opens at REPLAY_FROM_S; it can be decided on when it has closed.
    clock = ReplayClock(bundled.REPLAY_FROM_S + bundled.INTERVAL_S + CYCLE_SECOND)
    parts = assembly.Parts(settings, ReplayMarket(rows, bundled.INTERVAL_S), assembly.scoring(settings))
    desk = assembly.open_desk(parts, clock, mode="demo", durable=False)
    return desk, clock, rows[-1][0] + bundled.INTERVAL_S
