"""``mt5-sentinel model pack``: a model file and what is known of it → a bundle."""

from __future__ import annotations

import argparse
import csv
import io
import math
from pathlib import Path
from typing import Any, get_args, get_type_hints

from mt5_sentinel import _core, bundle, files, inspection, key_file
from mt5_sentinel.bundle import Facts
from mt5_sentinel.commands import bars
from mt5_sentinel.config import Settings
from mt5_sentinel.errors import Misconfigured, SentinelError, Unusable

DESCRIPTION = """Write a bundle of a model file. Golden rows are replayed whenever the bundle is loaded:
  --golden G.csv  rows and the trainer library's own answers: the features, then score_sell, score_hold, score_buy
                  (probabilities) or raw_sell, raw_hold, raw_buy
  --rows R.csv    rows with a header; without --golden some of them are golden rows, answered by this build, which the
                  manifest says. Their least and greatest values become the features' ranges.
The bundle is checked as it would be at loading, then appears complete or not at all."""


def add_parser(actions: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the action."""
    parser: argparse.ArgumentParser = actions.add_parser(
        "pack",
        help="make a bundle of a model file",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", required=True, metavar="FILE", help="the model file; it is copied unchanged")
    parser.add_argument("--golden", metavar="G.csv", help="rows with the trainer's answers")
    parser.add_argument("--rows", metavar="R.csv", help="rows with a header")
    parser.add_argument(
        "--golden-rows", type=bars.count, default=12, metavar="N", help="golden rows to take from --rows (default: 12)"
    )
    parser.add_argument("--symbol", required=True, help="instrument it was trained on, e.g. EURUSD")
    intervals = get_args(get_type_hints(Settings)["interval"])
    parser.add_argument("--interval", required=True, choices=intervals, help="length of a bar")
    parser.add_argument("--trained-from", required=True, metavar="DAY", help="first day of the training data, UTC")
    parser.add_argument("--trained-to", required=True, metavar="DAY", help="last day of the training data, UTC")
    parser.add_argument("--threshold-advice", type=_number, metavar="X", help="score from which to act, 0 to 1")
    parser.add_argument(
        "--metric", type=_metric, action="append", default=[], metavar="NAME=VALUE", help="what the trainer measured"
    )
    parser.add_argument("--notes", help="anything to be read with the model")
    parser.add_argument(
        "--layout",
        choices=["catalogue", "legacy23"],
        default="catalogue",
        help="columns of a row (legacy23: ONNX only)",
    )
    parser.add_argument("--steps", type=bars.count, default=1, metavar="T", help="rows per sequence (ONNX only)")
    parser.add_argument("--sign", type=Path, metavar="FILE", help="sign with this private key file")
    parser.add_argument("--out", type=Path, required=True, metavar="PATH", help="a new directory, or a name.zip")
    parser.add_argument("--force", action="store_true", help="replace a bundle that is there")
    parser.set_defaults(refuse=parser.error)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Read everything, check, then write."""
    if arguments.golden is None and arguments.rows is None:
        arguments.refuse("one of --golden and --rows is needed")
    if arguments.golden is None and arguments.steps > 1:
        arguments.refuse("argument --steps: the golden rows of sequences come from --golden")
    seed = key_file.read(arguments.sign) if arguments.sign else None
    model = files.read(arguments.model)
    model_format = _core.model_format(model)
    if model_format is None:
        known = ", ".join(bundle.MODEL_FILES)
        raise Misconfigured(f"{arguments.model}: it is in no format this build knows: {known}", "bad_model")
    legacy = [f"feature_{i}" for i in range(23)]
    features = legacy if arguments.layout == "legacy23" else [spec.name for spec in _core.catalogue()]
    rows = _rows(arguments.rows, features) if arguments.rows else []
    golden = files.read(arguments.golden) if arguments.golden else _answered(arguments, features, rows)
    facts = Facts(
        format=model_format,
        features=features,
        symbol=arguments.symbol,
        interval=arguments.interval,
        trained_from=arguments.trained_from,
        trained_to=arguments.trained_to,
        golden_source="trainer" if arguments.golden else "this build",
        layout=arguments.layout,
        steps=arguments.steps,
        threshold_advice=arguments.threshold_advice,
        notes=arguments.notes,
        metrics=dict(arguments.metric),
        feature_ranges=_ranges(features, rows),
    )
    made = bundle.contents(facts, model, golden)
    if seed is not None:
        made[bundle.SIGNATURE] = _core.sign_manifest(seed, made[bundle.MANIFEST]).encode()

    def check(staged: Path) -> None:
        problem = inspection.first_failure(inspection.checks(staged))
        if problem is not None:
            raise Misconfigured(f"{arguments.out}: not written, for it would be refused: {problem}", "bad_model")

    bundle.publish(arguments.out, made, force=arguments.force, check=check)
    print(f"{arguments.out}: {model_format}, golden rows answered by {facts.golden_source}")
    return 0


def _answered(arguments: argparse.Namespace, features: list[str], rows: list[list[float]]) -> bytes:
    """Golden rows spread over all rows, with this build's answers."""
    count = arguments.golden_rows
    picked = rows[:: max(1, len(rows) // count)][:count]
    scores = _core.Model.load(arguments.model)
    lines = [",".join([*features, "score_sell", "score_hold", "score_buy"])]
    try:
        lines += [",".join(map(repr, [*row, *scores.score_row(row)])) for row in picked]
    except SentinelError as error:
        raise files.naming(arguments.model, error) from None
    return ("\n".join(lines) + "\n").encode()


def _rows(path: str, features: list[str]) -> list[list[float]]:
    """Rows of a CSV file with a header, columns matched by name."""
    try:
        header, *lines = [line for line in csv.reader(io.StringIO(files.read(path).decode("utf-8-sig"))) if line]
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise Unusable(f"{path}: not a CSV file with a header: {error}", "malformed_body") from None
    names = [name.strip() for name in header]
    for name in features:
        if names.count(name) != 1:
            raise Unusable(f"{path}: the header has {names.count(name)} columns `{name}`, 1 is needed", "bad_columns")
    places = [(name, names.index(name)) for name in features]
    rows = []
    for i, line in enumerate(lines):
        if len(line) != len(names):
            raise Unusable(f"{path}: row {i}: {len(line)} cells where {len(names)} are expected", "malformed_body")
        rows.append([_cell(path, i, name, line[place]) for name, place in places])
    if not rows:
        raise Unusable(f"{path}: there are no rows", "no_rows")
    return rows


def _cell(path: str, row: int, name: str, text: str) -> float:
    try:
        return float(text) if text.strip() else math.nan
    except ValueError:
        raise Unusable(f"{path}: row {row}, field `{name}`: {text[:40]!r} is not a number", "bad_field") from None


def _ranges(features: list[str], rows: list[list[float]]) -> dict[str, tuple[float, float]]:
    """Least and greatest finite value of each feature that has one."""
    columns = {name: [row[i] for row in rows if math.isfinite(row[i])] for i, name in enumerate(features)}
    return {name: (min(column), max(column)) for name, column in columns.items() if column}


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a finite number")
    return value


def _metric(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, _number(value)
