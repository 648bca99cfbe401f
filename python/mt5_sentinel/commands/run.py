"""``mt5-sentinel run``: the daemon. Here, and in ``demo``, the parts are put together."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from mt5_sentinel import _core, config, logs
from mt5_sentinel.adapters.clock import SystemClock
from mt5_sentinel.commands import assembly
from mt5_sentinel.config import Settings
from mt5_sentinel.cycle import Desk
from mt5_sentinel.daemon import Daemon
from mt5_sentinel.metrics import Metrics
from mt5_sentinel.schedule import Schedule
from mt5_sentinel.types import CycleRecord
from mt5_sentinel.web.health import Health
from mt5_sentinel.web.server import WebServer

CYCLE_SECOND = 58
CYCLE_PERIOD_S = 60

EXIT_BUG = 70
EXIT_IO = 74

EXAMPLE = """example:
  EODHD_API_TOKEN=demo mt5-sentinel run --once
  mt5-sentinel run --dry-run --threshold 0.6

Settings also come from a TOML file and from variables; docs/CONFIGURATION.md in the repository lists them all."""

log = logging.getLogger("mt5_sentinel")


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command, from the settings table."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "run",
        help="run the daemon, dry run on paper",
        description="Run the daemon: one cycle at start, then every minute at second 58.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help=f"TOML file (default: {config.DEFAULT_FILE})")
    parser.add_argument("--once", action="store_true", help="run one cycle and end with its exit code")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--dry-run", dest="live", action="store_false", default=None, help="no real orders (default)")
    way.add_argument(
        "--live", dest="live", action="store_true", default=None, help=config.TABLE["live"].metadata["text"]
    )
    add_settings(parser, [name for name, row in config.TABLE.items() if row.metadata["flag"]])
    return parser


def add_settings(parser: argparse.ArgumentParser, names: list[str]) -> None:
    """Flags of these settings; their values are checked with all the others, so that all mistakes show at once."""
    for name in names:
        text, default = config.TABLE[name].metadata["text"], config.TABLE[name].default
        flag = f"--{name.replace('_', '-')}"
        if config.TYPES[name] is bool:
            parser.add_argument(flag, action="store_true", default=None, help=text)
        else:
            choices = get_args(config.TYPES[name]) if get_origin(config.TYPES[name]) is Literal else ()
            facts = [", ".join(choices)] if choices else []
            facts += [f"default: {default}"] if default != "" else []
            shown = f" ({'; '.join(facts)})" if facts else ""
            parser.add_argument(flag, metavar=name.rsplit("_", 1)[-1].upper(), help=f"{text}{shown}")


def execute(arguments: argparse.Namespace) -> int:
    """Build the daemon and run it until a signal, or for one cycle."""
    settings = _settings(arguments)
    logs.set_up(settings.log_level, settings.secrets())
    clock = SystemClock()
    started_s = clock.monotonic_s()
    health = Health(started_s, "dry-run", settings.symbol)
    metrics = Metrics(lambda: clock.monotonic_s() - started_s)
    web = None
    if settings.metrics_port and not arguments.once:  # bound first: what cannot work leaves no files behind
        web = WebServer(settings.metrics_host, settings.metrics_port, metrics.registry, health)
    desk = assembly.open_desk(settings, assembly.market(settings), assembly.model(settings), mode="dry-run")

    def reload(old: Desk) -> Desk:
        new = _settings(arguments)
        desk = assembly.reopen_desk(new, assembly.market(new), assembly.model(new), old)
        logs.set_up(new.log_level, new.secrets())
        return desk

    def show_health(record: CycleRecord) -> None:
        health.observe(record, clock.monotonic_s())

    schedule = Schedule(CYCLE_SECOND, CYCLE_PERIOD_S)
    daemon = Daemon(desk, clock, schedule, mode="dry-run", observers=(metrics.observe, show_health), reload=reload)
    daemon.listen()
    try:
        _greet(settings, desk, web)
        if arguments.once:
            return _once(daemon)
        daemon.run()
        log.info("stopped, the last cycle was finished")
        return 0
    finally:
        if web:
            web.close()
        desk.broker.close()
        desk.journal.close()
        clock.close()


def _settings(arguments: argparse.Namespace) -> Settings:
    """Settings as they are now, all mistakes told at once."""
    flags = {name: getattr(arguments, name, None) for name in config.TABLE}
    return config.load(flags, os.environ, arguments.config, (assembly.token, *assembly.CHECKS))


def _once(daemon: Daemon) -> int:
    record, error = daemon.run_cycle()
    if record.status == "done":
        return 0
    if error is not None:
        return error.exit_code
    return EXIT_IO if record.reason == "journal_failed" else EXIT_BUG


def _greet(settings: Settings, desk: Desk, web: WebServer | None) -> None:
    log.info("mt5-sentinel %s, %s %s, dry run on paper", _core.__version__, settings.symbol, settings.interval)
    log.info("threshold %g, model %s, journal %s", settings.threshold, settings.model, desk.journal.path)
    if settings.model == "bundled":
        log.warning("the bundled model is a demonstration; set --model to one of your own")
    for host, what in (
        (settings.hub_host, "hub_host: the local model scores"),
        (settings.gtw_host, "gtw_host: orders stay on paper"),
    ):
        if host:
            log.warning("%s; %s is not contacted by this version", what, host)
    if web:
        log.info("metrics and health on http://%s:%d", settings.metrics_host, web.port)
