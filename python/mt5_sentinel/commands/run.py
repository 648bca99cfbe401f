"""``mt5-sentinel run``: the daemon. Here, and in ``demo``, the parts are put together."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path
from typing import Any

from mt5_sentinel import _core, bundled, config, logs
from mt5_sentinel.adapters.clock import SystemClock
from mt5_sentinel.adapters.eodhd import EodhdMarket
from mt5_sentinel.adapters.paper import PaperBroker
from mt5_sentinel.config import Settings
from mt5_sentinel.cycle import Desk
from mt5_sentinel.daemon import Daemon
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.journal import Journal
from mt5_sentinel.metrics import Metrics
from mt5_sentinel.ports import Market, Scorer
from mt5_sentinel.schedule import Schedule
from mt5_sentinel.types import INTERVAL_S, CycleRecord
from mt5_sentinel.web.health import Health
from mt5_sentinel.web.server import WebServer

CYCLE_SECOND = 58
CYCLE_PERIOD_S = 60

TWO_WAYS_ON = """no market data token. Two ways on:
  - real data: set EODHD_API_TOKEN (the token `demo` of eodhd.com covers EURUSD)
  - no network: mt5-sentinel demo"""

EXAMPLE = """example:
  EODHD_API_TOKEN=demo mt5-sentinel run --once
  mt5-sentinel run --dry-run --threshold 0.6

Settings also come from a TOML file and from variables; docs/CONFIGURATION.md lists them all."""

log = logging.getLogger("mt5_sentinel")


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command, from the settings table."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "run",
        help="run the daemon (dry run)",
        description="Run the daemon: one cycle at start, then every minute at second 58.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help=f"TOML file (default: {config.DEFAULT_FILE})")
    parser.add_argument("--once", action="store_true", help="run one cycle and end with its exit code")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--dry-run", dest="live", action="store_false", default=None, help="no real orders (default)")
    way.add_argument("--live", dest="live", action="store_true", default=None, help="send real orders")
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
            shown = f" (default: {default})" if default != "" else ""
            parser.add_argument(flag, metavar=name.rsplit("_", 1)[-1].upper(), help=f"{text}{shown}")


def execute(arguments: argparse.Namespace) -> int:
    """Build the daemon and run it until a signal, or for one cycle."""
    flags = {name: getattr(arguments, name, None) for name in config.TABLE}
    settings = config.load(flags, os.environ, arguments.config)
    logs.set_up(settings.log_level, settings.secrets())
    if not settings.eodhd_api_token:
        raise Misconfigured(TWO_WAYS_ON, "no_token")
    desk = build_desk(settings, market(settings), load_model(settings))

    def reload(old: Desk) -> Desk:
        new = config.load(flags, os.environ, arguments.config)
        return build_desk(new, market(new), load_model(new), old)

    clock = SystemClock()
    health = Health(clock.monotonic_s(), "dry-run", settings.symbol)
    started_s = clock.monotonic_s()
    metrics = Metrics(lambda: clock.monotonic_s() - started_s)

    def show_health(record: CycleRecord) -> None:
        health.observe(record, clock.monotonic_s())

    schedule = Schedule(CYCLE_SECOND, CYCLE_PERIOD_S)
    daemon = Daemon(desk, clock, schedule, mode="dry-run", observers=(metrics.observe, show_health), reload=reload)
    try:
        if arguments.once:
            _, error = daemon.run_cycle()
            return error.exit_code if error else 0
        return _serve(daemon, settings, metrics, health)
    finally:
        daemon.desk.broker.close()
        daemon.desk.journal.close()
        clock.close()


def _serve(daemon: Daemon, settings: Settings, metrics: Metrics, health: Health) -> int:
    web = None
    if settings.metrics_port:
        web = WebServer(settings.metrics_host, settings.metrics_port, metrics.registry, health)
    daemon.listen()
    log.info("mt5-sentinel %s, %s %s, dry run on paper", _core.__version__, settings.symbol, settings.interval)
    log.info("threshold %g, model %s, journal %s", settings.threshold, settings.model, daemon.desk.journal.path)
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
    try:
        daemon.run()
    finally:
        if web:
            web.close()
    log.info("stopped, the last cycle was finished")
    return 0


def market(settings: Settings) -> EodhdMarket:
    """The configured source of bars."""
    return EodhdMarket(
        settings.eodhd_url,
        token=settings.eodhd_api_token,
        symbol=settings.eodhd_symbol or f"{settings.symbol[:6]}.FOREX",
        interval=settings.interval,
        window_s=settings.history_bars * INTERVAL_S[settings.interval],
        timeout_s=settings.fetch_timeout_s,
    )


def load_model(settings: Settings) -> _core.Model:
    """The configured model; it must be one for this symbol and interval."""
    path = bundled.MODEL if settings.model == "bundled" else Path(settings.model)
    model = _core.Model.load_for_trading(path, settings.allow_bare_model)
    for field, found, wanted in (
        ("symbol", model.symbol, settings.symbol[:6]),
        ("interval", model.interval, settings.interval),
    ):
        if found is not None and found != wanted:
            message = f"{path}: model refused, `{field}`: it was trained for {found}, the configuration trades {wanted}"
            raise Misconfigured(message, "model_mismatch")
    return model


def build_desk(
    settings: Settings,
    source: Market,
    model: Scorer,
    old: Desk | None = None,
    *,
    mode: str = "dry-run",
    durable: bool = True,
) -> Desk:
    """Everything one symbol trades with; journal and book of ``old`` are kept where they are still the right ones."""
    if settings.history_bars < _core.needed_bars():
        message = f"history_bars: {settings.history_bars} is too few, the features need {_core.needed_bars()}"
        raise Misconfigured(message, "bad_configuration")
    facts = _core.SymbolFacts(settings.symbol, settings.account_currency)
    policy = _core.Policy(threshold=settings.threshold, stale_grace_s=settings.stale_grace_s)
    limits = _core.Limits(
        volume_lots=settings.volume_lots,
        volume_lots_max=settings.volume_lots_max,
        daily_loss_max=settings.daily_loss_max,
        spread_points_max=settings.spread_points_max,
    )
    if old is not None and _paper_identity(old.settings) == _paper_identity(settings):
        journal, broker = old.journal, old.broker
    else:
        if old is not None:
            message = "symbol, account_currency, deposit and state_dir change only with a restart"
            raise Misconfigured(message, "needs_restart")
        journal = Journal(settings.state_path, mode, durable=durable)
        paper = settings.state_path / "paper.db"
        broker = PaperBroker(paper, settings.symbol, facts, settings.deposit, durable=durable)
    return Desk(settings, source, model, broker, journal, policy, limits, facts)


def _paper_identity(settings: Settings) -> tuple[str, str, float, Path]:
    return settings.symbol, settings.account_currency, settings.deposit, settings.state_path
