"""Flags and parts of what a gateway executes at: a terminal, or a paper account with recorded prices."""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack

from mt5_sentinel import _core
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.gateway.venue import Venue
from mt5_sentinel.paper_account import PaperAccount
from mt5_sentinel.ports import Clock
from mt5_sentinel.secret import Secret

PASSWORD = "MT5_PASSWORD"  # noqa: S105 - the name of a variable


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of either broker."""
    parser.add_argument("--broker", choices=("paper", "mt5"), default="paper", help="where orders go (default: paper)")
    parser.add_argument(
        "--symbol", action="append", metavar="NAME", help="as the broker names it; may be given again (default: EURUSD)"
    )
    paper = parser.add_argument_group("paper")
    paper.add_argument(
        "--prices",
        action="append",
        metavar="FILE",
        help="bars that are played as if it were now; with several symbols SYMBOL=FILE each (default: bundled EURUSD)",
    )
    paper.add_argument(
        "--price-side", choices=("bid", "ask", "mid"), default="bid", help="what they show (default: bid)"
    )
    paper.add_argument("--deposit", type=float, default=10_000.0, metavar="MONEY", help="default: 10000")
    paper.add_argument("--currency", default="USD", help="of the account (default: USD)")
    paper.add_argument("--leverage", type=float, default=30.0, help="default: 30")
    paper.add_argument("--spread-points", type=float, default=10.0, metavar="POINTS", help="default: 10")
    paper.add_argument("--slippage-points", type=float, default=0.0, metavar="POINTS", help="greatest (default: 0)")
    paper.add_argument("--seed", type=int, default=1, help="of the slippage (default: 1)")
    mt5 = parser.add_argument_group("mt5", "account, password and server come from MT5_LOGIN, MT5_PASSWORD, MT5_SERVER")
    mt5.add_argument("--terminal", default="", metavar="FILE", help="terminal64.exe (default: the one that runs)")
    mt5.add_argument("--broker-dst", choices=("eu", "us", "none"), default="eu", help="the server's summer time")


def secrets() -> tuple[str, ...]:
    """What must never be printed."""
    password = os.environ.get(PASSWORD, "")
    return (password,) if password else ()


def open_venue(arguments: argparse.Namespace, clock: Clock, undo: ExitStack) -> Venue:
    """What the flags ask for; it is let go of at the end of ``undo``.

    Raises:
        Misconfigured: it can never work so.
        Transient: the terminal did not start in time.
    """
    return _terminal(arguments, clock, undo) if arguments.broker == "mt5" else _paper(arguments, clock, undo)


def _terminal(arguments: argparse.Namespace, clock: Clock, undo: ExitStack) -> Venue:
    from mt5_sentinel.gateway import mt5_venue  # noqa: PLC0415 - the other broker needs none of it

    login = os.environ.get("MT5_LOGIN", "")
    if not login.isdecimal() and login:
        raise Misconfigured("MT5_LOGIN: the account's number, digits only", "bad_configuration")
    venue = mt5_venue.connect(
        arguments.terminal,
        int(login or 0),
        Secret(os.environ.get(PASSWORD, "")),
        os.environ.get("MT5_SERVER", ""),
        utc_s=clock.wall_s,
        broker_dst=arguments.broker_dst,
    )
    undo.callback(venue.stop)
    return venue


def _paper(arguments: argparse.Namespace, clock: Clock, undo: ExitStack) -> Venue:
    from mt5_sentinel.gateway.paper_venue import PaperVenue  # noqa: PLC0415 - imports numpy
    from mt5_sentinel.gateway.recording import load  # noqa: PLC0415 - the same

    recordings = {}
    for symbol, source in _prices(arguments).items():
        facts = _core.SymbolFacts(symbol, arguments.currency)
        recording = load(source, facts, spread_points=arguments.spread_points, shows=arguments.price_side)
        recordings[symbol] = (recording, facts)
    account = PaperAccount(
        arguments.state_dir / "paper.db",
        deposit=arguments.deposit,
        currency=arguments.currency,
        leverage=arguments.leverage,
        seed=arguments.seed,
        slippage_points_max=arguments.slippage_points,
    )
    undo.callback(account.close)
    return PaperVenue(account, recordings, clock.wall_s, currency=arguments.currency)


def _prices(arguments: argparse.Namespace) -> dict[str, str]:
    """The file of each symbol: ``SYMBOL=FILE``, or a file alone where there is one symbol."""
    given = arguments.prices or ["bundled"]
    alone = [source for source in given if "=" not in source]
    named = dict(source.split("=", 1) for source in given if "=" in source)
    if alone and len(arguments.symbol) == 1 and len(given) == 1:
        return {arguments.symbol[0]: alone[0]}
    missing = [symbol for symbol in arguments.symbol if symbol not in named]
    if alone or missing:
        words = f"--prices: no prices for {', '.join(missing) or 'a file without a symbol'}; give SYMBOL=FILE for each"
        raise Misconfigured(words, "bad_configuration")
    return {symbol: named[symbol] for symbol in arguments.symbol}
