"""The bundled model's bundle as a person would pack it, and ways to spoil it."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path

from mt5_sentinel import bundled, cli

MODEL, GOLDEN = bundled.MODEL / "model.txt", bundled.MODEL / "golden.csv"


def run(*arguments: str | Path) -> int:
    """`mt5-sentinel model ...` in this process."""
    return cli.main(["model", *map(str, arguments)])


def pack(out: Path, *arguments: str | Path, golden: Path | None = GOLDEN, model: Path = MODEL) -> int:
    """Pack the bundled model."""
    known = ["--symbol", "EURUSD", "--interval", "1h", "--trained-from", "2017-01-01", "--trained-to", "2017-09-10"]
    answered: list[str | Path] = ["--golden", golden] if golden else []
    return run("pack", "--model", model, *answered, *known, "--out", out, *arguments)


def directory(at: Path) -> Path:
    """A copy of the bundled bundle."""
    shutil.copytree(bundled.MODEL, at)
    return at


def edit(bundle: Path, old: str, new: str) -> None:
    """Replace text of the manifest."""
    manifest = bundle / "manifest.toml"
    text = manifest.read_text(encoding="utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new, 1), encoding="utf-8")


def replace_file(bundle: Path, name: str, content: bytes) -> None:
    """Replace a file, and its hash in the manifest."""
    before = hashlib.sha256((bundle / name).read_bytes()).hexdigest()
    (bundle / name).write_bytes(content)
    edit(bundle, before, hashlib.sha256(content).hexdigest())


def zipped(bundle: Path, at: Path) -> Path:
    """A directory as a zip made by another program."""
    with zipfile.ZipFile(at, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(bundle.iterdir()):
            archive.write(file, file.name)
    return at
