"""Live news: what a stream is told, what ends it, and that one look at the journal serves all."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mt5_sentinel.dashboard import events, reader, sessions
from tests.python import dashboard_month
from tests.python.dashboard_served import TOKEN, Client, Listening, eventually, plain, served

NEW_CYCLE = "INSERT INTO cycle (started_utc, symbol, mode, status, reason) VALUES (?, ?, ?, ?, 'started') RETURNING id"

WRITER = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.execute(
        "INSERT INTO cycle (started_utc, finished_utc, symbol, mode, status, reason) VALUES"
        " ('2026-11-18T00:00:58.000Z', '2026-11-18T00:00:59.000Z', 'EURUSD', 'demo', 'done', 'model_hold')"
    )
"""


@pytest.fixture
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten minutes, and a dashboard that does not make a test wait."""
    monkeypatch.setattr(events, "POLL_S", 0.02)
    dashboard_month.build(tmp_path / "state", 1_795_000_000, 10)
    return tmp_path / "state"


@pytest.fixture
def client(state_dir: Path) -> Iterator[Client]:
    """A dashboard that takes no token."""
    with served(state_dir) as running:
        yield running


def add(state_dir: Path, symbol: str = "EURUSD", status: str = "done", mode: str = "demo") -> int:
    """A cycle, as the daemon's process writes it."""
    dashboard_month.change(state_dir, NEW_CYCLE, "2026-11-18T00:00:58.000Z", symbol, mode, status)
    return int(plain(state_dir, "SELECT max(id) AS newest FROM cycle")[0]["newest"])


def test_a_stream_begins_with_the_time_and_is_told_what_another_process_writes(client: Client, state_dir: Path) -> None:
    with Listening(client) as stream:
        assert stream.answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert "Content-Encoding" not in stream.answer.headers and stream.answer.headers["Cache-Control"] == "no-store"
        name, data = stream.next() or ("", {})
        assert name == "beat" and set(data) == {"now_s"}
        settle(stream, state_dir)
        subprocess.run([sys.executable, "-c", WRITER, state_dir / "journal.db"], check=True)
        newest = plain(state_dir, "SELECT max(id) AS newest FROM cycle")[0]["newest"]
        while (told := stream.next_cycle())["id"] != newest:
            pass
        assert told == {"id": newest, "symbol": "EURUSD"}


def settle(stream: Listening, state_dir: Path) -> None:
    """Wait until the stream follows: cycles are added until one is told, and those that follow are read past."""
    told = 0
    while not told:
        add(state_dir)
        told = 1 if (event := stream.next()) is not None and event[0] == "cycle" else 0


def test_cycles_that_end_in_another_order_are_each_told_once(state_dir: Path) -> None:
    news = events.News(state_dir)
    assert news.fresh() == [(10, "EURUSD")] and news.fresh() == []
    slow, quick = add(state_dir, "EURUSD", "running"), add(state_dir, "GBPUSD", "running")
    other = add(state_dir, "USDJPY", "done", mode="live")
    assert news.fresh() == []
    dashboard_month.change(state_dir, "UPDATE cycle SET status = 'failed' WHERE id = ?", quick)
    assert news.fresh() == [(quick, "GBPUSD")] and news.fresh() == []
    later = add(state_dir)
    dashboard_month.change(state_dir, "UPDATE cycle SET status = 'interrupted' WHERE id = ?", slow)
    assert news.fresh() == [(slow, "EURUSD"), (later, "EURUSD")] and news.fresh() == []
    assert other not in [name for name, _ in news.since(0)] and len(news.since(0)) == 13


def test_a_cycle_that_ran_when_the_page_came_is_told_when_it_ends(state_dir: Path) -> None:
    slow, quick = add(state_dir, "EURUSD", "running"), add(state_dir, "GBPUSD")
    news = events.News(state_dir)
    assert news.fresh() == [(quick, "GBPUSD")]
    dashboard_month.change(state_dir, "UPDATE cycle SET status = 'done' WHERE id = ?", slow)
    assert news.fresh() == [(slow, "EURUSD")]


def test_a_cycle_that_never_ended_ends_no_news(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a kill left behind is closed at the next start, which may be long after."""
    monkeypatch.setattr(events, "AT_ONCE", 5)
    news = events.News(state_dir)
    news.fresh()
    left = add(state_dir, "EURUSD", "running")
    for _ in range(4):
        added = [add(state_dir) for _ in range(4)]
        assert news.fresh() == [(name, "EURUSD") for name in added]
    dashboard_month.change(state_dir, "UPDATE cycle SET status = 'interrupted' WHERE id = ?", left)
    assert news.fresh() == [(left, "EURUSD")]
    monkeypatch.setattr(events, "RUNNING_MAX", 3)
    for _ in range(8):
        add(state_dir, "EURUSD", "running")
        news.fresh()
    assert len(news._running) == 3


def test_a_stream_outlives_a_journal_that_is_replaced_and_one_that_comes_late(state_dir: Path, tmp_path: Path) -> None:
    shutil.copytree(state_dir, tmp_path / "next")
    add(tmp_path / "next", "GBPUSD")
    kept = state_dir.rename(tmp_path / "away")
    with served(state_dir) as client, Listening(client) as stream:
        assert client.api("overview")["lights"][0]["name"] == "journal"
        assert client.ask("/api/cycles").status == 503
        kept.rename(state_dir)
        assert stream.next_cycle() == {"id": 10, "symbol": "EURUSD"}, "it is there now: the newest is told"
        assert client.api("overview")["symbols"][0]["symbol"] == "EURUSD"
        (tmp_path / "next" / "journal.db").replace(state_dir / "journal.db")
        assert stream.next_cycle() == {"id": 11, "symbol": "GBPUSD"}
        dashboard_month.build(tmp_path / "third", 1_795_000_000, 3)
        (tmp_path / "third" / "journal.db").replace(state_dir / "journal.db")
        assert stream.next_cycle() == {"id": 3, "symbol": "EURUSD"}, "ids begin anew"
        assert add(state_dir) == 4 and stream.next_cycle()["id"] == 4
        (state_dir / "journal.db").write_bytes(b"no journal at all, but something else" * 100)
        eventually(lambda: client.ask("/api/cycles").status == 503)
        assert client.api("overview")["level"] == "bad" and client.ask("/livez").status == 200


def test_who_comes_back_is_told_what_was_missed(client: Client, state_dir: Path) -> None:
    with Listening(client, Last_Event_ID="7") as stream:
        assert [stream.next_cycle()["id"] for _ in range(3)] == [8, 9, 10]
    for strange in ("-1", "x", "9" * 30, "7.5"):
        with Listening(client, Last_Event_ID=strange) as stream:
            assert stream.next() is not None
            settle(stream, state_dir)


def test_a_beat_comes_while_nothing_happens(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "BEAT_S", 0.05)
    with Listening(client) as stream:
        assert [(stream.next() or ("",))[0] for _ in range(4)] == ["beat"] * 4


def test_a_stream_ends_with_its_session(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "BEAT_S", 0.05)
    now_s = [0.0]
    with served(state_dir, token=TOKEN, monotonic_s=lambda: now_s[0]) as client:
        client.log_in()
        with Listening(client) as stream:
            now_s[0] += sessions.IDLE_MAX_S - 1
            assert stream.next() and stream.next() and stream.next(), "a page that is open is in use"
            now_s[0] += sessions.IDLE_MAX_S - 1
            assert stream.next() and stream.next()
            client.ask("/logout", "POST")
            while stream.next() is not None:
                pass
        client.log_in()
        with Listening(client) as stream:
            now_s[0] += sessions.IDLE_MAX_S + 1
            while stream.next() is not None:
                pass


def test_one_look_serves_all_streams_and_none_looks_when_nobody_listens(
    client: Client, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    fresh = events.News.fresh

    def counted(news: events.News) -> list[tuple[int, str]]:
        looks.append(id(news))
        return fresh(news)

    monkeypatch.setattr(events.News, "fresh", counted)
    with ExitStack() as open_streams:
        streams = [open_streams.enter_context(Listening(client)) for _ in range(12)]
        settle(streams[0], state_dir)
        newest = add(state_dir)
        for stream in streams:
            while stream.next_cycle()["id"] != newest:
                pass
        assert len(set(looks)) == 1

    def is_quiet() -> bool:
        before = len(looks)
        return not any(len(looks) > before for _ in [client.ask("/livez") for _ in range(20)])

    eventually(is_quiet)


def test_streams_are_bounded_and_a_closed_one_makes_room(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert events.STREAMS_MAX == 100
    monkeypatch.setattr(events, "BEAT_S", 0.5)

    def has_room() -> bool:
        with Listening(client) as stream:
            return stream.answer.status == 200

    with ExitStack() as open_streams:
        for _ in range(events.STREAMS_MAX):
            assert open_streams.enter_context(Listening(client)).next()
        answer = client.ask("/api/events")
        assert answer.status == 503 and answer.headers["Retry-After"] == "30" and "too many" in answer.json()["error"]
        assert client.api("overview")["mode"] == "demo", "questions are still answered"
        assert not has_room()
    eventually(has_room)


def test_a_slow_reader_is_let_go_not_waited_for(state_dir: Path) -> None:
    streams = events.Streams(state_dir)

    async def scene() -> list[bytes]:
        listening = streams.listen(None, lambda: True)
        told = [await anext(listening)]
        (waiting,) = streams._queues
        while waiting.qsize() < events.WAITING_MAX:
            waiting.put_nowait(b"x")
        events._tell(streams._queues, b"one too many")
        told += [text async for text in listening]
        streams.close()
        return told

    told = asyncio.run(scene())
    assert len(told) <= events.WAITING_MAX and b"one too many" not in told, "it ends, and the page asks anew"


def test_a_failing_detail_of_any_kind_is_json(client: Client, state_dir: Path) -> None:
    dashboard_month.change(state_dir, "UPDATE cycle SET detail = ? WHERE id = 10", dashboard_month.HOSTILE)
    answer = client.ask("/api/cycles?limit=1")
    assert answer.json()["cycles"][0]["detail"] == dashboard_month.HOSTILE
    assert answer.headers["Content-Type"] == "application/json" and b"\x1b" not in answer.body
    assert client.api("overview")["symbols"][0]["last"]["detail"] == dashboard_month.HOSTILE
    dashboard_month.change(state_dir, "UPDATE cycle SET conditions = '{', stages_s = 'x' WHERE id = 10")
    assert client.api("cycles", limit=1)["cycles"][0]["conditions"] == []
    assert max(stage["count"] for stage in client.api("stages", symbol="EURUSD")["stages"]) == 9
    dashboard_month.change(state_dir, "UPDATE desk SET facts = 'x'")
    assert client.api("overview")["level"] == "bad"
    assert client.ask("/api/series?symbol=EURUSD").status == 503


def test_the_reader_leaves_no_connection_behind(state_dir: Path) -> None:
    with reader.book(state_dir) as found:
        db = found.db
    with pytest.raises(Exception, match="closed"):
        db.execute("SELECT 1")
