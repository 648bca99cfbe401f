"""``mt5-sentinel doctor``: each check, broken once on a machine that is well otherwise."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from mt5_sentinel import _core, cli, file_lock, preflight
from mt5_sentinel.commands import doctor, doctor_bars
from mt5_sentinel.errors import Misconfigured, Unusable
from mt5_sentinel.ops import audit_machine
from tests.python import bundles
from tests.python.conftest import Running
from tests.python.doctor_floor import TOKEN, Floor, bad
from tests.python.eodhd_server import EodhdServer


class Case(NamedTuple):
    """One fault, the check that sees it, and what its lines name."""

    check: str
    breaks: Callable[[Floor], object]
    found: str
    todo: str
    also: tuple[str, ...] = ()


@pytest.fixture
def floor(
    tmp_path: Path, server: EodhdServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Floor]:
    made = Floor(tmp_path, server, monkeypatch)
    made.capture = lambda: capsys.readouterr().out
    with made.undo:
        yield made


def _lock(floor: Floor) -> None:
    floor.undo.callback(os.close, file_lock.acquire(floor.state / "journal.lock"))


def _taken_port(floor: Floor) -> None:
    taken = floor.undo.enter_context(socket.create_server(("127.0.0.1", 0)))
    floor.flags += ["--metrics-port", str(taken.getsockname()[1])]


def _skew(floor: Floor) -> None:
    floor.feed.skew_s = 90.0


def _refusing_preflight(_models: object) -> None:
    raise Misconfigured("preflight: recorded bars do not come to scores", "preflight_failed")


def _stepping(_before: object, _after: object, _max_s: float) -> None:
    raise Unusable("the wall clock stepped by 3 s", "clock_step")


LEDGER = "INSERT INTO risk VALUES ('dry-run', 1, 1e4, 0, 1e4, 'HALTED', 'daily loss', 0, NULL)"

CASES = [
    Case(
        "configuration",
        lambda f: f.config("metrics_hots = 'x'\n"),
        "did you mean `metrics_host`",
        "config.toml",
        (*(set(doctor.CHECKS) - {"configuration"}), "gateway"),
    ),
    Case("configuration", lambda f: f.set(MT5_SENTINEL_HISTORY_BARS="120"), "history_bars: 120 is too few", "doctor"),
    Case(
        "model",
        lambda f: f.flags.extend(["--model", f.folder / "none.zip"]),
        "none.zip",
        "--model PATH",
        ("configuration", "preflight"),
    ),
    Case(
        "preflight",
        lambda f: f.monkeypatch.setattr(preflight, "check", _refusing_preflight),
        "do not come",
        "--rollback",
    ),
    Case("calendar", lambda f: f.config("holidays = ['2020-12-24']\n"), "are past", "this year's"),
    Case("disk", lambda f: f.monkeypatch.setattr(audit_machine, "FREE_MB_MIN", 10**12), "MB free", "df -h"),
    Case("directories", lambda f: f.state.chmod(0o777), "0777", "chmod 700"),
    Case("secret files", lambda f: f.config(f"eodhd_api_token = '{TOKEN}'\n", 0o644), "0644", "chmod 600"),
    Case("daemon", _lock, "another daemon holds", "systemctl stop mt5-sentinel"),
    Case("metrics port", _taken_port, "held by another program", "--metrics-port"),
    Case("kill switch", lambda f: (f.state / "HALT").write_text("halt\n"), "nothing is opened", "mt5-sentinel resume"),
    Case("risk", lambda f: f.journal(LEDGER), "HALTED, nothing is opened: daily loss", "mt5-sentinel resume"),
    Case(
        "token",
        lambda f: f.set(EODHD_API_TOKEN=""),
        "no token",
        "export EODHD_API_TOKEN",
        ("configuration", "market data", "clock"),
    ),
    Case("quota", lambda f: f.spend(4999), "4999 of 5000", "eodhd_quota_share"),
    Case("market data", lambda f: f.server.respond(502, b"<html>"), "502", "curl", ("clock",)),
    Case("market data", lambda f: f.set(EODHD_API_TOKEN="another-token"), "refused the token", "eodhd.com", ("clock",)),
    Case("market data", lambda f: f.server.respond(200, b"[]"), "0 rows came", "eodhd_symbol"),
    Case("clock", lambda f: f.monkeypatch.setattr(_core, "check_step", _stepping), "stepped by 3 s", "timedatectl"),
    Case(
        "clock",
        _skew,
        "clock",
        "timedatectl",
    ),
]

ELSEWHERE = {"hub": "test_doctor_wires.py", "gateway": "test_doctor_wires.py"}


def test_a_machine_that_is_well(floor: Floor) -> None:
    code, found, text = floor.examine()
    assert (code, bad(found)) == (0, set()), text
    assert list(found) == [*doctor.CHECKS, "gateway"]
    assert {name for name, one in found.items() if one["verdict"] == "skipped"} == {"hub", "gateway"}
    assert "left of the token's requests" in found["market data"]["found"]
    assert "s from the API's" in found["clock"]["found"]
    assert len(floor.server.requests) == 1, "each request costs units"
    assert sorted(path.name for path in floor.state.iterdir()) == [], "a doctor leaves nothing behind"


def test_every_check_is_broken_somewhere() -> None:
    assert {case.check for case in CASES} | set(ELSEWHERE) == {*doctor.CHECKS, "gateway"}


@pytest.mark.parametrize("case", CASES, ids=[f"{number}-{case.check}" for number, case in enumerate(CASES)])
def test_the_check_sees_its_fault_and_no_other_does(floor: Floor, case: Case) -> None:
    case.breaks(floor)
    code, found, text = floor.examine()
    assert (code, bad(found)) == (1, {case.check, *case.also}), text
    assert case.found in found[case.check]["found"]
    assert case.todo in found[case.check]["todo"]
    assert TOKEN not in text


def test_offline_names_what_it_leaves_out(floor: Floor) -> None:
    floor.set(HUB_HOST="127.0.0.1", GTW_HOST="127.0.0.1")
    code, found, _ = floor.examine("--offline")
    assert (code, floor.server.requests) == (0, [])
    skipped = {name: one["found"] for name, one in found.items() if one["verdict"] == "skipped"}
    assert set(skipped) == {"market data", "hub", "gateway"}
    assert all("--offline" in text for text in skipped.values())
    assert "not compared" in found["clock"]["found"]


def test_lines_are_for_people_and_end_with_a_verdict(floor: Floor) -> None:
    (floor.state / "HALT").write_text("halt\n")
    assert cli.main(["doctor", *map(str, floor.flags)]) == 1
    lines = floor.capture().splitlines()
    assert lines[-1] == "something is to be done: 14 ok, 1 failed, 2 skipped"
    at = next(number for number, line in enumerate(lines) if line.startswith("✗ kill switch"))
    assert "→ mt5-sentinel resume --state-dir" in lines[at + 1]


def test_a_risk_state_that_has_ended_by_itself_is_none(floor: Floor) -> None:
    floor.journal(LEDGER.replace("NULL", str(int(time.time()) - 5)))
    assert bad(floor.examine()[1]) == set()


def test_a_model_of_ones_own_is_told_from_the_demonstration(floor: Floor) -> None:
    code, found, _ = floor.examine("--model", bundles.directory(floor.folder / "own"))
    assert code == 0 and str(floor.folder / "own") in found["model"]["found"]


def test_flags_are_those_of_run(floor: Floor) -> None:
    code, found, _ = floor.examine("--symbol", "GBPUSD", "--offline")
    assert code == 1 and bad(found) == {"configuration", "model", "preflight"}
    assert "EURUSD" in found["model"]["found"] and "GBPUSD" in found["model"]["todo"]


def test_the_public_token_covers_one_symbol(floor: Floor) -> None:
    floor.set(EODHD_API_TOKEN="demo")
    _, found, _ = floor.examine("--offline", "--symbol", "GBPUSD")
    assert "not GBPUSD" in found["token"]["found"]


def test_symbols_beyond_a_few_are_not_asked(floor: Floor) -> None:
    floor.monkeypatch.setattr(doctor_bars, "SYMBOLS_MAX", 1)
    floor.config("[[symbol]]\nname = 'EURUSD'\n[[symbol]]\nname = 'EURUSD.a'\n")
    _, found, text = floor.examine()
    assert "1 more are not asked" in found["market data"]["found"], text
    assert len(floor.server.requests) == 1


def test_the_daemon_of_this_directory_has_the_port(floor: Floor, daemon: Callable[..., Running]) -> None:
    running = daemon("--state-dir", str(floor.state), "--metrics-port", str(floor.flags[-1]))
    running.wait_for("metrics and health on")
    _, found, text = floor.examine("--offline")
    assert bad(found) == {"daemon"}, text
    assert found["metrics port"]["found"].endswith("is held by the daemon that runs here")
    assert running.end() == 0
    assert bad(floor.examine("--offline")[1]) == set()
