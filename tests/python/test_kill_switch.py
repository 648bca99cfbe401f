"""The kill switch: what persons ask for by files and commands."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import kill_switch
from mt5_sentinel.commands import halt, resume
from mt5_sentinel.errors import Misconfigured, Unusable
from mt5_sentinel.risk import Risk
from tests.python.risk_place import DAY_S, NOW_S, Place, book, position, ruled


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    one = Place(tmp_path / "state")
    yield one
    one.file.close()


@pytest.mark.parametrize(
    ("text", "switch"),
    [("", "halt"), ("halt\nflatten", "halt"), ("flatten", "flatten"), ("FLATTEN now", "flatten"), ("\xff\x00", "halt")],
)
def test_a_file_halts_by_being_there(place: Place, text: str, switch: str) -> None:
    risk, held = place.risk(), book(10_000.0, position(7))
    assert risk.observe(held, NOW_S) == []
    (place.directory / "HALT").write_text(text, "utf-8")
    assert risk.observe(held, NOW_S) == ["halted", "kill_switch"]
    ruling = ruled(risk, of=held)
    assert (ruling.refusal, len(ruling.exits)) == ("refused_kill_switch", 1)
    assert [one.purpose for one in risk.due_exits(held, NOW_S)] == ["kill_switch"] * (switch == "flatten")
    (place.directory / "HALT").unlink()
    assert (risk.observe(held, NOW_S), ruled(risk, of=held).refusal) == ([], None)
    assert place.changes == [("HALTED", "kill_switch"), ("ACTIVE", None)]


def test_what_cannot_be_read_halts(place: Place) -> None:
    path = place.directory / "HALT"
    path.mkdir()
    assert kill_switch.read(path) == "halt"
    path.rmdir()
    path.symlink_to(place.directory / "nowhere")
    assert kill_switch.read(path) == "halt"
    path.unlink()
    assert kill_switch.read(path) == "off"
    (place.directory / "a").write_text("")
    assert kill_switch.read(place.directory / "a" / "HALT") == "halt"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: who owns what root writes")
def test_what_root_writes_the_daemon_can_read(tmp_path: Path) -> None:
    """Under a strict umask of root's the service user could not read `flatten`, and would only halt."""
    os.chown(tmp_path, 12345, 23456)
    umask = os.umask(0o077)
    try:
        halted = kill_switch.halt(tmp_path, flatten=True, reason="x")
        adopted = kill_switch.adopt(tmp_path, "EURUSD")
        found = {path: path.stat().st_uid for path in (halted, adopted)}
        kill_switch.resume(tmp_path)
        found[tmp_path / "RESUME"] = (tmp_path / "RESUME").stat().st_uid
    finally:
        os.umask(umask)
    assert set(found.values()) == {12345}, found


@pytest.mark.parametrize("command", ["halt", "resume", "adopt"])
def test_a_planted_link_is_replaced_and_never_followed(tmp_path: Path, command: str) -> None:
    """The state directory is the service user's, and root writes into it."""
    precious = tmp_path / "precious"
    precious.write_text("root's")
    state = tmp_path / "state"
    state.mkdir()
    name = {"halt": "HALT", "resume": "RESUME", "adopt": "ADOPT.EURUSD"}[command]
    (state / name).symlink_to(precious)
    if command == "halt":
        kill_switch.halt(state, flatten=True, reason="x")
        assert kill_switch.read(state / "HALT") == "flatten"
    elif command == "resume":
        kill_switch.resume(state)
    else:
        kill_switch.adopt(state, "EURUSD")
    assert precious.read_text() == "root's"
    assert not (state / name).is_symlink()
    assert sorted(path.name for path in state.iterdir()) == [name]


def test_a_pipe_halts_and_hangs_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "HALT")
    assert kill_switch.read(tmp_path / "HALT") == "halt"
    kill_switch.halt(tmp_path, flatten=True, reason="x")
    assert kill_switch.read(tmp_path / "HALT") == "flatten"


def test_what_cannot_be_put_there_is_one_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "HALT" / "in the way").mkdir(parents=True)
    with pytest.raises(Unusable, match="HALT: cannot be written"):
        kill_switch.halt(tmp_path, flatten=False, reason="x")
    assert [path.name for path in tmp_path.iterdir()] == ["HALT"]


def test_a_configured_file_halts_beside_the_usual_one(place: Place, tmp_path: Path) -> None:
    other = tmp_path / "stop"
    risk = place.risk(halt_file=str(other))
    for path in (other, place.directory / "HALT"):
        assert ruled(risk).refusal is None
        path.write_text("flatten")
        assert ruled(risk).refusal == "refused_kill_switch"
        assert len(risk.due_exits(book(10_000.0, position(7)), NOW_S)) == 1
        path.unlink()


def fallen(place: Place) -> Risk:
    """Halted by drawdown."""
    risk = place.risk()
    risk.observe(book(10_400.0), NOW_S - DAY_S)
    assert risk.observe(book(9_900.0), NOW_S) == ["drawdown_warn", "halted"]
    return risk


def test_resume_begins_the_highest_mark_anew(place: Place) -> None:
    risk = fallen(place)
    assert ruled(risk, of=book(9_900.0)).refusal == "refused_drawdown"
    assert kill_switch.resume(place.directory) is False
    assert risk.observe(book(9_900.0), NOW_S) == []
    assert ruled(risk, of=book(9_900.0)).refusal is None
    assert not (place.directory / "RESUME").exists()
    assert place.file.rows("SELECT peak_equity, state, because FROM risk") == [(9_900.0, "ACTIVE", None)]
    assert [state for state, _ in place.changes] == ["HALTED", "ACTIVE"]
    assert str(place.changes[1][1]).startswith("resume ")


def test_a_resume_is_followed_once_even_where_its_file_stays(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the drawdown would be measured from each cycle's own equity."""
    risk = fallen(place)
    monkeypatch.setattr(kill_switch, "forget_resume", lambda *_: None)
    kill_switch.resume(place.directory)
    for minute, equity in enumerate((9_900.0, 9_810.0)):
        risk.observe(book(equity), NOW_S + minute)
    assert place.file.rows("SELECT peak_equity FROM risk") == [(9_900.0,)]


def test_a_resume_whose_change_was_not_written_is_followed_later(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    risk = fallen(place)
    kill_switch.resume(place.directory)
    with monkeypatch.context() as broken:
        broken.setattr(place.file, "write", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            risk.observe(book(9_900.0), NOW_S)
    assert (place.directory / "RESUME").exists()
    assert risk.observe(book(9_900.0), NOW_S) == []


def test_a_resume_asked_for_meanwhile_is_kept(place: Place) -> None:
    kill_switch.resume(place.directory)
    first = kill_switch.resume_mark(place.directory)
    os.utime(place.directory / "RESUME", (NOW_S, NOW_S))
    kill_switch.forget_resume(place.directory, first)
    assert kill_switch.resume_mark(place.directory) == f"resume {NOW_S}000000000"
    kill_switch.forget_resume(place.directory, f"resume {NOW_S}000000000")
    assert kill_switch.resume_mark(place.directory) is None


def test_a_resume_does_not_forgive_the_day(place: Place) -> None:
    risk = place.risk()
    risk.observe(book(), NOW_S)
    risk.observe(book(9_900.0), NOW_S)
    kill_switch.resume(place.directory)
    assert risk.observe(book(9_900.0), NOW_S) == ["daily_loss_warn", "halted"]


def test_halt_and_resume_lift_no_halt_of_the_day(place: Place) -> None:
    """The loss has recovered meanwhile; the halt lasts until the next UTC day all the same, across a restart too."""
    risk = place.risk()
    for second, equity in enumerate((10_000.0, 9_895.0, 9_960.0)):
        risk.observe(book(equity), NOW_S + second)
    kill_switch.halt(place.directory, flatten=False, reason="")
    risk.observe(book(9_960.0), NOW_S + 60)
    kill_switch.resume(place.directory)
    place.restart()
    risk = place.risk()
    assert risk.observe(book(9_960.0), NOW_S + 120) == ["halted"]
    assert ruled(risk, of=book(9_960.0)).refusal == "refused_daily_loss"
    assert (place.changes[-1][0], place.file.rows("SELECT peak_equity FROM risk")) == ("HALTED", [(10_000.0,)])
    assert risk.observe(book(9_960.0), NOW_S + DAY_S) == []


def run(command: Any, *flags: str) -> int:
    """A command with its own parser; the whole command line needs every other command."""
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    name = command.__name__.rsplit(".", 1)[1]
    code: int = command.execute(parser.parse_args([name, *flags]))
    return code


def test_the_commands_write_what_the_daemon_reads(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    risk, held, where = place.risk(), book(10_000.0, position(7)), ("--state-dir", str(place.directory))
    assert run(halt, "--reason", "flatten is\nnot meant", *where) == 0
    assert (place.directory / "HALT").read_text() == "halt\nflatten is not meant\n"
    assert (risk.observe(held, NOW_S), risk.due_exits(held, NOW_S)) == (["halted", "kill_switch"], [])
    assert run(halt, "--flatten", *where) == 0
    assert len(risk.due_exits(held, NOW_S)) == 1
    said = capsys.readouterr()
    assert "It closes its own positions in the symbols it trades" in said.out
    assert said.err == "", "there is a journal"
    assert run(resume, *where, "--adopt", "EURUSD", "--adopt", "XAUUSD.s") == 0
    assert {path.name for path in place.directory.iterdir()} >= {"RESUME", "ADOPT.EURUSD", "ADOPT.XAUUSD.s"}
    assert f"removed {place.directory / 'HALT'}" in capsys.readouterr().out
    assert (risk.observe(held, NOW_S), risk.due_exits(held, NOW_S)) == ([], [])
    assert run(resume, *where) == 0
    assert "there was no" in capsys.readouterr().out
    assert run(halt, *where) == 0
    assert not (place.directory / "RESUME").exists(), "a halt takes back what was asked before it"


def test_the_commands_refuse_what_they_cannot_do(place: Place, tmp_path: Path) -> None:
    for name in ("../EURUSD", "", "EUR/USD", "a" * 33):
        with pytest.raises(Misconfigured, match="no symbol's name"):
            run(resume, "--state-dir", str(place.directory), "--adopt", name)
    assert not (place.directory / "RESUME").exists()
    with pytest.raises(Unusable, match="cannot be written"):
        run(halt, "--state-dir", str(tmp_path / "nowhere"))
