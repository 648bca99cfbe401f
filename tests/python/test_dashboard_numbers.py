"""The dashboard's numbers are the journal's, told by plain SQL and plain Python."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import journal_schema
from mt5_sentinel.dashboard import steps, timings
from mt5_sentinel.view import newest
from tests.python import dashboard_month
from tests.python.dashboard_served import Client, plain, served

END_S, MINUTES = 1_795_000_000, 6_000
SYMBOL = dashboard_month.SYMBOL
SCORES = ("score_sell", "score_hold", "score_buy", "confidence")


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four days of minutes, and cycles of another mode and another symbol that must show nowhere."""
    place = tmp_path_factory.mktemp("state")
    dashboard_month.build(place, END_S, MINUTES)
    columns = [
        row["name"] for row in plain(place, "SELECT name FROM pragma_table_info('cycle')") if row["name"] != "id"
    ]
    listed = ", ".join(columns)
    for column, value in (("mode", "dry-run"), ("symbol", "GBPUSD")):
        changed = ", ".join(
            f"'{value}'" if name == column else "-7.5" if name == "equity" else name for name in columns
        )
        with_others = f"INSERT INTO cycle ({listed}) SELECT {changed} FROM cycle WHERE id % 2 = 1 AND mode = 'demo'"
        dashboard_month.change(place, with_others)
    return place


@pytest.fixture(scope="module")
def client(state_dir: Path) -> Iterator[Client]:
    """A dashboard over them, without a login."""
    with served(state_dir) as running:
        yield running


@pytest.fixture(scope="module")
def cycles(state_dir: Path) -> list[dict[str, Any]]:
    """The cycles, oldest first, with ``at_s``."""
    found = plain(state_dir, "SELECT * FROM cycle WHERE mode = 'demo' AND symbol = ? ORDER BY started_utc", SYMBOL)
    return [dict(row) | {"at_s": unix_s(row["started_utc"])} for row in found]


def unix_s(utc: str) -> float:
    return datetime.fromisoformat(utc.replace("Z", "+00:00")).timestamp()


def rounded(row: dict[str, Any], names: tuple[str, ...] = SCORES) -> list[float | None]:
    return [None if row[name] is None else round(row[name], 6) for name in names]


def test_a_short_time_has_a_point_for_each_cycle(client: Client, cycles: list[dict[str, Any]]) -> None:
    shown = cycles[1000:1500]
    told = client.api("series", symbol=SYMBOL, from_s=shown[0]["at_s"], to_s=shown[-1]["at_s"], points=500)
    assert told["step_s"] == 0
    assert told["t"] == [row["at_s"] for row in shown]
    for name, column in zip(("sell", "hold", "buy", "confidence"), SCORES, strict=True):
        assert told[name] == [rounded(row, (column,))[0] for row in shown]
    assert told["equity"] == [row["equity"] for row in shown]
    assert told["drawdown"] == [row["drawdown_max"] for row in shown]


@pytest.mark.parametrize("points", [10, 333, 1500])
def test_a_bucket_keeps_the_most_confident_cycle_the_last_equity_and_the_deepest_fall(
    client: Client, cycles: list[dict[str, Any]], points: int
) -> None:
    told = client.api("series", symbol=SYMBOL, points=points)
    step_s = told["step_s"]
    assert step_s > 0 and step_s % 60 == 0 and len(told["t"]) <= points
    wanted = []
    for _, group in groupby(cycles, key=lambda row: row["at_s"] // step_s):
        rows = list(group)
        peak = max((row for row in rows if row["confidence"] is not None), key=lambda row: row["confidence"])
        equity = [row["equity"] for row in rows if row["equity"] is not None][-1]
        wanted.append([rows[-1]["at_s"], *rounded(peak), equity, max(row["drawdown_max"] for row in rows)])
    names = ("t", "sell", "hold", "buy", "confidence", "equity", "drawdown")
    assert [list(point) for point in zip(*(told[name] for name in names), strict=True)] == wanted


def test_a_cut_bucket_holds_nothing_from_outside_its_range(client: Client, cycles: list[dict[str, Any]]) -> None:
    shown = cycles[7:3000]
    told = client.api("series", symbol=SYMBOL, from_s=shown[0]["at_s"], to_s=shown[-1]["at_s"], points=50)
    first = [row for row in shown if row["at_s"] // told["step_s"] == shown[0]["at_s"] // told["step_s"]]
    assert told["drawdown"][0] == max(row["drawdown_max"] for row in first)
    assert told["t"][0] == first[-1]["at_s"] and told["t"][-1] == shown[-1]["at_s"]


def test_thresholds_tell_what_held_and_each_change(client: Client) -> None:
    begin_s = END_S - END_S % 60 - 60 * MINUTES
    half_s = begin_s + 30 * MINUTES
    first, second = (
        {"from_s": at, "threshold": value} for at, value in zip((begin_s, half_s), (0.55, 0.6), strict=True)
    )
    assert client.api("series", symbol=SYMBOL)["thresholds"] == [first, second]
    assert client.api("series", symbol=SYMBOL, from_s=begin_s + 60, to_s=half_s - 1)["thresholds"] == [first]
    assert client.api("series", symbol=SYMBOL, from_s=half_s)["thresholds"] == [second]
    assert client.api("series", symbol=SYMBOL, from_s=0, to_s=begin_s - 1)["thresholds"] == []


@pytest.mark.parametrize("points", [20, 1500, 5000])
def test_bars_are_the_caches_joined_as_brokers_do(client: Client, state_dir: Path, points: int) -> None:
    told = client.api("bars", symbol=SYMBOL, from_s=END_S - 250_000, points=points)
    rows = plain(state_dir, "SELECT * FROM bar WHERE open_s >= ? ORDER BY open_s", END_S - 250_000, file="bars.db")
    step_s = told["step_s"]
    assert told["interval_s"] == 60 and step_s == (60 if points == 5000 else steps.width_s(250_000, points))
    wanted = []
    for at, found in groupby(rows, key=lambda row: row["open_s"] // step_s):
        group = list(found)
        high, low = max(row["high"] for row in group), min(row["low"] for row in group)
        volume = sum(row["volume"] for row in group)
        wanted.append([at * step_s, group[0]["open"], high, low, group[-1]["close"], volume])
    names = ("t", "open", "high", "low", "close", "volume")
    assert [list(bar) for bar in zip(*(told[name] for name in names), strict=True)] == wanted
    assert 0 < len(wanted) <= points


def test_decisions_orders_and_positions_are_the_journals(client: Client, state_dir: Path) -> None:
    begin_s = END_S - 200_000
    told = client.api("trades", symbol=SYMBOL, from_s=begin_s, to_s=END_S)
    query = "SELECT * FROM cycle WHERE mode = 'demo' AND symbol = ? AND settled = 1 AND action <> 'HOLD' ORDER BY id"
    found = [row for row in plain(state_dir, query, SYMBOL) if unix_s(row["started_utc"]) >= begin_s]
    names: tuple[str, ...] = ("id", "bar_open_s", "action", "confidence", "reason", "price", "outcome")
    wanted = [{name: row[name] for name in names} | {"time_s": unix_s(row["started_utc"])} for row in found]
    assert told["decisions"] == wanted and {row["reason"] for row in wanted} >= {"signal"}
    orders = [
        row for row in plain(state_dir, "SELECT * FROM intent ORDER BY created_s, rowid") if row["created_s"] >= begin_s
    ]
    names = ("req_id", "kind", "purpose", "side", "state", "price", "profit", "detail", "ticket")
    assert told["orders"] == [
        {name: row[name] for name in names} | {"time_s": row["created_s"], "lots": row["open_lots"] + row["close_lots"]}
        for row in orders
    ]
    assert {row["kind"] for row in orders} == {"open", "close"}
    held = plain(state_dir, "SELECT * FROM position ORDER BY opened_utc")
    names = ("ticket", "side", "lots", "price", "closed_price", "closed_by", "profit")
    assert told["positions"] == [
        {name: row[name] for name in names}
        | {"opened_s": unix_s(row["opened_utc"]), "closed_s": row["closed_utc"] and unix_s(row["closed_utc"])}
        for row in held
        if row["closed_utc"] is None or unix_s(row["closed_utc"]) >= begin_s
    ]


def test_cycles_are_paged_whole_newest_first(client: Client, cycles: list[dict[str, Any]]) -> None:
    told: list[dict[str, Any]] = []
    while page := client.api("cycles", symbol=SYMBOL, limit=499, **({"before_id": told[-1]["id"]} if told else {})):
        if not page["cycles"]:
            break
        told += page["cycles"]
    assert [row["id"] for row in told] == [row["id"] for row in reversed(cycles)]
    names = ("id", "symbol", "status", "reason", "detail", "action", "confidence", "outcome", "trace_id")
    for shown, row in zip(told, reversed(cycles), strict=True):
        assert {name: shown[name] for name in names} == {name: row[name] for name in names}
        assert shown["conditions"] == json.loads(row["conditions"]) and shown["time_s"] == row["at_s"]
        assert math.isclose(shown["took_s"], unix_s(row["finished_utc"]) - row["at_s"], abs_tol=1e-3)
    of_all = client.api("cycles", limit=3)["cycles"]
    assert {row["symbol"] for row in of_all} == {"GBPUSD"}, "those were written last"


def test_stages_tell_percentiles_by_rank_and_the_slowest_of_some_cycles(
    client: Client, cycles: list[dict[str, Any]]
) -> None:
    told = client.api("stages", symbol=SYMBOL, points=100)
    taken = [json.loads(row["stages_s"]) for row in cycles]
    assert told["every"] == 1 and {stage["name"] for stage in told["stages"]} == set(dashboard_month.STAGES_S)
    for stage in told["stages"]:
        seconds = sorted(one[stage["name"]] for one in taken if stage["name"] in one)
        assert stage["count"] == len(seconds) and stage["max_s"] == seconds[-1]
        assert stage["p50_s"] == seconds[math.ceil(0.5 * len(seconds)) - 1]
        assert stage["p95_s"] == seconds[math.ceil(0.95 * len(seconds)) - 1]
    assert [stage["p50_s"] for stage in told["stages"]] == sorted((s["p50_s"] for s in told["stages"]), reverse=True)
    totals = [sum(one.values()) for one in taken]
    assert len(told["t"]) == 100 and told["t"][-1] == cycles[-1]["at_s"] and told["t"][0] == cycles[59]["at_s"]
    assert told["total_s"] == [pytest.approx(max(totals[at : at + 60]), abs=1e-6) for at in range(0, MINUTES, 60)]


def test_stages_of_very_many_cycles_are_told_from_some_of_each_symbol(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timings, "EXACT_MAX", 500)
    for symbol, cycles in ((SYMBOL, MINUTES), ("GBPUSD", MINUTES // 2)):
        told = client.api("stages", symbol=symbol)
        assert told["every"] == cycles / 500
        assert 350 < max(stage["count"] for stage in told["stages"]) < 650


def test_the_overview_tells_the_newest_of_everything(
    client: Client, state_dir: Path, cycles: list[dict[str, Any]]
) -> None:
    told, last_cycle = client.api("overview"), cycles[-1]
    assert told["mode"] == "demo" and told["level"] == "bad", "nothing has run since"
    assert (
        told["account"]["equity"] == last_cycle["equity"] and told["account"]["drawdown"] == last_cycle["drawdown_max"]
    )
    assert told["account"] | {"currency": "USD", "drawdown_max": 500.0, "exposure_max": 100_000.0} == told["account"]
    assert told["quota"]["limit"] == 80_000.0
    (symbol,) = told["symbols"]
    assert symbol["first_cycle_s"] == cycles[0]["at_s"] and symbol["threshold"] == 0.6 and symbol["interval_s"] == 60
    last = {name: last_cycle[name] for name in ("id", "status", "reason", "detail", "action", "confidence")}
    scores = [last_cycle[name] for name in SCORES[:3]]
    assert symbol["last"] == last | {"time_s": last_cycle["at_s"], "scores": scores}
    query = "SELECT ticket, side, lots, price, sl, tp, opened_utc FROM position WHERE state = 'open'"
    rows = [dict(row) for row in plain(state_dir, query)]
    assert symbol["open_positions"] == [row | {"opened_s": unix_s(row.pop("opened_utc"))} for row in rows]
    features = {one["name"]: one for one in symbol["features"]}
    assert features["macd"]["inside"] is (0.1 <= features["macd"]["value"] <= 0.2)
    assert features["rsi_14"] == {"name": "rsi_14", "value": 0.09, "low": -1.0, "high": 2.0, "inside": True}
    assert symbol["model"]["trained_to"] == "2017-09-10" and len(symbol["features"]) == 22


@pytest.mark.parametrize("version", range(1, journal_schema.VERSION))
def test_a_journal_of_an_older_program_is_read_as_it_is(tmp_path: Path, version: int) -> None:
    dashboard_month.create(tmp_path, "".join(journal_schema.STEPS[:version]))
    row = "('2026-01-01T00:00:58.000Z', '2026-01-01T00:00:59.500Z', 'EURUSD', 'live', 'done', 'signal', 1, 'BUY', 0.7)"
    columns = "started_utc, finished_utc, symbol, mode, status, reason, settled, action, confidence"
    dashboard_month.change(tmp_path, f"INSERT INTO cycle ({columns}) VALUES {row}")
    with served(tmp_path) as client:
        overview = client.api("overview")
        assert overview["symbols"] == [] and overview["level"] == "bad"
        assert "older program" in overview["lights"][0]["text"]
        (cycle,) = client.api("cycles", symbol="EURUSD")["cycles"]
        assert cycle["took_s"] == 1.5 and cycle["conditions"] == [] and cycle["trace_id"] is None
        assert client.api("series", symbol="EURUSD")["confidence"] == [0.7]
        trades = client.api("trades", symbol="EURUSD")
        assert trades["decisions"][0]["action"] == "BUY" and trades["orders"] == trades["positions"] == []
        assert client.api("stages", symbol="EURUSD") == {"every": 1, "stages": [], "t": [], "total_s": []}
        assert client.api("bars", symbol="EURUSD")["t"] == []


def test_the_newest_cycle_is_found_without_a_sort(state_dir: Path) -> None:
    """Sorted, a month of minutes took a third of a second for each look."""
    query = f"EXPLAIN QUERY PLAN SELECT * {newest.OF_PLACE} ORDER BY id DESC LIMIT 1"
    plan = [row["detail"] for row in plain(state_dir, query, "demo", SYMBOL)]
    assert plan == ["SEARCH cycle USING INDEX cycle_newest (mode=? AND symbol=?)"]


def test_a_bucket_is_as_narrow_as_the_points_allow_and_reads_well() -> None:
    assert steps.width_s(43_200 * 60, 1500) == 1800
    assert steps.width_s(60, 1500) == 60
    assert steps.width_s(86_400 * 30, 1500, 3600) == 3600
    assert steps.width_s(86_400 * 3650, 10) % (7 * 86_400) == 0
    for span_s in (1, 599, 3600, 86_401, 10**7, 10**9):
        for points in (10, 77, 5000):
            width = steps.width_s(span_s, points)
            assert span_s // width + 2 <= points or span_s < width * points
