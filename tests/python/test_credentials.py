"""Secrets that come as files of systemd: they win over variables, and never show."""

from __future__ import annotations

from pathlib import Path

import pytest

from mt5_sentinel import config, curve
from mt5_sentinel.errors import Misconfigured


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "creds").mkdir()
    return tmp_path / "creds"


def loaded(place: Path, **environ: str) -> config.Settings:
    return config.load({}, {"CREDENTIALS_DIRECTORY": str(place), **environ}, place / "none.toml")


@pytest.fixture(autouse=True)
def _a_file(place: Path) -> None:
    (place / "none.toml").write_text("")


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_credential_wins_over_the_variable(place: Path, end: str) -> None:
    (place / "eodhd_api_token").write_bytes(b"from-a-file" + end.encode())
    settings = loaded(place, EODHD_API_TOKEN="older")
    assert settings.eodhd_api_token == "from-a-file"
    assert "from-a-file" in settings.secrets()


def test_an_empty_or_missing_credential_leaves_the_variable(place: Path) -> None:
    assert loaded(place, EODHD_API_TOKEN="older").eodhd_api_token == "older"
    (place / "eodhd_api_token").write_bytes(b"\n")
    assert loaded(place, EODHD_API_TOKEN="older").eodhd_api_token == "older"


def test_only_secrets_come_this_way(place: Path) -> None:
    (place / "threshold").write_text("0.9")
    assert loaded(place).threshold == 0.6


@pytest.mark.parametrize("body", [b"two\nlines-s3cr3t", b"\xff\xfes3cr3t", b"s3cr3t\x00", b"s3cr3t" + b"x" * 5000])
def test_what_is_no_line_of_text_is_refused_by_its_file_and_not_shown(place: Path, body: bytes) -> None:
    (place / "eodhd_api_token").write_bytes(body)
    with pytest.raises(
        Misconfigured, match=r"credential: .*eodhd_api_token: it is no text of a single line"
    ) as refused:
        loaded(place)
    assert "s3cr3t" not in str(refused.value)


def test_one_that_cannot_be_read_is_named(place: Path) -> None:
    (place / "eodhd_api_token").mkdir()
    with pytest.raises(Misconfigured, match="eodhd_api_token: Is a directory"):
        loaded(place)


def test_without_systemd_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "eodhd_api_token").write_text("lies about")
    assert config.load({}, {}, None).eodhd_api_token == ""


def test_a_key_that_systemd_hands_over_may_look_readable_for_a_group(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From version 254 on its files show 0440, for a list of rights lets the service's user read them."""
    key, elsewhere = place / "daemon.key", tmp_path / "daemon.key"
    for path in (key, elsewhere):
        curve.create(path)
        path.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(place))
    assert curve.read_key_pair(key)[0]
    with pytest.raises(Misconfigured, match="mode 440 lets others read"):
        curve.read_key_pair(elsewhere)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(Misconfigured, match="mode 440 lets others read"):
        curve.read_key_pair(key)
