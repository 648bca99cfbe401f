"""Bundles at the door: a directory, a zip or a bare file; what does not fit is refused by file and key."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mt5_sentinel import Model, _core, bundled
from mt5_sentinel.errors import Misconfigured
from tests.python import bundles

ROW = [0.0] * 22


def refusal(path: Path, keys: list[str] | None = None) -> str:
    """Why a bundle may not trade; the same for any other purpose where no key is asked for."""
    with pytest.raises(Misconfigured) as caught:
        Model.load_for_trading(path, False, keys or [])
    text = str(caught.value)
    assert text.startswith(f"{path}: "), text
    assert len(text) < 1000
    assert caught.value.reason in ("bad_model", "model_mismatch")
    if not keys:
        with pytest.raises(Misconfigured) as again:
            Model.load(path)
        assert str(again.value) == text
    return text.removeprefix(f"{path}: ")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return bundles.directory(tmp_path / "model")


def test_directory_zip_and_bare_file_score_the_same(tmp_path: Path, bundle: Path) -> None:
    packed = bundles.zipped(bundle, tmp_path / "any.name")
    answers = [Model.load(path).score_row(ROW) for path in (bundle, packed, bundles.MODEL)]
    assert answers[0] == answers[1] == answers[2]
    for path in (bundle, packed):
        model = Model.load_for_trading(path)
        assert (model.symbol, model.interval, model.threshold_advice) == ("EURUSD", "1h", 0.6)
        assert model.trained_range == ("2017-01-01", "2017-09-10")
        assert model.feature_ranges["hour"] == [0.0, 23.0]
    bare = Model.load_for_trading(bundles.MODEL, allow_bare_model=True)
    assert (bare.symbol, bare.threshold_advice, bare.feature_ranges) == (None, None, {})


def test_a_bare_file_needs_leave(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"model\.txt: a bare model file has no manifest; --allow-bare-model"):
        Model.load_for_trading(bundles.MODEL)
    key = _core.public_key(bytes(32))
    with pytest.raises(Misconfigured, match="a bare model file has no signature, and `model_public_keys` is set"):
        Model.load_for_trading(bundles.MODEL, True, [key])
    with pytest.raises(Misconfigured, match=r"cannot read the model file .*none\.txt: No such file"):
        Model.load(tmp_path / "none.txt")


@pytest.mark.parametrize("kind", ["directory", "zip"])
@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda b: (b / "model.txt").unlink(), "model bundle, model.txt: it is missing"),
        (lambda b: (b / "golden.csv").unlink(), "model bundle, golden.csv: it is missing"),
        (lambda b: (b / "manifest.toml").unlink(), "model bundle, manifest.toml: it is missing"),
        (lambda b: (b / "notes.md").write_text("mine"), "model bundle, notes.md: it lies in the bundle, and `files`"),
        (lambda b: bundles.edit(b, '"EURUSD"', '""'), "model bundle, manifest.toml, `symbol`: it is empty"),
        (lambda b: bundles.edit(b, "lightgbm-text", "onnx"), "manifest.toml, `format`: it says onnx, model.txt is"),
        (
            lambda b: bundles.edit(b, "lightgbm-text", "keras"),
            "manifest.toml, `format`: keras is none of lightgbm-text",
        ),
        (lambda b: bundles.edit(b, '["sell", "hold"', '["hold", "sell"'), "`classes of manifest.toml`: it says hold, "),
        (lambda b: bundles.edit(b, '"return_1", "return_5"', '"return_5", "return_1"'), "`features of manifest.toml`"),
        (lambda b: bundles.edit(b, "e9a7e3", "000000"), "`catalogue_fingerprint of manifest.toml`: it says 000000"),
        (lambda b: bundles.edit(b, "golden_source", "silver_source"), "manifest.toml, line 11: unknown field"),
        (lambda b: bundles.replace_file(b, "model.txt", b"tree\nversion=v4\n"), "model file, "),
        (lambda b: bundles.replace_file(b, "golden.csv", b"a,b\n1,2\n"), '`golden`: it says column 0 is "a"'),
    ],
)
def test_what_is_wrong_is_named(
    bundle: Path, tmp_path: Path, spoil: Callable[[Path], object], text: str, kind: str
) -> None:
    spoil(bundle)
    path = bundle if kind == "directory" else bundles.zipped(bundle, tmp_path / "model.zip")
    assert text in refusal(path)


@pytest.mark.parametrize("name", ["model.txt", "golden.csv", "manifest.toml"])
def test_a_flipped_bit_is_refused(bundle: Path, name: str) -> None:
    whole = (bundle / name).read_bytes()
    signed = _core.sign_manifest(bytes(32), (bundle / "manifest.toml").read_bytes())
    (bundle / "signature.toml").write_text(signed)
    for at in range(0, len(whole), max(1, len(whole) // 40)):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << at % 8
        (bundle / name).write_bytes(flipped)
        with pytest.raises(Misconfigured) as caught:
            Model.load_for_trading(bundle)
        assert name in str(caught.value) or "signature.toml" in str(caught.value)
    (bundle / name).write_bytes(whole)
    assert Model.load_for_trading(bundle).symbol == "EURUSD"


def test_a_folder_and_an_unreadable_name_in_a_bundle_are_strangers(bundle: Path) -> None:
    (bundle / "more").mkdir()
    assert "model bundle, more: it lies in the bundle" in refusal(bundle)
    (bundle / "more").rmdir()
    (bundle / os.fsdecode(b"\xff\n.txt")).touch()
    assert "it lies in the bundle" in refusal(bundle)


def test_a_listed_folder_is_no_file(bundle: Path) -> None:
    (bundle / "model.txt").unlink()
    (bundle / "model.txt").mkdir()
    assert "model bundle, model.txt: it is no regular file" in refusal(bundle)


def _evil(path: Path, name: str, content: bytes = b"x", mode: int = 0o644, kind: int = stat.S_IFREG) -> Path:
    """A zip of the bundled files and one more."""
    bundles.zipped(bundled.MODEL, path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (kind | mode) << 16
        archive.writestr(entry, content)
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("../evil.txt", stat.S_IFREG, '"../evil.txt": it is no bare file name'),
        ("/etc/passwd", stat.S_IFREG, '"/etc/passwd": it is no bare file name'),
        ("model/", stat.S_IFDIR, '"model/": it is no bare file name'),
        ("link.txt", stat.S_IFLNK, "link.txt: it is a symbolic link"),
        ("pipe", stat.S_IFIFO, "pipe: it is no regular file"),
        ("model.txt", stat.S_IFREG, "model.txt: the zip holds it twice"),
        ("x" * 3000, stat.S_IFREG, "it is no bare file name"),
    ],
)
def test_a_hostile_zip_is_refused_by_name(tmp_path: Path, name: str, kind: int, text: str) -> None:
    assert text in refusal(_evil(tmp_path / "evil.zip", name, kind=kind))
    assert list(tmp_path.iterdir()) == [tmp_path / "evil.zip"], "nothing is unpacked to disk"


def test_an_encrypted_or_cut_zip_is_refused(tmp_path: Path, bundle: Path) -> None:
    path = bundles.zipped(bundle, tmp_path / "model.zip")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert "model bundle, the zip: its end is missing" in refusal(path)
    encrypted = bytearray(whole)
    encrypted[whole.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(encrypted)
    assert "golden.csv: it is encrypted" in refusal(path)


def test_a_bomb_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    """900 MB of zeros in a zip of 1 MB, in a process that may have 400 MB."""
    path = tmp_path / "bomb.zip"
    bundles.zipped(bundled.MODEL, path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("more.bin", "w") as file:
        for _ in range(90):
            file.write(bytes(10_000_000))
    assert path.stat().st_size < 2_000_000
    script = f"from mt5_sentinel import _core; _core.Model.load({str(path)!r})"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False, preexec_fn=limit
    )
    assert "the zip: it unpacks to more than 603979776 bytes" in done.stderr


def test_an_endless_file_is_not_read_to_its_end(bundle: Path) -> None:
    with (bundle / "manifest.toml").open("ab") as file:
        file.truncate(1 << 40)
    assert "model bundle, manifest.toml: it holds more than 1048576 bytes" in refusal(bundle)
