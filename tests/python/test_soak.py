"""The parts of a soak: its clock, its prices, its stand-ins, what it measures, and each limit broken once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import Model, _core, bundled
from mt5_sentinel.adapters.hub import HubScorer
from mt5_sentinel.errors import Transient
from mt5_sentinel.gateway.recording import load
from mt5_sentinel.ops.soak import lively, sampling, walk
from mt5_sentinel.ops.soak.children import Children
from mt5_sentinel.ops.soak.eodhd_stand_in import EodhdServer, Feed
from mt5_sentinel.ops.soak.hub_stand_in import HubServer
from mt5_sentinel.ops.soak.sampling import Watch
from mt5_sentinel.ops.soak.shared_clock import SharedClock

MONDAY_S = 1_767_571_200
"""2026-01-05 00:00 UTC."""


def test_a_wait_moves_the_clock_of_all_who_share_it(tmp_path: Path) -> None:
    mine = SharedClock.create(tmp_path / "clock", MONDAY_S)
    other = SharedClock(tmp_path / "clock")
    before = ahead_s(mine)
    mine.wait_s(60)
    assert ahead_s(mine) == before, "nothing is skipped yet"
    mine.skip_until(mine.wall_s() + 100_000)
    mine.wait_s(60)
    assert ahead_s(other) == ahead_s(mine) == before + 60, "the other sees it at once"
    mine.skip_until(mine.wall_s() + 30)
    mine.wait_s(60)
    assert before + 60 < ahead_s(other) < before + 91, "no further than the limit"
    assert mine.monotonic_s() <= other.wall_s() <= mine.monotonic_s(), "one clock"
    mine.close()
    other.close()


def ahead_s(clock: SharedClock) -> float:
    return clock._cells[0]


def test_the_walk_is_repeatable_and_closes_on_itself() -> None:
    bars = walk.bars(1)
    assert bars == walk.bars(1) != walk.bars(2)
    assert len(bars) == walk.MINUTES
    assert bars[0][0] == bars[-1][3], "the round ends where it began"
    for opened, high, low, close, volume in bars:
        assert low <= min(opened, close) <= max(opened, close) <= high
        assert volume > 0
    closes = [bar[3] * walk.POINT for bar in bars]
    assert 1.0 < min(closes) < max(closes) < 1.3


def test_a_run_begins_where_the_model_trades(round_: list[walk.Bar]) -> None:
    model = Model.load(bundled.MODEL)
    flat = [(112_000, 112_000, 112_000, 112_000, 100)] * walk.MINUTES
    turns = []
    for hour in range(0, 7 * 24, 7):
        turns.append(lively.turn(round_, model, MONDAY_S + 3600 * hour, 0.35))
        turned = walk.turned(round_, turns[-1])
        assert lively.turn(turned, model, MONDAY_S + 3600 * hour, 0.35) == 0
    assert 0 in turns
    assert any(turns), "some hours have to be looked for"
    assert turned[-1][3] == turned[0][0], "it still closes on itself"
    assert lively.turn(round_, model, MONDAY_S, 0.99) == lively.turn(flat, model, MONDAY_S, 0.35) == 0


@pytest.fixture(scope="module")
def round_() -> list[walk.Bar]:
    return walk.bars(1)


def test_gateway_and_source_show_the_same_prices(round_: list[walk.Bar], tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("".join(walk.recording(round_, MONDAY_S)))
    recording = load(str(path), _core.SymbolFacts("EURUSD", "USD"), spread_points=10)
    now_s = MONDAY_S + 5 * 3600
    feed = _feed(round_, now_s)
    rows = _rows(feed, now_s - 6000, now_s - 60)
    played = {int(row[0]): row[1:5] for row in recording.bars_at(now_s, 1, 90)}
    shown = {row["timestamp"]: tuple(row[name] for name in ("open", "high", "low", "close")) for row in rows}
    assert len(played.keys() & shown.keys()) == 90
    revised = now_s - 60 if (now_s // 60 - 1) % 37 == 0 else 0
    assert all(tuple(map(float, played[at])) == shown[at] for at in played.keys() & shown.keys() if at != revised)


def _feed(round_: list[walk.Bar], now_s: float, market: str = "auto") -> Feed:
    return Feed(round_, _core.Calendar("EURUSD", market, []), lambda: now_s, "token")


def _query(from_s: float, to_s: float, word: str = "token") -> str:
    return f"/api/intraday/EURUSD.FOREX?api_token={word}&interval=1m&fmt=json&from={int(from_s)}&to={int(to_s)}"


def _rows(feed: Feed, from_s: float, to_s: float) -> list[dict[str, Any]]:
    status, body = feed.answer(_query(from_s, to_s))
    assert status == 200
    found: list[dict[str, Any]] = json.loads(body)
    return found


def test_the_source_has_the_dirt_of_the_real_one(round_: list[walk.Bar]) -> None:
    minute = -(-MONDAY_S // 60 // 3_700) * 3_700  # a bar that is revised, stands twice and forms without prices
    open_s = minute * 60
    (forming, twice) = _rows(_feed(round_, open_s + 30), open_s, open_s + 60)
    assert forming == twice
    assert [forming[name] for name in ("open", "high", "low", "close")] == [None] * 4
    (early, _, after) = _rows(_feed(round_, open_s + 118), open_s, open_s + 118)
    (late, *_) = _rows(_feed(round_, open_s + 178), open_s, open_s + 178)
    assert early["close"] != late["close"], "it was revised"
    assert after["timestamp"] == open_s + 60
    assert after["high"] >= after["close"] >= after["low"], "the one that forms"


def test_the_source_keeps_to_its_hours_token_and_limit(round_: list[walk.Bar]) -> None:
    saturday_s = MONDAY_S + 5 * 86_400 + 43_200
    assert _rows(_feed(round_, saturday_s), saturday_s - 3600, saturday_s) == []
    assert len(_rows(_feed(round_, saturday_s, "always"), saturday_s - 3600, saturday_s)) >= 61
    feed = _feed(round_, MONDAY_S)
    assert feed.answer(_query(MONDAY_S - 60, MONDAY_S, "another"))[0] == 401
    status, body = feed.answer(_query(MONDAY_S - 121 * 86_400, MONDAY_S))
    assert (status, b"Max period length is 120 days" in body) == (422, True)
    assert feed.date() == "Mon, 05 Jan 2026 00:00:00 GMT"


def test_the_source_answers_over_http(round_: list[walk.Bar]) -> None:
    with EodhdServer(_feed(round_, MONDAY_S)) as server, _Serving(server):
        url = f"http://127.0.0.1:{server.server_port}{_query(MONDAY_S - 600, MONDAY_S)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            assert answer.headers["Date"] == "Mon, 05 Jan 2026 00:00:00 GMT"
            assert len(json.loads(answer.read())) >= 11


def test_the_hub_stand_in_scores_as_the_model_does() -> None:
    row = [float(i) for i in range(22)]
    model, columns = Model.load(bundled.MODEL), [spec.name for spec in _core.catalogue()]
    with HubServer(model, columns) as server, _Serving(server):
        hub = HubScorer("127.0.0.1", server.server_port, form="columns", answer="classes", timeout_s=10)
        hub.ping()
        assert hub.score_rows([row]) == pytest.approx(model.score_rows([row]))
        assert server.answer(b'{"dataframe_split":{"columns":["a"],"data":[[1.0]]}}')[0] == 400
        assert server.answer(b"[")[0] == 400
        pair = HubScorer("127.0.0.1", server.server_port, form="inputs", answer="classes", timeout_s=10)
        with pytest.raises(Transient):
            pair.score_rows([row])
        hub.close()
        pair.close()


class _Serving:
    def __init__(self, server: Any) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.01,))

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()


def test_a_process_is_seen_from_outside(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(bytes(1000))
    (tmp_path / "journal.db-wal").write_bytes(bytes(500))
    watch = Watch({"daemon": os.getpid(), "other": os.getppid()}, tmp_path, lambda: 7.0)
    with (tmp_path / "open").open("w"):
        seen = watch.sample(1.0)
    after = watch.sample(2.0)
    assert seen.fds == after.fds + 1
    assert seen.threads >= 1
    assert seen.rss_mb > seen.pss_mb > 1
    assert (seen.journal_bytes, seen.cache_bytes, seen.cycles) == (1500, 0, 7.0)
    assert seen.cpu_s > 0
    assert seen.others_rss_mb["other"] > 0


def test_a_process_that_has_ended_is_gone_before_it_is_reaped(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(ProcessLookupError):
            Watch({"daemon": child.pid}, tmp_path, lambda: 7.0).sample(1.0)


def test_slopes_and_drifts() -> None:
    assert sampling.slope([(0, 1), (5000, 2), (10_000, 3)]) == pytest.approx(2.0)
    assert sampling.slope([(0, 5), (1, 5)]) == 0
    assert sampling.slope([(3, 1)]) is None
    assert sampling.slope([(3, 1), (3, 2)]) is None
    assert sampling.floor_rise([1, 3, 5, 1, 1, 1, 2, 2, 9]) == 1
    assert sampling.floor_rise([3, 1, 3, 1, 3, 1, 1, 3, 3]) == 0, "what is open for a moment only"


def test_a_process_that_ends_at_its_start_is_told(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        child = children.start("broken", ["/bin/sh", "-c", "echo it cannot; exit 3"])
        with pytest.raises(Transient, match="broken ended at its start: it cannot"):
            child.await_line("never (.*)")
        slow = children.start("slow", ["/bin/sh", "-c", "exec sleep 600"])
        with pytest.raises(Transient, match=r"slow was not ready within 0\.1 s: it said nothing"):
            slow.await_line("never (.*)", 0.1)
        assert children.ended() == ["broken"]
    assert children.ended() == ["broken", "slow"]


def test_a_process_inherits_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MT5_SENTINEL_LIVE", "true")
    monkeypatch.setenv("EODHD_API_TOKEN", "a-real-one")
    with Children(tmp_path) as children:
        child = children.start("env", ["/usr/bin/env"], {"GIVEN": "1"})
        assert child.wait() == 0
    assert "GIVEN=1" in child.told()
    assert "MT5_SENTINEL_LIVE" not in child.told()
    assert "a-real-one" not in child.told()
