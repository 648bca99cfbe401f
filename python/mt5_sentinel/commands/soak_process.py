"""Processes of a soak, each by ``python -m mt5_sentinel.commands.soak_process ROLE …``: not for people.

Daemon and gateway are the commands of the same names, on the clock that all of them share.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mt5_sentinel import _core
from mt5_sentinel.adapters.clock import SystemClock
from mt5_sentinel.commands import gateway, run
from mt5_sentinel.errors import SentinelError
from mt5_sentinel.ops.soak import walk
from mt5_sentinel.ops.soak.eodhd_stand_in import EodhdServer, Feed
from mt5_sentinel.ops.soak.hub_stand_in import HubServer
from mt5_sentinel.ops.soak.shared_clock import SharedClock
from mt5_sentinel.ports import HeldClock

LISTENS = "listening on port"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of them until a signal."""
    parser = argparse.ArgumentParser(prog="soak_process")
    parser.add_argument("--clock", type=Path, metavar="FILE", help="shared clock; without, this machine's")
    roles = parser.add_subparsers(required=True)
    run.add_parser(roles).set_defaults(role=_daemon)
    gateway.add_parser(roles).set_defaults(role=_gateway)
    eodhd = roles.add_parser("eodhd")
    for name, kind in (("symbol", str), ("market", str), ("seed", int), ("turn", int), ("token", str)):
        eodhd.add_argument(f"--{name}", type=kind, required=True)
    eodhd.set_defaults(role=_eodhd)
    hub = roles.add_parser("hub")
    hub.add_argument("--bundle", type=Path, required=True)
    hub.set_defaults(role=_hub)
    arguments = parser.parse_args(argv)
    try:
        code: int = arguments.role(arguments)
    except SentinelError as error:
        print(f"soak: {error}", file=sys.stderr)
        return error.exit_code
    return code


def _clock(arguments: argparse.Namespace) -> Callable[[], HeldClock]:
    place: Path | None = arguments.clock
    return SystemClock if place is None else lambda: SharedClock(place)


def _daemon(arguments: argparse.Namespace) -> int:
    return run.serve(arguments, _clock(arguments))


def _gateway(arguments: argparse.Namespace) -> int:
    return gateway.serve(arguments, _clock(arguments))


def _eodhd(arguments: argparse.Namespace) -> int:
    calendar = _core.Calendar(arguments.symbol, arguments.market, [])
    clock = _clock(arguments)()
    with EodhdServer(
        Feed(walk.turned(walk.bars(arguments.seed), arguments.turn), calendar, clock.wall_s, arguments.token)
    ) as server:
        print(f"{LISTENS} {server.server_port}", flush=True)
        server.serve_forever()
    return 0


def _hub(arguments: argparse.Namespace) -> int:
    model = _core.Model.load_for_trading(arguments.bundle, False, [])
    with HubServer(model, [spec.name for spec in _core.catalogue()]) as server:
        print(f"{LISTENS} {server.server_port}", flush=True)
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
