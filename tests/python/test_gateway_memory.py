"""The gateway's memory as a file, and the kill switch in it."""

from __future__ import annotations

import errno
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import wire
from mt5_sentinel.errors import Misconfigured, Transient, Unsafe
from mt5_sentinel.gateway.memory import Entry, Memory
from mt5_sentinel.gateway.venue import Outcome
from mt5_sentinel.wire import Executed
from tests.python.gateway_desk import Bench, new_id

DONE = Outcome(wire.DONE, "", Executed(3, 1.1, 0.1, -2.5))


def test_it_is_what_it_was_when_it_is_opened_again(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "deep" / "down", 100.0)
    done, open_ = (
        Entry("a", "ORDER_SEND", "d", "{}", 1.0, 2.0, 3.0),
        Entry("b", "ORDER_CLOSE", "e", "{}", 4.0, 5.0, 6.0),
    )
    memory.begin(done)
    memory.end("a", DONE)
    memory.end("a", Outcome(10006, "an outcome never changes"))
    memory.begin(open_)
    memory.bury("c", 7.0)
    memory.close()
    memory = Memory(tmp_path / "deep" / "down", 200.0)
    fates = [memory.fate(req_id) for req_id in "abc"]
    assert [fate and (fate.entry, fate.state) for fate in fates[:2]] == [(done, "executed"), (open_, "sending")]
    assert [fate and fate.outcome.retcode for fate in fates] == [wire.DONE, 10012, wire.EXPIRED]
    assert fates[0] is not None
    assert fates[0].outcome == DONE
    assert (memory.created_s, memory.fate("d"), memory.sending()) == (100.0, None, [fates[1]])
    memory.close()


def test_writes_are_fsynced(tmp_path: Path) -> None:
    memory = Memory(tmp_path, 100.0)
    modes = [memory._rows(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous")]
    assert modes == ["wal", 2]
    memory.close()


def test_two_gateways_never_share_a_memory(tmp_path: Path) -> None:
    memory = Memory(tmp_path, 100.0)
    for _ in range(2):
        with pytest.raises(Transient, match="another gateway is writing"):
            Memory(tmp_path, 100.0)
    imports = "from pathlib import Path; from mt5_sentinel.gateway.memory import Memory"
    code = f"{imports}; Memory(Path({str(tmp_path)!r}), 1.0)"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "another gateway is writing" in other.stderr
    memory.close()
    Memory(tmp_path, 100.0).close()


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "gateway.db").write_bytes(b"something else, and long enough to be looked at" * 100)
    with pytest.raises(Misconfigured, match="is no memory of a gateway"):
        Memory(tmp_path, 100.0)
    (tmp_path / "gateway.db").unlink()
    with sqlite3.connect(tmp_path / "gateway.db") as other:
        other.execute("PRAGMA user_version = 9")
        other.execute("CREATE TABLE anything (x)")
    other.close()
    with pytest.raises(Misconfigured, match="schema 9"):
        Memory(tmp_path, 100.0)
    with pytest.raises(Misconfigured, match="cannot be written"):
        Memory(Path("/proc/none"), 100.0)


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("database or disk is full"),
        sqlite3.OperationalError("database is locked"),
        OSError(errno.ENOSPC, "No space left on device"),
    ],
)
def test_a_full_disk_at_the_start_may_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr(Memory, "_rows", full)
    with pytest.raises(Transient, match="cannot be written now"):
        Memory(tmp_path, 100.0)
    monkeypatch.undo()
    Memory(tmp_path, 100.0).close()


def test_what_was_replaced_is_not_written_to(tmp_path: Path) -> None:
    memory = Memory(tmp_path, 100.0)
    (tmp_path / "gateway.db").unlink()
    with pytest.raises(Unsafe, match="removed or replaced"):
        memory.begin(Entry("a"))
    (tmp_path / "gateway.db").write_bytes(b"")
    with pytest.raises(Unsafe):
        memory.begin(Entry("a"))
    memory.close()


def test_the_kill_switch_outlasts_the_process(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert bench.ask("KILL_SWITCH", {"on": True, "reason": "the news"}).retcode == wire.DONE
    bench.restart()
    reply = bench.buy()
    assert (reply.retcode, "the news" in reply.msg) == (wire.HALTED, True)
    bench.clock.pass_s(1)
    bench.ask("KILL_SWITCH", {"on": False, "reason": "over"})
    bench.restart()
    assert bench.buy().retcode == wire.DONE
    changes = bench.memory._rows("SELECT halted, reason FROM halt_change ORDER BY id")
    assert changes == [(1, "the news"), (0, "")]


def test_a_late_or_overtaken_command_never_switches_it_off(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    sent_s = bench.clock.wall_s()
    bench.ask("KILL_SWITCH", {"on": True})
    bench.clock.pass_s(2)
    bench.restart()
    for sent, until in ((0, 20), (-1, 20), (1, 1.5)):
        off = bench.ask("KILL_SWITCH", {"on": False}, timestamp=sent_s + sent, not_after=sent_s + until)
        assert off.retcode == wire.EXPIRED
    assert bench.buy().retcode == wire.HALTED
    late: dict[str, Any] = {"timestamp": sent_s - 99, "not_after": sent_s - 98}
    assert bench.ask("KILL_SWITCH", {"on": True}, **late).retcode == wire.DONE, "on is always safe"
    assert bench.ask("KILL_SWITCH", {"on": False}, new_id()).retcode == wire.DONE
    assert bench.ask("KILL_SWITCH", {"on": False}).retcode == wire.DONE


def test_a_command_from_the_far_future_does_not_keep_it_on_for_ever(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.ask("KILL_SWITCH", {"on": True}, timestamp=9e9, not_after=9e9)
    bench.clock.pass_s(6)
    assert bench.ask("KILL_SWITCH", {"on": False}).retcode == wire.DONE


def test_an_old_command_does_not_switch_it_on_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    sent_s = bench.clock.wall_s()
    on: dict[str, Any] = {"timestamp": sent_s, "not_after": sent_s + 20}
    assert bench.ask("KILL_SWITCH", {"on": True}, **on).retcode == wire.DONE
    bench.clock.pass_s(2)
    assert bench.ask("KILL_SWITCH", {"on": False}).retcode == wire.DONE
    bench.restart()
    assert bench.ask("KILL_SWITCH", {"on": True}, **on).retcode == wire.EXPIRED, "overtaken, though in time"
    assert bench.buy().retcode == wire.DONE
    late: dict[str, Any] = {"timestamp": bench.clock.wall_s() + 1, "not_after": bench.clock.wall_s() + 2}
    bench.clock.pass_s(62.1)
    assert bench.ask("KILL_SWITCH", {"on": True}, **late).retcode == wire.EXPIRED
    bench.clock.pass_s(-0.2)
    assert bench.ask("KILL_SWITCH", {"on": True}, **late).retcode == wire.DONE, "late by seconds is the safe side"
    assert bench.buy().retcode == wire.HALTED


def halted_ahead(path: Path, wanted: list[bool]) -> Bench:
    """A gateway whose clock was two hours ahead when it got these commands, and was set right."""
    bench = Bench(path)
    bench.clock.wall += 7200
    for on in wanted:
        bench.clock.pass_s(1)
        assert bench.ask("KILL_SWITCH", {"on": on}).retcode == wire.DONE
    bench.clock.wall -= 7200
    bench.ask("HEARTBEAT")
    bench.clock.pass_s(1)
    return bench


@pytest.mark.parametrize("restarts", [False, True])
def test_a_clock_that_was_ahead_does_not_keep_it_on(tmp_path: Path, restarts: bool) -> None:
    bench = halted_ahead(tmp_path, [True])
    assert bench.ask("KILL_SWITCH", {"on": False}).retcode == wire.EXPIRED, "while the clock is doubted"
    if restarts:
        bench.restart()
    bench.clock.pass_s(60)
    bench.ask("HEARTBEAT")
    if restarts:
        bench.restart()
    assert bench.ask("KILL_SWITCH", {"on": False}).retcode == wire.DONE, "at once, for the correction is on disk"


@pytest.mark.parametrize("passed_s", [0, 60])
def test_a_clock_that_was_ahead_does_not_keep_it_off(tmp_path: Path, passed_s: float) -> None:
    bench = halted_ahead(tmp_path, [True, False])
    bench.clock.pass_s(passed_s)
    assert bench.ask("KILL_SWITCH", {"on": True}).retcode == wire.DONE


def test_a_command_of_the_far_future_does_not_switch_it_off(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.ask("KILL_SWITCH", {"on": True})
    assert bench.ask("KILL_SWITCH", {"on": False}, timestamp=9e9, not_after=9e9).retcode == wire.INVALID
    assert bench.buy().retcode == wire.HALTED


def test_a_switch_that_cannot_be_written_down_is_on(tmp_path: Path) -> None:
    bench = Bench(tmp_path)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    write = bench.memory.write
    bench.memory.write = full  # type: ignore[method-assign, assignment]
    reply = bench.ask("KILL_SWITCH", {"on": True, "reason": "x"})
    assert (reply.retcode, "until this process ends" in reply.msg) == (wire.INTERNAL, True)
    bench.memory.write = write  # type: ignore[method-assign]
    assert bench.buy().retcode == wire.HALTED
    bench.clock.pass_s(1)
    bench.memory.write = full  # type: ignore[method-assign, assignment]
    assert bench.ask("KILL_SWITCH", {"on": False}).retcode == wire.INTERNAL
    bench.memory.write = write  # type: ignore[method-assign]
    assert bench.buy().retcode == wire.HALTED, "what makes less safe waits for the disk"
