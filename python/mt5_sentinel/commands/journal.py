"""``mt5-sentinel journal``: what was decided, why, and what became of it; to look at, to filter, to export."""

from __future__ import annotations

import argparse
import re
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, get_args

from mt5_sentinel import files
from mt5_sentinel import journal as memory
from mt5_sentinel.commands import bars, journal_export, journal_nothing, journal_table, state_place
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.journal_file import utc
from mt5_sentinel.types import Action, Mode
from mt5_sentinel.view import journal_rows
from mt5_sentinel.view.journal_rows import TABLES, Wish

FORMATS = ("table", "json", "jsonl", "csv", "parquet")

UNITS_S = bars.UNITS_S | {"w": 604_800}

EXAMPLE = """example:
  mt5-sentinel journal --last 20
  mt5-sentinel journal --symbol GBPUSD --since 2h
  mt5-sentinel journal --with-orders --since 2026-11-01 --until 2026-12-01
  mt5-sentinel journal --status failed --since 1d
  mt5-sentinel journal --json | python3 -m json.tool
  mt5-sentinel journal --table orders --status refused
  mt5-sentinel journal --table positions --out positions.csv
  mt5-sentinel journal --mode live --out cycles.parquet

What a filter means: --status is the state of orders, positions and risk; --reason is what closed a position, why risk
changed, the kind of a difference. docs/TERMINAL.md in the repository tells the forms."""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "journal",
        help="show, filter and export the cycles and orders of the journal",
        description="Show cycles, oldest first, each with its reason code, scores, order and outcome; safe while"
        " a daemon runs.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    state_place.add_journal_flags(parser)
    parser.add_argument("--table", choices=list(TABLES), default="cycles", help="what of it (default: cycles)")
    parser.add_argument("--last", type=bars.count, metavar="N", help="only the newest N rows")
    parser.add_argument("--symbol", metavar="NAME", help="only of this symbol")
    parser.add_argument("--since", type=moment, metavar="TIME", help="from then on: ISO (UTC), or 30m, 2h, 3d, 1w ago")
    parser.add_argument("--until", type=moment, metavar="TIME", help="before then")
    parser.add_argument("--reason", metavar="CODE", help="only with this reason code")
    parser.add_argument("--action", choices=get_args(Action), type=str.upper, help="only cycles that decided so")
    parser.add_argument(
        "--status", metavar="WORD", help="only with this status: done, failed; filled, refused; open; …"
    )
    parser.add_argument("--mode", choices=get_args(Mode), help="only of this way of trading")
    parser.add_argument("--with-orders", action="store_true", help="only cycles that sent an order")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON array; the same as --format json")
    form.add_argument("--format", choices=FORMATS, help="default: as the name of --out ends, else table")
    parser.add_argument("--out", metavar="FILE", help="write here, whole or not at all, instead of standard output")
    parser.set_defaults(refuse=parser.error)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Print or write the rows."""
    wish, form = _wish(arguments), _form(arguments)
    path = state_place.journal(arguments)
    if arguments.out is not None and path.exists() and Path(arguments.out).exists() and path.samefile(arguments.out):
        arguments.refuse(f"--out names the journal itself, {path}")
    with memory.reading(path) as db:
        if not journal_rows.columns(db, "cycles"):
            raise Misconfigured(f"{path}: no journal of this program: it has no table of cycles", "no_journal")
        if form == "parquet":
            journal_export.parquet(db, wish, arguments.out)
        elif form == "table":
            files.write(arguments.out, journal_table.lines(db, wish))
        else:
            files.write(arguments.out, journal_export.FORMS[form](db, wish))
        if next(journal_rows.rows(db, wish._replace(last=1)), None) is None:
            print(f"mt5-sentinel: {journal_nothing.told(db, wish)}", file=sys.stderr)
    return 0


def moment(text: str) -> str:
    """A time as the journal writes it, from one that a flag takes: UTC unless it names its zone, or so long ago."""
    ago = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if ago:
        try:
            return str(utc(time.time() - int(ago[1]) * UNITS_S[ago[2]]))
        except (ValueError, OverflowError, OSError):
            message = f"{text!r} ago was before the year 1; shorter ages are allowed"
            raise argparse.ArgumentTypeError(message) from None
    try:
        found = datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", text))
        if found.tzinfo is None:
            found = found.replace(tzinfo=timezone.utc)
        return str(utc(found.timestamp()))
    except (ValueError, OverflowError):
        message = f"{text!r} is neither a time (2026-11-26, 2026-11-26T12:00) nor an age (30m, 2h, 3d, 1w)"
        raise argparse.ArgumentTypeError(message) from None


def _wish(arguments: argparse.Namespace) -> Wish:
    filters = TABLES[arguments.table].filters
    values = {}
    for name in ("symbol", "mode", "status", "reason", "action"):
        value = getattr(arguments, name)
        if value is None:
            continue
        if name not in filters:
            arguments.refuse(f"--{name} means nothing for --table {arguments.table}")
        values[name] = value
    if arguments.with_orders and arguments.table != "cycles":
        arguments.refuse("--with-orders is for cycles")
    if arguments.since is not None and arguments.until is not None and arguments.since >= arguments.until:
        arguments.refuse(f"--since {arguments.since} is not before --until {arguments.until}")
    return Wish(arguments.table, values, arguments.since, arguments.until, arguments.with_orders, arguments.last)


def _form(arguments: argparse.Namespace) -> str:
    ending = Path(arguments.out or "").suffix.removeprefix(".")
    form = "json" if arguments.json else arguments.format or (ending if ending in FORMATS else "table")
    if form == "parquet" and arguments.out is None:
        arguments.refuse("Parquet is no text: name a file with --out")
    return str(form)
