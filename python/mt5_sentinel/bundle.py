"""Writing a model bundle: its manifest, and one directory or one zip that appears complete or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mt5_sentinel import _core, files
from mt5_sentinel.errors import Misconfigured, Unusable

MANIFEST = "manifest.toml"
GOLDEN = "golden.csv"
SIGNATURE = "signature.toml"

MODEL_FILES = {
    "lightgbm-text": "model.txt",
    "xgboost-json": "model.json",
    "xgboost-ubj": "model.ubj",
    "linear-toml": "model.toml",
    "onnx": "model.onnx",
}
"""What the model file of each format is called in a bundle."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a manifest says besides the hashes; the Rust core's `Manifest` describes each."""

    format: str
    features: list[str]
    symbol: str
    interval: str
    trained_from: str
    trained_to: str
    golden_source: str
    layout: str = "catalogue"
    steps: int = 1
    threshold_advice: float | None = None
    notes: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    feature_ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def contents(facts: Facts, model: bytes, golden: bytes) -> dict[str, bytes]:
    """The files of an unsigned bundle by name."""
    made = {MODEL_FILES[facts.format]: model, GOLDEN: golden}
    return made | {MANIFEST: _manifest(facts, made).encode()}


def _manifest(facts: Facts, made: Mapping[str, bytes]) -> str:
    quote = _quoted
    lines = [
        f"format = {quote(facts.format)}",
        f"model_file = {quote(MODEL_FILES[facts.format])}",
        'classes = ["sell", "hold", "buy"]',
        f"features = [{', '.join(map(quote, facts.features))}]",
        f"catalogue_fingerprint = {quote(_core.fingerprint())}",
        *([f"layout = {quote(facts.layout)}"] if facts.layout != "catalogue" else []),
        *([f"steps = {facts.steps}"] if facts.steps != 1 else []),
        f"symbol = {quote(facts.symbol)}",
        f"interval = {quote(facts.interval)}",
        f"trained_from = {quote(facts.trained_from)}",
        f"trained_to = {quote(facts.trained_to)}",
        *([f"threshold_advice = {facts.threshold_advice!r}"] if facts.threshold_advice is not None else []),
        f"golden_source = {quote(facts.golden_source)}",
        *([f"notes = {quote(facts.notes)}"] if facts.notes else []),
        "\n[files]",
        *(f"{quote(name)} = {quote(hashlib.sha256(content).hexdigest())}" for name, content in sorted(made.items())),
    ]
    if facts.metrics:
        lines += ["\n[metrics]", *(f"{quote(name)} = {value!r}" for name, value in facts.metrics.items())]
    if facts.feature_ranges:
        lines.append("\n[feature_ranges]")
        lines += [f"{quote(name)} = [{low!r}, {high!r}]" for name, (low, high) in facts.feature_ranges.items()]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's; DEL is the one character that only TOML forbids."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def publish(out: Path, made: Mapping[str, bytes], *, force: bool, check: Callable[[Path], None]) -> None:
    """Write a bundle, a zip where the name ends in ``.zip``; ``check`` looks at it before it takes its name.

    Raises:
        Misconfigured: something is there already and ``force`` does not allow to replace it.
        Unusable: it cannot be written; nothing is left behind.
    """
    _refuse_to_replace(out, force)
    if is_zip(out):
        with files.replacing(str(out)) as file:
            file.write(_core.zip_files(dict(made)))
            file.flush()
            check(Path(file.name))
        return
    try:
        _publish_directory(out, made, check)
    except OSError as error:
        raise Unusable(f"{out}: cannot be written: {error.strerror or error}", "unwritable_file") from None


def is_zip(path: Path) -> bool:
    """Whether a bundle of this name is written as a zip."""
    return path.suffix.lower() == ".zip"


def _refuse_to_replace(out: Path, force: bool) -> None:
    if not os.path.lexists(out):
        return
    if not force:
        raise Misconfigured(f"{out}: it exists already; --force replaces a bundle", "exists")
    if is_zip(out) == out.is_dir() or (out.is_dir() and not (out / MANIFEST).is_file()) or out.is_symlink():
        raise Misconfigured(f"{out}: it is no bundle of that kind, so --force does not replace it", "exists")


def _publish_directory(out: Path, made: Mapping[str, bytes], check: Callable[[Path], None]) -> None:
    """Build beside, then rename; an older bundle steps aside first and comes back if that fails."""
    parent = out.resolve().parent
    stage = Path(tempfile.mkdtemp(dir=parent, prefix=f".{out.name}."))
    aside = stage.with_name(f"{stage.name}.old")
    try:
        for name, content in made.items():
            with (stage / name).open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        stage.chmod(0o777 & ~umask)
        files.sync_directory(stage)
        check(stage)
        if out.is_dir():
            os.replace(out, aside)  # noqa: PTH105 - one name for every rename, which tests make fail
        os.replace(stage, out)  # noqa: PTH105
        files.sync_directory(parent)
    except BaseException:
        if aside.is_dir() and not out.exists():
            aside.rename(out)
        shutil.rmtree(stage, ignore_errors=True)
        raise
    shutil.rmtree(aside, ignore_errors=True)
