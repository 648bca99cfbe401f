"""``mt5-sentinel features``: the feature matrix of any bars file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mt5_sentinel import _core, files
from mt5_sentinel.commands import bars
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.progress import Progress

if TYPE_CHECKING:
    from mt5_sentinel.sheet import Sheet

CATALOGUES: tuple[_core._Catalogue, ...] = ("sentinel-v1", "extended", "all")

SUFFIXES = (".csv", ".csv.gz", ".npy", ".parquet")

DESCRIPTION = """Clean a bars file and write one row of features per bar: column `timestamp` (open time, UTC unix
seconds), then one column per feature. A value is NaN during warm-up. The suffix of --out says the format:
  .csv, .csv.gz  floats as the shortest text that reads back to the same bits; an empty cell for NaN
  .npy           a structured array of shape (n,): field timestamp int64, the others float64
  .parquet       timestamp int64, the others float64, null for NaN; needs pip install 'mt5-sentinel[scale]'
The file appears complete or not at all. Without --out, CSV goes to standard output."""

EXAMPLE = """example:
  mt5-sentinel features EURUSD_1h.csv.gz --out features.csv
  mt5-sentinel features EURUSD_1h.csv.gz --out features.parquet --last 1000
  mt5-sentinel features EURUSD_1h.csv.gz --columns rsi_14,macd | head -3"""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "features",
        help="write the features of a bars file as CSV, npy or Parquet",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bars.add_source(parser)
    parser.add_argument("--out", type=_out, metavar="F", help="write here: F.csv, F.csv.gz, F.npy or F.parquet")
    parser.add_argument(
        "--layout",
        choices=["rows", "legacy23"],
        default="rows",
        help="legacy23: columns feature_0 to feature_22, the 22 by position and a constant 0.0 (default: rows)",
    )
    parser.add_argument(
        "--columns",
        type=_columns,
        metavar="A,B",
        help="which ones, by name and in this order (docs/FEATURES.md), or extended, or all (default: sentinel-v1)",
    )
    parser.add_argument(
        "--last",
        type=bars.count,
        metavar="N",
        help="only the newest N rows, still computed on the whole history",
    )
    parser.set_defaults(refuse=parser.error)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Read everything, then write; what can be refused is refused before."""
    from mt5_sentinel import arrow, sheet  # noqa: PLC0415 - import numpy

    out = arguments.out
    if out is not None and _is_same_file(arguments.path, out):
        arguments.refuse(f"argument --out: {out} is the bars file itself")
    if arguments.layout == "legacy23" and arguments.columns is not None:
        arguments.refuse("argument --columns: --layout legacy23 has its own 23 columns")
    suffix = _suffix(out)
    if suffix == ".parquet":
        arrow.load("writing Parquet")
    write = sheet.WRITERS.get(suffix or "", arrow.write_parquet)

    with Progress(beside_output=out is None) as progress:
        progress.announce(f"reading {arguments.path}", _size_bytes(arguments.path))
        cleaned, _ = bars.load(arguments)
        made = _sheet(cleaned.bars, arguments)
        progress.total = len(made.times)
        with files.replacing(out) as file:
            write(made, file, progress.advance)
    return 0


def _sheet(source: _core.Bars, arguments: argparse.Namespace) -> Sheet:
    from mt5_sentinel.sheet import Sheet  # noqa: PLC0415 - imports numpy

    matrix = _core.features(source, layout=arguments.layout, columns=arguments.columns)
    names = arguments.columns or [spec.name for spec in _core.catalogue()]
    if arguments.layout == "legacy23":
        names = [f"feature_{i}" for i in range(matrix.shape[1])]
    newest = slice(-arguments.last, None) if arguments.last else slice(None)
    return Sheet(names, source.timestamp[newest], matrix[newest])


def _columns(text: str) -> list[str]:
    """Names of columns, or all names of a catalogue."""
    for which in CATALOGUES:
        if text == which:
            return [spec.name for spec in _core.catalogue(which)]
    named = [name.strip() for name in text.split(",")]
    try:
        _core.fingerprint(named)
    except Misconfigured as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("setting `columns`: ")) from None
    return named


def _out(text: str) -> str | None:
    """The path of a file whose format is known; None for standard output."""
    if text == "-":
        return None
    if _suffix(text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} names no known format; end it in {', '.join(SUFFIXES)}")
    return text


def _suffix(out: str | None) -> str | None:
    """Which format is asked for; a pipe or a device gets CSV unless its name says otherwise."""
    if out is None:
        return ".csv"
    is_special = Path(out).exists() and not Path(out).is_file() and not Path(out).is_dir()
    return next((suffix for suffix in SUFFIXES if out.lower().endswith(suffix)), ".csv" if is_special else None)


def _is_same_file(one: str, other: str) -> bool:
    return one != "-" and Path(one).is_file() and Path(other).is_file() and Path(one).samefile(other)


def _size_bytes(path: str) -> int:
    return Path(path).stat().st_size if Path(path).is_file() else 0
