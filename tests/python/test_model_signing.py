"""Keys and signatures: of `mt5-sentinel model`, and what the daemon makes of them."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from mt5_sentinel import bundled, config, key_file
from mt5_sentinel.commands import assembly
from mt5_sentinel.errors import Misconfigured
from tests.python import bundles
from tests.python.bundles import pack, run
from tests.python.conftest import Sentinel
from tests.python.eodhd_server import EodhdServer

Captured = pytest.CaptureFixture[str]


def keygen(path: Path, capsys: Captured) -> str:
    capsys.readouterr()
    assert run("keygen", "--key", path) == 0
    return capsys.readouterr().out.strip()


def private(path: Path) -> str:
    return path.read_text().split('private_key = "')[1].split('"')[0]


def test_keygen_writes_a_private_file_once(tmp_path: Path, capsys: Captured) -> None:
    key = tmp_path / "model.key"
    before = os.umask(0)
    try:
        public = keygen(key, capsys)
    finally:
        os.umask(before)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(bytes.fromhex(public)) == 32
    assert len(private(key)) == 64
    assert private(key) != public
    content = key.read_bytes()
    assert run("keygen", "--key", key) == 78
    assert "it exists already; a key is never overwritten" in capsys.readouterr().err
    assert key.read_bytes() == content
    assert keygen(tmp_path / "other.key", capsys) != public
    assert run("keygen", "--key", tmp_path / "missing/model.key") == 65
    assert "cannot be written: No such file" in capsys.readouterr().err


def test_a_key_others_may_read_is_refused(tmp_path: Path, capsys: Captured) -> None:
    key = tmp_path / "model.key"
    keygen(key, capsys)
    bundle = bundles.directory(tmp_path / "model")
    for mode in (0o640, 0o604, 0o620, 0o610):
        key.chmod(mode)
        assert run("sign", bundle, "--key", key) == 78
        told = capsys.readouterr()
        assert f"{key}: mode {mode:o} lets others read the private key; chmod 600 it" in told.err
        assert pack(tmp_path / "new", "--sign", key) == 78
    assert not (bundle / "signature.toml").exists()
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("private_key", "private_kay", "`private_key` is not 64 hex digits"),
        ("ed25519", "rsa", '`algorithm` is not "ed25519"'),
        ('private_key = "', 'private_key = "00', "`private_key` is not 64 hex digits"),
        ('private_key = "', 'private_key = "xy', "`private_key` is not 64 hex digits"),
        ("algorithm", "= algorithm", "no key file; `mt5-sentinel model keygen` writes one"),
    ],
)
def test_a_broken_key_file_is_named_and_never_shown(
    tmp_path: Path, capsys: Captured, old: str, new: str, text: str
) -> None:
    key = tmp_path / "model.key"
    keygen(key, capsys)
    secret = private(key)
    key.write_text(key.read_text().replace(old, new, 1))
    assert run("sign", bundled.MODEL, "--key", key) == 78
    told = capsys.readouterr()
    assert f"{key}: {text}" in told.err
    assert secret not in told.out + told.err
    key.write_bytes(b"\xff\xfe")
    with pytest.raises(Misconfigured, match="no key file"):
        key_file.read(key)


@pytest.mark.parametrize("kind", ["directory", "zip"])
def test_sign_then_verify(tmp_path: Path, capsys: Captured, kind: str) -> None:
    key, other = tmp_path / "model.key", tmp_path / "other.key"
    public, foreign = keygen(key, capsys), keygen(other, capsys)
    bundle = bundles.directory(tmp_path / "model")
    if kind == "zip":
        bundle = bundles.zipped(bundle, tmp_path / "model.zip")
    assert run("verify", bundle, "--public-key", public) == 1
    assert "FAILED  signature  signature.toml: model bundle, signature.toml: it is missing" in capsys.readouterr().out
    assert run("sign", bundle, "--key", key) == 0
    told = capsys.readouterr()
    assert told.out == f"{bundle}: signed by {public}\n"
    assert private(key) not in told.out + told.err
    assert run("verify", bundle) == 0
    assert run("verify", bundle, "--public-key", foreign, "--public-key", public.upper()) == 0
    assert run("verify", bundle, "--public-key", foreign) == 1
    assert f"signature.toml, `public_key`: {public} is none of `model_public_keys`" in capsys.readouterr().out
    assert run("sign", bundle, "--key", key) == 0, "the same signature again"
    assert run("sign", bundle, "--key", other) == 78
    assert "another key signed it, or none; --force" in capsys.readouterr().err
    assert run("sign", bundle, "--key", other, "--force") == 0
    assert run("verify", bundle, "--public-key", foreign) == 0
    capsys.readouterr()
    assert run("show", bundle, "--json") == 0
    assert json.loads(capsys.readouterr().out)["signed_by"] == foreign


def test_what_would_be_refused_is_not_signed(tmp_path: Path, capsys: Captured) -> None:
    key = tmp_path / "model.key"
    keygen(key, capsys)
    bundle = bundles.directory(tmp_path / "model")
    with (bundle / "model.txt").open("a") as file:
        file.write("\n")
    assert run("sign", bundle, "--key", key) == 78
    assert "not signed, for it would be refused: model bundle, model.txt: it was altered" in capsys.readouterr().err
    assert not (bundle / "signature.toml").exists()
    assert run("sign", bundles.MODEL, "--key", key) == 78
    assert "a bare model file" in capsys.readouterr().err


def test_new_hashes_under_an_older_signature_are_refused(tmp_path: Path, capsys: Captured) -> None:
    key = tmp_path / "model.key"
    public = keygen(key, capsys)
    assert pack(tmp_path / "model", "--sign", key) == 0
    bundles.replace_file(tmp_path / "model", "golden.csv", (tmp_path / "model/golden.csv").read_bytes() + b"\n")
    for keys in ([], ["--public-key", public]):
        assert run("verify", tmp_path / "model", *keys) == 1
        told = capsys.readouterr().out
        assert f"signature.toml, `signature`: it is not that of {public} over this manifest.toml" in told
        assert told.count("FAILED") == 1


def settings(model: Path, *keys: str, bare: bool = False) -> config.Settings:
    return config.Settings(model=str(model), model_public_keys=keys, allow_bare_model=bare)


def test_the_daemon_takes_only_what_its_keys_signed(tmp_path: Path, capsys: Captured) -> None:
    key, other = tmp_path / "model.key", tmp_path / "other.key"
    public, foreign = keygen(key, capsys), keygen(other, capsys)
    for name in ("signed", "signed.zip"):
        assert pack(tmp_path / name, "--sign", key) == 0
        assert assembly.model(settings(tmp_path / name, foreign, public)).symbol == "EURUSD"
        assert assembly.model(settings(tmp_path / name)).symbol == "EURUSD"
        with pytest.raises(Misconfigured, match=rf"{name}: .*`public_key`: {public} is none of `model_public_keys`"):
            assembly.model(settings(tmp_path / name, foreign))
    with pytest.raises(Misconfigured, match=r"signature\.toml: it is missing; `model_public_keys` is set"):
        assembly.model(settings(Path("bundled"), public))
    with pytest.raises(Misconfigured, match="a bare model file has no signature, and `model_public_keys` is set"):
        assembly.model(settings(bundles.MODEL, public, bare=True))
    with pytest.raises(Misconfigured, match="`model_public_keys`: abc is no ed25519 public key"):
        assembly.model(settings(Path("bundled"), "abc"))
    (tmp_path / "signed/signature.toml").write_text("algorithm = 1")
    with pytest.raises(Misconfigured, match=r"signature\.toml, line 1"):
        assembly.model(settings(tmp_path / "signed"))


def test_the_daemon_ends_before_it_begins(sentinel: Sentinel, server: EodhdServer, tmp_path: Path) -> None:
    variables = {"EODHD_API_TOKEN": "demo", "MT5_SENTINEL_MODEL_PUBLIC_KEYS": "ab" * 32 + "," + "00" * 31}
    done = sentinel("run", "--once", "--eodhd-url", server.url, **variables)
    assert done.returncode == 78
    assert "setting `model_public_keys`: " in done.stderr
    assert not (tmp_path / "state").exists()
    assert server.requests == []


def test_keys_are_a_list_or_text_with_commas(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    for text in ('["ab", "cd"]', '"ab, cd"', '" ab,,cd, "'):
        file.write_text(f"model_public_keys = {text}\n")
        assert config.load({}, {}, file).model_public_keys == ("ab", "cd")
    assert config.load({}, {"MT5_SENTINEL_MODEL_PUBLIC_KEYS": "ab,cd"}).model_public_keys == ("ab", "cd")
    for text in ("[1]", "1", "true", '[["ab"]]'):
        file.write_text(f"model_public_keys = {text}\n")
        with pytest.raises(Misconfigured, match=r"model_public_keys: .* is not a list of texts"):
            config.load({}, {}, file)
