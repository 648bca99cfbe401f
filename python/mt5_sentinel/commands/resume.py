"""``mt5-sentinel resume``: trade again after a halt."""

from __future__ import annotations

import argparse
import os
from typing import Any

from mt5_sentinel import config, kill_switch

EXAMPLE = """example:
  mt5-sentinel resume
  mt5-sentinel resume --adopt EURUSD"""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "resume",
        help="trade again after a halt",
        description="Remove the file HALT from the state directory, and ask the daemon to end a halt by drawdown: the"
        " highest mark of the equity starts anew. A halt by the day's loss lasts until the next UTC day.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--state-dir", metavar="DIR", help="state directory of the daemon")
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
    state_dir = config.Settings(state_dir=arguments.state_dir or os.environ.get("STATE_DIRECTORY", "")).state_path
    adopted = [(symbol, kill_switch.adopt(state_dir, symbol)) for symbol in arguments.adopt]
    was_halted = kill_switch.resume(state_dir)
    halt = state_dir / kill_switch.HALT
    print(f"removed {halt}" if was_halted else f"there was no {halt}")
    print(f"wrote {state_dir / kill_switch.RESUME}: at its next cycle, within a minute, the daemon is ACTIVE again")
    print("and the drawdown is measured from the equity it has then. The loss of this UTC day stays counted.")
    for symbol, path in adopted:
        print(f"wrote {path}: the daemon takes the broker's positions of {symbol} for its own")
    return 0
