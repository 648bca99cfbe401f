"""``mt5-sentinel score``: a model's answer to rows of a CSV file."""

from __future__ import annotations

import argparse
import csv
import io
import math
from collections.abc import Iterator
from typing import Any

from mt5_sentinel import _core, files
from mt5_sentinel.errors import SentinelError, Unusable

EXAMPLE = """example:
  mt5-sentinel score --model model.txt --rows rows.csv --raw --out scores.csv"""

TRADING_CLASSES = ["sell", "hold", "buy"]


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "score",
        help="score rows of a CSV file with a model",
        description="Score rows with a model file or bundle. With a header, columns are matched by name, never by"
        " position; without one they must be the model's, in its order. nan, inf and empty cells are accepted.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", required=True, metavar="M", help="LightGBM text model, or a bundle directory")
    parser.add_argument("--rows", required=True, metavar="R.csv", help="the rows; - reads standard input")
    parser.add_argument("--raw", action="store_true", help="raw scores instead of probabilities")
    parser.add_argument("--out", metavar="S.csv", help="write here instead of to standard output")
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """One header line, then one line of scores per row."""
    model = _core.Model.load(arguments.model)
    try:
        rows = _rows(files.read(arguments.rows), model.feature_names)
        scores = model.score(rows, raw=arguments.raw).tolist() if rows else []
    except SentinelError as error:
        raise files.naming(arguments.rows, error) from None
    files.write(arguments.out, _csv(model, scores))
    return 0


def _csv(model: _core.Model, scores: list[list[float]]) -> Iterator[str]:
    is_bundle = model.symbol is not None
    names = TRADING_CLASSES if is_bundle else [f"class_{i}" for i in range(model.num_classes)]
    yield ",".join(names) + "\n"
    for row in scores:
        yield ",".join(map(repr, row)) + "\n"


def _rows(body: bytes, names: list[str]) -> list[list[float]]:
    try:
        lines = [row for row in csv.reader(io.StringIO(body.decode("utf-8-sig"))) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unusable(f"not a CSV file: {error}", "malformed_body") from None
    if not lines:
        raise Unusable("there are no rows", "no_rows")
    has_header = any(_number(cell) is None for cell in lines[0])
    positions = _positions(lines[0], names) if has_header else list(range(len(names)))
    width = len(lines[0]) if has_header else len(names)
    return [_row(i, line, width, positions, names) for i, line in enumerate(lines[has_header:])]


def _row(i: int, line: list[str], width: int, positions: list[int], names: list[str]) -> list[float]:
    if len(line) != width:
        raise Unusable(f"row {i}: {len(line)} cells where {width} are expected", "malformed_body")
    row = []
    for name, position in zip(names, positions, strict=True):
        value = _number(line[position])
        if value is None:
            raise Unusable(f"row {i}, field `{name}`: {line[position]!r} is not a number", "bad_field")
        row.append(value)
    return row


def _positions(header: list[str], names: list[str]) -> list[int]:
    """Where each feature of the model stands in the file."""
    found = [cell.strip() for cell in header]
    missing = [name for name in names if name not in found]
    is_anonymous = all(name in (f"Column_{i}", str(i)) for i, name in enumerate(names))
    if missing and is_anonymous and len(found) == len(names):
        return list(range(len(names)))  # the model was trained without names: position is all there is
    if missing:
        shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        raise Unusable(f"the header lacks {len(missing)} of the model's {len(names)} features: {shown}", "bad_columns")
    twice = [name for name in names if found.count(name) > 1]
    if twice:
        raise Unusable(f"the header names `{twice[0]}` more than once", "bad_columns")
    return [found.index(name) for name in names]


def _number(cell: str) -> float | None:
    text = cell.strip()
    if text == "" or text.upper() in ("NA", "NULL"):
        return math.nan
    try:
        return None if "_" in text else float(text)  # 1_0 is Python's way of writing ten, nobody else's
    except ValueError:
        return None
