"""``mt5-sentinel score``: a model's answer to rows of a CSV file."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mt5_sentinel import _core, files
from mt5_sentinel.errors import Misconfigured, SentinelError
from mt5_sentinel.progress import Progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TRADING_CLASSES = ["sell", "hold", "buy"]

MODEL_HELP = "model file (LightGBM text, XGBoost JSON or UBJSON, linear TOML, ONNX) or bundle"

ROWS_AT_ONCE, EXPLAINED_AT_ONCE = 5_000, 500
"""Scored and written together; an explanation is many numbers a row."""

DESCRIPTION = """Score rows of a CSV file (gzipped or not) with a model file or bundle.

A first line with a cell that is no number, or with all of the model's names, is a header: columns are matched by
name, never by position, and others are left aside. Without one the columns must be the model's, in its order. nan,
inf and empty cells are accepted. A sequence model of t steps takes t consecutive rows as one sequence, the next t as
the next.

The output has one header line, then a line per row (or sequence): the scores, and with --explain for each class
what each feature adds to its raw score (`sell:return_1` ...) and what no feature adds (`sell:expected`). The file
appears complete or not at all."""

EXAMPLE = """example:
  mt5-sentinel score --model model.txt --rows rows.csv --raw --out scores.csv
  mt5-sentinel features EURUSD_1h.csv.gz | mt5-sentinel score --model model.txt --rows - | tail -1"""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "score",
        help="score rows of a CSV file with a model",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", required=True, metavar="M", help=MODEL_HELP)
    parser.add_argument("--rows", required=True, metavar="R.csv", help="the rows; - reads standard input")
    parser.add_argument("--raw", action="store_true", help="raw scores instead of probabilities")
    parser.add_argument("--explain", action="store_true", help="add what each feature contributes to each raw score")
    parser.add_argument("--out", metavar="S.csv", help="write here instead of to standard output")
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """One header line, then one line of scores per row."""
    _check_out(arguments)
    model = _core.Model.load(arguments.model)
    with Progress(beside_output=arguments.out is None) as progress:
        body = files.read(arguments.rows)
        try:
            progress.announce(f"reading {arguments.rows}", len(body))
            steps = model.steps if model.is_sequence else None
            rows = _core.read_rows(body, model.feature_names, steps)
        except SentinelError as error:
            raise files.naming(arguments.rows, error) from None
        progress.total = len(rows)
        blocks = _blocks(model, rows, arguments, progress)
        try:
            first = next(blocks)  # what the model refuses, it refuses before a file is begun
        except SentinelError as error:
            raise files.naming(arguments.model, error) from None
        with files.replacing(arguments.out) as file:
            file.write(first)
            for block in blocks:
                file.write(block)
    return 0


def _check_out(arguments: argparse.Namespace) -> None:
    """Refuse an output that would replace what it is made of, or lie within the bundle."""
    if arguments.out is None:
        return
    out = Path(arguments.out).resolve()
    for flag, given in (("--model", arguments.model), ("--rows", arguments.rows)):
        path = Path(given)
        if given == "-" or not path.exists() or (out.exists() and not out.is_file()):
            continue
        is_same = out.exists() and out.samefile(path)
        if is_same or (path.is_dir() and path.resolve() in out.parents):
            message = f"--out {arguments.out} would replace or alter what {flag} reads; write elsewhere"
            raise Misconfigured(message, "bad_setting")


def _blocks(
    model: _core.Model, rows: NDArray[np.float64], arguments: argparse.Namespace, progress: Progress
) -> Iterator[bytes]:
    """The header together with the first rows, then the others, a block at a time."""
    names = TRADING_CLASSES if model.symbol is not None else [f"class_{i}" for i in range(model.num_classes)]
    header = [*names]
    if arguments.explain:
        header += [f"{name}:{feature}" for name in names for feature in [*model.feature_names, "expected"]]
    head = ",".join(map(_quoted, header)) + "\n"
    at_once = EXPLAINED_AT_ONCE if arguments.explain else ROWS_AT_ONCE
    for start in range(0, len(rows), at_once):
        block = rows[start : start + at_once]
        lines = model.score(block, raw=arguments.raw).tolist()
        if arguments.explain:
            reasons = model.explain(block).reshape(len(block), -1).tolist()
            lines = [[*scores, *added] for scores, added in zip(lines, reasons, strict=True)]
        # Python writes a float as its shortest text, and lists are written in C.
        yield (head + "".join(f"{str(line)[1:-1]}\n" for line in lines).replace(" ", "")).encode()
        progress.advance(len(block))
        head = ""
    if head:
        yield head.encode()


def _quoted(name: str) -> str:
    """A cell of CSV; a feature's name may hold anything."""
    if any(mark in name for mark in ',"\n\r'):
        doubled = name.replace('"', '""')
        return f'"{doubled}"'
    return name
