"""`mt5-sentinel model pack`, `show` and `verify`."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import Model, bundled, catalogue
from tests.python import bundles
from tests.python.bundles import GOLDEN, MODEL, pack, run

Captured = pytest.CaptureFixture[str]


def shown(path: Path, capsys: Captured) -> dict[str, Any]:
    capsys.readouterr()
    assert run("show", path, "--json") == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_pack_makes_a_bundle_that_loads(tmp_path: Path, capsys: Captured, name: str) -> None:
    out = tmp_path / name
    facts = ["--threshold-advice", "0.55", "--metric", "log_loss=1.05", "--metric", "trades=12"]
    assert pack(out, *facts, "--notes", 'ä "quoted"\n\x7f\\', "--rows", GOLDEN) == 0
    assert list(tmp_path.iterdir()) == [out], "nothing is left beside it"
    assert Model.load_for_trading(out).score_row([0.0] * 22) == Model.load(MODEL).score_row([0.0] * 22)
    told = shown(out, capsys)
    assert told["kind"] == ("zip" if name.endswith("zip") else "directory")
    assert told["format"] == "lightgbm-text"
    assert (told["objective"], told["trees"], told["outputs"]) == ("multiclass", 180, 3)
    assert told["features"] == [spec.name for spec in catalogue()]
    assert told["metrics"] == {"log_loss": 1.05, "trades": 12.0}
    assert (told["threshold_advice"], told["notes"]) == (0.55, 'ä "quoted"\n\x7f\\')
    assert (told["golden_source"], told["signed_by"], told["fits"]) == ("trainer", None, True)
    header, *lines = [line.split(",") for line in GOLDEN.read_text().splitlines()]
    hours = [float(line[header.index("hour")]) for line in lines]
    assert told["feature_ranges"]["hour"] == [min(hours), max(hours)]


def test_golden_rows_are_copied_or_answered_by_this_build(tmp_path: Path, capsys: Captured) -> None:
    assert pack(tmp_path / "one") == 0
    assert (tmp_path / "one/golden.csv").read_bytes() == GOLDEN.read_bytes()
    assert (tmp_path / "one/model.txt").read_bytes() == MODEL.read_bytes()
    assert pack(tmp_path / "two", "--rows", GOLDEN, "--golden-rows", "5", golden=None) == 0
    assert shown(tmp_path / "two", capsys)["golden_source"] == "this build"
    header, *lines = (tmp_path / "two/golden.csv").read_text().splitlines()
    assert header == GOLDEN.read_text().splitlines()[0]
    assert len(lines) == 5
    assert pack(tmp_path / "three", "--golden-rows", "5000", "--rows", GOLDEN, golden=None) == 0
    assert len((tmp_path / "three/golden.csv").read_text().splitlines()) == 13


def test_a_packed_zip_is_the_same_each_time(tmp_path: Path) -> None:
    assert pack(tmp_path / "a.zip") == pack(tmp_path / "b.zip") == 0
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--symbol", ""], 78, "manifest.toml, `symbol`: it is empty"),
        (["--trained-from", "soon"], 78, "manifest.toml, `trained_from`: soon is not an ISO 8601 date"),
        (["--threshold-advice", "2"], 78, "manifest.toml, `threshold_advice`: 2 is not in 0..=1"),
        (["--threshold-advice", "nan"], 2, "--threshold-advice: 'nan' is not a finite number"),
        (["--metric", "loss"], 2, "--metric: 'loss' is not NAME=VALUE"),
        (["--metric", "loss=low"], 2, "--metric: 'low' is not a finite number"),
        (["--steps", "60"], 78, "manifest.toml, `steps`: 60 rows per sequence are for onnx"),
        (["--layout", "legacy23"], 78, "manifest.toml, `layout`: legacy23 is for onnx"),
        (["--interval", "1d"], 2, "--interval"),
        (["--model", "nowhere.txt"], 65, "nowhere.txt: No such file"),
        (["--rows", "nowhere.csv"], 65, "nowhere.csv: No such file"),
        (["--sign", "nowhere.key"], 78, "nowhere.key: the key file cannot be read"),
    ],
)
def test_what_cannot_be_packed_is_refused_and_leaves_nothing(
    tmp_path: Path, capsys: Captured, arguments: list[str], code: int, text: str
) -> None:
    for name in ("bundle", "bundle.zip"):
        assert pack(tmp_path / name, *arguments) == code
        assert text in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", "not a CSV file with a header"),
        ("a,b\n1,2\n", "the header has 0 columns `return_1`, 1 is needed"),
        ("HEADER\n", "there are no rows"),
        ("HEADER\n1,2\n", "row 0: 2 cells where 25 are expected"),
        ("HEADER\nROW\nx,ROW\n", "row 1, field `return_1`: 'x' is not a number"),
    ],
)
def test_rows_that_cannot_be_read_are_named(tmp_path: Path, capsys: Captured, content: str, text: str) -> None:
    header, row = GOLDEN.read_text().splitlines()[:2]
    rows = tmp_path / "rows.csv"
    content = content.replace("HEADER", header).replace("x,ROW", "x," + row.partition(",")[2]).replace("ROW", row)
    rows.write_text(content)
    assert pack(tmp_path / "bundle", "--rows", rows, golden=None) == 65
    assert f"{rows}: {text}" in capsys.readouterr().err


def test_a_model_that_does_not_fit_is_not_packed(tmp_path: Path, capsys: Captured) -> None:
    other = tmp_path / "other.txt"
    other.write_text(MODEL.read_text().replace("return_5", "return_6"))
    assert pack(tmp_path / "bundle", model=other) == 78
    told = capsys.readouterr().err
    assert f"{tmp_path / 'bundle'}: not written, for it would be refused: " in told
    assert "feature_names of the model file" in told
    other.write_bytes(b"\x80\x04pickle")
    assert pack(tmp_path / "bundle", model=other) == 78
    assert "in no format this build knows: lightgbm-text, " in capsys.readouterr().err
    for arguments in ([], ["--rows", "r.csv", "--steps", "60"]):
        with pytest.raises(SystemExit, match="2"):
            pack(tmp_path / "bundle", *arguments, golden=None)
    assert [path.name for path in tmp_path.iterdir()] == ["other.txt"]


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_nothing_is_overwritten_without_force(tmp_path: Path, capsys: Captured, name: str) -> None:
    out = tmp_path / name
    assert pack(out) == 0
    assert pack(out, "--notes", "newer") == 78
    assert f"{out}: it exists already; --force" in capsys.readouterr().err
    assert pack(out, "--notes", "newer", "--force") == 0
    assert shown(out, capsys)["notes"] == "newer"
    assert list(tmp_path.iterdir()) == [out]


def test_force_replaces_bundles_only(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("precious")
    (tmp_path / "file").write_text("precious")
    (tmp_path / "dir.zip").mkdir()
    assert pack(tmp_path / "bundle") == 0
    (tmp_path / "link").symlink_to(tmp_path / "bundle")
    for name in ("mine", "file", "dir.zip", "link"):
        assert pack(tmp_path / name, "--force") == 78
        assert "it is no bundle of that kind" in capsys.readouterr().err
    assert (tmp_path / "mine/thesis.txt").read_text() == "precious"
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
@pytest.mark.parametrize("broken", ["replace", "fsync"])
@pytest.mark.parametrize("is_there", [False, True])
def test_a_full_disk_or_an_end_midway_leaves_the_old_bundle_or_none(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, name: str, broken: str, is_there: bool
) -> None:
    out = tmp_path / name
    if is_there:
        assert pack(out, "--notes", "old") == 0
    whole, calls = getattr(os, broken), []

    def fail(*arguments: Any) -> Any:
        calls.append(arguments)
        if str(arguments[-1]) == str(out) or broken == "fsync":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return whole(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(os, broken, fail)
        assert pack(out, "--notes", "new", "--force") == 65
    assert calls
    assert f"{out}: cannot be written: No space left on device" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == ([out] if is_there else [])
    if is_there:
        assert shown(out, capsys)["notes"] == "old"


def test_a_new_directory_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        assert pack(tmp_path / "bundle") == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "bundle").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "bundle/model.txt").stat().st_mode) == 0o640


def test_show_speaks_to_people_and_of_bare_files(tmp_path: Path, capsys: Captured) -> None:
    assert run("show", bundled.MODEL) == 0
    told = capsys.readouterr().out
    for part in ("EURUSD 1h, lightgbm-text, directory", "multiclass, 180 trees", "0.6 advised", "fits this build yes"):
        assert part in told
    assert run("show", MODEL) == 0
    assert "fits this build yes" in capsys.readouterr().out
    told_json = shown(MODEL, capsys)
    assert (told_json["kind"], told_json["fits"], told_json["sha256"]) == ("bare file", True, Model.load(MODEL).sha256)
    other = tmp_path / "other.txt"
    other.write_text(MODEL.read_text().replace("return_5", "return_6"))
    assert run("show", other) == 0
    assert "fits this build no: model refused, `feature_names of the model file`" in capsys.readouterr().out
    other.write_text("tree\n")
    assert run("show", other) == 78
    assert str(other) in capsys.readouterr().err


def test_show_tells_of_a_bundle_that_does_not_fit(tmp_path: Path, capsys: Captured) -> None:
    bundle = bundles.directory(tmp_path / "model")
    (bundle / "model.txt").write_bytes(b"tree\n")
    told = shown(bundle, capsys)
    assert (told["fits"], told["symbol"]) == (False, "EURUSD")
    assert "model.txt: it was altered" in told["why_not"]
    assert run("show", bundle) == 0
    assert "problem" in capsys.readouterr().out


def test_verify_has_a_line_for_each_check(tmp_path: Path, capsys: Captured) -> None:
    assert run("verify", bundled.MODEL) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 9
    assert all(line.startswith("ok ") for line in lines)
    bundle = bundles.directory(tmp_path / "model")
    with (bundle / "golden.csv").open("a") as file:
        file.write("\n")
    (bundle / "extra").write_text("")
    assert run("verify", bundle) == 1
    failed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("FAILED")]
    assert [line.split()[1] for line in failed] == ["listing", "sha256", "golden"], "one failure hides no other"
    assert run("verify", bundle, "--json") == 1
    checks = json.loads(capsys.readouterr().out)
    assert [check["file"] for check in checks if not check["passed"]] == ["manifest.toml", "golden.csv", "golden.csv"]
    (bundle / "manifest.toml").write_text("format = 1")
    assert run("verify", bundle) == 1
    assert "FAILED  manifest   manifest.toml: model bundle, manifest.toml, line 1: " in capsys.readouterr().out


def test_verify_without_a_bundle_is_a_mistake(tmp_path: Path, capsys: Captured) -> None:
    for path, text in ((tmp_path / "none", "it is not there"), (MODEL, "a bare model file has nothing to verify")):
        assert run("verify", path) == 78
        assert f"{path}: {text}" in capsys.readouterr().err
    assert run("verify", bundled.MODEL, "--public-key", "abc") == 78
    assert "`model_public_keys`: abc is no ed25519 public key" in capsys.readouterr().err
    shutil.copy(MODEL, tmp_path / "fake.zip")
    assert run("verify", tmp_path / "fake.zip") == 78
