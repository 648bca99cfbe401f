"""``mt5-sentinel bars``: clean any bars file and say what was wrong with it."""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from mt5_sentinel import _core, files
from mt5_sentinel.commands import bars_beside
from mt5_sentinel.errors import Misconfigured, SentinelError

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}

EXAMPLE = """example:
  mt5-sentinel bars EURUSD.json --interval 1h --json
  mt5-sentinel bars history.csv.gz --out clean.csv
  mt5-sentinel bars EURUSD_H1.csv --broker-time auto --against eodhd.json"""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "bars",
        help="clean a bars file and report what was dropped, by cause",
        description="Clean a bars file (EODHD JSON or CSV, plain OHLCV CSV, a terminal's export in UTF-8 or UTF-16, a"
        " dump of copy_rates as CSV or npy, each also gzipped, or Parquet) and report every row by cause.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_source(parser)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--out", metavar="CSV", help="write the clean bars here")
    parser.add_argument(
        "--against",
        metavar="PATH",
        help="another source of the same bars: report where they differ; --broker-time holds for it if a terminal wrote"
        " it",
    )
    parser.add_argument(
        "--tolerance-points",
        type=_points,
        metavar="N",
        default=20.0,
        help="difference of two prices that counts as none, points (default: 20)",
    )
    parser.add_argument(
        "--point", type=_points, metavar="P", help="size of a point (default: the step the prices move in)"
    )
    return parser


def add_source(parser: argparse.ArgumentParser) -> None:
    """Flags of every command that reads a bars file."""
    parser.add_argument("path", metavar="PATH", help="the file; - reads standard input")
    parser.add_argument("--symbol", type=_symbol, help="name of the symbol, for the report")
    parser.add_argument("--interval", type=_interval_s, metavar="1h", help="length of a bar (default: the usual step)")
    parser.add_argument(
        "--now", type=_moment_s, metavar="TS", help="moment of asking, unix seconds or ISO (default: now)"
    )
    parser.add_argument(
        "--broker-time",
        metavar="ZONE",
        help="the file's times are a broker's: UTC+2/eu, UTC+2/us (with that summer time), UTC+3, utc; auto: as the"
        " bars lie in the market's open hours",
    )
    parser.add_argument(
        "--market",
        choices=["auto", "fx", "metal", "always"],
        default="auto",
        help="whose open hours bars are held against (default: auto, by --symbol)",
    )


class Source(NamedTuple):
    """Clean bars of a file, and how its times were read."""

    cleaned: _core.Cleaned
    interval_s: int
    broker_time: str | None
    """Zone of the file's times; None where they are UTC by themselves."""
    is_of_terminal: bool


def load(arguments: argparse.Namespace) -> tuple[_core.Cleaned, int]:
    """Clean bars of the file the arguments name, and the interval in seconds."""
    source = read(arguments.path, arguments)
    return source.cleaned, source.interval_s


def read(path: str, arguments: argparse.Namespace) -> Source:
    """Clean bars of a file, by the flags of ``add_source``."""
    body = files.read(path)
    try:
        if body.startswith(b"PAR1"):
            from mt5_sentinel import arrow  # noqa: PLC0415 - an extra

            body = arrow.parquet_as_csv(body)
        rows = _core.parse(body)
        is_of_terminal = rows.is_of_terminal
        zone = arguments.broker_time
        if zone == "auto":
            zone = rows.broker_zone(calendar(arguments))
        if zone is not None:
            rows = rows.in_utc(zone)
        interval_s = arguments.interval or rows.usual_interval_s()
        if interval_s is None and len(rows) > 0:
            raise Misconfigured("the interval cannot be told from so few rows; name it with --interval", "no_interval")
        now_s = int(time.time()) if arguments.now is None else arguments.now
        cleaned = _core.clean(rows, interval_s=interval_s or 1, now_s=now_s)
        return Source(cleaned, interval_s or 1, zone, is_of_terminal)
    except SentinelError as error:
        raise files.naming(path, error) from None


def calendar(arguments: argparse.Namespace) -> _core.Calendar:
    """Open hours of the symbol, of currencies where none is named."""
    return _core.Calendar(arguments.symbol or "EURUSD", arguments.market)


def count(text: str) -> int:
    """A positive number, as a flag takes it."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return int(text)


def execute(arguments: argparse.Namespace) -> int:
    """Report, and write the clean bars where asked."""
    source = read(arguments.path, arguments)
    cleaned, interval_s = source.cleaned, source.interval_s
    report: dict[str, Any] = {"symbol": arguments.symbol, "interval_s": interval_s} | cleaned.report
    report |= {"first_open_s": cleaned.bars.first_open_s(), "last_open_s": cleaned.bars.last_open_s()}
    hours = calendar(arguments)
    report |= {"closed_hours": cleaned.closed_count(interval_s, hours)}
    report |= {"missing": cleaned.missing_count(interval_s, hours)}
    report |= {"broker_time": source.broker_time, "is_of_terminal": source.is_of_terminal}
    lines = [_text(arguments.path, report, cleaned.bars)]
    if arguments.against is not None:
        found = comparison(cleaned.bars, arguments)
        report["against"] = {"path": arguments.against} | found
        lines.append(bars_beside.text(arguments.against, found))
    if arguments.out is not None:
        files.write(arguments.out, _csv(cleaned.bars))
    print(json.dumps(report) if arguments.json else "\n".join(lines))
    return 0


def comparison(bars: _core.Bars, arguments: argparse.Namespace) -> _core._Comparison:
    """The bars beside those of ``--against``, whose times are a broker's only where a terminal wrote them."""
    other = read(arguments.against, argparse.Namespace(**vars(arguments) | {"broker_time": None}))
    if other.is_of_terminal and arguments.broker_time is not None:
        other = read(arguments.against, arguments)
    points, point = arguments.tolerance_points, arguments.point
    return _core.compare_bars(bars, other.cleaned.bars, tolerance_points=points, point=point)


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
        f"  reported   {report['gaps']} gaps, in which {report['missing']} bars of open hours are missing; "
        f"{report['jumps']} price jumps, {report['unsorted']} rows out of order, "
        f"{report['time_conflicts']} time conflicts, {report['closed_hours']} bars in closed hours",
    ]
    if report["broker_time"] is not None:
        lines.append(f"  times      a broker's, read as {report['broker_time']}")
    elif report["is_of_terminal"]:
        lines.append("  times      a terminal's, read as UTC; name its broker's zone with --broker-time, or auto")
    return "\n".join(lines)


def _symbol(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._#+-]{0,31}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a symbol such as EURUSD or EURUSD.FOREX")
    return text


def _points(text: str) -> float:
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 on")
    return float(text)


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
