"""`mt5-sentinel run` with several `[[symbol]]` tables as a process, against a market data API on this machine."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from mt5_sentinel import journal
from tests.python import bodies, bundles
from tests.python.conftest import Sentinel
from tests.python.eodhd_server import EodhdServer, free_port
from tests.python.test_run import Start

NAMES = ["EURUSD", "GBPUSD", "AUDUSD"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration of three symbols, each with a model that says it is for it."""
    tables = []
    for name in NAMES:
        bundle = bundles.directory(tmp_path / f"model-{name}")
        bundles.edit(bundle, 'symbol = "EURUSD"', f'symbol = "{name}"')
        tables.append(f'[[symbol]]\nname = "{name}"\nmodel_bundle = "{bundle}"\n')
    path = tmp_path / "config.toml"
    path.write_text("\n".join(["threshold = 0.6\n", *tables, "threshold = 0.75\n"]))
    return path


def test_three_symbols_run_and_say_whose_line_it_is(
    daemon: Start, server: EodhdServer, file: Path, environment: dict[str, str]
) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    port = free_port()
    running = daemon("--config", str(file), "--threshold", "0.7", "--metrics-port", str(port))
    for name, threshold in zip(NAMES, ("0.7", "0.7", "0.75"), strict=True):
        running.wait_for(f"{name} 1h: threshold {threshold}, model ")
        running.wait_for(f"{name} Decision: ")
        running.wait_for(f"{name} TRADING CYCLE START: ")
    assert "3 symbols, dry run on paper" in running.log
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
        health = json.load(answer)
    assert list(health["symbols"]) == NAMES
    assert running.end() == 0
    assert "stopped, the last cycle was finished" in running.log
    cycles = list(journal.read(Path(environment["STATE_DIRECTORY"]) / "journal.db"))
    assert {cycle["symbol"]: cycle["status"] for cycle in cycles} == dict.fromkeys(NAMES, "done")
    assert {request.path.rsplit("/", 1)[1] for request in server.requests} == {f"{name}.FOREX" for name in NAMES}


def test_one_of_them_alone(sentinel: Sentinel, server: EodhdServer, file: Path) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    known = {"EODHD_API_TOKEN": "demo", "MT5_SENTINEL_EODHD_URL": server.url}
    done = sentinel("run", "--once", "--config", file, "--symbol", "AUDUSD", **known)
    assert done.returncode == 0, done.stderr
    assert "AUDUSD 1h, dry run on paper" in done.stderr
    assert "AUDUSD Decision" not in done.stderr, "with one symbol the lines stay as they are"
    done = sentinel("run", "--once", "--config", file, "--symbol", "USDJPY", **known)
    assert done.returncode == 78
    assert "has no [[symbol]] table" in done.stderr


def test_once_ends_with_the_worst_exit_code(sentinel: Sentinel, server: EodhdServer, file: Path) -> None:
    server.respond(401, b"Unauthenticated")
    done = sentinel("run", "--once", "--config", file, EODHD_API_TOKEN="odd-t0ken", MT5_SENTINEL_EODHD_URL=server.url)
    assert done.returncode == 78
    assert sum("!!! CYCLE ERROR" in line for line in done.stderr.splitlines()) == 3


def test_a_model_of_another_symbol_is_told_with_its_symbol(sentinel: Sentinel, server: EodhdServer, file: Path) -> None:
    file.write_text('[[symbol]]\nname = "EURUSD"\n[[symbol]]\nname = "GBPUSD"\n')
    done = sentinel("run", "--once", "--config", file, EODHD_API_TOKEN="demo", MT5_SENTINEL_EODHD_URL=server.url)
    assert done.returncode == 78
    assert "GBPUSD: " in done.stderr
    assert "1 mistake" in done.stderr
    assert server.requests == []


def test_a_reload_does_not_change_which_symbols_there_are(daemon: Start, server: EodhdServer, file: Path) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    running = daemon("--config", str(file))
    running.wait_for("AUDUSD Decision: ")
    whole = file.read_text()
    file.write_text(whole[: whole.rindex("[[symbol]]")])
    running.process.send_signal(signal.SIGHUP)
    running.wait_for("Reload refused, the old configuration stays: symbol: EURUSD, GBPUSD instead of")
    file.write_text(whole.replace("0.75", "0.8"))
    running.process.send_signal(signal.SIGHUP)
    running.wait_for("Configuration reloaded")
    assert running.end() == 0
