"""Settings of orders: where they go, and over which wire."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel.commands import assembly, brokers
from mt5_sentinel.config import Settings, load
from mt5_sentinel.errors import Misconfigured


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_live_takes_a_gateway_and_a_model_of_ones_own(file: Path) -> None:
    file.write_text("live = true\n")
    for flags, environ, where in (({"live": True}, {}, None), ({}, {"MT5_SENTINEL_LIVE": "yes"}, None), ({}, {}, file)):
        with pytest.raises(Misconfigured) as caught:
            load(flags, environ, where, assembly.CHECKS)
        assert "set gtw_host, or leave out --live" in str(caught.value)
        assert "the bundled model is a demonstration" in str(caught.value)
    assert load({"live": False}, {}, file, assembly.CHECKS).live is False


KEY = "J" * 40


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"live": True, "gtw_host": "10.0.0.5"}, "plain text"),
        ({"bars_source": "gateway", "gtw_host": "10.0.0.5"}, "plain text"),
        ({"cross_check": "report", "gtw_host": "gateway.example"}, "plain text"),
        ({"live": True, "gtw_host": "0.0.0.0"}, "plain text"),  # noqa: S104
        ({"gtw_host": "127.0.0.1", "gtw_server_key": KEY}, "gtw_key_file is not"),
        ({"gtw_host": "10.0.0.5", "gtw_key_file": "x"}, "gtw_server_key is not"),
        ({"gtw_host": "10.0.0.5", "gtw_key_file": "nowhere", "gtw_server_key": "short"}, "no public key"),
        ({"gtw_host": "10.0.0.5", "gtw_key_file": "nowhere", "gtw_server_key": KEY}, "nowhere"),
    ],
)
def test_a_wire_in_plain_text_or_with_half_its_keys_is_refused(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(Misconfigured, match=problem) as caught:
        brokers.way(Settings(**changed))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.9.9.9"])
def test_plain_text_stays_on_this_machine_or_is_asked_for(host: str) -> None:
    brokers.way(Settings(live=True, gtw_host=host))
    brokers.way(Settings(live=True, gtw_host="10.0.0.5", allow_plaintext=True))
    left_out = Settings(gtw_host="10.0.0.5")
    brokers.way(left_out)
    assert brokers.link(left_out) is None, "a dry run does without rather than in plain text"
    assert brokers.told(left_out) == "dry run on paper"
