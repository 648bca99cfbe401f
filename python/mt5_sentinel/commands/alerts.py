"""``mt5-sentinel alerts``: direct alerts, without a Prometheus. Here their parts are put together."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mt5_sentinel import config, logs
from mt5_sentinel.adapters.clock import SystemClock
from mt5_sentinel.alerting import channels, place
from mt5_sentinel.alerting.channels import Channel
from mt5_sentinel.alerting.eyes import Eyes
from mt5_sentinel.alerting.heartbeat import Heartbeat
from mt5_sentinel.alerting.letters import Letter
from mt5_sentinel.alerting.postman import Postman
from mt5_sentinel.alerting.teller import Teller, light_key
from mt5_sentinel.alerting.watcher import Watcher
from mt5_sentinel.commands import state_place
from mt5_sentinel.config import Settings
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.ports import HeldClock
from mt5_sentinel.systemd import Notifier

EXIT_TOLD = 1

EXAMPLE = """example:
  MT5_SENTINEL_ALERT_URLS='json://127.0.0.1:9000/' mt5-sentinel alerts --test
  mt5-sentinel alerts --once; echo $?
  mt5-sentinel alerts

Where it tells: alert_urls, Apprise URLs separated by white space, best as a credential file of systemd."""

log = logging.getLogger("mt5_sentinel")


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "alerts",
        help="watch the daemon and tell people directly what is wrong",
        description="Look at the daemon's journal and process every ten seconds until a signal, and tell what turns"
        " wrong, stays wrong or is well again. Reads the daemon's files, writes only its own directory, alerts.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--test", action="store_true", help="send a test message to each URL, and say whether it went")
    way.add_argument(
        "--once", action="store_true", help="look once and print what is not well; exit code 1 where something is not"
    )
    state_place.add_flags(parser)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Watch until a signal, look once, or send a test."""
    return serve(arguments, SystemClock)


def serve(arguments: argparse.Namespace, make_clock: Callable[[], HeldClock]) -> int:
    """The same by any clock."""
    settings = config.load_all({"state_dir": arguments.state_dir}, os.environ, arguments.config)[0]
    channels.learn([*settings.alert_urls.split(), settings.alert_heartbeat_url])
    logs.set_up(settings.log_level, settings.secrets())
    if arguments.once:
        return _once(settings.state_path)
    endpoints = channels.open_all(settings.alert_urls)
    if arguments.test:
        return _test(endpoints)
    heartbeat = Heartbeat(settings.alert_heartbeat_url) if settings.alert_heartbeat_url else None
    if not endpoints and heartbeat is None:
        raise _nowhere()
    return _watch(settings, endpoints, heartbeat, make_clock())


def _watch(settings: Settings, endpoints: Sequence[Channel], heartbeat: Heartbeat | None, clock: HeldClock) -> int:
    try:
        keys = [endpoint.key for endpoint in endpoints]
        with place.outbox(settings.state_path, keys, socket.gethostname(), clock.wall_s()) as outbox:
            teller = Teller(outbox, settings.alert_repeat_minutes * 60)
            watcher = Watcher(Eyes(settings.state_path), teller, heartbeat, clock)
            for signum in (signal.SIGTERM, signal.SIGINT):
                signal.signal(signum, watcher.stop)
            steps = [Postman(endpoint, outbox).step for endpoint in endpoints]
            steps += [] if heartbeat is None else [heartbeat.step]
            named = ", ".join(endpoint.name for endpoint in endpoints) or "none, a heartbeat alone"
            log.info("watching %s, endpoints: %s", settings.state_path, named)
            watcher.run(steps, Notifier())
    finally:
        clock.close()
    log.info("stopped; what waits is sent after the next start")
    return 0


def _once(state_dir: Path) -> int:
    wrong = [light for light in Eyes(state_dir).look(time.time(), time.monotonic()) if light.level != "ok"]
    for light in wrong:
        print(f"{light.level:4} {light_key(light)}: {logs.hide(light.text)}")
    if not wrong:
        print("all is well")
    return EXIT_TOLD if wrong else 0


def _test(endpoints: Sequence[Channel]) -> int:
    if not endpoints:
        raise _nowhere()
    letter = Letter((), "ok", f"mt5-sentinel on {socket.gethostname()}: test", "This is a test; nothing is wrong.")
    failed = 0
    for endpoint in endpoints:
        refusal = endpoint.send(letter)
        print(f"{endpoint.name}: {'sent' if refusal is None else refusal.why}")
        failed += refusal is not None
    return EXIT_TOLD if failed else 0


def _nowhere() -> Misconfigured:
    return Misconfigured("alert_urls: nobody to tell; name Apprise URLs, see `mt5-sentinel alerts --help`", "no_urls")
