"""The journal: what was begun is never forgotten, one process writes, anyone may read."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mt5_sentinel import journal
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.types import CycleRecord
from tests.python.memories import BAR_S, FILL, NOW_S, Memory, Open, begun, kill, opened, request

__all__ = ["opened"]


def test_a_cycle_comes_back_as_it_was_written(opened: Open) -> None:
    one = opened()
    cycle = begun(one)
    found: dict[str, Any] = {
        "finished_s": NOW_S + 1.5, "status": "done", "reason": "signal", "detail": "ünïcode 'quoted'", "rows": 300,
        "bars": 298, "dropped": {"null": 1, "forming": 1}, "repaired": 2, "bar_open_s": BAR_S, "price": 1.23456,
        "scores": (0.1, 0.2, 0.7000000000000001), "action": "BUY", "confidence": 0.7000000000000001, "settled": True,
        "req_id": "r1", "outcome": "filled", "equity": 10_000.5, "drawdown_max": 3.25,
        "stages_s": {"fetch": 0.25, "parse": 1e-5}, "conditions": ["hub_disagrees", "sources_disagree"],
        "fetch_calls": 2, "quota_units": 10, "scored_by": "local", "other_scores": (0.2, 0.3, 0.5),
    }  # fmt: skip
    cycle = msgspec.structs.replace(cycle, **found)
    one.intend(request("r1"), cycle)
    one.settle(request("r1"), "filled", fill=FILL)
    one.finish(cycle)
    (row,) = journal.read(one.path)
    sell, hold, buy = found.pop("scores")
    others = dict(zip(("other_sell", "other_hold", "other_buy"), found.pop("other_scores"), strict=True))
    del found["finished_s"]
    expected = found | others | {"score_sell": sell, "score_hold": hold, "score_buy": buy, "symbol": "EURUSD"}
    assert (row["started_utc"], row["finished_utc"]) == ("2023-11-14T22:13:20.250Z", "2023-11-14T22:13:21.750Z")
    assert {name: row[name] for name in expected} == expected
    assert row["settled"] is True
    (intent,) = row["intents"]
    assert (intent["state"], intent["price"], intent["side"], intent["mode"]) == ("filled", 1.1, "BUY", "dry-run")
    assert (intent["created_utc"], intent["not_after_utc"]) == ("2023-11-14T22:13:20.250Z", "2023-11-14T22:13:50.250Z")


def test_every_fact_of_a_record_has_its_column(opened: Open) -> None:
    one = opened()
    columns = {
        row[1]
        for table in ("cycle", "intent", "newest_row")
        for row in one.file._db.execute(f"PRAGMA table_info({table})")
    }
    renamed = {"cycle_id": "id", "started_s": "started_utc", "finished_s": "finished_utc"}
    renamed |= {"scores": "score_sell", "other_scores": "other_sell"}
    renamed |= {"outcomes": "state"}  # of each order of the cycle, in its own row
    assert {renamed.get(field.name, field.name) for field in msgspec.structs.fields(CycleRecord)} - columns == set()


def test_last_gives_the_newest_in_order(opened: Open) -> None:
    one = opened()
    for i in range(5):
        begun(one, reason=f"r{i}")
    assert [row["reason"] for row in journal.read(one.path, 2)] == ["r3", "r4"]
    assert len(list(journal.read(one.path))) == 5
    assert len(list(journal.read(one.path, 99))) == 5


def test_a_killed_cycle_is_interrupted_at_the_next_start(opened: Open) -> None:
    one = opened()
    done = begun(one)
    done.status, done.reason = "done", "model_hold"
    one.finish(done)
    begun(one)
    kill(one)
    assert [(row["status"], row["reason"]) for row in journal.read(opened().path)] == [
        ("done", "model_hold"),
        ("interrupted", "interrupted"),
    ]


def test_a_process_killed_with_sigkill_leaves_its_trace_and_no_lock(opened: Open, tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from mt5_sentinel.types import CycleRecord; from tests.python.memories import Memory, opening\n"
        "j = Memory(Path(sys.argv[1])); r = CycleRecord('EURUSD', 'dry-run', 1.0); j.begin(r)\n"
        "j.intend(opening('k', 0, 1.0), r)\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "state")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        with pytest.raises(Misconfigured) as caught:
            opened()
        assert caught.value.reason == "journal_locked"
        assert str(tmp_path / "state") in str(caught.value)
        other.send_signal(signal.SIGKILL)
        other.wait(10)
    one = opened()
    assert [row["status"] for row in journal.read(one.path)] == ["interrupted"]
    assert one.unresolved("EURUSD") == ["k"]


def test_a_second_journal_is_refused_and_does_no_harm(opened: Open) -> None:
    one = opened()
    cycle = begun(one)
    with pytest.raises(Misconfigured) as caught:
        opened()
    assert (caught.value.reason, caught.value.exit_code) == ("journal_locked", 78)
    assert [row["status"] for row in journal.read(one.path)] == ["running"], "the running cycle is not 'interrupted'"
    cycle.status = "done"
    one.finish(cycle)
    one.close()
    opened()


def corrupt(state: Path) -> None:
    (state / "journal.db").write_bytes(b"this is not a database" * 500)


def newer(state: Path) -> None:
    db = sqlite3.connect(state / "journal.db")
    db.execute("PRAGMA user_version = 99")
    db.close()


@pytest.mark.parametrize("damage", [corrupt, newer])
def test_a_refused_file_gives_the_lock_back(opened: Open, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    state = tmp_path / "state"
    state.mkdir()
    damage(state)
    with pytest.raises(Misconfigured) as caught:
        opened()
    assert str(state / "journal.db") in str(caught.value)
    assert caught.value.reason == ("journal_schema" if damage is newer else "journal_foreign")
    (state / "journal.db").unlink()
    opened()  # in the same process, once the file is out of the way


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_in_the_way_of_the_directory_is_named(opened: Open, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(Misconfigured) as caught:
        opened(directory=tmp_path / place)
    assert str(tmp_path / place) in str(caught.value)
    assert "set state_dir" in str(caught.value)
    assert (tmp_path / "file").read_text() == "mine"


def test_reading_a_missing_or_foreign_file(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no journal there"):
        list(journal.read(tmp_path / "journal.db"))
    assert list(tmp_path.iterdir()) == [], "reading creates nothing"
    corrupt(tmp_path)
    with pytest.raises(Misconfigured, match="not a readable journal"):
        list(journal.read(tmp_path / "journal.db"))


def test_reading_while_another_thread_writes(opened: Open) -> None:
    one, counts, stop = opened(), list[int](), threading.Event()

    def watch() -> None:
        while not stop.is_set():
            counts.append(len(list(journal.read(one.path))))

    reader = threading.Thread(target=watch)
    reader.start()
    for _ in range(200):
        one.finish(begun(one))
    stop.set()
    reader.join()
    assert counts == sorted(counts)
    assert len(list(journal.read(one.path))) == 200


@pytest.mark.parametrize(("durable", "level"), [(True, 2), (False, 0)])
def test_durable_means_synchronous_full(tmp_path: Path, durable: bool, level: int) -> None:
    one = Memory(tmp_path, "dry-run", durable=durable)
    assert one.file._db.execute("PRAGMA synchronous").fetchone() == (level,)
    assert one.file._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert not one.file._db.in_transaction
    one.close()
