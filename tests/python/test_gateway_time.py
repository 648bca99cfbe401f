"""Orders and clocks: what is late stays late, whatever this machine's clock does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import wire
from mt5_sentinel.gateway.memory import Entry
from mt5_sentinel.gateway.venue import Outcome
from tests.python.gateway_desk import BUY, CANNOT_READ, UNKNOWN, Bench, new_id


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize(
    ("sent", "until", "retcode"),
    [
        (0, 20, wire.DONE),
        (0, 60, wire.DONE),
        (0, 60.01, wire.INVALID),
        (0, 0, wire.DONE),
        (-30, -0.01, wire.EXPIRED),
        (-59, 1, wire.DONE),
        (5, 20, wire.DONE),
        (5.01, 20, wire.INVALID),
        (1e9, 1e9 + 20, wire.INVALID),
        (-1e9, 1e9, wire.INVALID),
    ],
)
def test_an_order_is_valid_for_a_minute_at_most(bench: Bench, sent: float, until: float, retcode: int) -> None:
    now_s = bench.clock.wall_s()
    assert bench.buy(timestamp=now_s + sent, not_after=now_s + until).retcode == retcode
    assert len(bench.venue.executions) == (retcode == wire.DONE)


def test_both_clocks_are_named_where_they_differ(bench: Bench) -> None:
    now_s = bench.clock.wall_s()
    said = bench.buy(timestamp=now_s + 7, not_after=now_s + 20).msg
    assert f"{now_s:.3f}" in said
    assert f"{now_s + 7:.3f}" in said


def test_a_clock_that_is_set_back_makes_no_late_order_timely(bench: Bench) -> None:
    now_s = bench.clock.wall_s()
    old = {"timestamp": now_s - 30, "not_after": now_s - 10}
    bench.clock.wall -= 25
    reply = bench.buy(new_id(), **old)
    assert (reply.retcode, "set back" in reply.msg) == (wire.EXPIRED, True)
    bench.clock.pass_s(59)
    assert bench.buy().retcode == wire.EXPIRED
    assert bench.ask("ORDER_CHECK", {"symbol": "EURUSD", "type": "OP_BUY", "volume": 0.1, "magic": 1}).retcode == -5
    bench.clock.pass_s(1)
    assert bench.buy().retcode == wire.DONE, "a minute later all orders of before have ended"


def test_a_small_step_back_does_not_make_a_late_order_timely_either(bench: Bench) -> None:
    now_s = bench.clock.wall_s()
    bench.clock.wall -= 0.9
    assert bench.buy(timestamp=now_s - 10, not_after=now_s - 0.5).retcode == wire.EXPIRED
    assert bench.buy().retcode == wire.DONE, "and a clock that is slowed down stops nothing"


def test_a_clock_may_be_slowed_down_for_long(bench: Bench) -> None:
    for _ in range(200):
        bench.clock.pass_s(60)
        bench.clock.wall -= 0.05
        assert bench.buy(not_after=bench.clock.wall_s() + 0.2).retcode == wire.DONE


def test_a_step_between_the_row_and_the_broker_is_seen(bench: Bench) -> None:
    begin = bench.memory.begin

    def stepping(entry: Entry, why: str = "") -> None:
        begin(entry, why)
        bench.clock.steady += 30  # half a minute went by, and the wall clock was set back by as much

    bench.memory.begin = stepping  # type: ignore[method-assign]
    assert bench.buy().retcode == wire.EXPIRED
    assert bench.venue.executions == []


def test_while_orders_are_of_before_the_step_a_clock_that_was_set_back_is_not_believed(bench: Bench) -> None:
    bench.clock.wall -= 85
    for passed in (50, 50, 30):
        assert (
            bench.buy(timestamp=bench.clock.wall_s() + 85, not_after=bench.clock.wall_s() + 86).retcode == wire.EXPIRED
        )
        bench.clock.pass_s(passed)
    assert bench.buy().retcode == wire.EXPIRED
    bench.clock.wall += 85  # and set right
    bench.clock.pass_s(60)
    assert bench.buy().retcode == wire.DONE


@pytest.mark.parametrize("ahead_s", [6, 84, 90, 4000])
@pytest.mark.parametrize("action", ["HEARTBEAT", "ORDER_SEND"])
def test_no_client_keeps_up_the_doubt(bench: Bench, action: str, ahead_s: float) -> None:
    bench.clock.wall -= 85
    is_plausible = action == "ORDER_SEND" and ahead_s < 90
    for passed in range(0, 200, 10):
        is_over = passed >= 60 + 85 or (passed >= 60 and not is_plausible)
        assert bench.buy().retcode == (wire.DONE if is_over else wire.EXPIRED), passed
        now_s = bench.clock.wall_s()
        bench.ask(action, BUY if action != "HEARTBEAT" else {}, timestamp=now_s + ahead_s, not_after=now_s + ahead_s)
        bench.clock.pass_s(10)


def test_what_a_clock_that_was_ahead_has_seen_rules_no_run_after_it_was_set_right(bench: Bench) -> None:
    bench.clock.wall += 7200
    bench.clock.pass_s(1)
    assert bench.buy().retcode == wire.DONE
    bench.clock.wall -= 7200
    bench.ask("HEARTBEAT")
    bench.clock.pass_s(61)
    assert bench.buy().retcode == wire.DONE
    for _ in range(3):
        bench.restart()
        assert bench.buy().retcode == wire.DONE
        bench.clock.pass_s(600)


def test_a_restart_does_not_end_the_doubt(bench: Bench) -> None:
    bench.clock.wall -= 30
    bench.ask("HEARTBEAT")
    bench.clock.pass_s(6)
    bench.ask("HEARTBEAT")
    bench.restart()
    assert bench.buy().retcode == wire.EXPIRED
    bench.clock.pass_s(60)
    assert bench.buy().retcode == wire.DONE
    bench.restart()
    assert bench.buy().retcode == wire.DONE, "the lower time is written when it is believed"


def test_a_clock_that_was_set_back_between_two_runs_is_noticed(bench: Bench) -> None:
    bench.clock.wall -= 30
    bench.restart()
    assert bench.buy().retcode == wire.EXPIRED
    bench.clock.pass_s(60)
    assert bench.buy().retcode == wire.DONE


def test_a_clock_that_comes_back_a_few_seconds_behind_is_noticed_too(bench: Bench) -> None:
    """Two machines may differ by three seconds; by so much a late order must not be late more than once."""
    bench.ask("HEARTBEAT")
    bench.clock.pass_s(4)
    bench.ask("HEARTBEAT")  # a look soon after another: the time of this one counts
    bench.clock.wall -= 3.5
    bench.restart()
    assert bench.buy().retcode == wire.EXPIRED


def test_orders_of_before_the_step_prolong_the_doubt_of_a_start_too(bench: Bench) -> None:
    bench.clock.wall -= 30
    bench.restart()
    bench.clock.pass_s(50)
    bench.buy(timestamp=bench.clock.wall_s() + 25, not_after=bench.clock.wall_s() + 26)
    bench.clock.pass_s(35)
    assert bench.buy().retcode == wire.EXPIRED
    bench.clock.pass_s(6)
    assert bench.buy().retcode == wire.DONE


def test_an_order_much_older_than_another_request_is_late(bench: Bench) -> None:
    newest_s = bench.clock.wall_s()
    bench.ask("HEARTBEAT", timestamp=newest_s + 5)
    old: dict[str, Any] = {"timestamp": newest_s - 56, "not_after": newest_s + 3}
    reply = bench.buy(**old)
    assert (reply.retcode, "came before" in reply.msg) == (wire.EXPIRED, True)
    bench.buy(timestamp=newest_s + 5, not_after=newest_s + 20)
    bench.restart()
    assert bench.buy(**old).retcode == wire.EXPIRED, "across restarts too"
    assert bench.buy(timestamp=newest_s - 54, not_after=newest_s + 3).retcode == wire.DONE


def test_a_request_from_the_far_future_makes_nothing_old(bench: Bench) -> None:
    bench.ask("HEARTBEAT", timestamp=4e9)
    bench.buy(timestamp=4e9, not_after=4e9)
    assert bench.buy().retcode == wire.DONE
    bench.restart()
    assert bench.buy().retcode == wire.DONE


def cannot_tell_of_the_last_half_minute(bench: Bench) -> None:
    """As a terminal's history is."""
    history = bench.venue.history

    def find(req_id: str, since_s: float, sought: object = None) -> Outcome | None:
        if req_id not in history and bench.clock.wall_s() - since_s < 30:
            raise CANNOT_READ
        return history.get(req_id)

    bench.venue.find = find  # type: ignore[method-assign]


def test_an_order_from_the_far_future_is_refused_by_a_young_memory_too(tmp_path: Path) -> None:
    bench, req_id = Bench(tmp_path, young=True), new_id()
    cannot_tell_of_the_last_half_minute(bench)
    now_s = bench.clock.wall_s()
    ahead = {"timestamp": now_s + 10, "not_after": now_s + 30}
    assert bench.buy(req_id, **ahead).retcode == wire.INVALID
    assert bench.memory.fate(req_id) is None
    bench.clock.pass_s(8)
    assert bench.buy(req_id, **ahead).retcode == wire.INVALID, "refused for good"
    assert bench.look(req_id, created=now_s + 10).state == "unknown"
    assert bench.buy(timestamp=now_s + 1e9, not_after=now_s + 1e9 + 20).retcode == wire.INVALID
    bench.clock.pass_s(100)
    bench.ask("HEARTBEAT")
    bench.restart()
    bench.clock.pass_s(10)
    assert bench.buy().retcode == wire.DONE
    executed_id = new_id()
    bench.buy(executed_id)
    bench.restart(forget=True)
    bench.clock.wall -= 10
    assert bench.buy(executed_id, timestamp=bench.clock.wall_s() + 10).retcode == wire.DONE, "the history knows it"


def test_a_memory_made_by_a_clock_that_was_ahead_is_as_old_as_it_is(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.clock.wall += 86_400
    bench.restart(forget=True)
    bench.clock.pass_s(100)
    bench.ask("HEARTBEAT")
    bench.clock.wall -= 86_400
    bench.ask("HEARTBEAT")
    bench.clock.pass_s(61)
    cannot_tell_of_the_last_half_minute(bench)
    assert bench.buy().retcode == wire.DONE
    bench.restart()
    assert bench.memory.created_s < bench.clock.wall_s() - 160
    assert bench.buy().retcode == wire.DONE


def test_an_order_of_a_clock_that_was_ahead_is_settled_in_two_minutes(bench: Bench) -> None:
    req_id = new_id()
    bench.clock.wall += 7200
    bench.clock.pass_s(1)
    bench.venue.said = ["not_executed"]
    assert bench.buy(req_id).retcode == UNKNOWN
    bench.clock.wall -= 7200
    cannot_tell_of_the_last_half_minute(bench)
    for passed_s in (0, 61, 58):
        bench.clock.pass_s(passed_s)
        assert bench.look(req_id).state == "unknown"
    bench.clock.pass_s(2)
    assert bench.look(req_id).state == "refused"
