"""``mt5-sentinel resume``: trade again after a halt."""

from __future__ import annotations

import argparse
from typing import Any

from mt5_sentinel import kill_switch
from mt5_sentinel.commands import state_place

EXAMPLE = """example:
  mt5-sentinel resume
  mt5-sentinel resume --adopt EURUSD"""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "resume",
        help="trade again after a halt",
        description="Remove the file HALT from the state directory, and ask the daemon to end a halt by drawdown: the"
        " highest mark of the equity starts anew. A halt by the day's loss and a pause last until their own end.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    state_place.add_flags(parser)
    parser.add_argument(
        "--adopt",
        action="append",
        default=[],
        metavar="SYMBOL",
        help="also take the broker's positions of this symbol for the daemon's own where its journal differs",
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Take the halt away, and say what was done and what the daemon will do."""
    state_dir = state_place.find(arguments)
    adopted = [(symbol, kill_switch.adopt(state_dir, symbol)) for symbol in arguments.adopt]
    was_halted = kill_switch.resume(state_dir)
    halt = state_dir / kill_switch.HALT
    print(f"removed {halt}" if was_halted else f"there was no {halt}")
    print(f"wrote {state_dir / kill_switch.RESUME}: at its next cycle, within a minute, the daemon ends a halt by")
    print("drawdown, if there is one, and measures the drawdown from the equity it has then. A halt by the loss of")
    print("this UTC day stays until the next, and a pause after losing trades until its end.")
    for symbol, path in adopted:
        print(f"wrote {path}: the daemon takes the broker's positions of {symbol} for its own")
    state_place.warn_without_journal(state_dir)
    return 0
