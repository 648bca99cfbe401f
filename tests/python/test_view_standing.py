"""How it stands, read from a journal: of every age, whole or damaged, in the order things happened."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from mt5_sentinel import journal, journal_schema, process_place
from mt5_sentinel.errors import Misconfigured, Unusable
from mt5_sentinel.types import Execution
from mt5_sentinel.view import newest, standing
from tests.python.memories import request
from tests.python.standing_place import BAR_S, FACTS, NOW_S, Place, Places, many, place, places

__all__ = ["place", "places"]


def test_without_a_journal_it_is_told_where_one_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"journal\.db: no journal there"):
        standing.look(tmp_path, NOW_S)


@pytest.mark.parametrize("version", range(1, len(journal_schema.STEPS)))
def test_a_journal_of_an_older_program_has_no_desk_and_is_left_as_it_is(tmp_path: Path, version: int) -> None:
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as db:
        for step in journal_schema.STEPS[:version]:
            db.executescript(step)
        db.execute(f"PRAGMA user_version = {version}")
        db.execute(
            "INSERT INTO cycle (id, started_utc, finished_utc, symbol, mode, status, reason, equity) VALUES"
            " (1, '2023-11-15T11:58:58.000Z', '2023-11-15T11:58:59.000Z', 'EURUSD', 'dry-run', 'done', 'signal', 9.5)"
        )
    db.close()
    before = path.read_bytes()
    assert standing.look(tmp_path, NOW_S) is None
    assert path.read_bytes() == before
    one = Place(tmp_path)
    one.desk()
    found = one.look()
    assert found.symbols[0].last is not None, "its cycles are read as far as they go"
    assert (found.symbols[0].last.reason, found.symbols[0].last.source) == ("signal", "eodhd")
    assert (found.equity, found.exposure, found.risk_state) == (9.5, None, None)
    one.close()


def test_a_journal_in_which_nothing_happened(places: Places) -> None:
    assert standing.look(places().directory, NOW_S) is None
    one = places().desk(at_s=NOW_S - 5)
    (symbol,) = one.look().symbols
    assert (symbol.last, symbol.seconds_since_cycle, symbol.bar_open_s, symbol.features) == (None, None, None, None)
    assert (symbol.silent_s, symbol.failed_in_a_row, symbol.held, symbol.sent) == (5.0, 0, [], None)
    assert one.look().equity is None


def test_a_cycle_comes_back_whole(place: Place) -> None:
    written = place.cycle(20.0, conditions=["hub_fallback"], calls={"eodhd": 2}, other_scores=(0.1, 0.2, 0.7))
    found = place.look()
    (symbol,) = found.symbols
    assert symbol.last is not None
    for name in written.__struct_fields__:
        if name != "features":
            assert getattr(symbol.last, name) == getattr(written, name), name
    assert symbol.features == [1.5, -2.0]
    assert (symbol.seconds_since_cycle, symbol.bar_open_s, symbol.data_age_s) == (20.0, BAR_S, 0)
    assert (found.equity, found.drawdown, found.exposure, found.positions) == (10_000.0, 12.5, 0.0, 0)
    assert (found.mode, found.since_s, found.equity_s) == ("dry-run", NOW_S - 3600, NOW_S - 20)


def test_a_cycle_that_failed_leaves_what_was_known_of_the_account(place: Place) -> None:
    place.cycle(140.0, equity=123.0, positions=2, risk_state="REDUCING", risk_because="daily_loss")
    place.failed(80.0)
    place.failed(20.0)
    found = place.look()
    assert (found.equity, found.equity_s, found.positions) == (123.0, NOW_S - 140, 2)
    assert (found.risk_state, found.risk_because) == ("REDUCING", "daily_loss")
    assert found.symbols[0].failed_in_a_row == 2
    assert found.symbols[0].last is not None
    assert found.symbols[0].last.reason == "source_down"
    assert found.symbols[0].bar_open_s == BAR_S
    assert found.symbols[0].decided is not None
    assert found.symbols[0].decided.finished_s == NOW_S - 140


def test_of_several_symbols_each_has_its_own_and_the_account_is_the_newest(places: Places) -> None:
    one = places().desk("EURUSD", "GBPUSD", "USDJPY")
    one.cycle(30.0, "EURUSD", equity=1.0)
    one.cycle(25.0, "GBPUSD", equity=2.0, bar_open_s=BAR_S - 3600)
    one.failed(20.0, "EURUSD")
    found = one.look()
    assert [symbol.facts.symbol for symbol in found.symbols] == ["EURUSD", "GBPUSD", "USDJPY"]
    assert [symbol.bar_open_s for symbol in found.symbols] == [BAR_S, BAR_S - 3600, None]
    assert [symbol.failed_in_a_row for symbol in found.symbols] == [1, 0, 0]
    assert (found.equity, found.equity_s) == (2.0, NOW_S - 25)


def test_a_restart_with_fewer_symbols_or_other_facts_counts(places: Places) -> None:
    one = places().desk("EURUSD", "GBPUSD", at_s=NOW_S - 7200)
    one.cycle(4000.0, "EURUSD")
    one.desk("GBPUSD", at_s=NOW_S - 100, threshold=0.75)
    found = one.look()
    assert [(symbol.facts.symbol, symbol.facts.threshold) for symbol in found.symbols] == [("GBPUSD", 0.75)]
    assert found.since_s == NOW_S - 100


def test_the_mode_of_the_newest_start_is_shown_and_no_other(places: Places) -> None:
    places("live").desk(at_s=NOW_S - 7200).cycle(4000.0, equity=5.0)
    one = places("dry-run").desk(at_s=NOW_S - 100)
    found = one.look()
    assert (found.mode, found.symbols[0].last, found.equity) == ("dry-run", None, None)
    one.cycle(20.0, equity=6.0)
    assert one.look().equity == 6.0


def test_a_cycle_that_runs_and_one_that_was_interrupted_have_not_ended(places: Places) -> None:
    one = places().desk()
    one.cycle(80.0)
    begun = one.cycle(0.0)
    one.execute("UPDATE cycle SET status = 'running', finished_utc = NULL WHERE id = ?", begun.cycle_id)
    found = one.look(NOW_S + 4).symbols[0]
    assert (found.running_s, found.seconds_since_cycle) == (5.0, 84.0)
    again = places().desk(at_s=NOW_S)  # the next start closes what was left running
    found = again.look(NOW_S + 4).symbols[0]
    assert (found.running_s, found.seconds_since_cycle, found.silent_s) == (None, 84.0, 4.0)
    again.failed(0.0)
    again.execute("UPDATE cycle SET id = 99 WHERE status = 'interrupted'")
    assert again.look().symbols[0].failed_in_a_row == 1, "an interrupted cycle neither failed nor worked"


def test_the_newest_is_the_one_written_last_whatever_the_clock_said(place: Place) -> None:
    place.cycle(-86_400.0, reason="tie")
    place.cycle(20.0)
    last = place.look().symbols[0].last
    assert last is not None
    assert last.reason == "model_hold"


def test_positions_and_the_newest_order(place: Place) -> None:
    cycle = place.cycle(60.0)
    place.memory.intend(request("r1", BAR_S, NOW_S - 61), cycle)
    place.memory.settle(request("r1", BAR_S, NOW_S - 61), "filled", fill=Execution(ticket=7, price=1.25, lots=0.1))
    place.memory.intend(request("other", BAR_S, NOW_S, "GBPUSD"), cycle)
    place.memory.intend(request("r2", BAR_S + 60, NOW_S - 30), cycle)
    symbol = place.look().symbols[0]
    assert [(one.ticket, one.side, one.lots, one.price, one.sl) for one in symbol.held] == [(7, "BUY", 0.1, 1.25, 1.09)]
    assert symbol.sent is not None
    assert (symbol.sent.req_id, symbol.sent.state, symbol.sent.lots) == ("r2", "intended", 0.1)


@pytest.mark.parametrize("column", ["stages_s", "conditions", "calls", "dropped"])
@pytest.mark.parametrize("damage", ["{", "[1]", "7", ""])
def test_damaged_detail_of_a_cycle_is_left_out(place: Place, column: str, damage: str) -> None:
    place.cycle(20.0, dropped={"null": 1})
    place.execute(f"UPDATE cycle SET {column} = ?", damage)
    place.execute("UPDATE newest_row SET features = ?", damage)
    symbol = place.look().symbols[0]
    assert symbol.last is not None
    assert getattr(symbol.last, column) in ({}, [], None)
    assert symbol.last.equity == 10_000.0
    assert symbol.features in (None, [1.0])


@pytest.mark.parametrize("damage", ["{", "{}", '{"symbol":5}', "7d"])
def test_damaged_facts_are_one_clear_error(place: Place, damage: str) -> None:
    place.execute("UPDATE desk SET facts = ?", damage if damage != "7d" else _facts_with("7d"))
    with pytest.raises(Unusable, match=r"table desk, row 1, facts: .*; restart the daemon"):
        place.look()


def _facts_with(interval: str) -> str:
    return msgspec.json.encode(msgspec.structs.replace(FACTS, interval=interval)).decode()


@pytest.mark.parametrize(("column", "damage"), [("started_utc", "noon"), ("action", "WAIT"), ("risk_state", "SLEEPY")])
def test_a_row_of_an_unknown_kind_is_one_clear_error(place: Place, column: str, damage: str) -> None:
    place.cycle()
    place.execute(f"UPDATE cycle SET {column} = ?", damage)
    with pytest.raises(Unusable, match=r"journal: cycle 1: .*damaged"):
        place.look()


def test_bytes_that_are_no_text_are_one_clear_error(place: Place) -> None:
    place.cycle()
    place.execute("UPDATE cycle SET detail = CAST(x'ff' AS TEXT)")
    with pytest.raises(Misconfigured, match="not a readable journal"):
        place.look()


def test_the_quota_of_the_day_is_read_from_the_cache(place: Place) -> None:
    place.cycle()
    assert (place.look().quota_used, place.look().quota_units) == (0, 1000.0)
    cache = place.directory / "bars.db"
    cache.write_text("no database")
    assert place.look().quota_used is None
    cache.unlink()
    with sqlite3.connect(cache) as db:
        db.execute("CREATE TABLE quota (source TEXT, day_utc TEXT, calls INTEGER, units INTEGER)")
        db.execute("INSERT INTO quota VALUES ('eodhd', '2023-11-15', 1, 35), ('eodhd', '2023-11-14', 1, 99)")
    db.close()
    assert place.look().quota_used == 35


def test_a_process_that_ended_is_gone_only_where_its_id_means_something(places: Places) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(20)
    here = process_place.here()
    assert here or not Path("/proc").is_dir()
    one = places()
    wanted = {(ended.pid, here): bool(here), (os.getpid(), here): False, (ended.pid, "else"): False, (1, ""): False}
    for number, ((pid, where), is_gone) in enumerate(wanted.items()):
        one.desk(pid=pid, pid_place=where, at_s=NOW_S - 60 + number)
        assert one.look().is_gone == is_gone, (pid, where)


def test_nothing_walks_through_all_cycles(tmp_path: Path) -> None:
    path = many(tmp_path, 500)
    asked: list[str] = []
    with journal.reading(path) as db:
        db.set_trace_callback(asked.append)
        for query in (newest.ended, newest.decided, newest.valued, newest.running_since_s, newest.bar_open_s):
            query(db, ("dry-run", "EURUSD"))
        for other in (newest.failed_in_a_row, newest.held, newest.sent, newest.features):
            other(db, ("dry-run", "EURUSD"))
        newest.start(db)
        db.set_trace_callback(None)
        assert len(asked) >= 11
        for query_text in asked:
            plan = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {query_text}")]
            assert not [step for step in plan if "SCAN cycle" in step or "SCAN intent" in step], (query_text, plan)
            if "FROM cycle" in query_text:  # the other tables hold a row a start, or an open position
                assert not [step for step in plan if "TEMP B-TREE" in step], (query_text, plan)


def add_a_symbol(path: Path) -> None:
    """One that had no cycle yet: what is looked for is nowhere."""
    one = Place(path.parent)
    one.desk("EURUSD", "GBPUSD", at_s=NOW_S - 30)
    one.close()


def test_a_month_of_minutes_is_looked_at_as_quickly_as_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    @contextlib.contextmanager
    def counting(path: Path) -> Iterator[sqlite3.Connection]:
        with reading(path) as db:
            db.set_progress_handler(count, 10)
            yield db

    reading, taken = journal.reading, []
    monkeypatch.setattr(journal, "reading", counting)
    for minutes in (60, 43_200):
        add_a_symbol(many(tmp_path / str(minutes), minutes))
        steps = 0
        found = standing.look(tmp_path / str(minutes), NOW_S)
        taken.append(steps)
        assert found is not None
        assert found.symbols[0].last is not None
        assert found.symbols[0].last.confidence == 0.3 + ((minutes - 1) % 97) / 200
    assert taken[1] <= taken[0] + 20, "instructions of SQLite, in tens"
