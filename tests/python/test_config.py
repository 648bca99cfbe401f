"""Settings: who wins, what is refused, and that every mistake shows at once with its place."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

from mt5_sentinel import config
from mt5_sentinel.config import TABLE, TYPES, Settings, load
from mt5_sentinel.errors import Misconfigured

TOKEN = "s3cr3t-t0ken"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An empty configuration file."""
    path = tmp_path / "config.toml"
    path.write_text("")
    return path


def refusal(flags: dict[str, Any], environ: dict[str, str], file: Path | None = None) -> str:
    with pytest.raises(Misconfigured) as caught:
        load(flags, environ, file)
    assert caught.value.reason == "bad_configuration"
    assert caught.value.exit_code == 78
    return str(caught.value)


def test_defaults(file: Path) -> None:
    assert load({}, {}, file) == Settings()


def test_flags_over_environment_over_file_over_defaults(file: Path) -> None:
    file.write_text('threshold = 0.7\nsymbol = "GBPUSD"\ninterval = "5m"\n')
    environ = {"MT5_SENTINEL_THRESHOLD": "0.8", "MT5_SENTINEL_SYMBOL": "USDJPY"}
    found = load({"threshold": "0.9", "symbol": None}, environ, file)
    assert (found.threshold, found.symbol, found.interval) == (0.9, "USDJPY", "5m")
    assert found.history_bars == Settings().history_bars
    assert load({}, environ, file).threshold == 0.8
    assert load({}, {}, file).threshold == 0.7


def test_the_file_is_found_by_argument_then_by_variable(file: Path, tmp_path: Path) -> None:
    file.write_text("threshold = 0.7\n")
    other = tmp_path / "other.toml"
    other.write_text("threshold = 0.8\n")
    environ = {"MT5_SENTINEL_CONFIG": str(other)}
    assert load({}, environ).threshold == 0.8
    assert load({}, environ, file).threshold == 0.7


def test_a_file_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    assert f"{missing}: " in refusal({}, {}, missing)
    assert f"{missing}: " in refusal({}, {"MT5_SENTINEL_CONFIG": str(missing)})


def test_the_usual_file_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "DEFAULT_FILE", tmp_path / "missing.toml")
    assert load({}, {}) == Settings()


def test_all_mistakes_show_at_once_each_with_its_place(file: Path) -> None:
    file.write_text('threshold = "high"\nsymbl = "EURUSD"\nhistory_bars = 7\n')
    environ = {"MT5_SENTINEL_INTERVAL": "2h", "METRICS_PORT": "many", "MT5_SENTINEL_TRESHOLD": "0.5"}
    message = refusal({"hub_port": "99999"}, environ, file)
    assert message.startswith("7 mistakes in the configuration:\n")
    lines = message.splitlines()[1:]
    assert len(lines) == 7
    for part in (
        f"{file}: threshold: 'high' is not of type float",
        f"{file}: unknown key `symbl`; did you mean `symbol`?",
        f"{file}: history_bars: 7 is not 100 to 20000",
        "environment: MT5_SENTINEL_INTERVAL: '2h' is none of 1m, 5m, 1h",
        "environment: METRICS_PORT: 'many' is not of type int",
        "environment: unknown variable MT5_SENTINEL_TRESHOLD; did you mean `MT5_SENTINEL_THRESHOLD`?",
        "flag: --hub-port: 99999 is not 1 to 65535",
    ):
        assert sum(line.startswith(f"  - {part}") for line in lines) == 1, part


def test_a_wrong_value_is_named_even_where_a_higher_place_overrides_it(file: Path) -> None:
    file.write_text("threshold = 7\n")
    assert f"{file}: threshold: 7.0 is not 0 to 1" in refusal({"threshold": "0.9"}, {}, file)


def test_a_key_like_no_other_gets_no_suggestion(file: Path) -> None:
    file.write_text("qqqqqq = 1\n")
    assert refusal({}, {}, file).endswith("unknown key `qqqqqq`")


def test_a_broken_file_is_one_mistake_among_the_others(file: Path) -> None:
    file.write_text("threshold = = 1\n")
    message = refusal({}, {"MT5_SENTINEL_INTERVAL": "2h"}, file)
    assert message.startswith("2 mistakes")
    assert f"{file}: " in message
    file.write_bytes(b"\xff\xfe\x00")
    assert f"{file}: " in refusal({}, {}, file)


def test_older_variables() -> None:
    older = {
        "HUB_HOST": "172.19.0.5",
        "HUB_PORT": "5002",
        "GTW_HOST": "172.19.0.2",
        "GTW_PORT": "5556",
        "METRICS_PORT": "9100",
        "EODHD_API_TOKEN": "new",
        "EODHD_API_KEY": "old",
        "STATE_DIRECTORY": "/var/lib/mt5-sentinel",
    }
    found = load({}, older)
    assert (found.hub_host, found.hub_port) == ("172.19.0.5", 5002)
    assert (found.gtw_host, found.gtw_port) == ("172.19.0.2", 5556)
    assert (found.metrics_port, found.state_dir) == (9100, "/var/lib/mt5-sentinel")
    assert found.eodhd_api_token == "new"
    assert load({}, {"EODHD_API_KEY": "old"}).eodhd_api_token == "old"


@pytest.mark.parametrize(("name", "row"), [(name, row) for name, row in TABLE.items() if row.metadata["env"]])
def test_own_names_win_over_older_ones(name: str, row: Any) -> None:
    own = "7" if TYPES[name] is int else "own"
    older = dict.fromkeys(row.metadata["env"], "6" if TYPES[name] is int else "older")
    assert str(getattr(load({}, older | {f"MT5_SENTINEL_{name.upper()}": own}), name)) == own


@pytest.mark.parametrize("name", TABLE)
def test_an_empty_variable_means_unset(name: str) -> None:
    empty = {f"MT5_SENTINEL_{name.upper()}": "", **dict.fromkeys(TABLE[name].metadata["env"], "")}
    assert load({}, empty) == Settings()


def test_an_empty_variable_for_the_file_means_unset() -> None:
    assert load({}, {"MT5_SENTINEL_CONFIG": ""}) == Settings()


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("1", True), ("YES", True), ("false", False), ("0", False), ("No", False)],
)
def test_bool_text(text: str, value: bool) -> None:
    assert load({}, {"MT5_SENTINEL_ALLOW_BARE_MODEL": text}).allow_bare_model is value


@pytest.mark.parametrize("text", ["on", "2", "maybe", " "])
def test_other_text_is_no_bool(text: str) -> None:
    assert "is not of type bool" in refusal({}, {"MT5_SENTINEL_LIVE": text})


@pytest.mark.parametrize(
    "line",
    [
        'history_bars = "500"',
        "history_bars = 500.0",
        "history_bars = true",
        "threshold = true",
        "threshold = nan",
        "threshold = 1.5",
        "threshold = -0.1",
        "threshold = [0.6]",
        "live = 0",
        "symbol = 1",
        'interval = "1d"',
        "interval = 1",
        "deposit = 0",
        "deposit = nan",
        "metrics_port = -1",
        "metrics_port = 65536",
        "hub_port = 0",
        "state_dir = 2026-01-01",
        "[eodhd]",
    ],
)
def test_a_wrong_value_in_the_file_is_refused(file: Path, line: str) -> None:
    file.write_text(line)
    assert refusal({}, {}, file).startswith("1 mistake in")


def test_a_number_too_large_for_any_machine_is_refused(file: Path) -> None:
    file.write_text(f"threshold = 1{'0' * 400}")
    assert "threshold" in refusal({}, {}, file)


def test_a_whole_number_does_for_a_fraction(file: Path) -> None:
    file.write_text("deposit = 5000\n")
    found = load({}, {}, file).deposit
    assert (found, type(found)) == (5000.0, float)


@pytest.mark.parametrize("content", [f"eodhd_api_token = ['{TOKEN}']", f"eodhd_api_token = {{a = '{TOKEN}'}}"])
def test_a_secret_is_never_in_the_message(file: Path, content: str) -> None:
    file.write_text(content)
    message = refusal({"threshold": "7"}, {"EODHD_API_KEY": TOKEN}, file)
    assert "eodhd_api_token: the value is not of type str" in message
    assert TOKEN not in message


def test_secrets_are_known_for_redaction() -> None:
    assert load({}, {"EODHD_API_TOKEN": TOKEN}).secrets() == (TOKEN,)
    assert Settings().secrets() == ()
    assert [name for name, row in TABLE.items() if row.metadata["secret"]] == [
        "eodhd_api_token",
        "dashboard_token",
        "alert_urls",
        "alert_heartbeat_url",
        "review_api_key",
        "notion_token",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "http://localhost",
        "http://[::1]:80",
        "https://eodhd.com/",
        "HTTPS://eodhistoricaldata.com",
    ],
)
def test_urls_that_keep_the_token_safe(url: str) -> None:
    assert load({"eodhd_url": url}, {}).eodhd_url == url


@pytest.mark.parametrize("host", ["eodhd.com", "127.0.0.1.evil.com", "10.0.0.1", "localhost.evil.com"])
def test_http_is_refused_off_loopback(host: str) -> None:
    assert "use https" in refusal({"eodhd_url": f"http://{host}"}, {})


@pytest.mark.parametrize("url", ["eodhd.com", "ftp://eodhd.com", "https://", "https://eodhd.com?x=1", "https:///api"])
def test_what_is_no_base_url_is_refused(url: str) -> None:
    assert "is not a base URL" in refusal({"eodhd_url": url}, {})


@pytest.mark.parametrize("url", ["https://[::1", "https://eodhd.com:port", "https://eodhd.com:99999"])
def test_a_malformed_url_is_a_mistake_not_a_traceback(url: str) -> None:
    assert "eodhd_url" in refusal({"eodhd_url": url}, {})


@pytest.mark.parametrize("name", TABLE)
def test_every_setting_has_text_and_a_default_of_its_own_type_within_its_bounds(name: str) -> None:
    row, kind = TABLE[name], TYPES[name]
    assert len(row.metadata["text"]) > 8
    assert "\n" not in row.metadata["text"]
    if get_origin(kind) is Literal:
        assert row.default in get_args(kind)
        return
    if kind == tuple[str, ...]:
        assert row.default == ()
        return
    assert kind in (str, int, float, bool)
    assert type(row.default) is kind
    if kind in (int, float):
        assert row.metadata["low"] <= row.default <= row.metadata["high"]
    else:
        assert (row.metadata["low"], row.metadata["high"]) == (-math.inf, math.inf)


@pytest.mark.parametrize("name", [name for name, kind in TYPES.items() if kind in (int, float)])
def test_bounds_are_enforced_from_every_place(name: str, file: Path) -> None:
    low, high = TABLE[name].metadata["low"], TABLE[name].metadata["high"]
    assert low > -math.inf, "every number needs a lower bound"
    for bound, outside in ((low, low - 1), (high, high + 1)):
        if math.isfinite(bound):
            text = str(TYPES[name](outside))
            file.write_text(f"{name} = {text}\n")
            assert " is not " in refusal({}, {}, file)
            assert " is not " in refusal({}, {f"MT5_SENTINEL_{name.upper()}": text})
            assert " is not " in refusal({name: text}, {})
            assert getattr(load({name: str(TYPES[name](bound))}, {}), name) == bound


def test_secrets_and_live_have_no_settings_flag() -> None:
    assert not any(row.metadata["flag"] for row in TABLE.values() if row.metadata["secret"])


@pytest.mark.parametrize(("uid", "path"), [(0, "/var/lib/mt5-sentinel"), (1000, "/home/me/.local/state/mt5-sentinel")])
def test_the_state_directory(uid: int, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: uid)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    assert Settings().state_path == Path(path)
    assert Settings(state_dir="/srv/x").state_path == Path("/srv/x")
