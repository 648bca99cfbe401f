"""``mt5-sentinel bars``: clean any bars file and say what was wrong with it."""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator
from typing import Any

from mt5_sentinel import _core, files
from mt5_sentinel.errors import Misconfigured, SentinelError

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}

EXAMPLE = """example:
  mt5-sentinel bars EURUSD.json --interval 1h --json
  mt5-sentinel bars history.csv.gz --out clean.csv"""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "bars",
        help="clean a bars file and report what was dropped, by cause",
        description="Clean a bars file (EODHD JSON or CSV, plain OHLCV CSV, either gzipped, or Parquet) and report"
        " every row by cause.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_source(parser)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--out", metavar="CSV", help="write the clean bars here")
    return parser


def add_source(parser: argparse.ArgumentParser) -> None:
    """Flags of every command that reads a bars file."""
    parser.add_argument("path", metavar="PATH", help="the file; - reads standard input")
    parser.add_argument("--symbol", type=_symbol, help="name of the symbol, for the report")
    parser.add_argument("--interval", type=_interval_s, metavar="1h", help="length of a bar (default: the usual step)")
    parser.add_argument(
        "--now", type=_moment_s, metavar="TS", help="moment of asking, unix seconds or ISO (default: now)"
    )


def load(arguments: argparse.Namespace) -> tuple[_core.Cleaned, int]:
    """Clean bars of the file the arguments name, and the interval in seconds."""
    body = files.read(arguments.path)
    try:
        if body.startswith(b"PAR1"):
            from mt5_sentinel import arrow  # noqa: PLC0415 - an extra

            body = arrow.parquet_as_csv(body)
        rows = _core.parse(body)
        interval_s = arguments.interval or rows.usual_interval_s()
        if interval_s is None and len(rows) > 0:
            raise Misconfigured("the interval cannot be told from so few rows; name it with --interval", "no_interval")
        now_s = int(time.time()) if arguments.now is None else arguments.now
        return _core.clean(rows, interval_s=interval_s or 1, now_s=now_s), interval_s or 1
    except SentinelError as error:
        raise files.naming(arguments.path, error) from None


def count(text: str) -> int:
    """A positive number, as a flag takes it."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return int(text)


def execute(arguments: argparse.Namespace) -> int:
    """Report, and write the clean bars where asked."""
    cleaned, interval_s = load(arguments)
    report = {"symbol": arguments.symbol, "interval_s": interval_s} | cleaned.report
    report |= {"first_open_s": cleaned.bars.first_open_s(), "last_open_s": cleaned.bars.last_open_s()}
    if arguments.out is not None:
        files.write(arguments.out, _csv(cleaned.bars))
    print(json.dumps(report) if arguments.json else _text(arguments.path, report, cleaned.bars))
    return 0


def _csv(bars: _core.Bars) -> Iterator[str]:
    yield "timestamp,open,high,low,close,volume\n"
    for row in bars.rows():
        yield ",".join(map(repr, row)) + "\n"


def _text(path: str, report: dict[str, Any], bars: _core.Bars) -> str:
    dropped = report["dropped"]
    lines = [
        f"{path}: {report['rows']} rows, {report['bars']} clean bars of {report['interval_s']} s",
        f"  {bars!r}",
        f"  dropped    {dropped['duplicate']} duplicate ({report['duplicate_exact']} exact, "
        f"{report['duplicate_revised']} revised), {dropped['null']} null, {dropped['invalid']} invalid, "
        f"{dropped['forming']} forming",
        f"  repaired   {report['repaired']} (high or low widened to hold open and close)",
        f"  reported   {report['gaps']} gaps, {report['jumps']} price jumps, {report['unsorted']} rows out of order, "
        f"{report['time_conflicts']} time conflicts",
    ]
    return "\n".join(lines)


def _symbol(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._#+-]{0,31}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a symbol such as EURUSD or EURUSD.FOREX")
    return text


def _interval_s(text: str) -> int:
    match = re.fullmatch(r"(\d{1,6})([smhd])", text)
    seconds = int(match[1]) * UNITS_S[match[2]] if match else 0
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not an interval such as 1m, 5m, 1h, 1d")
    return seconds


def _moment_s(text: str) -> int:
    seconds = _core.parse_time(text)
    if seconds is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; unix seconds or ISO 8601 are read")
    return seconds
