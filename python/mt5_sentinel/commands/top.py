"""``mt5-sentinel top``: how it stands, live."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mt5_sentinel.commands import state_place, status
from mt5_sentinel.commands.terminal_keys import ENDED, keys
from mt5_sentinel.errors import SentinelError
from mt5_sentinel.view import recent
from mt5_sentinel.view.lights import lights

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

EXIT_USAGE = 2

ENDS = frozenset(("q", "Q", ENDED))
"""Keys."""

EVERY_S = 2.0
EVERY_MIN_S, EVERY_MAX_S = 0.2, 3600.0

CYCLES_MAX = 200
"""More than any window shows."""

EXAMPLE = """example:
  mt5-sentinel top
  mt5-sentinel top --every 10 --state-dir /var/lib/mt5-sentinel

`q` or Ctrl-C ends it."""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "top",
        help="watch how it stands, live",
        description="Show how trading stands and the newest cycles, live, read from the journal. Only reads; bears a"
        " daemon that restarts and a journal that is replaced.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    state_place.add_journal_flags(parser)
    parser.add_argument(
        "--every", type=_every, default=EVERY_S, metavar="S", help=f"seconds from look to look (default: {EVERY_S:g})"
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Draw until a key or a signal ends it."""
    if not sys.stdout.isatty():
        return _refused("top draws in a terminal")
    from rich.live import Live  # noqa: PLC0415 - rich is loaded by who draws

    from mt5_sentinel.commands import status_screen  # noqa: PLC0415

    console = status_screen.console()
    if console.is_dumb_terminal or not console.is_terminal:  # rich would draw nothing there
        return _refused(f"top cannot draw in this terminal (TERM={os.environ.get('TERM', '')})")
    path = state_place.journal(arguments)
    status.known(path, time.time())  # a wrong place is told at once; what goes away later is waited for
    try:
        with keys() as wait, Live(console=console, screen=True, auto_refresh=False) as live:
            while True:
                live.update(_look(console, path), refresh=True)
                if ENDS.intersection(wait(arguments.every)):
                    return 0
    except KeyboardInterrupt:
        return 0


def _refused(why: str) -> int:
    print(f"mt5-sentinel: {why}; `mt5-sentinel status` prints the same once", file=sys.stderr)
    return EXIT_USAGE


def _look(console: Console, path: Path) -> RenderableType:
    from mt5_sentinel.commands import top_screen  # noqa: PLC0415 - rich comes along

    try:
        now = status.known(path, time.time())
        before = recent.read(path, now, cycles=min(CYCLES_MAX, console.size.height), bars=top_screen.BARS)
    except SentinelError as error:
        return top_screen.trouble(console, str(error))
    return top_screen.draw(console, now, lights(now), before)


def _every(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not EVERY_MIN_S <= found <= EVERY_MAX_S:
        raise argparse.ArgumentTypeError(f"{text!r} is not of {EVERY_MIN_S:g} to {EVERY_MAX_S:g} seconds")
    return found
