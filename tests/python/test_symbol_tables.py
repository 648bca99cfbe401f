"""`[[symbol]]` tables: what a table may hold, who wins, and that every mistake shows with its table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel.config import PER_SYMBOL, SYMBOLS_MAX, TABLE, Settings, load, load_all
from mt5_sentinel.errors import Misconfigured
from tests.python.test_config import TOKEN

TWO = """
threshold = 0.7
hub_port = 5002
[[symbol]]
name = "EURUSD"
threshold = 0.65
[[symbol]]
name = "GBPUSD"
interval = "5m"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration of two symbols."""
    path = tmp_path / "config.toml"
    path.write_text(TWO)
    return path


def facts(found: tuple[Settings, ...]) -> list[tuple[str, str, float, int]]:
    return [(one.symbol, one.interval, one.threshold, one.hub_port) for one in found]


def refusal(file: Path, text: str, flags: dict[str, Any] | None = None, checks: Any = ()) -> list[str]:
    """The mistakes, without the path of the file."""
    file.write_text(text)
    with pytest.raises(Misconfigured) as caught:
        load_all(flags or {}, {}, file, checks)
    assert caught.value.reason == "bad_configuration"
    head, *lines = str(caught.value).replace(f"{file}: ", "").splitlines()
    assert head.startswith(f"{len(lines)} mistake")
    return [line.removeprefix("  - ") for line in lines]


def test_without_tables_there_is_one_symbol(file: Path) -> None:
    file.write_text('symbol = "GBPUSD"\n')
    assert load_all({}, {}, file) == (load({}, {}, file),) == (Settings(symbol="GBPUSD"),)


def test_a_table_wins_over_flags_variables_and_what_stands_above_it(file: Path) -> None:
    assert facts(load_all({}, {}, file)) == [("EURUSD", "1h", 0.65, 5002), ("GBPUSD", "5m", 0.7, 5002)]
    environ = {"MT5_SENTINEL_INTERVAL": "1m", "MT5_SENTINEL_THRESHOLD": "0.8"}
    assert facts(load_all({}, environ, file)) == [("EURUSD", "1m", 0.65, 5002), ("GBPUSD", "5m", 0.8, 5002)]
    flags = {"threshold": "0.6", "interval": "1m", "symbol": None}
    assert facts(load_all(flags, environ, file)) == [("EURUSD", "1m", 0.65, 5002), ("GBPUSD", "5m", 0.6, 5002)]


@pytest.mark.parametrize(("flags", "environ"), [({"symbol": "GBPUSD"}, {}), ({}, {"MT5_SENTINEL_SYMBOL": "GBPUSD"})])
def test_a_symbol_that_is_named_runs_alone(file: Path, flags: dict[str, Any], environ: dict[str, str]) -> None:
    assert facts(load_all(flags, environ, file)) == [("GBPUSD", "5m", 0.7, 5002)]
    assert load(flags, environ, file).symbol == "GBPUSD"


def test_what_works_with_one_symbol_asks_for_a_choice(file: Path) -> None:
    with pytest.raises(Misconfigured, match="tables for EURUSD, GBPUSD; choose one with --symbol"):
        load({}, {}, file)


def test_a_symbol_without_a_table_is_a_mistake_and_nothing_is_checked_for_it(file: Path) -> None:
    asked: list[Settings] = []
    (told,) = refusal(file, TWO, {"symbol": "USDJPY"}, (asked.append,))
    assert told == "symbol: 'USDJPY' has no [[symbol]] table; the file has tables for EURUSD, GBPUSD"
    assert asked == []


@pytest.mark.parametrize("name", PER_SYMBOL)
def test_what_a_table_may_hold_it_holds_alone(file: Path, name: str) -> None:
    default, metadata = TABLE[name].default, TABLE[name].metadata
    value: Any = {
        "interval": "5m",
        "market": "fx",
        "price_side": "ask",
        "broker_dst": "us",
        "cross_check": "report",
        "sizing": "risk",
        "stop_mode": "pips",
    }.get(
        name, {"hub_form": "inputs", "hub_answer": "p_up", "shadow_trades": "hub", "bars_source": "gateway"}.get(name)
    )
    if value is None and isinstance(default, (int, float)) and not isinstance(default, bool):
        value = type(default)(min(default * 2 or 1, metadata["high"]))
        value = metadata["low"] if value == default else value
    elif value is None:
        value = True if isinstance(default, bool) else ["2026-12-24"] if isinstance(default, tuple) else "other"
    shown = {True: "true"}.get(value) if isinstance(value, bool) else repr(value).replace("'", '"')
    file.write_text(f'[[symbol]]\nname = "EURUSD"\n{name} = {shown}\n[[symbol]]\nname = "GBPUSD"\n')
    first, second = load_all({}, {}, file)
    found = getattr(first, name)
    assert (list(found) if isinstance(found, tuple) else found) == value != default
    assert second == Settings(symbol="GBPUSD")


def test_what_is_shared_stays_out_of_the_tables() -> None:
    shared = {"eodhd_api_token", "eodhd_url", "live", "state_dir", "metrics_port", "log_level", "model_public_keys"}
    assert shared & {*PER_SYMBOL} == set()
    assert {"symbol", *PER_SYMBOL} <= set(TABLE)


def test_all_mistakes_of_all_tables_show_at_once(file: Path) -> None:
    text = f"""
threshold = 7
[[symbol]]
treshold = 0.6
interval = "2h"
[[symbol]]
name = "GBPUSD"
metrics_port = 8001
symbol = "GBPUSD"
eodhd_api_token = "{TOKEN}"
threshold = 8
[[symbol]]
name = 5
[[symbol]]
name = ""
"""
    told = refusal(file, text)
    assert told == [
        '[[symbol]] table 1: it has no name; write for example name = "EURUSD"',
        "[[symbol]] table 1: unknown key `treshold`; did you mean `threshold`?",
        "[[symbol]] table 1: interval: '2h' is none of 1m, 5m, 1h",
        "[[symbol]] table 2 (GBPUSD): `metrics_port` holds for all symbols; it stands above the first table",
        "[[symbol]] table 2 (GBPUSD): unknown key `symbol`; here it is `name`",
        "[[symbol]] table 2 (GBPUSD): `eodhd_api_token` holds for all symbols; it stands above the first table",
        "[[symbol]] table 2 (GBPUSD): threshold: 8.0 is not 0 to 1",
        f"[[symbol]] table 3: name: 5 is not of type str ({TABLE['symbol'].metadata['text']})",
        '[[symbol]] table 4: it has no name; write for example name = "EURUSD"',
        "threshold: 7.0 is not 0 to 1",
    ]


def test_one_table_per_symbol(file: Path) -> None:
    again = '[[symbol]]\nname = "EURUSD"\n[[symbol]]\nname = "EURUSD"\n'
    assert refusal(file, again) == ["[[symbol]] table 2 (EURUSD): EURUSD 1h has a table already"]
    assert refusal(file, again.replace("EURUSD", "eurusd", 1)) == [
        "[[symbol]] table 2 (EURUSD): EURUSD 1h has a table already"
    ]
    (told,) = refusal(file, f'{again}interval = "5m"\n')
    assert "with interval 1h; a symbol has one position" in told
    assert "a second daemon with a state_dir of its own" in told
    (told,) = refusal(file, f'interval = "5m"\n{again}interval = "1h"\n')
    assert "with interval 5m; a symbol has one position" in told


def test_one_name_at_the_api_does_not_feed_all_symbols(file: Path) -> None:
    above = 'eodhd_symbol = "X.FOREX"\n'
    (told,) = refusal(file, f"{above}{TWO}eodhd_symbol = 'GBPUSD.FOREX'")
    assert told.startswith("[[symbol]] table 1 (EURUSD): it would be fed the bars of X.FOREX")
    assert len(refusal(file, above + TWO)) == 2
    file.write_text(f'{above}[[symbol]]\nname = "EURUSD"\n')
    assert load({}, {}, file).eodhd_symbol == "X.FOREX"


@pytest.mark.parametrize("text", ["symbol = []", "symbol = 5", 'symbol = ["EURUSD"]', "symbol = [{}, 5]"])
def test_what_is_neither_a_name_nor_tables(file: Path, text: str) -> None:
    (told,) = refusal(file, text)
    assert told.startswith("symbol: ")
    assert "is not of type str" in told


def test_a_table_has_two_brackets(file: Path) -> None:
    told = refusal(file, '[symbol]\nname = "EURUSD"\ntreshold = 1\n')
    assert told[0] == "[symbol]: a table of a symbol has two brackets, [[symbol]]"
    assert "did you mean `threshold`" in told[1]


def test_a_table_too_many(file: Path) -> None:
    many = "\n".join(f'[[symbol]]\nname = "S{k}"' for k in range(SYMBOLS_MAX))
    file.write_text(many)
    assert len(load_all({}, {}, file)) == SYMBOLS_MAX
    (told,) = refusal(file, f'{many}\n[[symbol]]\nname = "{"X" * 9999}"')
    assert told.startswith(f"{SYMBOLS_MAX + 1} [[symbol]] tables, {SYMBOLS_MAX} at most")


def test_a_long_name_does_not_flood_the_message(file: Path) -> None:
    (told,) = refusal(file, f'[[symbol]]\nname = "{"X" * 9999}"\nqqqqqq = 1\n')
    assert len(told) < 120


def test_what_other_rooms_refuse_is_told_once_or_with_its_symbol(file: Path) -> None:
    def every(settings: Settings) -> None:
        raise Misconfigured("no token", "no_token")

    def second(settings: Settings) -> None:
        if settings.symbol == "GBPUSD":
            raise Misconfigured("model refused", "model_mismatch")

    assert refusal(file, TWO, checks=(every, second)) == ["no token", "GBPUSD: model refused"]
    mistakes = refusal(file, f'eodhd_url = "x"\n{TWO}')
    assert mistakes[0].startswith("eodhd_url: "), "once, not for each symbol"


@pytest.mark.parametrize("flag", ["bundle.zip", "local", "shadow"])
def test_a_bundle_of_a_table_replaces_one_that_a_flag_names_in_short(file: Path, flag: str) -> None:
    file.write_text('[[symbol]]\nname = "EURUSD"\nmodel_bundle = "own.zip"\n[[symbol]]\nname = "GBPUSD"\n')
    first, second = load_all({"model": flag}, {}, file)
    assert (first.model_bundle, second.model_bundle) == ("own.zip", "bundled")
    assert (first.model, second.model) == ("local" if flag == "bundle.zip" else flag, flag)
