"""The journal across versions, symbols and threads."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from mt5_sentinel import cli, journal, journal_schema
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.types import CycleRecord
from tests.python.memories import Memory, opening

VERSION_1 = """
CREATE TABLE cycle (
    id            INTEGER PRIMARY KEY,
    started_utc   TEXT NOT NULL,
    finished_utc  TEXT,
    symbol        TEXT NOT NULL,
    mode          TEXT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'interrupted')),
    reason        TEXT NOT NULL,
    detail        TEXT,
    rows          INTEGER,
    bars          INTEGER,
    dropped       TEXT,
    repaired      INTEGER,
    bar_open_s    INTEGER,
    price         REAL,
    score_sell    REAL,
    score_hold    REAL,
    score_buy     REAL,
    action        TEXT,
    confidence    REAL,
    settled       INTEGER NOT NULL DEFAULT 0,
    req_id        TEXT,
    outcome       TEXT,
    equity        REAL,
    drawdown_max  REAL,
    stages_s      TEXT
) STRICT;
CREATE INDEX cycle_settled ON cycle (symbol, mode, bar_open_s) WHERE settled = 1;
CREATE TABLE intent (
    req_id        TEXT PRIMARY KEY,
    cycle_id      INTEGER NOT NULL REFERENCES cycle (id),
    symbol        TEXT NOT NULL,
    mode          TEXT NOT NULL,
    bar_open_s    INTEGER NOT NULL,
    side          TEXT NOT NULL CHECK (side IN ('BUY', 'SELL')),
    close_lots    REAL NOT NULL,
    open_lots     REAL NOT NULL,
    created_utc   TEXT NOT NULL,
    not_after_utc TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('intended', 'filled', 'refused', 'unknown', 'not_sent')),
    detail        TEXT,
    price         REAL,
    closed_lots   REAL,
    opened_lots   REAL,
    profit        REAL
) STRICT;
CREATE INDEX intent_unresolved ON intent (symbol, mode) WHERE state IN ('intended', 'unknown');
"""
"""The tables as the first version made them; what is in the field does not change with the program."""


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A journal of version 1: a cycle with its order, and one that was killed."""
    path = tmp_path / "journal.db"
    db = sqlite3.connect(path)
    db.executescript(VERSION_1)
    columns = "id, started_utc, symbol, mode, status, reason, dropped, bar_open_s, settled, req_id, outcome"
    for values in (
        (1, "2023-11-14T22:13:20.250Z", "EURUSD", "dry-run", "done", "signal", '{"null":1}', 3600, 1, "r1", "filled"),
        (2, "2023-11-14T22:14:20.250Z", "EURUSD", "dry-run", "running", "started", None, None, 0, None, None),
    ):
        db.execute(f"INSERT INTO cycle ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    db.execute(
        "INSERT INTO intent (req_id, cycle_id, symbol, mode, bar_open_s, side, close_lots, open_lots, created_utc,"
        " not_after_utc, state) VALUES ('r1', 1, 'EURUSD', 'dry-run', 3600, 'BUY', 0, 0.1, 'x', 'y', 'intended')"
    )
    db.execute("PRAGMA user_version = 1")
    db.commit()
    db.close()
    return path


def columns(path: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(path) as db:
        return [(row[1], row[2]) for row in db.execute("PRAGMA table_info(cycle)")]


def test_a_journal_of_version_1_is_taken_over_with_its_rows(older: Path, tmp_path: Path) -> None:
    before = list(journal.read(older))
    one = Memory(tmp_path, "dry-run")
    assert one.file._db.execute("PRAGMA user_version").fetchone() == (journal_schema.VERSION,)
    assert (one.unresolved("EURUSD"), one.decided_bar_s("EURUSD")) == (["r1"], 3600)
    after = list(journal.read(older))
    assert [one["req_id"] for one in after[0].pop("intents")] == [one["req_id"] for one in before[0].pop("intents")]
    assert after[0] == before[0]
    assert after[1] == before[1] | {
        "status": "interrupted",
        "reason": "interrupted",
        "detail": "the daemon ended during this cycle",
    }
    record = CycleRecord("EURUSD", "dry-run", 1.0, conditions=["hub_fallback"], quota_units=5, scored_by="local")
    one.finish(record)
    newest = list(journal.read(older))[-1]
    assert (newest["conditions"], newest["quota_units"], newest["scored_by"]) == (["hub_fallback"], 5, "local")
    one.close()
    new = Memory(tmp_path / "new", "dry-run")
    new.close()
    assert columns(older) == columns(new.path), "a file that grew and a new one are the same"
    Memory(tmp_path, "dry-run").close()  # a second start has nothing to do


def test_a_journal_of_version_1_is_read_as_it_is(older: Path) -> None:
    before = older.read_bytes()
    cycles = list(journal.read(older))
    assert (cycles[0]["dropped"], cycles[0]["conditions"], cycles[0]["quota_units"]) == ({"null": 1}, None, None)
    assert older.read_bytes() == before


def test_a_step_that_fails_is_taken_back(older: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, *_ = journal_schema.STEPS
    monkeypatch.setattr(journal_schema, "STEPS", (first, f"{second} CREATE TABLE cycle (x);"))
    with pytest.raises(Misconfigured) as caught:
        Memory(tmp_path, "dry-run")
    assert str(older) in str(caught.value)
    monkeypatch.undo()
    assert "conditions" not in dict(columns(older))
    Memory(tmp_path, "dry-run").close()


@pytest.mark.parametrize("version", [99, -1])
def test_a_journal_of_another_version_is_left_alone(tmp_path: Path, version: int) -> None:
    Memory(tmp_path, "dry-run").close()
    with sqlite3.connect(tmp_path / "journal.db") as db:
        db.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(Misconfigured, match=rf"schema {version}.*schema 4"):
        Memory(tmp_path, "dry-run")
    with sqlite3.connect(tmp_path / "journal.db") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (version,)


def test_threads_do_not_mix_their_rows(tmp_path: Path) -> None:
    one, faults = Memory(tmp_path, "dry-run", durable=False), list[str]()
    together = threading.Barrier(8, timeout=60)

    def write(symbol: str) -> None:
        together.wait()
        for k in range(60):
            record = CycleRecord(symbol, "dry-run", 1.0)
            one.begin(record)
            order = opening(f"{symbol}{k}", k, 1.0, symbol)
            one.intend(order, record)
            if one.unresolved(symbol) != [f"{symbol}{k}"]:
                faults.append(f"{symbol}{k}: unresolved")
            one.settle(order, "filled")
            record.status, record.detail = "done", symbol
            one.finish(record)

    threads = [threading.Thread(target=write, args=(f"S{k}",)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cycles = list(journal.read(one.path))
    one.close()
    assert faults == []
    assert len(cycles) == 8 * 60
    mixed = [cycle for cycle in cycles if not cycle["symbol"] == cycle["detail"] == cycle["intents"][0]["symbol"]]
    assert mixed == []


def test_the_command_shows_one_symbol_and_conditions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = Memory(tmp_path, "dry-run")
    for symbol, conditions in (("EURUSD", ["hub_fallback", "sources_disagree"]), ("GBPUSD", []), ("EURUSD", [])):
        one.finish(CycleRecord(symbol, "dry-run", 1.0, conditions=conditions, detail="text"))
    one.close()
    arguments = ["journal", "--state-dir", str(tmp_path)]
    assert cli.main(arguments) == 0
    assert "[hub_fallback, sources_disagree] text\n" in capsys.readouterr().out
    assert cli.main([*arguments, "--symbol", "GBPUSD"]) == 0
    shown = capsys.readouterr().out
    assert ("GBPUSD" in shown, "EURUSD" in shown, shown.count("\n")) == (True, False, 2)
    assert [cycle["id"] for cycle in journal.read(one.path, 1, "EURUSD")] == [3]
