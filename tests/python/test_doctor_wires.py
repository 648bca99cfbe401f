"""``mt5-sentinel doctor`` over its wires: hub, gateway, servers that never answer, servers that repeat the token."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from mt5_sentinel import cli, logs
from mt5_sentinel.commands import doctor_bars, doctor_subject, doctor_wires
from mt5_sentinel.ops import questions
from tests.python.doctor_floor import TOKEN, Floor, bad
from tests.python.eodhd_server import EodhdServer
from tests.python.gateway_served import Served
from tests.python.hub_server import ScriptedHub, dead_port, whole

SCORES = b'{"predictions": [[0.2, 0.3, 0.5]]}'


@pytest.fixture
def floor(
    tmp_path: Path, server: EodhdServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Floor]:
    made = Floor(tmp_path, server, monkeypatch)
    made.capture = lambda: capsys.readouterr().out
    with made.undo:
        yield made


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that accepts, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_hub_scores_a_recorded_row(floor: Floor) -> None:
    with ScriptedHub([whole(SCORES)]) as hub:
        floor.set(HUB_HOST="127.0.0.1", HUB_PORT=str(hub.port))
        code, found, _ = floor.examine()
    assert code == 0 and "0.200, 0.300, 0.500" in found["hub"]["found"]
    assert len(json.loads(hub.requests[0].partition(b"\r\n\r\n")[2])["dataframe_split"]["data"][0]) == 22


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (whole(b'{"predictions": [0.7]}'), "hub"),
        (whole(b"no model", status="500 No"), "did not score (500)"),
        (b"", "hub 127.0.0.1"),
    ],
)
def test_a_hub_that_does_not_score(floor: Floor, answer: bytes, told: str) -> None:
    with ScriptedHub([answer, "close"]) as hub:
        floor.set(HUB_HOST="127.0.0.1", HUB_PORT=str(hub.port))
        code, found, text = floor.examine()
    assert (code, bad(found)) == (1, {"hub"}), text
    assert told in found["hub"]["found"] and f"curl -m 5 http://127.0.0.1:{hub.port}/ping" in found["hub"]["todo"]


def test_a_gateway_answers_for_clock_account_and_symbol(floor: Floor, tmp_path: Path) -> None:
    with Served(tmp_path / "gateway", encrypted=False) as served:
        served.bench.clock.wall_s = time.time  # type: ignore[method-assign]
        floor.set(GTW_HOST="127.0.0.1", GTW_PORT=str(served.server.port))
        code, found, text = floor.examine()
        assert code == 0, text
        names = {name for name in found if name.startswith("gateway")}
        more = {"clock", "terminal", "trading", "kill switch", "account", "EURUSD"}
        assert names == {"gateway", *(f"gateway {name}" for name in more)}
        served.bench.clock.wall_s = lambda: time.time() + 8  # type: ignore[method-assign]
        assert bad(floor.examine()[1]) == {"gateway clock"}
        served.bench.clock.wall_s = time.time  # type: ignore[method-assign]
        served.bench.venue.connected = False
        found = floor.examine()[1]
        assert "gateway terminal" in bad(found) and "log in" in found["gateway terminal"]["todo"]


def test_a_gateway_that_is_away(floor: Floor) -> None:
    floor.set(GTW_HOST="127.0.0.1", GTW_PORT=str(dead_port()), MT5_SENTINEL_GTW_TIMEOUT_S="0.2")
    code, found, _ = floor.examine()
    assert (code, bad(found)) == (1, {"gateway"})
    assert "does it run at 127.0.0.1" in found["gateway"]["todo"]


def test_a_gateway_elsewhere_without_keys(floor: Floor) -> None:
    floor.set(GTW_HOST="192.0.2.1")
    assert "mt5-sentinel keys new daemon" in floor.examine()[1]["gateway"]["todo"]


def test_hosts_that_never_answer_are_given_up(floor: Floor, silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_bars, "ASK_S", 0.4)
    monkeypatch.setattr(doctor_wires, "HUB_S_MAX", 0.4)
    monkeypatch.setattr(doctor_wires, "ANSWER_S", 0.4)
    floor.set(HUB_HOST="127.0.0.1", HUB_PORT=str(silent), GTW_HOST="127.0.0.1", GTW_PORT=str(silent))
    floor.flags += ["--eodhd-url", f"http://127.0.0.1:{silent}"]
    code, found, text = floor.examine()
    assert (code, bad(found)) == (1, {"market data", "clock", "hub", "gateway"}), text


def test_a_process_among_silent_hosts_tells_each_line_at_once_and_ends(
    silent: int, environment: dict[str, str], tmp_path: Path
) -> None:
    wires = {"HUB_HOST": "127.0.0.1", "HUB_PORT": str(silent), "GTW_HOST": "127.0.0.1", "GTW_PORT": str(silent)}
    command = [sys.executable, "-m", "mt5_sentinel", "doctor", "--eodhd-url", f"http://127.0.0.1:{silent}"]
    command += ["--metrics-port", "0", "--state-dir", str(tmp_path)]
    # Without PYTHONUNBUFFERED: it is the command that sees to it that a line is out.
    env = {name: text for name, text in environment.items() if name != "PYTHONUNBUFFERED"} | wires
    with subprocess.Popen(command, env=env | {"EODHD_API_TOKEN": TOKEN}, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("✓ configuration")
        assert running.poll() is None, "the silent API alone takes longer"
        said, _ = running.communicate(timeout=60)
    assert running.returncode == 1
    assert {line.split("  ")[0][2:] for line in said.splitlines() if line[0] == "✗"} == {
        *("market data", "clock", "hub", "gateway")
    }


def test_all_limits_together_stay_within_half_a_minute() -> None:
    assert doctor_subject.BUDGET_S + doctor_bars.STEADY_S < 30
    assert doctor_bars.ASK_S <= doctor_subject.BUDGET_S


def test_when_time_is_over_the_rest_is_told_and_not_asked(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_subject, "BUDGET_S", 0.0)
    code, found, _ = floor.examine()
    assert (code, bad(found)) == (1, {"market data", "clock"})
    assert "was not asked" in found["market data"]["found"] and floor.server.requests == []


def test_a_question_that_hangs_is_left_behind(silent: int) -> None:
    def hanging() -> str:
        with socket.create_connection(("127.0.0.1", silent)) as door:
            return door.recv(1).decode()

    with pytest.raises(questions.Broken, match=r"the thing did not answer within 0\.1 s"):
        questions.within(0.1, "the thing", "todo", hanging)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 422, 429, 500])
def test_servers_that_repeat_the_token_do_not_show_it(floor: Floor, status: int) -> None:
    spoken = " ".join([TOKEN, quote(TOKEN, safe=""), json.dumps(TOKEN)])
    floor.server.respond(
        status, f'{{"error": "{spoken}"}}'.encode(), {"X-RateLimit-Remaining": TOKEN, "Location": TOKEN}
    )
    with ScriptedHub([whole(spoken.encode(), status=f"{status} {quote(TOKEN)}")]) as hub:
        floor.set(HUB_HOST="127.0.0.1", HUB_PORT=str(hub.port))
        code, _, text = floor.examine()
        logs.forget()
        assert cli.main(["doctor", *map(str, floor.flags)]) == code == 1
    for shown in (text, floor.capture()):
        assert "tok3n" not in shown


def test_a_configuration_that_is_refused_shows_no_secret(floor: Floor, tmp_path: Path) -> None:
    floor.set(CREDENTIALS_DIRECTORY=str(tmp_path / "credentials"), MT5_SENTINEL_NOTION_TOKEN=f"{TOKEN}-2")
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "review_api_key").write_text(f"{TOKEN}-3\n{TOKEN}\n")
    floor.config(f"eodhd_api_token = 7\nmodel = '{TOKEN}'\n[broken\n")
    code, found, text = floor.examine("--offline", "--eodhd-url", f"https://x/?api_token={quote(TOKEN)}")
    assert code == 1 and "configuration" in bad(found)
    assert "tok3n" not in text
