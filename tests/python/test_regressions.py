"""Faults that a review by use found; each test failed before its mend."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mt5_sentinel import journal, logs
from tests.python import bodies
from tests.python.conftest import Running, Sentinel
from tests.python.eodhd_server import EodhdServer
from tests.python.memories import Memory

Start = Callable[..., Running]


def once(
    sentinel: Sentinel, server: EodhdServer, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    variables = {"EODHD_API_TOKEN": "demo"} | variables
    return sentinel("run", "--once", "--eodhd-url", server.url, *arguments, **variables)


def database(environment: dict[str, str]) -> Path:
    return Path(environment["STATE_DIRECTORY"]) / "journal.db"


def test_cannot_assemble_with_duplicate_keys_as_the_older_builder_did() -> None:
    """The older failure itself, on the older library: both time fields became columns of one name."""
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame(bodies.hourly(time.time(), 20)).rename(columns={"datetime": "timestamp"})
    with pytest.raises(ValueError, match="cannot assemble with duplicate keys"):
        pandas.to_datetime(frame["timestamp"])


def test_a_rotated_token_is_hidden_after_a_reload(daemon: Start, server: EodhdServer, tmp_path: Path) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time() - 3 * bodies.HOUR_S)))  # late, so that it asks again
    file = tmp_path / "config.toml"
    file.write_text('eodhd_api_token = "first-t0ken"\n')
    running = daemon("--config", str(file), EODHD_API_TOKEN="")
    running.wait_for("of open market old")
    file.write_text('eodhd_api_token = "NEWTOKEN99"\n')
    server.respond(200, b'{"error":"Forbidden. token NEWTOKEN99, once first-t0ken"}')
    running.process.send_signal(signal.SIGHUP)
    running.wait_for("Configuration reloaded")
    running.wait_for("token [hidden]", timeout_s=75)
    assert running.end() == 0
    assert "NEWTOKEN" not in running.log
    assert "first-t0ken" not in running.log


@pytest.mark.parametrize(
    ("token", "echo"),
    [("SECRETTOKENABCDEF0123456789",) * 2, ("a/b+c=77", "a/b+c=77"), ("a/b+c=77", "a%2Fb%2Bc%3D77")],
)
def test_an_echo_of_the_token_is_hidden_also_when_cut_or_encoded(
    sentinel: Sentinel, server: EodhdServer, environment: dict[str, str], token: str, echo: str
) -> None:
    server.respond(200, f"<html>GET /api/intraday/EURUSD.FOREX?api_token={echo}</html>".encode())
    done = once(sentinel, server, EODHD_API_TOKEN=token)
    assert "came instead of EODHD's data" in done.stderr
    assert echo[:6] not in done.stderr + str(list(journal.read(database(environment))))


def test_a_token_inside_the_url_setting_is_not_shown(sentinel: Sentinel) -> None:
    done = sentinel("run", "--once", "--eodhd-url", "https://eodhd.com/?api_token=SECRETTOK", EODHD_API_TOKEN="demo")
    assert done.returncode == 78
    assert "SECRETTOK" not in done.stderr


def test_once_fails_when_the_journal_does(daemon: Start, server: EodhdServer, environment: dict[str, str]) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())), delay_s=1.0)
    running = daemon("--once")
    running.wait_for("Fetching market data")
    blocker = sqlite3.connect(database(environment), isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    code = running.process.wait(30)
    blocker.rollback()
    assert code == 74
    assert "!!! CYCLE ERROR: database is locked" in running.log


def test_a_cycle_that_could_not_begin_in_the_journal_has_a_row_at_its_end(tmp_path: Path) -> None:
    from mt5_sentinel.types import CycleRecord

    memory = Memory(tmp_path)
    record = CycleRecord(
        symbol="EURUSD", mode="dry-run", started_s=time.time(), status="failed", reason="journal_failed"
    )
    memory.finish(record)
    memory.close()
    (row,) = journal.read(tmp_path / "journal.db")
    assert (row["status"], row["reason"]) == ("failed", "journal_failed")


def test_a_journal_that_is_removed_while_in_use_halts_trading(
    daemon: Start, server: EodhdServer, environment: dict[str, str]
) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    running = daemon()
    running.wait_for("Decision: ")
    shutil.rmtree(environment["STATE_DIRECTORY"])
    running.wait_for("was removed or replaced while in use", timeout_s=75)
    running.wait_for("HALTED")
    assert running.end() == 0


def test_a_bad_tick_fills_no_order(sentinel: Sentinel, server: EodhdServer, environment: dict[str, str]) -> None:
    rows = bodies.hourly(time.time())
    rows[-1] |= {"close": 11.1, "high": 11.1}
    server.respond(200, bodies.body(rows))
    done = once(sentinel, server, "--threshold", "0.01")
    assert done.returncode == 65
    assert "jumps away" in done.stderr
    (cycle,) = journal.read(database(environment))
    assert (cycle["reason"], cycle["intents"]) == ("price_jump", [])


def test_bars_of_another_interval_are_not_traded(sentinel: Sentinel, server: EodhdServer) -> None:
    now_s = int(time.time()) // 300 * 300
    rows = [bodies.row(now_s - i * 300, 1.1, 1.1004, 1.0996, 1.1, 5) for i in range(600, 0, -1)]
    server.respond(200, bodies.body(rows))
    done = once(sentinel, server, "--threshold", "0.01")
    assert done.returncode == 65
    assert "they lie 300 s apart, 3600 s were expected" in done.stderr


def test_mistakes_of_every_room_are_told_at_once_and_leave_no_file(sentinel: Sentinel, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        'symbol = "NOPE"\nvolume_lots = 5.0\nhistory_bars = 150\ndaily_loss_max = inf\nthreshold = 1.0\n'
        'model = "/nowhere"\ncolour = "red"\n'
    )
    done = sentinel("run", "--once", "--config", file)
    assert done.returncode == 78
    for text in ("NOPE", "volume_lots", "history_bars", "daily_loss_max", "threshold", "/nowhere", "colour", "token"):
        assert text in done.stderr, text
    assert "8 mistakes" in done.stderr
    assert not (tmp_path / "state").exists()


def test_a_port_in_use_leaves_no_file(
    daemon: Start, environment: dict[str, str], server: EodhdServer, tmp_path: Path
) -> None:
    port = server.url.rsplit(":", 1)[1]
    running = daemon("--metrics-port", port)
    assert running.process.wait(20) == 78
    assert "--metrics-port" in running.log
    assert not Path(environment["STATE_DIRECTORY"]).exists()


def test_once_finishes_its_cycle_under_a_signal(
    daemon: Start, server: EodhdServer, environment: dict[str, str]
) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())), delay_s=1.5)
    running = daemon("--once")
    running.wait_for("Fetching market data")
    assert running.end() == 0
    assert [cycle["status"] for cycle in journal.read(database(environment))] == ["done"]


def test_a_full_output_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "bars.json"
    path.write_bytes(bodies.body(bodies.hourly(1_700_000_000, 100)))
    for command in ("features", "bars"):
        with Path("/dev/full").open("w") as full:
            argv = [sys.executable, "-m", "mt5_sentinel", command, str(path)]
            done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 74
        assert re.fullmatch(r"mt5-sentinel: the output cannot be written: No space left on device\n", done.stderr)


def test_another_deposit_does_not_rewrite_the_book(sentinel: Sentinel, server: EodhdServer, tmp_path: Path) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    assert once(sentinel, server).returncode == 0
    file = tmp_path / "config.toml"
    file.write_text("deposit = 500.0\n")
    done = once(sentinel, server, "--config", str(file))
    assert done.returncode == 78
    assert "was opened with 10000.00 USD and leverage 30, not 500.00 USD and 30" in done.stderr


@pytest.mark.parametrize("victim", ["journal.db", "paper.db"])
def test_a_file_that_is_removed_during_the_fetch_stops_the_order(
    daemon: Start, server: EodhdServer, environment: dict[str, str], victim: str
) -> None:
    """Whatever the walks end in, nothing may be filled into a lost file."""
    state = Path(environment["STATE_DIRECTORY"])
    for seed in range(1, 30):
        shutil.rmtree(state, ignore_errors=True)
        server.respond(200, bodies.body(bodies.hourly(time.time(), seed=seed)), delay_s=0.5)
        running = daemon("--once", "--threshold", "0.3")
        running.wait_for("Fetching market data")
        for suffix in ("", "-wal", "-shm"):
            (state / f"{victim}{suffix}").unlink(missing_ok=True)
        code = running.process.wait(20)
        assert "Order filled" not in running.log
        if "was removed or replaced while in use" in running.log:
            assert code == 70
            return
    pytest.fail("nothing was written")


def test_a_row_that_a_lock_kept_out_is_written_by_the_next_cycle(tmp_path: Path) -> None:
    from mt5_sentinel.config import Settings
    from tests.python.fakes import BUY
    from tests.python.shop import Shop

    shop = Shop(tmp_path)
    finish, failures = shop.desk.journal.finish, [sqlite3.OperationalError("database is locked")]

    def locked_once(record: object) -> None:
        if failures:
            raise failures.pop()
        finish(record)  # type: ignore[arg-type] # the very method, with the record it is given

    shop.desk.journal.finish = locked_once  # type: ignore[method-assign]
    assert shop.cycle(BUY).reason == "journal_failed"
    shop.cycle(BUY)
    rows = list(journal.read(Path(Settings(state_dir=shop.settings.state_dir).state_path) / "journal.db"))
    assert [row["status"] for row in rows] == ["failed", "done"]
    shop.close()


def test_a_token_as_json_escapes_it_and_one_rotated_out_are_hidden() -> None:
    logs.learn(["sekr3t/tok+en.12345678", "OLDTOKEN-aaaa"])
    body = logs.hide_bytes(rb'{"message":"sekr3t\/tok+en.12345678 OLDTOKEN-aaaa"}')
    assert body == b'{"message":"[hidden] [hidden]"}'
    logs.learn(["1", "1.1"])
    assert logs.hide("2026-11-23 1.1") == "2026-11-23 1.1", "a value so short is no token"
