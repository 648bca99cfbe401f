"""``mt5-sentinel run``: the daemon. Here, and in ``demo``, the parts are put together."""

from __future__ import annotations

import argparse
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from mt5_sentinel import _core, config, host_names, logs, preflight, trail
from mt5_sentinel.adapters.clock import SystemClock
from mt5_sentinel.commands import assembly, brokers, sources
from mt5_sentinel.commands.showing import Showing
from mt5_sentinel.config import Settings
from mt5_sentinel.cycle import Desk
from mt5_sentinel.daemon import Daemon
from mt5_sentinel.errors import Transient
from mt5_sentinel.ports import HeldClock
from mt5_sentinel.schedule import CYCLE_PERIOD_S, CYCLE_SECOND, Schedule
from mt5_sentinel.scoring import asked, read_mode
from mt5_sentinel.systemd import Notifier
from mt5_sentinel.trade_trail import TradeTrail
from mt5_sentinel.trader import Observer, Outcome
from mt5_sentinel.types import Mode
from mt5_sentinel.web.server import WebServer

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
        help="run the daemon; dry run on paper unless told otherwise",
        description="Run the daemon: one cycle at start, then every minute at second 58.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--once", action="store_true", help="run one cycle of each symbol and end with the worst exit code"
    )
    add_flags(parser)
    return parser


def add_flags(parser: argparse.ArgumentParser) -> None:
    """All flags that say how the daemon is set up, for the commands that look at the same settings."""
    parser.add_argument("--config", type=Path, metavar="FILE", help=f"TOML file (default: {config.DEFAULT_FILE})")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--dry-run", dest="live", action="store_false", default=None, help="no real orders (default)")
    way.add_argument(
        "--live", dest="live", action="store_true", default=None, help=config.TABLE["live"].metadata["text"]
    )
    add_settings(parser, [name for name, row in config.TABLE.items() if row.metadata["flag"]])


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
    """Build the daemon and run it until a signal, or for one cycle of each symbol."""
    return serve(arguments, SystemClock)


def serve(arguments: argparse.Namespace, make_clock: Callable[[], HeldClock]) -> int:
    """The same by any clock."""
    symbols = _settings(arguments)
    shared = symbols[0]
    mode = brokers.mode(shared)
    beside, observed = _ecs_log(shared, mode)
    logs.set_up(shared.log_level, shared.secrets(), beside=beside)
    clock = make_clock()
    # Bound first: what cannot work leaves no files behind.
    showing = Showing(symbols, clock, mode, port=None if arguments.once else shared.metrics_port or None)
    parts = [assembly.parts(settings, clock) for settings in symbols]
    preflight.check([one.scoring.local for one in parts if one.scoring.local is not None])
    desks = assembly.open_desks(parts, clock, mode=mode)
    showing.take(desks)

    def reload(old: tuple[Desk, ...]) -> tuple[Desk, ...]:
        new = _settings(arguments)
        assembly.check_symbols(new, old)
        desks = assembly.reopen_desks([assembly.parts(settings, clock) for settings in new], clock, old)
        logs.set_up(new[0].log_level, new[0].secrets(), beside=beside)
        showing.take(desks)
        return desks

    notifier = Notifier(symbols=len(symbols))
    observers: tuple[Observer, ...] = (*showing.observers, notifier.status, *observed)
    if shared.logs_dir:
        observers += (TradeTrail(desks[0].journal.file, Path(shared.logs_dir)).observe,)
    schedule = Schedule(CYCLE_SECOND, CYCLE_PERIOD_S)
    turned = showing.present.turned
    daemon = Daemon(
        *(desks, clock, schedule), mode=mode, observers=observers, reload=reload, notifier=notifier, turned=turned
    )
    daemon.listen()
    try:
        _greet(desks, showing.web)
        notifier.ready("ready, the first cycle begins")
        return _once(daemon) if arguments.once else _until_stopped(daemon)
    finally:
        daemon.close(0.0)
        showing.close()
        assembly.close(desks)
        clock.close()


def _ecs_log(shared: Settings, mode: Mode) -> tuple[tuple[logging.Handler, ...], tuple[Observer, ...]]:
    """What writes ecs.jsonl, where it is asked for: its handler of the log, and its observer."""
    if not shared.log_ecs:
        return (), ()
    from mt5_sentinel.ecs import EcsLog  # noqa: PLC0415 - who does not ask for it does not load it

    written = EcsLog(Path(shared.logs_dir) / trail.ECS, mode)
    return (written,), (written.observe,)


def _settings(arguments: argparse.Namespace) -> tuple[Settings, ...]:
    """Settings of each symbol as they are now, all mistakes told at once."""
    flags = {name: getattr(arguments, name, None) for name in config.TABLE}
    symbols = config.load_all(flags, os.environ, arguments.config, (*sources.CHECKS, *assembly.CHECKS))
    sources.quota(symbols, time.time())
    return symbols


def _until_stopped(daemon: Daemon) -> int:
    daemon.run()
    if not daemon.close():
        log.info("stopped, the last cycle was finished")
    return 0


def _once(daemon: Daemon) -> int:
    """One cycle of each symbol; the exit code of the worst."""
    return max(_exit_code(outcome) for outcome in daemon.run_minute())


def _exit_code(outcome: Outcome | None) -> int:
    if outcome is None:
        return Transient.exit_code  # it takes longer than a minute may
    record, error = outcome
    if record.status == "done":
        return 0
    if error is not None:
        return error.exit_code
    return EXIT_IO if record.reason == "journal_failed" else EXIT_BUG


def _greet(desks: tuple[Desk, ...], web: WebServer | None) -> None:
    shared, journal = desks[0].settings, desks[0].journal.path
    if len(desks) == 1:
        log.info("mt5-sentinel %s, %s %s, %s", _core.__version__, shared.symbol, shared.interval, brokers.told(shared))
        log.info("threshold %g, model %s, journal %s", shared.threshold, _model(shared), journal)
    else:
        log.info("mt5-sentinel %s, %d symbols, %s", _core.__version__, len(desks), brokers.told(shared))
        log.info("journal %s", journal)
        for one in (desk.settings for desk in desks):
            log.info("%s %s: threshold %g, model %s", one.symbol, one.interval, one.threshold, _model(one))
    for one in (desk.settings for desk in desks):
        if (told := sources.told(one)) is not None:
            log.info("%s: %s", one.symbol, told)
    if any(assembly.scores_with_demonstration(desk.settings) for desk in desks):
        log.warning("the bundled model is a demonstration; set --model to one of your own")
    if any(desk.settings.hub_host and "hub" not in asked(read_mode(desk.settings)[0]) for desk in desks):
        log.warning("hub_host: the local model scores; set model to hub, hub_with_local_fallback or shadow")
    for symbol in desks[0].orders.open_elsewhere([desk.settings.symbol for desk in desks]):
        log.warning("positions in %s are open by the journal, and no configured symbol looks after them", symbol)
    if brokers.is_left_out(shared):
        log.warning(
            "gtw_host: %s is another machine and has no keys: orders are not checked there"
            " (mt5-sentinel keys makes them; docs/GATEWAY.md)",
            shared.gtw_host,
        )
    if web:
        log.info("metrics and health on http://%s:%d", host_names.in_url(shared.metrics_host), web.port)


def _model(settings: Settings) -> str:
    """What scores, in short."""
    mode, bundle = read_mode(settings)
    return {"local": bundle, "hub": "hub"}.get(mode, f"{mode}, {bundle}")
