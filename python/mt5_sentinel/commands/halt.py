"""``mt5-sentinel halt``: the kill switch."""

from __future__ import annotations

import argparse
from typing import Any

from mt5_sentinel import kill_switch
from mt5_sentinel.commands import state_place

EXAMPLE = """example:
  mt5-sentinel halt --reason 'the feed looks wrong'
  mt5-sentinel halt --flatten
  mt5-sentinel resume"""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "halt",
        help="open no further position (the kill switch)",
        description="Write the file HALT into the state directory: while it is there, the daemon opens no position."
        " Exits are still traded, and stops and targets stay at the broker.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--flatten", action="store_true", help="close the daemon's positions too, in the symbols that it trades"
    )
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, for whoever reads the file")
    state_place.add_flags(parser)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Write the file, and say what follows from it."""
    state_dir = state_place.find(arguments)
    path = kill_switch.halt(state_dir, flatten=arguments.flatten, reason=arguments.reason)
    print(f"halted: wrote {path}")
    print("A daemon on this state directory opens nothing from its next cycle on, within a minute.")
    if arguments.flatten:
        print("It closes its own positions in the symbols it trades, at the next cycle in which each market is open.")
        print("Positions in symbols it no longer trades, and those of other daemons, stay: close them in the terminal.")
    else:
        print("Its open positions stay, with their stops and targets; `--flatten` closes them.")
    print("End it with `mt5-sentinel resume`.")
    state_place.warn_without_journal(state_dir)
    return 0
