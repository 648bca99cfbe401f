"""A damaged cache or row takes away what rests on it and nothing else; what is not known is told as not known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel.dashboard import trades
from mt5_sentinel.dashboard.parameters import ID_MAX, Window
from mt5_sentinel.dashboard.reader import book
from tests.python import dashboard_month
from tests.python.dashboard_served import Client, plain, served

END_S, MINUTES = 1_795_000_000, 1_500
SYMBOL = dashboard_month.SYMBOL
WHOLE = {"symbol": SYMBOL, "from_s": END_S - 60 * MINUTES - 60, "to_s": END_S}


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A day of minutes."""
    dashboard_month.build(tmp_path / "state", END_S, MINUTES)
    return tmp_path / "state"


@pytest.fixture
def client(state_dir: Path) -> Iterator[Client]:
    """A dashboard over it."""
    with served(state_dir) as running:
        yield running


def shown(client: Client) -> Any:
    """What a page begins with."""
    return client.api("start", last_s=60 * MINUTES + 3600)["shown"]


def test_a_damaged_cache_takes_the_candles_and_nothing_else(client: Client, state_dir: Path) -> None:
    (state_dir / "bars.db").write_bytes(b"this was a cache" * 1000)
    answer = client.ask(f"/api/bars?symbol={SYMBOL}")
    assert answer.status == 503
    told = answer.json()["error"]
    assert told.startswith(f"{state_dir / 'bars.db'}: the cache of bars cannot be read: ") and "journal" not in told
    begun = client.api("start", last_s=86_400)
    assert begun["shown"]["bars"]["error"] == told
    assert begun["shown"]["bars"]["t"] == begun["shown"]["bars"]["close"] == []
    assert begun["shown"]["series"]["t"] and begun["shown"]["cycles"] and begun["shown"]["stages"]
    assert begun["overview"]["quota"] is None
    (quota,) = [light for light in begun["overview"]["lights"] if light["name"] == "quota"]
    assert quota["level"] == "warn" and "is not known" in quota["text"]
    for name in ("overview", "series", "trades", "stages", "cycles"):
        assert client.ask(f"/api/{name}" + ("" if name == "overview" else f"?symbol={SYMBOL}")).status == 200


def test_a_damaged_time_is_the_only_thing_a_cycle_lacks(client: Client, state_dir: Path) -> None:
    dashboard_month.change(state_dir, "UPDATE cycle SET started_utc = 'noon' WHERE id = ?", MINUTES - 3)
    found = {one["id"]: one for one in client.api("cycles", symbol=SYMBOL)["cycles"]}
    assert found[MINUTES - 3]["time_s"] is found[MINUTES - 3]["took_s"] is None
    assert found[MINUTES - 3]["reason"] and found[MINUTES - 4]["time_s"]
    dashboard_month.change(state_dir, "UPDATE cycle SET started_utc = '' WHERE id = ?", MINUTES - 3)
    assert client.api("overview")["symbols"][0]["first_cycle_s"] is None


@pytest.mark.parametrize(("column", "damage"), [("risk_state", "SLEEPY"), ("started_utc", "noon"), ("action", "WAIT")])
def test_a_damaged_newest_row_leaves_what_other_rows_say(
    client: Client, state_dir: Path, column: str, damage: str
) -> None:
    dashboard_month.change(state_dir, f"UPDATE cycle SET {column} = ? WHERE id = ?", damage, MINUTES)
    told = client.api("overview")
    (light,) = told["lights"]
    assert (light["name"], light["level"], told["level"]) == ("journal", "bad", "bad")
    assert light["text"].startswith(f"journal: cycle {MINUTES}: ")
    assert told["mode"] == "demo" and told["account"] is None
    (symbol,) = told["symbols"]
    assert symbol["symbol"] == SYMBOL and symbol["last"] is None and symbol["threshold"] == 0.6
    assert client.ask(f"/api/start?wanted={SYMBOL}").json()["shown"]["cycles"][0]["id"] == MINUTES


def test_notes_from_before_the_range_are_not_even_read(client: Client, state_dir: Path) -> None:
    """A journal may hold one of each minute."""
    dashboard_month.change(state_dir, "UPDATE desk SET facts = '{' WHERE id = 1")
    half_s = END_S - END_S % 60 - 30 * MINUTES
    told = client.api("series", symbol=SYMBOL, from_s=half_s, to_s=END_S)
    assert told["thresholds"] == [{"from_s": half_s, "threshold": 0.6}]


def test_counts_are_of_the_whole_range_however_many_are_told(
    client: Client, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard_month.change(
        state_dir, "UPDATE cycle SET action = 'BUY', outcome = NULL WHERE settled = 1 AND id % 9 = 0"
    )
    outcomes = [row["outcome"] for row in plain(state_dir, f"SELECT outcome {decided()}")]
    held = len(plain(state_dir, "SELECT * FROM position"))
    wanted = (len(outcomes), sum(one != "filled" for one in outcomes), held)
    assert held > 3 and len(outcomes) > 100
    for newest in (500, 3):
        monkeypatch.setattr(trades, "NEWEST_MAX", newest)
        for told in (client.api("trades", **WHOLE), shown(client)["trades"]):
            assert tuple(told[name] for name in ("decisions_count", "untraded_count", "positions_count")) == wanted
            assert len(told["positions"]) == min(newest, held)
    monkeypatch.setattr(trades, "CROWD", 2)
    told = shown(client)["trades"]
    assert told["positions_count"] == held and told["decisions_count"] is None and told["decisions"] == []


def decided() -> str:
    return "FROM cycle WHERE settled = 1 AND action <> 'HOLD'"


@pytest.mark.parametrize("state", ["unknown", "intended"])
def test_an_order_whose_fate_is_not_known_is_told(client: Client, state_dir: Path, state: str) -> None:
    assert client.api("trades", **WHOLE)["orders_unknown"] == []
    newest = "(SELECT req_id FROM intent WHERE kind = 'open' ORDER BY created_utc DESC LIMIT 1)"
    dashboard_month.change(state_dir, f"UPDATE intent SET state = ?, price = NULL WHERE req_id = {newest}", state)
    (row,) = plain(state_dir, "SELECT * FROM intent WHERE state = ?", state)
    for told in (client.api("trades", **WHOLE), shown(client)["trades"]):
        (order,) = told["orders_unknown"]
        assert (order["req_id"], order["state"], order["side"]) == (row["req_id"], state, row["side"])
        assert order["time_s"] == row["created_s"]


@pytest.mark.parametrize(("into_s", "count"), [(0, 1), (1, 1), (59, 1), (60, 0)])
def test_a_bar_that_reaches_into_the_range_belongs_to_it(
    client: Client, state_dir: Path, into_s: int, count: int
) -> None:
    """The newest bar of an hour's chart opened up to two hours ago."""
    newest_s = plain(state_dir, "SELECT max(open_s) AS at FROM bar", file="bars.db")[0]["at"]
    told = client.api("bars", symbol=SYMBOL, from_s=newest_s + into_s, to_s=newest_s + 3600)
    assert told["t"] == [newest_s] * count


def test_the_account_is_told_with_its_time(client: Client, state_dir: Path) -> None:
    dashboard_month.change(state_dir, "UPDATE cycle SET equity = NULL, risk_state = NULL WHERE id > ?", MINUTES - 60)
    told = client.api("overview")
    query = "SELECT strftime('%s', finished_utc) AS at FROM cycle WHERE equity IS NOT NULL ORDER BY id DESC LIMIT 1"
    known_s = int(plain(state_dir, query)[0]["at"])
    assert int(told["account"]["equity_s"]) == known_s and int(told["account"]["risk_s"]) == known_s
    old = {light["name"]: light for light in told["lights"] if light["is_old"]}
    assert set(old) == {"model", "broker", "orders", "drift", "halt", "drawdown", "clock"}
    assert {light["level"] for light in old.values()} == {"warn", "bad"}
    dashboard_month.change(state_dir, "UPDATE cycle SET risk_state = NULL")
    assert client.api("overview")["account"]["risk_s"] is None


@pytest.mark.parametrize("symbol", [SYMBOL, "GBPUSD", None])
def test_the_cycles_of_a_symbol_are_not_sought_among_those_of_others(state_dir: Path, symbol: str | None) -> None:
    asked: list[str] = []
    with book(state_dir) as found:
        found.db.set_trace_callback(asked.append)
        trades.cycles(found, Window(symbol, ID_MAX, 50))
        found.db.set_trace_callback(None)
        (query,) = [one for one in asked if "FROM cycle" in one]
        plan = [row["detail"] for row in found.db.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert ("cycle_newest" in plan[0]) is (symbol is not None)
    assert not [step for step in plan if "TEMP B-TREE" in step]
