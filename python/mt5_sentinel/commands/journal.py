"""``mt5-sentinel journal``: what was decided, why, and what became of it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from mt5_sentinel import journal as memory
from mt5_sentinel.commands import bars, state_place

EXAMPLE = """example:
  mt5-sentinel journal --last 20
  mt5-sentinel journal --symbol GBPUSD
  mt5-sentinel journal --json | python3 -m json.tool"""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "journal",
        help="show the cycles and orders of the journal",
        description="Show cycles, oldest first, each with its reason code, scores, order and outcome; safe while"
        " a daemon runs.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--journal", metavar="PATH", help="the journal file (default: journal.db in the state directory)"
    )
    state_place.add_flags(parser)
    parser.add_argument("--last", type=bars.count, metavar="N", help="only the newest N cycles")
    parser.add_argument("--symbol", metavar="NAME", help="only this symbol's cycles")
    parser.add_argument("--json", action="store_true", help="print one JSON array of cycles")
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Print the cycles."""
    path = Path(arguments.journal) if arguments.journal else state_place.find(arguments) / "journal.db"
    cycles = list(memory.read(path, arguments.last, arguments.symbol))
    print(json.dumps(cycles, indent=1) if arguments.json else _table(cycles))
    return 0


def _table(cycles: list[dict[str, Any]]) -> str:
    lines = [f"{'started (UTC)':<24} {'symbol':<8} {'action':<6} {'conf.':>6} {'reason':<18} {'outcome':<8} detail"]
    for cycle in cycles:
        confidence = "" if cycle["confidence"] is None else f"{cycle['confidence']:.4f}"
        lines.append(
            f"{cycle['started_utc']:<24} {cycle['symbol']:<8} {cycle['action'] or '-':<6} {confidence:>6} "
            f"{cycle['reason']:<18} {cycle['outcome'] or '-':<8} {_detail(cycle)}".rstrip()
        )
    return "\n".join(lines)


def _detail(cycle: dict[str, Any]) -> str:
    text = "; ".join(_order(one) for one in cycle["intents"] if one["price"] is not None) or str(cycle["detail"] or "")
    return f"[{', '.join(cycle['conditions'])}] {text}" if cycle["conditions"] else text


def _order(intent: dict[str, Any]) -> str:
    if intent["closed_lots"]:
        return f"closed at {intent['price']:.5f}, profit {intent['profit']:+.2f}"
    return f"{intent['side']} at {intent['price']:.5f}"
