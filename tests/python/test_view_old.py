"""What is old is told as old, in lights and to who is alerted; what is not known is not told as nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from mt5_sentinel import journal
from mt5_sentinel.alerting.outbox import Outbox
from mt5_sentinel.alerting.teller import Teller
from mt5_sentinel.view import journal_rows
from mt5_sentinel.view.journal_rows import Wish
from mt5_sentinel.view.light import Light
from mt5_sentinel.view.lights import FROM_CYCLES, lights
from tests.python.standing_place import FACTS, NOW_S, Place, Places, place, places

__all__ = ["place", "places"]

DAY_S = 86_400


def shown(one: Place, now_s: float) -> dict[tuple[str | None, str], Light]:
    return {(light.symbol, light.name): light for light in lights(one.look(now_s))}


def test_a_daemon_that_is_heard_tells_of_now(place: Place) -> None:
    place.cycle(170.0)
    assert not [light for light in lights(place.look()) if light.is_old or " as of " in light.text]


@pytest.mark.parametrize(("later_s", "moment"), [(300, "11:59 UTC"), (4 * DAY_S, "2023-11-15 11:59 UTC")])
def test_what_a_silent_daemon_said_last_is_not_well_now(place: Place, later_s: int, moment: str) -> None:
    place.cycle(20.0, unknown_orders=1)
    found = shown(place, NOW_S + later_s)
    for (_, name), light in found.items():
        assert light.is_old is (name in FROM_CYCLES), name
        if light.is_old:
            assert light.text.endswith(f", as of {moment}"), name
            assert light.level == ("bad" if name == "orders" else "warn"), name
    assert found["EURUSD", "broker"].text.startswith("equity 10000.00 USD")
    assert {found["EURUSD", "loop"].level, found["EURUSD", "data"].level} >= {"bad"}


def test_of_several_symbols_the_silent_one_is_old_and_the_account_is_not(places: Places) -> None:
    one = places().desk("EURUSD", "GBPUSD")
    one.cycle(200.0, "GBPUSD")
    one.cycle(20.0, "EURUSD")
    old = {key for key, light in shown(one, NOW_S).items() if light.is_old}
    assert old == {("GBPUSD", name) for name in ("model", "broker", "orders", "drift")}


def test_before_the_first_cycle_nothing_is_old(place: Place) -> None:
    assert not [light for light in lights(place.look(NOW_S + DAY_S)) if light.is_old]


def test_of_what_is_old_nothing_is_told(tmp_path: Path) -> None:
    """That it is silent is told by its ``loop``; a second message for each light would hide it."""
    teller = Teller(Outbox(":memory:", ["one"], "desk"), 3600.0)
    fresh = Light("loop", "bad", "no cycle has ended for 5 min", "EURUSD")
    old = Light("orders", "bad", "the fate of 1 orders is not known, as of 11:59 UTC", "EURUSD", is_old=True)
    told = [one.key for at in range(0, 1200, 10) for one in teller.hear([fresh, old], NOW_S + at, float(at))]
    assert told == ["EURUSD loop"]


def test_units_that_cannot_be_counted_are_not_told_as_none_used(place: Place) -> None:
    place.cycle()
    (place.directory / "bars.db").write_text("no database")
    found = shown(place, NOW_S)[None, "quota"]
    assert (found.level, "of 1000 units are used today is not known" in found.text) == ("warn", True)


LOOK = (
    "import sys, pathlib; from mt5_sentinel.view import standing; print(standing.look(pathlib.Path(sys.argv[1]), {}))"
)


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare (apt: util-linux)"
)
def test_the_quota_is_read_where_nothing_can_be_written(place: Place, tmp_path: Path) -> None:
    """As the units have it while the daemon is stopped: nothing lies beside the cache, nor can be put there."""
    place.cycle()
    place.close()
    with closing(sqlite3.connect(place.directory / "bars.db")) as db, db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE quota (source TEXT, day_utc TEXT, calls INTEGER, units INTEGER)")
        db.execute("INSERT INTO quota VALUES ('eodhd', '2023-11-15', 1, 1000)")
    directory = shutil.copytree(place.directory, tmp_path / "copy")
    bound = f"mount --bind {directory} {directory} && mount -o remount,ro,bind {directory}"
    command = [sys.executable, "-c", LOOK.format(NOW_S), str(directory)]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f'{bound} && exec "$@"', "sh", *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "quota_used=1000," in done.stdout, done.stdout[-500:] + done.stderr


def test_starts_that_say_the_same_are_noted_once_and_once_more(places: Places) -> None:
    """``run --once`` by cron makes a start a minute; what changed, and the newest, stays."""
    one = places()
    for at, threshold in enumerate((0.5, 0.5, 0.6, 0.6, 0.6, 0.6, 0.5)):
        one.desk("EURUSD", "GBPUSD", at_s=NOW_S - 100 + at, threshold=threshold, pid=100 + at)
    for symbol in ("EURUSD", "GBPUSD"):
        query = "SELECT facts FROM desk WHERE symbol = ? ORDER BY id"
        noted = [msgspec.json.decode(row[0], type=type(FACTS)) for row in one.memory.file.rows(query, (symbol,))]
        assert [(facts.threshold, facts.pid) for facts in noted] == [
            *((0.5, 100), (0.5, 101), (0.6, 102), (0.6, 105), (0.5, 106))
        ]
    assert one.look().since_s == NOW_S - 94 and one.look().symbols[1].facts.pid == 106
    one.execute("UPDATE desk SET facts = '{'")
    one.desk()
    assert len(one.memory.file.rows("SELECT * FROM desk")) == 11, "what is damaged is left alone"


@pytest.mark.parametrize("values", [{"symbol": "GBPUSD"}, {"symbol": "GBPUSD", "status": "failed"}])
def test_the_newest_cycles_of_a_young_symbol_are_not_sought_among_all(places: Places, values: dict[str, str]) -> None:
    one = places("live").desk("EURUSD", "GBPUSD")
    for at in range(3):
        one.failed(400.0 - at, "GBPUSD")
        one.cycle(300.0 - at, "EURUSD")
    one = places("demo").desk("GBPUSD")
    one.failed(50.0, "GBPUSD")
    asked: list[str] = []
    with journal.reading(one.path) as db:
        db.set_trace_callback(asked.append)
        found = [(row["symbol"], row["mode"], row["id"]) for row in journal_rows.rows(db, Wish(values=values, last=3))]
        db.set_trace_callback(None)
        queries = [query for query in asked if query.startswith("SELECT")]
        plan = [row["detail"] for query in queries for row in db.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert found == [("GBPUSD", "live", 3), ("GBPUSD", "live", 5), ("GBPUSD", "demo", 7)]
    assert len(queries) == 2, "which they are, and the rows"
    assert not [step for step in plan if step.startswith("SCAN cycle")], plan
