"""Several symbols in one daemon: fetches overlap, and one symbol's fault costs the others nothing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import crew, journal
from mt5_sentinel.adapters.replay import ReplayClock
from mt5_sentinel.commands import assembly
from mt5_sentinel.config import Settings
from mt5_sentinel.cycle import Desk
from mt5_sentinel.daemon import Desks
from mt5_sentinel.errors import Misconfigured, Transient, Unsafe
from mt5_sentinel.route import Route
from tests.python.desk_floor import PATIENCE_S, Floor, GatedMarket, Open, opened
from tests.python.fakes import BUY, HOUR_S, NOW_S, SELL, FakeMarket, FakeModel, parts

__all__ = ["opened"]


def test_twenty_symbols_at_once_do_not_exceed_what_the_account_may_have(opened: Open) -> None:
    floor = opened(*(f"A{chr(65 + k)}XUSD" for k in range(20)), changed={"positions_max": 5})
    together = threading.Barrier(20, timeout=PATIENCE_S)
    for market in floor.markets.values():
        market.gate = together.wait
    records = [record for record in floor.minute().values() if record is not None]
    assert sum(record.outcome == "filled" for record in records) == 5
    assert {record.reason for record in records if record.outcome != "filled"} == {"refused_positions_total"}
    assert len(floor.desks[0].dealer.broker.book().positions) == 5


TRADED = ("done", "signal", "filled")


def raising(error: Exception) -> Callable[[], object]:
    def gate() -> None:
        raise error

    return gate


def hold(market: GatedMarket) -> threading.Event:
    """Let the market hang until the event is set."""
    released = threading.Event()
    market.gate = lambda: released.wait(PATIENCE_S)
    return released


def test_twenty_symbols_are_inside_their_fetches_at_once(opened: Open) -> None:
    floor = opened(*(f"A{chr(65 + k)}XUSD" for k in range(20)))
    together = threading.Barrier(20, timeout=PATIENCE_S)  # opens for twenty at once, and never for fewer
    for market in floor.markets.values():
        market.gate = together.wait
    records = floor.minute()
    assert {name: record and record.outcome for name, record in records.items()} == dict.fromkeys(floor.names, "filled")
    assert {name: floor.rows(name) for name in floor.names} == {name: [TRADED] for name in floor.names}
    assert sorted(record.symbol for record in floor.seen) == sorted(floor.names)
    cycles = list(journal.read(floor.desks[0].journal.path))
    assert {cycle["symbol"]: cycle["intents"][0]["symbol"] for cycle in cycles} == {name: name for name in floor.names}


def test_no_symbol_is_ruled_on_between_another_ones_ruling_and_its_order(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two symbols want the last place of the account; each waits, once it is approved, for the other to be so too."""
    floor = opened("EURUSD", "GBPUSD", changed={"positions_max": 1})
    both = threading.Barrier(2)
    entry = Route.entry

    def waiting(route: Route, *approved: Any) -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return entry(route, *approved)

    monkeypatch.setattr(Route, "entry", waiting)
    outcomes = [record.outcome for record in floor.minute().values() if record is not None]
    assert sorted(map(str, outcomes)) == ["filled", "refused"]


def test_a_fault_a_hang_and_a_broken_book_cost_the_others_nothing(opened: Open, caplog: Any) -> None:
    floor = opened("EURUSD", "GBPUSD", "AUDUSD", "NZDUSD", cycle_budget_s=0.0)
    floor.markets["GBPUSD"].gate = raising(RuntimeError("odd"))
    released = hold(floor.markets["AUDUSD"])
    floor.markets["NZDUSD"].gate = raising(Unsafe("the book is broken", "book_broken"))
    assert floor.minute()["AUDUSD"] is None, "no outcome yet"
    floor.settle("EURUSD", "GBPUSD", "NZDUSD")
    floor.markets["NZDUSD"].gate = lambda: None
    floor.models["EURUSD"].scores = SELL
    for name, reason in (("GBPUSD", "internal_error"), ("NZDUSD", "book_broken")):
        assert floor.rows(name) == [("failed", reason, None)]

    records = floor.minute(after_s=HOUR_S)
    skipped = records["AUDUSD"]
    assert skipped is not None
    assert (skipped.status, skipped.reason, skipped.scores) == ("failed", "still_running", None)
    floor.settle("EURUSD", "GBPUSD", "NZDUSD")
    assert floor.rows("EURUSD") == [TRADED, TRADED]
    assert floor.rows("NZDUSD")[1] == ("done", "refused_halted", "refused"), "its halt is its own"
    assert floor.rows("AUDUSD") == [("running", "started", None), ("failed", "still_running", None)]
    assert "!!! CYCLE ERROR: the cycle of an earlier minute still runs" in caplog.text

    released.set()
    floor.settle("AUDUSD")
    # Decided on bars of an hour ago, with the time of that hour: the order is of its own minute.
    assert floor.rows("AUDUSD") == [TRADED, ("failed", "still_running", None)]
    floor.markets["AUDUSD"].gate = floor.markets["GBPUSD"].gate = lambda: None
    floor.models["AUDUSD"].scores = SELL
    floor.minute(after_s=HOUR_S)
    floor.settle(*floor.names)
    assert floor.rows("AUDUSD")[-1] == floor.rows("GBPUSD")[-1] == TRADED
    assert len(floor.seen) == 12


def test_three_bugs_of_one_symbol_halt_that_symbol_only(opened: Open) -> None:
    floor = opened("EURUSD", "GBPUSD")
    floor.models["GBPUSD"].scores = RuntimeError("odd")
    for _ in range(3):
        floor.minute(after_s=HOUR_S)
    floor.models["GBPUSD"].scores = BUY
    floor.models["EURUSD"].scores = SELL
    records = floor.minute(after_s=HOUR_S)
    assert {name: record and record.reason for name, record in records.items()} == {
        "EURUSD": "signal",
        "GBPUSD": "refused_halted",
    }


def test_the_minute_waits_for_its_cycles(opened: Open) -> None:
    floor = opened("EURUSD", "GBPUSD")
    released, found = hold(floor.markets["GBPUSD"]), list[Any]()
    loop = threading.Thread(target=lambda: found.append(floor.minute()))
    loop.start()
    assert floor.markets["GBPUSD"].inside.wait(PATIENCE_S)
    floor.settle("EURUSD")
    assert loop.is_alive(), "it does not go on while one of them still may end in time"
    released.set()
    loop.join(PATIENCE_S)
    assert [record.outcome for record in found[0].values()] == ["filled", "filled"]


def test_a_minute_and_the_next_fit_their_period() -> None:
    assert crew.CYCLE_BUDGET_S < 60 - 5, "or the next moment is missed"


def test_a_stop_lets_running_cycles_end(opened: Open) -> None:
    floor = opened("EURUSD", "GBPUSD")
    gates = [hold(market) for market in floor.markets.values()]
    loop = threading.Thread(target=floor.daemon.run)
    loop.start()
    assert all(market.inside.wait(PATIENCE_S) for market in floor.markets.values())
    floor.daemon.stop()
    for released in gates:
        released.set()
    loop.join(PATIENCE_S)
    assert not loop.is_alive()
    assert floor.daemon.close(0.0) == []
    assert [floor.rows(name) for name in floor.names] == [[TRADED], [TRADED]]


def test_a_stop_does_not_wait_for_ever(opened: Open, caplog: Any) -> None:
    floor = opened("EURUSD", "GBPUSD", cycle_budget_s=0.0)
    released = hold(floor.markets["GBPUSD"])
    floor.minute()
    floor.settle("EURUSD")
    assert floor.daemon.close(0.0) == ["GBPUSD"]
    assert "GBPUSD: its cycle still runs" in caplog.text
    released.set()


def test_what_tears_through_the_guard_costs_one_cycle(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda told: None)

    def leave() -> None:
        raise SystemExit

    floor = opened("EURUSD", "GBPUSD")
    floor.markets["GBPUSD"].gate = leave
    records = floor.minute()
    assert (records["GBPUSD"], floor.rows("EURUSD")) == (None, [TRADED])
    floor.daemon._crew._seats[1]._thread.join(PATIENCE_S)
    floor.markets["GBPUSD"].gate = lambda: None
    floor.minute(after_s=HOUR_S)
    assert floor.rows("GBPUSD")[-1] == TRADED


def test_one_symbol_works_on_the_thread_of_the_loop(opened: Open) -> None:
    floor, threads = opened("EURUSD"), list[threading.Thread]()
    floor.markets["EURUSD"].gate = lambda: threads.append(threading.current_thread())
    floor.minute()
    assert threads == [threading.current_thread()]


def reload_with(floor: Floor, reload: Callable[[Desks], Desks]) -> None:
    floor.daemon._reload = reload
    floor.daemon.reload()
    floor.daemon.tick()


def test_a_reload_is_of_all_symbols_or_of_none(opened: Open, caplog: Any) -> None:
    floor = opened("EURUSD", "GBPUSD")
    changed: list[Settings] = [replace(desk.settings, threshold=0.9) for desk in floor.desks]

    def rebuild(old: Desks, new: list[Settings]) -> Desks:
        assembly.check_symbols(new, old)
        return assembly.reopen_desks([floor.parts(settings) for settings in new], floor.clock, old)

    reload_with(floor, lambda old: rebuild(old, [changed[0], replace(changed[1], deposit=5.0)]))
    assert "Reload refused, the old configuration stays: deposit: a change takes a restart" in caplog.text
    assert floor.daemon.desks == floor.desks
    for other in (changed[:1], [*changed, replace(changed[0], symbol="AUDUSD")]):
        with pytest.raises(Misconfigured, match="a change of the set takes a restart"):
            rebuild(floor.desks, other)
    reload_with(floor, lambda old: rebuild(old, changed[::-1]))
    assert [desk.settings.symbol for desk in floor.daemon.desks] == floor.names
    records = floor.minute(after_s=HOUR_S)
    assert [record and record.reason for record in records.values()] == ["below_threshold"] * 2


def test_what_cannot_be_opened_gives_the_journal_back(tmp_path: Path) -> None:
    settings = [Settings(symbol=name, state_dir=str(tmp_path)) for name in ("EURUSD", "GBPUSD")]
    made = [parts(one, FakeMarket(), FakeModel()) for one in settings]
    clock = ReplayClock(NOW_S)
    assembly.close(assembly.open_desks(made, clock, mode="dry-run"))
    made = [replace(one, settings=replace(one.settings, deposit=1.0)) for one in made]
    for _ in range(2):
        with pytest.raises(Misconfigured, match="was opened with") as caught:
            assembly.open_desks(made, clock, mode="dry-run")
        assert caught.value.reason == "paper_account"


def test_a_symbol_whose_source_is_away_is_that_symbols_transient(opened: Open) -> None:
    floor = opened("EURUSD", "GBPUSD")
    floor.markets["EURUSD"].gate = raising(Transient("no answer", "fetch_timeout"))
    floor.minute()
    assert (floor.rows("EURUSD"), floor.rows("GBPUSD")) == ([("failed", "fetch_timeout", None)], [TRADED])


def test_desks_share_the_journal_and_nothing_else(opened: Open) -> None:
    first, second = opened("EURUSD", "GBPUSD").desks
    shared = {name for name in Desk.__dataclass_fields__ if getattr(first, name) is getattr(second, name)}
    assert shared == {"journal", "release"}
