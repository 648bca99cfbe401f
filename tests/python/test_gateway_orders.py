"""Orders at the gateway: each executed once at most, and everybody told the same about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import wire
from mt5_sentinel.gateway.memory import Memory
from mt5_sentinel.gateway.venue import Outcome, VenueError
from mt5_sentinel.wire import Executed
from tests.python.gateway_desk import BUY, Bench, executed, new_id

CLOSE = {"symbol": "EURUSD", "ticket": 1, "type": "OP_SELL", "volume": 0.1, "magic": 7}
MODIFY = {"symbol": "EURUSD", "ticket": 1, "sl": 1.08, "tp": None}
UNKNOWN = 10012
CANNOT_READ = VenueError("the history cannot be read", wire.INTERNAL)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def full(*_: Any) -> None:
    raise sqlite3.OperationalError("database or disk is full")


class FullAt:
    """Writes of the memory that contain these words fail."""

    def __init__(self, bench: Bench, words: str) -> None:
        self.write = bench.memory.write
        self.words = words
        bench.memory.write = self  # type: ignore[method-assign]

    def __call__(self, statement: str, values: tuple[Any, ...] = ()) -> None:
        if self.words and self.words in statement:
            full()
        self.write(statement, values)


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


@pytest.mark.parametrize(
    "said", ["lost", "not_executed", RuntimeError("the terminal is gone"), Outcome(10031), CANNOT_READ]
)
def test_an_unknown_fate_stays_unknown_and_is_never_tried_again(bench: Bench, said: Any) -> None:
    req_id = new_id()
    bench.venue.said, bench.venue.history_error = [said], CANNOT_READ
    assert bench.buy(req_id).retcode in wire.UNKNOWN
    for _ in range(2):
        assert bench.buy(req_id).retcode in wire.UNKNOWN
        assert bench.look(req_id).state == "unknown"
        bench.clock.pass_s(3600)
        bench.restart()
    assert len(bench.venue.executions) == (said == "lost"), "never tried again"
    bench.venue.history_error = None
    assert bench.look(req_id).state == ("executed" if said == "lost" else "refused")
    bench.venue.history_error = CANNOT_READ
    assert bench.buy(req_id).retcode == (wire.DONE if said == "lost" else wire.EXPIRED), "and remembered"


def test_an_order_that_is_not_in_the_history_is_refused_a_minute_after_its_end(bench: Bench) -> None:
    req_id = new_id()
    bench.venue.said = ["not_executed"]
    assert bench.buy(req_id).retcode == UNKNOWN  # valid for 20 s
    bench.clock.pass_s(79)
    assert bench.look(req_id).state == "unknown"
    bench.clock.wall += 7200
    bench.clock.steady -= 20
    assert bench.look(req_id).state == "unknown", "a clock that jumps ahead proves nothing"
    bench.clock.wall -= 7200
    bench.ask("HEARTBEAT")
    bench.clock.pass_s(81)
    assert bench.look(req_id).state == "refused"
    assert bench.venue.finds[-1] == (req_id, bench.memory.fate(req_id).entry.timestamp_s)  # type: ignore[union-attr]


@pytest.mark.parametrize("outcome", [Outcome(wire.PLACED), Outcome(wire.DONE), Outcome(wire.PARTIAL)])
def test_a_yes_without_a_fill_is_no_yes(bench: Bench, outcome: Outcome) -> None:
    bench.venue.said = [outcome]
    assert bench.buy().retcode == UNKNOWN
    bench.venue.said = [Outcome(wire.DONE, "", Executed(3, float("nan"), 0.1))]
    assert bench.buy().retcode == UNKNOWN


def test_a_crash_while_the_venue_executes_leaves_it_unknown(bench: Bench) -> None:
    class Killed(BaseException):
        pass

    executed_id, lost_id = new_id(), new_id()
    execute = bench.venue._execute
    bench.venue._execute = lambda *order: (execute(*order), (_ for _ in ()).throw(Killed))[0]  # type: ignore[method-assign]
    with pytest.raises(Killed):
        bench.buy(executed_id)
    bench.venue._execute = execute  # type: ignore[method-assign]
    bench.venue.said = [Killed()]
    with pytest.raises(Killed):
        bench.buy(lost_id)
    bench.restart()
    assert bench.look(executed_id).state == "executed", "found at the start"
    assert bench.buy(executed_id).retcode == wire.DONE
    assert bench.buy(lost_id).retcode == UNKNOWN
    assert bench.venue.executed_ids == [executed_id]


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


def test_an_outcome_that_cannot_be_written_down_is_unknown_until_it_is_found(bench: Bench) -> None:
    req_id = new_id()
    disk = FullAt(bench, "UPDATE fate")
    assert bench.buy(req_id).retcode == UNKNOWN
    assert bench.buy(req_id).retcode == UNKNOWN
    disk.words = ""
    assert bench.buy(req_id).retcode == wire.DONE
    assert bench.venue.executed_ids == [req_id]


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


def test_without_its_memory_the_brokers_history_is_asked_first(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    req_id, other_id, looked_id = new_id(), new_id(), new_id()
    sent_s = bench.clock.wall_s()
    times = {"timestamp": sent_s, "not_after": sent_s + 20}
    bench.buy(req_id, **times)
    bench.buy(looked_id, **times)
    bench.clock.pass_s(10)
    bench.restart(forget=True)
    assert bench.look(looked_id).state == "executed"
    again = bench.buy(req_id, **times)
    assert (again.retcode, again.ticket) == (wire.DONE, 1)
    bench.clock.pass_s(30)
    assert bench.buy(req_id, **times).retcode == wire.DONE, "known again"
    bench.buy(other_id)
    assert bench.venue.executed_ids == [req_id, looked_id, other_id]


def test_an_order_of_a_forgotten_time_is_not_called_refused_where_it_was_executed(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    req_id, sent_s = new_id(), bench.clock.wall_s()
    bench.buy(req_id)
    bench.clock.pass_s(300)
    bench.restart(forget=True)
    late = bench.buy(req_id, timestamp=sent_s, not_after=sent_s + 20)
    assert (late.retcode, bench.venue.executed_ids) == (wire.DONE, [req_id])


def test_without_memory_and_history_an_order_is_unknown(tmp_path: Path) -> None:
    bench = Bench(tmp_path, young=True)
    req_id = new_id()
    bench.venue.history_error = CANNOT_READ
    reply = bench.buy(req_id)
    assert (reply.retcode, "memory is young" in reply.msg) == (UNKNOWN, True)
    assert bench.buy(req_id).retcode == UNKNOWN
    looked_id = new_id()
    assert bench.look(looked_id).state == "unknown"
    assert bench.look(looked_id, created=bench.clock.wall_s()).state == "unknown"
    bench.clock.pass_s(120)
    bench.ask("HEARTBEAT")
    assert bench.look(looked_id, created=bench.clock.wall_s() - 300).state == "unknown", "older than the memory"
    assert bench.look(looked_id, created=bench.clock.wall_s()).state == "unseen", "the memory is older than that"
    bench.venue.history_error = None
    assert bench.look(req_id).state == "refused"
    assert bench.venue.executions == []


def test_a_young_memory_cannot_tell_of_an_order_whose_time_is_not_told(tmp_path: Path) -> None:
    """It may have been sent a second ago, through the memory before, and not have reached the history yet."""
    bench = Bench(tmp_path, young=True)
    req_id = new_id()
    assert bench.look(req_id).state == "unknown"
    assert bench.look(new_id(), created=bench.clock.wall_s()).state == "unseen"
    bench.clock.pass_s(75)
    assert bench.look(req_id).state == "unseen"


def test_a_memory_stays_young_until_a_run_has_lasted(tmp_path: Path) -> None:
    """Also where the wall clock was set back when the file was made: the steady clock counts."""
    bench = Bench(tmp_path, young=True)
    bench.clock.pass_s(74)
    bench.restart()
    bench.clock.pass_s(74)
    bench.buy()
    assert len(bench.venue.finds) == 1
    bench.clock.pass_s(2)
    bench.buy()
    assert len(bench.venue.finds) == 1
    bench.restart()
    bench.buy()
    assert len(bench.venue.finds) == 1, "once old it stays old"


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


@pytest.mark.parametrize(("said", "state"), [("lost", "executed"), ("not_executed", "refused")])
def test_levels_of_an_unknown_fate_are_read_from_the_position(bench: Bench, said: str, state: str) -> None:
    bench.buy()
    req_id = new_id()
    bench.venue.said, bench.venue.fails = [said], {"positions": CANNOT_READ}
    assert bench.ask("ORDER_MODIFY", MODIFY, req_id).retcode == UNKNOWN
    bench.clock.pass_s(90)
    assert bench.look(req_id).state == "unknown"
    bench.venue.fails = {}
    assert bench.look(req_id).state == state


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
