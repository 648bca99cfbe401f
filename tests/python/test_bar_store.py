"""The bar cache: what is stored stays, revisions win, damage costs a fetch and no more, units are counted."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mt5_sentinel import _core
from mt5_sentinel.bar_store import BarStore, Row
from mt5_sentinel.errors import Misconfigured, Transient

HOUR_S = 3600
START_S = 1_700_000_000 // HOUR_S * HOUR_S


def bar(hour: int, close: float = 1.1) -> Row:
    return (START_S + hour * HOUR_S, 1.1, 1.3, 1.0, close, 5.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[BarStore]:
    """A cache of its own."""
    one = BarStore(tmp_path / "bars.db")
    yield one
    one.close()


def test_bars_outlive_the_process(store: BarStore) -> None:
    series = store.series("eodhd", "EURUSD", HOUR_S)
    assert series.known() == (None, None, None, 0, None)
    rows = [bar(0), bar(1, 1.0 + 2**-52)]
    assert series.keep(rows, 1.2, asked_from_s=START_S, answered_at_s=START_S + 7300) == 0
    store.close()
    again = BarStore(store.path).series("eodhd", "EURUSD", HOUR_S)
    assert again.rows(10) == rows, "to the last bit"
    assert again.known() == (START_S, START_S + HOUR_S, START_S + 7300, 2, 1.2)
    assert again.known(1).stored == 1, "counted no further than asked for"


def test_the_newest_revision_wins_and_is_counted(store: BarStore) -> None:
    series = store.series("eodhd", "EURUSD", HOUR_S)
    series.keep([bar(0), bar(1)], 1.1, asked_from_s=START_S, answered_at_s=0)
    assert series.keep([bar(1), bar(2)], 1.1, asked_from_s=START_S, answered_at_s=1) == 0, "the same is no revision"
    assert series.keep([bar(1, 1.2)], 1.1, asked_from_s=START_S, answered_at_s=2) == 1
    assert series.rows(10) == [bar(0), bar(1, 1.2), bar(2)]


def test_series_do_not_mix(store: BarStore) -> None:
    named = [("eodhd", "EURUSD", HOUR_S), ("eodhd", "GBPUSD", HOUR_S), ("eodhd", "EURUSD", 300), ("gtw", "EURUSD", 300)]
    for number, name in enumerate(named):
        store.series(*name).keep([bar(number)], 1.0, asked_from_s=START_S, answered_at_s=0)
    for number, name in enumerate(named):
        assert store.series(*name).rows(10) == [bar(number)]


def test_bars_before_a_break_are_not_given(store: BarStore) -> None:
    series = store.series("eodhd", "EURUSD", HOUR_S)
    series.keep([bar(0), bar(1)], 1.0, asked_from_s=START_S, answered_at_s=0)
    series.keep([bar(2000)], 1.0, asked_from_s=START_S + 1500 * HOUR_S, answered_at_s=0)
    assert series.rows(10) == [bar(2000)], "months that were never asked for lie between"
    series.keep([], 1.0, asked_from_s=START_S, answered_at_s=0)
    assert series.rows(2) == [bar(1), bar(2000)], "the newest, oldest first"


def test_units_are_counted_by_day_and_source(store: BarStore) -> None:
    assert store.spent("eodhd", "2026-11-25") == 0
    for day in ("2026-11-25", "2026-11-25", "2026-11-25", "2026-11-26"):
        store.spend("eodhd", day, 5, lambda spent: None)
    assert (store.spent("eodhd", "2026-11-25"), store.spent("eodhd", "2026-11-26")) == (15, 5)
    other = sqlite3.connect(store.path)
    assert other.execute("SELECT calls FROM quota ORDER BY day_utc").fetchall() == [(3,), (1,)], "on disk at once"
    other.close()


def test_threads_together_do_not_overspend(store: BarStore) -> None:
    together = threading.Barrier(8)
    refused = []

    def pay() -> None:
        try:
            store.spend("eodhd", "2026-11-25", 5, lambda spent: _core.check_quota(spent, 5, 1000, 0.1))
        except Transient as error:
            refused.append(error.reason)

    def pay_often() -> None:
        together.wait()
        for _ in range(10):
            pay()

    threads = [threading.Thread(target=pay_often) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (store.spent("eodhd", "2026-11-25"), set(refused), len(refused)) == (100, {"quota_budget"}, 60)


@pytest.mark.parametrize("damage", [b"no database at all, but long enough to be looked at " * 40, None])
def test_a_damaged_file_is_moved_aside_and_begun_anew(tmp_path: Path, damage: bytes | None) -> None:
    path = tmp_path / "bars.db"
    first = BarStore(path)
    first.series("eodhd", "EURUSD", HOUR_S).keep([bar(n) for n in range(500)], 1.0, asked_from_s=0, answered_at_s=0)
    first.close()
    whole = path.read_bytes()
    broken = damage if damage is not None else whole[: 4096 * 2] + b"\xff" * 4096 + whole[4096 * 3 :]
    path.write_bytes(broken)
    second = BarStore(path)
    assert second.series("eodhd", "EURUSD", HOUR_S).rows(10) == []
    second.close()
    assert (tmp_path / "bars.db.damaged").read_bytes() == broken, "nothing is lost"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "bars.db").mkdir()
    with pytest.raises(Misconfigured, match=r"bar cache .*bars\.db cannot be written") as caught:
        BarStore(tmp_path / "bars.db")
    assert caught.value.reason == "cache_unwritable"


def test_a_write_that_fails_leaves_what_was(store: BarStore) -> None:
    series = store.series("eodhd", "EURUSD", HOUR_S)
    series.keep([bar(0)], 1.0, asked_from_s=START_S, answered_at_s=0)
    broken = (bar(1)[0], None, 1.0, 1.0, 1.0, 1.0)
    with pytest.raises(Transient) as caught:
        series.keep([bar(2), broken], 9.0, asked_from_s=0, answered_at_s=9)  # type: ignore[list-item]
    assert caught.value.reason == "cache_failed"
    assert (series.rows(10), series.known().price) == ([bar(0)], 1.0), "all of an answer, or nothing"


def test_threads_do_not_disturb_each_other(store: BarStore) -> None:
    def fill(number: int) -> None:
        series = store.series("eodhd", f"PAIR{number}", HOUR_S)
        for hour in range(40):
            series.keep([bar(hour)], 1.0, asked_from_s=START_S, answered_at_s=0)
            store.spend("eodhd", "2026-11-25", 5, lambda spent: None)

    threads = [threading.Thread(target=fill, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.spent("eodhd", "2026-11-25") == 8 * 40 * 5
    assert all(len(store.series("eodhd", f"PAIR{n}", HOUR_S).rows(99)) == 40 for n in range(8))
