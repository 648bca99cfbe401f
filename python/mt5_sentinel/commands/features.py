"""``mt5-sentinel features``: the feature matrix of any bars file."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from mt5_sentinel import _core, files
from mt5_sentinel.commands import bars

EXAMPLE = """example:
  mt5-sentinel features EURUSD_1h.csv.gz --out features.csv"""

ROWS_AT_ONCE = 10_000


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "features",
        help="write the 22 features of a bars file",
        description="Clean a bars file and write one row of features per bar; a cell is empty during warm-up.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bars.add_source(parser)
    parser.add_argument("--out", metavar="F.csv", help="write here instead of to standard output")
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Write the header `timestamp` and the catalogue's names, then one line per bar."""
    cleaned, _ = bars.load(arguments)
    files.write(arguments.out, _csv(cleaned.bars))
    return 0


def _csv(source: _core.Bars) -> Iterator[str]:
    yield ",".join(["timestamp", *(spec.name for spec in _core.catalogue())]) + "\n"
    matrix, times = _core.features(source), source.timestamp
    for start in range(0, len(times), ROWS_AT_ONCE):
        block = slice(start, start + ROWS_AT_ONCE)
        for time_s, row in zip(times[block].tolist(), matrix[block].tolist(), strict=True):
            # repr is the shortest text that reads back to the same float; NaN is the one value unequal to itself.
            yield f"{time_s}," + ",".join("" if value != value else repr(value) for value in row) + "\n"  # noqa: PLR0124
