"""``status``: the screen, the object for scripts, the exit code; all of it equal to the journal."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import cli, spans
from mt5_sentinel.commands import status_words, top_screen
from mt5_sentinel.types import Execution
from tests.python.conftest import Sentinel
from tests.python.memories import request
from tests.python.standing_place import BAR_S, NOW_S, Place, Places, place, places

__all__ = ["place", "places"]

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands at the moment that the cycles end at, and the screen is a pipe of 80 columns."""
    monkeypatch.setattr("time.time", lambda: NOW_S)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


def trading(one: Place) -> Place:
    """A position, an order on its way, a decision, then a cycle that failed."""
    cycle = one.cycle(140.0, action="BUY", confidence=0.71, scores=(0.09, 0.2, 0.71), reason="signal", equity=9_990.126)
    one.memory.intend(request("r1", BAR_S, NOW_S - 141), cycle)
    fill = Execution(ticket=7, price=1.23456, lots=0.1)
    one.memory.settle(request("r1", BAR_S, NOW_S - 141), "filled", fill=fill)
    one.memory.intend(request("r2", BAR_S + 60, NOW_S - 139), cycle)
    one.failed(20.0)
    return one


def test_all_is_well(place: Place, capsys: Captured) -> None:
    place.cycle()
    assert cli.main(["status", "--state-dir", str(place.directory)]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[:2] == ["mt5-sentinel 9.9.9  dry-run  since 11:00:00 UTC", "all is well"]
    assert "HOLD 0.5000 against 0.6000  model_hold  11:59:40" in out
    assert re.search(r"^  ok +halt +not halted$", out, re.MULTILINE)


def test_the_screen_shows_what_an_operator_asks(place: Place, capsys: Captured) -> None:
    trading(place)
    assert cli.main(["status", "--journal", str(place.path)]) == 1
    out = capsys.readouterr().out
    for told in (
        "WARN: loop EURUSD, broker EURUSD",
        "BUY 0.7100 against 0.6000  signal  11:57:40",
        "failed  source_down: 503  11:59:40",
        "BUY 0.1 at 1.23456, stop 1.09, target 1.12",
        "open BUY 0.1 intended  2023-11-15 11:57:41",
        "9,990.13 USD  11:57:40",
        "12.50 of 500.00 USD",
        "0.00 of 100,000.00 USD",
        "0 of 1,000 units today",
    ):
        assert told in out, told


@pytest.mark.parametrize(
    ("price", "lots", "told"),
    [
        (97123.45, 0.0005, "BUY 0.0005 at 97123.45"),
        (34.12345, 0.1 + 0.2, "BUY 0.3 at 34.12345"),
        (1234567.8, 5.0, "BUY 5 at 1234567.8"),
        (0.00001234, 1_000_000.0, "BUY 1000000 at 0.00001234"),
    ],
)
def test_prices_and_lots_keep_their_digits(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: Captured, price: float, lots: float, told: str
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    shown = told.rpartition(" ")[2]
    trading(place)
    place.execute("UPDATE position SET price = ?1, sl = ?1, tp = ?1, lots = ?2", price, lots)
    place.execute("UPDATE intent SET price = ?, open_lots = ?, state = 'filled'", price, lots)
    cli.main(["status", "--journal", str(place.path)])
    out = capsys.readouterr().out
    assert f"{told}, stop {shown}, target {shown}\n" in out
    assert f"open {told} filled" in out
    assert top_screen._symbol(place.look().symbols[0])[3] == " ".join(told.split()[:2])
    cli.main(["journal", "--journal", str(place.path), "--with-orders"])
    assert f"BUY at {shown}\n" in capsys.readouterr().out


def test_a_daemon_that_is_not_running_is_told_so(place: Place, capsys: Captured) -> None:
    place.cycle(7_200.0)
    place.desk(at_s=NOW_S - 7_300)
    assert cli.main(["status", "--journal", str(place.path)]) == 1
    assert capsys.readouterr().out.splitlines()[1] == "NOT RUNNING: nothing was heard of it for 2 h"


@pytest.mark.parametrize("columns", [40, 80])
def test_it_fits(places: Places, columns: int, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    one = trading(places("live").desk("EURUSD", "GBPUSD"))
    monkeypatch.setenv("COLUMNS", str(columns))
    cli.main(["status", "--journal", str(one.path)])
    out = capsys.readouterr().out
    assert max(len(line) for line in out.splitlines()) <= columns
    assert "\x1b" not in out, "no colours in a pipe"
    words = " ".join(out.split())
    assert "BUY 0.1 at 1.23456" in words
    assert "GBPUSD" in words


def test_a_narrow_terminal_has_the_texts_of_lights_below(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    trading(place)
    cli.main(["status", "--journal", str(place.path)])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 20 and "\u2026" not in out
    assert "\n  WARN loop EURUSD\n    " in out
    assert "ok halt it is not known whether risk halts: source_down: 503" in " ".join(out.split())


def test_colours_are_for_terminals_and_not_where_they_are_unwanted(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    place.cycle(300.0)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    cli.main(["status", "--journal", str(place.path)])
    assert "\x1b[1;31mNOT RUNNING" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    cli.main(["status", "--journal", str(place.path)])
    assert "\x1b[1;31m" not in capsys.readouterr().out


def test_what_comes_from_outside_cannot_drive_the_terminal(place: Place, capsys: Captured) -> None:
    place.failed(20.0, detail="\x1b]0;title\x07\x1b[2J[bold]x\r\n9", halted_because="a\x1b[31mb")
    cli.main(["status", "--journal", str(place.path)])
    out = capsys.readouterr().out
    assert not [sign for sign in out if not sign.isprintable() and sign != "\n"]
    assert "[bold]x  9" in out


def test_the_numbers_of_the_object_are_those_of_the_journal(places: Places, capsys: Captured) -> None:
    one = places("demo").desk("EURUSD", "GBPUSD")
    trading(one).cycle(15.0, "GBPUSD", equity=9_991.0, exposure=123.25, confidence=0.1 + 0.2, drawdown_max=7.0 / 3)
    assert cli.main(["status", "--json", "--journal", str(one.path)]) == 1
    told = json.loads(capsys.readouterr().out)
    db = sqlite3.connect(one.path)
    db.row_factory = sqlite3.Row

    def first(query: str, *values: Any) -> dict[str, Any]:
        return dict(db.execute(query, values).fetchone())

    account = first("SELECT equity, drawdown_max AS drawdown, exposure, positions, risk_state, risk_because,"
        " finished_utc AS known_utc FROM cycle WHERE equity IS NOT NULL ORDER BY id DESC LIMIT 1")  # fmt: skip
    assert {name: told["account"][name] for name in account} == account
    assert [symbol["symbol"] for symbol in told["symbols"]] == ["EURUSD", "GBPUSD"]
    for symbol in told["symbols"]:
        last = first("SELECT id, finished_utc, status, reason, detail, trace_id FROM cycle WHERE symbol = ?"
            " ORDER BY id DESC LIMIT 1", symbol["symbol"])  # fmt: skip
        assert {name: symbol["last_cycle"][name] for name in last} == last
        decision = first("SELECT id AS cycle_id, finished_utc, action, confidence, reason, price FROM cycle WHERE"
            " symbol = ? AND action IS NOT NULL ORDER BY id DESC LIMIT 1", symbol["symbol"])  # fmt: skip
        assert {name: symbol["decision"][name] for name in decision} == decision
        held = db.execute("SELECT ticket, side, lots, price, sl, tp, opened_utc FROM position WHERE symbol = ?",
            (symbol["symbol"],)).fetchall()  # fmt: skip
        assert symbol["positions"] == [dict(row) for row in held]
    order = first("SELECT req_id, created_utc, kind, side, open_lots AS lots, state, purpose, price, profit, detail"
        " FROM intent ORDER BY created_s DESC LIMIT 1")  # fmt: skip
    assert told["symbols"][0]["last_order"] == order
    assert told["symbols"][1]["last_order"] is None
    db.close()


def test_the_keys_of_the_object_do_not_change_unseen(place: Place, capsys: Captured) -> None:
    trading(place)
    cli.main(["status", "--json", "--journal", str(place.path)])
    told = json.loads(capsys.readouterr().out)
    assert (told["format"], told["level"], told["now_utc"]) == (1, "warn", "2023-11-15T12:00:00.000Z")
    keys = {f"{key}.{name}" for key in ("account",) for name in told[key]} | set(told)
    keys |= {f"lights[].{name}" for name in told["lights"][0]} | {f"symbols[].{name}" for name in told["symbols"][0]}
    guide = (Path(__file__).parent.parent.parent / "docs" / "TERMINAL.md").read_text(encoding="utf-8")
    assert not [key for key in keys if f"`{key}`" not in guide]


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_what_cannot_be_shown_is_one_clear_line(
    tmp_path: Path, places: Places, arguments: list[str], capsys: Captured
) -> None:
    assert cli.main(["status", "--state-dir", str(tmp_path / "none"), *arguments]) == 78
    assert "no journal there" in capsys.readouterr().err
    one = places()
    assert cli.main(["status", "--journal", str(one.path), *arguments]) == 78
    assert "no daemon of this version has written it yet" in capsys.readouterr().err
    one.desk().execute("UPDATE desk SET facts = '{'")
    assert cli.main(["status", "--journal", str(one.path), *arguments]) == 65
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert "table desk, row 1, facts" in told.err
    assert cli.main(["status", "--no-such-flag"]) == 2


def test_as_a_process_with_the_state_of_the_service(
    place: Place, environment: dict[str, str], sentinel: Sentinel
) -> None:
    place.cycle()
    done = sentinel("status", "--json", STATE_DIRECTORY=str(place.directory))
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout)["symbols"][0]["decision"]["confidence"] == 0.5
    done = sentinel("status", STATE_DIRECTORY=str(place.directory), COLUMNS="80", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (1, "")
    assert "NOT RUNNING: nothing was heard of it for" in done.stdout


def test_rich_is_loaded_by_the_screen_alone(place: Place) -> None:
    place.cycle()
    code = (
        "import sys; from mt5_sentinel import cli; import mt5_sentinel.daemon\n"
        "cli.main(sys.argv[1:]); assert 'rich' not in sys.modules, 'rich'"
    )
    command = [sys.executable, "-c", code, "status", "--json", "--journal", str(place.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_words() -> None:
    ages = [spans.told(seconds) for seconds in (0.4, 119.0, 120.0, 7_199.0, 7_200.0, 172_800.0, 3e8)]
    assert ages == ["0 s", "119 s", "2 min", "120 min", "2 h", "2 days", "3,472 days"]
    assert status_words.moment(NOW_S - 86_400, NOW_S) == "11-14 12:00:00"
    assert status_words.moment(0.0, NOW_S) == "1970-01-01 00:00:00"
    assert (status_words.moment(None, NOW_S), status_words.money(None)) == ("-", "-")
