"""Orders of an unknown fate, and memories that were lost: looked for, never tried again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import wire
from mt5_sentinel.gateway.venue import Outcome
from mt5_sentinel.wire import Executed
from tests.python.gateway_desk import CANNOT_READ, MODIFY, UNKNOWN, Bench, FullAt, new_id


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


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


def test_an_outcome_that_cannot_be_written_down_is_unknown_until_it_is_found(bench: Bench) -> None:
    req_id = new_id()
    disk = FullAt(bench, "UPDATE fate")
    assert bench.buy(req_id).retcode == UNKNOWN
    assert bench.buy(req_id).retcode == UNKNOWN
    disk.words = ""
    assert bench.buy(req_id).retcode == wire.DONE
    assert bench.venue.executed_ids == [req_id]


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
