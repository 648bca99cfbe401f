"""``mt5-sentinel gateway``: the program beside a terminal, or in front of a paper account, that executes orders."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

import zmq

from mt5_sentinel import logs
from mt5_sentinel.adapters.clock import SystemClock
from mt5_sentinel.commands import gateway_check, gateway_keys, gateway_venues, gateway_wire
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.gateway.authority import AllowList, Authority
from mt5_sentinel.gateway.dispatch import Dispatcher
from mt5_sentinel.gateway.memory import Memory
from mt5_sentinel.gateway.server import Server
from mt5_sentinel.gateway.ticks import Ticks
from mt5_sentinel.ports import HeldClock

EXAMPLE = """example:
  mt5-sentinel gateway                              # paper, this machine only
  mt5-sentinel gateway --check                      # is all well? one line each
  mt5-sentinel gateway --host 0.0.0.0 --key-file gateway.key --clients clients.txt

docs/GATEWAY.md in the repository tells the rest, docs/WINDOWS.md how to set it up beside a terminal."""

log = logging.getLogger("mt5_sentinel")


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "gateway",
        help="execute orders of a daemon: at a MetaTrader 5 terminal, or on paper",
        description="Serve orders and prices over ZeroMQ: each order is executed once at most, whatever breaks.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--check", action="store_true", help="test everything but the sending, and end with 0 or 1")
    instead.add_argument(
        "--halt", metavar="REASON", help="let a running gateway open nothing (its kill switch), and end"
    )
    instead.add_argument("--resume", action="store_true", help="switch its kill switch off, and end")
    wire = parser.add_argument_group("wire")
    wire.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (default: 127.0.0.1)"
    )
    wire.add_argument("--port", type=_port, default=5555, metavar="PORT", help="of requests (default: 5555)")
    wire.add_argument(
        "--ticks-port", type=_port, default=5556, metavar="PORT", help="of published ticks; 0: none (default: 5556)"
    )
    wire.add_argument("--key-file", type=Path, metavar="FILE", help="this gateway's own key pair; without: plain text")
    wire.add_argument("--clients", type=Path, metavar="FILE", help="public keys that may connect, one a line")
    wire.add_argument("--allow-plaintext", action="store_true", help="let other machines trade without keys: dangerous")
    wire.add_argument("--client-key-file", type=Path, metavar="FILE", help="to ask one that runs: with this key pair")
    wire.add_argument("--server-key", default="", metavar="KEY", help="to ask one that runs elsewhere: its public key")
    limits = parser.add_argument_group("limits, beside the daemon's own")
    limits.add_argument(
        "--volume-lots-max", type=float, default=1.0, metavar="LOTS", help="greatest volume of an opening (default: 1)"
    )
    limits.add_argument(
        "--orders-per-minute-max", type=int, default=20, metavar="N", help="openings within 60 s (default: 20)"
    )
    gateway_venues.add_flags(parser)
    parser.add_argument(
        "--state-dir",
        type=Path,
        metavar="DIR",
        help="what it remembers (default: mt5-sentinel-gateway in the usual place)",
    )
    parser.add_argument(
        "--log-level", default="info", choices=("debug", "info", "warning", "error"), help="default: info"
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Serve until a signal; or test, or throw the switch of one that runs."""
    return serve(arguments, SystemClock)


def serve(arguments: argparse.Namespace, make_clock: Callable[[], HeldClock]) -> int:
    """The same by any clock."""
    if arguments.volume_lots_max <= 0 or arguments.orders_per_minute_max < 1:
        raise Misconfigured("--volume-lots-max and --orders-per-minute-max are above 0", "bad_configuration")
    arguments.symbol = arguments.symbol or ["EURUSD"]
    if arguments.state_dir is None:
        arguments.state_dir = state_dir()
    logs.set_up(
        "error" if arguments.check else arguments.log_level, gateway_venues.secrets(), identifier="mt5-sentinel-gateway"
    )
    clock = make_clock()
    try:
        if arguments.halt is not None or arguments.resume:
            return gateway_wire.switch(arguments, clock)
        return gateway_check.run(arguments, clock) if arguments.check else _serve(arguments, clock)
    finally:
        clock.close()


def state_dir() -> Path:
    """The usual place on this system."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "mt5-sentinel-gateway"
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given)
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "mt5-sentinel-gateway"


def _serve(arguments: argparse.Namespace, clock: HeldClock) -> int:
    keys, clients = gateway_keys.read(arguments)
    stop = _Stop()
    with ExitStack() as undo:
        memory = Memory(arguments.state_dir, clock.wall_s())
        undo.callback(memory.close)
        venue = gateway_venues.open_venue(arguments, clock, undo)
        dispatcher = Dispatcher(
            *(venue, memory, clock),
            volume_lots_max=arguments.volume_lots_max,
            orders_per_minute_max=arguments.orders_per_minute_max,
        )
        context = zmq.Context()
        undo.callback(context.term)
        authority = None
        if clients is not None:
            authority = Authority(context, clients)
            undo.callback(authority.close)
        ticks = Ticks(venue, arguments.symbol, clock.monotonic_s) if arguments.ticks_port else None
        server = Server(
            *(context, dispatcher, clock),
            host=arguments.host,
            port=arguments.port,
            ticks=ticks,
            ticks_port=arguments.ticks_port,
            secret=None if keys is None else keys[1],
            authority=authority,
        )
        undo.callback(server.close)
        stop.listen()
        _greet(arguments, server, dispatcher, keys, clients)
        server.run(lambda: stop.asked)
        turned_away = "" if authority is None else f", {authority.refused} connections turned away"
        log.info("stopped; %d requests answered, %d messages dropped%s", server.served, server.dropped, turned_away)
    return 0


def _greet(
    arguments: argparse.Namespace,
    server: Server,
    dispatcher: Dispatcher,
    keys: gateway_keys.Pair | None,
    clients: AllowList | None,
) -> None:
    where = f"{arguments.host}:{server.port}"
    ticks = f", ticks at {server.ticks_port}" if server.ticks_port else ""
    log.info("gateway to %s, symbols %s", arguments.broker, ", ".join(arguments.symbol))
    log.info("requests at %s%s; memory %s", where, ticks, arguments.state_dir / "gateway.db")
    limits = (arguments.volume_lots_max, arguments.orders_per_minute_max)
    log.info("limits: %g lots an opening, %d openings a minute", *limits)
    if keys is not None and clients is not None:
        log.info("encrypted; public key %s; %d clients in %s", keys[0], len(clients.keys), arguments.clients)
    elif arguments.allow_plaintext:
        log.warning("PLAIN TEXT at %s: whoever can reach it can trade, and read along", where)
    else:
        log.info("plain text, for this machine only")
    if dispatcher.halt.on:
        log.warning("KILL SWITCH is on, nothing is opened: %s", dispatcher.halt.reason or "no reason was given")


class _Stop:
    """Set by a signal; the running request is finished."""

    def __init__(self) -> None:
        self.asked = False

    def listen(self) -> None:
        for name in ("SIGTERM", "SIGINT", "SIGBREAK"):  # the last one is Windows' own
            number = getattr(signal, name, None)
            if number is not None:
                signal.signal(number, self._ask)

    def _ask(self, signum: int, frame: FrameType | None) -> None:
        self.asked = True


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is 0 to 65535")
    return number
