"""`mt5-sentinel run` as a process, against a market data API on this machine."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import journal
from tests.python import bodies
from tests.python.conftest import Running, Sentinel
from tests.python.eodhd_server import EodhdServer
from tests.python.powerless import as_any_user

Start = Callable[..., Running]


def cycles(environment: dict[str, str]) -> list[dict[str, Any]]:
    return list(journal.read(Path(environment["STATE_DIRECTORY"]) / "journal.db"))


def once(
    sentinel: Sentinel, server: EodhdServer, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    variables = {"EODHD_API_TOKEN": "demo"} | variables
    return sentinel("run", "--once", "--eodhd-url", server.url, *arguments, **variables)


def test_cannot_assemble_with_duplicate_keys_is_gone(
    sentinel: Sentinel, server: EodhdServer, environment: dict[str, str]
) -> None:
    """The older daemon died each minute on rows with both time fields, some of them twice."""
    rows = bodies.with_duplicates(bodies.hourly(time.time()))
    server.respond(200, bodies.body(rows))
    done = once(sentinel, server)
    assert done.returncode == 0, done.stderr
    for line in (
        "TRADING CYCLE START: ",
        "Fetching market data for EURUSD...",
        "✓ Fetched 599 bars",
        "60 duplicate",
        "Building features...",
        "✓ Prediction: ",
    ):
        assert line in done.stderr
    assert re.search(r"Decision: (BUY|SELL|HOLD) \(confidence: 0\.\d+\)", done.stderr)
    assert "CYCLE ERROR" not in done.stderr
    (cycle,) = cycles(environment)
    assert cycle["status"] == "done"
    assert cycle["dropped"] == {"duplicate": 60, "null": 0, "invalid": 0, "forming": 1}
    assert cycle["score_sell"] + cycle["score_hold"] + cycle["score_buy"] == pytest.approx(1.0)


@pytest.mark.shared
def test_real_bodies_make_a_whole_cycle_and_old_bars_are_not_traded(
    sentinel: Sentinel, server: EodhdServer, environment: dict[str, str], shared: Path
) -> None:
    server.respond(200, (shared / "eodhd/intraday_EURUSD.FOREX_1h_2061_dirty.json").read_bytes())
    done = once(sentinel, server, "--threshold", "0.01")
    assert done.returncode == 65, done.stderr
    assert "✓ Fetched 2061 bars" in done.stderr
    (cycle,) = cycles(environment)
    assert (cycle["action"], cycle["reason"], cycle["req_id"]) == (None, "stale", None)


def test_a_low_threshold_trades_on_paper_once_per_bar(
    sentinel: Sentinel, server: EodhdServer, environment: dict[str, str]
) -> None:
    traded: list[dict[str, Any]] = []
    for seed in range(40):  # some walk ends in a confident class; each has a journal of its own
        server.respond(200, bodies.body(bodies.hourly(time.time(), seed=seed)))
        state = f"{environment['STATE_DIRECTORY']}{seed}"
        variables = {"STATE_DIRECTORY": state}
        assert once(sentinel, server, "--threshold", "0.4", **variables).returncode == 0
        traded = list(journal.read(Path(state) / "journal.db"))
        if traded[0]["reason"] == "signal":
            break
    assert traded[0]["outcome"] == "filled"
    assert traded[0]["intents"][0]["state"] == "filled"
    assert once(sentinel, server, "--threshold", "0.4", **variables).returncode == 0
    again = list(journal.read(Path(state) / "journal.db"))[1]
    assert again["reason"] in ("already_decided", "signal")  # a new hour may have begun meanwhile
    assert again["bar_open_s"] > traded[0]["bar_open_s"] or not again["intents"]


@pytest.mark.parametrize(
    ("status", "body", "code", "text"),
    [
        (200, b'[{"timestamp":1660003200,"open":1.1,"hi', 65, "cut short"),
        (200, b"<!DOCTYPE html><html>Just a moment...</html>", 75, "challenge page"),
        (200, b"[]", 65, "no usable bar"),
        (401, b"Unauthenticated", 78, "EODHD_API_TOKEN"),
        (402, b"quota", 75, "quota"),
        (403, b"<!DOCTYPE html><html>Just a moment...</html>", 75, "challenge page"),
        (404, b"Ticker Not Found.", 65, "symbol"),
        (429, b"Too Many Requests", 75, "429"),
        (502, b"<html>Bad Gateway</html>", 75, "502"),
    ],
)
def test_bad_answers_are_one_clear_error_with_the_right_exit_code(
    sentinel: Sentinel, server: EodhdServer, environment: dict[str, str], status: int, body: bytes, code: int, text: str
) -> None:
    server.respond(status, body)
    done = once(sentinel, server, EODHD_API_TOKEN="s3cr3t-t0ken")
    assert done.returncode == code
    (line,) = [line for line in done.stderr.splitlines() if "!!! CYCLE ERROR:" in line]
    assert text in line
    assert "Daemon continues running..." in done.stderr
    assert "Traceback" not in done.stderr
    (cycle,) = cycles(environment)
    assert cycle["status"] == "failed"
    assert text in cycle["detail"]
    assert "s3cr3t" not in done.stdout + done.stderr + json.dumps(cycle)


def test_without_a_token_both_ways_on_are_named(sentinel: Sentinel, tmp_path: Path) -> None:
    done = sentinel("run", "--once")
    assert done.returncode == 78
    assert "EODHD_API_TOKEN" in done.stderr
    assert "mt5-sentinel demo" in done.stderr
    assert not (tmp_path / "state").exists()


def test_the_older_variable_names_work(sentinel: Sentinel, server: EodhdServer) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    older = {"EODHD_API_TOKEN": "", "EODHD_API_KEY": "k3y", "HUB_HOST": "172.19.0.1", "HUB_PORT": "5001"}
    done = once(sentinel, server, "--gtw-port", "5555", **older, GTW_HOST="172.19.0.2", METRICS_PORT="9100")
    assert done.returncode == 0, done.stderr
    assert server.requests[-1].query["api_token"] == ["k3y"]


def test_a_model_with_other_features_is_refused_before_anything_is_written(
    sentinel: Sentinel, server: EodhdServer, tmp_path: Path
) -> None:
    from mt5_sentinel import bundled

    bundle = tmp_path / "model"
    shutil.copytree(bundled.MODEL, bundle)
    manifest = (bundle / "manifest.toml").read_text()
    (bundle / "manifest.toml").write_text(manifest.replace('"return_1", "return_5"', '"return_5", "return_1"'))
    done = once(sentinel, server, "--model", str(bundle))
    assert done.returncode == 78
    assert "features" in done.stderr
    assert "return_1" in done.stderr
    assert not (tmp_path / "state").exists()
    assert server.requests == []


def test_a_model_of_another_symbol_is_refused(sentinel: Sentinel, server: EodhdServer) -> None:
    done = once(sentinel, server, "--symbol", "GBPUSD")
    assert done.returncode == 78
    assert "GBPUSD" in done.stderr
    assert "EURUSD" in done.stderr


def test_an_unwritable_journal_directory_is_one_clear_error(
    environment: dict[str, str], server: EodhdServer, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(stat.S_IRUSR | stat.S_IXUSR)
    command = [*as_any_user(), sys.executable, "-m", "mt5_sentinel", "run", "--once", "--eodhd-url", server.url]
    variables = environment | {"EODHD_API_TOKEN": "demo"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
    state.chmod(stat.S_IRWXU)
    assert done.returncode == 78, done.stderr
    assert str(state) in done.stderr
    assert "Traceback" not in done.stderr
    assert list(state.iterdir()) == []


def test_sigterm_and_sigint_finish_and_exit_zero(daemon: Start, server: EodhdServer) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    for signum in (signal.SIGTERM, signal.SIGINT):
        running = daemon()
        running.wait_for("Decision: ")
        assert running.end(signum) == 0
        assert "stopped, the last cycle was finished" in running.log


def test_a_signal_during_a_slow_fetch_lets_the_cycle_finish(
    daemon: Start, server: EodhdServer, environment: dict[str, str]
) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())), delay_s=2.0)
    running = daemon()
    running.wait_for("Fetching market data")
    assert running.end() == 0
    assert "Decision: " in running.log
    assert [cycle["status"] for cycle in cycles(environment)] == ["done"]


def test_kill_9_in_the_middle_of_a_cycle_loses_no_row(
    daemon: Start, server: EodhdServer, environment: dict[str, str]
) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())), delay_s=5.0)
    running = daemon()
    running.wait_for("Fetching market data")
    assert running.end(signal.SIGKILL) == -signal.SIGKILL
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    running = daemon()
    running.wait_for("Decision: ")
    assert running.end() == 0
    rows = cycles(environment)
    assert [row["status"] for row in rows] == ["interrupted", "done"]
    assert sqlite3.connect(Path(environment["STATE_DIRECTORY"]) / "journal.db").execute(
        "PRAGMA integrity_check"
    ).fetchone() == ("ok",)


def test_the_daemon_survives_errors_and_fires_at_second_58(daemon: Start, server: EodhdServer) -> None:
    server.respond(502, b"<html>Bad Gateway</html>")
    running = daemon()
    running.wait_for("Daemon continues running...")
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    running.wait_for("Decision: ", timeout_s=150)
    started = re.findall(r"TRADING CYCLE START: \S+T\d\d:\d\d:(\d\d)", running.log)
    assert started[-1] == "58"
    assert running.end() == 0


def test_sighup_reloads_the_configuration(daemon: Start, server: EodhdServer, tmp_path: Path) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    file = tmp_path / "config.toml"
    file.write_text("threshold = 0.6\n")
    running = daemon("--config", str(file))
    running.wait_for("Decision: ")
    file.write_text("treshold = 0.7\n")
    running.process.send_signal(signal.SIGHUP)
    running.wait_for("Reload refused, the old configuration stays")
    assert "did you mean `threshold`?" in running.log
    file.write_text("threshold = 0.7\n")
    running.process.send_signal(signal.SIGHUP)
    running.wait_for("Configuration reloaded")
    assert running.end() == 0


def test_metrics_and_health_answer_on_loopback(daemon: Start, server: EodhdServer) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    running = daemon("--metrics-port", "18231")
    running.wait_for("Decision: ")
    time.sleep(0.2)
    with urllib.request.urlopen("http://127.0.0.1:18231/metrics") as answer:
        text = answer.read().decode()
    assert "sentinel_trading_cycles_total 1.0" in text
    assert 'sentinel_api_calls_total{endpoint="eodhd"} 1.0' in text
    with urllib.request.urlopen("http://127.0.0.1:18231/healthz") as answer:
        health = json.load(answer)
    assert health["status"] == "ok"
    assert running.end() == 0


def test_the_public_token_does_not_blot_out_words_that_hold_it(daemon: Start, server: EodhdServer) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    running = daemon()
    running.wait_for("Decision: ")
    assert running.end() == 0
    assert "the bundled model is a demonstration" in running.log
    assert "[hidden]" not in running.log


def test_two_daemons_do_not_share_a_journal(daemon: Start, server: EodhdServer) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    first = daemon()
    first.wait_for("Decision: ")
    second = daemon()
    assert second.process.wait(20) == 78
    assert "another daemon" in second.log
    assert first.end() == 0
