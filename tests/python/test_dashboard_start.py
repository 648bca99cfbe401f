"""A page begins with one question: its answer is what the questions for its parts tell, and none of it is stale."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel.dashboard import kept, serving, trades
from tests.python import dashboard_month
from tests.python.dashboard_served import Client, served

MINUTES, DAY_S = 6_000, 86_400
SYMBOL = dashboard_month.SYMBOL


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """Four days of minutes that end now."""
    dashboard_month.build(tmp_path, int(time.time()), MINUTES)
    return tmp_path


@pytest.fixture
def client(state_dir: Path) -> Iterator[Client]:
    """A dashboard over them, without a login."""
    with served(state_dir) as running:
        yield running


@pytest.mark.parametrize("last_s", [3_600, DAY_S, 7 * DAY_S])
def test_its_parts_are_what_the_questions_for_them_tell(client: Client, last_s: int) -> None:
    told = client.api("start", wanted=SYMBOL, last_s=last_s, points=50, bars=60, limit=7)
    shown = told["shown"]
    span = {"symbol": SYMBOL, "from_s": shown["from_s"], "to_s": shown["to_s"]}
    assert shown["symbol"] == SYMBOL and shown["is_past"] is False
    assert shown["to_s"] - shown["from_s"] == last_s and 0 <= shown["to_s"] - told["overview"]["now_s"] < 1
    assert shown["series"] == client.api("series", **span, points=50) and shown["series"]["t"]
    assert shown["bars"] == client.api("bars", **span, points=60) and shown["bars"]["t"]
    assert shown["cycles"] == client.api("cycles", symbol=SYMBOL, limit=7)["cycles"]
    newest = span | {"from_s": max(shown["from_s"], shown["to_s"] - DAY_S)}
    assert shown["stages"] == client.api("stages", **newest)["stages"]
    whole = client.api("trades", **span)
    for kind, rows in shown["trades"].items():
        if kind.endswith("_count"):
            assert rows == whole[kind]
            continue
        empty = rows == [] and (last_s == 3_600 or kind == "orders_unknown")
        assert empty or rows == [{name: row[name] for name in rows[0]} for row in whole[kind]]
    overview = client.api("overview")
    assert {name: overview[name] for name in ("account", "has_login", "mode")}.items() <= told["overview"].items()


def test_a_symbol_that_is_not_traded_gives_way_to_the_first(client: Client) -> None:
    for wanted in ({}, {"wanted": "GBPUSD"}):
        assert client.api("start", **wanted)["shown"]["symbol"] == SYMBOL


def test_what_ran_long_ago_is_shown_where_it_ended(tmp_path: Path) -> None:
    dashboard_month.build(tmp_path, 1_700_000_000, 600)
    with served(tmp_path) as client:
        shown = client.api("start", last_s=3_600)["shown"]
        newest = shown["cycles"][0]["time_s"]
        assert shown["is_past"] is True and 60 <= shown["to_s"] - newest < 61 and len(shown["series"]["t"]) >= 59


def test_where_nothing_was_traded_there_is_nothing_to_show(tmp_path: Path) -> None:
    with served(tmp_path) as client:
        told = client.api("start")
        assert told["shown"] is None and told["overview"]["symbols"] == [] and told["overview"]["level"] == "bad"


def test_beside_a_crowd_of_positions_no_decision_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.api("start", last_s=DAY_S)["shown"]["trades"]["decisions"]
    monkeypatch.setattr(trades, "CROWD", 0)
    crowded = client.api("start", last_s=DAY_S)["shown"]["trades"]
    assert crowded["positions"] and crowded["decisions"] == []


def curves(client: Client) -> dict[str, Any]:
    told: dict[str, Any] = client.api("series", symbol=SYMBOL, from_s=0, points=200)
    assert told["step_s"] > 0
    return told


def test_settled_buckets_are_read_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Hashable] = []
    real = kept.Kept.get

    def watched(self: kept.Kept, key: Hashable, work: Callable[[], kept.Bucket]) -> kept.Bucket:
        def counted() -> kept.Bucket:
            read.append(key)
            return work()

        return real(self, key, counted)

    monkeypatch.setattr(kept.Kept, "get", watched)
    first = curves(client)
    settled = len(read)
    assert 50 < settled < len(first["t"]), "the newest day is not"
    assert curves(client)["equity"] == first["equity"] and len(read) == settled


def test_a_cycle_of_the_newest_day_is_never_stale(client: Client, state_dir: Path) -> None:
    curves(client)
    for back in (0, 600, 1_300):
        changed = f"UPDATE cycle SET drawdown_max = 1e6 + {back} WHERE id = (SELECT max(id) - {back} FROM cycle)"
        dashboard_month.change(state_dir, changed)
        assert 1e6 + back in curves(client)["drawdown"]


def test_another_journal_and_one_that_lost_its_oldest_cycles_are_read_anew(client: Client, state_dir: Path) -> None:
    assert 77.0 not in curves(client)["drawdown"]
    dashboard_month.change(state_dir, "UPDATE cycle SET drawdown_max = 77.0 WHERE id <= 3000")
    dashboard_month.change(state_dir, "DELETE FROM cycle WHERE id = (SELECT min(id) FROM cycle)")
    assert curves(client)["drawdown"].count(77.0) > 40
    other = state_dir / "other"
    dashboard_month.build(other, int(time.time()), MINUTES - 1)
    dashboard_month.change(other, "UPDATE cycle SET drawdown_max = 88.0")
    for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
        (state_dir / name).unlink(missing_ok=True)
        if (other / name).exists():
            (other / name).rename(state_dir / name)
    assert set(curves(client)["drawdown"]) == {88.0}


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(kept, "KEPT_MAX", 3)
    store = kept.Kept(tmp_path)
    for at in range(10):
        assert store.get(at, lambda at=at: (float(at),)) == (float(at),)  # type: ignore[misc]
        assert len(store._found) <= 3


def test_an_answer_does_not_wait_for_the_browser_to_confirm_its_head() -> None:
    with serving.bind("127.0.0.1", 0) as listener, closing(socket.create_connection(listener.getsockname())):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
