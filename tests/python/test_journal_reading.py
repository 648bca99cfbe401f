"""``journal`` beside a daemon that writes: each row once, in order, and the log may begin anew meanwhile."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from mt5_sentinel import database, journal
from mt5_sentinel.view import journal_rows
from mt5_sentinel.view.journal_rows import ROWS_AT_ONCE, Wish
from tests.python.standing_place import Place, many, place, places

__all__ = ["place", "places"]

COUNT = 5 * ROWS_AT_ONCE


def writer(path: Path) -> sqlite3.Connection:
    return database.connect(path, durable=False)


def copied(db: sqlite3.Connection, times: int) -> None:
    """So many more cycles, each a copy of the newest."""
    names = ", ".join(row[1] for row in db.execute("PRAGMA table_info(cycle)") if row[1] != "id")
    query = f"INSERT INTO cycle ({names}) SELECT {names} FROM cycle WHERE id = (SELECT max(id) FROM cycle)"
    for _ in range(times):
        db.execute(query)


WISHES = [
    Wish(),
    Wish(last=COUNT - 7),
    Wish(values={"symbol": "EURUSD"}),
    Wish(values={"symbol": "EURUSD"}, last=COUNT - 7),
    Wish(values={"symbol": "EURUSD", "mode": "dry-run"}, since="2023-01-01", until="2024-01-01"),
]


@pytest.mark.parametrize("wish", WISHES)
def test_each_row_is_told_once_whatever_is_written_meanwhile(tmp_path: Path, wish: Wish) -> None:
    path = many(tmp_path, COUNT)
    db, found = writer(path), []
    with journal.reading(path) as reader:
        for row in journal_rows.rows(reader, wish):
            found.append(row["id"])
            copied(db, 3)
            db.execute("UPDATE cycle SET detail = 'changed' WHERE id IN (?, ?)", (row["id"], row["id"] + 1))
            assert len(found) <= COUNT, "new rows are not followed"
    db.close()
    assert found == list(range(1 + (7 if wish.last else 0), COUNT + 1))


@pytest.mark.parametrize("wish", [Wish("positions"), Wish("positions", last=COUNT - 7)])
def test_positions_that_begin_anew_meanwhile_are_told_once(place: Place, wish: Wish) -> None:
    insert = (
        "INSERT INTO position (mode, ticket, symbol, side, opened_lots, lots, price, opened_utc, state)"
        " VALUES ('dry-run', ?, 'EURUSD', 'BUY', 0.1, 0.1, 1.1, ?, 'open')"
    )
    for at in range(COUNT):
        place.execute(insert, at, f"2023-11-{1 + at % 9:02}T11:00:00.000Z")
    found = []
    with journal.reading(place.path) as reader:
        wanted = [row["ticket"] for row in journal_rows.rows(reader, wish)]
        for at, row in enumerate(journal_rows.rows(reader, wish)):
            found.append(row["ticket"])
            place.execute("UPDATE position SET opened_utc = '2023-12-01T00:00:00.000Z' WHERE ticket = ?", row["ticket"])
            place.execute(insert, COUNT + at, "2023-11-03T11:00:00.000Z")
    assert found == wanted
    assert len(set(found)) == COUNT - (7 if wish.last else 0)


def test_orders_and_cycles_with_orders_by_pages(place: Place) -> None:
    place.cycle(reason="tie")
    for at in range(COUNT):
        cycle = place.cycle(reason="signal")
        place.execute(
            "INSERT INTO intent (req_id, cycle_id, symbol, mode, bar_open_s, side, close_lots, open_lots, created_utc,"
            " not_after_utc, state) VALUES (?, ?, 'EURUSD', 'dry-run', 0, 'BUY', 0, 0.1, 't', 't', 'filled')",
            f"r{at}",
            cycle.cycle_id,
        )
    with journal.reading(place.path) as db:
        assert [row["req_id"] for row in journal_rows.rows(db, Wish("orders"))] == [f"r{at}" for at in range(COUNT)]
        with_orders = [row["id"] for row in journal_rows.rows(db, Wish(with_orders=True))]
    assert with_orders == list(range(2, COUNT + 2))


def test_a_row_that_is_no_longer_what_was_asked_for_is_left_out(tmp_path: Path) -> None:
    path = many(tmp_path, COUNT)
    db, found = writer(path), []
    with journal.reading(path) as reader:
        for row in journal_rows.rows(reader, Wish(values={"status": "done"})):
            found.append(row["id"])
            if row["id"] == 1:
                db.execute("UPDATE cycle SET status = 'failed' WHERE id = ?", (COUNT - 1,))
    db.close()
    assert found == [*range(1, COUNT - 1), COUNT]


@pytest.mark.parametrize("wish", WISHES)
def test_the_log_begins_anew_while_a_pager_waits(tmp_path: Path, wish: Wish) -> None:
    path = many(tmp_path, COUNT)
    db = writer(path)
    with journal.reading(path) as reader:
        rows = journal_rows.rows(reader, wish)
        next(rows)
        sizes = []
        for _ in range(4):
            copied(db, 2_000)
            sizes.append(path.with_name("journal.db-wal").stat().st_size)
        assert next(rows)["id"] > 1
    db.close()
    assert sizes[-1] < 1.1 * sizes[0], sizes


def test_a_log_that_grew_is_cut_and_nothing_of_it_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOG_BYTES_MAX", 2**20)
    path = many(tmp_path, 10)
    db, log = database.connect(path, durable=True), path.with_name("journal.db-wal")
    assert db.execute("PRAGMA synchronous").fetchone() == (2,), "every commit is on disk"
    with journal.reading(path) as reader:
        held = reader.execute("SELECT * FROM cycle")
        held.fetchone()
        db.execute("PRAGMA synchronous = OFF")  # only here: a test need not wait for the disk
        copied(db, 3_000)
        grown = log.stat().st_size
        held.close()
    copied(db, 2_000)
    assert log.stat().st_size <= max(2**20, grown / 2) < grown
    db.close()
    with journal.reading(path) as reader:
        assert sum(1 for _ in journal_rows.rows(reader, Wish())) == 5_010
        assert reader.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


@pytest.mark.parametrize("wish", WISHES[:1] + WISHES[2:])
def test_no_page_sorts_what_is_left(tmp_path: Path, wish: Wish) -> None:
    path = many(tmp_path, COUNT)
    asked: list[str] = []
    with journal.reading(path) as db:
        db.set_trace_callback(asked.append)
        assert sum(1 for _ in journal_rows.rows(db, wish)) > 0
        db.set_trace_callback(None)
        pages = [query for query in asked if query.startswith("SELECT *")]
        plan = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {pages[1]}")]
    assert not [step for step in plan if "TEMP B-TREE" in step or step.startswith("SCAN")], plan


def test_memory_does_not_grow_with_the_journal(tmp_path: Path) -> None:
    path, peaks = many(tmp_path, 20_000), []
    for wish in (Wish(until="2023-11-03"), Wish()):
        with journal.reading(path) as db:
            tracemalloc.start()
            count = sum(1 for _ in journal_rows.rows(db, wish))
            peaks.append((count, tracemalloc.get_traced_memory()[1]))
            tracemalloc.stop()
    (few, low), (all_of_them, high) = peaks
    assert few * 5 < all_of_them == 20_000
    assert high < 1.1 * low + 20_000, peaks


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path, form: str) -> None:
    path = many(tmp_path, 2_000)
    command = f"'{sys.executable}' -m mt5_sentinel journal --journal '{path}' --format {form}"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -1"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    if Path("/dev/full").exists():
        done = subprocess.run(["bash", "-c", f"{command} >/dev/full"], capture_output=True, text=True, check=False)
        told = "mt5-sentinel: the output cannot be written: No space left on device\n"
        assert (done.returncode, done.stderr) == (74, told)
