"""Which values of an installation are hidden: wherever its services get them from."""

from __future__ import annotations

from pathlib import Path

import pytest

from mt5_sentinel import logs
from mt5_sentinel.ops import known_secrets
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import Layout

ETC = "etc/systemd/system"
DROP_IN = f"{ETC}/mt5-sentinel-gateway.service.d/keys.conf"

FILES = {
    "variables": ("opt/mt5-crs/.env", "EODHD_API_TOKEN='s3cr3t-value'\n"),
    "variables of the gateway": ("opt/mt5-crs/gateway.env", "# mt5\nMT5_SENTINEL_MT5_PASSWORD=s3cr3t-value\n"),
    "the terminal's password": ("opt/mt5-crs/gateway.env", 'MT5_PASSWORD="s3cr3t-value"\n'),
    "the unit": (f"{ETC}/mt5-sentinel.service", "[Service]\nEnvironment=EODHD_API_TOKEN=s3cr3t-value X=1\n"),
    "the gateway's unit": (
        f"{ETC}/mt5-sentinel-gateway.service",
        '[Service]\nEnvironment=A=b \\\n  "MT5_PASSWORD=s3cr3t-value"\n',
    ),
    "a drop-in": (DROP_IN, "[Service]\nEnvironment='REVIEW_API_KEY=s3cr3t-value'\n"),
    "a drop-in of all services": ("run/systemd/system/service.d/a.conf", "Environment=DB_PASSWORD=s3cr3t-value\n"),
    "a drop-in with an open quote": (DROP_IN, "Environment='X_PASSWORD=s3cr3t-value\n"),
    "set in the unit": (DROP_IN, "[Service]\nSetCredential=notion_token:s3cr3t-value\n"),
    "a credential": ("etc/mt5-sentinel/credentials/notion_token", "s3cr3t-value\n"),
    "a credential of keys": (
        "etc/mt5-sentinel/credentials/gateway.key",
        'algorithm = "curve25519"\npublic_key = "public-value"\nsecret_key = "s3cr3t-value"\n',
    ),
    "the configuration": ("etc/mt5-sentinel/config.toml", 'eodhd_api_token = "s3cr3t-value"  # mine\n'),
}


def put(root: Path, name: str, text: str) -> None:
    """Write a file of the machine."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_a_value_is_hidden_wherever_it_stands(tmp_path: Path, name: str) -> None:
    put(tmp_path, *FILES[name])
    known_secrets.learn(Host(tmp_path), Layout())
    assert "s3cr3t" not in logs.hide("x = s3cr3t-value;")


@pytest.mark.parametrize(
    ("line", "place", "text"),
    [
        ("EnvironmentFile=-/srv/other.env", "srv/other.env", "MT5_PASSWORD=s3cr3t-value\n"),
        ("LoadCredential=a:/srv/keys/one", "srv/keys/one", "s3cr3t-value\n"),
        ("LoadCredential=a:/srv/keys", "srv/keys/two", "s3cr3t-value\n"),
        ("LoadCredential=one", "etc/credstore/one", "s3cr3t-value\n"),
    ],
)
def test_a_file_that_a_unit_names_is_read(tmp_path: Path, line: str, place: str, text: str) -> None:
    put(tmp_path, DROP_IN, f"[Service]\n{line}\n")
    put(tmp_path, place, text)
    known_secrets.learn(Host(tmp_path), Layout())
    assert logs.hide("s3cr3t-value") == "[hidden]"


def test_what_is_public_stays(tmp_path: Path) -> None:
    put(tmp_path, *FILES["a credential of keys"])
    put(tmp_path, "etc/mt5-sentinel/credentials/clients.txt", "client-public-key\n")
    put(tmp_path, "opt/mt5-crs/.env", "MT5_SENTINEL_GTW_KEY_FILE=/run/credentials/x\nMODEL_PUBLIC_KEY=public-model\n")
    put(tmp_path, DROP_IN, "# Environment=A_KEY=commented\nEnvironment=PLAIN=plain-value\n")
    known_secrets.learn(Host(tmp_path), Layout())
    shown = (
        'algorithm = "curve25519" public-value client-public-key /run/credentials/x public-model commented plain-value'
    )
    assert logs.hide(shown) == shown


def test_where_nothing_can_be_read_nothing_is_wrong(tmp_path: Path) -> None:
    put(tmp_path, DROP_IN, "EnvironmentFile=/srv/missing\nLoadCredential=\nEnvironmentFile=\nLoadCredential=a:/none\n")
    known_secrets.learn(Host(tmp_path), Layout())
