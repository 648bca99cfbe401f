"""Orders at the gateway: each executed once at most, and everybody told the same about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import wire
from mt5_sentinel.gateway.memory import Memory
from mt5_sentinel.gateway.venue import Outcome
from mt5_sentinel.wire import Executed
from tests.python.gateway_desk import BUY, CLOSE, MODIFY, Bench, FullAt, executed, new_id


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_an_order_is_executed_once_however_often_it_comes(bench: Bench) -> None:
    req_id = new_id()
    first = bench.buy(req_id)
    assert (first.retcode, first.error, first.ticket) == (wire.DONE, False, 1)
    assert executed(first) == Executed(1, 1.1001, 0.1)
    for _ in range(3):
        again = bench.buy(req_id)
        assert (again.retcode, executed(again)) == (wire.DONE, executed(first))
    bench.restart()
    bench.clock.pass_s(3600)
    late = bench.buy(req_id)
    assert (late.retcode, executed(late)) == (wire.DONE, executed(first)), "also long after its end"
    assert bench.venue.executed_ids == [req_id]
    assert bench.look(req_id) == wire.Looked("executed", wire.DONE, "", executed(first))


@pytest.mark.parametrize(
    ("action", "payload"),
    [("ORDER_SEND", BUY | {"volume": 0.2}), ("ORDER_SEND", BUY | {"sl": 1.08}), ("ORDER_CLOSE", CLOSE)],
)
def test_an_id_belongs_to_one_order(bench: Bench, action: str, payload: dict[str, Any]) -> None:
    req_id = new_id()
    bench.buy(req_id)
    reply = bench.ask(action, payload, req_id)
    assert (reply.retcode, "another order" in reply.msg) == (wire.INVALID, True)
    assert bench.venue.executed_ids == [req_id]
    assert bench.look(req_id).state == "executed", "the first order stays as it is"


def test_a_payload_that_says_the_same_is_the_same_order(bench: Bench) -> None:
    req_id = new_id()
    bench.buy(req_id)
    again = bench.ask("ORDER_SEND", {"comment": "", "tp": None, "deviation": 0} | BUY, req_id)
    assert (again.retcode, bench.venue.executed_ids) == (wire.DONE, [req_id])


def test_refusals_are_final_too(bench: Bench) -> None:
    """A refusal was told to somebody; the same order delivered once more must not be executed."""
    by_venue, by_switch, late, ahead = (new_id() for _ in range(4))
    bench.venue.said = [Outcome(10019, "no money")]
    now_s = bench.clock.wall_s()
    assert bench.buy(by_venue).retcode == 10019
    assert bench.buy(late, timestamp=now_s - 30, not_after=now_s - 1).retcode == wire.EXPIRED
    assert bench.buy(ahead, timestamp=now_s + 9, not_after=now_s + 20).retcode == wire.INVALID
    bench.ask("KILL_SWITCH", {"on": True})
    assert bench.buy(by_switch).retcode == wire.HALTED
    bench.clock.pass_s(1)
    assert bench.ask("KILL_SWITCH", {"on": False}).retcode == wire.DONE
    bench.restart()
    bench.clock.pass_s(8)
    again = [bench.buy(req_id).retcode for req_id in (by_venue, by_switch, late, ahead)]
    assert again == [10019, wire.HALTED, wire.EXPIRED, wire.INVALID]
    assert bench.look(by_switch).state == "refused"
    assert bench.venue.executions == []


def test_nothing_is_sent_that_cannot_be_written_down(bench: Bench) -> None:
    req_id = new_id()
    disk = FullAt(bench, "INSERT INTO fate")
    assert bench.buy(req_id).retcode == wire.INTERNAL
    disk.words = ""
    assert bench.buy(req_id).retcode == wire.INTERNAL, "a no was told, so it stays one"
    assert bench.venue.executions == []
    assert bench.look(req_id).state == "unseen"
    bench.restart()
    assert bench.buy(req_id).retcode == wire.EXPIRED
    assert bench.buy().retcode == wire.DONE


def test_a_memory_that_was_taken_away_executes_nothing(bench: Bench) -> None:
    bench.memory.path.rename(bench.path / "elsewhere")
    reply = bench.buy()
    assert (reply.retcode, "removed or replaced" in reply.msg) == (wire.INTERNAL, True)
    assert bench.ask("ORDER_LOOKUP", {"req_id": new_id()}).retcode == wire.INTERNAL
    assert bench.ask("ACCOUNT").retcode == wire.DONE, "questions are answered"
    assert bench.venue.executions == []


def test_orders_are_written_down_before_and_after_the_venue_is_asked(bench: Bench) -> None:
    seen: list[str] = []
    req_id = new_id()
    execute = bench.venue._execute

    def spying(order: Any, req_id: str) -> Outcome:
        with sqlite3.connect(bench.memory.path) as other:
            seen.extend(state for (state,) in other.execute("SELECT state FROM fate WHERE req_id = ?", (req_id,)))
        other.close()
        return execute(order, req_id)

    bench.venue._execute = spying  # type: ignore[method-assign]
    bench.buy(req_id)
    fate = bench.memory.fate(req_id)
    assert fate is not None
    assert (seen, fate.state) == (["sending"], "executed")


def test_after_a_lookup_that_came_first_the_order_is_refused_for_good(bench: Bench) -> None:
    req_id = new_id()
    assert bench.look(req_id).state == "unseen"
    assert bench.buy(req_id).retcode == wire.EXPIRED
    bench.restart()
    assert bench.buy(req_id).retcode == wire.EXPIRED
    assert bench.look(req_id).state == "unseen"
    assert bench.venue.executions == []


def test_exits_and_levels_pass_the_switch_and_the_limits(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.limits |= {"volume_lots_max": 0.1, "orders_per_minute_max": 2}
    bench.restart()
    assert bench.ask("ORDER_SEND", BUY | {"volume": 0.11}).retcode == 10014
    assert [bench.buy().retcode for _ in range(3)] == [wire.DONE, wire.DONE, 10006]
    bench.restart()
    assert bench.buy().retcode == 10006, "counted across restarts"
    bench.ask("KILL_SWITCH", {"on": True})
    assert bench.buy().retcode == wire.HALTED
    assert bench.ask("ORDER_CHECK", BUY).retcode == wire.HALTED
    assert bench.ask("ORDER_MODIFY", MODIFY).retcode == wire.DONE
    assert bench.ask("ORDER_CLOSE", CLOSE | {"volume": 0.05}).retcode == wire.DONE
    assert bench.ask("ORDER_CLOSE", CLOSE | {"volume": 0.05}).retcode == wire.DONE
    assert sorted(bench.venue.open) == [2]


def test_openings_count_for_a_minute(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.limits |= {"orders_per_minute_max": 1}
    bench.restart()
    assert bench.buy().retcode == wire.DONE
    bench.clock.pass_s(59)
    assert bench.buy().retcode == 10006
    bench.clock.pass_s(1)
    assert bench.buy().retcode == wire.DONE


def test_a_check_sends_and_remembers_nothing(bench: Bench) -> None:
    req_id = new_id()
    assert bench.ask("ORDER_CHECK", BUY, req_id).retcode == wire.DONE
    assert bench.ask("ORDER_CHECK", CLOSE).retcode == wire.DONE
    assert bench.ask("ORDER_CHECK", BUY | {"volume": 2}).retcode == 10014
    now_s = bench.clock.wall_s()
    assert bench.ask("ORDER_CHECK", BUY, timestamp=now_s - 30, not_after=now_s - 1).retcode == wire.EXPIRED
    assert [type(order) for order in bench.venue.checks] == [wire.OrderSend, wire.OrderClose]
    assert (bench.venue.executions, bench.memory.fate(req_id)) == ([], None)


@pytest.mark.parametrize("restarts", [False, True])
def test_the_last_moment_is_right_before_the_broker_is_asked(bench: Bench, restarts: bool) -> None:
    req_id = new_id()
    begin: Callable[..., None] = Memory.begin

    def slow(self: Memory, *order: Any) -> None:
        begin(self, *order)
        bench.clock.pass_s(21)  # a disk that took its time

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Memory, "begin", slow)
        assert bench.buy(req_id).retcode == wire.EXPIRED
    if restarts:
        bench.restart()
    assert bench.look(req_id).state == "refused"
    assert bench.venue.executions == []


def test_the_venue_may_ask_whether_an_order_may_still_go(bench: Bench) -> None:
    seen: list[bool] = []
    send = bench.venue.send

    def asking(order: Any, req_id: str, may_still: Any = None) -> Outcome:
        seen.append(may_still())
        bench.clock.pass_s(21)
        seen.append(may_still())
        return send(order, req_id)

    bench.venue.send = asking  # type: ignore[method-assign]
    bench.buy()
    assert seen == [True, False]
